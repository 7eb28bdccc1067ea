//! Whether words that claim something stand in the facts: directions, stock, discounts, praise.

mod discount;
mod ends;
mod moves;

use std::ops::Range;

use super::evidence::Evidence;
use super::extract::{Kind, Mark, Passage, Quantity, Sense, Token};
use super::names::{Heads, Named};
use super::{Part, Reject, attributed, short};

use self::moves::{Way, agrees_with_numbers};

pub(super) fn check(
    part: &Part<'_>,
    named: &Named,
    sentence: &Range<usize>,
    heads: &Heads,
) -> Vec<Reject> {
    let mut found = Vec::new();
    for mark in part
        .passage
        .marks
        .iter()
        .filter(|it| sentence.contains(&it.start))
    {
        if is_name(part, named, mark)
            || is_material(part, mark, sentence)
            || attributed::is_sellers(part, mark, sentence)
            || is_measure(part, mark)
        {
            continue;
        }
        let Some((code, why)) = needs(mark.sense) else {
            continue;
        };
        if !is_borne_out(part, mark, sentence, heads) {
            let said = short(&part.passage.shown(mark.start, mark.end));
            found.push(Reject::new(code, format!("{}: {said}: {why}", part.name)));
        }
    }
    found
}

/// `40 W at the maximum`.
fn is_measure(part: &Part<'_>, mark: &Mark) -> bool {
    let is_end = matches!(mark.sense, Sense::Highest | Sense::Cheapest);
    let is_near = |it: &Quantity| {
        it.kind == Kind::Count
            && !it.nouns.is_empty()
            && it.end <= mark.start
            && mark.start - it.end <= 3
    };
    is_end && part.passage.quantities.iter().any(is_near)
}

/// Words of a name, and of what is quoted from a fact, claim nothing.
fn is_name(part: &Part<'_>, named: &Named, mark: &Mark) -> bool {
    (mark.start..mark.end).all(|it| named.covers(it) || part.passage.tokens[it].quote.is_some())
}

/// A seller's word for a thing, as in `8 mm drop` and `noise reduction`, where no price is near.
fn is_material(part: &Part<'_>, mark: &Mark, sentence: &Range<usize>) -> bool {
    let tokens = &part.passage.tokens;
    let word = tokens[mark.start].word();
    let is_thing = match mark.sense {
        Sense::Up | Sense::Down | Sense::New => true,
        Sense::Best => word == "top",
        Sense::Discount => word.starts_with("reduc") || word.starts_with("redui"),
        Sense::Cheapest | Sense::Highest => word.starts_with("minim") || word.starts_with("maxim"),
        _ => false,
    };
    let is_money = |it: &Quantity| matches!(it.kind, Kind::Money(_)) || it.kind == Kind::Percent;
    let is_of_price = |it: &Token| {
        matches!(
            it.word(),
            "price"
                | "prices"
                | "prix"
                | "tarif"
                | "rank"
                | "ranking"
                | "place"
                | "score"
                | "classement"
        )
    };
    let clause = part.passage.clauses[mark.start];
    let in_clause = |at: usize| part.passage.clauses[at] == clause;
    if !is_thing
        || part
            .passage
            .quantities_in(sentence)
            .any(|it| in_clause(it.start) && is_money(it))
        || sentence
            .clone()
            .any(|at| in_clause(at) && is_of_price(&tokens[at]))
    {
        return false;
    }
    part.pool.facts.iter().any(|fact| {
        let theirs = &mut fact.passage.tokens.iter();
        theirs.any(|it| it.word() == word && (fact.is_seller || it.quote.is_some()))
    })
}

/// Returns the code and the words for a sense that a fact must have; `None` for those that matter to numbers alone.
const fn needs(sense: Sense) -> Option<(&'static str, &'static str)> {
    use Sense::*;
    Some(match sense {
        Up | Down | UpPrice | DownPrice | Ahead | Behind => (
            "direction_not_in_facts",
            "no cited fact says that this rose or fell so; say what the facts say",
        ),
        Unavailable | Available | Restocked | Gone | Back | New => (
            "state_not_in_facts",
            "no cited fact says so of stock or the shop's list; say what the facts say",
        ),
        Discount | Perk => (
            "discount_not_in_facts",
            "no cited fact has a discount; leave it out",
        ),
        Best | Bestseller | Popular | Great | Claim | Free | Limited | Cheapest | Highest
        | Most => (
            "superlative_not_in_facts",
            "no cited fact of ours says so; leave it out",
        ),
        Vague => (
            "number_not_in_facts",
            "write the dates and numbers of the facts",
        ),
        Idle | Least | Order | From | Before | After | More | Less | Middle | Now => return None,
        All | One => (
            "count_mismatch",
            "no cited fact says so of all or of one; keep the facts' numbers",
        ),
    })
}

fn is_borne_out(part: &Part<'_>, mark: &Mark, sentence: &Range<usize>, heads: &Heads) -> bool {
    let given = heads.given_to(mark.end, &part.passage);
    let head = given.or_else(|| heads.nearest_in(mark.start, &part.passage));
    let moves = |it: &Mark| matches!(moves::way(it), Some(Way::Up | Way::Down));
    let is_move_for = given.is_some() && moves(mark);
    let sense_of = |fact: &Evidence| {
        let mut marks = fact.passage.marks.iter();
        marks.any(|it| it.sense == mark.sense || (is_move_for && moves(it)))
    };
    // Where facts say so of single products, those about all prove it of none.
    let has_own = head.is_some()
        && (is_move_for || matches!(mark.sense, Sense::New | Sense::Gone | Sense::Restocked))
        && part
            .pool
            .facts
            .iter()
            .any(|it| it.head.is_some() && sense_of(it));
    let of_head = |fact: &Evidence| {
        head.is_none_or(|head| (fact.head.is_none() && !has_own) || fact.names.contains(&head))
    };
    let said = || part.pool.marks().filter(|(fact, _)| of_head(fact));
    let sense = mark.sense;
    if matches!(sense, Sense::Available | Sense::Unavailable) && is_unknown_to_both(part, sentence)
    {
        return true;
    }
    match sense {
        Sense::Up | Sense::Down | Sense::UpPrice | Sense::DownPrice => {
            moves::is_borne_out(part, mark, &of_head)
        }
        Sense::Unavailable | Sense::Available => {
            said().any(|(_, theirs)| says_stock(mark, theirs)) && agrees_with_numbers(part, mark)
        }
        Sense::Discount => discount::is_borne_out(part, mark, &of_head),
        Sense::All => ends::all(part) || said().any(|(_, theirs)| theirs.sense == sense),
        Sense::One => ends::one(part) || said().any(|(_, theirs)| theirs.sense == sense),
        Sense::Ahead | Sense::Behind => ends::stands(part, mark, heads),
        Sense::New if is_published(part, mark) => true,
        Sense::Bestseller => {
            said().any(|(_, theirs)| theirs.sense == sense) && ends::is_of_an_order(part, mark)
        }
        Sense::Most if ends::is_majority(part, mark) => true,
        Sense::Best => {
            said().any(|(_, theirs)| theirs.sense == sense)
                || ends::has_first_place(part, mark, &of_head)
        }
        Sense::Cheapest | Sense::Highest => {
            let is_said = said().any(|(_, theirs)| theirs.sense == sense);
            (is_said && !ends::is_other_end(part, mark, sentence))
                || ends::has_end(part, mark, sentence)
        }
        Sense::Vague | Sense::Most | Sense::Great | Sense::Claim | Sense::Limited | Sense::Perk => {
            said()
                .any(|(fact, theirs)| theirs.sense == sense && same_words(part, mark, fact, theirs))
        }
        _ => {
            let is_back = |it: Sense| sense == Sense::Back && it == Sense::Restocked;
            let is_same = |it: &Mark| {
                (it.sense == sense || is_back(it.sense)) && it.is_negated == mark.is_negated
            };
            said().any(|(_, theirs)| is_same(theirs)) && agrees_with_numbers(part, mark)
        }
    }
}

fn same_words(part: &Part<'_>, ours: &Mark, fact: &Evidence, theirs: &Mark) -> bool {
    let stem = |text: String| text.to_lowercase().chars().take(5).collect::<String>();
    stem(part.passage.shown(ours.start, ours.end))
        == stem(fact.passage.shown(theirs.start, theirs.end))
}

/// Sold out is not available, and back in stock is available.
fn says_stock(ours: &Mark, theirs: &Mark) -> bool {
    let in_stock = |it: &Mark| match it.sense {
        Sense::Available | Sense::Restocked => Some(!it.is_negated),
        Sense::Unavailable => Some(it.is_negated),
        _ => None,
    };
    in_stock(theirs).is_some_and(|it| Some(it) == in_stock(ours))
}

/// `Whether it is available is not known`, where a fact says so.
fn is_unknown_to_both(part: &Part<'_>, sentence: &Range<usize>) -> bool {
    let is_doubt = |it: &Token| {
        matches!(
            it.word(),
            "known" | "unknown" | "unclear" | "sait" | "connu" | "connue" | "inconnue" | "ignore"
        )
    };
    let is_stock = |it: &Mark| matches!(it.sense, Sense::Available | Sense::Unavailable);
    let mut facts = part
        .pool
        .facts
        .iter()
        .filter(|it| !it.is_seller)
        .map(|it| &it.passage);
    part.passage.tokens[sentence.clone()].iter().any(is_doubt)
        && facts.any(|it| {
            it.tokens.iter().any(is_doubt)
                && (it.marks.iter().any(is_stock) || has_negated_stock(it))
        })
}

fn has_negated_stock(passage: &Passage) -> bool {
    passage
        .tokens
        .iter()
        .any(|it| matches!(it.word(), "available" | "disponible" | "disponibles"))
}

/// `added` may say that a shop published it.
fn is_published(part: &Part<'_>, mark: &Mark) -> bool {
    let word = part.passage.tokens[mark.start].word();
    let is_added =
        word.starts_with("add") || word.starts_with("ajout") || word == "was" || word == "launched";
    is_added
        && ["published", "publie", "publiee", "publies"]
            .iter()
            .any(|it| part.pool.has_word(it))
}
