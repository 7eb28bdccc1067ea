//! The artifact `errors`: which shops failed, and what could not be read of the others.

use catalog::{Problem, StoreError};
use serde_json::{Value, json};

use super::outcome::Ended;
use crate::Context;
use crate::skills::results::within;
use crate::skills::words::one_line;

/// The most problems that are told of one shop, and of all.
const MAX_OF_SHOP: usize = 20;
const MAX_OF_ALL: usize = 200;

/// The longest list, in bytes of JSON: the task's JSON has other parts too.
const MAX_BYTES: usize = 40 << 10;

/// Returns the data of the artifact. What is left out is counted.
pub(super) async fn data(ends: &[Ended], context: &Context) -> Result<Value, StoreError> {
    let failed = ends.iter().filter(|end| !end.outcome.is_done());
    let shops: Vec<Value> = failed.map(shop).collect();
    let mut problems = Vec::new();
    let mut n_problems = 0;
    for end in ends {
        let Some(report) = end.report.as_ref().filter(|it| it.counts.problems > 0) else {
            continue;
        };
        n_problems += report.counts.problems;
        let room = MAX_OF_ALL.saturating_sub(problems.len()).min(MAX_OF_SHOP);
        if room > 0 {
            let found = context.store.problems(&report.key, room).await?;
            problems.extend(found.iter().map(|it| problem(&end.store, it)));
        }
    }
    let n_shops = shops.len();
    let shops = within(shops, MAX_BYTES / 2);
    let problems = within(problems, MAX_BYTES / 2);
    Ok(json!({
        "stores": shops,
        "nStores": n_shops,
        "problems": problems,
        "nProblems": n_problems,
    }))
}

fn shop(end: &Ended) -> Value {
    json!({
        "store": end.store,
        "outcome": end.outcome.word(),
        "code": end.code,
        "detail": end.outcome.reason().map(|it| one_line(&it.detail, 120)),
    })
}

fn problem(store: &str, problem: &Problem) -> Value {
    json!({
        "store": store,
        "kind": problem.kind.name(),
        "page": problem.page,
        "product": problem.product.as_deref().map(|it| one_line(it, 40)),
        "detail": one_line(&problem.detail, 120),
    })
}
