//! Shops with more products than a list shows, of which little says so.

use std::ops::RangeInclusive;

use catalog::{Outcome, Route, RouteEnd, Stop, UnixMs};
use testkit::{Collection, Fault, FaultPlan, On, Surface};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, stop};
use crate::routes::{closed, cut_behind, n_asked, small, small_of, used};

fn json(text: &str) -> Fault {
    Fault::Custom(200, "application/json", text.as_bytes().to_vec())
}

/// A shop whose list, collections and feed are closed.
fn sitemap_alone() -> FaultPlan {
    closed(403)
        .without(Surface::Collections)
        .without(Surface::Atom)
}

/// A sitemap of one file that names the first `n` products.
fn naming(plan: FaultPlan, n: usize) -> FaultPlan {
    naming_these(plan, 1..=n)
}

/// A sitemap of one file that names products which did not change for long.
fn naming_these(plan: FaultPlan, ids: RangeInclusive<usize>) -> FaultPlan {
    let lastmod = "<lastmod>2025-01-02T03:04:05Z</lastmod>";
    let url = |it| format!("<url><loc>/products/p-{it}</loc>{lastmod}</url>");
    let urls: String = ids.map(url).collect();
    let file = format!("<urlset>{urls}</urlset>");
    plan.fault(
        On::path("/sitemap.xml"),
        Fault::Custom(200, "application/xml", file.into_bytes()),
    )
}

#[tokio::test]
async fn an_empty_page_at_the_wall_is_no_end() {
    for refusal in [
        r#"{"errors": "Page * Limit exceeds the 25000 limit.", "products": []}"#,
        r#"{"products": []}"#,
    ] {
        let rest = Collection::new("rest", 25_000..25_200);
        let catalogue = small(25_200).with_collections(vec![rest]);
        let plan = FaultPlan::none().fault(On::page(101), json(refusal));
        let world = World::with(catalogue, plan).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(world.n_stored().await, 25_200);
        assert_eq!(used(&report)[0], (Route::List, 25_000, RouteEnd::Wall));
    }
}

/// It is a day old, or cut: what it does not name is no sign that nothing is there.
#[tokio::test]
async fn a_sitemap_that_names_no_more_than_the_list_shows_makes_nothing_gone() {
    let rest = Collection::new("rest", 25_000..25_200);
    let catalogue = || small(25_200).with_collections(vec![rest.clone()]);
    let world = World::with(catalogue(), FaultPlan::none()).await;
    assert_eq!(world.crawl().await.outcome, Some(Outcome::Complete));
    world.fake.set_plan(naming(FaultPlan::none(), 25_000));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!((report.counts.products, report.counts.gone), (25_200, 0));
    let said = report.outcome.unwrap().to_string();
    assert!(
        said.contains("the sitemap names no others: 25200 were found"),
        "{said}"
    );

    // Nor where the collections show nothing more, and the shop alone says that there is.
    world
        .fake
        .set_catalogue(small(25_200).with_collections(vec![Collection::new("few", 0..9)]));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(report.counts.gone, 0);
}

/// As where the shop hides some of its products from search engines.
#[tokio::test]
async fn what_a_short_sitemap_names_beside_the_list_is_read_all_the_same() {
    let rest = Collection::new("rest", 25_000..25_200);
    let catalogue = small(25_300).with_collections(vec![rest]);
    let plan = naming_these(FaultPlan::none(), 25_101..=25_300);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(world.n_stored().await, 25_300);
    assert_eq!(n_asked(&world, "/products/p-"), 100);
}

/// The collections are done before what is as it was is marked, and are not read a second time.
#[tokio::test]
async fn a_pass_that_is_cut_behind_what_a_short_sitemap_shows_reads_no_collection_again() {
    let catalogue = |n| small(n).with_collections(vec![Collection::new("few", 0..9)]);
    let mut world = World::with(catalogue(25_200), FaultPlan::none()).await;
    world.options.started_at = UnixMs::parse("2026-01-01T00:00:00Z").unwrap();
    assert_eq!(world.crawl().await.counts.products, 25_200);
    world
        .fake
        .set_plan(naming_these(FaultPlan::none(), 25_051..=25_210));
    // Ten are new: whoever is told to stop still takes the answer that is on its way.
    world.fake.set_catalogue(catalogue(25_210));
    let n_before = n_asked(&world, "/collections/few/");
    // The list, the collection, and what is as it was.
    cut_behind(&world, 100 + 1 + 1).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!((report.counts.products, report.counts.gone), (25_160, 0));
    assert_eq!(n_asked(&world, "/collections/few/"), n_before + 1);
}

/// A shop may hide products from search engines, and then no sitemap names them.
#[tokio::test]
async fn what_a_long_sitemap_leaves_out_is_asked_for_before_it_is_gone() {
    let few = || vec![Collection::new("few", 0..9)];
    let world = World::with(small(25_200).with_collections(few()), FaultPlan::none()).await;
    assert_eq!(world.crawl().await.counts.products, 25_200);
    world.fake.set_plan(naming(FaultPlan::none(), 25_100));
    let n_before = n_asked(&world, "/products/p-");
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (25_200, 0));
    let told = &report.notes.routes.last().unwrap().detail;
    assert!(
        told.ends_with(
            "known products that nothing names: 100; 25 have a page, 0 have none, 75 are kept"
        ),
        "{told}"
    );
    assert_eq!(n_asked(&world, "/products/p-"), n_before + 100 + 25);

    world
        .fake
        .set_catalogue(small(25_100).with_collections(few()));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (25_100, 100));
}

#[tokio::test]
async fn what_the_sitemap_of_a_closed_shop_leaves_out_is_asked_for_before_it_is_gone() {
    let world = World::with(small(200), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(naming(sitemap_alone(), 100));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (200, 0));

    // What is there is read anew, what is not is gone, each in its turn.
    let mut catalogue = small(160);
    for place in 100..160 {
        catalogue.edit(place, |product| product["title"] = "another".into());
    }
    world.fake.set_catalogue(catalogue);
    let (mut n_gone, mut n_changed) = (0, 0);
    for _ in 0..16 {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        n_gone += report.counts.gone;
        n_changed += report.counts.changed;
        assert_eq!(report.counts.products + n_gone, 200);
    }
    assert_eq!((n_gone, n_changed), (40, 60));
}

/// As one that answers with an error in two passes.
#[tokio::test(start_paused = true)]
async fn a_product_that_nothing_names_and_that_never_answers_is_gone_one_pass_later() {
    let hangs = On::path("/products/p-200.json");
    let busy = Fault::retry_after(429, "130");
    let plan = naming(sitemap_alone(), 199).fault(hangs, busy);
    let mut world = World::with(small(200), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(plan);
    for n_gone in [0, 1] {
        world.fetcher = crate::crawling::fetcher();
        world.end_rest().await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{report:?}");
        assert_eq!(report.counts.gone, n_gone);
    }
}

/// In 2026, behind which the sitemaps of these tests date what did not change.
const LATELY: UnixMs = UnixMs::new(1_767_225_600_000);

/// What the sitemap shows to be as it was is not asked for, and proves nothing of what is.
#[tokio::test]
async fn products_that_changed_are_not_gone_where_the_shop_shows_none_by_itself() {
    let named = || sitemap_alone().fault(On::path("/sitemap.xml"), changed());
    let mut world = World::with(small(60), FaultPlan::none()).await;
    world.options.started_at = LATELY;
    world.crawl().await;
    world.fake.set_plan(named().without(Surface::ProductJson));
    let n_before = n_asked(&world, "/products/p-");
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::ClosedFeed)));
    assert_eq!((report.counts.gone, world.n_stored().await), (0, 60));
    assert_eq!(n_asked(&world, "/products/p-") - n_before, 10 + 3);

    // Where one that was met is shown, the others are gone, however few they are.
    let gone = |plan: FaultPlan, n| {
        plan.fault(
            On::path(format!("/products/p-{n}.json")),
            Fault::status(404),
        )
    };
    world.fake.set_plan((51..=60).fold(named(), gone));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, world.n_stored().await), (10, 50));
}

/// A sitemap of 60 products, of which the last 10 changed.
fn changed() -> Fault {
    let url = |n, day| format!("<url><loc>/products/p-{n}</loc><lastmod>{day}</lastmod></url>");
    let urls: String = (1..=60)
        .map(|n| url(n, if n > 50 { "2026-06-01" } else { "2025-01-02" }))
        .collect();
    let file = format!("<urlset>{urls}</urlset>");
    Fault::Custom(200, "application/xml", file.into_bytes())
}

/// A search app fills some collections, which list nothing: what was met is on the pages behind.
#[tokio::test]
async fn a_collection_that_lists_nothing_says_nothing_of_single_products() {
    let filtered = vec![Collection::new("filtered", 0..60)];
    let plan = naming(closed(404).without(Surface::Atom), 90).fault(
        On::path("/collections/filtered/products.json"),
        json(r#"{"products": []}"#),
    );
    let world = World::with(small(60).with_collections(filtered), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, world.n_stored().await), (60, 60));
}

/// They stand together, behind some that are there and not stored yet.
#[tokio::test]
async fn many_that_a_sitemap_still_names_one_after_the_other_end_no_route() {
    let plan = naming(sitemap_alone(), 90);
    let world = World::with(small_of(41..=90), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, world.n_stored().await), (50, 50));
}

/// As from a rule against scrapers, in the middle.
#[tokio::test]
async fn a_shop_that_closes_while_its_products_are_read_loses_none() {
    let world = World::with(small(40), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(naming(sitemap_alone(), 40));
    let close = |_| {
        let closed = naming(sitemap_alone(), 40).without(Surface::ProductJson);
        world.fake.set_plan(closed);
    };
    let cancel = CancellationToken::new();
    let report = world.crawl_telling(&cancel, &close).await.unwrap();
    assert_eq!(stop(&report), ("partial", Some(Stop::ClosedFeed)));
    assert_eq!((report.counts.products, report.counts.gone), (25, 0));
    assert_eq!(world.n_stored().await, 40);
}

/// Nor are those that it hides from the sitemap, for one crawl.
#[tokio::test]
async fn hidden_products_of_a_shop_that_shows_none_by_itself_are_kept_for_one_crawl() {
    let mut world = World::with(small(60), FaultPlan::none()).await;
    world.options.started_at = LATELY;
    world.crawl().await;
    let plan = naming(sitemap_alone(), 50).without(Surface::ProductJson);
    world.fake.set_plan(plan);
    for n_gone in [0, 10] {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{report:?}");
        assert_eq!(report.counts.gone, n_gone);
    }
}

/// Of those that hide, others are asked for in the next pass.
#[tokio::test]
async fn hidden_products_stay_however_few_of_them_can_be_asked_for() {
    let closed_one = On::path("/products/p-191.json");
    let plan = naming(sitemap_alone(), 190).fault(closed_one, Fault::status(400));
    let world = World::with(small(200), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(plan);
    for n_gone in [0, 1, 0] {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(report.counts.gone, n_gone);
    }
    assert_eq!(world.n_stored().await, 199);
}

/// One answer that is no answer is no sign; a second one is, as on a list.
#[tokio::test]
async fn what_nothing_names_and_nobody_can_look_up_is_kept_for_one_crawl() {
    let plan = naming(sitemap_alone(), 190);
    let broken = (191..=200).fold(plan, |plan, n| {
        plan.fault(
            On::path(format!("/products/p-{n}.json")),
            Fault::status(400),
        )
    });
    let world = World::with(small(200), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(broken);
    for n_gone in [0, 10] {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(report.counts.gone, n_gone);
    }
}

#[tokio::test]
async fn a_shop_of_which_all_agree_that_it_has_just_what_the_list_shows_is_complete() {
    let meta = json(r#"{"currency": "EUR"}"#);
    let plan = FaultPlan::none().fault(On::path("/meta.json"), meta);
    let catalogue = small(25_000).with_collections(vec![Collection::new("few", 0..9)]);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(n_asked(&world, "/collections/few/"), 1);

    // Five left, and five came.
    let few = || vec![Collection::new("few", 0..9)];
    world
        .fake
        .set_catalogue(small_of(6..=25_005).with_collections(few()));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.new, report.counts.gone), (5, 5));
    assert_eq!(n_asked(&world, "/products/p-"), 6);
}

/// A number that counts no further than the list shows, and no collection with what is behind it: the products are there.
#[tokio::test]
async fn what_is_known_and_still_has_a_page_is_not_gone_though_nothing_names_it() {
    let meta = json(r#"{"currency": "EUR", "published_products_count": 25000}"#);
    let plan = || FaultPlan::none().fault(On::path("/meta.json"), meta.clone());
    let few = vec![Collection::new("few", 0..9)];
    let world = World::with(small(25_200).with_collections(few), plan()).await;
    assert_eq!(world.crawl().await.counts.products, 25_200);
    world.fake.set_plan(naming(plan(), 25_000));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(report.counts.gone, 0);
}

#[tokio::test]
async fn what_a_whole_sitemap_leaves_out_of_what_the_shop_says_is_told() {
    let meta = json(r#"{"currency": "EUR", "published_products_count": 40000}"#);
    let plan = FaultPlan::none().fault(On::path("/meta.json"), meta);
    let world = World::with(small(25_060), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let told = &report.notes.routes.last().unwrap().detail;
    assert!(
        told.ends_with("; the shop says that it has 40000 products, and this pass found 25060"),
        "{told}"
    );
}
