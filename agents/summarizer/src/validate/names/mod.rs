//! Whether the names of a text stand in its facts.

mod heads;
pub(super) mod number;
pub(super) mod start;
mod thing;

pub(super) use heads::Heads;
pub(super) use thing::small_words;

use std::ops::Range;

use super::evidence::{Evidence, Pool, folded};
use super::extract::{Token, lexicon};
use super::{Part, Reject, short};

/// Where a text names what the facts name.
#[derive(Debug)]
pub(super) struct Named {
    /// For each token, whether it is part of such a name.
    covered: Vec<bool>,
    /// Names that stand for products of a list, in their order.
    heads: Vec<(usize, usize)>,
    /// All names.
    spans: Vec<(Range<usize>, usize)>,
}

impl Named {
    pub(super) fn of(part: &Part<'_>) -> Self {
        let passage = &part.passage;
        let mut covered = vec![false; passage.tokens.len()];
        let sheet = part.pool.sheet;
        let spans = sheet.find_names(passage, false);
        for (range, _) in &spans {
            covered[range.clone()].fill(true);
        }
        // What is quoted as a whole from some fact is a name as well.
        let heads = spans.iter().filter(|(_, name)| sheet.names[*name].is_head);
        let heads = heads.map(|(range, name)| (range.start, *name)).collect();
        Self {
            covered,
            heads,
            spans,
        }
    }

    pub(super) fn covers(&self, token: usize) -> bool {
        self.covered.get(token).copied().unwrap_or_default()
    }

    /// Returns where the last product before a token ends, and which it is.
    pub(super) fn head_before(&self, at: usize) -> Option<(usize, usize)> {
        let is_head = |name: usize| self.heads.iter().any(|it| it.1 == name);
        let before = self
            .spans
            .iter()
            .rev()
            .find(|(range, name)| range.end <= at && is_head(*name))?;
        Some((before.0.end, before.1))
    }

    /// Returns the products of a sentence; of one that has none and begins with `It` or the like, those of the last one before it.
    pub(super) fn heads_for(&self, part: &Part<'_>, sentence: usize) -> Heads {
        let sentences = &part.passage.sentences;
        let within = |range: &Range<usize>| -> Vec<(usize, usize)> {
            self.heads
                .iter()
                .copied()
                .filter(|(at, _)| range.contains(at))
                .collect()
        };
        let names = within(&sentences[sentence]);
        let first = part.passage.tokens[sentences[sentence].clone()]
            .first()
            .map_or("", Token::word);
        let goes_on = matches!(first, "it" | "its" | "il" | "elle" | "son" | "sa" | "ses");
        if !names.is_empty() || !goes_on || sentence == 0 {
            return Heads { names };
        }
        let mut before = within(&sentences[sentence - 1]);
        // With several it is not sure which one is meant.
        if before.len() > 1 {
            before.clear();
        }
        Heads {
            names: before.into_iter().map(|(_, name)| (0, name)).collect(),
        }
    }
}

pub(super) fn check(part: &Part<'_>, named: &Named) -> Vec<Reject> {
    let mut found = Vec::new();
    let mut refuse = |from: usize, to: usize| {
        let said = short(&part.passage.shown(from, to));
        let detail = format!(
            "{}: {said} is no name of the cited facts; copy theirs",
            part.name
        );
        found.push(Reject::new("name_not_in_facts", detail));
    };
    for (range, name) in &named.spans {
        let is_cited = part.pool.facts.iter().any(|it| it.names.contains(name));
        let is_known = |it: &Token| {
            part.pool.has_word(&folded(it)) || !it.text.chars().any(char::is_alphanumeric)
        };
        if !is_cited && !part.passage.tokens[range.clone()].iter().all(is_known) {
            refuse(range.start, range.end);
        }
    }
    for sentence in &part.passage.sentences {
        for run in runs(part, named, sentence) {
            if !is_known_run(part, &run, sentence) {
                refuse(run.start, run.end);
            }
        }
    }
    for quote in quotations(part) {
        let words: Vec<String> = part.passage.tokens[quote.clone()]
            .iter()
            .map(folded)
            .collect();
        let is_covered = quote.clone().all(|it| named.covers(it));
        if !is_covered && !is_quoted_in(&part.pool, &words) {
            refuse(quote.start, quote.end);
        }
    }
    found
}

/// Returns the runs of capitalized words outside names that the facts have.
fn runs(part: &Part<'_>, named: &Named, sentence: &Range<usize>) -> Vec<Range<usize>> {
    let tokens = &part.passage.tokens;
    let is_read = |at: usize| {
        part.passage
            .quantities
            .iter()
            .any(|it| (it.start..it.end).contains(&at))
    };
    let is_part = |at: usize| {
        let token = &tokens[at];
        token.is_capitalized()
            && !named.covers(at)
            && !is_read(at)
            && token.text.chars().count() > 1
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in sentence.clone().filter(|it| is_part(*it)) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

fn is_known_run(part: &Part<'_>, run: &Range<usize>, sentence: &Range<usize>) -> bool {
    let tokens = &part.passage.tokens[run.clone()];
    let is_title_case = part.is_headline && start::is_title_case(part);
    let is_free = |at: usize, token: &Token| {
        part.pool.has_word(token.word())
            || (is_title_case && start::is_common(token.word(), part.pool.sheet.language))
            || (part.is_headline && part.passage.moves_at(at))
            || (start::opens(&part.passage.tokens, at, sentence) && start::is_free(part, at))
    };
    let unknown = tokens
        .iter()
        .enumerate()
        .any(|(n, it)| !is_free(run.start + n, it));
    if unknown {
        return false;
    }
    // In a list, words of two products together are no name.
    let opens = start::opens(&part.passage.tokens, run.start, sentence);
    let words: Vec<&str> = tokens
        .iter()
        .skip(usize::from(opens))
        .map(Token::word)
        .collect();
    let is_one = words.len() < 2 || is_title_case || !part.pool.sheet.is_list;
    is_one || part.pool.has_together(&words)
}

fn quotations(part: &Part<'_>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut last = None;
    for (at, token) in part.passage.tokens.iter().enumerate() {
        match (token.quote, found.last_mut()) {
            (Some(_), Some(range)) if token.quote == last => range.end = at + 1,
            (Some(_), _) => found.push(at..at + 1),
            _ => {}
        }
        last = token.quote;
    }
    found
}

fn is_quoted_in(pool: &Pool<'_>, words: &[String]) -> bool {
    let stands_in = |fact: &&Evidence| {
        let theirs: Vec<String> = fact.passage.tokens.iter().map(folded).collect();
        theirs.windows(words.len().max(1)).any(|it| it == words)
    };
    let is_of_title = || {
        words
            .iter()
            .all(|it| pool.has_word(it) || lexicon::is_stop_word(it, pool.sheet.language))
    };
    pool.facts.iter().any(stands_in) || (words.len() <= 2 && is_of_title() && !pool.sheet.is_list)
}
