//! How much of the sets the checks refuse.

use std::collections::BTreeMap;

use catalog::Language;
use summarizer::validate;

use super::blind;
use super::corpus::{self, Change, Kind, Sample, Set};

/// How many there were and how many of them were refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) n: usize,
    pub(crate) refused: usize,
}

impl Count {
    pub(crate) fn add(&mut self, is_refused: bool) {
        self.n += 1;
        self.refused += usize::from(is_refused);
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let permille = (self.refused * 2000 + self.n) / (self.n.max(1) * 2);
        write!(
            f,
            "{} of {} ({}.{} %)",
            self.refused,
            self.n,
            permille / 10,
            permille % 10
        )
    }
}

/// The figures of all sets.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Lies by set, kind and language.
    lies: BTreeMap<(Set, Kind, &'static str), Count>,
    /// Correct summaries by language: those of the first set, fresh ones, and those of the two blind sets.
    correct: [BTreeMap<&'static str, Count>; 4],
    /// Each mistake in words, for whoever mends it.
    pub(crate) mistakes: Vec<String>,
}

impl Figures {
    /// Lets the checks judge the stored sets.
    pub(crate) fn of_stored_sets() -> Self {
        let of_sets = [
            corpus::correct(),
            corpus::fresh(),
            blind::correct(),
            blind::unseen(),
        ];
        let mut figures = Self::default();
        for (samples, counts) in of_sets.iter().zip(0..) {
            samples
                .iter()
                .for_each(|it| figures.judge_correct(it, counts));
        }
        let samples = of_sets.concat();
        for set in Set::ALL {
            for change in corpus::read::<Change>(set.file()) {
                figures.judge_lie(set, &change, &samples);
            }
        }
        figures
    }

    fn judge_correct(&mut self, sample: &Sample, counts: usize) {
        let rejects = validate::check(&sample.draft, &sample.sheet);
        let language = sample.sheet.language.code();
        self.correct[counts]
            .entry(language)
            .or_default()
            .add(!rejects.is_empty());
        let told = rejects
            .iter()
            .map(|it| format!("{} refused: {}: {}", sample.name, it.code, it.detail));
        self.mistakes.extend(told);
    }

    fn judge_lie(&mut self, set: Set, change: &Change, samples: &[Sample]) {
        let sample = change.apply(samples);
        let is_refused = !validate::check(&sample.draft, &sample.sheet).is_empty();
        let key = (set, change.kind, change.language.code());
        self.lies.entry(key).or_default().add(is_refused);
        if !is_refused {
            let Change {
                of, kind, at, text, ..
            } = change;
            self.mistakes
                .push(format!("{of} passed ({set:?}, {kind:?}, {at:?}): {text}"));
        }
    }

    /// Returns the lies of a set, of one kind or of all, of one language or of both.
    pub(crate) fn lies(&self, set: Set, kind: Option<Kind>, language: Option<Language>) -> Count {
        let is_asked = |it: &(Set, Kind, &str)| {
            let is_kind = kind.is_none_or(|kind| kind == it.1);
            it.0 == set && is_kind && language.is_none_or(|language| language.code() == it.2)
        };
        add_up(
            self.lies
                .iter()
                .filter(|(key, _)| is_asked(key))
                .map(|(_, it)| *it),
        )
    }

    /// Returns the correct ones that were refused, of one language or of both.
    pub(crate) fn false_rejects(&self, language: Option<Language>) -> Count {
        of_language(&self.correct[0], language)
    }

    /// Returns the correct ones of the blind set that were refused, of one language or of both.
    pub(crate) fn blind_false_rejects(&self, language: Option<Language>) -> Count {
        of_language(&self.correct[2], language)
    }

    /// Returns the correct ones of the second blind set that were refused, of one language or of both.
    pub(crate) fn unseen_false_rejects(&self, language: Option<Language>) -> Count {
        of_language(&self.correct[3], language)
    }

    /// Returns the table that the documents publish.
    pub(crate) fn table(&self) -> String {
        let row = |label: &str, of: &dyn Fn(Option<Language>) -> Count| {
            let [en, fr] = Language::ALL.map(|it| of(Some(it)));
            format!("| {label} | {en} | {fr} | {} |\n", of(None))
        };
        let mut table = "| refused of | English | French | both |\n|---|---|---|---|\n".to_owned();
        let kind = |set, kind: Kind| {
            row(kind.label(), &|language| {
                self.lies(set, Some(kind), language)
            })
        };
        let all = |label: &str, set| row(label, &|language| self.lies(set, None, language));
        table.extend(Kind::CORRUPTIONS.map(|it| kind(Set::Made, it)));
        table += &all("**first set: one thing changed**", Set::Made);
        table += &row("**correct summaries**", &|language| {
            self.false_rejects(language)
        });
        table += &all("the same kinds, by hand", Set::ByHand);
        table += &all("one thing changed, fresh", Set::Fresh);
        table += &row("correct summaries, fresh", &|language| {
            of_language(&self.correct[1], language)
        });
        for (name, set) in [("blind set", Set::Blind), ("second blind set", Set::Unseen)] {
            table.extend(Kind::CORRUPTIONS.map(|it| {
                let label = format!("{name}: {}", it.label());
                row(&label, &|language| self.lies(set, Some(it), language))
            }));
            table += &all(&format!("**{name}, today: one thing changed**"), set);
            table += &row(
                &format!("**{name}, today: correct summaries**"),
                &|language| match set {
                    Set::Unseen => self.unseen_false_rejects(language),
                    _ => self.blind_false_rejects(language),
                },
            );
        }
        table.extend(Kind::LIES.map(|it| kind(Set::Second, it)));
        table + &all("**second set**", Set::Second)
    }
}

fn of_language(counts: &BTreeMap<&'static str, Count>, language: Option<Language>) -> Count {
    let is_asked = |it: &str| language.is_none_or(|language| language.code() == it);
    add_up(
        counts
            .iter()
            .filter(|(of, _)| is_asked(of))
            .map(|(_, it)| *it),
    )
}

fn add_up(counts: impl Iterator<Item = Count>) -> Count {
    counts.fold(Count::default(), |sum, it| Count {
        n: sum.n + it.n,
        refused: sum.refused + it.refused,
    })
}
