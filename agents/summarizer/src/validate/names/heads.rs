//! Which product of a list each figure of a sentence stands with.

use crate::validate::Part;
use crate::validate::evidence::{Evidence, folded};
use crate::validate::extract::{Passage, Token};

/// How many tokens a phrase may be away from its `for`: `a fall of 2% for`.
const FOR_REACH: usize = 6;

/// The products of one sentence.
#[derive(Debug)]
pub(in super::super) struct Heads {
    /// Each with its first token.
    pub(super) names: Vec<(usize, usize)>,
}

impl Heads {
    /// Returns whether each figure stands with a product whose fact has it.
    ///
    /// A figure belongs to the product before it in its clause, or else behind it there; in a clause without a product to
    /// one of its neighbours; or the n-th figure to the n-th product. Facts about no single product bear out any.
    pub(in super::super) fn bear_out(
        &self,
        borne: &[(usize, Vec<&Evidence>)],
        part: &Part<'_>,
    ) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let passage = &part.passage;
        // `61 are lamps`: what the fact is about stands beside its figure, in small letters.
        let is_spelled = |at: usize, facts: &[&Evidence]| {
            let within = |word: &String| {
                let mut tokens = passage.tokens.iter().zip(&passage.clauses);
                tokens.any(|(it, clause)| *clause == passage.clauses[at] && folded(it) == *word)
            };
            let is_small = |word: &String| {
                let mut tokens = passage.tokens.iter().zip(&passage.clauses);
                tokens.any(|(it, clause)| *clause == passage.clauses[at] && it.text == *word)
            };
            let is_content = |it: &&String| it.len() > 3 && it.chars().all(char::is_alphabetic);
            let has_name = self
                .names
                .iter()
                .any(|it| passage.clauses[it.0] == passage.clauses[at]);
            let mut heads = facts.iter().filter_map(|it| it.head);
            // `the bike rose from place 4`
            if !has_name
                && heads.clone().any(|it| {
                    part.pool.sheet.names[it]
                        .words()
                        .iter()
                        .filter(is_content)
                        .any(is_small)
                })
            {
                return true;
            }
            heads
                .by_ref()
                .map(|it| part.pool.sheet.names[it].words())
                .any(|it| it.iter().all(within))
        };
        let others: Vec<(usize, Vec<&Evidence>)> = borne
            .iter()
            .filter(|(at, facts)| !is_spelled(*at, facts))
            .cloned()
            .collect();
        self.bear_out_others(&others, passage) || self.bear_out_others(borne, passage)
    }

    fn bear_out_others(&self, borne: &[(usize, Vec<&Evidence>)], passage: &Passage) -> bool {
        let fits = |name: usize, facts: &[&Evidence]| {
            facts
                .iter()
                .any(|it| it.head.is_none() || it.names.contains(&name))
        };
        let each_fits = |borne: &[(usize, Vec<&Evidence>)]| {
            let mut least = 0;
            borne.iter().all(|(at, facts)| {
                let (owners, is_sure) = self.owners(*at, passage);
                let found = owners
                    .iter()
                    .find(|it| (is_sure || **it >= least) && fits(self.names[**it].1, facts));
                let is_first = !is_sure && fits(self.names[0].1, facts);
                least = found.copied().unwrap_or(least).max(least);
                found.is_some() || is_first
            })
        };
        let one_by_one = |borne: &[(usize, Vec<&Evidence>)]| {
            borne.len() == self.names.len()
                && borne
                    .iter()
                    .zip(&self.names)
                    .all(|((_, facts), (_, name))| fits(*name, facts))
        };
        let is_apart = |at: usize, before: bool| self.names.iter().all(|it| (it.0 > at) == before);
        // `A and B cost 49 and 59`; `places 4 and 5 go to A (49) and B (59)`.
        let ahead_and_behind = || {
            let n_ahead = borne.iter().take_while(|it| is_apart(it.0, true)).count();
            let (ahead, behind) = borne.split_at(n_ahead);
            one_by_one(ahead) && each_fits(behind)
        };
        let are_behind = borne.iter().all(|it| is_apart(it.0, false));
        each_fits(borne) || (are_behind && one_by_one(borne)) || ahead_and_behind()
    }

    /// Returns which names a figure may stand with, and whether its clause says so.
    fn owners(&self, at: usize, passage: &Passage) -> (Vec<usize>, bool) {
        let clauses = &passage.clauses;
        let before = self.names.iter().rposition(|it| it.0 <= at);
        let behind = self.names.iter().position(|it| it.0 > at);
        let is_near = |it: &usize| clauses.get(self.names[*it].0) == clauses.get(at);
        // `0.731 for the lamp`
        let end = passage
            .quantities
            .iter()
            .find(|it| it.start == at)
            .map_or(at + 1, |it| it.end);
        let is_for = passage
            .tokens
            .get(end)
            .is_some_and(|it| matches!(it.word(), "for" | "pour"));
        if let Some(name) = behind.filter(|_| is_for) {
            return (vec![name], true);
        }
        match before.filter(is_near).or_else(|| behind.filter(is_near)) {
            Some(name) => (vec![name], true),
            None => (before.into_iter().chain(behind).collect(), false),
        }
    }

    /// Returns the products on both sides of a token.
    pub(in super::super) fn around(&self, at: usize) -> Option<(usize, usize)> {
        let before = self.names.iter().rev().find(|it| it.0 < at)?;
        let behind = self.names.iter().find(|it| it.0 > at)?;
        Some((before.1, behind.1))
    }

    /// Returns the product that a phrase names with `for` behind its end, in the same clause, or with `, that of`.
    pub(in super::super) fn given_to(&self, end: usize, passage: &Passage) -> Option<usize> {
        let tokens = passage.tokens.get(end..)?;
        let is_for = |it: &Token| matches!(it.word(), "for" | "pour");
        let that_of = || match tokens {
            [comma, that, of, ..] if comma.is_mark(',') => {
                let is_that = matches!(that.word(), "that" | "celui" | "celle");
                (is_that && matches!(of.word(), "of" | "de" | "du")).then_some(end + 2)
            }
            _ => None,
        };
        let in_clause = || {
            let at = end + tokens.iter().take(FOR_REACH).position(is_for)?;
            let is_same = passage.clauses.get(end - 1) == passage.clauses.get(at);
            is_same.then_some(at)
        };
        let at = that_of().or_else(in_clause)?;
        let behind = self.names.iter().find(|it| it.0 > at)?;
        (behind.0 - at <= 2).then_some(behind.1)
    }

    /// Returns the nearest product; none where it stands behind in another clause.
    pub(in super::super) fn nearest_in(&self, at: usize, passage: &Passage) -> Option<usize> {
        let before = self.names.iter().any(|it| it.0 <= at);
        let near = self
            .names
            .iter()
            .any(|it| passage.clauses[it.0] == passage.clauses[at]);
        self.nearest(at).filter(|_| before || near)
    }

    /// Returns the product that stands nearest before a token, or else the first one.
    pub(in super::super) fn nearest(&self, at: usize) -> Option<usize> {
        let before = self.names.iter().rev().find(|it| it.0 <= at);
        before.or_else(|| self.names.first()).map(|it| it.1)
    }
}
