//! Crawls of shops that do whatever they like: each comes to an end, keeps what was read, and says what happened.

use std::net::TcpListener;
use std::time::Duration;

use catalog::{CrawlReport, Outcome, ProblemKind, Route, RouteEnd, Start, Stop};
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On, Surface, XmlBomb};

use crate::crawling::{World, fetcher, list_alone, stop};

fn last_route(report: &CrawlReport) -> (Route, Option<RouteEnd>) {
    let last = report.notes.routes.last().unwrap();
    (last.route, last.end)
}

#[tokio::test]
async fn a_page_that_goes_wrong_in_any_way_costs_no_earlier_page() {
    let faults = [
        (Fault::Empty(430), Stop::RateLimited),
        (Fault::retry_after(429, "999999"), Stop::RateLimited),
        (
            Fault::retry_after(430, "99999999999999999999"),
            Stop::RateLimited,
        ),
        (
            Fault::retry_after(429, "Wed, 21 Oct 2015 07:28:00 GMT"),
            Stop::RateLimited,
        ),
        (Fault::Empty(503), Stop::ServerError),
        (Fault::Empty(200), Stop::NotJson),
        (Fault::Html, Stop::NotJson),
        (Fault::Challenge(403), Stop::Challenge),
        (Fault::Challenge(503), Stop::Challenge),
        (Fault::NotShopify, Stop::NotShopify),
        (Fault::status(402), Stop::Suspended),
        (Fault::Truncated, Stop::Damaged),
        (Fault::CutConnection, Stop::Damaged),
        (Fault::RedirectLoop, Stop::Unreachable),
        (Fault::Redirect("/password".into()), Stop::Password),
        (
            Fault::Redirect("http://10.0.0.1/".into()),
            Stop::RefusedAddress,
        ),
        (Fault::EndlessPages, Stop::Endless),
        (Fault::EndlessGzip, Stop::Damaged),
        (
            Fault::GzipBomb {
                inflated_bytes: 1 << 28,
            },
            Stop::Damaged,
        ),
        (Fault::Huge { bytes: 65 << 20 }, Stop::Damaged),
        (Fault::XmlBomb(XmlBomb::Quadratic), Stop::NotJson),
    ];
    for (fault, expected) in faults {
        let name = format!("{fault:?}");
        let world = World::new(520, list_alone().fault(On::page(2), fault)).await;
        let report = world.crawl().await;
        assert_eq!(stop(&report), ("partial", Some(expected)), "{name}");
        assert!(!report.outcome.unwrap().reason().unwrap().detail.is_empty());
        let list = &report.notes.routes[0];
        assert_eq!((list.route, list.products), (Route::List, 250), "{name}");
        assert!(list.end.is_some(), "{name}");
        assert_eq!(world.n_stored().await, 250, "{name}");
        assert!(world.fake.n_requests() <= 16, "{name}");
    }
}

/// The clock stands still while anybody works, and jumps when all wait.
#[tokio::test(start_paused = true)]
async fn a_page_that_never_comes_to_its_end_costs_no_earlier_page() {
    let delay = Duration::from_secs(5);
    for fault in [
        Fault::Hang,
        Fault::SlowHead {
            chunk_size: 1,
            delay,
        },
        Fault::SlowBody {
            chunk_size: 9,
            delay,
        },
    ] {
        let name = format!("{fault:?}");
        let world = World::new(520, list_alone().fault(On::page(2), fault)).await;
        let report = world.crawl().await;
        assert_eq!(
            stop(&report),
            ("partial", Some(Stop::Unreachable)),
            "{name}"
        );
        assert_eq!(world.n_stored().await, 250, "{name}");
    }
}

#[tokio::test]
async fn two_hosts_that_lead_to_each_other_are_no_shop() {
    let one = World::new(10, FaultPlan::none()).await;
    let other = FakeShop::start(Catalogue::generate(&NORTH_LOFT, 10, 3), FaultPlan::none())
        .await
        .unwrap();
    other.set_plan(FaultPlan::none().fault(On::any(), Fault::Moved(one.fake.url())));
    one.fake
        .set_plan(FaultPlan::none().fault(On::any(), Fault::Moved(other.url())));
    let report = one.crawl().await;
    assert!(matches!(
        report.outcome,
        Some(Outcome::Failed(_) | Outcome::Blocked(_))
    ));
    assert!(one.fake.n_requests() + other.n_requests() <= 30);
}

#[tokio::test]
async fn a_robots_txt_of_ten_megabytes_is_read_as_far_as_it_counts() {
    let rules = "User-agent: *\nDisallow: /checkout\n";
    let file = format!("{rules}{}", "# words and words\n".repeat(10_000_000 / 18));
    let mut world = World::new(30, FaultPlan::none().robots(file)).await;
    // The second process of the day reads what the first one stored.
    for _ in 0..2 {
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(world.n_stored().await, 30);
        let told = report.notes.traffic.unwrap().robots_bytes;
        assert!(told > Some(9_000_000), "{told:?}");
        world.fetcher = fetcher();
    }
    let asked = world.fake.requests();
    let n_robots = asked.iter().filter(|it| it.path == "/robots.txt").count();
    assert_eq!(n_robots, 1);
}

#[tokio::test]
async fn entities_of_a_stranger_are_never_looked_up() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url: &'static str = format!("http://{}/dtd", trap.local_addr().unwrap()).leak();
    for bomb in [
        XmlBomb::BillionLaughs,
        XmlBomb::Quadratic,
        XmlBomb::ExternalFile,
        XmlBomb::ExternalUrl(url),
    ] {
        let plan = FaultPlan::none()
            .closed_list(Fault::status(404))
            .without(Surface::Collections)
            .fault(On::path("/sitemap.xml"), Fault::XmlBomb(bomb))
            .fault(On::path("/collections/all.atom"), Fault::XmlBomb(bomb));
        let world = World::new(5, plan).await;
        let report = world.crawl().await;
        assert_eq!(
            stop(&report),
            ("blocked", Some(Stop::ClosedFeed)),
            "{bomb:?}"
        );
        assert_eq!(
            last_route(&report),
            (Route::Sitemap, Some(RouteEnd::Unusable)),
            "{bomb:?}"
        );
        assert_eq!(world.n_stored().await, 0);
    }
    assert!(
        trap.accept().is_err(),
        "somebody came for the document type"
    );
}

#[tokio::test]
async fn another_currency_between_two_crawls_is_told_and_changes_no_number() {
    let yen = Fault::Currency("JPY".into());
    let plan = FaultPlan::none().fault(On::path("/meta.json").from(2), yen);
    let mut world = World::new(20, plan).await;
    world.crawl().await;
    let before = world.rows().await;
    world.options.start = Start::Fresh;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let problems = world.store.problems(&report.key, 100).await.unwrap();
    let told = problems.iter().find(|it| it.kind == ProblemKind::Currency);
    assert!(
        told.is_some_and(|it| it.detail.contains("JPY")),
        "{problems:?}"
    );
    assert_eq!(world.rows().await.len(), before.len());
}
