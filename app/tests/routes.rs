//! Every way to a shop's products, with a real fetcher and a real store against fake shops.

use std::fmt::Write;

use catalog::{CrawlReport, Outcome, Route, RouteEnd, Start, Stop, UnixMs};
use crawler::fetch::{FetchConfig, Fetcher};
use testkit::{Catalogue, Collection, Fault, FaultPlan, NORTH_LOFT, On, Surface, Wall, XmlBomb};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, fetcher_with};

/// Returns as many products as there are, each as small as it may be.
fn small(n_products: usize) -> Catalogue {
    let mut document = String::from("{\"products\":[");
    for id in 1..=n_products {
        let comma = if id == 1 { "" } else { "," };
        write!(
            document,
            "{comma}{{\"id\":{id},\"title\":\"x\",\"handle\":\"p-{id}\",\"variants\":[],\
             \"updated_at\":\"2025-01-02T03:04:05+01:00\"}}"
        )
        .unwrap();
    }
    document.push_str("]}");
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    catalogue.with_currency(Some("EUR"))
}

fn used(report: &CrawlReport) -> Vec<(Route, u64, RouteEnd)> {
    let routes = report.notes.routes.iter();
    routes
        .map(|it| (it.route, it.products, it.end.unwrap()))
        .collect()
}

fn stop(report: &CrawlReport) -> (&'static str, Option<Stop>) {
    let outcome = report.outcome.as_ref().unwrap();
    (outcome.word(), outcome.reason().map(|it| it.stop))
}

fn n_asked(world: &World, part: &str) -> usize {
    let requests = world.fake.requests();
    requests.iter().filter(|it| it.path.contains(part)).count()
}

#[tokio::test]
async fn an_open_list_is_the_only_route() {
    let world = World::new(300, FaultPlan::none()).await;
    let report = world.crawl().await;
    assert_eq!(used(&report), [(Route::List, 300, RouteEnd::ShortPage)]);
    assert_eq!(world.fake.requests().len(), 4);
    let world = World::new(500, FaultPlan::none()).await;
    let report = world.crawl().await;
    assert_eq!(used(&report), [(Route::List, 500, RouteEnd::EmptyPage)]);
}

#[tokio::test]
async fn behind_the_wall_collections_bring_what_the_sitemap_names() {
    for wall in [Wall::BadRequest, Wall::Ok] {
        let world = World::with(small(26_000), FaultPlan::none().wall(wall).locale("fr")).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(report.counts.products, 26_000);
        assert_eq!(
            used(&report),
            [
                (Route::List, 25_000, RouteEnd::Wall),
                (Route::Collections, 1_000, RouteEnd::Covered),
                (Route::Sitemap, 0, RouteEnd::Covered),
            ]
        );
        assert_eq!(n_asked(&world, "/fr/"), 0);
        assert_eq!(n_asked(&world, "/products/"), 0);
        let files = world.fake.requests().into_iter().map(|it| it.path);
        let files: Vec<String> = files.filter(|it| it.contains("_products_")).collect();
        assert_eq!(files.len(), 6);
        assert!(files[0].contains("from=25001"), "newest first: {files:?}");
    }
}

#[tokio::test]
async fn what_no_collection_shows_is_asked_for_one_by_one_and_not_again_until_it_changes() {
    let catalogue = || small(25_060).with_collections(vec![Collection::new("few", 0..9)]);
    let mut world = World::with(catalogue(), FaultPlan::none()).await;
    // Behind the last change of all products.
    world.options.started_at = UnixMs::parse("2026-01-01T00:00:00Z").unwrap();
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.products, 25_060);
    assert_eq!(n_asked(&world, "/products/p-"), 60);
    assert_eq!(world.n_stored().await, 25_060);

    let mut changed = catalogue();
    changed.edit(25_059, |product| {
        product["title"] = "another".into();
        product["updated_at"] = "2026-01-02T03:04:05Z".into();
    });
    world.fake.set_catalogue(changed);
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(n_asked(&world, "/products/p-"), 61);
    let counts = report.counts;
    assert_eq!(
        (counts.changed, counts.gone, counts.products),
        (1, 0, 25_060)
    );
}

#[tokio::test]
async fn a_product_that_only_the_sitemap_still_names_is_none_any_more() {
    let catalogue = small(25_060).with_collections(vec![]);
    let gone = On::path("/products/p-25007.json");
    let world = World::with(catalogue, FaultPlan::none().fault(gone, Fault::status(404))).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.products, 25_059);
}

#[tokio::test]
async fn a_shop_that_hides_single_products_has_not_lost_them() {
    let plan = closed(404)
        .without(Surface::Collections)
        .without(Surface::Atom);
    let world = World::new(60, FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(plan.without(Surface::ProductJson));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("blocked", Some(Stop::ClosedFeed)));
    assert_eq!(used(&report)[4].2, RouteEnd::Blocked);
    assert_eq!(world.n_stored().await, 60);
}

#[tokio::test]
async fn without_a_sitemap_a_shop_behind_its_wall_is_never_complete() {
    let plan = FaultPlan::none().without(Surface::Sitemap);
    let world = World::with(small(25_500), plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(report.counts.products, 25_500);
    assert_eq!(
        used(&report),
        [
            (Route::List, 25_000, RouteEnd::Wall),
            (Route::Sitemap, 0, RouteEnd::Blocked),
            (Route::Collections, 500, RouteEnd::Exhausted),
        ]
    );
    let said = report.outcome.unwrap().to_string();
    assert!(said.contains("25500 were found"), "{said}");
}

#[tokio::test]
async fn a_pass_that_is_cut_behind_the_wall_goes_on_where_it_was() {
    let world = World::with(small(25_600), FaultPlan::none()).await;
    let report = world
        .crawl_until(&CancellationToken::new(), Some(102))
        .await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Interrupted)));
    let last = report.notes.routes.last().unwrap();
    assert_eq!(
        (last.route, last.end),
        (Route::Collections, Some(RouteEnd::Cancelled))
    );
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.key.n, report.counts.products), (1, 25_600));
    let routes = used(&report);
    assert_eq!(routes.len(), 3);
    assert_eq!(routes[1], (Route::Collections, 600, RouteEnd::Covered));
    // Of the list, nothing is asked for again.
    assert_eq!(world.pages_asked().len(), 101);
    assert_eq!(world.n_stored().await, 25_600);
}

#[tokio::test]
async fn a_shop_that_has_just_what_the_list_shows_is_complete() {
    let world = World::with(small(25_000), FaultPlan::none()).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(
        used(&report),
        [
            (Route::List, 25_000, RouteEnd::Wall),
            (Route::Sitemap, 0, RouteEnd::Covered),
        ]
    );
}

/// Returns a plan of a shop whose list is closed with `status`.
fn closed(status: u16) -> FaultPlan {
    FaultPlan::none().closed_list(Fault::status(status))
}

#[tokio::test]
async fn a_closed_list_is_read_at_the_name_that_the_platform_gave_the_shop() {
    for status in [401, 403, 404, 410] {
        let name = "north-loft-17.myshopify.com";
        let catalogue = Catalogue::generate(&NORTH_LOFT, 300, 3).with_platform_domain(name);
        let mut world = World::with(catalogue, closed(status)).await;
        world.fetcher = pinned(name, &world);
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{status}");
        assert_eq!(
            used(&report),
            [
                (Route::List, 0, RouteEnd::Blocked),
                (Route::Myshopify, 300, RouteEnd::ShortPage),
            ]
        );
        let rows = world.rows().await;
        assert_eq!(rows.len(), 300);
        assert!(rows.iter().all(|row| row.id.shop == world.shop.key));
        assert!(rows.iter().all(|row| row.url.starts_with(&world.shop.url)));
    }
}

fn pinned(name: &str, world: &World) -> Fetcher {
    let addr = world.fake.addr();
    fetcher_with(FetchConfig {
        pinned_hosts: [(name.to_owned(), addr)].into(),
        ..FetchConfig::default()
    })
}

#[tokio::test]
async fn a_closed_list_without_another_name_is_made_up_of_all_the_sitemap_names() {
    for answer in [Fault::status(404), Fault::Html, Fault::NotShopify] {
        let plan = FaultPlan::none().closed_list(answer.clone());
        let world = World::new(120, plan).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{answer:?}");
        let routes: Vec<Route> = report.notes.routes.iter().map(|it| it.route).collect();
        assert_eq!(
            routes,
            [
                Route::List,
                Route::Myshopify,
                Route::Collections,
                Route::Atom,
                Route::Sitemap
            ]
        );
        assert_eq!(report.counts.products, 120);
        assert_eq!(used(&report)[2].1, 120);
        assert_eq!(used(&report)[4], (Route::Sitemap, 0, RouteEnd::Covered));
    }
}

#[tokio::test]
async fn where_only_the_feed_is_open_its_products_are_stored_and_the_pass_is_partial() {
    let plan = closed(404)
        .without(Surface::Collections)
        .without(Surface::Sitemap);
    let world = World::new(120, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::ClosedFeed)));
    assert_eq!(used(&report)[3], (Route::Atom, 50, RouteEnd::Exhausted));
    assert_eq!(world.n_stored().await, 50);
    let said = report.outcome.unwrap().to_string();
    let tried = "also tried: myshopify (blocked), collections (blocked), atom (exhausted), sitemap (blocked)";
    assert!(said.ends_with(tried), "{said}");
    // What the feed does not tell is no change of what is known.
    let again = world.crawl().await;
    assert_eq!((again.counts.new, again.counts.changed), (0, 0));
}

#[tokio::test]
async fn a_feed_changes_prices_and_keeps_the_rest_of_what_is_known() {
    let world = World::new(40, FaultPlan::none()).await;
    world.crawl().await;
    let before = world.rows().await;
    let mut changed = Catalogue::generate(&NORTH_LOFT, 40, 3);
    changed.edit(0, |product| product["variants"][0]["price"] = "7.77".into());
    world.fake.set_catalogue(changed);
    world.fake.set_plan(
        closed(404)
            .without(Surface::Collections)
            .without(Surface::Sitemap),
    );
    let report = world.crawl().await;
    let counts = report.counts;
    assert_eq!((counts.products, counts.changed, counts.gone), (40, 1, 0));
    let after = world.rows().await;
    let stock = |rows: &[catalog::ProductRow]| rows.iter().filter(|it| it.in_stock).count();
    assert_eq!(stock(&after), stock(&before));
    let images = |rows: &[catalog::ProductRow]| -> Vec<String> {
        rows.iter().map(|it| it.image_url.clone()).collect()
    };
    assert_eq!(images(&after), images(&before));
}

#[tokio::test]
async fn where_nothing_is_open_the_shop_stays_blocked_and_says_what_was_tried() {
    let plan = closed(403)
        .without(Surface::Collections)
        .without(Surface::Sitemap)
        .without(Surface::Atom);
    let world = World::new(120, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("blocked", Some(Stop::ClosedFeed)));
    assert!(
        report
            .notes
            .routes
            .iter()
            .all(|it| it.end == Some(RouteEnd::Blocked))
    );
    assert_eq!(report.notes.routes.len(), 5);
}

#[tokio::test]
async fn a_lock_on_the_door_is_no_invitation_to_the_windows() {
    let feed = |fault| FaultPlan::none().fault(On::feed(), fault);
    let locked = Fault::Custom(
        200,
        "text/html",
        b"<form action='/password'></form>".to_vec(),
    );
    for (plan, expected) in [
        (FaultPlan::none().password(), Stop::Password),
        (feed(locked), Stop::Password),
        (feed(Fault::Challenge), Stop::Challenge),
        (feed(Fault::status(402)), Stop::Suspended),
        (feed(Fault::status(423)), Stop::Suspended),
        (feed(Fault::status(429)), Stop::RateLimited),
        (
            FaultPlan::none().robots("User-agent: *\nDisallow: /products.json\n"),
            Stop::Robots,
        ),
    ] {
        let world = World::new(120, plan).await;
        let report = world.crawl().await;
        assert_eq!(stop(&report), ("blocked", Some(expected)));
        assert_eq!(report.notes.routes.len(), 1, "{expected:?}");
        for window in ["collections", "sitemap", "atom"] {
            assert_eq!(n_asked(&world, window), 0, "{expected:?}");
        }
    }
}

#[tokio::test]
async fn robots_txt_closes_each_route_by_itself() {
    let robots = "User-agent: *\nDisallow: /collections/\nDisallow: /collections.json\n";
    let world = World::new(60, closed(404).robots(robots)).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let ends: Vec<RouteEnd> = used(&report).iter().map(|it| it.2).collect();
    assert_eq!(
        ends[2..],
        [RouteEnd::Blocked, RouteEnd::Blocked, RouteEnd::Covered]
    );
    assert_eq!(n_asked(&world, "/collections"), 0);
    assert_eq!(n_asked(&world, "/products/"), 60);
}

#[tokio::test]
async fn a_site_that_is_no_shop_of_the_platform_is_not_searched() {
    let plan = FaultPlan::none()
        .fault(On::feed(), Fault::status(404))
        .fault(On::path("/"), Fault::Html)
        .fault(On::path("/meta.json"), Fault::status(404));
    let world = World::new(60, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("blocked", Some(Stop::ClosedFeed)));
    assert_eq!(world.fake.requests().len(), 4);
}

#[tokio::test]
async fn hostile_sitemaps_end_and_are_no_census() {
    let index = On::path("/sitemap.xml");
    for fault in [
        Fault::SitemapLoop,
        Fault::XmlBomb(XmlBomb::BillionLaughs),
        Fault::Html,
        Fault::RedirectLoop,
    ] {
        let plan = closed(404)
            .without(Surface::Collections)
            .without(Surface::Atom)
            .fault(index.clone(), fault.clone());
        let world = World::new(60, plan).await;
        let report = world.crawl().await;
        let outcome = report.outcome.as_ref().unwrap();
        assert!(!outcome.is_done(), "{fault:?}");
        assert_eq!(report.counts.products, 0, "{fault:?}");
        assert!(n_asked(&world, "/sitemap") <= 7, "{fault:?}");
    }
}

#[tokio::test]
async fn a_shop_that_moves_between_two_crawls_is_the_same_shop() {
    let world = World::new(60, FaultPlan::none()).await;
    world.crawl().await;
    let before = world.rows().await;
    let new = testkit::FakeShop::start(Catalogue::generate(&NORTH_LOFT, 60, 3), FaultPlan::none());
    let new = new.await.unwrap();
    let name = "moved.example";
    let mut moved = world;
    let there = format!("http://{name}");
    moved
        .fake
        .set_plan(FaultPlan::none().fault(On::any(), Fault::Moved(there)));
    moved.fetcher = fetcher_with(FetchConfig {
        pinned_hosts: [(name.to_owned(), new.addr())].into(),
        ..FetchConfig::default()
    });
    let report = moved.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!(
        (counts.products, counts.new, counts.changed, counts.gone),
        (60, 0, 0, 0)
    );
    assert_eq!(
        report.notes.routes[0].detail,
        "the shop has moved to http://moved.example"
    );
    assert_eq!(moved.rows().await.len(), before.len());
}

#[tokio::test]
async fn a_limit_of_pages_counts_those_of_all_routes() {
    let mut world = World::new(120, closed(404).without(Surface::Collections)).await;
    world.options.max_pages = Some(2);
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::MaxPages)));
    assert_eq!((report.counts.pages, report.counts.products), (2, 50));
    assert_eq!(used(&report).last().unwrap().2, RouteEnd::Budget);
    world.options.max_pages = None;
    world.options.start = Start::Fresh;
    assert_eq!(world.crawl().await.counts.products, 120);
}
