//! What a caller may have meant: names that are near to one that is not known. Plain and short ones alone, for errors show
//! them.

use catalog::{ProductFilter, SearchOrder, SearchQuery, ShopKey, Store, query_words};

use super::reference;
use crate::ToolError;
use crate::untrusted::is_plain_and_short;

/// So many names are proposed.
pub(super) const MAX_NEAREST: usize = 5;
/// So near a shop must be, from 0 (nothing in common) to 1 (the same).
const MIN_LIKENESS: f64 = 0.8;
/// The same for handles, which were found by their words: below it, two have but letters in common.
const MIN_LIKENESS_OF_HANDLES: f64 = 0.7;
/// A shorter text is near to anything.
const MIN_CHARS: usize = 3;
/// So many letters of a word find the products whose words begin with them.
const MIN_PREFIX: usize = 4;
/// So many searches are made.
const MAX_SEARCHES: usize = 3;
/// So many products of each are looked at.
const MAX_LOOKED_AT: usize = 50;
/// So many words of a handle count.
const MAX_WORDS: usize = 8;
/// So much of a caller's text is compared.
const MAX_CHARS: usize = 100;

/// Returns the shops that are near to `text`, the nearest first; if none is, all where they are few.
pub(super) fn shops(text: &str, shops: &[ShopKey]) -> Vec<String> {
    let names = shops.iter().map(|it| (it.shown(), it.to_string()));
    let mut near = among(text, names, likeness_of_hosts, MIN_LIKENESS);
    if near.is_empty() && shops.len() <= MAX_NEAREST {
        near.extend(shops.iter().map(ToString::to_string));
    }
    near
}

/// Returns how alike two hosts are, in whole or in their own name: all end in a few domains.
fn likeness_of_hosts(one: &str, two: &str) -> f64 {
    let name = |host: &'_ str| {
        host.trim_start_matches("www.")
            .split('.')
            .next()
            .map_or(String::new(), ToOwned::to_owned)
    };
    let whole = strsim::normalized_damerau_levenshtein(one, two);
    let (one, two) = (name(one), name(two));
    let own = strsim::normalized_damerau_levenshtein(&one, &two);
    let likeness = whole.max(own);
    match one.chars().count() >= MIN_CHARS && two.starts_with(&one) {
        true => likeness.max(MIN_LIKENESS),
        false => likeness,
    }
}

/// Returns the words of a handle, in their order, at most as many as count in a search.
pub(super) fn words(handle: &str) -> Vec<String> {
    let parts = handle.split(|it: char| !it.is_alphanumeric());
    parts.flat_map(query_words).take(MAX_WORDS).collect()
}

/// Returns the products whose handles are near to `handle`, the nearest first: found by its words, and where these find
/// nothing, by the beginnings of its longest ones, for the end of a word is where it is misremembered.
pub(super) async fn products(
    store: &dyn Store,
    shop: Option<&ShopKey>,
    handle: &str,
    words: &[String],
) -> Result<Vec<String>, ToolError> {
    if handle.chars().count() < MIN_CHARS {
        return Ok(Vec::new());
    }
    let mut longest: Vec<&String> = words.iter().filter(|it| it.len() > 2).collect();
    longest.sort_by_key(|it| std::cmp::Reverse(it.chars().count()));
    let begin = |it: &&String| it.chars().take(MIN_PREFIX).collect::<String>();
    let mut queries = vec![words.join(" ")];
    queries.extend(longest.iter().take(MAX_SEARCHES - 1).map(begin));
    let mut found = Vec::new();
    for text in queries.into_iter().filter(|it| !it.is_empty()) {
        let query = SearchQuery {
            text,
            tag: None,
            filter: ProductFilter {
                shops: shop.cloned().into_iter().collect(),
                ..ProductFilter::default()
            },
            order: SearchOrder::Rank,
        };
        let page = store.search(&query, None, MAX_LOOKED_AT).await?;
        let rows = page.rows.iter();
        let rows = rows.filter(|it| is_plain_and_short(&it.handle));
        found.extend(rows.map(|it| (it.handle.clone(), reference(it))));
        if found.len() >= MAX_NEAREST {
            break;
        }
    }
    let names = found.into_iter();
    Ok(among(
        handle,
        names,
        strsim::jaro_winkler,
        MIN_LIKENESS_OF_HANDLES,
    ))
}

/// Returns what stands with those of `names` that are near to `text`, the nearest first.
fn among(
    text: &str,
    names: impl Iterator<Item = (String, String)>,
    likeness: fn(&str, &str) -> f64,
    min_likeness: f64,
) -> Vec<String> {
    let text: String = text.trim().to_lowercase().chars().take(MAX_CHARS).collect();
    let mut near: Vec<(f64, String)> = names
        .map(|(name, shown)| (likeness(&text, &name.to_lowercase()), shown))
        .filter(|(likeness, _)| *likeness >= min_likeness)
        .collect();
    near.sort_by(|one, two| two.0.total_cmp(&one.0).then_with(|| one.1.cmp(&two.1)));
    near.dedup_by(|one, two| one.1 == two.1);
    near.truncate(MAX_NEAREST);
    near.into_iter().map(|(_, shown)| shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_near_to_the_beginning_of_its_name() {
        let shops_of = |hosts: &[&str]| {
            hosts
                .iter()
                .map(|it| it.parse().unwrap())
                .collect::<Vec<ShopKey>>()
        };
        let stored = shops_of(&[
            "kith.example",
            "allbirds.example",
            "a.example",
            "b.example",
            "c.example",
            "d.example",
        ]);
        assert_eq!(shops("kit", &stored), ["kith.example"]);
        assert_eq!(shops("all", &stored), ["allbirds.example"]);
        assert!(shops("al", &stored).is_empty());
    }
}
