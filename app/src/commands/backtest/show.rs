//! The answers of a back-test as tables and sentences.

use std::fmt::Write as _;

use scoring::backtest::{
    AmountReport, EventReport, FeatureReport, Figure, MIN_EVENTS, Outcome, RankedAmount,
};
use scoring::feature::Feature;

use super::trial::{Basis, FitReport, HistoryReport, LabelReport};
use crate::output::{counted, grouped, printable, table};

/// Returns what a back-test on the store's history says.
pub(super) fn history(report: &HistoryReport) -> String {
    let mut text = format!(
        "Back-test of {} at {} ({}), outcomes until {}\n{} of {} as they were known then{}.",
        printable(&report.preset),
        report.at,
        report.at_is,
        report.observed_until,
        counted(report.n_products as u64, "product"),
        counted(report.n_shops as u64, "shop"),
        frozen(report.basis),
    );
    if report.n_unwatched > 0 {
        text += &format!(
            "\nLeft out: {} of shops that were not crawled again.",
            counted(report.n_unwatched, "product")
        );
    }
    if !report.not_in_history.is_empty() {
        text += &format!(
            "\nThe history does not keep descriptions, images and tags: {} is not known here.",
            report.not_in_history.join(", ")
        );
    }
    text += &span(report);
    if report.outcomes.iter().any(|it| it.n_events > 0) {
        for outcome in &report.outcomes {
            let has_verdict = !report.too_short && outcome.outcome != Outcome::Delisted.name();
            text += "\n\n";
            text += &event(outcome, has_verdict);
        }
    }
    if let Some(fit) = &report.fit {
        text += "\n\n";
        text += &fitted(fit, report.too_short);
    }
    text
}

/// Returns how long somebody looked, if that was less than the horizon, and whether anything happened.
fn span(report: &HistoryReport) -> String {
    let observed_ms = report.observed_until.ms() - report.at.ms();
    let [observed, horizon] = [observed_ms, report.until.ms() - report.at.ms()].map(duration_words);
    let happened = report.outcomes.iter().any(|it| it.n_events > 0);
    let mut text = String::new();
    if report.too_short {
        text += &format!(
            "\nonly {observed} of {horizon} were observed after this moment: too little to tell."
        );
        if happened {
            text += " The figures below are no evidence.";
        }
    } else if report.observed_until < report.until {
        text += &format!(
            "\n{observed} of {horizon} were observed after this moment: what happened later is not known."
        );
    }
    if !happened {
        let names: Vec<_> = report.outcomes.iter().map(|it| &it.outcome[..]).collect();
        text += &format!(
            "\n\nNone of the outcomes ({}) was seen in {observed}: nothing to measure. Shops change slowly; crawl again \
             after some days, best every day, and come back.",
            names.join(", ")
        );
    }
    text
}

/// Returns a time in its largest unit: `6 s`, `3 h`, `28 d`.
fn duration_words(ms: i64) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
    ];
    let unit = units.into_iter().find(|(unit_ms, _)| ms >= *unit_ms);
    let (unit_ms, unit) = unit.unwrap_or((1, "ms"));
    let tenths = ms.saturating_mul(10) / unit_ms;
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        rest => format!("{}.{rest} {unit}", tenths / 10),
    }
}

/// Returns what a back-test on labels says.
pub(super) fn labels(report: &LabelReport) -> String {
    let mut text = format!(
        "Back-test of {} at {} against {} in {}\n{} with a label, of {} that were ranked{}.",
        printable(&report.preset),
        report.at,
        report.amount.label,
        printable(&report.labels.display().to_string()),
        counted(report.amount.n_products as u64, "product"),
        counted(report.n_products as u64, "product"),
        frozen(report.basis),
    );
    if let Some(coverage) = report.coverage {
        text += &format!(
            "\nOf the preset's weights {:.0} % are known on average.",
            coverage * 100.0
        );
    }
    if !report.unknown.is_empty() {
        text += &format!(" Known of no product: {}.", report.unknown.join(", "));
    }
    text += "\n\n";
    text += &amount(&report.amount);
    for it in &report.events {
        text += "\n\n";
        text += &event(it, true);
    }
    text
}

/// Returns what else a reader must know of products that were put back to a moment.
const fn frozen(basis: Basis) -> &'static str {
    match (basis.types_known, basis.dates) {
        (true, _) => "",
        (false, Some(_)) => ", compared within their shop and aged by their date of creation",
        (false, None) => ", compared within their shop; no date of creation is known",
    }
}

/// Returns the figures of an event; `has_verdict` if a ranking should have it in front, and enough was observed.
fn event(report: &EventReport, has_verdict: bool) -> String {
    let (n, n_events) = (report.n_products as u64, report.n_events as u64);
    let mut text = format!(
        "{}: {}\n{}, {}",
        report.outcome,
        report.meaning,
        counted(n, "product"),
        counted(n_events, "event")
    );
    if n > 0 {
        text += &format!(" ({:.1} %)", n_events as f64 / n as f64 * 100.0);
    }
    if n_events == 0 {
        return text + ": nothing to measure";
    }
    text += &few(report);
    let k = report.k;
    let (precision, lift) = (format!("precision@{k}"), format!("lift@{k}"));
    let header = [
        "ranking", "AUC", "95 %", "Spearman", "95 %", &precision, "95 %", &lift, "95 %",
    ];
    let rows = report.rankings.iter().map(|it| {
        let figures = &it.figures;
        let [auc, spearman] = [figures.auc, figures.spearman].map(cells);
        let [precision, lift] = [figures.precision, figures.lift].map(cells);
        let [[a, b], [c, d], [e, f], [g, h]] = [auc, spearman, precision, lift];
        [it.ranking.clone(), a, b, c, d, e, f, g, h]
    });
    text += "\n";
    text += &table(header, &[1, 2, 3, 4, 5, 6, 7, 8], rows.collect());
    text += &features("AUC", &report.features);
    if !report.too_few && has_verdict {
        let verdicts = report.rankings.iter().skip(1);
        let verdicts = verdicts.map(|it| (it.ranking.as_str(), it.figures.auc_behind_first));
        text += &verdict(&report.rankings[0].ranking, "AUC", verdicts);
    }
    text
}

fn few(report: &EventReport) -> String {
    let n_others = report.n_products - report.n_events;
    match report.too_few {
        false => String::new(),
        true if report.n_events < MIN_EVENTS => format!(
            "\nonly {}: too few to tell; {MIN_EVENTS} are needed. The figures below are no evidence.",
            counted(report.n_events as u64, "event")
        ),
        true => format!(
            "\nonly {} without it: too few to tell; {MIN_EVENTS} are needed. The figures below are no evidence.",
            counted(n_others as u64, "product")
        ),
    }
}

fn amount(report: &AmountReport) -> String {
    let mut text = format!(
        "{}: {}, {} in all",
        report.label,
        counted(report.n_products as u64, "product"),
        amount_words(report.sum)
    );
    let are_equal = |it: &RankedAmount| it.figures.spearman.value.is_none();
    if report.n_products > 1 && report.rankings.iter().all(are_equal) {
        return text + ": all have the same number, nothing to measure";
    }
    if report.n_products < MIN_EVENTS {
        let _ = write!(
            text,
            "\nonly {}: too few to tell; {MIN_EVENTS} are needed. The figures below are no evidence.",
            counted(report.n_products as u64, "product")
        );
    }
    let rows = report.rankings.iter().map(|it| {
        let [value, interval] = cells(it.figures.spearman);
        [it.ranking.clone(), value, interval]
    });
    text += "\n";
    text += &table(["ranking", "Spearman", "95 %"], &[1, 2], rows.collect());
    text += &features("Spearman", &report.features);
    if report.n_products >= MIN_EVENTS {
        let verdicts = report.rankings.iter().skip(1);
        let verdicts = verdicts.map(|it| (it.ranking.as_str(), it.figures.spearman_behind_first));
        text += &verdict(&report.rankings[0].ranking, "Spearman", verdicts);
    }
    text
}

/// Returns the features alone, best first, in one paragraph.
fn features(measure: &str, features: &[FeatureReport]) -> String {
    if features.is_empty() {
        return String::new();
    }
    let words = features.iter().map(|it| {
        let [value, interval] = cells(it.figure);
        let n = grouped(it.n_known as u64);
        let few = if it.too_few { ", too few to tell" } else { "" };
        format!(
            "  {:<18} {value:>6}  {interval:<16} of {n}{few}",
            it.feature
        )
    });
    let lines: Vec<_> = words.collect();
    format!(
        "\n{measure} of each feature alone, among the products of which it is known:\n{}",
        lines.join("\n")
    )
}

/// Returns a sentence per baseline: ahead, behind, or no evidence.
fn verdict<'a>(
    first: &str,
    measure: &str,
    others: impl Iterator<Item = (&'a str, Figure)>,
) -> String {
    let first = printable(first);
    let sentences = others.map(|(other, figure)| {
        let [value, interval] = cells(figure);
        let by = format!("{measure} {value} apart, 95 % {interval}");
        if figure.is_above_zero() {
            format!("\n{first} is better than {other}: {by}")
        } else if figure.is_below_zero() {
            format!("\n{first} is WORSE than {other}: {by}")
        } else {
            format!("\nno evidence that {first} is better than {other}, or worse: {by}")
        }
    });
    sentences.collect()
}

fn fitted(report: &FitReport, is_too_short: bool) -> String {
    let fitted = &report.fitted;
    let mut text = format!(
        "Weights learned for {} at {}: {} with {}; tried on {} with {} later",
        report.outcome,
        report.learned_at,
        counted(fitted.n_products as u64, "product"),
        counted(fitted.n_events as u64, "event"),
        counted(fitted.n_products_later as u64, "product"),
        counted(fitted.n_events_later as u64, "event"),
    );
    let figures = [fitted.auc, fitted.auc_of_equal_weights, fitted.difference];
    if let [Some(auc), Some(equal), Some(difference)] = figures {
        let words = |figure| cells(figure).join(" ");
        text += &format!(
            "\nAUC {}, with equal weights {}, difference {}",
            words(auc),
            words(equal),
            words(difference)
        );
    }
    match fitted.weights {
        Some(weights) if fitted.is_accepted => {
            text += "\nThe learned weights are better than equal ones; for a preset of your own:\n\n[weights]";
            for (feature, weight) in Feature::ALL.into_iter().zip(weights) {
                text += &format!("\n{} = {weight:.4}", feature.name());
            }
        }
        _ if is_too_short => text += "\nno evidence: too little was observed later",
        _ if fitted.n_events.min(fitted.n_events_later) < MIN_EVENTS => {
            text += &format!("\nno evidence: fewer than {MIN_EVENTS} events in one of the periods");
        }
        _ => text += "\nno evidence that learned weights are better than equal ones",
    }
    text
}

/// Returns a figure and its interval.
fn cells(figure: Figure) -> [String; 2] {
    let number = |it: f64| match it {
        it if it >= 10.0 => format!("{it:.1}"),
        it => format!("{it:.3}"),
    };
    let value = figure.value.map_or("–".to_owned(), number);
    let interval = match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
        _ => "–".to_owned(),
    };
    [value, interval]
}

fn amount_words(sum: f64) -> String {
    match sum {
        whole if whole.fract() == 0.0 && whole < 1e15 => grouped(whole as u64),
        large if large >= 1e15 => format!("{large:e}"),
        sum => format!("{sum:.2}"),
    }
}
