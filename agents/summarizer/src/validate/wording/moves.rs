//! Whether what rises, falls, comes or goes does so in the facts: the same thing, the same way, by the same numbers.

use super::discount::is_point_of_ranking;
use crate::validate::Part;
use crate::validate::evidence::Evidence;
use crate::validate::extract::quantity::Pair;
use crate::validate::extract::{Kind, Mark, Passage, Quantity, Sense, Token};

/// A rise or a fall needs a fact with the same one, of the same thing; and the numbers beside it must go the same way.
pub(super) fn is_borne_out(
    part: &Part<'_>,
    mark: &Mark,
    of_head: &dyn Fn(&Evidence) -> bool,
) -> bool {
    let ours = way(mark);
    let about = aspects_in(&part.passage, mark);
    let is_said = |fact: &Evidence, theirs: &Mark| {
        way(theirs) == ours
            && theirs.is_negated == mark.is_negated
            && about.meet(aspects(fact, theirs))
    };
    // `cheaper` is also what a discount makes a thing.
    let is_discount = |fact: &Evidence, theirs: &Mark| {
        ours == Some(Way::Down)
            && !is_point_of_ranking(&fact.passage, theirs)
            && !about.is_place
            && theirs.sense == Sense::Discount
            && !theirs.is_negated
    };
    let mut said = part.pool.marks().filter(|(fact, _)| of_head(fact));
    // `higher` is also where a mean stands, not only where it went.
    let word = part.passage.tokens[mark.start].word();
    let next = part
        .passage
        .tokens
        .get(mark.start + 1)
        .map_or("", Token::word);
    let stands = match word {
        "plus" if matches!(next, "bas" | "basse") => part.pool.has_word("dessous"),
        "plus" if matches!(next, "haut" | "haute" | "eleve" | "elevee") => {
            part.pool.has_word("dessus")
        }
        "higher" | "superieur" | "superieure" => {
            part.pool.has_word("above") || part.pool.has_word("dessus")
        }
        "lower" | "inferieur" | "inferieure" => {
            part.pool.has_word("below") || part.pool.has_word("dessous")
        }
        _ => false,
    };
    if stands && !about.is_price && !about.is_place {
        return true;
    }
    if !said.any(|(fact, theirs)| is_said(fact, theirs) || is_discount(fact, theirs)) {
        return false;
    }
    agrees_with_numbers(part, mark)
}

/// A number that a fact has beside a rise is not told beside a fall.
pub(super) fn agrees_with_numbers(part: &Part<'_>, mark: &Mark) -> bool {
    let Some(ours) = way(mark) else {
        return true;
    };
    let clause = part.passage.clauses[mark.start];
    let beside = part
        .passage
        .quantities
        .iter()
        .filter(|it| part.passage.clauses[it.start] == clause);
    let beside: Vec<&Quantity> = beside.collect();
    // With two directions in a clause it is open which one a number is beside.
    let ways = part
        .passage
        .marks
        .iter()
        .filter(|it| part.passage.clauses[it.start] == clause);
    if ways.filter_map(way).any(|it| it.opposes(ours)) {
        return true;
    }
    let is_whole_of_share = |it: &Quantity| {
        let at = part
            .passage
            .quantities
            .iter()
            .position(|other| other.start == it.start);
        let before = at
            .and_then(|at| at.checked_sub(1))
            .map(|at| &part.passage.quantities[at]);
        before.is_some_and(|it| it.pair == Some(Pair::Share))
    };
    beside
        .iter()
        .filter(|it| !is_whole_of_share(it))
        .all(|quantity| {
            let theirs: Vec<Way> = part
                .pool
                .facts
                .iter()
                .flat_map(|fact| ways_beside(fact, quantity))
                .collect();
            !theirs.iter().any(|it| it.opposes(ours)) || theirs.contains(&ours)
        })
}

/// Returns the directions that a fact has in the clause of a quantity, or else anywhere.
fn ways_beside(fact: &Evidence, quantity: &Quantity) -> Vec<Way> {
    let passage = &fact.passage;
    let same = passage
        .quantities
        .iter()
        .filter(|it| it.kind == quantity.kind && it.value.may_be(&quantity.value));
    let mut found = Vec::new();
    for theirs in same {
        let clause = passage.clauses[theirs.start];
        let is_date = matches!(theirs.kind, Kind::Date(_));
        let near: Vec<Way> = passage
            .marks
            .iter()
            .filter(|it| passage.clauses[it.start] == clause)
            .filter_map(way)
            .collect();
        let all = || passage.marks.iter().filter_map(way).collect();
        found.extend(if near.is_empty() || is_date {
            all()
        } else {
            near
        });
    }
    found
}

/// One of two opposites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
    Out,
    In,
    Left,
    Came,
}

impl Way {
    const fn opposes(self, other: Self) -> bool {
        let is_move =
            matches!(self, Self::Up | Self::Down) == matches!(other, Self::Up | Self::Down);
        let (gains, they_gain) = (
            matches!(self, Self::Up | Self::In | Self::Came),
            matches!(other, Self::Up | Self::In | Self::Came),
        );
        is_move && gains != they_gain
    }
}

pub(super) fn way(mark: &Mark) -> Option<Way> {
    match (mark.sense, mark.is_negated) {
        (Sense::Up | Sense::UpPrice, _) => Some(Way::Up),
        (Sense::Down | Sense::DownPrice, _) => Some(Way::Down),
        (Sense::Unavailable, false) | (Sense::Available | Sense::Restocked, true) => Some(Way::Out),
        (Sense::Unavailable, true) | (Sense::Available | Sense::Restocked, false) => Some(Way::In),
        (Sense::Gone, false) => Some(Way::Left),
        (Sense::New | Sense::Back, false) => Some(Way::Came),
        _ => None,
    }
}

/// What rises or falls, as far as the words near it say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Aspects {
    pub(super) is_price: bool,
    is_place: bool,
    is_score: bool,
}

impl Aspects {
    fn meet(self, other: Self) -> bool {
        let is_open = |it: Self| !(it.is_price || it.is_place || it.is_score);
        is_open(self)
            || is_open(other)
            || (self.is_price && other.is_price)
            || (self.is_place && other.is_place)
            || (self.is_score && other.is_score)
    }
}

pub(super) fn aspects(fact: &Evidence, mark: &Mark) -> Aspects {
    aspects_in(&fact.passage, mark)
}

fn aspects_in(passage: &Passage, mark: &Mark) -> Aspects {
    let mut found = Aspects {
        is_price: matches!(mark.sense, Sense::UpPrice | Sense::DownPrice),
        ..Aspects::default()
    };
    if found.is_price {
        return found;
    }
    let clause = passage.clauses[mark.start];
    let take = |found: &mut Aspects, at: usize| match passage.tokens[at].word() {
        "price" | "prices" | "priced" | "prix" | "tarif" | "tarifs" | "cost" | "costs" | "cout" => {
            found.is_price = true;
        }
        "place" | "places" | "rank" | "ranking" | "position" | "positions" | "rang" | "rangs"
        | "classement" | "spot" | "spots" => found.is_place = true,
        "score" | "note" => found.is_score = true,
        _ => {}
    };
    let within =
        |clause: usize| (0..passage.tokens.len()).filter(move |it| passage.clauses[*it] == clause);
    within(clause).for_each(|at| take(&mut found, at));
    let is_open = |it: &Aspects| !(it.is_price || it.is_place || it.is_score);
    for quantity in passage
        .quantities
        .iter()
        .filter(|it| passage.clauses[it.start] == clause)
    {
        match quantity.kind {
            Kind::Money(_) => found.is_price = true,
            Kind::Ordinal => found.is_place = true,
            _ => {}
        }
    }
    if is_open(&found)
        && let Some(sentence) = passage.sentences.iter().find(|it| it.contains(&mark.start))
    {
        sentence.clone().for_each(|at| take(&mut found, at));
    }
    found
}
