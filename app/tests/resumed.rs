//! Passes that go on where an earlier call stopped, over a shop that has changed meanwhile.

use catalog::{Outcome, RobotsRecord, Stop, UnixMs};
use crawler::fetch::FetchConfig;
use testkit::{Collection, Fault, FaultPlan, On, Surface};
use url::Url;

use crate::crawling::{World, fetcher_with, list_alone, stop};
use crate::routes::{closed, cut_behind, n_asked, small, small_of};

/// It moves what was read onto pages that are still to come.
#[tokio::test]
async fn what_was_put_on_top_before_a_pass_goes_on_is_not_its_end() {
    let world = World::with(small(1_000), FaultPlan::none()).await;
    cut_behind(&world, 2).await;
    world
        .fake
        .set_catalogue(small_of((1_001..=1_600).chain(1..=1_000)));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.key.n, 1, "the same pass");
    assert!(report.counts.products >= 1_000, "{:?}", report.counts);
}

#[tokio::test]
async fn a_pass_goes_on_where_it_was_behind_a_robots_txt_that_could_not_be_read() {
    let mut world = World::with(small(1_000), list_alone()).await;
    cut_behind(&world, 2).await;
    let origin = Url::parse(&world.fake.url()).unwrap().origin();
    let origin = origin.ascii_serialization();
    let robots = world.store.robots(&origin, UnixMs::new(0)).await.unwrap();
    let two_days_ago = UnixMs::new(-2 * 24 * 3_600_000);
    let old = RobotsRecord {
        fetched_at: two_days_ago,
        ..robots.unwrap()
    };
    world.store.save_robots(&old).await.unwrap();
    world.fetcher = fetcher_with(FetchConfig::default());
    let failing = list_alone().fault(On::path("/robots.txt"), Fault::status(503));
    world.fake.set_plan(failing);
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::ServerError)));
    world.fake.set_plan(list_alone());
    world.fetcher = fetcher_with(FetchConfig::default());
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.key.n, report.counts.products), (1, 1_000));
}

/// Those behind them took their places, on pages that were read before.
#[tokio::test]
async fn what_left_a_list_before_a_pass_goes_on_makes_nothing_gone_that_is_there() {
    let world = World::with(small(1_500), list_alone()).await;
    world.crawl().await;
    cut_behind(&world, 2).await;
    world.fake.set_catalogue(small_of(41..=1_500));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Damaged)));
    assert_eq!((report.key.n, report.counts.gone), (2, 0));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!((counts.products, counts.gone, counts.new), (1_460, 40, 0));
}

/// Nobody asks for those few where a pass may read no more.
#[tokio::test]
async fn a_pass_that_goes_on_to_the_last_page_it_may_read_makes_nothing_gone() {
    let mut world = World::with(small(1_500), list_alone()).await;
    world.crawl().await;
    let cut = cut_behind(&world, 2).await;
    world.fake.set_catalogue(small_of(11..=1_500));
    world.options.max_pages = Some(7 - cut.checkpoint.unwrap().next_page);
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Damaged)));
    assert_eq!((report.key.n, report.counts.gone), (2, 0));
    world.options.max_pages = None;
    let report = world.crawl().await;
    let counts = report.counts;
    assert_eq!((counts.products, counts.gone, counts.new), (1_490, 10, 0));
}

/// Collections are read by size, and that may be another one when the pass goes on.
#[tokio::test]
async fn a_pass_that_goes_on_leaves_out_no_collection_that_comes_earlier_now() {
    let sized = |more: [usize; 6]| {
        let collections = more.iter().enumerate().map(|(n, more)| {
            let own = n * 10..n * 10 + 10;
            let others = (0..*more).map(|it| (n * 10 + 10 + it) % 60);
            Collection::new(&format!("c{n}"), own.chain(others))
        });
        small(60).with_collections(collections.collect())
    };
    let plan = closed(404).without(Surface::Sitemap).without(Surface::Atom);
    let world = World::with(sized([5, 4, 3, 2, 1, 0]), plan).await;
    cut_behind(&world, 3).await;
    world.fake.set_catalogue(sized([0, 1, 2, 3, 4, 5]));
    assert_eq!(world.crawl().await.key.n, 1, "the same pass");
    assert_eq!(world.n_stored().await, 60);
}

/// Pages that are read once more bring nothing, however many they are: they say nothing of those behind them.
#[tokio::test]
async fn a_pass_that_goes_on_reads_more_pages_again_than_may_bring_nothing() {
    let beginning_with = |first: usize| {
        let more = |n| (n == first).then_some(0);
        let collections =
            (0..320).map(|n| Collection::new(&format!("c{n:03}"), more(n).into_iter().chain([n])));
        small(320).with_collections(collections.collect())
    };
    let plan = closed(404).without(Surface::Sitemap).without(Surface::Atom);
    let world = World::with(beginning_with(1), plan).await;
    cut_behind(&world, 310).await;
    world.fake.set_catalogue(beginning_with(2));
    assert_eq!(world.crawl().await.key.n, 1, "the same pass");
    assert_eq!(world.n_stored().await, 320);
}

#[tokio::test]
async fn a_pass_that_goes_on_ends_a_collection_as_soon_as_nothing_is_missing() {
    let missing_first_and = |n_others: usize| {
        small(26_000).with_collections(vec![
            Collection::new("known", 0..n_others),
            Collection::new("missing", (24_000..26_000).chain(0..5_000)),
        ])
    };
    let world = World::with(missing_first_and(8_000), FaultPlan::none()).await;
    cut_behind(&world, 105).await;
    assert_eq!(n_asked(&world, "/collections/missing/"), 0);
    world.fake.set_catalogue(missing_first_and(1_000));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.products, 26_000);
    assert_eq!(n_asked(&world, "/collections/missing/"), 8);
}
