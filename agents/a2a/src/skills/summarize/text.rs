//! Plain text as a request, in English or French. What is not sure is asked, never guessed.

use catalog::{Language, ProductId};
use serde_json::{Map, Value, json};

use crate::skills::words::one_line;

/// What a caller can write instead.
const EXAMPLE: &str = "send for example \"summarize the top 20 in French\" or \"summarize shopify:shop.example:1\", or a \
    data part such as {\"schema\":\"summarize-request/1\",\"skill\":\"summarize-products\",\"topK\":10}";

/// The words that ask for summaries. A French one asks for French, where no language is named.
const VERBS: &[(&str, Language)] = &[
    ("summarize", Language::En),
    ("summarise", Language::En),
    ("summaries", Language::En),
    ("summary", Language::En),
    ("summarize-products", Language::En),
    ("résume", Language::Fr),
    ("résumer", Language::Fr),
    ("résumez", Language::Fr),
    ("résumé", Language::Fr),
    ("résumés", Language::Fr),
];

/// The words beside a number that make it the first places of the ranking.
const TOP: &[&str] = &[
    "top",
    "first",
    "best",
    "premiers",
    "premières",
    "meilleurs",
    "meilleures",
];

const LANGUAGES: &[(&str, Language)] = &[
    ("english", Language::En),
    ("anglais", Language::En),
    ("french", Language::Fr),
    ("français", Language::Fr),
    ("francais", Language::Fr),
];

/// The words that ask for the brief, too.
const BRIEF: &[&str] = &["brief", "briefing"];

/// Words that say nothing about what is wanted.
const FILLERS: &[&str] = &[
    "a", "an", "and", "de", "des", "du", "en", "et", "for", "hello", "hi", "in", "la", "le", "les",
    "me", "of", "please", "product", "products", "produit", "produits", "ranking", "thanks", "the",
    "un", "une", "with", "avec", "merci",
];

/// What a text says.
#[derive(Debug, Default)]
struct Said {
    verb: Option<Language>,
    is_top: bool,
    number: Option<u64>,
    products: Vec<String>,
    languages: Vec<Language>,
    has_brief: bool,
}

/// Returns the request that a text makes, or what has to be asked first.
///
/// A text that is a JSON object is the request itself.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|error| ask(&format!("this JSON cannot be read ({error})")));
    }
    let mut said = Said::default();
    for word in text.split_whitespace() {
        let word = word.trim_matches(|it: char| "<>()[]\"'`,;.!?«»“”".contains(it));
        if !word.is_empty() {
            said.hear(word)?;
        }
    }
    said.request()
}

impl Said {
    /// Takes a word, or asks about it.
    fn hear(&mut self, word: &str) -> Result<(), String> {
        if word.parse::<ProductId>().is_ok() {
            self.products.push(word.to_owned());
            return Ok(());
        }
        let lower = word.trim_end_matches(':').to_lowercase();
        let of = |list: &[(&str, Language)]| {
            let found = list.iter().find(|(it, _)| *it == lower);
            found.map(|(_, language)| *language)
        };
        if let Some(language) = of(LANGUAGES) {
            if !self.languages.contains(&language) {
                self.languages.push(language);
            }
        } else if let Some(language) = of(VERBS) {
            self.verb = self.verb.or(Some(language));
        } else if TOP.contains(&lower.as_str()) {
            self.is_top = true;
        } else if BRIEF.contains(&lower.as_str()) {
            self.has_brief = true;
        } else if lower.bytes().all(|it| it.is_ascii_digit()) {
            if self.number.is_some() {
                return Err(ask("two numbers: how many products, from the first one on"));
            }
            self.number = Some(lower.parse().unwrap_or(u64::MAX));
        } else if !FILLERS.contains(&lower.as_str()) {
            let word = one_line(word, 40);
            return Err(ask(&format!("I do not understand {word:?} here")));
        }
        Ok(())
    }

    fn request(self) -> Result<Value, String> {
        let mut request = Map::new();
        match (self.number, self.products.is_empty()) {
            (Some(number), true) if self.is_top => request.insert("topK".to_owned(), json!(number)),
            (None, false) if !self.is_top => {
                request.insert("products".to_owned(), json!(self.products))
            }
            (Some(_), true) => return Err(ask("of which products? The top ones of the ranking")),
            (None, true) if self.is_top => return Err(ask("how many of the top ones")),
            (None, true) => return Err(ask("of which products")),
            (_, false) => return Err(ask("the top ones, or those that are named: which of both")),
        };
        let mut languages = self.languages;
        if languages.is_empty() {
            languages.push(self.verb.unwrap_or(Language::En));
        }
        let more = [
            ("schema", json!("summarize-request/1")),
            ("skill", json!("summarize-products")),
            ("languages", json!(languages)),
            ("brief", json!(self.has_brief)),
        ];
        request.extend(more.map(|(name, value)| (name.to_owned(), value)));
        Ok(Value::Object(request))
    }
}

fn ask(what: &str) -> String {
    format!("{what}? {EXAMPLE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_a_request_in_either_language() {
        for (text, topk, languages, brief) in [
            ("summarize the top 20 in French", 20, json!(["fr"]), false),
            ("Résume les 5 premiers.", 5, json!(["fr"]), false),
            ("top 3", 3, json!(["en"]), false),
            (
                "Please summarise the 10 best products, in English and French, with a brief!",
                10,
                json!(["en", "fr"]),
                true,
            ),
            (
                "résumés des 7 meilleurs produits en anglais",
                7,
                json!(["en"]),
                false,
            ),
        ] {
            let request = read(text).unwrap();
            assert_eq!(request["topK"], topk, "{text}");
            assert_eq!(request["languages"], languages, "{text}");
            assert_eq!(request["brief"], brief, "{text}");
            assert!(request.get("products").is_none(), "{text}");
        }
    }

    #[test]
    fn an_id_is_a_product() {
        for text in [
            "shopify:shop.example:1",
            "Summarize \"shopify:shop.example:1\" in English, please",
        ] {
            let request = read(text).unwrap();
            assert_eq!(request["products"], json!(["shopify:shop.example:1"]));
            assert_eq!(request["languages"], json!(["en"]));
        }
        let request = read("résume shopify:a.example:1 et shopify:b.example:2").unwrap();
        assert_eq!(
            request["products"],
            json!(["shopify:a.example:1", "shopify:b.example:2"])
        );
    }

    #[test]
    fn what_is_not_sure_is_asked_with_an_example() {
        for text in [
            "",
            "Hello!",
            "summarize",
            "summarize 5 products",
            "summarize the top products",
            "summarize everything",
            "do not summarize the top 5",
            "summarize the top 5 except the first",
            "the top 5 and the top 6",
            "the top 5 and shopify:shop.example:1",
            "the top -5",
            "the top 5 in German",
            "https://shop.example",
            "{\"schema\":",
        ] {
            let question = read(text).unwrap_err();
            assert!(
                question.contains("summarize the top 20 in French"),
                "{text}: {question}"
            );
        }
        let question = read("Tell me a story").unwrap_err();
        assert!(
            question.starts_with("I do not understand \"Tell\" here?"),
            "{question}"
        );
    }

    #[test]
    fn json_as_text_is_the_request_itself() {
        let text = " {\"schema\":\"summarize-request/1\",\"topK\":3} ";
        assert_eq!(read(text).unwrap()["topK"], 3);
    }
}
