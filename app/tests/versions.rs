//! Shops whose answers say which version they are of: what is as it was is not sent again.

use catalog::{CrawlReport, Outcome, RouteEnd, Start, Stop, UnixMs};
use testkit::{Catalogue, Fault, FaultPlan, NORTH_LOFT, On};
use tokio_util::sync::CancellationToken;

use crate::crawling::{World, stop};

/// The pages asked for since `n_before` requests, each with whether it was asked for by its version.
fn asked_since(world: &World, n_before: usize) -> Vec<(String, bool)> {
    let requests = world.fake.requests().split_off(n_before);
    let asked = requests.into_iter().filter_map(|it| {
        let page = it.path.strip_prefix("/products.json?limit=250&page=")?;
        Some((page.to_owned(), !it.if_none_match.is_empty()))
    });
    asked.collect()
}

fn asked(pages: &[(&str, bool)]) -> Vec<(String, bool)> {
    let pages = pages.iter();
    pages.map(|(page, by)| ((*page).to_owned(), *by)).collect()
}

fn catalogue(n_products: usize) -> Catalogue {
    Catalogue::generate(&NORTH_LOFT, n_products, 3)
}

#[tokio::test]
async fn a_shop_that_is_as_it_was_is_not_sent_again() {
    let world = World::new(520, FaultPlan::none().validators()).await;
    let first = world.crawl().await;
    for _ in 0..2 {
        let n_before = world.fake.requests().len();
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        let pages = [("1", true), ("2", true), ("3", true)];
        assert_eq!(asked_since(&world, n_before), asked(&pages));
        let counts = report.counts;
        assert_eq!((counts.pages, counts.products, counts.gone), (3, 520, 0));
        assert_eq!((counts.new, counts.changed, counts.back), (0, 0, 0));
        assert!(counts.bytes * 20 < first.counts.bytes, "{counts:?}");
        let list = &report.notes.routes[0];
        assert_eq!((list.products, list.end), (520, Some(RouteEnd::ShortPage)));
    }
}

/// Without an `ETag`, by the date of the last change.
#[tokio::test]
async fn a_shop_that_dates_its_answers_is_not_sent_again() {
    let world = World::new(520, FaultPlan::none().dated()).await;
    let first = world.crawl().await;
    let n_before = world.fake.requests().len();
    let again = world.crawl().await;
    let asked = world.fake.requests().split_off(n_before);
    let asked = asked.iter().filter(|it| it.path.contains("/products.json"));
    let by_date = asked.map(|it| it.headers.contains_key("if-modified-since"));
    assert_eq!(by_date.collect::<Vec<_>>(), [true, true, true]);
    assert_eq!(again.outcome, Some(Outcome::Complete));
    let counts = again.counts;
    assert_eq!((counts.products, counts.changed, counts.gone), (520, 0, 0));
    assert!(counts.bytes * 20 < first.counts.bytes, "{counts:?}");
    let mut changed = catalogue(520);
    changed.edit(300, |it| it["title"] = "Other".into());
    world.fake.set_catalogue(changed);
    assert_eq!(world.crawl().await.counts.changed, 1);
}

#[tokio::test]
async fn a_page_that_changed_is_read_between_others_that_did_not() {
    let world = World::new(520, FaultPlan::none().validators()).await;
    world.crawl().await;
    let mut changed = catalogue(520);
    changed.edit(300, |it| it["title"] = "Other".into());
    changed.remove(519);
    world.fake.set_catalogue(changed);
    let n_before = world.fake.requests().len();
    let report = world.crawl().await;
    let pages = [("1", true), ("2", true), ("3", true)];
    assert_eq!(asked_since(&world, n_before), asked(&pages));
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let counts = report.counts;
    assert_eq!((counts.products, counts.changed, counts.gone), (519, 1, 1));
    assert_eq!(world.n_stored().await, 519);
}

#[tokio::test]
async fn what_is_new_behind_full_pages_that_are_as_they_were_is_found() {
    let world = World::new(500, FaultPlan::none().validators()).await;
    world.crawl().await;
    world.fake.set_catalogue(catalogue(760));
    let n_before = world.fake.requests().len();
    let report = world.crawl().await;
    let pages = [("1", true), ("2", true), ("3", true), ("4", false)];
    assert_eq!(asked_since(&world, n_before), asked(&pages));
    let counts = report.counts;
    assert_eq!((counts.products, counts.new, counts.gone), (760, 260, 0));
    assert_eq!(report.outcome, Some(Outcome::Complete));
}

#[tokio::test]
async fn a_fresh_crawl_asks_for_everything() {
    let mut world = World::new(260, FaultPlan::none().validators()).await;
    world.crawl().await;
    world.options.start = Start::Fresh;
    let n_before = world.fake.requests().len();
    let report = world.crawl().await;
    let pages = [("1", false), ("2", false)];
    assert_eq!(asked_since(&world, n_before), asked(&pages));
    assert_eq!(report.counts.products, 260);
}

#[tokio::test]
async fn a_crawl_that_was_cut_off_goes_on_by_version() {
    let world = World::new(760, FaultPlan::none().validators()).await;
    world.crawl().await;
    let mut changed = catalogue(760);
    changed.edit(0, |it| it["title"] = "Other".into());
    world.fake.set_catalogue(changed);
    let cancel = CancellationToken::new();
    let report = world.try_crawl(&cancel, Some(2)).await.unwrap();
    assert_eq!(stop(&report), ("partial", Some(Stop::Interrupted)));
    let n_before = world.fake.requests().len();
    let report = world.crawl().await;
    let pages = [("3", true), ("4", true)];
    // What was under way at the end was stored.
    let found = asked_since(&world, n_before);
    let is_stored = found == asked(&pages[1..]);
    assert!(is_stored || found == asked(&pages), "{found:?}");
    let counts = report.counts;
    assert_eq!((counts.pages, counts.products), (4, 760));
    assert_eq!((counts.changed, counts.gone), (1, 0));
    assert_eq!(report.outcome, Some(Outcome::Complete));
}

#[tokio::test]
async fn a_shop_that_changed_its_currency_is_read_anew() {
    let world = World::new(260, FaultPlan::none().validators()).await;
    world.crawl().await;
    let dollars = catalogue(260).with_currency(Some("USD"));
    world.fake.set_catalogue(dollars);
    let n_before = world.fake.requests().len();
    let report = world.crawl().await;
    let pages = [("1", false), ("2", false)];
    assert_eq!(asked_since(&world, n_before), asked(&pages));
    assert_eq!(report.counts.changed, 260);
}

#[tokio::test]
async fn an_answer_about_a_version_that_nobody_asked_for_is_damaged() {
    let plan = FaultPlan::none().fault(On::feed(), Fault::status(304));
    let world = World::new(260, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("failed", Some(Stop::Damaged)));
    let detail = &report.outcome.as_ref().unwrap().reason().unwrap().detail;
    assert!(detail.contains("answered 304"), "{detail}");
    assert_eq!(world.pages_asked(), ["1", "1"]);
}

/// Nothing else would ever tell that a shop is wrong about itself.
#[tokio::test]
async fn that_a_page_is_as_it_was_is_believed_for_four_weeks() {
    let mut world = World::new(260, FaultPlan::none().validators()).await;
    const DAY_MS: i64 = 24 * 3_600_000;
    let mut ask = async |days_ago: i64| {
        world.options.started_at = UnixMs::new(1_000 - days_ago * DAY_MS);
        let n_before = world.fake.requests().len();
        let report = world.crawl().await;
        assert_eq!(report.counts.products, 260);
        asked_since(&world, n_before)
    };
    let (read, believed) = ([("1", false), ("2", false)], [("1", true), ("2", true)]);
    assert_eq!(ask(36).await, asked(&read));
    assert_eq!(ask(8).await, asked(&read));
    assert_eq!(ask(3).await, asked(&believed));
    assert_eq!(ask(0).await, asked(&believed));
}

/// What a pass that goes on read before is known to nobody: its first pages may have been as they were.
#[tokio::test]
async fn a_pass_that_went_on_is_none_that_read_every_page_where_it_may_have_asked_by_version() {
    let mut world = World::new(1_020, FaultPlan::none().validators()).await;
    let ended_behind = async |world: &World, cut: CrawlReport| {
        assert_eq!(cut.notes.read_whole_at, None);
        let ended = world.crawl().await;
        assert_eq!(ended.key, cut.key);
        assert_eq!(ended.outcome, Some(Outcome::Complete));
        ended.notes.read_whole_at
    };
    let cut = world.crawl_until(&CancellationToken::new(), Some(1)).await;
    let first = Some(world.options.started_at);
    assert_eq!(ended_behind(&world, cut).await, first);

    let n_before = world.fake.requests().len();
    world.options.started_at = UnixMs::new(1_001);
    let cut = world.crawl_until(&CancellationToken::new(), Some(1)).await;
    let asked = asked_since(&world, n_before);
    assert!(asked.iter().all(|(_, is_by_version)| *is_by_version));
    // The shop no longer knows a version, and the rest is read.
    world.fake.set_plan(FaultPlan::none());
    assert_eq!(ended_behind(&world, cut).await, first);
}
