//! Vendors and product types that a caller may have meant. Shops' words: they go into fields named `untrusted` alone.

use std::collections::HashSet;

use catalog::{ProductFilter, ProductRow, SearchOrder, SearchQuery, ShopKey, Store, query_words};

use crate::{ToolError, untrusted};

/// So many names are proposed.
const MAX_NEAR: usize = 5;
/// So near a name must be, from 0 (nothing in common) to 1 (the same, or with words that begin alike).
const MIN_LIKENESS: f64 = 0.85;
/// Words with so many letters in common at their beginning may be meant for each other: `Sheds` and `Shed`.
const MIN_PREFIX: usize = 4;
/// So many searches are made, and so many products of each are looked at.
const MAX_SEARCHES: usize = 3;
const MAX_LOOKED_AT: usize = 50;
/// So much of a caller's text is compared.
const MAX_CHARS: usize = 100;

/// Returns the names that are near to `wanted`, the nearest first, cleaned.
pub(crate) fn near_names<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let wanted: String = wanted.trim().chars().take(MAX_CHARS).collect();
    let wanted = wanted.to_lowercase();
    let mut seen = HashSet::new();
    let mut near: Vec<(f64, String)> = Vec::new();
    for name in names {
        let folded: String = name.trim().to_lowercase();
        if !folded.is_empty() && seen.insert(folded.clone()) {
            near.push((likeness(&wanted, &folded), untrusted::name(name)));
        }
    }
    near.retain(|(likeness, name)| *likeness >= MIN_LIKENESS && !name.is_empty());
    near.sort_by(|one, two| two.0.total_cmp(&one.0).then_with(|| one.1.cmp(&two.1)));
    near.truncate(MAX_NEAR);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Returns the names among `shops`' products that are near to `wanted`; found by its words, and where these find none,
/// by the beginnings of its longest.
///
/// # Errors
/// When the store fails.
pub(crate) async fn near_stored(
    store: &dyn Store,
    shops: &[ShopKey],
    wanted: &str,
    name: for<'a> fn(&'a ProductRow) -> &'a str,
) -> Result<Vec<String>, ToolError> {
    let words: Vec<String> = query_words(wanted).into_iter().collect();
    let mut longest: Vec<&String> = words.iter().filter(|it| it.len() > 2).collect();
    longest.sort_by_key(|it| std::cmp::Reverse(it.chars().count()));
    let mut texts = vec![words.join(" ")];
    texts.extend(
        longest
            .iter()
            .take(MAX_SEARCHES - 1)
            .map(|it| beginning(it)),
    );
    for text in texts.into_iter().filter(|it| !it.is_empty()) {
        let query = SearchQuery {
            text,
            tag: None,
            filter: ProductFilter {
                shops: shops.to_vec(),
                ..ProductFilter::default()
            },
            order: SearchOrder::Rank,
        };
        let page = store.search(&query, None, MAX_LOOKED_AT).await?;
        let near = near_names(wanted, page.rows.iter().map(name));
        if !near.is_empty() {
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

/// Returns how alike two texts in lower case are: in whole, or by the words that begin alike.
fn likeness(wanted: &str, name: &str) -> f64 {
    let of_name = query_words(name);
    let words = query_words(wanted);
    let is_in_name = |it: &&String| of_name.iter().any(|word| begin_alike(it, word));
    let n_alike = words.iter().filter(is_in_name).count();
    let by_word = n_alike as f64 / words.len().max(1) as f64;
    by_word.max(strsim::jaro_winkler(wanted, name))
}

fn begin_alike(one: &str, two: &str) -> bool {
    one == two || (one.chars().count() >= MIN_PREFIX && beginning(one) == beginning(two))
}

fn beginning(word: &str) -> String {
    word.chars().take(MIN_PREFIX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_another_number_and_a_slip_are_near() {
        let names = [
            "Garden Shed",
            "garden shed ",
            "Lamp",
            "Mercia Garden Products",
        ];
        for (wanted, near) in [
            ("Sheds", vec!["Garden Shed"]),
            ("mercia garden", vec!["Mercia Garden Products"]),
            ("Lmap", vec!["Lamp"]),
            ("sofa", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(near_names(wanted, names), near, "{wanted}");
        }
    }
}
