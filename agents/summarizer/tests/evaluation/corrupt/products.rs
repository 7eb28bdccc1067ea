//! Swapped products: a name that the text gives, in whole or in part, and another product's or vendor's instead.

use super::{Dice, Spot, find_word, replaced};
use crate::evaluation::corpus::Sample;

/// What facts call a product or a vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    text: String,
    is_vendor: bool,
}

pub(super) fn swapped(spot: &Spot<'_>, strange: &[Name], dice: &mut Dice) -> Vec<String> {
    let own = names(spot.sample);
    let mut texts = Vec::new();
    for name in &own {
        let Some(said) = said(spot.text, name) else {
            continue;
        };
        let is_other = |it: &&Name| {
            it.is_vendor == name.is_vendor
                && !it.text.contains(&spot.text[said.clone()])
                && !name.text.contains(&it.text)
        };
        // In a list the next product's name is the likeliest mistake, whether or not the text cites that one too.
        let listed: Vec<_> = own.iter().filter(is_other).collect();
        let unheard = |it: &&Name| is_other(it) && !spot.is_cited(&it.text);
        let unheard: Vec<_> = strange.iter().filter(unheard).collect();
        for others in [listed, unheard] {
            if let Some(other) = others.get(dice.below(others.len())) {
                texts.push(replaced(spot.text, &said, &other.text));
            }
        }
    }
    texts
}

/// Returns the names in the facts of a sample's sheet.
pub(super) fn names(sample: &Sample) -> Vec<Name> {
    const LISTED: [&str; 12] = [
        "newcomer",
        "moved",
        "left",
        "gone",
        "place",
        "change",
        "first",
        "second",
        "price_move",
        "soldout",
        "restocked",
        "best",
    ];
    let mut names: Vec<Name> = Vec::new();
    for fact in &sample.sheet.facts {
        let topic = fact.topic.as_str();
        let is_named = LISTED.contains(&topic) || matches!(topic, "title" | "brand" | "vendor");
        let quoted = quoted(&fact.text).into_iter().enumerate();
        let found = quoted.map(|(nth, text)| Name {
            text: text.to_owned(),
            is_vendor: matches!(topic, "brand" | "vendor") || nth > 0,
        });
        names.extend(found.filter(|it| is_named && !it.text.is_empty()));
    }
    names.dedup();
    names
}

fn quoted(text: &str) -> Vec<&str> {
    let parts = text.split(['“', '«']).skip(1);
    parts
        .filter_map(|it| it.split(['”', '»']).next())
        .map(str::trim)
        .collect()
}

/// Returns where a text says a name, at least two words of it or all of a vendor's.
fn said(text: &str, name: &Name) -> Option<std::ops::Range<usize>> {
    let words: Vec<_> = name.text.split(' ').collect();
    let least = if name.is_vendor {
        words.len()
    } else {
        words.len().min(2)
    };
    let lengths = (least..=words.len()).rev();
    let parts = lengths
        .flat_map(|n| words.windows(n))
        .map(|it| it.join(" "));
    let is_name = |it: &String| it.contains(char::is_uppercase);
    parts
        .filter(is_name)
        .find_map(|part| find_word(text, &part).map(|at| at..at + part.len()))
}
