//! A fact sheet as evidence: every fact taken apart once, and the names that it knows.

mod name;

pub(super) use name::{Name, folded};

use std::collections::{HashMap, HashSet};

use catalog::{FactSource, Language};

use crate::facts::FactSheet;

use super::extract::{Kind, Mark, Passage, Quantity};
use super::surface::is_host;

/// All of a sheet.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) language: Language,
    pub(super) facts: Vec<Evidence>,
    /// By id, the place in `facts`.
    ids: HashMap<String, usize>,
    /// What facts quote or begin with: titles, vendors, tags.
    pub(super) names: Vec<Name>,
    /// By first word, names with it.
    by_first: HashMap<String, Vec<usize>>,
    /// Words of the sheet's title.
    title: HashSet<String>,
    /// Words of all names.
    name_words: HashSet<String>,
    /// Whether it is about several products, each with facts of its own.
    pub(super) is_list: bool,
}

/// One fact.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) passage: Passage,
    pub(super) is_seller: bool,
    words: HashSet<String>,
    /// The names that stand in it.
    pub(super) names: HashSet<usize>,
    /// The one of them that the fact is about.
    pub(super) head: Option<usize>,
    hosts: HashSet<String>,
}

/// The facts that one text may stand on.
#[derive(Debug)]
pub(super) struct Pool<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) facts: Vec<&'a Evidence>,
    /// Whether names may come from all facts that no seller wrote: in texts that cite nothing themselves.
    pub(super) has_all_names: bool,
}

impl Sheet {
    pub(super) fn of(sheet: &FactSheet) -> Self {
        let mut read = Self {
            language: sheet.language,
            facts: Vec::with_capacity(sheet.facts.len()),
            ids: HashMap::new(),
            names: Vec::new(),
            by_first: HashMap::new(),
            title: HashSet::new(),
            name_words: HashSet::new(),
            is_list: !sheet.subject.starts_with("product:"),
        };
        let title = Passage::of(&sheet.title, sheet.language);
        read.title = words(&title);
        let title_name = read.add_name(&title.tokens);
        let mut heads = Vec::new();
        for fact in &sheet.facts {
            let mut passage = Passage::of(&fact.text, sheet.language);
            let is_seller = fact.source == FactSource::Seller;
            if is_seller {
                add_numbers_of_other_language(&mut passage, &fact.text, sheet.language);
            }
            let head = if is_seller {
                None
            } else {
                read.add_names(&passage)
            };
            heads.push(head);
            let hosts = fact
                .text
                .split_whitespace()
                .filter(|word| !is_seller && is_host(word));
            read.ids.entry(fact.id.clone()).or_insert(read.facts.len());
            let words = words(&passage);
            let hosts = hosts.map(bare_host).collect();
            read.facts.push(Evidence {
                passage,
                is_seller,
                words,
                names: HashSet::new(),
                head: None,
                hosts,
            });
        }
        read.set_heads(&heads, title_name);
        for at in 0..read.facts.len() {
            let found = read.find_names(&read.facts[at].passage, true);
            read.facts[at].names = found.into_iter().map(|(_, name)| name).collect();
        }
        read
    }

    pub(super) fn pool<'a>(&'a self, ids: impl Iterator<Item = &'a String>) -> Pool<'a> {
        let mut seen = HashSet::new();
        let places = ids
            .filter_map(|id| self.ids.get(id))
            .filter(|it| seen.insert(**it));
        Pool {
            sheet: self,
            facts: places.map(|it| &self.facts[*it]).collect(),
            has_all_names: false,
        }
    }

    /// Returns whether a word stands in the title.
    pub(super) fn has_title_word(&self, word: &str) -> bool {
        self.title.contains(word)
    }

    pub(super) fn all(&self) -> Pool<'_> {
        Pool {
            sheet: self,
            facts: self.facts.iter().collect(),
            has_all_names: true,
        }
    }
}

impl Evidence {
    /// Returns the hosts that it names.
    pub(super) fn hosts(&self) -> &HashSet<String> {
        &self.hosts
    }
}

impl Pool<'_> {
    /// Returns whether a word stands in the facts or in the subject's title, in this or the other number.
    pub(super) fn has_word(&self, word: &str) -> bool {
        let ours = || {
            self.sheet
                .facts
                .iter()
                .filter(|it| self.has_all_names && !it.is_seller)
        };
        let has = |word: &str| {
            self.sheet.title.contains(word)
                || self.facts.iter().any(|it| it.words.contains(word))
                || ours().any(|it| it.words.contains(word))
        };
        has(word)
            || word
                .strip_suffix(['s', 'x'])
                .is_some_and(|it| it.len() > 2 && has(it))
            || (word.len() > 2 && has(&format!("{word}s")))
    }

    /// Returns whether one fact has all of these words.
    pub(super) fn has_together(&self, words: &[&str]) -> bool {
        let has = |fact: &&&Evidence| {
            words
                .iter()
                .all(|it| fact.words.contains(*it) || self.sheet.title.contains(*it))
        };
        self.facts.iter().any(|it| has(&it))
    }

    pub(super) fn is_title_word(&self, word: &str) -> bool {
        self.sheet.title.contains(word)
    }

    pub(super) fn is_name_word(&self, word: &str) -> bool {
        self.sheet.name_words.contains(word) || self.sheet.title.contains(word)
    }

    /// Returns whether a fact that no seller wrote has this host.
    pub(super) fn names_host(&self, word: &str) -> bool {
        let host = bare_host(word);
        self.facts.iter().any(|it| it.hosts.contains(&host))
    }

    /// Returns the quantities of all facts.
    pub(super) fn quantities(&self) -> impl Iterator<Item = (&Evidence, &Quantity)> {
        self.facts
            .iter()
            .flat_map(|fact| fact.passage.quantities.iter().map(move |it| (*fact, it)))
    }

    /// Returns what facts say in words of ours: no seller's, and nothing that is quoted.
    pub(super) fn marks(&self) -> impl Iterator<Item = (&Evidence, &Mark)> {
        let ours = self.facts.iter().filter(|it| !it.is_seller);
        ours.flat_map(|fact| fact.passage.marks.iter().map(move |it| (*fact, it)))
            .filter(|(fact, mark)| fact.passage.tokens[mark.start].quote.is_none())
    }
}

/// A seller may write `two batteries` in a shop whose summary is French.
fn add_numbers_of_other_language(passage: &mut Passage, text: &str, language: Language) {
    let other = match language {
        Language::En => Language::Fr,
        Language::Fr => Language::En,
    };
    let read = Passage::of(text, other);
    for quantity in read.quantities {
        let is_new = !passage
            .quantities
            .iter()
            .any(|it| it.start < quantity.end && quantity.start < it.end);
        if is_new && quantity.kind == Kind::Count {
            passage.quantities.push(quantity);
        }
    }
    passage.quantities.sort_by_key(|it| it.start);
}

fn bare_host(word: &str) -> String {
    word.trim_matches(|it: char| !it.is_alphanumeric())
        .to_lowercase()
}

fn words(passage: &Passage) -> HashSet<String> {
    let mut words: HashSet<String> = passage.tokens.iter().map(folded).collect();
    // `100ml` and `100 ml` are the same.
    for pair in passage.tokens.windows(2) {
        if pair[0].number().is_some() && !pair[1].word().is_empty() {
            words.insert(format!("{}{}", pair[0].text, pair[1].word()));
        }
    }
    words
}
