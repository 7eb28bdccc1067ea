//! Fact sheets: what is known of a product or a list, as numbered sentences in one language.
//!
//! The sentences are the same as long as what they say is: no time of a run or of a crawl stands in them, no age and
//! no score. What is asked of a language model, and what its answer is checked against, is these sentences alone.

mod category;
pub(crate) mod changes;
pub mod clean;
mod groups;
pub mod load;
mod news;
mod prices;
mod product;
mod segment;
mod sheet;
mod shop;
mod subject;
#[cfg(test)]
pub(crate) mod testing;
mod top_k;
pub(crate) mod wording;

use catalog::{Fact, FactSource, Language};
use serde::{Deserialize, Serialize};

use crate::hash::sha256;

pub use category::{CategoryInput, category};
pub use changes::changes;
pub use product::{ProductInput, product};
pub use segment::{SegmentInput, segment};
pub use shop::{ShopInput, shop};
pub use subject::{Subject, SubjectError};
pub use top_k::top_k;

/// All that is known of a subject, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactSheet {
    /// What it is about, as in [`Summary::subject`](catalog::Summary::subject).
    pub subject: String,
    /// The language of its sentences.
    pub language: Language,
    /// What the subject is called: a stranger's text, cleaned and cut.
    pub title: String,
    /// The facts in a fixed order, `F1` first.
    pub facts: Vec<Fact>,
}

impl FactSheet {
    /// Returns the fact of an id.
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }

    /// Returns the hash of all that the sheet says, 64 hexadecimal digits of SHA-256. When it was found out is no
    /// part of that: an unchanged product has an unchanged hash.
    pub fn hash(&self) -> String {
        let said = Said {
            facts: self.facts.iter().map(SaidFact::of).collect(),
            language: self.language,
            subject: &self.subject,
            title: &self.title,
        };
        sha256(&serde_json::to_vec(&said).unwrap_or_default())
    }
}

/// A sheet without times, its keys in the order of the alphabet.
#[derive(Serialize)]
struct Said<'a> {
    facts: Vec<SaidFact<'a>>,
    language: Language,
    subject: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct SaidFact<'a> {
    id: &'a str,
    source: FactSource,
    text: &'a str,
    topic: &'a str,
}

impl<'a> SaidFact<'a> {
    fn of(fact: &'a Fact) -> Self {
        Self {
            id: &fact.id,
            source: fact.source,
            text: &fact.text,
            topic: &fact.topic,
        }
    }
}

#[cfg(test)]
mod tests {
    use catalog::UnixMs;

    use super::*;

    fn sheet(text: &str, at: i64) -> FactSheet {
        FactSheet {
            subject: "product:shopify:shop.example:1".to_owned(),
            language: Language::En,
            title: "Brass lamp".to_owned(),
            facts: vec![Fact {
                id: "F1".to_owned(),
                topic: "price".to_owned(),
                text: text.to_owned(),
                source: FactSource::Catalogue,
                at: Some(UnixMs::new(at)),
            }],
        }
    }

    #[test]
    fn the_hash_is_of_what_is_said_and_not_of_when() {
        let hash = sheet("Its price is 49.00 EUR.", 1).hash();
        assert_eq!(hash, sheet("Its price is 49.00 EUR.", 2).hash());
        assert_ne!(hash, sheet("Its price is 48.00 EUR.", 1).hash());
        let mut french = sheet("Its price is 49.00 EUR.", 1);
        french.language = Language::Fr;
        assert_ne!(hash, french.hash());
    }

    #[test]
    fn the_hash_is_sha_256_of_canonical_json() {
        // printf %s '{"facts":[{"id":"F1","source":"catalogue","text":"T","topic":"price"}],"language":"en",
        // "subject":"product:shopify:shop.example:1","title":"Brass lamp"}' | sha256sum, on one line.
        assert_eq!(
            sheet("T", 0).hash(),
            "d096efb40d8519736a1128775566709f70bbbe205f285948dbeafa2a3fd90ab2"
        );
    }
}
