//! Wrong dates: another day, month or year, or another date of the sheet.

use super::scan::{Date, MONTHS_EN, MONTHS_FR, dates};
use super::{Dice, Spot, replaced};

pub(super) fn wrong(spot: &Spot<'_>, dice: &mut Dice) -> Vec<String> {
    let known: Vec<_> = spot
        .cited
        .iter()
        .flat_map(|it| dates(it))
        .map(|it| it.value())
        .collect();
    let of_sheet: Vec<_> = spot
        .sample
        .sheet
        .facts
        .iter()
        .flat_map(|it| in_words(&it.text))
        .collect();
    let mut texts = Vec::new();
    for date in dates(spot.text) {
        let ways = [another_day, another_month, another_year];
        texts.extend(ways[dice.below(ways.len())](spot.text, &date, dice));
        let other = of_sheet.get(dice.below(of_sheet.len()));
        texts.extend(other.map(|it| replaced(spot.text, &date.range, it)));
    }
    // A date of a cited fact in the place of another is wrong too, but only surely so where no other is cited.
    texts.retain(|it| {
        let value = |it: Date| it.value();
        let is_strange = |it: (usize, usize, usize)| !known.iter().any(|known| is_same(*known, it));
        dates(it).into_iter().map(value).any(is_strange)
    });
    texts
}

fn is_same(known: (usize, usize, usize), said: (usize, usize, usize)) -> bool {
    (known.0, known.1) == (said.0, said.1) && (said.2 == 0 || known.2 == said.2)
}

fn in_words(fact: &str) -> Vec<String> {
    dates(fact)
        .iter()
        .map(|it| fact[it.range.clone()].to_owned())
        .collect()
}

fn another_day(text: &str, date: &Date, dice: &mut Dice) -> Option<String> {
    let day = (date.day.value + 1 + dice.below(26)) % 27 + 1;
    let said = &text[date.day.range.clone()];
    let day = match said.starts_with('0')
        || (day < 10 && said.len() == 2 && text[date.day.range.end..].starts_with(['/', '.']))
    {
        true => format!("{day:02}"),
        false if said.ends_with("th") => format!("{day}th"),
        false if day == 1 && MONTHS_FR.contains(&&text[date.month.range.clone()]) => {
            "1er".to_owned()
        }
        false => day.to_string(),
    };
    Some(replaced(text, &date.day.range, &day)).filter(|it| it != text)
}

fn another_month(text: &str, date: &Date, dice: &mut Dice) -> Option<String> {
    let month = (date.month.value + dice.below(11)) % 12;
    let said = &text[date.month.range.clone()];
    let month = match said {
        _ if said.starts_with(|c: char| c.is_ascii_digit()) => format!("{:02}", month + 1),
        _ if MONTHS_FR.contains(&said) || said.contains("vr") => MONTHS_FR[month].to_owned(),
        _ => MONTHS_EN[month].to_owned(),
    };
    Some(replaced(text, &date.month.range, &month)).filter(|it| it != text)
}

fn another_year(text: &str, date: &Date, dice: &mut Dice) -> Option<String> {
    let year = date.year.as_ref()?;
    let other = [year.value - 1, year.value + 1, year.value - 2][dice.below(3)];
    Some(replaced(text, &year.range, &other.to_string()))
}
