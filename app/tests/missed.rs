//! Lists that change while they are read: what moved over the edge of a page is not gone.

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use catalog::{CrawlReport, Outcome, Stop};
use futures_util::FutureExt as _;
use serde_json::json;
use testkit::{Catalogue, Fault, FaultPlan, NORTH_LOFT, On, Surface};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, stop};

const KEPT_ONE: &str =
    "known products not on the list: 1; kept for one more crawl: 1 with a page still";

/// Three pages, the last of them short.
fn catalogue() -> Catalogue {
    Catalogue::generate(&NORTH_LOFT, 520, 3)
}

fn without(places: Range<usize>) -> Catalogue {
    let mut catalogue = catalogue();
    for _ in places.clone() {
        catalogue.remove(places.start);
    }
    catalogue
}

/// Returns a world whose shop was crawled once, and answers by `plan` now.
async fn known(plan: FaultPlan) -> World {
    let world = World::with(catalogue(), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_plan(plan);
    world
}

/// Crawls while a product leaves the first page, once that is stored; cancels behind page `last`.
async fn crawl_while_one_leaves(world: &World, last: Option<u32>) -> CrawlReport {
    let cancel = CancellationToken::new();
    let on_page = |page| {
        if page == 1 {
            world.fake.set_catalogue(without(3..4));
        }
        if Some(page) == last {
            cancel.cancel();
        }
    };
    world.crawl_telling(&cancel, &on_page).await.unwrap()
}

fn singles_asked(world: &World) -> usize {
    let requests = world.fake.requests();
    let singles = requests
        .iter()
        .filter(|it| it.path.starts_with("/products/"));
    singles.count()
}

/// The page of the fourth product, which answers with that of product `index`, called `id`.
fn page_of_fourth(index: usize, id: Option<u64>) -> FaultPlan {
    let fourth = catalogue().product(3).unwrap();
    let handle = fourth["handle"].as_str().unwrap();
    let mut product = catalogue().product(index).unwrap();
    if let Some(id) = id {
        product["id"] = json!(id);
    }
    let body = json!({ "product": product }).to_string().into_bytes();
    FaultPlan::none().fault(
        On::path(format!("/products/{handle}.json")),
        Fault::Custom(200, "application/json", body),
    )
}

#[tokio::test]
async fn a_product_that_moves_to_the_page_before_is_not_gone() {
    let world = known(FaultPlan::none()).await;
    let report = crawl_while_one_leaves(&world, None).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!((counts.products, counts.changed, counts.gone), (520, 0, 0));
    let list = &report.notes.routes[0];
    assert_eq!((list.detail.as_str(), list.products), (KEPT_ONE, 520));
    assert_eq!(singles_asked(&world), 1);

    let report = world.crawl().await;
    let counts = report.counts;
    assert_eq!((counts.products, counts.gone, counts.back), (519, 1, 0));
    // With one that is on the list.
    assert_eq!((counts.changed, singles_asked(&world)), (0, 3));
    assert_eq!(report.notes.routes[0].detail, "");
}

#[tokio::test]
async fn a_product_that_left_the_list_for_good_and_has_a_page_is_gone_one_pass_later() {
    let world = known(page_of_fourth(3, None)).await;
    world.fake.set_catalogue(without(3..4));
    let report = world.crawl().await;
    assert_eq!((report.counts.gone, singles_asked(&world)), (0, 1));
    assert_eq!(report.notes.routes[0].detail, KEPT_ONE);
    for gone in [1, 0] {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!((report.counts.gone, singles_asked(&world)), (gone, 1));
    }
}

#[tokio::test]
async fn a_page_that_shows_another_product_keeps_none() {
    let world = known(page_of_fourth(4, Some(7))).await;
    world.fake.set_catalogue(without(3..4));
    let report = world.crawl().await;
    assert_eq!((report.counts.gone, singles_asked(&world)), (1, 1));
    assert_eq!(report.counts.new, 0);
}

#[tokio::test]
async fn a_pass_that_was_cut_off_asks_for_what_either_call_missed() {
    let world = known(FaultPlan::none().validators()).await;
    let report = crawl_while_one_leaves(&world, Some(2)).await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Interrupted)));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (520, 0));
    assert_eq!(singles_asked(&world), 1);
    assert_eq!(world.n_stored().await, 520);
}

/// Behind the page of what was kept, there is no page of the list.
#[tokio::test]
async fn a_pass_that_broke_off_behind_what_it_kept_reads_the_last_page_again() {
    let world = known(FaultPlan::none()).await;
    let on_page = |page| match page {
        1 => world.fake.set_catalogue(without(3..4)),
        4 => panic!("as if it were killed"),
        _ => {}
    };
    let cancel = CancellationToken::new();
    let crawl = AssertUnwindSafe(world.crawl_telling(&cancel, &on_page));
    assert!(crawl.catch_unwind().await.is_err());
    let n_before = world.pages_asked().len();
    let report = world.crawl().await;
    assert_eq!(world.pages_asked().split_off(n_before), ["3"]);
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!((counts.products, counts.gone, counts.pages), (520, 0, 4));
    assert_eq!(singles_asked(&world), 1);
}

#[tokio::test]
async fn so_many_are_asked_for_and_of_more_the_list_is_believed() {
    // With one that is on the list: it has a page, as the others would.
    for (last, n_asked) in [(28, 26), (29, 0)] {
        let world = known(FaultPlan::none()).await;
        world.fake.set_catalogue(without(3..last));
        let report = world.crawl().await;
        assert_eq!(report.counts.gone, last as u64 - 3);
        assert_eq!(singles_asked(&world), n_asked);
    }
}

#[tokio::test]
async fn the_list_is_believed_where_nobody_may_ask() {
    let mut world = known(FaultPlan::none()).await;
    world.options.max_pages = Some(3);
    let report = crawl_while_one_leaves(&world, None).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, singles_asked(&world)), (1, 0));
}

/// No answer is no sign that a product is gone; that the list leaves it out twice is one.
#[tokio::test]
async fn products_whose_pages_do_not_answer_are_kept_for_one_crawl_and_only_one_is_asked_for() {
    let broken = FaultPlan::none().fault(On::under("/products/"), Fault::status(500));
    let world = known(broken).await;
    world.fake.set_catalogue(without(3..13));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, report.counts.products), (0, 520));
    assert_eq!(
        report.notes.routes[0].detail,
        "known products not on the list: 10; kept for one more crawl: 10 that could not be looked up"
    );
    // As often as any request is tried.
    assert_eq!(singles_asked(&world), 3);
    let report = world.crawl().await;
    assert_eq!((report.counts.gone, report.counts.products), (10, 510));
    assert_eq!(singles_asked(&world), 3);
}

/// Where no product has an answer of its own, that one has none says nothing.
#[tokio::test]
async fn a_product_that_moves_is_not_gone_where_the_shop_shows_none_by_itself() {
    let world = known(FaultPlan::none().without(Surface::ProductJson)).await;
    let report = crawl_while_one_leaves(&world, None).await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (520, 0));
    assert_eq!(
        report.notes.routes[0].detail,
        "known products not on the list: 1; kept for one more crawl: 1 that could not be looked up"
    );
    assert_eq!(singles_asked(&world), 1 + 3);
    // Who left is kept for one crawl, as whoever has no answer.
    for left in [(520, 0), (519, 1)] {
        let counts = world.crawl().await.counts;
        assert_eq!((counts.products, counts.gone), left);
    }
}

#[tokio::test]
async fn a_list_of_one_page_misses_nothing() {
    let world = World::new(40, FaultPlan::none()).await;
    world.crawl().await;
    let mut smaller = Catalogue::generate(&NORTH_LOFT, 40, 3);
    smaller.remove(7);
    world.fake.set_catalogue(smaller);
    assert_eq!(world.crawl().await.counts.gone, 1);
    assert_eq!(singles_asked(&world), 0);
}
