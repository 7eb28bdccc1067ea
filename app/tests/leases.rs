//! One crawl of a shop at a time: who waits, who goes on, and who gives up.

use std::time::Duration;

use catalog::{
    Lease, LeaseAnswer, Outcome, PageWrite, Product, RESTING, Shop, ShopKey, Start, Stop,
    StoreError, UnixMs,
};
use crawler::fetch::{FetchConfig, Fetcher, Pace};
use crawler::platforms::shopify;
use crawler::{CrawlError, CrawlOptions, LeaseTerms, TaskPart};
use serde_json::Value;
use store::OpenMode;
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::crawling::{LEASE, World, stop};
use crate::program::{Home, Run};

impl World {
    /// Has another owner take the shop's lease.
    async fn lease_to(&self, owner: &str, dead_owner: Option<&str>) -> Lease {
        let key = &self.shop.key;
        let answer = self.store.lease_shop(key, owner, 60_000, dead_owner);
        match answer.await.unwrap() {
            LeaseAnswer::Granted(lease) => lease,
            LeaseAnswer::Held(holder) => panic!("{holder:?}"),
        }
    }

    async fn lease_holder(&self) -> Option<String> {
        let shops = self.store.shops().await.unwrap();
        let status = shops.into_iter().find(|it| it.shop.key == self.shop.key);
        status.and_then(|it| it.lease).map(|it| it.owner)
    }
}

/// Returns the products of a shop with thirty.
fn products(shop: &Shop) -> Vec<Product> {
    let page = Catalogue::generate(&NORTH_LOFT, 30, 3).page_json(1, 250);
    shopify::read_page(&page, shop).unwrap().products
}

#[tokio::test]
async fn the_lease_is_held_while_pages_are_read_and_given_back_at_every_end() {
    let world = World::new(
        700,
        FaultPlan::none().fault(On::page(2).nth(1), Fault::Hang),
    )
    .await;
    tokio::select! {
        _ = world.crawl() => panic!("page 2 hangs"),
        () = world.fake.wait_for_requests(4) => {}
    }
    assert_eq!(world.lease_holder().await.as_deref(), Some("this test"));
    assert_eq!(world.crawl().await.outcome, Some(Outcome::Complete));
    assert_eq!(world.lease_holder().await, None);

    let cancel = CancellationToken::new();
    let report = world.try_crawl(&cancel, Some(1)).await.unwrap();
    assert_eq!(stop(&report), ("partial", Some(Stop::Interrupted)));
    assert_eq!(world.lease_holder().await, None);

    let refused = FaultPlan::none().fault(On::feed(), Fault::status(404));
    world.fake.set_plan(refused);
    world.crawl().await;
    assert_eq!(world.lease_holder().await, None);
}

/// The clock jumps when all wait, so that a minute and a half of waiting takes none.
#[tokio::test(start_paused = true)]
async fn a_live_owner_is_waited_for_and_then_given_up_without_a_request() {
    let world = World::new(30, FaultPlan::none()).await;
    world.lease_to("another", None).await;
    let error = world.try_crawl(&CancellationToken::new(), None).await;
    let error = error.unwrap_err();
    assert!(matches!(error, CrawlError::Held { .. }), "{error}");
    let told = format!(
        "{} is still being crawled by another after 90 s of waiting",
        world.shop.key.shown()
    );
    assert_eq!(error.to_string(), told);
    assert!(world.fake.requests().is_empty());
    assert!(world.store.shops().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_dead_owner_is_not_waited_for() {
    let mut world = World::new(30, FaultPlan::none()).await;
    world.lease_to("the dead one", None).await;
    world.options.lease = LeaseTerms {
        is_dead: |owner| owner == "the dead one",
        max_wait: Duration::ZERO,
        ..LEASE
    };
    assert_eq!(world.crawl().await.outcome, Some(Outcome::Complete));
    world.lease_to("a live one", None).await;
    let error = world.try_crawl(&CancellationToken::new(), None).await;
    assert!(matches!(error, Err(CrawlError::Held { .. })));
}

const GAP: Duration = Duration::from_millis(300);

fn slow() -> Fetcher {
    let config = FetchConfig {
        requests_per_second: Some(1.0 / GAP.as_secs_f64()),
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        ..FetchConfig::default()
    };
    Fetcher::new(config).unwrap()
}

/// Returns a shop that is asked slowly, in a process that finds all others dead.
async fn behind_dead_processes() -> World {
    let mut world = World::new(30, FaultPlan::none()).await;
    world.fetcher = slow();
    world.options.lease = LeaseTerms {
        is_dead: |_| true,
        ..LEASE
    };
    world
}

/// Other owners of this process and dead ones have no part of their own.
#[tokio::test(start_paused = true)]
async fn processes_that_crawl_for_one_store_share_the_budget_of_their_address() {
    for (other, n_gaps) in [
        ("another/1", 2),
        ("this/2", 1),
        ("dead/1", 1),
        ("a look", 1),
        (RESTING, 1),
    ] {
        let mut world = World::new(700, FaultPlan::none()).await;
        world.fetcher = Fetcher::new(FetchConfig {
            platform_requests_per_second: Some(1.0 / GAP.as_secs_f64()),
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
            ..FetchConfig::default()
        })
        .unwrap();
        world.options.lease = LeaseTerms {
            owner: "this/1",
            is_dead: |owner| owner.starts_with("dead"),
            ..LEASE
        };
        let elsewhere = ShopKey::encode("elsewhere.example").unwrap();
        let answer = world.store.lease_shop(&elsewhere, other, 600_000, None);
        assert!(matches!(answer.await.unwrap(), LeaseAnswer::Granted(_)));
        assert_eq!(world.crawl().await.outcome, Some(Outcome::Complete));
        let requests = world.fake.requests();
        let gaps = requests.windows(2).map(|pair| pair[1].at - pair[0].at);
        let shortest = gaps.min().unwrap();
        assert!(
            shortest >= GAP * n_gaps && shortest < GAP * (n_gaps + 1),
            "{other}: {shortest:?}"
        );
    }
}

/// As two commands that are called one after the other: each has a fetcher of its own, and the first one has ended.
#[tokio::test]
async fn a_shop_rests_behind_a_crawl_also_when_its_process_has_ended() {
    let mut world = behind_dead_processes().await;
    world.crawl().await;
    let n_before = world.fake.requests().len();
    world.fetcher = slow();
    world.crawl().await;
    let requests = world.fake.requests();
    let pause = requests[n_before].at - requests[n_before - 1].at;
    assert!(pause >= GAP, "{pause:?}");
}

#[tokio::test]
async fn a_shop_whose_owner_was_killed_is_asked_as_if_its_last_request_were_just_now() {
    let world = behind_dead_processes().await;
    world.lease_to("killed", None).await;
    let began = Instant::now();
    world.crawl().await;
    let waited = world.fake.requests()[0].at - began;
    assert!(waited >= GAP, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_a_cancelled_crawl() {
    let world = World::new(30, FaultPlan::none()).await;
    world.lease_to("another", None).await;
    let cancel = CancellationToken::new();
    let crawl = world.try_crawl(&cancel, None);
    let (error, ()) = tokio::join!(crawl, async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancel.cancel();
    });
    assert!(matches!(error, Err(CrawlError::Interrupted { .. })));
    assert!(world.fake.requests().is_empty());
}

/// Tells each time that a crawl found the lease to be another's.
static HELD: Notify = Notify::const_new();

#[tokio::test]
async fn a_shop_that_another_crawl_completed_meanwhile_is_not_crawled_again() {
    for (start, n_passes) in [(Start::Resume { max_age_ms: 9 }, 1), (Start::Fresh, 2)] {
        let mut world = World::new(30, FaultPlan::none()).await;
        let lease = world.lease_to("another", None).await;
        let at = UnixMs::new(500);
        let begun = world
            .store
            .begin_crawl(&lease, &world.shop, Start::Fresh, at)
            .await
            .unwrap();
        world.options.start = start;
        world.options.lease.is_dead = |_| {
            HELD.notify_one();
            false
        };
        let cancel = CancellationToken::new();
        let complete = async {
            // Whoever asks a second time is waiting.
            HELD.notified().await;
            HELD.notified().await;
            assert!(world.fake.requests().is_empty());
            let page = PageWrite {
                page: 1,
                products: products(&world.shop),
                problems: vec![],
                next: None,
                bytes: 0,
                at,
                task_entry: None,
                validators: None,
                not_modified: false,
                present: vec![],
            };
            world.store.apply_page(&begun.ticket, page).await.unwrap();
            let outcome = Outcome::Complete;
            let ended = world.store.finish_crawl(&begun.ticket, outcome, at).await;
            world.store.release_lease(&lease).await.unwrap();
            ended.unwrap()
        };
        let (report, of_the_other) = tokio::join!(world.try_crawl(&cancel, None), complete);
        let report = report.unwrap();
        assert_eq!(report.key.n, n_passes, "{start:?}");
        assert_eq!(report == of_the_other, n_passes == 1);
        assert_eq!(world.fake.requests().is_empty(), n_passes == 1);
        assert_eq!(world.lease_holder().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crawl_whose_lease_another_owner_took_writes_no_more_and_ends() {
    let world = World::new(700, FaultPlan::none().fault(On::page(2), Fault::Hang)).await;
    let steal = async {
        world.fake.wait_for_requests(4).await;
        world.lease_to("another", Some("this test")).await
    };
    let cancel = CancellationToken::new();
    let (result, _) = tokio::join!(world.try_crawl(&cancel, None), steal);
    let error = result.unwrap_err();
    let is_fenced = matches!(error, CrawlError::Store(StoreError::Fenced { .. }));
    assert!(is_fenced, "{error}");
    assert_eq!(world.n_stored().await, 250);
    let passes = world.store.crawls(None, 9).await.unwrap();
    assert_eq!(passes[0].outcome, None, "the new owner goes on with it");
    assert_eq!(world.lease_holder().await.as_deref(), Some("another"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_while_a_page_is_waited_for_even_if_it_ended() {
    let world = World::new(
        700,
        FaultPlan::none().fault(On::page(2).nth(1), Fault::Hang),
    )
    .await;
    let watch = async {
        world.fake.wait_for_requests(4).await;
        let lease = world.lease_to("this test", None).await;
        world.store.renew_lease(&lease, 0).await.unwrap();
        tokio::time::sleep(LEASE.ttl / 2).await;
        world.lease_holder().await
    };
    let cancel = CancellationToken::new();
    let (report, holder) = tokio::join!(world.try_crawl(&cancel, None), watch);
    assert_eq!(holder.as_deref(), Some("this test"));
    assert_eq!(report.unwrap().outcome, Some(Outcome::Complete));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_command_waits_for_the_first_and_takes_its_result() {
    let plan = FaultPlan::none().fault(On::page(1).nth(1), Fault::Hang);
    let catalogue = Catalogue::generate(&NORTH_LOFT, 30, 3);
    let shop = FakeShop::start(catalogue, plan).await.unwrap();
    let home = Home::new();
    home.write(
        "quick.toml",
        "[crawl]\nread_timeout_seconds = 6.0\nbackoff_seconds = 0.001\n",
    );
    let url = shop.url();
    let crawl = [
        "crawl",
        &url,
        "--allow-private",
        "127.0.0.0/8",
        "--rps",
        "unlimited",
        "--json",
        "--config",
        "quick.toml",
    ];
    let first = home.command(crawl).spawn().unwrap();
    shop.wait_for_requests(3).await;
    let listed = home.ok(["shops", "list"]);
    let holder = format!("process {} on ", first.id());
    assert!(listed.contains(&holder), "{listed}");
    let second = home.run(crawl);
    let first = Run::from(first.wait_with_output().unwrap());
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{second:#?}");
    let told = "is being crawled by another process; waiting until it is done or its lease ends";
    assert_eq!(second.stderr.matches(told).count(), 1, "{second:#?}");
    let [first, second] =
        [first, second].map(|it| -> Value { serde_json::from_str(&it.stdout).unwrap() });
    assert_eq!(first, second);
    // robots.txt, /meta.json, and page 1 twice, all of them by the first.
    assert_eq!(shop.requests().len(), 4);
}

/// Of the shops of `--all` nobody named this one, though another was named beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_shop_that_is_paused_before_its_turn_is_left_alone_beside_one_that_was_named() {
    let catalogue = || Catalogue::generate(&NORTH_LOFT, 30, 3);
    let named = FakeShop::start(catalogue(), FaultPlan::none())
        .await
        .unwrap();
    let stored = FakeShop::start(catalogue(), FaultPlan::none())
        .await
        .unwrap();
    let home = Home::new();
    home.ok(["shops", "add", &stored.url(), "--store", "sqlite:shop.db"]);
    let uri = format!("sqlite:{}", home.path().join("shop.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    let key = &crawler::shop_at(&stored.url()).unwrap().key;
    let lease = async |owner, ttl_ms, dead_owner| {
        let answer = store.lease_shop(key, owner, ttl_ms, dead_owner).await;
        assert!(matches!(answer.unwrap(), LeaseAnswer::Granted(_)));
    };
    lease("another", 600_000, None).await;
    let url = named.url();
    let crawl = ["crawl", "--all", &url, "--store", "sqlite:shop.db"];
    let loopback = ["--allow-private", "127.0.0.0/8", "--rps", "unlimited"];
    let crawling = home.command([&crawl[..], &loopback].concat()).spawn();
    // By then it knows which shops it is to crawl, and waits for the one or comes to that.
    named.wait_for_requests(1).await;
    assert!(store.pause_shop(key, true).await.unwrap());
    lease("this test", 0, Some(RESTING)).await;
    let run = Run::from(crawling.unwrap().wait_with_output().unwrap());
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert_eq!((named.n_requests(), stored.n_requests()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_waits_for_nobody_who_is_dead_and_leaves_no_lease() {
    let home = Home::new();
    let loft = Catalogue::generate(&NORTH_LOFT, 5, 5).to_json();
    home.write("loft.json", loft);
    home.ok(["import", "loft.json", "--store", "sqlite:shop.db"]);
    let uri = format!("sqlite:{}", home.path().join("shop.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    assert_eq!(store.shops().await.unwrap()[0].lease, None);
}

/// It may be forgotten while the crawl waits for its lease, and would be stored again.
#[tokio::test]
async fn what_is_crawled_because_it_is_stored_is_not_asked_once_it_is_not() {
    let mut world = World::new(30, FaultPlan::none()).await;
    let pace = Pace::default();
    let task = TaskPart {
        last_page: None,
        only_stored: true,
        pace: &pace,
        entry: &|_| None,
    };
    let crawl = async |world: &World| {
        let options = CrawlOptions {
            task: Some(&task),
            ..world.options
        };
        let (shop, store) = (&world.shop, world.store.as_ref());
        let now = || UnixMs::new(1_000);
        let cancel = CancellationToken::new();
        crawler::crawl(
            shop,
            &options,
            &world.fetcher,
            store,
            &now,
            &cancel,
            &|_| {},
        )
        .await
    };
    let refused = crawl(&world).await.unwrap_err();
    assert!(
        matches!(refused, CrawlError::Store(StoreError::Fenced { .. })),
        "{refused}"
    );
    assert_eq!(world.fake.n_requests(), 0);
    let store = world.store.clone();
    store.add_shop(&world.shop, UnixMs::new(0)).await.unwrap();
    // Nor where it was paused while the crawl waited, unless somebody named it.
    store.pause_shop(&world.shop.key, true).await.unwrap();
    world.options.spares_paused = true;
    assert!(crawl(&world).await.is_err());
    assert_eq!(world.fake.n_requests(), 0);
    world.options.spares_paused = false;
    assert_eq!(
        crawl(&world).await.unwrap().outcome,
        Some(Outcome::Complete)
    );
}
