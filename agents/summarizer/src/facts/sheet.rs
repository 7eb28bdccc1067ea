//! How a sheet is filled: each sentence gets the next number.

use catalog::{Fact, FactSource, Language, Money, UnixMs};

use super::{FactSheet, Subject, wording};

/// Products as [`Sheet::counted`] names them.
pub(super) const PRODUCTS: [&str; 4] = ["product", "products", "produit", "produits"];

/// Facts so far, in one language.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) language: Language,
    facts: Vec<Fact>,
}

impl Sheet {
    pub(super) const fn new(language: Language) -> Self {
        Self {
            language,
            facts: Vec::new(),
        }
    }

    /// Adds a fact by its sentence in English and in French.
    pub(super) fn add(
        &mut self,
        topic: &str,
        (source, at): (FactSource, Option<UnixMs>),
        sentences: [String; 2],
    ) {
        self.facts.push(Fact {
            id: format!("F{}", self.facts.len() + 1),
            topic: topic.to_owned(),
            text: wording::pick(self.language, sentences),
            source,
            at,
        });
    }

    pub(super) fn finish(self, subject: &Subject, title: String) -> FactSheet {
        FactSheet {
            subject: subject.to_string(),
            language: self.language,
            title,
            facts: self.facts,
        }
    }

    pub(super) fn money(&self, amount: Money) -> String {
        wording::money(self.language, amount)
    }

    pub(super) fn date(&self, at: UnixMs) -> String {
        wording::date(self.language, at)
    }

    pub(super) fn quoted(&self, words: &str, max_chars: usize) -> Option<String> {
        wording::quoted(self.language, words, max_chars)
    }

    pub(super) fn list<T: AsRef<str>>(&self, items: &[T]) -> String {
        wording::list(self.language, items)
    }

    /// Returns `n` things with their name, in `[English singular, plural, French singular, plural]`.
    pub(super) fn counted(&self, n: usize, names: [&str; 4]) -> String {
        wording::counted(self.language, n as u64, names)
    }
}
