//! The phrases of the lexicons by their first word.

use std::collections::HashMap;
use std::sync::LazyLock;

use catalog::Language;

use super::Sense;
use crate::validate::extract::lexicon;
use crate::validate::extract::token::Token;

pub(super) struct Tables {
    pub(super) statements: Table,
    pub(super) roles: Table,
}

/// By the first word: the words behind it, and what all of them together say.
pub(super) type Table = HashMap<String, Vec<(Vec<String>, Vec<Sense>)>>;

pub(super) static ENGLISH: LazyLock<Tables> = LazyLock::new(|| tables(Language::En));
pub(super) static FRENCH: LazyLock<Tables> = LazyLock::new(|| tables(Language::Fr));

fn tables(language: Language) -> Tables {
    let mut tables = Tables {
        statements: Table::new(),
        roles: Table::new(),
    };
    for (sense, phrases) in lexicon::phrases(language) {
        let is_role = matches!(
            sense,
            Sense::Least
                | Sense::Order
                | Sense::From
                | Sense::Before
                | Sense::After
                | Sense::Middle
                | Sense::Now
        );
        let table = if is_role {
            &mut tables.roles
        } else {
            &mut tables.statements
        };
        for words in phrases.split(", ").flat_map(spelled_out) {
            let Some((first, rest)) = words.split_first() else {
                continue;
            };
            let entries = table.entry(first.clone()).or_default();
            match entries.iter_mut().find(|(words, _)| words == rest) {
                Some((_, senses)) => senses.push(*sense),
                None => entries.push((rest.to_vec(), vec![*sense])),
            }
        }
    }
    for entries in tables
        .statements
        .values_mut()
        .chain(tables.roles.values_mut())
    {
        entries.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
    }
    tables
}

/// Returns all spellings of `price rise|s`.
fn spelled_out(phrase: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for word in phrase.split(' ') {
        let mut parts = word.split('|');
        let stem = parts.next().unwrap_or_default();
        let endings: Vec<&str> = std::iter::once("").chain(parts).collect();
        let with = |ending: &&str| {
            let spelled = format!("{stem}{ending}");
            all.iter()
                .map(move |words: &Vec<String>| {
                    [words.as_slice(), std::slice::from_ref(&spelled)].concat()
                })
                .collect::<Vec<_>>()
        };
        all = endings.iter().flat_map(with).collect();
    }
    all
}

pub(super) fn longest<'a>(
    table: &'a Table,
    tokens: &[Token],
    at: usize,
) -> Option<(usize, &'a [Sense])> {
    let first = tokens[at].word();
    if first.is_empty() {
        return None;
    }
    table.get(first)?.iter().find_map(|(words, senses)| {
        let mut next = at + 1;
        for word in words {
            // `compare-at` and `l'image` are two words each.
            while tokens
                .get(next)
                .is_some_and(|it| it.is_mark('-') || it.is_mark('’') || it.is_mark('\''))
            {
                next += 1;
            }
            let token = tokens.get(next)?;
            if token.word() != word && token.number().is_none_or(|_| &token.text != word) {
                return None;
            }
            next += 1;
        }
        Some((next - at, senses.as_slice()))
    })
}
