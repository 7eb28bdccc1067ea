//! The blind sets: summaries written without a look at the checks or at the other sets, and lies made of them by a
//! generator of their own. The second one was kept back until the checks had been mended by the first one.

mod figures;
mod words;

use std::collections::HashMap;

use catalog::Language;
use serde::Deserialize;
use summarizer::Draft;
use summarizer::facts::FactSheet;

use super::corpus::{self, Change, Kind, Place, Sample};

/// How many lies of a kind a language gets, and how many of them are of one summary.
const PER_KIND: usize = 42;
const PER_SAMPLE: usize = 3;

#[derive(Deserialize)]
struct NamedSheet {
    name: String,
    sheet: FactSheet,
}

#[derive(Deserialize)]
struct NamedDraft {
    name: String,
    /// The name of its sheet.
    sheet: String,
    draft: Draft,
}

/// Returns the correct summaries of the first set, English ones first.
pub(crate) fn correct() -> Vec<Sample> {
    of_files("blind")
}

/// Returns the correct summaries of the second set, English ones first.
pub(crate) fn unseen() -> Vec<Sample> {
    of_files("unseen")
}

fn of_files(set: &str) -> Vec<Sample> {
    let sheets = corpus::read::<NamedSheet>(&format!("{set}_sheets.jsonl")).into_iter();
    let sheets: HashMap<String, FactSheet> = sheets.map(|it| (it.name, it.sheet)).collect();
    let drafts = ["en", "fr"].map(|it| corpus::read::<NamedDraft>(&format!("{set}_{it}.jsonl")));
    let sample = |it: NamedDraft| Sample {
        name: it.name,
        sheet: sheets[&it.sheet].clone(),
        draft: it.draft,
    };
    drafts.into_iter().flatten().map(sample).collect()
}

/// Returns the lies that are made of `samples`, the same ones each time.
pub(crate) fn lies(samples: &[Sample]) -> Vec<Change> {
    let names = words::Names::of(samples);
    let mut lies = Vec::new();
    for kind in Kind::CORRUPTIONS {
        for language in Language::ALL {
            let mut chance = Chance(20_261_121 + kind as u64 * 64 + language as u64);
            let of_language = samples.iter().filter(|it| it.sheet.language == language);
            let mut all: Vec<Change> = of_language
                .flat_map(|it| of_sample(it, kind, &names, &mut chance))
                .collect();
            chance.shuffle(&mut all);
            let mut taken: HashMap<String, usize> = HashMap::new();
            all.retain(|it| {
                let n = taken.entry(it.of.clone()).or_default();
                *n += 1;
                *n <= PER_SAMPLE
            });
            all.truncate(PER_KIND);
            lies.extend(all);
        }
    }
    lies
}

fn of_sample(
    sample: &Sample,
    kind: Kind,
    names: &words::Names,
    chance: &mut Chance,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for text in Text::all(sample) {
        let lies = match kind {
            Kind::Number => figures::numbers(&text, chance),
            Kind::Date => figures::dates(&text, chance),
            Kind::Currency => figures::currencies(&text, chance),
            Kind::Product => words::products(&text, names, chance),
            Kind::Discount => words::discounts(&text, chance),
            Kind::Direction => words::directions(&text),
            Kind::Negation | Kind::Paraphrase => Vec::new(),
        };
        let lies = lies.into_iter().filter(|it| it != text.text);
        changes.extend(lies.map(|lie| Change {
            of: sample.name.clone(),
            language: sample.sheet.language,
            kind,
            at: text.at,
            was: text.text.to_owned(),
            text: lie,
        }));
    }
    changes
}

/// A text of a draft with the facts that it may stand on.
struct Text<'a> {
    sample: &'a Sample,
    at: Place,
    text: &'a str,
    cited: Vec<&'a str>,
}

impl<'a> Text<'a> {
    fn all(sample: &'a Sample) -> Vec<Self> {
        let draft = &sample.draft;
        let of = |ids: &[String]| -> Vec<&'a str> {
            let facts = ids.iter().filter_map(|it| sample.sheet.fact(it));
            facts.map(|it| it.text.as_str()).collect()
        };
        let every: Vec<&str> = draft
            .claims
            .iter()
            .flat_map(|it| of(&it.fact_ids))
            .collect();
        let text = |at, text: &'a str, cited| Self {
            sample,
            at,
            text,
            cited,
        };
        let mut texts = vec![
            text(Place::Headline, &draft.headline, every.clone()),
            text(Place::Summary, &draft.summary, every),
        ];
        let claims = draft.claims.iter().enumerate();
        texts.extend(claims.map(|(n, it)| text(Place::Claim(n), &it.text, of(&it.fact_ids))));
        texts
    }

    fn is_french(&self) -> bool {
        self.sample.sheet.language == Language::Fr
    }

    fn facts(&self) -> impl Iterator<Item = &'a str> {
        self.sample.sheet.facts.iter().map(|it| it.text.as_str())
    }

    /// Returns the text with another in the place of these bytes.
    fn with(&self, range: std::ops::Range<usize>, by: &str) -> String {
        format!(
            "{}{by}{}",
            &self.text[..range.start],
            &self.text[range.end..]
        )
    }

    /// Returns where `word` stands as a word of its own and outside of quotes.
    fn find(&self, word: &str) -> Vec<usize> {
        let is_part = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let found = self.text.match_indices(word).map(|(at, _)| at);
        let is_free = |at: &usize| {
            let (before, behind) = (&self.text[..*at], &self.text[at + word.len()..]);
            !is_quoted(before)
                && !is_part(before.chars().next_back())
                && !is_part(behind.chars().next())
        };
        found.filter(is_free).collect()
    }
}

/// Returns whether quotes are open behind `before`.
fn is_quoted(before: &str) -> bool {
    let n = |quote: char| before.matches(quote).count();
    n('“') > n('”') || n('«') > n('»')
}

/// Chance that is the same on every machine: Marsaglia's xorshift64*.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or(0) % n.max(1)
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}
