//! Why a product stands where it stands, worked out from what is stored.
//!
//! Scoring reads every product, so that the scores of one ranking are kept for the next questions. They are worked out
//! by a task of its own: a call that is given up leaves its successor a shorter wait.

use std::sync::Arc;

use anyhow::Result;
use catalog::{FeatureRow, NativeId, ProductFilter, ProductId, Store, UnixMs};
use mcp_server::{Data, Explain, ExplainOrder, Refused};
use scoring::balanced::Scores;
use scoring::explain::Explanation;
use scoring::preset::{Method, Preset, Quantiles};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::refused;
use crate::scores::Explainable;
use crate::{App, presets, scores};

/// Rows that are read to find one whose neighbour is known: more than come between the two in a while.
const NEAR_ROWS: usize = 50;

/// Returns who explains.
pub(super) fn explainer(data: &Arc<Data>, app: &App) -> Arc<Explain> {
    let explainer = Arc::new(Explainer {
        data: Arc::clone(data),
        configured: presets::preset(app, None).ok(),
        kept: Arc::default(),
        tasks: TaskTracker::new(),
    });
    Arc::new(move |order| {
        let explainer = Arc::clone(&explainer);
        Box::pin(async move { explainer.explain(order).await })
    })
}

#[derive(Debug)]
struct Explainer {
    data: Arc<Data>,
    /// The configured preset, where there is nothing wrong with it.
    configured: Option<Preset>,
    kept: Arc<Mutex<Option<Kept>>>,
    tasks: TaskTracker,
}

/// Scores, and what they are of.
#[derive(Debug)]
struct Kept {
    of: Subject,
    scores: Arc<Explainable>,
}

/// What scores are worked out from: as long as it is the same, so are they.
#[derive(Debug, Clone, PartialEq)]
struct Subject {
    at: UnixMs,
    filter: ProductFilter,
    settings: Quantiles,
    /// When the newest crawl was.
    crawled_at: Option<UnixMs>,
}

impl Explainer {
    async fn explain(&self, order: ExplainOrder) -> Result<Explanation, Refused> {
        let store = &self.data.opened().await.map_err(refused)?.store;
        let subject = Subject {
            settings: self.settings(&order.preset, &order.product)?,
            at: order.at,
            filter: order.filter,
            crawled_at: order.crawled_at,
        };
        let explanation = async {
            let scores = self.scores(&subject, store).await?;
            explanation(&order.product, &subject, &scores, store.as_ref()).await
        };
        let explanation = explanation.await.map_err(|error| failed(&error))?;
        explanation.ok_or_else(not_ranked)
    }

    /// Returns how a preset scores: one of the program's own, or the configured one.
    fn settings(&self, name: &str, product: &ProductId) -> Result<Quantiles, Refused> {
        let own = [Preset::balanced(), Preset::classic()];
        let mut presets = own.into_iter().chain(self.configured.clone());
        let preset = presets.find(|it| it.name.eq_ignore_ascii_case(name));
        match preset.map(|it| it.method) {
            Some(Method::Quantiles(settings)) => Ok(settings),
            Some(_) => Err(Refused {
                code: "not_explained",
                message: "the preset classic scores between extremes: its parts are the contributions of \
                          get_top_products, and nothing more is to be explained"
                    .to_owned(),
                next: Some(with_balanced(product)),
            }),
            None => Err(Refused {
                code: "unknown_preset",
                message: "this server knows the preset balanced and the configured one, and this is neither"
                    .to_owned(),
                next: Some(with_balanced(product)),
            }),
        }
    }

    /// Returns the scores of `subject`: those that are kept, or new ones, which are kept from then on.
    async fn scores(&self, subject: &Subject, store: &Arc<dyn Store>) -> Result<Arc<Explainable>> {
        let (kept, subject, store) = (Arc::clone(&self.kept), subject.clone(), Arc::clone(store));
        let worked_out = self.tasks.spawn(async move {
            let mut kept = kept.lock().await;
            if let Some(it) = kept.as_ref().filter(|it| it.of == subject) {
                return Ok(Arc::clone(&it.scores));
            }
            // Two of them are not to be in memory.
            *kept = None;
            let Subject {
                at,
                filter,
                settings,
                ..
            } = &subject;
            let scores = scores::explainable(store.as_ref(), filter, settings, *at).await?;
            let scores = Arc::new(scores);
            *kept = Some(Kept {
                of: subject,
                scores: Arc::clone(&scores),
            });
            Ok(scores)
        });
        worked_out.await?
    }
}

/// Returns why a product has its place; `None` where it has none.
async fn explanation(
    product: &ProductId,
    subject: &Subject,
    scores: &Arc<Explainable>,
    store: &dyn Store,
) -> Result<Option<Explanation>> {
    let index = {
        let (scores, product) = (Arc::clone(scores), product.clone());
        tokio::task::spawn_blocking(move || scores.scores.position(&product)).await?
    };
    let Some(index) = index else {
        return Ok(None);
    };
    let Some(row) = row(index, product, &scores.scores, &subject.filter, store).await? else {
        return Ok(None);
    };
    let scores = Arc::clone(scores);
    let explain = move || scores.scores.explain(index, &row, &scores.histories);
    Ok(Some(tokio::task::spawn_blocking(explain).await?))
}

/// Returns what the scores took of a product, which comes right behind the one before it.
async fn row(
    index: usize,
    product: &ProductId,
    scores: &Scores,
    filter: &ProductFilter,
    store: &dyn Store,
) -> Result<Option<FeatureRow>> {
    let before = index.checked_sub(1).map(|it| scores.id(it));
    let near = store.features(filter, before.as_ref(), NEAR_ROWS).await?;
    if let Some(row) = near.into_iter().find(|it| it.id == *product) {
        return Ok(Some(row));
    }
    let mut rows = scores::rows_of(store, filter, std::slice::from_ref(product)).await?;
    Ok(rows.pop())
}

/// Returns the call that explains a product's score by the preset that every server knows.
fn with_balanced(product: &ProductId) -> String {
    let id = match product.native {
        NativeId::Number(_) => product.to_string(),
        // Of hostile feeds it is any text.
        NativeId::Text(_) => "ID".to_owned(),
    };
    format!("explain_score {{\"id\":\"{id}\",\"preset\":\"balanced\"}}")
}

fn not_ranked() -> Refused {
    Refused {
        code: "not_ranked",
        message:
            "the latest ranking leaves this product out: it does not pass the ranking's filter"
                .to_owned(),
        next: Some("trouvaille rank".to_owned()),
    }
}

fn failed(error: &anyhow::Error) -> Refused {
    tracing::warn!("cannot explain a score: {error:#}");
    Refused {
        code: "store_failed",
        message: "the scores could not be worked out; the server's log says why".to_owned(),
        next: Some("call again in a moment; if that does not help: trouvaille check".to_owned()),
    }
}
