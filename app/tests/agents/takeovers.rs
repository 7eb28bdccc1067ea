//! Agents killed in the middle of a crawl, with another one on the same store that goes on.
//!
//! The moments come from a seed, which every failure tells; `scripts/soak takeovers` runs many rounds.

use std::time::Duration;

use testkit::FakeShop;
use tokio::time::Instant;

use super::replica::assert_gap_free;
use super::{SHORT_LEASE, agent, followed_elsewhere, pages_asked, slow_shop};
use crate::kills::{Random, seeds};
use crate::program::Home;

/// Seven pages.
const N_PRODUCTS: usize = 1_510;

/// How soon after the end of a killed agent's lease the next request leaves. Judged by `scripts/soak` alone, which lets
/// nothing run beside it.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agents_crawl_is_ended_by_another_on_the_same_file() {
    let mut tally = Tally::default();
    for seed in seeds() {
        take_over("sqlite:agents.db", seed, &mut tally).await;
    }
    tally.print("a file");
}

/// What the rounds came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    n_rounds: usize,
    n_pages_again: usize,
    /// From the kill to the first request of the other process.
    waits: Vec<Duration>,
}

impl Tally {
    pub(super) fn print(mut self, store: &str) {
        self.waits.sort();
        let at = |percent: usize| {
            let rank = (self.waits.len() * percent).div_ceil(100);
            self.waits[rank.max(1) - 1].as_millis()
        };
        println!(
            "soak: takeovers on {store}: {} rounds, {} pages fetched again, wait p50 {} ms, most {} ms",
            self.n_rounds,
            self.n_pages_again,
            at(50),
            at(100),
        );
        if let Some(lease) = soaked_lease() {
            let most = Duration::from_secs_f64(lease) + TAKEN_OVER_WITHIN;
            let longest = self.waits.last().unwrap();
            assert!(*longest < most, "a shop was left alone for {longest:?}");
        }
    }
}

/// Kills the owner of a task at a random moment, and follows the task at the other process.
pub(super) async fn take_over(store: &str, seed: u64, tally: &mut Tally) {
    println!("seed {seed}");
    let (home, mut random) = (Home::new(), Random(seed));
    let shop = slow_shop(N_PRODUCTS).await;
    let lease = lease_seconds();
    let mut owner = agent(&home, store, &lease);
    let start = || agent(&home, store, &lease);
    let (_, survivor, events) = followed_elsewhere(&owner, &shop, start).await;
    let n_requests = 3 + random.below(4) as usize;
    shop.wait_for_requests(n_requests).await;
    // The seed's moment between two requests; nothing is waited for.
    tokio::time::sleep(Duration::from_micros(random.below(80_000))).await;
    owner.kill();
    let (killed_at, n_before) = (Instant::now(), shop.requests().len());
    let follow = async {
        let events = events.collect().await;
        let state = assert_gap_free(&events);
        assert_eq!(state, "TASK_STATE_COMPLETED", "{}", survivor.said());
    };
    let (wait, ()) = tokio::join!(next_request(&shop, n_before, killed_at), follow);
    tally.count(&shop, wait);
    let products = home.ok(["export", "products", "--store", store]);
    assert_eq!(products.lines().count(), 1 + N_PRODUCTS);
}

/// Returns how long the shop was left alone. Cancel-safe.
async fn next_request(shop: &FakeShop, n_before: usize, since: Instant) -> Duration {
    shop.wait_for_requests(n_before + 1).await;
    since.elapsed()
}

impl Tally {
    fn count(&mut self, shop: &FakeShop, wait: Duration) {
        let asked = pages_asked(shop);
        let n_pages = N_PRODUCTS.div_ceil(250);
        let n_again = asked.len() - n_pages;
        assert!(n_again <= 1, "{asked:?}");
        assert!(asked.is_sorted(), "{asked:?}");
        self.n_rounds += 1;
        self.n_pages_again += n_again;
        self.waits.push(wait);
    }
}

/// Returns the length of leases: short, unless `scripts/soak` asks for another.
fn lease_seconds() -> String {
    soaked_lease().map_or_else(|| SHORT_LEASE.to_owned(), |lease| format!("{lease:?}"))
}

/// Returns the length of leases that `scripts/soak` asks for, in seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "how scripts/soak asks for longer leases"
)]
fn soaked_lease() -> Option<f64> {
    let text = std::env::var("TROUVAILLE_SOAK_LEASE_SECONDS").ok()?;
    Some(text.parse().expect("a number of seconds"))
}
