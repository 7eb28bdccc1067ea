//! Numbers, money, dates, lists and quotes as each language writes them.

use std::fmt::Display;

use catalog::{Language, Money, ShopKey, UnixMs};

use super::clean::{clean, clean_host};

const MONTHS: [[&str; 2]; 12] = [
    ["January", "janvier"],
    ["February", "février"],
    ["March", "mars"],
    ["April", "avril"],
    ["May", "mai"],
    ["June", "juin"],
    ["July", "juillet"],
    ["August", "août"],
    ["September", "septembre"],
    ["October", "octobre"],
    ["November", "novembre"],
    ["December", "décembre"],
];

/// What features are called, by their names in presets; those of the classic score first.
const FEATURES: [(&str, [&str; 2]); 16] = [
    ("available_ratio", ["availability", "la disponibilité"]),
    ("num_tags", ["number of tags", "le nombre d’étiquettes"]),
    ("avg_price", ["price", "le prix"]),
    ("num_images", ["number of images", "le nombre d’images"]),
    (
        "description_length",
        ["length of the description", "la longueur de la description"],
    ),
    (
        "popularity_score",
        ["simulated popularity", "la popularité simulée"],
    ),
    ("demand", ["units sold", "les unités vendues"]),
    (
        "bestseller",
        [
            "place in the shop’s own order of sales",
            "la place dans l’ordre des ventes de la boutique",
        ],
    ),
    ("stockout", ["stock-outs", "les ruptures de stock"]),
    ("rating", ["ratings", "les avis"]),
    ("trend", ["sales trend", "la tendance des ventes"]),
    (
        "freshness",
        [
            "newness compared with the others",
            "la nouveauté par rapport aux autres",
        ],
    ),
    ("discount", ["reduction", "la réduction"]),
    ("price_position", ["usual price", "le prix habituel"]),
    ("listing", ["presentation", "la présentation"]),
    ("availability", ["availability", "la disponibilité"]),
];

/// Returns a text of the language, of a pair in English and French.
pub(crate) fn pick<T>(language: Language, [english, french]: [T; 2]) -> T {
    match language {
        Language::En => english,
        Language::Fr => french,
    }
}

/// Returns whether `n` things stand in the singular: in French also none.
pub(super) const fn is_singular(language: Language, n: u64) -> bool {
    match language {
        Language::En => n == 1,
        Language::Fr => n < 2,
    }
}

/// Returns `n` things with their name, in `[English singular, plural, French singular, plural]`.
pub(super) fn counted(language: Language, n: u64, names: [&str; 4]) -> String {
    let [one, more] = pick(language, [[names[0], names[1]], [names[2], names[3]]]);
    let name = if is_singular(language, n) { one } else { more };
    format!("{n} {name}")
}

/// Returns the day of a time in UTC: `3 March 2026`, `3 mars 2026`, `1er mars 2026`.
pub(crate) fn date(language: Language, at: UnixMs) -> String {
    let text = at.to_string();
    let mut parts = text.split(['-', 'T']).map(str::parse::<usize>);
    let mut next = || parts.next().and_then(Result::ok).unwrap_or(1);
    let (year, month, day) = (next(), next(), next());
    let month = MONTHS.get(month.wrapping_sub(1)).unwrap_or(&MONTHS[0]);
    let ordinal = if language == Language::Fr && day == 1 {
        "er"
    } else {
        ""
    };
    format!("{day}{ordinal} {} {year}", pick(language, *month))
}

/// Returns an amount with its currency: `49.00 EUR`, `49,00 EUR`, `49.00 (unknown currency)`.
pub(super) fn money(language: Language, amount: Money) -> String {
    let currency = amount.currency();
    match currency.is_known() {
        true => format!("{} {}", decimal(language, amount), currency.code()),
        false => format!(
            "{} ({})",
            decimal(language, amount),
            unknown_currency(language)
        ),
    }
}

/// Returns two amounts, the currency with each but not the lack of one: `49.00` and `40.00 (unknown currency)`.
pub(super) fn two_amounts(language: Language, one: Money, two: Money) -> (String, String) {
    let both_unknown = !one.currency().is_known() && !two.currency().is_known();
    let first = match both_unknown {
        true => decimal(language, one),
        false => money(language, one),
    };
    (first, money(language, two))
}

/// Returns the words for a currency that nobody named.
pub(super) fn unknown_currency(language: Language) -> &'static str {
    pick(language, ["unknown currency", "monnaie inconnue"])
}

/// Returns a decimal number with the sign of the language before its decimals.
pub(super) fn decimal(language: Language, number: impl Display) -> String {
    let text = number.to_string();
    pick(language, [text.clone(), text.replace('.', ",")])
}

/// Returns `part` of `whole` in percent, to one decimal: `18.3%`, `18,3 %`; `None` without a whole.
pub(super) fn percent(language: Language, part: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let (part, whole) = (i128::from(part).abs(), i128::from(whole));
    let tenths = (part * 1000 + whole / 2) / whole;
    if tenths == 0 && part > 0 {
        let tenth = with_sign(language, &decimal(language, "0.1"));
        return Some(pick(language, ["less than ", "moins de "]).to_owned() + &tenth);
    }
    let number = match tenths % 10 {
        0 => (tenths / 10).to_string(),
        _ => decimal(language, format_args!("{}.{}", tenths / 10, tenths % 10)),
    };
    Some(with_sign(language, &number))
}

fn with_sign(language: Language, number: &str) -> String {
    format!("{number}{}", pick(language, ["%", "\u{202f}%"]))
}

/// Returns a share from 0 to 1 in whole percent, cut off so that all but everything is not everything.
pub(super) fn share(language: Language, share: f64) -> String {
    // Floats saturate on the way to integers. A little is added so that 0.29 is 29.
    with_sign(language, &((share * 100.0 + 1e-9) as u8).to_string())
}

/// Returns a list in words: `a, b and c`.
pub(super) fn list<T: AsRef<str>>(language: Language, items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    let and = pick(language, [" and ", " et "]);
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{}{and}{last}", first.join(", ")),
    }
}

/// Returns a stranger's words cleaned, cut and in quotes, none of them their own; `None` if nothing is left.
pub(super) fn quoted(language: Language, words: &str, max_chars: usize) -> Option<String> {
    let words = clean(words, max_chars);
    if words.is_empty() {
        return None;
    }
    let words: String = words.chars().map(plain_quote).collect();
    Some(pick(
        language,
        [format!("“{words}”"), format!("«\u{202f}{words}\u{202f}»")],
    ))
}

/// Returns what a shop is called: its host.
pub(super) fn shop(key: &ShopKey) -> String {
    let host = clean_host(&key.shown(), 80);
    host.chars().map(plain_quote).collect()
}

fn plain_quote(letter: char) -> char {
    match letter {
        '“' | '”' | '„' | '‟' | '«' | '»' => '"',
        '‹' | '›' => '\'',
        _ => letter,
    }
}

/// Returns what a feature is called, by its name in presets; in French with its article.
pub(super) fn feature(language: Language, name: &str) -> String {
    let known = FEATURES.iter().find(|(known, _)| *known == name);
    known.map_or_else(
        || clean(&name.replace('_', " "), 40),
        |(_, names)| pick(language, *names).to_owned(),
    )
}

/// Returns whether a type is what a shop system puts where nobody named one.
pub(super) fn is_default_type(name: &str) -> bool {
    let defaults = ["default", "normal", "none", "simple", "n/a", "-"];
    defaults.contains(&name.trim().to_lowercase().as_str())
}

/// Returns how a price moved, to go on behind whose it is: `fell from 50.00 EUR to 40.00 EUR (by 20%) on 3 March 2026`.
pub(super) fn price_move(
    language: Language,
    (before, after): (Money, Money),
    at: UnixMs,
) -> String {
    let rises = after.to_f64() > before.to_f64();
    let day = date(language, at);
    let [fell, baisse] = match rises {
        true => ["rose", "hausse"],
        false => ["fell", "baisse"],
    };
    let by = match move_percent(language, before, after) {
        Some(percent) => [format!("by {percent}"), format!("{baisse} de {percent}")],
        None => [
            format!("a {}", if rises { "rise" } else { "fall" }),
            baisse.to_owned(),
        ],
    };
    let mut by = pick(language, by);
    let [mut from, mut to] = [before, after].map(|it| money(language, it));
    if !before.currency().is_known() && !after.currency().is_known() {
        [from, to] = [before, after].map(|it| decimal(language, it));
        by = format!("{by}, {}", unknown_currency(language));
    }
    pick(
        language,
        [
            format!("{fell} from {from} to {to} ({by}) on {day}"),
            format!("est passé de {from} à {to} ({by}) le {day}"),
        ],
    )
}

/// Returns by how much of itself a price moved; `None` from 0, or where the currency changed its decimals.
fn move_percent(language: Language, before: Money, after: Money) -> Option<String> {
    let is_same_unit = before.currency().exponent() == after.currency().exponent();
    let step = after.minor().checked_sub(before.minor())?;
    percent(language, step, before.minor()).filter(|_| is_same_unit)
}

#[cfg(test)]
mod tests {
    use catalog::Currency;

    use super::Language::{En, Fr};
    use super::*;

    fn amount(text: &str, code: &str) -> Money {
        Money::parse(text, Currency::parse(code).unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_written_as_each_language_writes_them() {
        let march = UnixMs::parse("2026-03-03T23:59:59Z").unwrap();
        assert_eq!(date(En, march), "3 March 2026");
        assert_eq!(date(Fr, march), "3 mars 2026");
        assert_eq!(
            date(Fr, UnixMs::parse("2026-08-01T00:00:00Z").unwrap()),
            "1er août 2026"
        );
        assert_eq!(date(En, UnixMs::new(i64::MIN)), "1 January 1");
        assert_eq!(money(En, amount("1299.9", "EUR")), "1299.90 EUR");
        assert_eq!(money(Fr, amount("1299.9", "EUR")), "1299,90 EUR");
        assert_eq!(money(En, amount("1200", "JPY")), "1200 JPY");
        assert_eq!(money(Fr, amount("5", "XXX")), "5,00 (monnaie inconnue)");
    }

    #[test]
    fn percentages_have_one_decimal_where_they_need_one() {
        let shown = |part, whole| percent(En, part, whole);
        assert_eq!(shown(1000, 5000).as_deref(), Some("20%"));
        assert_eq!(shown(1100, 6000).as_deref(), Some("18.3%"));
        assert_eq!(shown(-1, 3).as_deref(), Some("33.3%"));
        assert_eq!(shown(1, 100_000).as_deref(), Some("less than 0.1%"));
        assert_eq!(shown(0, 100).as_deref(), Some("0%"));
        assert_eq!(shown(1, 0), None);
        assert_eq!(
            shown(i64::MAX, 1).as_deref(),
            Some("922337203685477580700%")
        );
        assert_eq!(percent(Fr, 1100, 6000).as_deref(), Some("18,3\u{202f}%"));
        assert_eq!(share(En, 0.29), "29%");
        assert_eq!(share(En, 0.999), "99%");
        assert_eq!(share(Fr, f64::NAN), "0\u{202f}%");
    }

    #[test]
    fn a_price_moves_up_down_and_from_nothing() {
        let day = UnixMs::parse("2026-03-03T12:00:00Z").unwrap();
        let shown = |language, before, after, code| {
            price_move(language, (amount(before, code), amount(after, code)), day)
        };
        let fell = "fell from 50.00 EUR to 40.00 EUR (by 20%) on 3 March 2026";
        assert_eq!(shown(En, "50", "40", "EUR"), fell);
        let est = "est passé de 50,00 EUR à 40,00 EUR (baisse de 20\u{202f}%) le 3 mars 2026";
        assert_eq!(shown(Fr, "50", "40", "EUR"), est);
        let rose = "rose from 40.00 to 50.00 (by 25%, unknown currency) on 3 March 2026";
        assert_eq!(shown(En, "40", "50", "XXX"), rose);
        assert_eq!(
            shown(En, "0", "5", "EUR"),
            "rose from 0.00 EUR to 5.00 EUR (a rise) on 3 March 2026"
        );
        let est = "est passé de 0,00 EUR à 5,00 EUR (hausse) le 3 mars 2026";
        assert_eq!(shown(Fr, "0", "5", "EUR"), est);
    }

    #[test]
    fn one_stands_in_the_singular_and_in_french_none_too() {
        let names = ["image", "images", "image", "images"];
        let shown = |language, n| counted(language, n, names);
        assert_eq!(
            [0, 1, 2].map(|n| shown(En, n)),
            ["0 images", "1 image", "2 images"]
        );
        assert_eq!(
            [0, 1, 2].map(|n| shown(Fr, n)),
            ["0 image", "1 image", "2 images"]
        );
    }

    #[test]
    fn quotes_of_strangers_do_not_end_ours() {
        assert_eq!(
            quoted(En, "24\" “best” lamp", 40).unwrap(),
            "“24\" \"best\" lamp”"
        );
        assert_eq!(
            quoted(Fr, "lampe » ici", 40).unwrap(),
            "«\u{202f}lampe \" ici\u{202f}»"
        );
        assert_eq!(quoted(En, " \u{200b} ", 40), None);
    }

    #[test]
    fn lists_end_with_and() {
        assert_eq!(list(En, &["a"]), "a");
        assert_eq!(list(En, &["a", "b", "c"]), "a, b and c");
        assert_eq!(list(Fr, &["a", "b"]), "a et b");
    }
}
