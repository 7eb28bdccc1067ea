//! What a reader counts without being told: things in a list, changes of the price, and days between two dates.

use super::Part;
use super::evidence::Evidence;
use super::extract::date::Date;
use super::extract::quantity::Pair;
use super::extract::{Kind, Quantity, Token, lexicon};

/// What a reader counts at a glance: the things that a fact lists, and `half` of `1 of 2`.
pub(super) fn worked_out<'a>(part: &'a Part<'_>, ours: &Quantity) -> Option<&'a Evidence> {
    let mut facts = part.pool.facts.iter().copied().filter(|it| !it.is_seller);
    match ours.kind {
        Kind::Count => {
            let n = ours.value.whole().and_then(|it| usize::try_from(it).ok())?;
            let lists = |fact: &&Evidence| {
                let last = fact.passage.tokens.iter().filter_map(|it| it.quote).max();
                let names = |it: &Token| {
                    lexicon::noun(it.word()).is_some_and(|noun| ours.nouns.contains(&noun))
                };
                n > 1 && last.is_some_and(|it| it + 1 == n) && fact.passage.tokens.iter().any(names)
            };
            facts.find(lists).or_else(|| is_counted(part, ours))
        }
        Kind::Fraction => {
            let is_share = |pair: &[Quantity]| {
                let percent = 100.0 * pair[0].value.rough() / pair[1].value.rough().max(1.0);
                pair[0].pair == Some(Pair::Share) && (percent - ours.value.rough()).abs() < 0.01
            };
            facts.find(|fact| fact.passage.quantities.windows(2).any(is_share))
        }
        _ => None,
    }
}

/// Returns a fact that a worked-out count stands on: `two price changes`, `two days later`.
fn is_counted<'a>(part: &'a Part<'_>, ours: &Quantity) -> Option<&'a Evidence> {
    let n = usize::try_from(ours.value.whole()?).ok()?;
    moves(part, ours, n).or_else(|| days_between(part, ours, n))
}

fn moves<'a>(part: &'a Part<'_>, ours: &Quantity, n: usize) -> Option<&'a Evidence> {
    let tokens = &part.passage.tokens;
    let near = tokens.get(ours.end..tokens.len().min(ours.end + 2))?;
    let wanted = near.iter().find_map(|it| match it.word() {
        "change" | "changes" | "changement" | "changements" | "moves" => Some(None),
        "fall" | "falls" | "drops" | "cuts" | "decreases" | "baisses" => Some(Some(true)),
        "rises" | "increases" | "hausses" | "augmentations" => Some(Some(false)),
        _ => None,
    })?;
    let of_price = near
        .iter()
        .chain(tokens.get(ours.end + 2..ours.end + 4).unwrap_or_default());
    let is_price = of_price
        .clone()
        .any(|it| matches!(it.word(), "price" | "prices" | "prix"));
    let is_move = |fact: &&&Evidence| {
        let money: Vec<&Quantity> = fact
            .passage
            .quantities
            .iter()
            .filter(|it| matches!(it.kind, Kind::Money(_)))
            .collect();
        let falls = match money.as_slice() {
            [one, two] if one.role.is_before && two.role.is_after => {
                one.value.rough() > two.value.rough()
            }
            _ => return false,
        };
        !fact.is_seller && wanted.is_none_or(|it| it == falls)
    };
    let found: Vec<&&Evidence> = part.pool.facts.iter().filter(is_move).collect();
    (is_price && n > 1 && found.len() == n).then(|| *found[0])
}

/// `two days later`, where two facts have such days.
fn days_between<'a>(part: &'a Part<'_>, ours: &Quantity, n: usize) -> Option<&'a Evidence> {
    let later = part.passage.tokens.get(ours.end + 1..).unwrap_or_default();
    let is_later = |it: &Token| {
        matches!(
            it.word(),
            "later" | "after" | "earlier" | "before" | "tard" | "tot" | "apres" | "avant"
        )
    };
    if !later.iter().take(2).any(is_later) {
        return None;
    }
    let n = i64::try_from(n).ok()?;
    let fits = |one: &Date, two: &Date| {
        let days = day_number(two)? - day_number(one)?;
        let months = i64::from(two.year?) * 12 + i64::from(two.month?)
            - i64::from(one.year?) * 12
            - i64::from(one.month?);
        Some(match ours.nouns.as_slice() {
            ["day"] => days == n,
            ["week"] => days == n * 7,
            ["month"] => months == n && one.day == two.day,
            _ => false,
        })
    };
    let dates: Vec<(&Evidence, &Date)> = part
        .pool
        .facts
        .iter()
        .flat_map(|fact| fact.passage.quantities.iter().map(move |it| (*fact, it)))
        .filter_map(|(fact, it)| match &it.kind {
            Kind::Date(readings) if readings.len() == 1 => Some((fact, &readings[0])),
            _ => None,
        })
        .take(24)
        .collect();
    let first = |(fact, one): &(&'a Evidence, &Date)| {
        let follows = |(_, two): &(&Evidence, &Date)| fits(one, two) == Some(true);
        dates.iter().any(follows).then_some(*fact)
    };
    dates.iter().find_map(first)
}

/// Days in order, by the civil calendar.
fn day_number(date: &Date) -> Option<i64> {
    let (year, month, day) = (
        i64::from(date.year?),
        i64::from(date.month?),
        i64::from(date.day?),
    );
    let (year, month) = if month > 2 {
        (year, month)
    } else {
        (year - 1, month + 12)
    };
    Some(
        365 * year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * (month - 3) + 2) / 5
            + day,
    )
}
