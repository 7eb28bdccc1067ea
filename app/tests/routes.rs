//! Every way to a shop's products, with a real fetcher and a real store against fake shops.

use std::fmt::Write;

use catalog::{CrawlReport, Outcome, Route, RouteEnd, Start, Stop, UnixMs};
use crawler::fetch::{FetchConfig, Fetcher};
use serde_json::Value;
use testkit::{
    Catalogue, Collection, FakeShop, Fault, FaultPlan, NORTH_LOFT, On, Surface, Wall, XmlBomb,
};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, fetcher_with};

/// Returns as many products as there are, each as small as it may be.
pub(crate) fn small(n_products: usize) -> Catalogue {
    small_of(1..=n_products)
}

pub(crate) fn small_of(ids: impl IntoIterator<Item = usize>) -> Catalogue {
    let mut document = String::from("{\"products\":[");
    for (place, id) in ids.into_iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
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

pub(crate) fn used(report: &CrawlReport) -> Vec<(Route, u64, RouteEnd)> {
    let routes = report.notes.routes.iter();
    routes
        .map(|it| (it.route, it.products, it.end.unwrap()))
        .collect()
}

fn stop(report: &CrawlReport) -> (&'static str, Option<Stop>) {
    let outcome = report.outcome.as_ref().unwrap();
    (outcome.word(), outcome.reason().map(|it| it.stop))
}

/// Crawls, and is interrupted behind page `last`, where the next crawl goes on.
pub(crate) async fn cut_behind(world: &World, last: u32) -> CrawlReport {
    let report = world
        .crawl_until(&CancellationToken::new(), Some(last))
        .await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Interrupted)));
    report
}

pub(crate) fn n_asked(world: &World, part: &str) -> usize {
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
    assert_eq!(
        used(&report),
        [
            (Route::List, 25_000, RouteEnd::Wall),
            (Route::Sitemap, 60, RouteEnd::Covered),
        ]
    );
}

/// Those that a collection shows beside what is missing were counted a second time.
#[tokio::test]
async fn what_the_sitemap_shows_to_be_unchanged_is_counted_once() {
    let shop = |n| small(n).with_collections(vec![Collection::new("rest", 25_000..n)]);
    let mut world = World::with(shop(25_400), FaultPlan::none()).await;
    // Behind the last change of all products.
    world.options.started_at = UnixMs::parse("2026-01-01T00:00:00Z").unwrap();
    assert_eq!(world.crawl().await.counts.products, 25_400);
    world.fake.set_catalogue(shop(25_500));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.new, report.counts.products), (100, 25_500));
    assert_eq!(
        used(&report),
        [
            (Route::List, 25_000, RouteEnd::Wall),
            (Route::Sitemap, 400, RouteEnd::Exhausted),
            (Route::Collections, 100, RouteEnd::Covered),
            (Route::Sitemap, 0, RouteEnd::Covered),
        ]
    );
}

/// A sitemap may have the day of publication for ever, and nothing else would tell.
#[tokio::test]
async fn that_a_product_is_as_it_was_is_believed_for_four_weeks() {
    let plan = closed(404)
        .without(Surface::Collections)
        .without(Surface::Atom);
    let mut world = World::with(small(40), plan).await;
    for (day, n_asked_then) in [("01", 40), ("12", 0), ("28", 0), ("30", 40), ("31", 0)] {
        let morning = format!("2026-01-{day}T00:00:00Z");
        world.options.started_at = UnixMs::parse(&morning).unwrap();
        let n_before = n_asked(&world, "/products/p-");
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!((report.counts.products, report.counts.gone), (40, 0));
        assert_eq!(
            n_asked(&world, "/products/p-") - n_before,
            n_asked_then,
            "{day}"
        );
    }
}

#[tokio::test]
async fn a_sitemap_that_still_names_many_that_were_deleted_hides_nothing() {
    let file = On::path("/sitemap_products_1.xml");
    let plan = closed(404).without(Surface::Atom).fault(file, undated(90));
    let world = World::with(small(60), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, world.n_stored().await), (60, 60));
    let last = report.notes.routes.last().unwrap();
    assert_eq!(
        last.detail,
        "90 products are named, of which 30 are none any more"
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
    let report = cut_behind(&world, 102).await;
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
            (Route::Collections, 0, RouteEnd::Exhausted),
            (Route::Sitemap, 0, RouteEnd::Covered),
        ]
    );
}

/// Returns a plan of a shop whose list is closed with `status`.
pub(crate) fn closed(status: u16) -> FaultPlan {
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

/// It would be the end of the list, and the rest gone until the next pass.
#[tokio::test]
async fn one_empty_page_at_the_name_of_the_platform_ends_no_list() {
    let name = "north-loft-17.myshopify.com";
    let catalogue = Catalogue::generate(&NORTH_LOFT, 600, 3).with_platform_domain(name);
    let mut world = World::with(catalogue, closed(403)).await;
    world.fetcher = pinned(name, &world);
    assert_eq!(world.crawl().await.counts.products, 600);
    let empty = Fault::Custom(200, "application/json", br#"{"products": []}"#.to_vec());
    let once = On::page(3).host(name).nth(1);
    world.fake.set_plan(closed(403).fault(once, empty));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (600, 0));
}

#[tokio::test]
async fn a_name_of_the_platform_that_leads_to_another_host_is_told() {
    let name = "north-loft-17.myshopify.com";
    let catalogue = || Catalogue::generate(&NORTH_LOFT, 30, 3).with_platform_domain(name);
    let other = World::with(catalogue(), FaultPlan::none()).await;
    let there = Fault::Moved(other.fake.url());
    let moved = closed(404).fault(On::feed().host(name), there);
    let mut world = World::with(catalogue(), moved).await;
    world.fetcher = pinned(name, &world);
    let report = world.crawl().await;
    let myshopify = &report.notes.routes[1];
    let led = format!("{name} leads to {}", other.fake.addr());
    assert_eq!(myshopify.route, Route::Myshopify);
    assert_eq!(myshopify.detail, led);
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
    let stock =
        |rows: &[catalog::ProductRow]| rows.iter().filter(|it| it.in_stock == Some(true)).count();
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
        (feed(Fault::Challenge(403)), Stop::Challenge),
        (feed(Fault::Challenge(429)), Stop::Challenge),
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

/// Returns a shop of 60 products that was crawled, and another one, of `catalogue`, to which it may lead from now on.
async fn crawled_beside(catalogue: Catalogue) -> (World, FakeShop) {
    let world = World::new(60, FaultPlan::none()).await;
    world.crawl().await;
    let other = FakeShop::start(catalogue, FaultPlan::none()).await;
    (world, other.unwrap())
}

/// Asserts that the 60 products of `report` are those that were known.
fn assert_same_shop(report: &CrawlReport) {
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!(
        (counts.products, counts.new, counts.changed, counts.gone),
        (60, 0, 0, 0)
    );
}

#[tokio::test]
async fn a_shop_that_moves_between_two_crawls_is_the_same_shop() {
    let (mut moved, new) = crawled_beside(Catalogue::generate(&NORTH_LOFT, 60, 3)).await;
    let before = moved.rows().await;
    let name = "moved.example";
    let there = format!("http://{name}");
    moved
        .fake
        .set_plan(FaultPlan::none().fault(On::any(), Fault::Moved(there)));
    moved.fetcher = fetcher_with(FetchConfig {
        pinned_hosts: [(name.to_owned(), new.addr())].into(),
        ..FetchConfig::default()
    });
    let report = moved.crawl().await;
    assert_same_shop(&report);
    assert_eq!(
        report.notes.routes[0].detail,
        "the shop has moved to http://moved.example"
    );
    assert_eq!(moved.rows().await.len(), before.len());
}

#[tokio::test]
async fn a_shop_whose_old_paths_all_lead_to_its_new_home_page_is_read_there() {
    let (world, new) = crawled_beside(Catalogue::generate(&NORTH_LOFT, 60, 3)).await;
    let to_home = Fault::MovedHome(format!("{}/", new.url()));
    world
        .fake
        .set_plan(FaultPlan::none().fault(On::any(), to_home));
    let report = world.crawl().await;
    assert_same_shop(&report);
    assert_eq!(
        report.notes.routes[0].detail,
        format!("the shop has moved to {}", new.url())
    );
    // The currency is known from there too, or each price would have changed.
    assert_eq!(
        new.requests()
            .iter()
            .filter(|it| it.path == "/meta.json")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_shop_whose_paths_lead_to_another_home_page_for_a_while_stays_where_it_was() {
    let (world, other) = crawled_beside(Catalogue::generate(&NORTH_LOFT, 20, 4)).await;
    let for_now = Fault::Redirect(format!("{}/", other.url()));
    world
        .fake
        .set_plan(FaultPlan::none().fault(On::any(), for_now));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("failed", Some(Stop::NotJson)));
    let pages = other.requests().into_iter().map(|it| it.path);
    let mut pages = pages.filter(|it| it != "/robots.txt");
    assert!(pages.all(|it| it == "/"));
    assert_eq!(world.rows().await.len(), 60);
}

/// Returns a file of a sitemap that names the first products of [`small`], without dates.
pub(crate) fn undated(n_products: usize) -> Fault {
    let mut xml = String::from("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">");
    for id in 1..=n_products {
        write!(
            xml,
            "<url><loc>http://a.example/products/p-{id}</loc></url>"
        )
        .unwrap();
    }
    xml.push_str("</urlset>");
    Fault::Custom(200, "application/xml", xml.into_bytes())
}

/// Returns a plan of a shop that shows single products, of which its sitemap names the first ones, and its feed.
pub(crate) fn singles(n_named: usize) -> FaultPlan {
    let file = On::path("/sitemap_products_1.xml");
    closed(404)
        .without(Surface::Collections)
        .fault(file, undated(n_named))
}

#[tokio::test]
async fn products_without_a_date_in_the_sitemap_are_asked_for_in_each_pass() {
    let world = World::with(small(30), singles(30).without(Surface::Atom)).await;
    assert_eq!(world.crawl().await.counts.new, 30);
    let mut changed = small(30);
    changed.edit(2, |product| product["title"] = "another".into());
    world.fake.set_catalogue(changed);
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.changed, report.counts.gone), (1, 0));
}

#[tokio::test]
async fn the_newest_products_of_a_closed_shop_are_found_before_its_sitemap_names_them() {
    let world = World::with(small(30), singles(20)).await;
    for _ in 0..2 {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!((report.counts.products, report.counts.gone), (30, 0));
    }
}

#[tokio::test]
async fn a_product_that_leads_to_another_page_that_is_missing_is_not_gone() {
    let world = World::with(small(30), singles(30)).await;
    world.crawl().await;
    let elsewhere = Fault::Redirect("/nowhere".to_owned());
    let plan = singles(30).fault(On::path("/products/p-7.json"), elsewhere);
    world.fake.set_plan(plan);
    let report = world.crawl().await;
    assert_eq!(report.outcome.as_ref().unwrap().word(), "partial");
    assert_eq!(world.n_stored().await, 30);
}

/// The first page that shows a product counts, or each pass would find both to be a change.
#[tokio::test]
async fn a_product_on_two_pages_is_one_that_does_not_change() {
    let mut second: Value = serde_json::from_slice(&small(260).page_json(2, 250)).unwrap();
    let mut again = small(260).product(0).unwrap();
    again["title"] = "another".into();
    second["products"].as_array_mut().unwrap().push(again);
    let json = second.to_string().into_bytes();
    let plan = FaultPlan::none()
        .validators()
        .fault(On::page(2), Fault::Custom(200, "application/json", json));
    let world = World::with(small(260), plan).await;
    for n_new in [260, 0, 0] {
        let counts = world.crawl().await.counts;
        assert_eq!((counts.products, counts.new), (260, n_new));
        assert_eq!((counts.changed, counts.gone), (0, 0));
    }
}

#[tokio::test]
async fn a_collection_that_shows_one_page_for_ever_ends() {
    let page = Fault::Custom(200, "application/json", small(250).page_json(1, 250));
    let catalogue = small(250).with_collections(vec![Collection::new("all", 0..250)]);
    let plan = closed(404)
        .without(Surface::Sitemap)
        .without(Surface::Atom)
        .fault(On::path("/collections/all/products.json"), page);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(report.counts.products, 250);
    assert_eq!(n_asked(&world, "/collections/all/"), 2);
}

#[tokio::test]
async fn a_shop_that_counts_none_of_its_collections_is_read_all_the_same() {
    let index =
        r#"{"collections": [{"id": 1, "handle": "all", "title": "All", "products_count": 0}]}"#;
    let index = Fault::Custom(200, "application/json", index.into());
    let catalogue = small(40).with_collections(vec![Collection::new("all", 0..40)]);
    let plan = closed(404)
        .without(Surface::Sitemap)
        .without(Surface::Atom)
        .fault(On::path("/collections.json"), index);
    let world = World::with(catalogue, plan).await;
    assert_eq!(world.crawl().await.counts.products, 40);
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
