//! Full-text search as both databases understand it: how texts become words, and the orders of a result.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::{Currency, Product, ProductFilter, ProductId, ProductRow, UnixMs};

/// Matches are counted, or estimated, up to here.
pub const MAX_TOTAL: u64 = 1_000;

/// The most different words of a product that can be found; titles and tags come first.
const MAX_WORDS: usize = 256;

/// The most characters of a word that count, so that both databases can index it.
const MAX_WORD_CHARS: usize = 40;

/// The most words of a query; more than that are left out.
const MAX_QUERY_WORDS: usize = 16;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchQuery {
    /// Words, each of which must begin a word of the product; empty for all products.
    pub text: String,
    /// A tag that a product must have, compared without regard to case.
    pub tag: Option<String>,
    /// What else a product must be. Type and vendor, like the tag, count as far as a product can be found by their
    /// words.
    pub filter: ProductFilter,
    /// The order of the result.
    pub order: SearchOrder,
}

impl SearchQuery {
    /// Returns the words of which a product must have all, whole: those of the type, the vendor and the tag.
    pub fn whole_words(&self) -> BTreeSet<String> {
        let filter = &self.filter;
        let mut found = BTreeSet::new();
        for text in [&filter.product_type, &filter.vendor, &self.tag] {
            found.extend(text.iter().flat_map(|text| query_words(text)));
        }
        found
    }

    /// Returns whether a product with these tags has the one asked for, if any.
    pub fn has_tag(&self, tags: &[String]) -> bool {
        let folded = |tag: &str| tag.trim().to_lowercase();
        self.tag.as_ref().is_none_or(|wanted| {
            let wanted = folded(wanted);
            tags.iter().any(|tag| folded(tag) == wanted)
        })
    }
}

/// The order of a search result. Products of the same place have a fixed order, which is each store's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchOrder {
    /// By the place in the newest ranking; products that are not in it come last.
    #[default]
    Rank,
    /// By currency, then by the least price, cheapest first; products without a price come last.
    Cheapest,
    /// By currency, then by the least price, dearest first; products without a price come last.
    Dearest,
    /// By the shop's own date, published or else made, newest first; products without one come last.
    Newest,
}

/// A product's place in a search result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchPlace {
    /// Of [`SearchOrder::Rank`].
    Rank(Option<u32>),
    /// Of [`SearchOrder::Cheapest`] and [`SearchOrder::Dearest`]: the least price in minor units.
    Price(Currency, Option<i64>),
    /// Of [`SearchOrder::Newest`].
    Listed(Option<UnixMs>),
}

/// The place behind which a search result goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchCursor {
    /// The place of the last product.
    pub place: SearchPlace,
    /// The last product.
    pub id: ProductId,
}

/// One page of a search result.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// The products; fewer than asked for also where `next` goes on, since a search looks at so many at most.
    pub rows: Vec<ProductRow>,
    /// Their places, one for each row.
    pub places: Vec<SearchPlace>,
    /// How many products match, at most [`MAX_TOTAL`]; an estimate where it would take too long to look at all that
    /// may, and then mostly the same on each page.
    pub total: u64,
    /// Whether that is their number: not where there are more, or where it was estimated.
    pub is_total_exact: bool,
    /// Where the next page begins; `None` at the end.
    pub next: Option<SearchCursor>,
}

impl SearchPage {
    /// Returns where the result goes on behind row `n`, counted from 0, of this page; `None` if there is no such row.
    pub fn cursor_behind(&self, n: usize) -> Option<SearchCursor> {
        let (row, &place) = (self.rows.get(n)?, self.places.get(n)?);
        Some(SearchCursor {
            place,
            id: row.id.clone(),
        })
    }
}

/// Returns the different words by which `product` can be found, sorted: those of its title, vendor, type and tags.
///
/// Words are runs of letters and digits; case, accents and apostrophes do not count, so that `L'Été` becomes `lete`
/// and `Straße` becomes `strasse`. A word is cut to 40 characters, and a product has at most 256.
pub fn search_words(product: &Product) -> BTreeSet<String> {
    let fields = [&product.title, &product.vendor, &product.product_type];
    let mut found = BTreeSet::new();
    for text in fields.into_iter().chain(&product.tags) {
        each_word(text, |word| insert(&mut found, word, MAX_WORDS));
    }
    found
}

/// Returns the words of [`search_words`] in one text, in no order, with a space behind each; some may be there twice.
///
/// For a store that takes a text apart again: a set of so many short texts costs more than to store them.
pub fn search_text(product: &Product) -> String {
    let fields = [&product.title, &product.vendor, &product.product_type];
    let mut text = Vec::with_capacity(256);
    let mut n_words = 0;
    for field in fields.into_iter().chain(&product.tags) {
        if field.is_ascii() {
            n_words += push_ascii_words(field, &mut text);
        } else {
            each_word(field, |word| {
                text.extend_from_slice(word.as_bytes());
                text.push(b' ');
                n_words += 1;
            });
        }
    }
    if n_words > MAX_WORDS {
        text.clear();
        for word in search_words(product) {
            text.extend_from_slice(word.as_bytes());
            text.push(b' ');
        }
    }
    // Whole words are UTF-8.
    String::from_utf8(text).unwrap_or_default()
}

/// Adds the words of an ASCII text to `words`, a space behind each, and returns how many.
///
/// Does as [`each_word`], at once for a whole word: most texts are ASCII, and every new product has several.
fn push_ascii_words(text: &str, words: &mut Vec<u8>) -> usize {
    let is_between = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'\'';
    let start = words.len();
    let mut n_words = 0;
    for run in text.as_bytes().split(is_between) {
        let end = words.len();
        if run.len() <= MAX_WORD_CHARS && !run.contains(&b'\'') {
            words.extend_from_slice(run);
        } else {
            let letters = run.iter().filter(|byte| **byte != b'\'');
            words.extend(letters.take(MAX_WORD_CHARS));
        }
        if words.len() > end {
            words.push(b' ');
            n_words += 1;
        }
    }
    words[start..].make_ascii_lowercase();
    n_words
}

/// Returns the different words of a query, by the rules of [`search_words`]; at most 16.
pub fn query_words(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_word(text, |word| insert(&mut found, word, MAX_QUERY_WORDS));
    found
}

fn insert(found: &mut BTreeSet<String>, word: &str, max_words: usize) {
    if found.len() < max_words && !found.contains(word) {
        found.insert(word.to_owned());
    }
}

fn each_word(text: &str, found: impl FnMut(&str)) {
    let mut words = Words {
        word: String::new(),
        n_chars: 0,
        found,
    };
    if text.is_ascii() {
        // Most texts are, and stores work out the words of every new product.
        for byte in text.bytes() {
            words.take_ascii(byte);
        }
    } else {
        for char in text.nfkd() {
            words.take(char);
        }
    }
    words.end();
}

/// The word that a text is in.
struct Words<Found> {
    word: String,
    n_chars: usize,
    found: Found,
}

impl<Found: FnMut(&str)> Words<Found> {
    fn take_ascii(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.push(char::from(byte.to_ascii_lowercase()));
        } else if byte != b'\'' {
            self.end();
        }
    }

    fn take(&mut self, char: char) {
        if let Ok(byte) = u8::try_from(char)
            && byte.is_ascii()
        {
            self.take_ascii(byte);
        } else if is_combining_mark(char) || matches!(char, '\u{2019}' | '\u{2bc}') {
            // Accents and apostrophes do not count.
        } else if char.is_alphanumeric() {
            for lower in char.to_lowercase() {
                match without_stroke(lower) {
                    Some(letters) => letters.chars().for_each(|letter| self.push(letter)),
                    // Lower case may bring an accent back, as for the Turkish İ.
                    None if is_combining_mark(lower) => {}
                    None => self.push(lower),
                }
            }
        } else {
            self.end();
        }
    }

    fn push(&mut self, char: char) {
        if self.n_chars < MAX_WORD_CHARS {
            self.word.push(char);
            self.n_chars += 1;
        }
    }

    fn end(&mut self) {
        if !self.word.is_empty() {
            (self.found)(&self.word);
            self.word.clear();
        }
        self.n_chars = 0;
    }
}

/// Returns the usual spelling of a letter that Unicode does not take apart.
const fn without_stroke(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ı' => "i",
        'þ' => "th",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        query_words(text).into_iter().collect()
    }

    #[test]
    fn case_accents_and_apostrophes_do_not_count() {
        assert_eq!(words("L'Été à la PLAGE"), ["a", "la", "lete", "plage"]);
        assert_eq!(words("Women’s Straße-Ærø"), ["aero", "strasse", "womens"]);
        assert_eq!(
            words("ﬁne ½ ２ İzmir ΣΑΣ Σας"),
            ["1", "2", "fine", "izmir", "σασ"]
        );
        assert_eq!(words("日本 ночь"), ["ночь", "日本"]);
        assert!(words(" --- '' ").is_empty());
    }

    #[test]
    fn words_and_their_number_are_bounded() {
        assert_eq!(words(&"é".repeat(100)), ["e".repeat(40)]);
        let many: String = (0..100).map(|n| format!("w{n} ")).collect();
        assert_eq!(words(&many).len(), MAX_QUERY_WORDS);
    }

    #[test]
    fn ascii_texts_give_the_words_that_the_long_way_gives() {
        let text: String = (0..=127_u8).map(char::from).cycle().take(500).collect();
        let long_way = words(&format!("{text} \u{e9}"));
        let mut short_way = words(&text);
        short_way.push("e".into());
        short_way.sort();
        short_way.dedup();
        assert_eq!(long_way, short_way);
        assert!(short_way.contains(&"0123456789".to_owned()));
    }

    #[test]
    fn a_product_is_found_by_its_title_vendor_type_and_tags() {
        let product = Product {
            id: "shopify:a.example:77".parse().unwrap(),
            title: "The hat".into(),
            handle: "handle".into(),
            vendor: "L'\u{e9}t\u{e9}".into(),
            product_type: "Hat".into(),
            body_html: "body".into(),
            tags: vec!["two words".into(), "$set".into()],
            options: vec!["option".into()],
            variants: vec![],
            images: vec!["image".into()],
            url: "url".into(),
            created_at: None,
            published_at: None,
            updated_at: None,
        };
        let found: Vec<String> = search_words(&product).into_iter().collect();
        assert_eq!(found, ["hat", "lete", "set", "the", "two", "words"]);
        assert_eq!(search_text(&product), "the hat lete hat two words set ");
        let many = Product {
            tags: (0..1000).map(|n| format!("t{n}")).collect(),
            ..product
        };
        let as_words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect();
        let in_text: BTreeSet<String> = as_words(&search_text(&many));
        let found = search_words(&many);
        assert_eq!(in_text, found);
        assert_eq!(found.len(), MAX_WORDS);
        assert!(found.contains("t252") && !found.contains("t253"));
    }
}
