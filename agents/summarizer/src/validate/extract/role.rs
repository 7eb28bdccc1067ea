//! Which of two ends a number is: the least or the greatest, before or after.

use super::mark::{Mark, Sense};
use super::quantity::{Kind, Pair, Quantity, Role};
use super::token::Token;

/// How far before a number the word may stand that says so.
const REACH: usize = 14;

pub(super) fn set_roles(
    quantities: &mut [Quantity],
    tokens: &[Token],
    marks: &[Mark],
    clauses: &[usize],
) {
    for at in 0..quantities.len() {
        if !has_roles(&quantities[at]) {
            continue;
        }
        let is_second = at > 0 && quantities[at - 1].pair == Some(Pair::Range);
        let role = if quantities[at].pair == Some(Pair::Range)
            && quantities.get(at + 1).is_some_and(has_roles)
        {
            of_pair(
                &quantities[at],
                &quantities[at + 1],
                (tokens, marks),
                clauses,
                true,
            )
        } else if is_second && has_roles(&quantities[at - 1]) {
            of_pair(
                &quantities[at - 1],
                &quantities[at],
                (tokens, marks),
                clauses,
                false,
            )
        } else {
            let is_like = |it: &&Quantity| it.kind == quantities[at].kind && !it.is_quoted;
            let floor = quantities[..at]
                .iter()
                .rev()
                .find(is_like)
                .map_or(0, |it| it.end);
            of_words(&quantities[at], floor, tokens, marks, clauses)
        };
        quantities[at].role = role;
    }
}

fn has_roles(quantity: &Quantity) -> bool {
    matches!(
        quantity.kind,
        Kind::Money(_) | Kind::Percent | Kind::Count | Kind::Ordinal
    ) && !quantity.is_quoted
}

/// A pair where something changes is before and after, any other one the least and the greatest.
fn of_pair(
    first: &Quantity,
    second: &Quantity,
    (tokens, marks): (&[Token], &[Mark]),
    clauses: &[usize],
    is_first: bool,
) -> Role {
    let clause = clauses[first.start];
    let moves = |it: &Mark| {
        clauses[it.start] == clause
            && matches!(
                it.sense,
                Sense::Up | Sense::Down | Sense::UpPrice | Sense::DownPrice
            )
    };
    // `est passé de 20 à 30`
    let goes = |it: &Token| {
        matches!(
            it.word(),
            "passe"
                | "passee"
                | "passes"
                | "passees"
                | "passent"
                | "passant"
                | "went"
                | "goes"
                | "going"
                | "moved"
        )
    };
    let goes_before = tokens[first.start.saturating_sub(3)..first.start]
        .iter()
        .any(goes)
        && first.value != second.value
        && !matches!(
            tokens
                .get(first.start.saturating_sub(3))
                .map_or("", Token::word),
            "prices" | "prix"
        );
    let is_change =
        marks.iter().any(moves) || goes_before || first.value.rough() > second.value.rough();
    Role {
        is_least: !is_change && is_first,
        is_greatest: !is_change && !is_first,
        is_before: is_change && is_first,
        is_after: is_change && !is_first,
        is_middle: false,
    }
}

/// The nearest word before the number, behind the number before it and within its clause.
fn of_words(
    quantity: &Quantity,
    floor: usize,
    tokens: &[Token],
    marks: &[Mark],
    clauses: &[usize],
) -> Role {
    let start = quantity.start;
    let near = |it: &&Mark| {
        it.start >= floor
            && it.end <= start
            && start - it.end < REACH
            && clauses[it.start] == clauses[start]
    };
    let adjacent = |it: &Mark, reach: usize| start - it.end <= reach;
    let mut role = Role::default();
    if let Some(before) = start.checked_sub(1)
        && matches!(tokens[before].text.to_lowercase().as_str(), "dès")
    {
        role.is_least = true;
        return role;
    }
    let fits = |it: &&Mark| match it.sense {
        Sense::Cheapest | Sense::Highest => true,
        Sense::Least | Sense::Order => adjacent(it, 2),
        Sense::Before | Sense::After => adjacent(it, 2),
        Sense::Middle => adjacent(it, 3),
        Sense::Now => adjacent(it, 2) && matches!(quantity.kind, Kind::Money(_)),
        Sense::From => adjacent(it, 0) && tokens[it.start].word() == "from",
        _ => false,
    };
    let moves = |it: &Mark| {
        clauses[it.start] == clauses[start]
            && matches!(
                it.sense,
                Sense::Up | Sense::Down | Sense::UpPrice | Sense::DownPrice | Sense::Discount
            )
    };
    let nearest = marks
        .iter()
        .filter(near)
        .filter(fits)
        .max_by_key(|it| (it.sense != Sense::Now, it.end));
    let behind = tokens.get(quantity.end).map_or("", Token::word);
    if matches!(
        behind,
        "before" | "avant" | "auparavant" | "previously" | "earlier" | "formerly"
    ) {
        role.is_before = true;
        return role;
    }
    if matches!(
        behind,
        "now" | "today" | "currently" | "aujourd" | "desormais" | "maintenant" | "actuellement"
    ) {
        role.is_after = true;
        return role;
    }
    let down_from =
        |it: &Mark| it.start > 0 && matches!(tokens[it.start - 1].word(), "down" | "up");
    if let Some(it) = nearest {
        match it.sense {
            Sense::Cheapest | Sense::Least => role.is_least = true,
            Sense::Highest | Sense::Order => role.is_greatest = true,
            Sense::From if down_from(it) || marks.iter().any(moves) => role.is_before = true,
            Sense::From => role.is_least = true,
            Sense::Before => role.is_before = true,
            Sense::Middle => role.is_middle = true,
            _ => role.is_after = true,
        }
    }
    role
}
