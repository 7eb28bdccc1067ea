//! robots.txt is asked for once a day, whoever asks.

use catalog::{Outcome, Start, Stop, UnixMs};
use testkit::{Fault, FaultPlan, On};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, fetcher, stop};

const HOUR_MS: i64 = 3_600_000;

impl World {
    /// Crawls as another process would, so many hours after the first; returns whether robots.txt was asked for,
    /// and how many requests there were in all.
    async fn crawl_after(&self, hours: i64) -> (bool, usize) {
        let n_before = self.fake.requests().len();
        let now = || UnixMs::new(1_000 + hours * HOUR_MS);
        let fetcher = fetcher();
        crawler::crawl(
            &self.shop,
            &self.options,
            &fetcher,
            self.store.as_ref(),
            &now,
            &CancellationToken::new(),
            &|_| {},
        )
        .await
        .unwrap();
        let requests = self.fake.requests().split_off(n_before);
        let asked = requests.iter().any(|it| it.path == "/robots.txt");
        (asked, requests.len())
    }
}

#[tokio::test]
async fn a_second_crawl_within_a_day_sends_one_request_less() {
    let world = World::new(300, FaultPlan::none()).await;
    assert_eq!(world.crawl_after(0).await, (true, 4));
    assert_eq!(world.crawl_after(23).await, (false, 3));
    assert_eq!(world.crawl_after(24).await, (true, 4));
    // The age counts from the last answer.
    assert_eq!(world.crawl_after(47).await, (false, 3));
    // A clock that went back says nothing about the age.
    assert_eq!(world.crawl_after(1).await, (true, 4));
}

#[tokio::test]
async fn a_full_crawl_asks_for_robots_txt_anew() {
    let mut world = World::new(30, FaultPlan::none()).await;
    world.crawl_after(0).await;
    world.options.start = Start::Fresh;
    assert_eq!(world.crawl_after(1).await, (true, 3));
    world.options.start = Start::Resume { max_age_ms: 0 };
    assert_eq!(world.crawl_after(2).await, (false, 2));
}

#[tokio::test]
async fn a_missing_robots_txt_is_remembered_and_a_failing_one_is_not() {
    let robots = |status| FaultPlan::none().fault(On::path("/robots.txt"), Fault::status(status));
    for (status, asks_again) in [(404, false), (410, false), (500, true), (503, true)] {
        let world = World::new(30, robots(status)).await;
        assert!(world.crawl_after(0).await.0);
        assert_eq!(world.crawl_after(1).await.0, asks_again, "{status}");
    }
}

#[tokio::test]
async fn remembered_rules_are_kept() {
    let rules = "User-agent: *\nDisallow: /products.json\n";
    let world = World::new(30, FaultPlan::none().robots(rules)).await;
    assert_eq!(stop(&world.crawl().await), ("blocked", Some(Stop::Robots)));
    world.fake.set_plan(FaultPlan::none());
    assert!(!world.crawl_after(1).await.0);
    assert_eq!(world.pages_asked(), Vec::<String>::new());
    assert!(world.crawl_after(25).await.0);
    let passes = world.store.crawls(None, 1).await.unwrap();
    assert_eq!(passes[0].outcome, Some(Outcome::Complete));
}
