//! The crawl loop with a real fetcher and a real store against fake shops: every end that a shop can come to.

use std::sync::Arc;
use std::time::Duration;

use catalog::{
    CrawlReport, Currency, CurrencySource, LeaseAnswer, Outcome, ProblemKind, ProductFilter,
    ProductRow, RESTING, Shop, Start, Stop, Store, UnixMs,
};
use crawler::fetch::{FetchConfig, Fetcher};
use crawler::{CrawlError, CrawlOptions, LeaseTerms, shop_at};
use store::OpenMode;
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On, Surface, Wall};
use tokio_util::sync::CancellationToken;

/// A fake shop, a store in memory, and what is needed to crawl the one into the other.
pub(crate) struct World {
    pub(crate) fake: FakeShop,
    pub(crate) shop: Shop,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fetcher: Fetcher,
    pub(crate) options: CrawlOptions<'static>,
}

/// Takes leases under one name, and knows of nobody that it is dead.
pub(crate) const LEASE: LeaseTerms<'static> = LeaseTerms {
    owner: "this test",
    is_dead: |_| false,
    ttl: Duration::from_secs(60),
    max_wait: Duration::from_secs(90),
};

/// Returns a fetcher that may go to loopback, without pauses of its own.
pub(crate) fn fetcher() -> Fetcher {
    fetcher_with(FetchConfig::default())
}

/// Returns the same, as far as it differs from `config`.
pub(crate) fn fetcher_with(config: FetchConfig) -> Fetcher {
    Fetcher::new(FetchConfig {
        requests_per_second: None,
        platform_requests_per_second: None,
        total_requests_per_second: None,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        backoff: Duration::from_millis(1),
        max_tries: 3,
        ..config
    })
    .unwrap()
}

/// Returns the plan of a shop that shows its product list and nothing else.
pub(crate) fn list_alone() -> FaultPlan {
    FaultPlan::none()
        .without(Surface::Sitemap)
        .without(Surface::Collections)
        .without(Surface::Atom)
}

impl World {
    pub(crate) async fn new(n_products: usize, plan: FaultPlan) -> Self {
        Self::with(Catalogue::generate(&NORTH_LOFT, n_products, 3), plan).await
    }

    pub(crate) async fn with(catalogue: Catalogue, plan: FaultPlan) -> Self {
        let fake = FakeShop::start(catalogue, plan).await.unwrap();
        Self {
            shop: shop_at(&fake.url()).unwrap(),
            store: store::open("sqlite::memory:", OpenMode::Create)
                .await
                .unwrap(),
            fake,
            fetcher: fetcher(),
            options: CrawlOptions {
                start: Start::Resume {
                    max_age_ms: 3_600_000,
                },
                max_pages: None,
                currency: None,
                started_at: UnixMs::new(1_000),
                lease: LEASE,
                spares_paused: false,
                task: None,
            },
        }
    }

    pub(crate) async fn crawl(&self) -> CrawlReport {
        self.crawl_until(&CancellationToken::new(), None).await
    }

    /// Crawls, and cancels once page `last` is stored.
    pub(crate) async fn crawl_until(
        &self,
        cancel: &CancellationToken,
        last: Option<u32>,
    ) -> CrawlReport {
        self.try_crawl(cancel, last).await.unwrap()
    }

    pub(crate) async fn try_crawl(
        &self,
        cancel: &CancellationToken,
        last: Option<u32>,
    ) -> Result<CrawlReport, CrawlError> {
        let on_page = |page| {
            if Some(page) == last {
                cancel.cancel();
            }
        };
        self.crawl_telling(cancel, &on_page).await
    }

    /// Crawls, and calls `on_page` with the number of each page that was stored.
    pub(crate) async fn crawl_telling(
        &self,
        cancel: &CancellationToken,
        on_page: &(dyn Fn(u32) + Sync),
    ) -> Result<CrawlReport, CrawlError> {
        let on_page = |progress: crawler::Progress| on_page(progress.page);
        let now = || UnixMs::new(1_000);
        crawler::crawl(
            &self.shop,
            &self.options,
            &self.fetcher,
            self.store.as_ref(),
            &now,
            cancel,
            &on_page,
        )
        .await
    }

    /// Ends the shop's rest behind a crawl: it goes by the store's clock, also in a test whose own stands still.
    pub(crate) async fn end_rest(&self) {
        let key = &self.shop.key;
        let rest = self.store.lease_shop(key, LEASE.owner, 0, Some(RESTING));
        assert!(matches!(rest.await.unwrap(), LeaseAnswer::Granted(_)));
    }

    pub(crate) async fn n_stored(&self) -> usize {
        self.rows().await.len()
    }

    pub(crate) async fn rows(&self) -> Vec<ProductRow> {
        let everything = ProductFilter::default();
        self.store
            .products(&everything, None, 100_000)
            .await
            .unwrap()
    }

    pub(crate) fn pages_asked(&self) -> Vec<String> {
        let paths = self.fake.requests().into_iter().map(|request| request.path);
        paths
            .filter_map(|path| {
                path.strip_prefix("/products.json?limit=250&page=")
                    .map(str::to_owned)
            })
            .collect()
    }
}

pub(crate) fn stop(report: &CrawlReport) -> (&'static str, Option<Stop>) {
    let outcome = report.outcome.as_ref().unwrap();
    (outcome.word(), outcome.reason().map(|reason| reason.stop))
}

#[tokio::test]
async fn what_a_shop_taught_of_its_limits_is_known_to_the_next_process() {
    let plan = FaultPlan::none().fault(On::feed(), Fault::retry_after(429, "999999"));
    let mut world = World::new(520, plan).await;
    let blocked = ("blocked", Some(Stop::RateLimited));
    assert_eq!(stop(&world.crawl().await), blocked);
    let n_requests = world.fake.requests().len();
    world.fetcher = fetcher();
    let report = world.crawl().await;
    assert_eq!(stop(&report), blocked);
    assert_eq!(world.fake.requests().len(), n_requests, "nobody came early");

    let origin = world.shop.url.trim_end_matches('/').to_owned();
    let hosts = world.store.hosts(&[origin]).await.unwrap();
    assert_eq!(hosts.len(), 1);
    assert!(hosts[0].gap_ms.is_some() && hosts[0].not_before.is_some());
}

#[tokio::test]
async fn a_short_page_is_the_last() {
    let world = World::new(520, FaultPlan::none()).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(
        (
            report.counts.pages,
            report.counts.products,
            report.counts.new
        ),
        (3, 520, 520)
    );
    assert_eq!(world.pages_asked(), ["1", "2", "3"]);
    assert_eq!(world.n_stored().await, 520);
}

#[tokio::test]
async fn an_empty_page_ends_a_list_of_full_ones() {
    let world = World::new(500, FaultPlan::none()).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(world.pages_asked(), ["1", "2", "3"]);
}

#[tokio::test]
async fn an_empty_list_of_a_shop_of_which_nothing_is_known_is_complete() {
    let world = World::new(0, FaultPlan::none()).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.pages, report.counts.products), (1, 0));
}

#[tokio::test]
async fn a_second_crawl_of_an_unchanged_shop_changes_nothing() {
    let world = World::new(300, FaultPlan::none()).await;
    world.crawl().await;
    let report = world.crawl().await;
    let counts = report.counts;
    assert_eq!(
        (counts.products, counts.new, counts.changed, counts.gone),
        (300, 0, 0, 0)
    );
}

#[tokio::test]
async fn the_currency_is_the_shops_then_the_configured_one_then_unknown() {
    let gbp = Currency::parse("GBP").unwrap();
    let sek = Currency::parse("SEK").unwrap();
    for (stated, configured, expected, source) in [
        (Some("GBP"), Some(sek), gbp, CurrencySource::Shop),
        (None, Some(sek), sek, CurrencySource::Config),
        (None, None, Currency::UNKNOWN, CurrencySource::Unknown),
    ] {
        let catalogue = Catalogue::generate(&NORTH_LOFT, 20, 3).with_currency(stated);
        let mut world = World::with(catalogue, FaultPlan::none()).await;
        world.options.currency = configured;
        let report = world.crawl().await;
        assert_eq!(
            (report.currency, report.currency_source),
            (expected, source)
        );
        let rows = world
            .store
            .products(&ProductFilter::default(), None, 100)
            .await
            .unwrap();
        assert!(rows.iter().all(|row| row.currency == expected));
        assert!(
            rows.iter()
                .filter_map(|row| row.price_min)
                .all(|price| price.currency() == expected)
        );
    }
}

#[tokio::test]
async fn a_currency_learned_later_is_no_change_of_any_price() {
    let catalogue = || Catalogue::generate(&NORTH_LOFT, 20, 3);
    let world = World::with(catalogue().with_currency(None), FaultPlan::none()).await;
    world.crawl().await;
    let before = world.store.stats().await.unwrap().n_observations;
    world
        .fake
        .set_catalogue(catalogue().with_currency(Some("GBP")));
    let report = world.crawl().await;
    assert_eq!(report.currency.code(), "GBP");
    assert_eq!(world.store.stats().await.unwrap().n_observations, before);
    let rows = world
        .store
        .products(&ProductFilter::default(), None, 100)
        .await
        .unwrap();
    assert!(rows.iter().all(|row| row.currency.code() == "GBP"));
}

#[tokio::test]
async fn a_shop_that_changes_its_currency_is_a_recorded_problem() {
    let world = World::new(20, FaultPlan::none()).await;
    world.crawl().await;
    world
        .fake
        .set_catalogue(Catalogue::generate(&NORTH_LOFT, 20, 3).with_currency(Some("USD")));
    let report = world.crawl().await;
    let problems = world.store.problems(&report.key, 100).await.unwrap();
    let found = problems
        .iter()
        .find(|problem| problem.kind == ProblemKind::Currency)
        .unwrap();
    assert_eq!(found.detail, "the shop's currency was GBP and is now USD");
    let before = report.notes.currency_before;
    assert_eq!(before.map(|it| it.to_string()).as_deref(), Some("GBP"));
}

#[tokio::test]
async fn shops_that_refuse_are_blocked_with_the_reason() {
    let password = Fault::Redirect("/password".to_owned());
    for (fault, expected) in [
        (Fault::Status(401, None), Stop::ClosedFeed),
        (Fault::Status(403, None), Stop::ClosedFeed),
        (Fault::Status(404, None), Stop::ClosedFeed),
        (Fault::Status(410, None), Stop::ClosedFeed),
        (Fault::Status(402, None), Stop::Suspended),
        (Fault::Status(423, None), Stop::Suspended),
        (Fault::Status(429, None), Stop::RateLimited),
        (Fault::Status(430, None), Stop::RateLimited),
        (Fault::Challenge(403), Stop::Challenge),
        (Fault::Challenge(429), Stop::Challenge),
        (Fault::Challenge(503), Stop::Challenge),
        (password, Stop::Password),
    ] {
        let world = World::new(300, list_alone().fault(On::feed(), fault.clone())).await;
        assert_eq!(
            stop(&world.crawl().await),
            ("blocked", Some(expected)),
            "{fault:?}"
        );
        assert_eq!(world.n_stored().await, 0);
    }
    let world = World::new(
        300,
        FaultPlan::none().robots("User-agent: *\nDisallow: /products.json\n"),
    )
    .await;
    assert_eq!(stop(&world.crawl().await), ("blocked", Some(Stop::Robots)));
    assert_eq!(world.pages_asked(), Vec::<String>::new());
    // A shop that is asked too often says so where it is asked first.
    for (fault, expected) in [
        (Fault::status(429), Stop::RateLimited),
        (Fault::status(500), Stop::Robots),
        (Fault::Challenge(503), Stop::Challenge),
        (Fault::Challenge(403), Stop::Challenge),
        (Fault::Challenge(200), Stop::Challenge),
    ] {
        let plan = FaultPlan::none().fault(On::path("/robots.txt"), fault.clone());
        let world = World::new(300, plan).await;
        let stopped = stop(&world.crawl().await);
        assert_eq!(stopped, ("blocked", Some(expected)), "{fault:?}");
        assert_eq!(world.pages_asked(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn shops_that_answer_nonsense_have_failed_with_the_reason() {
    for (fault, expected) in [
        (Fault::Html, Stop::NotJson),
        (Fault::NotShopify, Stop::NotShopify),
        (Fault::Truncated, Stop::Damaged),
        (Fault::CutConnection, Stop::Damaged),
        (Fault::Status(500, None), Stop::ServerError),
        (
            Fault::Redirect("http://10.0.0.1/products.json".to_owned()),
            Stop::RefusedAddress,
        ),
        (Fault::RedirectLoop, Stop::Unreachable),
        (
            Fault::GzipBomb {
                inflated_bytes: 1 << 30,
            },
            Stop::Damaged,
        ),
    ] {
        let world = World::new(300, list_alone().fault(On::feed(), fault.clone())).await;
        assert_eq!(
            stop(&world.crawl().await),
            ("failed", Some(expected)),
            "{fault:?}"
        );
        assert_eq!(world.n_stored().await, 0);
    }
}

#[tokio::test]
async fn a_damaged_page_is_asked_for_once_more() {
    for fault in [Fault::Truncated, Fault::CutConnection] {
        let world = World::new(300, FaultPlan::none().fault(On::page(2).nth(1), fault)).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(world.pages_asked(), ["1", "2", "2"]);
    }
}

#[tokio::test]
async fn a_byte_order_mark_and_unlabelled_gzip_are_read() {
    let plan = FaultPlan::none()
        .fault(On::page(1), Fault::Bom)
        .fault(On::page(2), Fault::GzipWithoutHeader);
    let world = World::new(300, plan).await;
    assert_eq!(world.crawl().await.counts.products, 300);
}

#[tokio::test]
async fn what_was_read_before_a_failure_stays_and_the_next_crawl_goes_on_there() {
    let world = World::new(
        700,
        FaultPlan::none().fault(On::page(3).times(3), Fault::Status(503, None)),
    )
    .await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::ServerError)));
    assert_eq!(world.n_stored().await, 500);
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.key.n, report.counts.products), (1, 700));
    assert_eq!(world.pages_asked(), ["1", "2", "3", "3", "3", "3"]);
}

#[tokio::test]
async fn an_interrupted_crawl_goes_on_at_the_next_page() {
    let world = World::new(1_200, FaultPlan::none()).await;
    let report = world.crawl_until(&CancellationToken::new(), Some(2)).await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Interrupted)));
    // A page that was under way is stored, so that nobody asks for it again.
    assert!((2..=3).contains(&report.counts.pages));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.products, 1_200);
    assert_eq!(world.pages_asked(), ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_full_crawl_begins_at_page_one() {
    let mut world = World::new(700, FaultPlan::none()).await;
    world.crawl_until(&CancellationToken::new(), Some(1)).await;
    world.options.start = Start::Fresh;
    let report = world.crawl().await;
    assert_eq!((report.key.n, report.counts.pages), (2, 3));
}

#[tokio::test]
async fn a_crawl_dropped_in_the_middle_goes_on_like_a_killed_one() {
    let world = World::new(
        700,
        FaultPlan::none().fault(On::page(3).nth(1), Fault::Hang),
    )
    .await;
    tokio::select! {
        _ = world.crawl() => panic!("page 3 hangs"),
        () = world.fake.wait_for_requests(5) => {}
    }
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.key.n, report.counts.products), (1, 700));
    assert_eq!(world.pages_asked(), ["1", "2", "3", "3"]);
}

#[tokio::test]
async fn a_limit_of_pages_is_a_partial_crawl_and_the_next_begins_anew() {
    let mut world = World::new(700, FaultPlan::none()).await;
    world.options.max_pages = Some(2);
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::MaxPages)));
    assert_eq!(world.n_stored().await, 500);
    world.options.max_pages = None;
    assert_eq!(world.crawl().await.key.n, 2);
}

#[tokio::test]
async fn a_page_that_repeats_for_ever_ends_the_crawl() {
    let world = World::new(
        700,
        FaultPlan::none().fault(On::feed(), Fault::EndlessPages),
    )
    .await;
    assert_eq!(stop(&world.crawl().await), ("partial", Some(Stop::Endless)));
    assert_eq!(world.pages_asked(), ["1", "2"]);
}

#[tokio::test]
async fn the_wall_behind_product_25000_is_a_partial_crawl_in_both_its_forms() {
    let products: Vec<String> = (1..=25_010)
        .map(|id| format!(r#"{{"id":{id},"title":"x","variants":[]}}"#))
        .collect();
    let document = format!(r#"{{"products":[{}]}}"#, products.join(","));
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    for wall in [Wall::BadRequest, Wall::Ok] {
        let world = World::with(catalogue.clone(), list_alone().wall(wall)).await;
        let report = world.crawl().await;
        assert_eq!(stop(&report), ("partial", Some(Stop::Wall)), "{wall:?}");
        assert_eq!(report.counts.products, 25_000);
        assert_eq!(
            world
                .crawl_until(&CancellationToken::new(), Some(1))
                .await
                .key
                .n,
            2,
            "never stuck at the wall"
        );
    }
}

#[tokio::test]
async fn bad_products_are_problems_and_the_good_ones_are_stored() {
    let world = World::new(40, FaultPlan::none().fault(On::feed(), Fault::WrongTypes)).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert!(report.counts.products >= 20);
    let problems = world.store.problems(&report.key, 1000).await.unwrap();
    assert_eq!(report.counts.problems, problems.len() as u64);
    assert!(
        problems
            .iter()
            .all(|problem| problem.page == 1 && problem.index.is_some())
    );
    assert!(
        problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::ProductRefused)
    );
}

#[tokio::test]
async fn products_that_left_are_gone_and_come_back() {
    let full = || Catalogue::generate(&NORTH_LOFT, 40, 3);
    let mut smaller = full();
    smaller.remove(7);
    let world = World::with(full(), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_catalogue(smaller);
    assert_eq!(world.crawl().await.counts.gone, 1);
    assert_eq!(world.n_stored().await, 39);
    world.fake.set_catalogue(full());
    assert_eq!(world.crawl().await.counts.back, 1);
    assert_eq!(world.n_stored().await, 40);
}

#[tokio::test]
async fn a_shop_that_lost_most_of_its_products_is_believed_the_second_time() {
    let mut world = World::new(40, FaultPlan::none()).await;
    world.crawl().await;
    world
        .fake
        .set_catalogue(Catalogue::generate(&NORTH_LOFT, 10, 3));
    for _ in 0..2 {
        let report = world.crawl().await;
        assert_eq!(stop(&report), ("partial", Some(Stop::Shrunk)));
        assert_eq!(
            report.outcome.unwrap().reason().unwrap().detail,
            "found 10 of 40 known products; nothing is taken as gone unless a crawl from 1970-01-01T12:00:01Z on finds \
             about as many"
        );
        assert_eq!(world.n_stored().await, 40);
    }
    world.options.started_at = UnixMs::parse("1970-01-01T12:00:01Z").unwrap();
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, world.n_stored().await), (30, 10));
}

#[tokio::test]
async fn only_a_known_shop_without_any_answer_is_gone() {
    let not_there = || Fault::Status(404, None);
    let closed = list_alone()
        .fault(On::feed(), not_there())
        .fault(On::path("/"), not_there())
        .fault(On::path("/meta.json"), not_there());
    let world = World::new(40, closed.clone()).await;
    assert_eq!(
        stop(&world.crawl().await),
        ("blocked", Some(Stop::ClosedFeed))
    );
    world.fake.set_plan(FaultPlan::none());
    world.crawl().await;
    world
        .fake
        .set_plan(list_alone().fault(On::feed(), not_there()));
    assert_eq!(
        world.crawl().await.outcome.unwrap().word(),
        "blocked",
        "the shop itself still answers"
    );
    let elsewhere = || Fault::Redirect("/maintenance".into());
    let away = || list_alone().fault(On::path("/maintenance"), not_there());
    for away in [
        away().fault(On::under("/"), elsewhere()),
        away()
            .fault(On::path("/meta.json"), not_there())
            .fault(On::path("/"), not_there())
            .fault(On::feed(), elsewhere()),
    ] {
        world.fake.set_plan(away);
        assert_eq!(
            world.crawl().await.outcome.unwrap().word(),
            "blocked",
            "another page is missing than the list"
        );
        assert_eq!(world.n_stored().await, 40);
    }
    world.fake.set_plan(closed);
    for _ in 0..2 {
        assert_eq!(world.crawl().await.outcome.unwrap().word(), "gone");
        assert_eq!(world.n_stored().await, 0);
    }
}

#[tokio::test]
async fn a_shop_that_moved_is_crawled_where_it_is_now() {
    let target = FakeShop::start(Catalogue::generate(&NORTH_LOFT, 600, 3), FaultPlan::none())
        .await
        .unwrap();
    let moved = |path: &str| Fault::Redirect(format!("{}{path}", target.url()));
    let plan = FaultPlan::none()
        .fault(On::path("/meta.json"), moved("/meta.json"))
        .fault(On::feed(), moved("/products.json?limit=250&page=1"));
    let world = World::new(1, plan).await;
    let report = world.crawl().await;
    assert_eq!(
        (report.outcome.clone(), report.counts.products),
        (Some(Outcome::Complete), 600)
    );
    assert_eq!(
        world.pages_asked(),
        Vec::<String>::new(),
        "after the first answer the old address is left alone"
    );
}

#[tokio::test]
async fn an_unreachable_shop_has_failed_and_is_recorded() {
    let world = World::new(10, FaultPlan::none()).await;
    let World {
        fake,
        shop,
        store,
        fetcher,
        options,
    } = world;
    fake.stop().await;
    let now = || UnixMs::new(1_000);
    let cancel = CancellationToken::new();
    let report = crawler::crawl(
        &shop,
        &options,
        &fetcher,
        store.as_ref(),
        &now,
        &cancel,
        &|_| {},
    )
    .await
    .unwrap();
    assert_eq!(stop(&report), ("failed", Some(Stop::Unreachable)));
    assert_eq!(store.crawls(None, 10).await.unwrap().len(), 1);
}
