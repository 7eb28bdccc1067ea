//! From a request to the work items of its task, and back.

use std::collections::HashSet;

use a2a_sdk::A2AError;
use catalog::{Language, MeterLimits, NewItem, ProductId, Ranking, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use summarizer::facts::FactSheet;
use summarizer::{Ask, Order};

use super::CLOSE;
use super::request::{Budget, Request, SummariesRequest};
use crate::Context;
use crate::handler::internal;
use crate::skills::Asked;
use crate::skills::request::{invalid, violation};

/// What is made of the results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CloseWork {
    /// The products, in the order in which they are listed.
    pub(super) products: Vec<ProductId>,
    /// The languages of each.
    pub(super) languages: Vec<Language>,
    /// What the briefs are about, one for each language; none where none is asked for.
    pub(super) briefs: Vec<FactSheet>,
}

/// What nobody can summarize yet.
const NO_RANKING: &str = "there is no ranking to take products from: crawl shops, then have `trouvaille rank` \
    rank them; or name products by their ids";

/// Returns what is done for a request.
///
/// # Errors
/// Invalid params for products that are not stored, a budget that cannot be counted, and more than one task takes.
pub(super) async fn plan(request: SummariesRequest, context: &Context) -> Result<Asked, A2AError> {
    let limits = limits(request.budget.unwrap_or_default(), context)?;
    let k = request
        .top_k
        .map(|it| usize::try_from(it.get()).unwrap_or(usize::MAX));
    let products = match (request.products, request.top_k) {
        (Some(named), None) => {
            let named = named.0.into_iter().map(|it| it.0);
            stored(named.collect(), context).await?
        }
        (None, Some(_)) => {
            let ranking = context.store.latest_ranking_in_brief().await;
            let ranking = ranking.map_err(failed)?;
            match ranking.map(|it| first(&it, k)) {
                Some(products) if !products.is_empty() => products,
                _ => return Ok(Asked::Refused(NO_RANKING.to_owned())),
            }
        }
        (Some(_), Some(_)) => {
            return Err(wrong("topK", "is in place of products: name one of both"));
        }
        (None, None) => {
            return Err(wrong("products", "is missing: name products, or say topK"));
        }
    };
    let mut languages: Vec<Language> = match request.languages {
        Some(codes) => codes.0.into_iter().map(|it| it.0).collect(),
        None => vec![Language::En],
    };
    languages.dedup();
    let mut briefs = Vec::new();
    if request.brief == Some(true) {
        let sheets = (context.ranking_sheets)(k, languages.clone());
        briefs = sheets.await.map_err(failed)?;
        if briefs.is_empty() {
            return Ok(Asked::Refused(NO_RANKING.to_owned()));
        }
    }
    let sheets = briefs.iter().map(|it| Ask::Sheet(Box::new(it.clone())));
    let products_asked = products.iter().cloned().map(Ask::Product);
    let order = Order {
        subjects: sheets.chain(products_asked).collect(),
        languages: languages.clone(),
        limits,
        only: None,
    };
    let mut tasks = summarizer::plan(&order).into_iter();
    let (Some(mut items), None) = (tasks.next(), tasks.next()) else {
        return Err(wrong("topK", "is more than one task takes: send several"));
    };
    let work = CloseWork {
        products,
        languages,
        briefs,
    };
    items.push(last(&work));
    Ok(Asked::Work(items))
}

/// Returns the products, each once.
///
/// # Errors
/// Invalid params with the place of each that is not stored.
async fn stored(named: Vec<ProductId>, context: &Context) -> Result<Vec<ProductId>, A2AError> {
    let rows = context.store.product_rows(&named).await.map_err(failed)?;
    let known: HashSet<&ProductId> = rows.iter().map(|row| &row.id).collect();
    let is_unknown = |(_, id): &(usize, &ProductId)| !known.contains(id);
    let unknown = named.iter().enumerate().filter(is_unknown).map(|(n, _)| {
        let what = "is not stored: name it as a list or a ranking does, or crawl its shop first";
        violation(&format!("products[{n}]"), what)
    });
    let unknown: Vec<_> = unknown.take(20).collect();
    if !unknown.is_empty() {
        return Err(invalid::<Request>(unknown));
    }
    let mut seen = HashSet::new();
    Ok((named.iter().filter(|it| seen.insert(*it)).cloned()).collect())
}

fn first(ranking: &Ranking, k: Option<usize>) -> Vec<ProductId> {
    let rows = ranking.rows.iter().take(k.unwrap_or(usize::MAX));
    rows.map(|row| row.product.id.clone()).collect()
}

/// Returns what the task may cost: what its caller says, and no more than the operator does.
fn limits(asked: Budget, context: &Context) -> Result<MeterLimits, A2AError> {
    let endpoint = context.summaries.endpoint.as_ref();
    if asked.max_cost.is_some() && endpoint.is_some_and(|it| it.price().is_none()) {
        let what = "the operator of this agent has stated no prices, so that money is not counted: \
            limit maxTokens or maxRequests";
        return Err(wrong("budget.maxCost", what));
    }
    let least = |asked: Option<u64>, most: Option<u64>| match (asked, most) {
        (Some(asked), Some(most)) => Some(asked.min(most)),
        (asked, most) => asked.or(most),
    };
    let most = &context.budget;
    Ok(MeterLimits {
        requests: least(asked.max_requests.map(|it| it.get()), most.requests),
        tokens: least(asked.max_tokens.map(|it| it.get()), most.tokens),
        cost_nanos: least(asked.max_cost.map(|it| it.nanos()), most.cost_nanos),
    })
}

fn wrong(field: &str, what: &str) -> A2AError {
    invalid::<Request>(vec![violation(field, what)])
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failed(error: StoreError) -> A2AError {
    internal("read the products", &error)
}

fn last(work: &CloseWork) -> NewItem {
    NewItem {
        kind: CLOSE.to_owned(),
        // A name of its own: the ends of two tasks need not wait for each other.
        key: a2a_sdk::new_message_id(),
        payload: json!(work),
        is_last: true,
    }
}
