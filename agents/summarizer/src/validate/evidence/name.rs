//! The names that a sheet knows, and where a text has one of them.

use std::ops::Range;

use super::Sheet;
use crate::validate::extract::{Passage, Token, fold};

/// A name, by its words.
#[derive(Debug)]
pub(in super::super) struct Name {
    words: Vec<String>,
    /// As written; small letters stand for any.
    texts: Vec<String>,
    /// Whether some fact is about it.
    pub(in super::super) is_head: bool,
}

impl Sheet {
    /// Adds what a fact quotes, and returns the first of it.
    pub(super) fn add_names(&mut self, passage: &Passage) -> Option<usize> {
        let mut first = None;
        let mut at = 0;
        while at < passage.tokens.len() {
            let Some(quote) = passage.tokens[at].quote else {
                at += 1;
                continue;
            };
            let rest = &passage.tokens[at..];
            let length = rest.iter().take_while(|it| it.quote == Some(quote)).count();
            let name = self.add_name(&rest[..length]);
            first = first.or(name);
            at += length;
        }
        first.or_else(|| self.add_leading_name(passage))
    }

    /// A run of two capitalized words and more that a fact begins with is a name, too.
    fn add_leading_name(&mut self, passage: &Passage) -> Option<usize> {
        let tokens = &passage.tokens;
        let is_part = |it: &&Token| it.is_capitalized() || it.number().is_some() || it.is_mark('-');
        let length = tokens.iter().take_while(is_part).count();
        let n_words = tokens[..length]
            .iter()
            .filter(|it| it.is_capitalized())
            .count();
        if n_words >= 2 {
            self.add_name(&tokens[..length])
        } else {
            None
        }
    }

    pub(super) fn add_name(&mut self, tokens: &[Token]) -> Option<usize> {
        let texts: Vec<String> = tokens.iter().map(|it| it.text.clone()).collect();
        let words: Vec<String> = tokens.iter().map(folded).collect();
        let first = words.first()?.clone();
        if !words.iter().any(|it| it.chars().any(char::is_alphanumeric)) {
            return None;
        }
        let known = self.by_first.entry(first).or_default();
        if let Some(at) = known.iter().find(|it| self.names[**it].words == words) {
            return Some(*at);
        }
        known.push(self.names.len());
        self.name_words
            .extend(words.iter().filter(|it| it.len() > 1).cloned());
        self.names.push(Name {
            words,
            texts,
            is_head: false,
        });
        Some(self.names.len() - 1)
    }

    /// In a list, a fact is about the name that it has first, unless that is what the list itself is called.
    pub(super) fn set_heads(&mut self, heads: &[Option<usize>], title: Option<usize>) {
        for (at, head) in heads.iter().enumerate() {
            let has_own = self.is_list || is_of_variant(&self.facts[at].passage);
            if let Some(head) = head.filter(|it| Some(*it) != title && has_own) {
                self.facts[at].head = Some(head);
                self.names[head].is_head = true;
            }
        }
    }

    /// Returns where names stand in a text, longest first at each place. In quotations case does not count, and with
    /// `is_fact` it counts nowhere; elsewhere a name needs its capitals.
    pub(in super::super) fn find_names(
        &self,
        passage: &Passage,
        is_fact: bool,
    ) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        let tokens = &passage.tokens;
        let mut at = 0;
        while at < tokens.len() {
            let known = self.by_first.get(&folded(&tokens[at]));
            let fits = |name: &&usize| {
                let name = &self.names[**name];
                name.stands_at(&tokens[at..], is_fact || name.is_plain_head())
            };
            let longest = known
                .into_iter()
                .flatten()
                .filter(fits)
                .max_by_key(|it| self.names[**it].words.len());
            match longest {
                Some(name) => {
                    let length = self.names[*name].words.len();
                    found.push((at..at + length, *name));
                    at += length;
                }
                None => at += 1,
            }
        }
        found
    }
}

impl Name {
    /// Returns whether it is what a fact of a list is about, in several words and no number: in small letters it means the same.
    fn is_plain_head(&self) -> bool {
        let is_word = |it: &&String| it.len() > 2 && it.chars().all(char::is_alphabetic);
        self.is_head && self.words.iter().filter(is_word).count() >= 2
    }

    /// Returns its words as they are compared.
    pub(in super::super) fn words(&self) -> &[String] {
        &self.words
    }

    fn stands_at(&self, tokens: &[Token], is_fact: bool) -> bool {
        if tokens.len() < self.words.len() {
            return false;
        }
        let mut has_shape = false;
        for ((word, text), token) in self.words.iter().zip(&self.texts).zip(tokens) {
            if folded(token) != *word {
                return false;
            }
            let is_quoted = is_fact || token.quote.is_some();
            let has_capital = text.chars().any(char::is_uppercase);
            if has_capital && !is_quoted && !token.is_capitalized() {
                return false;
            }
            has_shape |= has_capital || is_quoted || text.chars().any(|it| it.is_ascii_digit());
        }
        has_shape
    }
}

/// `The variant “S” sold out`, `The price of the variant “S” fell`.
fn is_of_variant(passage: &Passage) -> bool {
    let tokens = &passage.tokens;
    let quote = tokens.iter().position(|it| it.quote.is_some());
    let before = &tokens[..quote.unwrap_or(0)];
    before.len() <= 7
        && before
            .iter()
            .any(|it| matches!(it.word(), "variant" | "variante"))
}

/// Returns a token as names are compared.
pub(in super::super) fn folded(token: &Token) -> String {
    if token.word().is_empty() {
        fold(&token.text)
    } else {
        token.word().to_owned()
    }
}
