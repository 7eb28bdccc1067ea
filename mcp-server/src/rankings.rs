//! Rankings as tools look at them: the newest one is kept with an index, since most calls ask for it and a long list
//! takes long to read. Others are read when they are asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use catalog::{MAX_RANKINGS, ProductId, RankedRow, Ranking, RankingHead, Store, UnixMs};
use tokio::time::Instant;

use crate::arguments::ResponseFormat;
use crate::products::ProductLine;
use crate::{ToolError, run_id};

/// So long it is not asked again when the newest crawl was.
const CRAWL_ASKED_EVERY: Duration = Duration::from_secs(5);

/// The newest ranking, kept for as long as it is that.
#[derive(Debug, Default)]
pub(crate) struct Rankings {
    latest: Mutex<Option<(RankingHead, Arc<Standings>)>>,
    build: tokio::sync::Mutex<()>,
    crawled: Mutex<Option<(Instant, Option<UnixMs>)>>,
}

/// A ranking with an index of its products.
#[derive(Debug)]
pub(crate) struct Standings {
    pub(crate) ranking: Ranking,
    /// The formula's name and a mark that changes with its features and weights: `balanced@1f0c2a9b`.
    pub(crate) formula: String,
    index_of: HashMap<ProductId, usize>,
    /// What was told of products before: to clean strangers' texts costs more than all else of a call.
    lines: Vec<OnceLock<Box<ProductLine>>>,
}

impl Rankings {
    /// Returns the newest ranking; `None` where there is none yet.
    ///
    /// Whether there is a newer one is asked every time; it is read once, however many calls wait for it.
    pub(crate) async fn latest(
        &self,
        store: &dyn Store,
    ) -> Result<Option<Arc<Standings>>, ToolError> {
        let Some(head) = store.ranking_heads(1).await?.pop() else {
            return Ok(None);
        };
        self.of_head(store, head, true).await
    }

    /// Returns what rankings are stored, newest first.
    pub(crate) async fn heads(&self, store: &dyn Store) -> Result<Vec<RankingHead>, ToolError> {
        Ok(store.ranking_heads(MAX_RANKINGS as usize).await?)
    }

    /// Returns the newest ranking that `is_wanted`; `None` where no stored one is.
    pub(crate) async fn newest(
        &self,
        store: &dyn Store,
        is_wanted: impl Fn(&RankingHead) -> bool + Send,
    ) -> Result<Option<Arc<Standings>>, ToolError> {
        let mut heads = self.heads(store).await?.into_iter();
        let Some(at) = heads.as_slice().iter().position(is_wanted) else {
            return Ok(None);
        };
        match heads.nth(at) {
            Some(head) => self.of_head(store, head, at == 0).await,
            None => Ok(None),
        }
    }

    /// Returns the ranking that [`Standings::run_id`] names, such as `2026-11-21T09:00:00Z_balanced`.
    pub(crate) async fn by_run_id(
        &self,
        store: &dyn Store,
        run_id: &str,
    ) -> Result<Option<Arc<Standings>>, ToolError> {
        let Some((at, preset)) = run_id::parse(run_id) else {
            return Ok(None);
        };
        if let Some(latest) = self.latest(store).await?
            && (latest.ranking.at, latest.ranking.preset.as_str()) == (at, preset.as_str())
        {
            return Ok(Some(latest));
        }
        match store.ranking(at, &preset).await? {
            Some(ranking) => Standings::of(ranking).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns when the newest crawl ended, or began where it is under way; asked at most every few seconds.
    pub(crate) async fn newest_crawl(
        &self,
        store: &dyn Store,
    ) -> Result<Option<UnixMs>, ToolError> {
        let known = *self.crawled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, at)) = known
            && asked.elapsed() < CRAWL_ASKED_EVERY
        {
            return Ok(at);
        }
        let newest = store.crawls(None, 1).await?.pop();
        let at = newest.map(|it| it.finished_at.unwrap_or(it.started_at));
        let mut known = self.crawled.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), at));
        Ok(at)
    }

    /// Returns the ranking of a head, of which `is_latest` says whether it is the newest; `None` where it is stored no
    /// more.
    pub(crate) async fn of_head(
        &self,
        store: &dyn Store,
        head: RankingHead,
        is_latest: bool,
    ) -> Result<Option<Arc<Standings>>, ToolError> {
        if let Some(kept) = self.kept(&head) {
            return Ok(Some(kept));
        }
        let _one_build = self.build.lock().await;
        if let Some(kept) = self.kept(&head) {
            return Ok(Some(kept));
        }
        let Some(ranking) = store.ranking(head.at, &head.preset).await? else {
            return Ok(None);
        };
        let standings = Standings::of(ranking).await?;
        if is_latest {
            let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
            *latest = Some((head, Arc::clone(&standings)));
        }
        Ok(Some(standings))
    }

    fn kept(&self, head: &RankingHead) -> Option<Arc<Standings>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, standings) = latest.as_ref()?;
        (kept == head).then(|| Arc::clone(standings))
    }
}

impl Standings {
    async fn of(ranking: Ranking) -> Result<Arc<Self>, ToolError> {
        let indexed = tokio::task::spawn_blocking(|| Arc::new(Self::indexed(ranking)));
        indexed
            .await
            .map_err(|_| ToolError::new("internal", "the ranking could not be read"))
    }

    fn indexed(ranking: Ranking) -> Self {
        let ids = ranking.rows.iter().map(|row| row.product.id.clone());
        Self {
            index_of: ids.zip(0..).collect(),
            lines: std::iter::repeat_with(OnceLock::new)
                .take(ranking.rows.len())
                .collect(),
            formula: formula(&ranking),
            ranking,
        }
    }

    /// Returns a product's place, where it has one in the list as stored.
    pub(crate) fn place_of(&self, id: &ProductId) -> Option<&RankedRow> {
        self.ranking.rows.get(*self.index_of.get(id)?)
    }

    /// Returns a place's product as concise lists show it.
    pub(crate) fn line(&self, row: &RankedRow) -> ProductLine {
        let of_row = || Box::new(ProductLine::of(&row.product, ResponseFormat::Concise));
        let index = self.index_of.get(&row.product.id);
        match index.and_then(|it| self.lines.get(*it)) {
            Some(kept) => kept.get_or_init(of_row).as_ref().clone(),
            None => *of_row(),
        }
    }

    /// Returns the ranking's name among all that are stored.
    pub(crate) fn run_id(&self) -> String {
        run_id::format(self.ranking.at, &self.ranking.preset)
    }
}

fn formula(ranking: &Ranking) -> String {
    let parts = (&ranking.features, &ranking.weights);
    let text = serde_json::to_string(&parts).unwrap_or_default();
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mark = digest.as_ref().iter().take(4);
    let mark: String = mark.map(|it| format!("{it:02x}")).collect();
    format!("{}@{mark}", ranking.preset)
}

/// Returns the error of a store without a ranking.
pub(crate) fn no_ranking() -> ToolError {
    ToolError::new("no_ranking", "nothing has been ranked yet").next("trouvaille rank")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, empty, product, put, put_shop, rank};

    #[tokio::test]
    async fn a_ranking_that_replaces_the_newest_one_is_the_newest() {
        let (store, _tasks) = empty().await;
        put_shop(&*store, "loft.example", "EUR").await;
        let lamp = product("loft.example", 1, "lamp", "49.00 EUR", true);
        let chair = product("loft.example", 2, "chair", "99.00 EUR", true);
        for product in [&lamp, &chair] {
            put(&*store, product, vec![]).await;
        }
        let rankings = Rankings::default();
        for first in [[&lamp.id, &chair.id], [&chair.id, &lamp.id]] {
            rank(&*store, "2026-11-20", &first).await;
            let latest = rankings.latest(&*store).await.unwrap().unwrap();
            assert_eq!(latest.ranking.at, at("2026-11-20"));
            assert_eq!(latest.ranking.rows[0].product.id, *first[0]);
            let again = rankings.latest(&*store).await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&latest, &again), "read once");
        }
    }
}
