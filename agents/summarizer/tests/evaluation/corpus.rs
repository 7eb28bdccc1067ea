//! The stored sets: correct summaries, and changes that make lies of them.

use std::path::{Path, PathBuf};

use catalog::Language;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use summarizer::Draft;
use summarizer::facts::FactSheet;

/// A draft and the sheet that it is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) sheet: FactSheet,
    pub(crate) draft: Draft,
}

/// What was done to a correct draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Number,
    Product,
    Discount,
    Currency,
    Date,
    Direction,
    Negation,
    Paraphrase,
}

impl Kind {
    /// The kinds that nearly all must be refused of.
    pub(crate) const CORRUPTIONS: [Self; 6] = [
        Self::Number,
        Self::Product,
        Self::Discount,
        Self::Currency,
        Self::Date,
        Self::Direction,
    ];
    /// The kinds that text alone mostly does not show.
    pub(crate) const LIES: [Self; 2] = [Self::Negation, Self::Paraphrase];

    /// Returns how documents call it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Number => "changed number",
            Self::Product => "swapped product",
            Self::Discount => "invented discount",
            Self::Currency => "wrong currency",
            Self::Date => "wrong date",
            Self::Direction => "reversed direction",
            Self::Negation => "negation",
            Self::Paraphrase => "paraphrased lie",
        }
    }
}

/// A stored set of lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Set {
    /// One change each, made by [`corrupt`](super::corrupt).
    Made,
    /// The same kinds, thought up one by one against what the checks might overlook.
    ByHand,
    /// Made as the first ones, of summaries that the checks met only when they were done.
    Fresh,
    /// One change each, made by [`blind`](super::blind) of summaries written without a look at the checks.
    Blind,
    /// The same of summaries kept back until the checks had been mended by the blind set.
    Unseen,
    /// Lies that mostly no comparison of texts can show.
    Second,
}

impl Set {
    pub(crate) const ALL: [Self; 6] = [
        Self::Made,
        Self::ByHand,
        Self::Fresh,
        Self::Blind,
        Self::Unseen,
        Self::Second,
    ];

    /// Returns the file that it is stored in.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Made => "corrupted.jsonl",
            Self::ByHand => "by_hand.jsonl",
            Self::Fresh => "fresh.jsonl",
            Self::Blind => "blind_lies.jsonl",
            Self::Unseen => "unseen_lies.jsonl",
            Self::Second => "second.jsonl",
        }
    }
}

/// One text of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Headline,
    Summary,
    Claim(usize),
    /// A caution of its own, behind the others.
    Caution,
}

/// One change of one text of a correct draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The sample that it is a change of.
    pub(crate) of: String,
    pub(crate) language: Language,
    pub(crate) kind: Kind,
    pub(crate) at: Place,
    pub(crate) was: String,
    pub(crate) text: String,
}

impl Change {
    /// Returns the changed draft with its sheet.
    pub(crate) fn apply(&self, samples: &[Sample]) -> Sample {
        let found = samples.iter().find(|it| it.name == self.of);
        let mut sample = found.expect("a change names a sample").clone();
        let draft = &mut sample.draft;
        let place = match self.at {
            Place::Headline => &mut draft.headline,
            Place::Summary => &mut draft.summary,
            Place::Claim(index) => &mut draft.claims[index].text,
            Place::Caution => {
                draft.cautions.push(self.text.clone());
                return sample;
            }
        };
        assert_eq!(*place, self.was, "{} has another text now", self.of);
        place.clone_from(&self.text);
        sample
    }
}

/// Returns the correct summaries, English ones first.
pub(crate) fn correct() -> Vec<Sample> {
    ["correct_en.jsonl", "correct_fr.jsonl"].map(read).concat()
}

/// Returns the correct summaries that the checks met only when they were done.
pub(crate) fn fresh() -> Vec<Sample> {
    ["fresh_en.jsonl", "fresh_fr.jsonl"].map(read).concat()
}

/// Returns the records of a file of the sets.
pub(crate) fn read<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let text = std::fs::read_to_string(path(file)).expect("the sets are in the repository");
    let line = |it| serde_json::from_str(it).expect("each line is a record");
    text.lines().map(line).collect()
}

/// Returns `records` as a file of the sets has them.
pub(crate) fn lines<T: Serialize>(records: &[T]) -> String {
    let line = |it| serde_json::to_string(it).expect("records are plain") + "\n";
    records.iter().map(line).collect()
}

/// Returns where a file of the sets is.
pub(crate) fn path(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/evaluation");
    folder.join(file)
}
