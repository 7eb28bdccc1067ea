//! What the store tells of itself, for operators: read when somebody asks, and not again for a while.

use std::time::Duration;

use catalog::{
    Outcome, ShopStatus, Store, StoreError, TaskState, TaskStats, TaskStore, UnixMs, WorkStats,
};
use mcp_server::Opened;
use metrics::gauge;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{WORK_KINDS, is_of_one_command, seconds, work_kind};
use crate::clock::Clock;

/// For how long figures are good that cost the store little.
const WORK_FOR: Duration = Duration::from_secs(15);

/// The same of shops, whose products are counted.
const SHOPS_FOR: Duration = Duration::from_secs(60);

/// The states of a shop.
const SHOP_STATES: [&str; 8] = [
    "new", "running", "complete", "partial", "blocked", "gone", "failed", "paused",
];

/// Reads the figures of a store, at most so often.
#[derive(Debug)]
pub(crate) struct StoredFigures {
    clock: Clock,
    /// From which age on a shop's last complete crawl is too old.
    stale_after: Duration,
    read_at: Mutex<ReadAt>,
}

#[derive(Debug, Default)]
struct ReadAt {
    work: Option<Instant>,
    shops: Option<Instant>,
}

impl StoredFigures {
    pub(crate) fn new(clock: Clock, stale_after: Duration) -> Self {
        Self {
            clock,
            stale_after,
            read_at: Mutex::default(),
        }
    }

    /// Reads what is too old. Cancel-safe: what was read until then is told.
    ///
    /// # Errors
    /// Those of the store; what could not be read stays as it was.
    pub(crate) async fn refresh(&self, opened: &Opened) -> Result<(), StoreError> {
        let is_good = |at: Option<Instant>, time| at.is_some_and(|at| at.elapsed() < time);
        let mut read_at = self.read_at.lock().await;
        let now = self.clock.now();
        if !is_good(read_at.work, WORK_FOR) {
            read_work(opened.tasks.as_ref(), now).await?;
            read_at.work = Some(Instant::now());
        }
        if !is_good(read_at.shops, SHOPS_FOR) {
            self.read_shops(opened.store.as_ref(), now).await?;
            read_at.shops = Some(Instant::now());
            gauge!("trouvaille_stored_figures_timestamp_seconds").set(seconds(now));
        }
        Ok(())
    }

    async fn read_shops(&self, store: &dyn Store, now: UnixMs) -> Result<(), StoreError> {
        let shops = store.shops().await?;
        let ranking = store.ranking_heads(1).await?.pop();
        tell_shops(&shops, now, self.stale_after);
        let at = ranking.map_or(0.0, |it| seconds(it.at));
        gauge!("trouvaille_last_ranking_timestamp_seconds").set(at);
        Ok(())
    }
}

async fn read_work(tasks: &dyn TaskStore, now: UnixMs) -> Result<(), StoreError> {
    tell_work(&tasks.work_stats().await?, now);
    tell_tasks(&tasks.task_stats().await?, now);
    Ok(())
}

fn tell_work(stats: &[WorkStats], now: UnixMs) {
    for kind in WORK_KINDS {
        let of_kind = || stats.iter().filter(move |it| work_kind(&it.kind) == kind);
        let waiting: u64 = of_kind().map(|it| it.n_waiting).sum();
        let held: u64 = of_kind().map(|it| it.n_held).sum();
        let shared = || of_kind().filter(|it| !is_of_one_command(&it.kind));
        let oldest = shared().filter_map(|it| it.oldest_at).min();
        let lapsed_ms = shared().filter_map(|it| it.lapsed_ms).max();
        gauge!("trouvaille_work_items", "kind" => kind, "state" => "waiting").set(waiting as f64);
        gauge!("trouvaille_work_items", "kind" => kind, "state" => "held").set(held as f64);
        gauge!("trouvaille_work_oldest_seconds", "kind" => kind).set(age(oldest, now));
        gauge!("trouvaille_lease_lapsed_seconds", "kind" => kind)
            .set(lapsed_ms.unwrap_or_default() as f64 / 1e3);
    }
}

fn tell_tasks(stats: &[TaskStats], now: UnixMs) {
    for state in TaskState::ALL {
        let of_state = stats.iter().find(|it| it.state == state);
        let n_tasks = of_state.map_or(0, |it| it.n_tasks);
        gauge!("trouvaille_tasks", "state" => state.name()).set(n_tasks as f64);
        gauge!("trouvaille_task_oldest_seconds", "state" => state.name())
            .set(age(of_state.map(|it| it.since), now));
    }
}

fn tell_shops(shops: &[ShopStatus], now: UnixMs, stale_after: Duration) {
    for state in SHOP_STATES {
        let n_shops = shops.iter().filter(|it| state_of(it) == state).count();
        gauge!("trouvaille_shops", "state" => state).set(n_shops as f64);
    }
    let kept_up = shops
        .iter()
        .filter(|it| !it.is_paused && !is_gone(it))
        .filter_map(|it| it.last_complete_at);
    let is_stale = |at: &UnixMs| age(Some(*at), now) > stale_after.as_secs_f64();
    gauge!("trouvaille_shops_stale").set(kept_up.clone().filter(is_stale).count() as f64);
    gauge!("trouvaille_shop_last_success_oldest_timestamp_seconds")
        .set(kept_up.min().map_or(0.0, seconds));
    let ended = shops
        .iter()
        .filter_map(|it| it.last_crawl.as_ref()?.finished_at);
    gauge!("trouvaille_last_crawl_timestamp_seconds").set(ended.max().map_or(0.0, seconds));
    let listed: u64 = shops.iter().map(|it| it.n_products).sum();
    let gone: u64 = shops.iter().map(|it| it.n_gone).sum();
    gauge!("trouvaille_products", "state" => "listed").set(listed as f64);
    gauge!("trouvaille_products", "state" => "gone").set(gone as f64);
}

fn state_of(shop: &ShopStatus) -> &'static str {
    let is_held = shop.lease.as_ref().is_some_and(|it| it.remaining_ms > 0);
    let outcome = shop.last_crawl.as_ref().map(|it| it.outcome.as_ref());
    match outcome {
        _ if shop.is_paused => "paused",
        _ if is_held => "running",
        None => "new",
        // It goes on when somebody takes it.
        Some(None) => "partial",
        Some(Some(outcome)) => outcome.word(),
    }
}

fn is_gone(shop: &ShopStatus) -> bool {
    let outcome = shop.last_crawl.as_ref().and_then(|it| it.outcome.as_ref());
    matches!(outcome, Some(Outcome::Gone(_)))
}

/// Returns the seconds from `at` to `now`, 0 where there are none.
fn age(at: Option<UnixMs>, now: UnixMs) -> f64 {
    at.map_or(0.0, |at| (seconds(now) - seconds(at)).max(0.0))
}

#[cfg(test)]
mod tests {
    use catalog::{CrawlCounts, CrawlKey, CrawlReport, Currency, CurrencySource, Reason, Stop};

    use super::super::{begin, recorder};
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn shop(host: &str, outcome: Option<Outcome>, complete_at: Option<i64>) -> ShopStatus {
        let shop = crawler::shop_at(&format!("https://{host}")).unwrap();
        let key = CrawlKey {
            shop: shop.key.clone(),
            n: 1,
        };
        let last_crawl = outcome.map(|outcome| CrawlReport {
            key,
            outcome: Some(outcome),
            counts: CrawlCounts::default(),
            currency: Currency::parse("EUR").unwrap(),
            currency_source: CurrencySource::Shop,
            started_at: UnixMs::new(0),
            finished_at: Some(UnixMs::new(5_000)),
            checkpoint: None,
            notes: catalog::PassNotes::default(),
        });
        ShopStatus {
            shop,
            n_products: 10,
            n_gone: 1,
            last_crawl,
            last_complete_at: complete_at.map(UnixMs::new),
            is_paused: false,
            is_added: false,
            lease: None,
        }
    }

    #[test]
    fn shops_are_told_by_their_last_end_and_stale_where_that_is_old() {
        let reason = || Reason::new(Stop::Password, String::new());
        let old = 10 * HOUR_MS;
        let mut paused = shop("paused.example", None, Some(1));
        paused.is_paused = true;
        let shops = [
            shop("new.example", None, None),
            shop("old.example", Some(Outcome::Blocked(reason())), Some(old)),
            shop("young.example", Some(Outcome::Complete), Some(19 * HOUR_MS)),
            shop("gone.example", Some(Outcome::Gone(reason())), Some(2)),
            paused,
        ];
        let (recorder, figures) = recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            begin(UnixMs::new(0));
            let now = UnixMs::new(20 * HOUR_MS);
            tell_shops(&shops, now, Duration::from_secs(5 * 3_600));
            figures.text()
        });
        for line in [
            "trouvaille_shops{state=\"new\"} 1\n",
            "trouvaille_shops{state=\"blocked\"} 1\n",
            "trouvaille_shops{state=\"complete\"} 1\n",
            "trouvaille_shops{state=\"gone\"} 1\n",
            "trouvaille_shops{state=\"paused\"} 1\n",
            "trouvaille_shops{state=\"failed\"} 0\n",
            "trouvaille_shops_stale 1\n",
            "trouvaille_shop_last_success_oldest_timestamp_seconds 36000\n",
            "trouvaille_last_crawl_timestamp_seconds 5\n",
            "trouvaille_products{state=\"listed\"} 50\n",
            "trouvaille_products{state=\"gone\"} 5\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn work_is_told_by_kind_with_its_age() {
        let stats = |kind: &str, n_waiting, oldest_at: Option<i64>, lapsed_ms| WorkStats {
            kind: kind.to_owned(),
            n_waiting,
            n_held: 1,
            oldest_at: oldest_at.map(UnixMs::new),
            lapsed_ms,
        };
        let stats = [
            stats("summarize", 5, Some(40_000), None),
            stats("summarize/0123abcd", 3, Some(10_000), Some(1_500)),
            stats("summarize/0123abcd/4567", 2, Some(1_000), Some(9_500)),
            stats("crawl", 0, None, None),
        ];
        let (recorder, figures) = recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            begin(UnixMs::new(0));
            tell_work(&stats, UnixMs::new(60_000));
            figures.text()
        });
        for line in [
            "trouvaille_work_items{kind=\"summarize\",state=\"waiting\"} 10\n",
            "trouvaille_work_items{kind=\"summarize\",state=\"held\"} 3\n",
            "trouvaille_work_items{kind=\"crawl\",state=\"held\"} 1\n",
            "trouvaille_work_items{kind=\"other\",state=\"waiting\"} 0\n",
            "trouvaille_work_oldest_seconds{kind=\"summarize\"} 50\n",
            "trouvaille_work_oldest_seconds{kind=\"crawl\"} 0\n",
            "trouvaille_lease_lapsed_seconds{kind=\"summarize\"} 1.5\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
