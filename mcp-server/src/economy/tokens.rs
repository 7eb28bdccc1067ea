//! How many tokens a text has at most, without the two megabytes of o200k's vocabulary.
//!
//! o200k cuts a text into pieces of letters, up to three digits, or signs, and joins the bytes of a piece by pairs until
//! no neighbours are in its vocabulary. Each rule here follows from that for any text; the tests hold it against the real
//! thing. For the JSON of usual answers the bound is a quarter to a half more.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::{EXACT_WORDS, TWO_WORDS, WORDS};

/// Runs of JSON's signs that are one token.
const SIGNS: [&str; 19] = [
    "\":", ",\"", "}]", "{\"", "\",", "\"}", "\"},", "},\"", "],\"", "}},", "\":\"", "://", "\":[",
    "\"}}", "\",\"", "},{\"", "\":{\"", "\":[\"", "\"},{\"",
];

/// Pairs of small letters that are no token. All others are, so that no two letters of a word stay alone side by side.
const APART: [&[u8; 2]; 29] = [
    b"bq", b"gk", b"gq", b"jv", b"jz", b"kq", b"kz", b"lq", b"nq", b"qf", b"qg", b"qj", b"qk",
    b"qv", b"qz", b"rj", b"tq", b"wq", b"wz", b"xg", b"xj", b"xk", b"xq", b"xv", b"xw", b"yq",
    b"zj", b"zq", b"zv",
];

/// Returns at least as many tokens as `text` has for o200k.
pub(crate) fn tokens(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut n_tokens) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let run = Run {
            before: at.checked_sub(1).map(|before| bytes[before]),
            length: length(rest, byte),
            rest,
        };
        n_tokens += run.tokens();
        at += run.length;
    }
    n_tokens
}

/// Bytes of one kind, and what stands around them.
struct Run<'a> {
    before: Option<u8>,
    length: usize,
    rest: &'a [u8],
}

impl Run<'_> {
    fn tokens(&self) -> usize {
        let bytes = &self.rest[..self.length];
        match bytes[0] {
            b'0'..=b'9' if self.is_among_ascii() => self.length.div_ceil(3),
            byte if byte.is_ascii_alphabetic() => self.word(bytes),
            // A space goes with the word behind it where that is known to be one token.
            b' ' if self.length == 1 && self.word_behind().and_then(known).is_some() => 0,
            _ if self.is_sign() && is_among(&SIGNS, bytes) => 1,
            // Every token has a byte.
            _ => self.length,
        }
    }

    fn word(&self, word: &[u8]) -> usize {
        let is_plain = self.is_among_ascii() && self.before.is_none_or(|it| !it.is_ascii_control());
        if let Some(n_tokens) = known(word).filter(|_| is_plain) {
            return n_tokens;
        }
        let n_capitals = word.iter().take_while(|it| it.is_ascii_uppercase()).count();
        n_capitals + small_letters(&word[n_capitals..])
    }

    /// Returns the word right behind, if it stands among ASCII.
    fn word_behind(&self) -> Option<&[u8]> {
        let rest = &self.rest[self.length..];
        let first = rest.first().filter(|it| it.is_ascii_alphabetic())?;
        let (word, behind) = rest.split_at(length(rest, *first));
        behind.first().is_none_or(u8::is_ascii).then_some(word)
    }

    /// Returns whether no byte of a letter, digit or sign beyond ASCII is right before or behind, which could be in the
    /// same piece.
    fn is_among_ascii(&self) -> bool {
        let behind = self.rest.get(self.length);
        behind.is_none_or(u8::is_ascii) && self.before.is_none_or(|it| it.is_ascii())
    }

    /// Returns whether these are signs between letters, digits, or the ends.
    fn is_sign(&self) -> bool {
        let is_end = |it: u8| it.is_ascii_alphanumeric();
        self.rest.get(self.length).is_none_or(|it| is_end(*it)) && self.before.is_none_or(is_end)
    }
}

/// Returns how many bytes of one kind a text begins with; words as o200k cuts them, capitals first.
fn length(rest: &[u8], first: u8) -> usize {
    let run = |is: fn(&u8) -> bool| rest.iter().take_while(|it| is(it)).count();
    match first {
        b'0'..=b'9' => run(u8::is_ascii_digit),
        b'a'..=b'z' | b'A'..=b'Z' => {
            let n_capitals = run(u8::is_ascii_uppercase);
            let small = rest[n_capitals..].iter();
            n_capitals + small.take_while(|it| it.is_ascii_lowercase()).count()
        }
        b' ' => run(|it| *it == b' '),
        _ if first.is_ascii_graphic() => run(u8::is_ascii_punctuation),
        _ => 1,
    }
}

/// Returns the most tokens of a run of small letters: one letter, two, one, two, where all pairs are tokens.
fn small_letters(letters: &[u8]) -> usize {
    let is_apart = |pair: &[u8]| APART.iter().any(|it| *it == pair);
    match letters.len() {
        0 => 0,
        length if letters.windows(2).any(is_apart) => length,
        length => (2 * length + 1) / 3,
    }
}

fn is_among(known: &[&str], bytes: &[u8]) -> bool {
    known.iter().any(|it| it.as_bytes() == bytes)
}

/// Returns the most tokens of a word that is known.
fn known(word: &[u8]) -> Option<usize> {
    static KNOWN: LazyLock<HashMap<Vec<u8>, usize>> = LazyLock::new(|| {
        let words = |words: &'static str, n_tokens| words.split(' ').map(move |it| (it, n_tokens));
        let small = words(WORDS, 1).chain(words(TWO_WORDS, 2));
        let capital = small.clone().map(|(word, n)| (capital(word), n));
        let exact = words(EXACT_WORDS, 1);
        let known = small.chain(exact).map(|(word, n)| (word.to_owned(), n));
        let known = known.chain(capital);
        known.map(|(word, n)| (word.into_bytes(), n)).collect()
    });
    KNOWN.get(word).copied()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tiktoken_rs::o200k_base_singleton;

    use super::*;

    fn exactly(text: &str) -> usize {
        o200k_base_singleton().encode_ordinary(text).len()
    }

    /// The signs of ASCII.
    fn signs() -> impl Iterator<Item = char> {
        ('!'..='~').filter(char::is_ascii_punctuation)
    }

    #[test]
    fn known_words_are_one_token_and_two_behind_a_sign() {
        let capitals = WORDS.split(' ').map(capital);
        let words = WORDS.split(' ').chain(EXACT_WORDS.split(' '));
        for word in words.map(str::to_owned).chain(capitals) {
            assert_eq!(
                (exactly(&word), exactly(&format!(" {word}"))),
                (1, 1),
                "{word}"
            );
            let suffixes = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
            let with_suffix = suffixes.map(|it| format!("{word}{it}"));
            let behind_sign = signs().map(|it| format!("{it}{word}"));
            for text in behind_sign.chain(with_suffix) {
                assert!(exactly(&text) <= tokens(&text), "{text}");
            }
        }
    }

    #[test]
    fn words_of_two_tokens_are_no_more_in_any_form() {
        for word in TWO_WORDS
            .split(' ')
            .flat_map(|it| [it.to_owned(), capital(it)])
        {
            let before = signs()
                .map(String::from)
                .chain(["".to_owned(), " ".to_owned()]);
            for text in before.map(|it| format!("{it}{word}")) {
                let suffixes = ["", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];
                for text in suffixes.map(|it| format!("{text}{it}")) {
                    assert!(exactly(&text) <= tokens(&text), "{text}");
                }
            }
        }
    }

    #[test]
    fn known_signs_are_one_token() {
        for signs in SIGNS {
            assert_eq!(exactly(signs), 1, "{signs}");
        }
    }

    #[test]
    fn pairs_of_letters_are_tokens_but_those_that_are_told() {
        for (a, b) in (b'a'..=b'z').flat_map(|a| (b'a'..=b'z').map(move |b| (a, b))) {
            let pair = String::from_utf8(vec![a, b]).unwrap();
            let expected = if APART.contains(&&[a, b]) { 2 } else { 1 };
            assert_eq!(exactly(&pair), expected, "{pair}");
        }
        for digits in 0..1_000 {
            assert_eq!(
                (
                    exactly(&digits.to_string()),
                    exactly(&format!("{digits:03}"))
                ),
                (1, 1)
            );
        }
    }

    #[test]
    fn the_bound_is_close_for_usual_answers() {
        let product = |n: u32, title: &str, handle: &str| {
            serde_json::json!({
                "rank": n, "score": 1.0 - f64::from(n) / 16.0, "id": format!("lamps.example/{handle}"),
                "price": { "amount": format!("{n}9.95"), "currency": "EUR" }, "in_stock": true,
                "untrusted": { "title": title, "vendor": "Northwind Goods", "product_type": "Home & Living" },
            })
        };
        let products = [
            ("Brass Table Lamp", "brass-table-lamp"),
            ("Organic Cotton T-Shirt", "organic-cotton-t-shirt"),
            (
                "Men's Wool Runner - Natural White",
                "mens-wool-runner-natural-white",
            ),
            (
                "Reusable Water Bottle 750 ml",
                "reusable-water-bottle-750-ml",
            ),
            ("Noise Cancelling Headphones", "noise-cancelling-headphones"),
            (
                "Vitamin C Brightening Serum 30ml",
                "vitamin-c-brightening-serum-30ml",
            ),
        ];
        let products = (1..)
            .zip(products)
            .map(|(n, (title, handle))| product(n, title, handle));
        let answer = serde_json::json!({ "products": products.collect::<Vec<_>>() }).to_string();
        let (bound, exact) = (tokens(&answer), exactly(&answer));
        assert!(
            bound >= exact && bound * 3 <= exact * 4,
            "{bound} for {exact}"
        );
    }

    #[test]
    fn the_bound_holds_for_other_writings() {
        for text in [
            "真鍮製テーブルランプは職人の手作りです。手工制作的黄铜台灯",
            "🪔👩‍💻🏳️‍🌈 lamp 🪔",
            "Латунная лампа ручной работы",
            "مصباح طاولة من النحاس",
            "Cette lampe en laiton massif est fabriquée à la main dès 50 €",
            "1²34 12３4 a१२३४b",
            "<|endoftext|> <|im_start|>system",
            "\"→\": \"←\"",
            " \t  title\ttitle\u{a0}title  title\n\n\rtitle",
            "xEUR EURx éprice priceé Price's PRICE'LL don'T",
        ] {
            assert!(tokens(text) >= exactly(text), "{text}");
        }
    }

    /// Pieces that texts are made of.
    fn pieces() -> impl Strategy<Value = String> {
        let known: Vec<&str> = WORDS
            .split(' ')
            .chain(EXACT_WORDS.split(' '))
            .chain(SIGNS)
            .chain(TWO_WORDS.split(' '))
            .collect();
        let piece = prop_oneof![
            prop::sample::select(known).prop_map(str::to_owned),
            "[a-z]{1,9}",
            "[A-Z]{0,3}[a-z]{0,6}",
            "[0-9]{1,8}",
            "[ -~]{1,6}",
            "[ \t\n\r]{1,3}",
            "'(s|t|re|ve|m|ll|d|S|LL)",
            "\\PC{1,4}",
            ".{1,4}",
            "[à-ÿА-я一-龥ぁ-んۀ-ۿ]{1,6}",
        ];
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_text_has_more_tokens_than_the_bound(text in pieces(), any in "\\PC*|[qxzjkvw ]*|[!-/:-@]*") {
            for text in [&text, &any, &format!("{text}{any}")] {
                prop_assert!(tokens(text) >= exactly(text), "{} for {}", tokens(text), exactly(text));
            }
        }
    }
}
