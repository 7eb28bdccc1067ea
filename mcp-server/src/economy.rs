//! How long answers may be: tokens are estimated from above, and lists end with a whole record.

mod tokens;
mod words;

use serde::Serialize;

pub(crate) use self::tokens::tokens;
use crate::arguments::ResponseFormat;

/// The most tokens of an answer unless more was asked for.
const USUAL_TOKENS: usize = 2_000;

/// The most tokens of any answer. Clients refuse what is a little above.
pub(crate) const MOST_TOKENS: usize = 20_000;

/// Room for what every list says beside its records: names of fields, counts, a hint and a cursor.
const FRAME_TOKENS: usize = 300;

/// How many tokens an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget(usize);

impl Budget {
    /// Returns the budget of an answer: more where the caller named a limit, or asked for all details.
    pub(crate) const fn of(is_limit_given: bool, format: ResponseFormat) -> Self {
        match (is_limit_given, format) {
            (false, ResponseFormat::Concise) => Self(USUAL_TOKENS),
            _ => Self(MOST_TOKENS),
        }
    }

    /// Returns whether a whole answer is short enough.
    pub(crate) fn allows(self, answer: &impl Serialize) -> bool {
        tokens_of(answer) <= self.0
    }
}

/// Takes records off the end until the rest of them, at least one, fits in an answer, and returns whether it took any.
///
/// `beside` is what the answer says beside its records, such as a notice and the age of the data; there is room for
/// its [`Cut`](crate::answer::Cut) anyway.
pub(crate) fn cut<R: Serialize>(
    records: &mut Vec<R>,
    beside: &impl Serialize,
    budget: Budget,
) -> bool {
    let mut left = budget.0.saturating_sub(FRAME_TOKENS + tokens_of(beside));
    let fits = |record: &R| {
        // One for the comma.
        let fitting = left.checked_sub(tokens_of(record) + 1);
        left = fitting.unwrap_or_default();
        fitting.is_some()
    };
    let n_fitting = records.iter().map(fits).take_while(|&it| it).count().max(1);
    let is_cut = n_fitting < records.len();
    records.truncate(n_fitting);
    is_cut
}

/// Returns at least as many tokens as what is written has for o200k.
fn tokens_of(written: &impl Serialize) -> usize {
    serde_json::to_string(written).map_or(usize::MAX / 2, |json| tokens(&json))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CONCISE: ResponseFormat = ResponseFormat::Concise;

    #[test]
    fn a_limit_or_details_ask_for_more() {
        assert_eq!(Budget::of(false, CONCISE), Budget(USUAL_TOKENS));
        assert_eq!(Budget::of(true, CONCISE), Budget(MOST_TOKENS));
        assert_eq!(
            Budget::of(false, ResponseFormat::Detailed),
            Budget(MOST_TOKENS)
        );
    }

    #[test]
    fn a_list_ends_with_the_last_whole_record_that_fits() {
        let record = json!({ "title": "A lamp of solid brass" });
        let of_one = tokens_of(&record) + 1;
        let beside = json!({ "notice": "strangers" });
        let fitting = (USUAL_TOKENS - FRAME_TOKENS - tokens_of(&beside)) / of_one;
        let budget = Budget::of(false, CONCISE);
        let mut records = vec![record; fitting + 1];
        assert!(cut(&mut records, &beside, budget));
        assert_eq!(records.len(), fitting);
        assert!(!cut(&mut records, &beside, budget));
        assert_eq!(records.len(), fitting);
        let whole = json!({ "records": records, "beside": beside });
        assert!(tokens_of(&whole) <= USUAL_TOKENS);
    }

    #[test]
    fn a_record_that_is_too_long_alone_is_shown_all_the_same() {
        let long = "x".repeat(40_000);
        let mut records = vec![long.clone(), long];
        assert!(cut(&mut records, &(), Budget::of(true, CONCISE)));
        assert_eq!(records.len(), 1);
        let mut nothing: Vec<String> = Vec::new();
        assert!(!cut(&mut nothing, &(), Budget::of(true, CONCISE)));
    }

    /// Titles, vendors and handles as shops write them.
    const TITLES: [(&str, &str, &str); 5] = [
        (
            "Men's Wool Runner NZ - Natural Grey (Light Grey Sole)",
            "Allbirds",
            "mens-wool-runners-natural-grey",
        ),
        (
            "Reusable Stainless Steel Water Bottle 750 ml",
            "Northwind Goods",
            "reusable-stainless-steel-bottle-750ml",
        ),
        (
            "Women's Organic Cotton Crew Neck T-Shirt",
            "Everyday Supply",
            "womens-organic-cotton-crew-neck-t-shirt",
        ),
        (
            "Robe longue en lin à manches courtes",
            "Maison Lumière",
            "robe-longue-en-lin-manches-courtes",
        ),
        (
            "Lampe de table en laiton massif, fait main",
            "Atelier Dumont",
            "lampe-de-table-en-laiton-massif",
        ),
    ];

    #[test]
    fn ten_products_with_their_scores_are_an_usual_answer() {
        let line = |rank: usize, (title, vendor, handle): (&str, &str, &str)| {
            json!({
                "rank": rank, "id": format!("www.northwind-goods.example/{handle}"),
                "price": { "amount": "129.95", "currency": "EUR" }, "in_stock": true,
                "untrusted": { "title": title, "vendor": vendor, "product_type": "Shoes" },
                "score": 0.7315, "coverage": 0.8125, "rank_p5": 1, "rank_p95": 14,
                "score_breakdown": { "availability": 0.1923, "newness": 0.1251, "popularity": 0.2718 },
            })
        };
        let mut lines: Vec<_> = (1..)
            .zip(TITLES.into_iter().cycle())
            .map(|(n, it)| line(n, it))
            .take(10)
            .collect();
        let hints = ["10 of 250 places are in the answer"];
        assert!(
            !cut(&mut lines, &hints, Budget::of(false, CONCISE)),
            "{}",
            lines.len()
        );
    }

    #[test]
    fn thirteen_shops_are_an_usual_answer() {
        let line = json!({
            "shop": "www.northwind-goods.example", "platform": "shopify", "status": "fresh", "currency": "EUR",
            "products": 1483, "gone": 37, "last_complete_at": "2026-11-21T09:14:03.512Z", "age_hours": 10.4,
            "last_crawl": { "outcome": "complete", "finished_at": "2026-11-21T09:14:03.512Z", "problems": 0 },
        });
        let mut lines = vec![line; 13];
        assert!(
            !cut(&mut lines, &13, Budget::of(false, CONCISE)),
            "{}",
            lines.len()
        );
    }

    #[test]
    fn twelve_groups_of_changes_are_an_usual_answer() {
        let moves = json!({ "n": 24, "median_percent": 12.5, "mean_percent": 14.2, "greatest_percent": 40.1 });
        let line = json!({
            "shop": "www.northwind-goods.example", "n": 141, "products": 97, "price_cuts": moves, "price_rises": moves,
            "counts": { "new": 12, "gone": 3, "cheaper": 24, "dearer": 24, "sold_out": 40, "restocked": 38 },
        });
        let mut lines = vec![line; 12];
        assert!(
            !cut(&mut lines, &json!({}), Budget::of(false, CONCISE)),
            "{}",
            lines.len()
        );
    }
}
