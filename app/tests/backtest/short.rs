//! `trouvaille backtest` on a history that is too short: nothing is claimed, and what to do is said.

use serde_json::json;

use super::{TODAY, backtest, is_discounted, look, product, report, shop_with_a_past};
use crate::program::Home;

#[test]
fn nothing_is_claimed_of_less_than_half_a_horizon() {
    let home = Home::new();
    look(&home, "2026-02-15T12:59:48Z", "shop.example", |n| {
        product(n, 0, false)
    });
    look(&home, TODAY, "shop.example", |n| {
        product(n, 0, is_discounted(n))
    });
    let text = backtest(&home, &[]).stdout;
    assert!(
        text.contains("outcomes until 2026-02-15T13:00:00Z\n"),
        "{text}"
    );
    assert!(!text.contains("2026-03"), "{text}");
    let sentence = "only 6 s of 28 d were observed after this moment: too little to tell";
    assert_eq!(text.matches(sentence).count(), 1, "{text}");
    assert!(
        text.contains("40 events") && text.contains("lift@"),
        "{text}"
    );
    for verdict in ["is better than", "is WORSE than", "no evidence that"] {
        assert!(!text.contains(verdict), "{text}");
    }
    let report = report(&home, &[]);
    assert_eq!(
        (&report["until"], &report["observed_until"]),
        (
            &json!("2026-03-15T12:59:54Z"),
            &json!("2026-02-15T13:00:00Z")
        )
    );
    assert_eq!(report["too_short"], true);
}

#[test]
fn what_a_pass_behind_the_horizon_saw_was_not_observed_within_it() {
    let home = shop_with_a_past(4);
    let args = ["--at", "2026-01-15T12:00:00Z", "--horizon", "25d"];
    let short = report(&home, &args);
    assert_eq!(short["observed_until"], "2026-01-20T12:00:00Z");
    assert_eq!(short["too_short"], true);
    let text = backtest(&home, &args).stdout;
    assert!(text.contains("only 5 d of 25 d were observed"), "{text}");
    let args = ["--at", "2026-01-15T13:00:00Z", "--horizon", "14d"];
    let text = backtest(&home, &[&args[..], &["--fit", "stockout"]].concat()).stdout;
    assert!(
        text.contains("no evidence: too little was observed later"),
        "{text}"
    );
}

#[test]
fn a_history_without_outcomes_says_what_to_do() {
    let home = Home::new();
    look(&home, "2026-01-01T12:00:00Z", "shop.example", |n| {
        product(n, 0, false)
    });
    look(&home, "2026-01-02T12:00:00Z", "other.example", |n| {
        product(n, 0, false)
    });
    let run = backtest(&home, &[]);
    run.assert_fails(
        1,
        &[
            "each shop was looked at only once",
            "crawl again after some days",
        ],
    );
    look(&home, "2026-01-30T12:00:00Z", "shop.example", |n| {
        product(n, 0, false)
    });
    let run = backtest(&home, &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let text = run.stdout;
    assert_eq!(text.matches("nothing to measure").count(), 1, "{text}");
    assert!(text.contains("crawl again after some days"), "{text}");
    let args = ["--at", "2026-01-10", "--horizon", "2d"];
    backtest(&home, &args).assert_fails(
        1,
        &[
            "240 products were known at 2026-01-10T00:00:00Z",
            "crawled again by 2026-01-12T00:00:00Z",
            "longer --horizon",
        ],
    );
}
