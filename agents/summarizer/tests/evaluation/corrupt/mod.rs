//! Makes lies of correct summaries, always the same ones: one change of one text, false by the facts that are cited.

mod currencies;
mod dates;
mod directions;
mod discounts;
mod lies;
mod numbers;
mod products;
mod scan;

use catalog::Language;

use super::corpus::{Change, Kind, Place, Sample};
use products::Name;

/// How many changes of a kind a language gets.
const PER_KIND: usize = 40;

/// A text of a correct draft and the facts that speak for it.
#[derive(Debug)]
struct Spot<'a> {
    sample: &'a Sample,
    at: Place,
    text: &'a str,
    cited: Vec<&'a str>,
}

impl<'a> Spot<'a> {
    fn language(&self) -> Language {
        self.sample.sheet.language
    }

    /// Returns the texts of a sample: headline, summary, claims.
    fn all(sample: &'a Sample) -> Vec<Self> {
        let claims = &sample.draft.claims;
        let cited = |ids: &[String]| -> Vec<&'a str> {
            let facts = ids.iter().filter_map(|id| sample.sheet.fact(id));
            facts.map(|it| it.text.as_str()).collect()
        };
        let every: Vec<_> = claims.iter().flat_map(|it| cited(&it.fact_ids)).collect();
        let spot = |at, text, cited| Self {
            sample,
            at,
            text,
            cited,
        };
        let claims = claims.iter().enumerate();
        let claims = claims
            .map(|(index, it)| spot(Place::Claim(index), it.text.as_str(), cited(&it.fact_ids)));
        let draft = &sample.draft;
        let outer = [
            (Place::Headline, &draft.headline),
            (Place::Summary, &draft.summary),
        ];
        let outer = outer
            .into_iter()
            .map(|(at, text)| spot(at, text.as_str(), every.clone()));
        outer.chain(claims).collect()
    }

    /// Returns whether a cited fact has the text.
    fn is_cited(&self, text: &str) -> bool {
        self.cited.iter().any(|it| it.contains(text))
    }
}

/// Whatever looks like chance here and is the same in every run, on every machine and with every library.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// `SplitMix64`, <https://prng.di.unimi.it/splitmix64.c>.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap_or(0) % n.max(1)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

/// Returns the first set of lies: [`PER_KIND`] of each kind in each language.
pub(crate) fn corruptions(samples: &[Sample]) -> Vec<Change> {
    let kinds = Kind::CORRUPTIONS.into_iter();
    kinds.flat_map(|kind| of_kind(samples, kind)).collect()
}

/// Returns the second set of lies, which mostly no comparison of texts can show.
pub(crate) fn lies(samples: &[Sample]) -> Vec<Change> {
    let kinds = Kind::LIES.into_iter();
    kinds.flat_map(|kind| of_kind(samples, kind)).collect()
}

fn of_kind(samples: &[Sample], kind: Kind) -> Vec<Change> {
    let languages = Language::ALL.into_iter().enumerate();
    let picked = languages.map(|(nth, language)| {
        let mut dice = Dice(1 + 10 * kind as u64 + nth as u64);
        let own = samples.iter().filter(|it| it.sheet.language == language);
        let names: Vec<_> = own.clone().flat_map(products::names).collect();
        let changes: Vec<_> = own.map(|it| changes(it, &names, kind, &mut dice)).collect();
        pick(changes, &mut dice)
    });
    picked.flatten().collect()
}

fn changes(sample: &Sample, names: &[Name], kind: Kind, dice: &mut Dice) -> Vec<Change> {
    let change = |spot: &Spot<'_>, text: String| Change {
        of: sample.name.clone(),
        language: spot.language(),
        kind,
        at: spot.at,
        was: spot.text.to_owned(),
        text,
    };
    let mut changes = Vec::new();
    for spot in Spot::all(sample) {
        let texts = match kind {
            Kind::Number => numbers::changed(&spot, dice),
            Kind::Product => products::swapped(&spot, names, dice),
            Kind::Discount => discounts::invented(&spot, dice),
            Kind::Currency => currencies::wrong(&spot, dice),
            Kind::Date => dates::wrong(&spot, dice),
            Kind::Direction => directions::reversed(&spot),
            Kind::Negation => lies::negated(&spot),
            Kind::Paraphrase => lies::paraphrased(&spot, dice),
        };
        changes.extend(texts.into_iter().map(|text| change(&spot, text)));
    }
    dice.shuffle(&mut changes);
    changes
}

/// Returns [`PER_KIND`] changes, one of each sample before a second of any.
fn pick(mut of_samples: Vec<Vec<Change>>, dice: &mut Dice) -> Vec<Change> {
    dice.shuffle(&mut of_samples);
    let longest = of_samples.iter().map(Vec::len).max().unwrap_or(0);
    let rounds =
        (0..longest).flat_map(|round| of_samples.iter().filter_map(move |it| it.get(round)));
    let mut picked: Vec<Change> = Vec::new();
    for change in rounds {
        if picked.len() < PER_KIND && !picked.contains(change) {
            picked.push(change.clone());
        }
    }
    picked
}

fn replaced(text: &str, range: &std::ops::Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..range.start], &text[range.end..])
}

/// Returns where `word` stands in `text` as a word of its own.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let found = text.match_indices(word);
    let mut found = found.filter(|(at, _)| {
        is_edge(text[..*at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    });
    found.next().map(|(at, _)| at)
}
