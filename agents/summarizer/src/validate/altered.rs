//! Names of the facts with one word exchanged: `aurora floor lamp` for “Aurora Desk Lamp”, in small letters too.

use std::collections::HashSet;

use super::evidence::folded;
use super::extract::{Token, lexicon};
use super::{Part, Reject, short};

pub(super) fn check(part: &Part<'_>) -> Option<Reject> {
    let tokens = &part.passage.tokens;
    let ours: Vec<String> = tokens.iter().map(folded).collect();
    let sheet = part.pool.sheet;
    let titles = sheet.names.iter().map(|it| it.words());
    // Most names share no two words with a text, and need no closer look.
    let words: HashSet<&String> = ours.iter().filter(|it| it.len() > 1).collect();
    let is_near = |it: &&[String]| {
        it.len() >= 3 && it.iter().filter(|it| words.contains(it)).take(2).count() == 2
    };
    let altered = titles.filter(is_near).find_map(|title| {
        let place = |frame: &Frame<'_>| frame.place_in(part, &ours);
        exchanged(part, title).iter().find_map(place)
    });
    let (start, end) = altered.or_else(|| unknown_brand(part))?;
    let said = short(&part.passage.shown(start, end));
    let detail = format!(
        "{}: {said} is no name of the cited facts; copy theirs",
        part.name
    );
    Some(Reject::new("name_not_in_facts", detail))
}

/// A piece of a name around one of its words, or around two that may be turned round.
#[derive(Debug)]
struct Frame<'a> {
    before: &'a [String],
    middle: &'a [String],
    behind: &'a [String],
}

/// Returns each inner word of a name with its neighbours that say something.
fn exchanged<'a>(part: &Part<'_>, title: &'a [String]) -> Vec<Frame<'a>> {
    let language = part.pool.sheet.language;
    let says =
        |it: &String| it.chars().any(char::is_alphanumeric) && !lexicon::is_stop_word(it, language);
    let frame = |start: usize, end: usize| {
        let first = title[..start].iter().rposition(says)?;
        let last = end + title[end..].iter().position(says)?;
        Some(Frame {
            before: &title[first..start],
            middle: &title[start..end],
            behind: &title[end..=last],
        })
    };
    let inner = (1..title.len()).filter(|it| says(&title[*it]));
    let mut found: Vec<Frame<'_>> = inner.clone().filter_map(|it| frame(it, it + 1)).collect();
    // The first word, where the two behind it are the name's.
    let is_long = |it: &String| says(it) && it.len() > 3 && it.chars().all(char::is_alphabetic);
    let goes_on = is_long(&title[1]) || (!says(&title[1]) && is_long(&title[2]));
    if says(&title[0]) && goes_on {
        found.push(Frame {
            before: &[],
            middle: &title[..1],
            behind: &title[1..3],
        });
    }
    let two = inner.filter(|it| title.get(it + 1).is_some_and(says) && title[*it] != title[it + 1]);
    // `FER & BOIS` for “BOIS & FER”.
    let joined = (0..title.len().saturating_sub(2)).filter(|it| {
        says(&title[*it])
            && !says(&title[it + 1])
            && says(&title[it + 2])
            && title[*it] != title[it + 2]
    });
    found.extend(joined.map(|it| Frame {
        before: &[],
        middle: &title[it..it + 3],
        behind: &[],
    }));
    found.extend(two.filter_map(|it| {
        let first = title[..it].iter().rposition(says)?;
        Some(Frame {
            before: &title[first..it],
            middle: &title[it..it + 2],
            behind: &[],
        })
    }));
    found
}

impl Frame<'_> {
    /// Returns where a text has the neighbours with another word between them, one that no fact has.
    fn place_in(&self, part: &Part<'_>, ours: &[String]) -> Option<(usize, usize)> {
        let length = self.before.len() + self.middle.len() + self.behind.len();
        let fits = |window: &&[String]| {
            let (before, rest) = window.split_at(self.before.len());
            let (middle, behind) = rest.split_at(self.middle.len());
            before == self.before && behind == self.behind && self.is_altered(part, middle)
        };
        let tokens = &part.passage.tokens;
        let is_written = |at: usize| {
            !self.before.is_empty() || self.middle.len() > 1 || tokens[at].is_capitalized()
        };
        let at = (0..(ours.len() + 1).saturating_sub(length))
            .find(|at| is_written(*at) && fits(&&ours[*at..at + length]))?;
        Some((at, at + length))
    }

    fn is_altered(&self, part: &Part<'_>, middle: &[String]) -> bool {
        match (middle, self.middle) {
            ([ours], [theirs]) => {
                let is_word = ours.chars().all(char::is_alphabetic) && ours.len() > 2;
                let is_number = theirs.chars().any(|it| it.is_ascii_digit());
                let language = part.pool.sheet.language;
                is_word
                    && !is_number
                    && ours != theirs
                    && !part.pool.has_word(ours)
                    && !lexicon::is_stop_word(ours, language)
            }
            ([one, two], [first, second]) => one == second && two == first,
            ([one, joint, two], [first, between, second]) => {
                let is_sign = !joint.chars().any(char::is_alphanumeric) && joint != ",";
                is_sign && joint == between && one == second && two == first
            }
            _ => false,
        }
    }
}

/// `The brand is ikea` where the facts quote another one.
fn unknown_brand(part: &Part<'_>) -> Option<(usize, usize)> {
    const BRANDS: &[&str] = &["brand", "marque", "vendor", "fabricant", "maker"];
    let tokens = &part.passage.tokens;
    let is_brand = |it: &Token| BRANDS.contains(&it.word());
    let mut facts = part.pool.facts.iter().filter(|it| !it.is_seller);
    let is_known = facts.any(|it| {
        let tokens = &it.passage.tokens;
        tokens.iter().any(is_brand) && tokens.iter().any(|it| it.quote.is_some())
    });
    let ends = |at: usize| {
        tokens
            .get(at)
            .is_none_or(|it| it.word().is_empty() && it.number().is_none())
    };
    let is_strange = |at: usize| {
        let word = tokens.get(at).map_or("", Token::word);
        !word.is_empty()
            && !part.pool.has_word(word)
            && !super::names::start::is_common(word, part.pool.sheet.language)
    };
    let place = |at: usize| {
        let next = tokens.get(at + 1).map_or("", Token::word);
        let name = if matches!(next, "is" | "est") {
            at + 2
        } else {
            at + 1
        };
        (is_brand(&tokens[at]) && is_strange(name) && ends(name + 1)).then_some((name, name + 1))
    };
    (0..tokens.len()).filter(|_| is_known).find_map(place)
}
