//! Crawls shops that are due, without being asked: as tasks, which any replica works on.
//!
//! Time is cut into slots as long as the time between two crawls of a shop, or a day if that is less, which begin at another
//! moment for each shop, so that not all are due at once. A shop that is due gets one task in a slot, however many schedulers look
//! and however its crawls end: one that fails is asked again a day later at the latest.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::Result;
use catalog::{
    CrawlKey, CrawlReport, CreatedTask, Idempotency, NewTask, Shop, ShopKey, ShopStatus, TaskId,
    UnixMs,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::due::{DAY_MS, Due, MOST_PASSES, due_at, kept_from, kept_from_at};
use crate::{App, shop_list};

/// The pause between two looks at the shops, but for the jitter.
const PAUSE: Duration = Duration::from_secs(60);

/// The name in whose tasks the scheduler's crawls are.
pub(crate) const CALLER: &str = "scheduler";

/// Tasks made in one look; the others come with the next.
const MOST_TASKS: usize = 200;

/// Makes tasks for due shops until the command is cancelled.
pub(crate) async fn run(context: &a2a::Context, app: &App) {
    if !app.config.serve.crawls {
        app.screen
            .note("crawls nothing by itself: serve.crawls is false");
        return;
    }
    let mut scheduler = Scheduler {
        context,
        app,
        due: Due::new(app.config.recrawl_terms()),
        asked: HashMap::new(),
        cut_off: HashMap::new(),
    };
    let look_again_and_again = async {
        loop {
            if let Err(error) = scheduler.look().await {
                tracing::warn!("cannot look for shops that are due: {error:#}; trying again");
            }
            tokio::time::sleep(PAUSE.mul_f64(jitter())).await;
        }
    };
    tokio::select! {
        () = look_again_and_again => {}
        () = app.cancel.cancelled() => {}
    }
}

struct Scheduler<'a> {
    context: &'a a2a::Context,
    app: &'a App,
    due: Due,
    /// The slots that need no look at the store any more.
    asked: HashMap<ShopKey, i64>,
    /// The newest pass of each shop that was cut off, and whether one before it read the shop as far as that lets anybody.
    cut_off: HashMap<ShopKey, (CrawlKey, bool)>,
}

impl Scheduler<'_> {
    async fn look(&mut self) -> Result<()> {
        let shops = shop_list::stored_and_configured(self.context.store.as_ref(), self.app).await?;
        let configured = self.app.config.shops().into_iter().map(|it| it.key);
        let configured: HashSet<ShopKey> = configured.collect();
        let mut listed = Vec::new();
        for status in shops {
            if is_listed(&status, &configured) || self.was_read_before(&status).await? {
                listed.push(status);
            }
        }
        let shops = listed;
        let now = self.app.clock.now();
        let mut n_asked = 0;
        let mut n_new = 0;
        for status in shops.iter().filter(|it| is_free(it)) {
            let shop = &status.shop;
            let every = self
                .due
                .interval(status, self.context.store.as_ref())
                .await?;
            let slot = slot(&shop.key, every, now);
            let is_due = due_at(status, every, now).is_none_or(|at| at <= now);
            if !is_due || self.asked.get(&shop.key) == Some(&slot) {
                continue;
            }
            if n_asked == MOST_TASKS {
                break;
            }
            n_asked += 1;
            match self.ask(shop, slot, every, now).await {
                Ok(is_new) => {
                    n_new += u64::from(is_new);
                    self.asked.insert(shop.key.clone(), slot);
                }
                // The others are due all the same.
                Err(error) => tracing::warn!("cannot ask for {}: {error:#}", shop.key.shown()),
            }
        }
        if n_new > 0 {
            self.context.hub.wake_workers();
            let shops = crate::output::counted(n_new, "shop");
            self.app.screen.note(&format!("{shops} due: crawling"));
        }
        Ok(())
    }

    /// Returns whether an earlier pass than the newest, among the last ones, read a shop as far as that lets anybody.
    async fn was_read_before(&mut self, status: &ShopStatus) -> Result<bool> {
        let Some(last) = status.last_crawl.as_ref().filter(|_| status.n_products > 0) else {
            return Ok(false);
        };
        let key = &status.shop.key;
        if let Some((of, was_read)) = self.cut_off.get(key)
            && *of == last.key
        {
            return Ok(*was_read);
        }
        let passes = self.context.store.crawls(Some(key), MOST_PASSES).await?;
        let was_read = has_been_read(&passes);
        let answer = (last.key.clone(), was_read);
        self.cut_off.insert(key.clone(), answer);
        Ok(was_read)
    }

    /// Makes the task of a shop and a slot, and returns whether no other scheduler had made it.
    async fn ask(&self, shop: &Shop, slot: i64, every: Duration, now: UnixMs) -> Result<bool> {
        let task = task_of(shop, slot, every, now)?;
        let created = self.context.tasks.create_task(&task).await?;
        Ok(matches!(created, CreatedTask::New(_)))
    }
}

/// Returns the task of a shop and a slot, which has the same name in every scheduler.
fn task_of(shop: &Shop, slot: i64, every: Duration, now: UnixMs) -> Result<NewTask> {
    // Not the shop's key itself: a host may be longer than a name.
    let hash = xxh3_64(shop.key.as_str().as_bytes());
    let name = format!("{CALLER}-{slot}-{hash:016x}");
    let (message, items) = a2a::refresh_of(shop);
    Ok(NewTask {
        id: TaskId::new(&name)?,
        agent: "shopify".to_owned(),
        caller: CALLER.to_owned(),
        context: CALLER.to_owned(),
        state: catalog::TaskState::Submitted,
        note: None,
        message,
        items,
        idempotency: Some(Idempotency {
            key: name.clone(),
            request_hash: name,
            kept_ms: u64::try_from(2 * every.as_millis())?,
        }),
        at: now,
    })
}

/// Returns whether a shop is crawled unasked: an operator configured or added it, or it was once crawled as far as it lets
/// anybody. Any other host was named by a caller, and is tried when it is asked for.
fn is_listed(status: &ShopStatus, configured: &HashSet<ShopKey>) -> bool {
    configured.contains(&status.shop.key)
        || status.is_added
        || status.last_crawl.is_none()
        || status.last_complete_at.is_some()
        || (status.n_products > 0 && kept_from_at(status).is_some())
}

/// Returns whether one of a shop's passes stored pages and ended where the shop lets nobody go on.
fn has_been_read(passes: &[CrawlReport]) -> bool {
    let mut passes = passes.iter();
    passes.any(|it| it.counts.pages > 0 && kept_from(it).is_some())
}

/// Returns whether nothing keeps a shop from being crawled now.
fn is_free(status: &ShopStatus) -> bool {
    let is_held = status.lease.as_ref().is_some_and(|it| it.remaining_ms > 0);
    !status.is_paused && !is_held && !status.shop.url.is_empty()
}

/// Returns the number of the slot of `now` in which a shop that is crawled at this interval has one task.
fn slot(shop: &ShopKey, every: Duration, now: UnixMs) -> i64 {
    let every_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    let slot_ms = every_ms.min(DAY_MS);
    let hash = xxh3_64(shop.as_str().as_bytes());
    #[expect(clippy::cast_possible_wrap, reason = "any number does")]
    let phase = (hash as i64).rem_euclid(slot_ms);
    now.ms().saturating_add(phase).div_euclid(slot_ms)
}

/// Returns a factor from 0.9 to 1.1, so that replicas do not look at the same moments for ever.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8) % 1_000;
    #[expect(clippy::cast_precision_loss, reason = "below 1,000")]
    let random = random as f64;
    0.9 + random / 5_000.0
}

#[cfg(test)]
mod tests {
    use catalog::{
        CrawlCounts, CrawlKey, CrawlReport, Currency, CurrencySource, LeaseHolder, Outcome, Reason,
        Stop,
    };

    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn status(host: &str, last_complete_at: Option<i64>) -> ShopStatus {
        ShopStatus {
            shop: crawler::shop_at(&format!("https://{host}")).unwrap(),
            n_products: 0,
            n_gone: 0,
            last_crawl: None,
            last_complete_at: last_complete_at.map(UnixMs::new),
            is_paused: false,
            is_added: false,
            lease: None,
        }
    }

    #[tokio::test]
    async fn a_shop_with_the_longest_host_gets_its_task_once() {
        let label = "x".repeat(62);
        let host = format!("{label}.{label}.{label}.{label}");
        let shop = status(&host, None).shop;
        let task = |slot| task_of(&shop, slot, DAY, UnixMs::new(0)).unwrap();
        let uri = "sqlite::memory:";
        let (_, tasks) = store::open_with_tasks(uri, store::OpenMode::Create)
            .await
            .unwrap();
        for slot in [1, 2] {
            let created = tasks.create_task(&task(slot)).await.unwrap();
            assert!(matches!(created, CreatedTask::New(_)), "{created:?}");
            let again = tasks.create_task(&task(slot)).await.unwrap();
            assert!(matches!(again, CreatedTask::Same(_)), "{again:?}");
        }
    }

    #[test]
    fn a_shop_that_kept_itself_from_being_complete_is_asked_again_a_day_later_at_most() {
        let hour = |n: i64| UnixMs::new(n * HOUR_MS);
        let mut never_complete = status("a.example", None);
        let mut pass = tried(&never_complete.shop);
        pass.finished_at = Some(hour(1_000));
        let mut due = |outcome: Outcome, every: u32| {
            pass.outcome = Some(outcome);
            never_complete.last_crawl = Some(pass.clone());
            due_at(&never_complete, DAY * every / 4, hour(1_000))
        };
        let partial = |stop| Outcome::Partial(Reason::new(stop, "no"));
        let gone = Outcome::Gone(Reason::new(Stop::ClosedFeed, "no"));
        let blocked = Outcome::Blocked(Reason::new(Stop::Password, "no"));
        for outcome in [partial(Stop::Wall), partial(Stop::Shrunk), gone, blocked] {
            assert_eq!(due(outcome.clone(), 1), Some(hour(1_006)));
            assert_eq!(due(outcome, 28), Some(hour(1_024)));
        }
        // It goes on, or ended as somebody asked.
        for stop in [Stop::RateLimited, Stop::Interrupted, Stop::MaxPages] {
            assert_eq!(due(partial(stop), 1), None);
        }
    }

    #[test]
    fn a_shop_is_due_when_its_last_complete_crawl_is_old_or_there_is_none() {
        let now = 1_000 * HOUR_MS;
        let due = |at: Option<i64>| due_at(&status("a.example", at), DAY, UnixMs::new(now));
        assert_eq!(due(None), None);
        assert_eq!(due(Some(976 * HOUR_MS)), Some(UnixMs::new(now)));
        // Two clocks that differ a little are no clock that was set back.
        assert_eq!(
            due(Some(now + 1)),
            Some(UnixMs::new(now + 24 * HOUR_MS + 1))
        );
        for set_back in [now + 25 * HOUR_MS, i64::MAX - 1] {
            assert_eq!(due(Some(set_back)), None);
        }
    }

    #[test]
    fn a_shop_that_is_paused_held_or_without_an_address_is_left_alone() {
        let free = status("a.example", None);
        assert!(is_free(&free));
        let mut paused = free.clone();
        paused.is_paused = true;
        let mut held = free.clone();
        held.lease = Some(LeaseHolder {
            owner: "another".to_owned(),
            expires_at: UnixMs::new(0),
            remaining_ms: 1,
        });
        let mut imported = free;
        imported.shop.url.clear();
        for status in [paused, held, imported] {
            assert!(!is_free(&status));
        }
    }

    #[test]
    fn a_host_that_only_a_caller_named_is_not_listed_until_it_was_crawled_to_its_end() {
        let nobody = HashSet::new();
        let mut named = status("named.example", None);
        assert!(is_listed(&named, &nobody), "added, not tried yet");
        named.last_crawl = Some(tried(&named.shop));
        assert!(!is_listed(&named, &nobody));
        for (stop, n_products, expected) in [
            (Stop::ServerError, 0, false),
            (Stop::RateLimited, 250, false),
            (Stop::Interrupted, 250, false),
            (Stop::MaxPages, 250, false),
            (Stop::Wall, 25_000, true),
            (Stop::NotShopify, 0, false),
        ] {
            let pass = named.last_crawl.as_mut().unwrap();
            pass.outcome = Some(Outcome::Partial(Reason::new(stop, "no")));
            pass.finished_at = Some(UnixMs::new(1));
            named.n_products = n_products;
            assert_eq!(is_listed(&named, &nobody), expected, "{stop:?}");
            let of_operator = ShopStatus {
                is_added: true,
                ..named.clone()
            };
            assert!(is_listed(&of_operator, &nobody), "{stop:?}");
            assert!(is_listed(&named, &HashSet::from([named.shop.key.clone()])));
            let once_complete = ShopStatus {
                last_complete_at: Some(UnixMs::new(1)),
                ..named.clone()
            };
            assert!(is_listed(&once_complete, &nobody), "{stop:?}");
        }
    }

    #[test]
    fn one_bad_day_does_not_end_what_a_shop_that_never_is_complete_was_read_for() {
        let shop = status("named.example", None).shop;
        let pass = |stop, pages| {
            let mut pass = tried(&shop);
            pass.outcome = Some(Outcome::Partial(Reason::new(stop, "no")));
            pass.finished_at = Some(UnixMs::new(1));
            pass.counts.pages = pages;
            pass
        };
        let wall = pass(Stop::Wall, 100);
        assert!(has_been_read(&[pass(Stop::RateLimited, 1), wall]));
        let never = [
            pass(Stop::RateLimited, 1),
            pass(Stop::MaxPages, 1),
            pass(Stop::Password, 0),
        ];
        assert!(!has_been_read(&never));
    }

    /// Returns a pass without an end.
    fn tried(shop: &Shop) -> CrawlReport {
        CrawlReport {
            key: CrawlKey {
                shop: shop.key.clone(),
                n: 1,
            },
            outcome: None,
            counts: CrawlCounts::default(),
            currency: Currency::parse("EUR").unwrap(),
            currency_source: CurrencySource::Shop,
            started_at: UnixMs::new(0),
            finished_at: None,
            checkpoint: None,
            notes: catalog::PassNotes::default(),
        }
    }

    fn key(n: u32) -> ShopKey {
        status(&format!("{n}.example"), None).shop.key
    }

    #[test]
    fn a_shop_that_fails_when_it_is_due_is_asked_again_a_day_later() {
        let now = 10_000 * HOUR_MS;
        let slot_at = |ms: i64| slot(&key(1), 7 * DAY, UnixMs::new(ms));
        assert_eq!(slot_at(now + DAY_MS), slot_at(now) + 1);
    }

    #[test]
    fn a_shop_that_stays_due_has_one_slot_a_day_that_begins_at_its_own_hour() {
        let slots_at = |hour: i64| {
            let now = UnixMs::new(hour * HOUR_MS);
            (0..50).map(|n| slot(&key(n), DAY, now)).collect::<Vec<_>>()
        };
        let n_changed = |from: i64, to: i64| {
            let pairs = slots_at(from).into_iter().zip(slots_at(to));
            pairs.filter(|(one, two)| one != two).count()
        };
        assert_eq!(n_changed(1_000, 1_024), 50);
        let by_hour = (1_000..1_024).map(|hour| n_changed(hour, hour + 1));
        let most = by_hour.clone().max().unwrap();
        assert_eq!(by_hour.sum::<usize>(), 50);
        assert!(most < 15, "{most} shops begin in one hour");
    }
}
