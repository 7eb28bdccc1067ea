//! Finds the collections that a shop calls its best sellers, by their names in the languages that shops use.
//!
//! Such a collection is what its name says, not more: its order may be made by hand.

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};

use super::lenient::{FromObject, List, Object, Scalar};
use super::without_mark;

/// Longer handles and titles than Shopify's own limit are none.
const MAX_NAME_BYTES: usize = 255;

/// What the handle or the title of such a collection has in it, in small letters and without anything between them.
/// Shopify makes handles of titles without accents; where a title alone has the words, it may have the accents.
const NAMES: [&str; 28] = [
    // English, and what other languages took from it
    "bestseller",
    "bestselling",
    "topseller",
    "topselling",
    "mostsold",
    // French
    "meilleuresventes",
    "meilleurevente",
    "plusvendu",
    // German
    "meistverkauft",
    "verkaufsschlager",
    // Spanish
    "masvendid",
    "másvendid",
    // Portuguese
    "maisvendid",
    // Italian
    "piuvendut",
    "piùvendut",
    // Dutch
    "bestverkocht",
    "meestverkocht",
    // Swedish, Danish, Norwegian
    "bastsaljare",
    "bästsäljare",
    "mestsolgte",
    "bestselger",
    "bestsælger",
    // Polish, Czech
    "najlepiejsprzedaj",
    "nejprodavan",
    "nejprodávan",
    // Turkish
    "coksatan",
    "çoksatan",
    // Japanese
    "ベストセラー",
];

/// Reads `/collections.json` and returns the handles of the collections with such a name, the plainest name first:
/// `best-sellers` before `best-sellers-under-50`.
///
/// Nothing where the answer is no list of collections. A collection that states that it is empty is none.
pub fn read_best_seller_collections(body: &[u8]) -> Vec<String> {
    let Ok(Object(answer)) = serde_json::from_slice::<Object<Answer<'_>>>(without_mark(body))
    else {
        return Vec::new();
    };
    let named = answer
        .collections
        .entries
        .iter()
        .filter_map(Collection::named);
    let mut named: Vec<(usize, &str)> = named.collect();
    named.sort_unstable();
    named.dedup_by(|one, two| one.1 == two.1);
    named
        .into_iter()
        .map(|(_, handle)| handle.to_owned())
        .collect()
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    collections: List<Collection<'a>>,
}

#[derive(Default)]
struct Collection<'a> {
    handle: Scalar<'a>,
    title: Scalar<'a>,
    n_products: Scalar<'a>,
}

impl Collection<'_> {
    /// Returns the handle, behind the length of the shorter name that has the words; `None` without them.
    fn named(&self) -> Option<(usize, &str)> {
        let Scalar::Text(handle) = &self.handle else {
            return None;
        };
        let is_handle =
            (1..=MAX_NAME_BYTES).contains(&handle.len()) && !matches!(&**handle, "." | "..");
        if !is_handle || matches!(self.n_products, Scalar::Unsigned(0)) {
            return None;
        }
        let title = match &self.title {
            Scalar::Text(title) if title.len() <= MAX_NAME_BYTES => title,
            _ => "",
        };
        let lengths = [handle, title].into_iter().filter_map(length_with_words);
        Some((lengths.min()?, handle))
    }
}

impl<'de: 'a, 'a> FromObject<'de> for Collection<'a> {
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut collection = Self::default();
        while let Some(key) = members.next_key::<Scalar<'de>>()? {
            let member = match key {
                Scalar::Text(key) if key == "handle" => &mut collection.handle,
                Scalar::Text(key) if key == "title" => &mut collection.title,
                Scalar::Text(key) if key == "products_count" => &mut collection.n_products,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *member = members.next_value()?;
        }
        Ok(collection)
    }
}

/// Returns how many letters and digits a name has that has such words in it.
fn length_with_words(name: &str) -> Option<usize> {
    let plain: String = name
        .chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    NAMES
        .iter()
        .any(|words| plain.contains(words))
        .then(|| plain.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::feed_hostile_bytes;

    const ANSWERS: [&[u8]; 1] = [include_bytes!(
        "../../../testdata/hostile/best_sellers/collections.json"
    )];

    #[test]
    fn collections_are_found_by_what_shops_call_their_best_sellers() {
        for name in [
            "best-sellers",
            "Bestseller",
            "BEST SELLING",
            "our-bestsellers",
            "top-sellers",
            "meilleures-ventes",
            "Les plus vendus",
            "bestsellers-femme",
            "mas-vendidos",
            "Más vendidos",
            "Meistverkaufte Artikel",
            "piu-venduti",
            "mais-vendidos",
            "bestverkochte",
            "Bästsäljare",
            "najlepiej-sprzedajace",
        ] {
            assert!(length_with_words(name).is_some(), "{name}");
        }
        for name in [
            "best",
            "sellers",
            "new-arrivals",
            "the best of summer",
            "sale",
            "all",
            "frontpage",
            "",
        ] {
            assert_eq!(length_with_words(name), None, "{name}");
        }
    }

    #[test]
    fn the_plainest_name_comes_first_and_an_empty_collection_never() {
        let found = read_best_seller_collections(ANSWERS[0]);
        assert_eq!(found, ["best-sellers", "bestsellers-femme", "summer"]);
    }

    #[test]
    fn what_is_no_list_of_collections_names_none() {
        for body in [
            "",
            "[]",
            "<html>",
            "{}",
            r#"{"collections":7}"#,
            r#"{"collections":[null,{"handle":7}]}"#,
        ] {
            assert!(
                read_best_seller_collections(body.as_bytes()).is_empty(),
                "{body}"
            );
        }
    }

    #[test]
    fn hostile_lists_name_no_path_of_another_place() {
        feed_hostile_bytes("best_seller_collections", &ANSWERS, |body| {
            for handle in read_best_seller_collections(body) {
                assert!(handle.len() <= MAX_NAME_BYTES && handle != ".." && !handle.is_empty());
            }
        });
    }
}
