//! Shops by their hosts: a figure and a product of a list stay with the shop that the facts give them to.

use std::ops::Range;

use super::evidence::Evidence;
use super::extract::{Kind, Passage, Token};
use super::ground::is_same;
use super::names::Named;
use super::{Part, Reject};

pub(super) fn check(part: &Part<'_>, named: &Named, sentence: &Range<usize>) -> Option<Reject> {
    let hosts = hosts(&part.passage, sentence);
    let is_swapped = part.pool.sheet.is_list
        && hosts.iter().any(|(at, host)| {
            is_other_shop(part, named, *at, host)
                || has_other_figure(part, named, &hosts, *at, host)
        });
    is_swapped.then(|| {
        let detail = format!(
            "{}: a figure or a product stands with another shop in the facts; keep what belongs together",
            part.name
        );
        Reject::new("product_swapped", detail)
    })
}

/// Returns the hosts of a sentence, each with its first token.
fn hosts(passage: &Passage, sentence: &Range<usize>) -> Vec<(usize, String)> {
    let tokens = &passage.tokens;
    let is_joint = |it: &Token| it.is_glued && (it.is_mark('.') || it.is_mark('-'));
    let mut found = Vec::new();
    let mut at = sentence.start;
    while at < sentence.end {
        let mut end = at + 1;
        while end + 1 < sentence.end
            && is_joint(&tokens[end])
            && tokens[end + 1].is_glued
            && !tokens[end + 1].word().is_empty()
        {
            end += 2;
        }
        let has_point = tokens[at..end].iter().any(|it| it.is_mark('.'));
        if has_point && !tokens[at].word().is_empty() {
            found.push((
                at,
                tokens[at..end]
                    .iter()
                    .map(|it| it.text.to_lowercase())
                    .collect(),
            ));
        }
        at = end;
    }
    found
}

/// `the Vase from a.example` where the facts have it from another shop.
fn is_other_shop(part: &Part<'_>, named: &Named, at: usize, host: &str) -> bool {
    let Some((end, name)) = named.head_before(at) else {
        return false;
    };
    let joint = &part.passage.tokens[end..at];
    let is_from = |it: &Token| {
        matches!(
            it.word(),
            "from" | "at" | "by" | "of" | "chez" | "de" | "par"
        )
    };
    if joint.len() != 1 || !joint.iter().all(is_from) {
        return false;
    }
    let facts = &part.pool.sheet.facts;
    let mut theirs = facts
        .iter()
        .filter(|it| it.head == Some(name) && !it.hosts().is_empty())
        .peekable();
    theirs.peek().is_some() && !theirs.any(|it| it.hosts().contains(host))
}

/// `3 of 5 changes are from b.example` where those are of another shop.
fn has_other_figure(
    part: &Part<'_>,
    named: &Named,
    hosts: &[(usize, String)],
    at: usize,
    host: &str,
) -> bool {
    let clauses = &part.passage.clauses;
    let is_alone = hosts
        .iter()
        .filter(|it| clauses[it.0] == clauses[at])
        .count()
        == 1;
    let has_head = named
        .head_before(at)
        .is_some_and(|it| clauses[it.0.saturating_sub(1)] == clauses[at]);
    let mut figures = part.passage.quantities.iter().filter(|it| {
        it.kind == Kind::Count && clauses[it.start] == clauses[at] && !named.covers(it.start)
    });
    is_alone
        && !has_head
        && figures.any(|ours| {
            let has = |it: &&&Evidence| {
                it.passage
                    .quantities
                    .iter()
                    .any(|theirs| is_same(ours, theirs))
            };
            let mut facts = part.pool.facts.iter().filter(has).peekable();
            facts.peek().is_some()
                && facts.all(|it| !it.hosts().is_empty() && !it.hosts().contains(host))
        })
}
