//! Other words for the values of our lists. Only those that can mean one thing: "sort by price" says no direction.

/// What people write, and which value they mean by it. It counts only where a list has that value, and no such word.
const ALIASES: [(&str, &[&str]); 18] = [
    (
        "price_asc",
        &[
            "cheapest",
            "lowest",
            "lowest_price",
            "price_low_to_high",
            "price_ascending",
        ],
    ),
    (
        "price_desc",
        &[
            "dearest",
            "most_expensive",
            "highest_price",
            "price_high_to_low",
            "price_descending",
        ],
    ),
    ("newest", &["latest", "recent", "most_recent", "date"]),
    ("score", &["best", "rank", "ranking", "top"]),
    (
        "cheaper",
        &[
            "price_drop",
            "price_drops",
            "price_cut",
            "price_decrease",
            "reduced",
        ],
    ),
    (
        "dearer",
        &[
            "price_rise",
            "price_rises",
            "price_increase",
            "more_expensive",
        ],
    ),
    ("sold_out", &["out_of_stock", "unavailable"]),
    ("restocked", &["back_in_stock", "available_again"]),
    ("new", &["added", "created", "new_product", "new_products"]),
    ("gone", &["removed", "deleted", "discontinued", "delisted"]),
    ("vendor", &["brand", "manufacturer"]),
    ("category", &["type", "product_type"]),
    ("largest", &["biggest"]),
    ("fresh", &["ok", "healthy", "up_to_date"]),
    ("stale", &["old", "outdated"]),
    ("detailed", &["full", "verbose", "long"]),
    ("en", &["english", "en_us", "en_gb"]),
    ("fr", &["french", "français", "fr_fr"]),
];

/// Returns the one of `names` that `written`, in small letters with `_` between its words, is another word for.
pub(super) fn meant<'a>(written: &str, names: &[&'a str]) -> Option<&'a str> {
    let (value, _) = ALIASES
        .iter()
        .find(|(value, words)| names.contains(value) && words.contains(&written))?;
    names.iter().copied().find(|it| it == value)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_word_means_one_value() {
        let words: Vec<&str> = ALIASES
            .iter()
            .flat_map(|(_, words)| *words)
            .copied()
            .collect();
        let different: HashSet<&str> = words.iter().copied().collect();
        assert_eq!(different.len(), words.len());
        for (value, words) in ALIASES {
            assert!(
                words
                    .iter()
                    .all(|it| meant(it, &["other", value]) == Some(value))
            );
            assert!(words.iter().all(|it| meant(it, &["other"]).is_none()));
        }
    }
}
