//! What words mean that claim more than a number does: directions, stock, discounts, praise.

mod phrase;

use catalog::Language;

use super::lexicon;
use super::token::Token;

use self::phrase::{ENGLISH, FRENCH, longest};

/// What a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sense {
    Up,
    Down,
    UpPrice,
    DownPrice,
    Unavailable,
    Available,
    Restocked,
    Gone,
    Back,
    New,
    Discount,
    Best,
    Bestseller,
    Popular,
    Great,
    Claim,
    Free,
    Limited,
    Cheapest,
    Highest,
    Most,
    /// What is given beside a price: coupons, gifts; or praise of it.
    Perk,
    /// Beside a percentage or an amount, a comparison: `20% more`.
    More,
    Less,
    /// One thing stands before or behind another.
    Ahead,
    Behind,
    /// Times and amounts that no fact can bear out: `yesterday`, `hundreds`.
    Vague,
    /// Nothing, though a shorter phrase within it would.
    Idle,
    /// The number behind it is the least.
    Least,
    /// The number behind it is the greatest.
    Order,
    /// The number behind it is the least, or what was before.
    From,
    /// The number near it was before.
    Before,
    /// The number near it is now.
    After,
    /// The number near it is neither end.
    Middle,
    /// The number near it is the present price.
    Now,
    /// Not one thing is left out: `every variant`.
    All,
    /// There is no other: `a single image`.
    One,
}

/// One phrase in a text.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) sense: Sense,
    /// The first token, and the one behind the last.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether a word before it turns it round.
    pub(crate) is_negated: bool,
}

/// Finds what the tokens say; the longest phrase at a place counts, for all its senses.
pub(super) fn marks(tokens: &[Token], language: Language) -> Vec<Mark> {
    let tables = match language {
        Language::En => &*ENGLISH,
        Language::Fr => &*FRENCH,
    };
    let mut found = Vec::new();
    for table in [&tables.statements, &tables.roles] {
        let mut at = 0;
        while at < tokens.len() {
            let Some((length, senses)) = longest(table, tokens, at) else {
                at += 1;
                continue;
            };
            let is_negated = is_negated(tokens, at, language);
            for sense in senses.iter().filter_map(|it| in_place(*it, tokens, at)) {
                let (start, end) = (at, at + length);
                found.push(Mark {
                    sense,
                    start,
                    end,
                    is_negated,
                });
            }
            at += length;
        }
    }
    found.extend(falls_in_signs(tokens));
    found
}

/// `-20 %` is a fall.
fn falls_in_signs(tokens: &[Token]) -> impl Iterator<Item = Mark> {
    tokens.windows(3).enumerate().filter_map(|(start, it)| {
        let is_minus =
            !it[0].is_glued && (it[0].is_mark('-') || it[0].is_mark('−') || it[0].is_mark('–'));
        let is_fall = is_minus && it[1].is_glued && it[1].number().is_some() && it[2].is_mark('%');
        is_fall.then_some(Mark {
            sense: Sense::DownPrice,
            start,
            end: start + 2,
            is_negated: false,
        })
    })
}

/// Returns what a phrase says at its place, if anything: `more` counts beside an amount alone, `free` not in `lead-free`.
fn in_place(sense: Sense, tokens: &[Token], at: usize) -> Option<Sense> {
    let before = at.checked_sub(1).and_then(|it| tokens.get(it));
    let is_tail = before.is_some_and(|it| it.is_mark('-') && it.is_glued) && tokens[at].is_glued;
    let is_amount = |it: &Token| {
        it.is_mark('%')
            || matches!(it.word(), "percent" | "cent" | "pct")
            || super::quantity::currency_at(std::slice::from_ref(it), 0).is_some()
    };
    match sense {
        Sense::Idle => None,
        Sense::More => before.is_some_and(is_amount).then_some(Sense::UpPrice),
        Sense::Less => before.is_some_and(is_amount).then_some(Sense::DownPrice),
        Sense::Perk if is_tail => None,
        Sense::All | Sense::One => counts_things(tokens, at).then_some(sense),
        _ => Some(sense),
    }
}

/// `all` counts with the things behind it: `all of its variants`, `all five`.
fn counts_things(tokens: &[Token], at: usize) -> bool {
    let behind = tokens[at + 1..].iter().take(4);
    let within = behind.take_while(|it| it.number().is_some() || !it.word().is_empty());
    within.into_iter().any(|it| {
        matches!(
            lexicon::noun(it.word()),
            Some("variant" | "image" | "tag" | "product" | "shop" | "type" | "vendor" | "review")
        )
    })
}

/// How many words a negation reaches over.
const REACH: usize = 6;

fn is_negated(tokens: &[Token], at: usize, language: Language) -> bool {
    let mut n_words = 0;
    for before in (0..at).rev() {
        let token = &tokens[before];
        let word = token.word();
        if word.is_empty() {
            if [',', ';', ':', '(', ')', '.', '!', '?', '\n']
                .iter()
                .any(|it| token.is_mark(*it))
            {
                break;
            }
            continue;
        }
        if matches!(word, "and" | "but" | "et" | "mais" | "while" | "or") {
            break;
        }
        n_words += 1;
        // `None of the … is` holds to the end of its clause.
        if n_words > REACH && !matches!(word, "none" | "neither" | "aucun" | "aucune") {
            continue;
        }
        let is_more = word == "plus" && !has_ne(tokens, before);
        if lexicon::negations(language).contains(&word) && !is_more {
            return true;
        }
    }
    false
}

/// `plus` is "no more" only behind `ne`.
fn has_ne(tokens: &[Token], at: usize) -> bool {
    let before = &tokens[at.saturating_sub(4)..at];
    before.iter().any(|it| matches!(it.word(), "ne" | "n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::extract::token::tokens;

    fn senses(text: &str, language: Language) -> Vec<(Sense, bool)> {
        let found = marks(&tokens(text, language), language);
        found.iter().map(|it| (it.sense, it.is_negated)).collect()
    }

    #[test]
    fn the_longest_phrase_counts_and_negations_reach_it() {
        use Sense::{Available, DownPrice, Order, Restocked, Unavailable};
        let en = |text| senses(text, Language::En);
        assert_eq!(en("it is back in stock"), [(Restocked, false)]);
        assert_eq!(en("it isn't available"), [(Available, true)]);
        assert_eq!(en("up to 30 EUR"), [(Order, false)]);
        let fr = |text| senses(text, Language::Fr);
        assert_eq!(fr("il n’est plus disponible"), [(Unavailable, false)]);
        assert_eq!(fr("il n’est pas disponible"), [(Available, true)]);
        assert_eq!(fr("il est moins cher"), [(DownPrice, false)]);
        assert_eq!(fr("jusqu’à 30 EUR"), [(Order, false)]);
    }
}
