//! Plain text as a request: a URL, or a sentence with one. What is not sure is asked, never guessed.

use serde_json::{Value, json};

use super::request::product_url;
use crate::skills::words::one_line;

/// What a caller can write instead.
const EXAMPLE: &str = "send for example \"crawl https://shop.example\", or a data part such as \
    {\"schema\":\"crawl-request/1\",\"skill\":\"crawl-catalog\",\"stores\":[\"https://shop.example\"],\"maxPages\":3}";

/// The words by which a skill is chosen.
const VERBS: &[(&str, &str)] = &[
    ("crawl", "crawl-catalog"),
    ("crawl-catalog", "crawl-catalog"),
    ("scrape", "crawl-catalog"),
    ("refresh", "refresh-catalog"),
    ("refresh-catalog", "refresh-catalog"),
    ("recrawl", "refresh-catalog"),
    ("update", "refresh-catalog"),
    ("probe", "probe-store"),
    ("probe-store", "probe-store"),
    ("inspect", "probe-store"),
    ("detect", "probe-store"),
    ("fetch-product", "fetch-product"),
];

/// Two words, one behind the other somewhere, by which a skill is chosen.
const PHRASES: &[(&str, &str, &str)] = &[
    ("is", "shopify", "probe-store"),
    ("are", "shopify", "probe-store"),
    ("look", "at", "probe-store"),
];

/// Words that ask for less or for something else, which only a data part can say exactly.
const LIMITS: &[&str] = &[
    "no", "not", "don't", "dont", "do-not", "never", "stop", "cancel", "except", "without", "only",
    "but", "until", "since", "max", "maximum", "most", "limit", "first", "last", "slowly",
    "delete", "remove", "forget", "why", "how", "when", "did", "if",
];

/// Words that say nothing about what is wanted: with addresses alone they are a crawl.
const FILLERS: &[&str] = &[
    "and", "or", "please", "thanks", "hello", "hi", "the", "shop", "shops",
];

/// Returns the request that a text makes, or what has to be asked first.
///
/// A text that is a JSON object is the request itself.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| ask(&format!("this JSON cannot be read ({error})")));
    }
    let (text, labels) = without_labels(text);
    let (urls, words) = urls_and_words(&text);
    let limit = words
        .iter()
        .chain(&urls_and_words(&labels).1)
        .find(|it| is_limit(it))
        .cloned();
    if let Some(word) = limit {
        let what = format!("{:?} is more than this text can say exactly", shown(&word));
        return Err(ask(&what));
    }
    if urls.is_empty() {
        return Err(ask("which shop? Name its URL"));
    }
    let skills = skills(&words);
    let unknown = words.iter().find(|it| !FILLERS.contains(&it.as_str()));
    if let (true, Some(word)) = (skills.is_empty(), unknown) {
        return Err(ask(&format!("I do not understand {:?} here", shown(word))));
    }
    let n_products = urls.iter().filter(|url| product_url(url).is_some()).count();
    let are_products = match n_products {
        0 => false,
        n if n == urls.len() => true,
        _ => return Err(ask("some of these URLs are products and some are shops")),
    };
    match (skills.as_slice(), are_products) {
        ([] | ["fetch-product"], true) => Ok(request("fetch-product", &urls)),
        (["fetch-product"], false) => Err(ask("no product is named, only shops")),
        ([skill], true) => Err(ask(&format!(
            "{skill} is for whole shops, and these URLs are products: which of both?"
        ))),
        ([], false) => Ok(request("crawl-catalog", &urls)),
        ([skill], false) => Ok(request(skill, &urls)),
        (several, _) => Err(ask(&format!(
            "{} at once: which of them?",
            several.join(" and ")
        ))),
    }
}

/// Returns a text in which each link of Markdown, `[label](address)`, is its address alone, and the labels.
fn without_labels(text: &str) -> (String, String) {
    let (mut plain, mut labels) = (String::new(), String::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (before, label) = before.rsplit_once('[').unwrap_or((before, ""));
        let (target, after) = after.split_once(')').unwrap_or((after, ""));
        // Behind the address there may be a title in quotes.
        let address = target.split_whitespace().next().unwrap_or_default();
        plain.extend([before, " ", address, " "]);
        labels.extend([label, " "]);
        rest = after;
    }
    plain.push_str(rest);
    (plain, labels)
}

/// Returns the addresses in a text, and its other words.
fn urls_and_words(text: &str) -> (Vec<&str>, Vec<String>) {
    let tokens = text
        .split_whitespace()
        .map(|it| it.trim_matches(|it: char| "<>()[]\"'`,;.!?".contains(it)))
        .filter(|it| !it.is_empty());
    let (urls, words): (Vec<&str>, Vec<&str>) = tokens.partition(|it| is_address(it));
    let word = |it: &str| it.trim_end_matches(':').to_lowercase();
    (urls, words.into_iter().map(word).collect())
}

fn is_limit(word: &str) -> bool {
    LIMITS.contains(&word) || word.chars().any(|it| it.is_ascii_digit())
}

/// Returns the skills that the words ask for, each once.
fn skills(words: &[String]) -> Vec<&'static str> {
    let place = |word: &str| words.iter().position(|it| it == word);
    let verbs = VERBS.iter().filter(|(verb, _)| place(verb).is_some());
    let phrases = PHRASES.iter().filter(|(first, then, _)| {
        place(first).is_some_and(|first| place(then).is_some_and(|then| first < then))
    });
    let mut skills: Vec<_> = (verbs.map(|it| it.1))
        .chain(phrases.map(|it| it.2))
        .collect();
    skills.sort_unstable();
    skills.dedup();
    skills
}

fn request(skill: &str, urls: &[&str]) -> Value {
    json!({ "schema": "crawl-request/1", "skill": skill, "stores": urls })
}

fn ask(what: &str) -> String {
    format!("{what}; {EXAMPLE}")
}

/// Returns whether a word is a URL, or a host such as `shop.example` with or without a path.
fn is_address(word: &str) -> bool {
    if word.contains("://") {
        return true;
    }
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((name, domain)) = host.rsplit_once('.') else {
        return false;
    };
    let is_host = |it: &str| {
        !it.is_empty()
            && it
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    is_host(name) && domain.len() >= 2 && domain.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn shown(word: &str) -> String {
    one_line(word, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_crawl_and_a_word_before_it_chooses_the_skill() {
        for (text, skill, urls) in [
            (
                "https://a.example",
                "crawl-catalog",
                &["https://a.example"][..],
            ),
            (
                "crawl https://a.example.",
                "crawl-catalog",
                &["https://a.example"],
            ),
            (
                "Please crawl <https://a.example/>, thanks!",
                "crawl-catalog",
                &["https://a.example/"],
            ),
            ("allbirds.example", "crawl-catalog", &["allbirds.example"]),
            (
                "Refresh https://a.example and b.example",
                "refresh-catalog",
                &["https://a.example", "b.example"],
            ),
            (
                "probe: http://127.0.0.1:80",
                "probe-store",
                &["http://127.0.0.1:80"],
            ),
            (
                "Is https://a.example a Shopify shop?",
                "probe-store",
                &["https://a.example"],
            ),
            ("look at a.example", "probe-store", &["a.example"]),
            (
                "crawl [my shop](https://a.example \"its title\")",
                "crawl-catalog",
                &["https://a.example"],
            ),
            (
                "[a](https://a.example) and [b](https://b.example)!",
                "crawl-catalog",
                &["https://a.example", "https://b.example"],
            ),
            (
                "https://a.example/products/lamp?variant=7",
                "fetch-product",
                &["https://a.example/products/lamp?variant=7"],
            ),
        ] {
            let request = read(text).unwrap();
            assert_eq!(request["skill"], skill, "{text}");
            assert_eq!(request["stores"], json!(urls), "{text}");
        }
    }

    #[test]
    fn what_is_not_sure_is_asked_with_an_example() {
        for text in [
            "",
            "Hello!",
            "crawl all the shops",
            "crawl and probe https://a.example",
            "do not crawl https://a.example",
            "crawl the first 3 pages of https://a.example",
            "crawl https://a.example/products/lamp",
            "fetch-product https://a.example",
            "https://a.example https://a.example/products/lamp",
            "delete everything at https://a.example",
            "delete and crawl https://a.example",
            "What does https://a.example sell?",
            "[do not crawl](https://a.example)",
            "{\"schema\":",
        ] {
            let question = read(text).unwrap_err();
            assert!(
                question.contains("https://shop.example"),
                "{text}: {question}"
            );
        }
    }

    #[test]
    fn a_word_that_is_not_known_is_named() {
        let question = read("Tell me about https://a.example").unwrap_err();
        assert!(
            question.starts_with("I do not understand \"tell\""),
            "{question}"
        );
    }

    #[test]
    fn json_as_text_is_the_request_itself() {
        let text = " {\"schema\":\"crawl-request/1\",\"pages\":3} ";
        assert_eq!(read(text).unwrap()["pages"], 3);
    }
}
