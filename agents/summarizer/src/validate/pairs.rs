//! Whether two numbers that belong together stand in the facts' order: ranges, shares, now and before.

use std::ops::Range;

use super::evidence::Evidence;
use super::extract::quantity::{Pair, Role};
use super::extract::{Kind, Quantity, Sense};
use super::ground::is_same;
use super::names::Named;
use super::{Part, Reject, short};

pub(super) fn check(part: &Part<'_>, named: &Named, sentence: &Range<usize>) -> Vec<Reject> {
    let quantities: Vec<&Quantity> = part.passage.quantities_in(sentence).collect();
    let mut found = Vec::new();
    for pair in quantities.windows(2) {
        let Some(kind) = pair[0].pair.filter(|_| !named.covers(pair[0].start)) else {
            continue;
        };
        // `5 changes of 2 products` is no share that could be turned round.
        let differ =
            |one: &Quantity, two: &Quantity| !one.nouns.is_empty() && one.nouns != two.nouns;
        let is_no_share = kind == Pair::Share
            && !pair[0].nouns.contains(&"place")
            && pair[0].kind == Kind::Count
            && differ(pair[0], pair[1])
            && pair[0].value.rough() > pair[1].value.rough();
        let is_turned = !is_no_share
            && match kind {
                Pair::Back => is_turned_round(part, pair[1], pair[0], Pair::Range),
                _ => is_turned_round(part, pair[0], pair[1], kind),
            };
        if kind == Pair::Share && is_other_share(part, pair[0], pair[1]) {
            let said = short(&part.passage.shown(pair[0].start, pair[1].end));
            let detail = format!(
                "{}: {said} is another share in the facts; copy theirs",
                part.name
            );
            found.push(Reject::new("count_mismatch", detail));
        }
        // `from 1 March to 1 March` is no period.
        let is_empty = kind == Pair::Range
            && matches!(pair[0].kind, Kind::Date(_))
            && pair[0].kind == pair[1].kind;
        if is_turned || is_empty {
            let detail = format!(
                "{}: two numbers stand in the other order in the facts; keep their order",
                part.name
            );
            found.push(Reject::new("range_reversed", detail));
        }
    }
    found
}

/// `15 of 15` where the facts say `12 of 15`.
fn is_other_share(part: &Part<'_>, first: &Quantity, second: &Quantity) -> bool {
    let is_place = |it: &Quantity| it.kind == Kind::Ordinal || it.nouns.contains(&"place");
    if !matches!(first.kind, Kind::Count | Kind::Ordinal) {
        return false;
    }
    let clause = part.passage.clauses[first.start];
    let is_out = part
        .passage
        .marks
        .iter()
        .any(|it| it.sense == Sense::Unavailable && part.passage.clauses[it.start] == clause);
    let is_rest = |pair: &[Quantity]| {
        let rest = pair[1].value.whole().zip(pair[0].value.whole());
        is_out && rest.and_then(|(all, part)| all.checked_sub(part)) == first.value.whole()
    };
    let stands_alone = |fact: &&Evidence| {
        let quantities = &fact.passage.quantities;
        let is_paired = |n: usize| {
            quantities[n].pair.is_some()
                || n.checked_sub(1)
                    .is_some_and(|it| quantities[it].pair.is_some())
        };
        (0..quantities.len()).any(|n| is_same(second, &quantities[n]) && !is_paired(n))
    };
    let is_whole = first.value == second.value && !part.pool.facts.iter().any(stands_alone);
    let (mut same, mut other) = (false, false);
    for fact in &part.pool.facts {
        for pair in fact.passage.quantities.windows(2) {
            if pair[0].pair == Some(Pair::Share) && is_rest(pair) {
                return false;
            }
            let is_like = is_place(first) == is_place(&pair[0]);
            // `12 of 12` where the facts say `12 of 15`.
            let is_near = is_same(first, &pair[0]) || is_same(second, &pair[1]);
            if pair[0].pair == Some(Pair::Share) && is_like && is_near && is_whole {
                same |= pair[0].value == pair[1].value;
                other |= pair[0].value != pair[1].value;
            }
            if pair[0].pair == Some(Pair::Share) && is_like && is_same(second, &pair[1]) {
                same |= is_same(first, &pair[0]);
                other |= !is_same(first, &pair[0]);
            }
        }
    }
    other && !same
}

fn is_turned_round(part: &Part<'_>, first: &Quantity, second: &Quantity, kind: Pair) -> bool {
    let (mut straight, mut turned) = (false, false);
    for fact in &part.pool.facts {
        let quantities = &fact.passage.quantities;
        for pair in quantities.windows(2).filter(|it| it[0].pair == Some(kind)) {
            let pair = [&pair[0], &pair[1]];
            straight |= is_same(first, pair[0]) && is_same(second, pair[1]);
            turned |= is_same(first, pair[1]) && is_same(second, pair[0]);
        }
        // Two ends may stand in separate parts of a fact.
        let with_role = |ours: &Quantity| {
            let theirs = part.pool.quantities().filter(|(_, it)| is_same(ours, it));
            theirs.map(|(_, it)| it.role).collect::<Vec<Role>>()
        };
        if kind == Pair::Range {
            for one in with_role(first) {
                for two in with_role(second) {
                    straight |=
                        (one.is_before && two.is_after) || (one.is_least && two.is_greatest);
                    turned |= (one.is_after && two.is_before) || (one.is_greatest && two.is_least);
                }
            }
        }
    }
    // A pair of equal numbers is both.
    turned && !straight
}
