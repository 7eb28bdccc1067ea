//! What was when: prices before and since a day, and the days on which a thing was published and first seen.

use std::ops::Range;

use super::evidence::Evidence;
use super::extract::quantity::Role;
use super::extract::{Kind, Passage, Quantity, Token};
use super::ground::is_same;
use super::{Part, Reject, short};

pub(super) fn check(part: &Part<'_>, sentence: &Range<usize>) -> Vec<Reject> {
    let mut found = Vec::new();
    if let Some((price, day)) = turned_price(part, sentence) {
        let said = short(&part.passage.shown(price.start, price.end));
        let day = short(&part.passage.shown(day.start, day.end));
        let detail = format!(
            "{}: {said} is the price on the other side of {day} in the facts; keep before and after as they are",
            part.name
        );
        found.push(Reject::new("bound_swapped", detail));
    }
    if let Some(day) = other_day(part, sentence) {
        let said = short(&part.passage.shown(day.start, day.end));
        let detail = format!(
            "{}: {said} is the day of something else in the facts; keep each day with what happened on it",
            part.name
        );
        found.push(Reject::new("date_not_in_facts", detail));
    }
    found
}

/// `Before 3 March it cost 40 EUR` where that is the price since.
fn turned_price<'a>(
    part: &'a Part<'_>,
    sentence: &Range<usize>,
) -> Option<(&'a Quantity, &'a Quantity)> {
    let passage = &part.passage;
    let inside: Vec<&Quantity> = passage.quantities_in(sentence).collect();
    let is_open = |it: &Quantity| matches!(it.kind, Kind::Money(_)) && it.pair.is_none();
    let money = inside
        .iter()
        .filter(|it| matches!(it.kind, Kind::Money(_)))
        .count();
    let mut moves = inside.iter().enumerate().filter_map(|(n, day)| {
        let role = side(&passage.tokens, day)?;
        // The price directly before the words, or else the first one behind.
        let before = n
            .checked_sub(1)
            .map(|it| inside[it])
            .filter(|it| is_open(it));
        let behind = inside.get(n + 1).copied().filter(|it| is_open(it));
        let price = match (before, behind) {
            (Some(before), _) if day.start - before.end <= 4 => before,
            (None, Some(behind)) => behind,
            (Some(before), None) if money == 1 => before,
            _ => return None,
        };
        let is_sure = price.role == Role::default() || price.role == role;
        is_sure.then_some((price, *day, role))
    });
    moves.find_map(|(price, day, role)| {
        let at_day = |fact: &&&Evidence| fact.passage.quantities.iter().any(|it| is_same(day, it));
        let facts = part.pool.facts.iter().filter(at_day);
        let theirs = facts.flat_map(|it| it.passage.quantities.iter());
        let roles: Vec<Role> = theirs
            .filter(|it| is_same(price, it))
            .map(|it| it.role)
            .collect();
        let is_turned = !roles.is_empty() && roles.iter().all(|it| it.conflicts_with(role));
        is_turned.then_some((price, day))
    })
}

/// Returns on which side of a day a price beside it is.
fn side(tokens: &[Token], day: &Quantity) -> Option<Role> {
    if !matches!(day.kind, Kind::Date(_)) {
        return None;
    }
    let word = |n: usize| day.start.checked_sub(n).map_or("", |it| tokens[it].word());
    let is_article = matches!(word(1), "le" | "the" | "au" | "on");
    let near = if is_article {
        [word(2), word(3)]
    } else {
        [word(1), word(2)]
    };
    let before = Role {
        is_before: true,
        ..Role::default()
    };
    let after = Role {
        is_after: true,
        ..Role::default()
    };
    match near {
        ["before" | "until" | "till" | "avant" | "jusqu", _] => Some(before),
        ["since" | "depuis", _] | ["of", "as"] | ["from", "effective"] => Some(after),
        _ => None,
    }
}

/// A day that stands with one event in the text and with another one in the facts.
fn other_day<'a>(part: &'a Part<'_>, sentence: &Range<usize>) -> Option<&'a Quantity> {
    let passage = &part.passage;
    passage.quantities_in(sentence).find(|day| {
        let Some(event) = event(passage, day).filter(|_| matches!(day.kind, Kind::Date(_))) else {
            return false;
        };
        let of_event = |fact: &&&Evidence| {
            !fact.is_seller
                && fact
                    .passage
                    .quantities
                    .iter()
                    .any(|it| self::event(&fact.passage, it) == Some(event))
        };
        let facts: Vec<_> = part.pool.facts.iter().filter(of_event).collect();
        let has = |fact: &&&Evidence| fact.passage.quantities.iter().any(|it| is_same(day, it));
        !facts.is_empty() && !facts.iter().any(has)
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Published,
    FirstSeen,
}

/// Returns the one event that the clause of a day names.
fn event(passage: &Passage, day: &Quantity) -> Option<Event> {
    if !matches!(day.kind, Kind::Date(_)) {
        return None;
    }
    let clause = passage.clauses[day.start];
    let words: Vec<&str> = (0..passage.tokens.len())
        .filter(|it| passage.clauses[*it] == clause)
        .map(|it| passage.tokens[it].word())
        .collect();
    let has = |pairs: &[[&str; 2]]| {
        words
            .windows(2)
            .any(|it| pairs.iter().any(|pair| it == pair))
    };
    let is_published = words.iter().any(|it| {
        matches!(
            *it,
            "published" | "publie" | "publiee" | "publies" | "publication"
        )
    });
    let is_seen = has(&[
        ["first", "seen"],
        ["first", "observed"],
        ["first", "spotted"],
        ["premiere", "fois"],
    ]);
    match (is_published, is_seen) {
        (true, false) => Some(Event::Published),
        (false, true) => Some(Event::FirstSeen),
        _ => None,
    }
}
