//! Pauses that hosts ask for, kept by whoever comes next: behind a kill, and at hosts that a shop has moved to.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use catalog::{HostRecord, Outcome, Start, Stop, UnixMs};
use crawler::fetch::FetchConfig;
use store::OpenMode;
use testkit::{Catalogue, Collection, FakeShop, Fault, FaultPlan, NORTH_LOFT, On, Surface};

use crate::agents::until;
use crate::crawling::{World, fetcher, fetcher_with, stop};
use crate::program::{Home, PROGRAM};
use crate::routes::{closed, singles, small, undated};

/// The time that all crawls of a [`World`] record.
const NOW_MS: i64 = 1_000;

impl World {
    /// Returns the end of the pause that is stored of the shop's host.
    async fn stored_pause(&self) -> Option<UnixMs> {
        let origin = self.shop.url.trim_end_matches('/').to_owned();
        let hosts = self.store.hosts(&[origin]).await.unwrap();
        hosts.first()?.not_before
    }
}

#[tokio::test]
async fn a_pause_is_stored_while_it_is_waited_for_wherever_it_is_met() {
    for place in [On::path("/robots.txt"), On::path("/meta.json"), On::page(2)] {
        let busy = Fault::retry_after(429, "15");
        let world = World::new(300, FaultPlan::none().fault(place.nth(1), busy)).await;
        tokio::select! {
            biased;
            report = world.crawl() => panic!("{report:?}"),
            () = until("the pause is stored", async || world.stored_pause().await.is_some()) => {}
        }
        let ms = world.stored_pause().await.unwrap().ms() - NOW_MS;
        assert!((10_000..=15_001).contains(&ms), "{ms}");
    }
}

#[tokio::test]
async fn what_a_refusal_taught_is_stored_at_once_for_whoever_comes_behind_a_kill() {
    let plan = FaultPlan::none()
        .fault(On::page(2).nth(1), Fault::status(429))
        .fault(On::page(3), Fault::Hang);
    let world = World::new(900, plan).await;
    let origin = [world.shop.url.trim_end_matches('/').to_owned()];
    let is_stored = async || {
        let hosts = world.store.hosts(&origin).await.unwrap();
        hosts.first().is_some_and(|it| it.gap_ms.is_some())
    };
    tokio::select! {
        biased;
        report = world.crawl() => panic!("{report:?}"),
        () = until("the rate is stored", is_stored) => {}
    }
}

#[tokio::test]
async fn what_is_known_of_the_host_that_a_shop_has_moved_to_is_known_before_it_is_asked() {
    let mut world = World::new(30, FaultPlan::none()).await;
    let catalogue = Catalogue::generate(&NORTH_LOFT, 30, 3);
    let new = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let moved = FaultPlan::none().fault(On::any(), Fault::Moved(new.url()));
    world.fake.set_plan(moved);
    for _ in 0..2 {
        world.fetcher = fetcher();
        assert_eq!(world.crawl().await.outcome, Some(Outcome::Complete));
        let paths: Vec<String> = new.requests().into_iter().map(|it| it.path).collect();
        let n_robots = paths.iter().filter(|it| *it == "/robots.txt").count();
        // The old address leads to it, and so to the new one's, once.
        assert_eq!(n_robots, 2, "{paths:?}");
    }
    let rests = HostRecord {
        name: new.url(),
        gap_ms: None,
        refused_gap_ms: None,
        not_before: Some(UnixMs::new(NOW_MS + 3_600_000)),
        n_failures: 0,
        at: UnixMs::new(NOW_MS),
    };
    world.store.save_hosts(&[rests]).await.unwrap();
    world.fetcher = fetcher();
    let n_requests = new.n_requests();
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("blocked", Some(Stop::RateLimited)));
    assert_eq!(new.n_requests(), n_requests, "nobody came early");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_outlives_the_process_that_is_killed_in_it() {
    let busy = Fault::retry_after(429, "30");
    let catalogue = Catalogue::generate(&NORTH_LOFT, 300, 3);
    let plan = FaultPlan::none().fault(On::page(2).nth(1), busy);
    let shop = FakeShop::start(catalogue, plan).await.unwrap();
    let home = Home::new();
    let url = shop.url();
    let crawl = |now: &str| {
        let mut command = home.bare_command(std::path::Path::new(PROGRAM));
        command.args(["crawl", &url, "--allow-private", "127.0.0.0/8"]);
        command.args([
            "--rps",
            "unlimited",
            "--store",
            "sqlite:shop.db",
            "--now",
            now,
        ]);
        command
    };
    let mut first = crawl("2026-01-31T12:00:00Z").spawn().unwrap();
    // robots.txt, /meta.json, two pages.
    shop.wait_for_requests(4).await;
    let uri = format!("sqlite:{}", home.path().join("shop.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    until("the pause is stored", async || {
        let hosts = store.hosts(std::slice::from_ref(&url)).await.unwrap();
        hosts.first().is_some_and(|it| it.not_before.is_some())
    })
    .await;
    first.kill().unwrap();
    first.wait().unwrap();

    let mut second = crawl("2026-01-31T12:00:00Z").spawn().unwrap();
    let stderr = BufReader::new(second.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    let told = " s, as an earlier answer asked";
    assert!(lines.any(|line| line.contains(told)), "it did not wait");
    second.kill().unwrap();
    second.wait().unwrap();
    assert_eq!(shop.n_requests(), 4, "nobody came early");

    let third = crawl("2026-01-31T12:00:31Z").output().unwrap();
    assert!(third.status.success(), "{third:?}");
    // robots.txt is known.
    let paths: Vec<String> = shop.requests().into_iter().map(|it| it.path).collect();
    let again = ["/meta.json", "/products.json?limit=250&page=2"];
    assert_eq!(paths[4..], again);
}

/// They are asked for again in each pass, and the sum of their pauses has a limit: it may not be spent on the same ones.
#[tokio::test(start_paused = true)]
async fn products_that_are_none_and_ask_for_pauses_keep_nobody_from_the_others() {
    let gone = |plan: FaultPlan, n| {
        let path = format!("/products/p-{n}.json");
        plan.fault(On::path(path), Fault::retry_after(404, "2"))
    };
    let plan = (1..=12).fold(singles(40).without(Surface::Atom), gone);
    let five_seconds = FetchConfig {
        max_retry_after: Duration::from_secs(5),
        ..FetchConfig::default()
    };
    // A pass that goes on, and one that is begun anew each time, as tasks do.
    for max_age_ms in [3_600_000, 0] {
        let mut world = World::with(small(40), plan.clone()).await;
        world.options.start = Start::Resume { max_age_ms };
        for n in 0..20 {
            world.options.started_at = UnixMs::new(NOW_MS - 20 + n);
            world.fetcher = fetcher_with(five_seconds.clone());
            world.end_rest().await;
            let report = world.crawl().await;
            assert_eq!(stop(&report).1, Some(Stop::RateLimited), "{report:?}");
            let told = report.outcome.unwrap().to_string();
            assert!(told.contains("crawl.max_retry_after_seconds"), "{told}");
        }
        assert_eq!(world.n_stored().await, 28, "{max_age_ms}");
    }
}

/// Longer than anybody waits, it would be the end of all patience by itself.
#[tokio::test(start_paused = true)]
async fn one_long_pause_behind_an_answer_is_waited_for_as_far_as_any() {
    let plan = FaultPlan::none().closed_list(Fault::retry_after(404, "7200"));
    let world = World::with(small(30), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.products, 30);
}

/// It is not taken for one that shows no product by itself.
#[tokio::test(start_paused = true)]
async fn a_shop_whose_missing_products_ask_for_too_long_pauses_goes_on_another_time() {
    let gone = |plan: FaultPlan, n| {
        let path = format!("/products/p-{n}.json");
        plan.fault(On::path(path), Fault::retry_after(404, "150"))
    };
    let file = On::path("/sitemap_products_1.xml");
    let plan = (6..=65).fold(
        closed(404).without(Surface::Atom).fault(file, undated(65)),
        gone,
    );
    let catalogue = small(5).with_collections(vec![Collection::new("all-of-them", 0..5)]);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::RateLimited)));
}
