//! Whether the quantities of a text stand in its facts: as the same kind, of the same thing, at the same end.

use std::ops::Range;

use super::evidence::Evidence;
use super::extract::quantity::Role;
use super::extract::{Kind, Quantity, Token, lexicon};
use super::names::{self, Heads, Named};
use super::{
    Part, Reject, altered, counted, currencies, denials, hosts, merits, pairs, short, when, wholes,
    wording,
};

pub(super) fn check(part: &Part<'_>) -> Vec<Reject> {
    let named = Named::of(part);
    let mut found = names::check(part, &named);
    for (n, sentence) in part.passage.sentences.iter().enumerate() {
        let heads = named.heads_for(part, n);
        found.extend(numbers(part, &named, sentence, &heads));
        found.extend(pairs::check(part, &named, sentence));
        found.extend(wording::check(part, &named, sentence, &heads));
        found.extend(hosts::check(part, &named, sentence));
        found.extend(wholes::check(part, sentence));
        found.extend(when::check(part, sentence));
        found.extend(merits::check(part, sentence));
    }
    found.extend(altered::check(part));
    found.extend(currencies::check(part, &named));
    found.extend(denials::check(part));
    found
}

fn numbers(part: &Part<'_>, named: &Named, sentence: &Range<usize>, heads: &Heads) -> Vec<Reject> {
    let mut found = Vec::new();
    let free: Vec<&Quantity> = part
        .passage
        .quantities_in(sentence)
        .filter(|it| !named.covers(it.start))
        .collect();
    let mut borne: Vec<(usize, Vec<&Evidence>)> = Vec::new();
    for quantity in free {
        match evidence(part, quantity) {
            Ok(facts) => borne.push((quantity.start, facts)),
            Err((code, why)) => {
                let said = short(&part.passage.shown(quantity.start, quantity.end));
                found.push(Reject::new(code, format!("{}: {said} {why}", part.name)));
            }
        }
    }
    if found.is_empty() && !heads.bear_out(&borne, part) {
        let detail = format!(
            "{}: a figure stands with a product that no cited fact gives it to; keep each product's own figures",
            part.name
        );
        found.push(Reject::new("product_swapped", detail));
    }
    found
}

/// Returns the facts that bear a quantity out, or the code and the words of what is wrong with it.
fn evidence<'a>(
    part: &'a Part<'_>,
    quantity: &Quantity,
) -> Result<Vec<&'a Evidence>, (&'static str, &'static str)> {
    let all: Vec<(&Evidence, &Quantity)> = part
        .pool
        .quantities()
        .filter(|(fact, it)| counts(fact, it, quantity))
        .collect();
    if let Some(fact) =
        names::number::named_with(part, quantity).or_else(|| counted::worked_out(part, quantity))
    {
        return Ok(vec![fact]);
    }
    let is_name_alone = |fact: &Evidence, it: &Quantity| it.is_quoted && !fact.is_seller;
    let same =
        |(fact, it): &(&Evidence, &Quantity)| is_same(quantity, it) && !is_name_alone(fact, it);
    let same: Vec<_> = all.iter().copied().filter(same).collect();
    if same.is_empty() {
        return Err(missing(quantity, &all));
    }
    let of_noun: Vec<_> = same
        .iter()
        .copied()
        .filter(|(fact, it)| fits_noun(quantity, fact, it, &all))
        .collect();
    if of_noun.is_empty() {
        return Err((
            "count_mismatch",
            "is the number of something else in the facts; keep each number with what it counts",
        ));
    }
    let of_role: Vec<_> = of_noun
        .iter()
        .copied()
        .filter(|(_, it)| !quantity.role.conflicts_with(it.role))
        .collect();
    if of_role.is_empty() {
        return Err((
            "bound_swapped",
            "is the other end in the facts; keep least and greatest, before and after as they are",
        ));
    }
    Ok(of_role.into_iter().map(|(fact, _)| fact).collect())
}

/// A seller's words prove what a thing is like, never what we count or what it costs.
fn counts(fact: &Evidence, theirs: &Quantity, ours: &Quantity) -> bool {
    if !fact.is_seller && !theirs.is_quoted {
        return true;
    }
    const OURS: &[&str] = &[
        "variant", "image", "tag", "review", "product", "shop", "place", "score", "type",
    ];
    let is_ours = |it: &&'static str| OURS.contains(it);
    !matches!(theirs.kind, Kind::Money(_) | Kind::Date(_)) && !ours.nouns.iter().any(is_ours)
}

pub(super) fn is_same(ours: &Quantity, theirs: &Quantity) -> bool {
    let is_value = ours.value.may_be(&theirs.value);
    match (&ours.kind, &theirs.kind) {
        (Kind::Money(ours), Kind::Money(theirs)) => {
            is_value && ours.iter().any(|it| theirs.contains(it))
        }
        (Kind::Date(ours), Kind::Date(theirs)) => ours
            .iter()
            .all(|it| theirs.iter().any(|whole| it.is_part_of(whole))),
        (Kind::Count, Kind::Date(theirs)) => {
            let year = ours
                .value
                .whole()
                .filter(|_| ours.nouns.is_empty() && ours.end - ours.start == 1);
            year.is_some_and(|year| {
                (1900..2100).contains(&year) && theirs.iter().any(|it| it.year == Some(year))
            })
        }
        (Kind::Count, Kind::Money(_)) => is_value && ours.nouns.is_empty(),
        (Kind::Count, Kind::Ordinal) => is_value && ours.nouns.contains(&"place"),
        (Kind::Count | Kind::Ordinal, Kind::Count) => is_value,
        (Kind::Fraction, Kind::Fraction | Kind::Percent) => is_value,
        (one, two) => one == two && is_value,
    }
}

/// What is counted must be the same where both texts say so; and a thing that the facts count is theirs to count.
fn fits_noun(
    ours: &Quantity,
    fact: &Evidence,
    theirs: &Quantity,
    all: &[(&Evidence, &Quantity)],
) -> bool {
    if !matches!(ours.kind, Kind::Count | Kind::Ordinal) || ours.nouns.is_empty() {
        return true;
    }
    let shares = |it: &Quantity| it.nouns.iter().any(|noun| ours.nouns.contains(noun));
    // Where it was is not where it is.
    if ours.nouns.contains(&"place") && theirs.role.is_before && ours.role == Role::default() {
        return false;
    }
    if !theirs.nouns.is_empty() {
        return shares(theirs);
    }
    let names =
        |it: &Token| lexicon::noun(it.word()).is_some_and(|noun| ours.nouns.contains(&noun));
    if fact.passage.tokens.iter().any(names) {
        return true;
    }
    !all.iter().any(|(_, it)| shares(it))
}

fn missing(quantity: &Quantity, all: &[(&Evidence, &Quantity)]) -> (&'static str, &'static str) {
    let has_amount = || {
        all.iter().any(|(_, it)| {
            matches!(it.kind, Kind::Money(_) | Kind::Count) && it.value.may_be(&quantity.value)
        })
    };
    match &quantity.kind {
        Kind::Money(_) if has_amount() => (
            "currency_not_in_facts",
            "is in another currency in the facts; keep theirs",
        ),
        Kind::Money(_) => (
            "money_not_in_facts",
            "is no amount of the cited facts; copy theirs",
        ),
        Kind::Percent => (
            "percent_not_in_facts",
            "is no percentage of the cited facts; copy theirs",
        ),
        Kind::Date(readings) if readings.len() > 1 => (
            "date_not_in_facts",
            "can be read as two dates; write the month as a word",
        ),
        Kind::Date(_) => (
            "date_not_in_facts",
            "is no date of the cited facts; copy theirs",
        ),
        _ => (
            "number_not_in_facts",
            "is no number of the cited facts; copy theirs and work out none",
        ),
    }
}
