//! Shops that change their currency between two crawls, or in the middle of one: nothing is lost, it is told, and no price is
//! compared with one of the other currency.

use catalog::{ChangeKind, CrawlReport, Outcome, ProblemKind, Stop, UnixMs, changes_of};
use testkit::{Catalogue, Fault, FaultPlan, NORTH_LOFT, Surface};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, stop};
use crate::large::small;

fn loft(n_products: usize, code: &str) -> Catalogue {
    Catalogue::generate(&NORTH_LOFT, n_products, 3).with_currency(Some(code))
}

async fn assert_told(world: &World, report: &CrawlReport) {
    let problems = world.store.problems(&report.key, 1_000).await.unwrap();
    let told = problems.iter().find(|it| it.kind == ProblemKind::Currency);
    assert_eq!(
        told.map(|it| it.detail.as_str()),
        Some("the shop's currency was EUR and is now USD")
    );
}

/// Every price that is stored is in dollars, and no history says that one rose or fell.
async fn assert_in_dollars(world: &World, n_products: usize) {
    let rows = world.rows().await;
    assert_eq!(rows.len(), n_products);
    for row in rows.iter().rev().take(600) {
        let product = world.store.product(&row.id).await.unwrap().unwrap();
        let prices = product
            .variants
            .iter()
            .flat_map(|it| [it.price, it.compare_at]);
        let is_dollar = |price: catalog::Money| price.currency().code() == "USD";
        assert!(prices.flatten().all(is_dollar), "{product:?}");
        let history = world.store.observations(&row.id, 100).await.unwrap();
        let kinds: Vec<ChangeKind> = history
            .iter()
            .flat_map(changes_of)
            .map(|it| it.kind)
            .collect();
        let is_compared = |it: &ChangeKind| matches!(it, ChangeKind::Cheaper | ChangeKind::Dearer);
        assert!(!kinds.iter().any(is_compared), "{kinds:?}");
    }
}

#[tokio::test]
async fn behind_the_wall_nothing_is_taken_as_it_was_in_another_currency() {
    let catalogue = |code| {
        small(25_060)
            .with_collections(vec![])
            .with_currency(Some(code))
    };
    let mut world = World::with(catalogue("EUR"), FaultPlan::none()).await;
    // Behind the last change of all products: they need not be read again.
    world.options.started_at = UnixMs::parse("2026-01-01T00:00:00Z").unwrap();
    world.crawl().await;
    let n_singles = || {
        let requests = world.fake.requests();
        let singles = requests
            .iter()
            .filter(|it| it.path.starts_with("/products/p-"));
        singles.count()
    };
    assert_eq!(n_singles(), 60);
    world.fake.set_catalogue(catalogue("USD"));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!((counts.products, counts.changed), (25_060, 25_060));
    assert_eq!((counts.new, counts.gone), (0, 0));
    assert_eq!(n_singles(), 120);
    assert_told(&world, &report).await;
    assert_in_dollars(&world, 25_060).await;
}

#[tokio::test]
async fn a_pass_that_was_cut_off_before_the_currency_changed_begins_anew() {
    for plan in [FaultPlan::none(), FaultPlan::none().validators()] {
        let world = World::with(loft(520, "EUR"), plan).await;
        let cut = world.crawl_until(&CancellationToken::new(), Some(1)).await;
        assert_eq!(stop(&cut), ("partial", Some(Stop::Interrupted)));
        let n_read = cut.counts.products;
        world.fake.set_catalogue(loft(520, "USD"));
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!((report.key.n, report.counts.products), (2, 520));
        let counts = report.counts;
        assert_eq!((counts.changed, counts.new), (n_read, 520 - n_read));
        assert_told(&world, &report).await;
        assert_in_dollars(&world, 520).await;
    }
}

#[tokio::test]
async fn a_feed_in_another_currency_leaves_no_old_price_beside_new_ones() {
    let world = World::with(loft(40, "EUR"), FaultPlan::none()).await;
    world.crawl().await;
    world.fake.set_catalogue(loft(40, "USD"));
    let plan = FaultPlan::none()
        .closed_list(Fault::status(404))
        .without(Surface::Collections)
        .without(Surface::Sitemap);
    world.fake.set_plan(plan);
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::ClosedFeed)));
    assert_eq!((report.counts.changed, report.counts.gone), (40, 0));
    assert_told(&world, &report).await;
    assert_in_dollars(&world, 40).await;
}
