//! What shops teach of their limits: found out, kept, remembered by the next run, and never asked too early.

use std::time::Duration;

use catalog::{HostRecord, UnixMs};
use crawler::fetch::{Ask, FetchConfig, FetchError, Fetcher, Pace};
use futures_util::future::join_all;
use testkit::{Bucket, FakeShop, Fault, FaultPlan, On, RetryAfter, Throttle, early_requests};
use tokio::time::Instant;
use url::Url;

use crate::fetch::{feed, paths, quick, shop};

const NOW: UnixMs = UnixMs::new(1_800_000_000_000);
const PLATFORM: &str = "platform:shopify";

/// No ceiling of ours, and the patience of an ordinary crawl.
fn fetcher() -> Fetcher {
    Fetcher::new(FetchConfig {
        backoff: FetchConfig::default().backoff,
        ..quick()
    })
    .unwrap()
}

fn after(seconds: i64) -> UnixMs {
    UnixMs::new(NOW.ms() + 1_000 * seconds)
}

fn is_left_alone(error: &FetchError) -> bool {
    matches!(error, FetchError::LeftAlone { .. })
}

/// Does one run over a shop's list in so many requests, with what earlier ones learned, and returns its length, its
/// refusals, and what it learned.
async fn run(
    shop: &FakeShop,
    n_pages: usize,
    known: &[HostRecord],
    now: UnixMs,
) -> (f64, u64, Vec<HostRecord>) {
    let (fetcher, pace, url) = (fetcher(), Pace::default(), feed(shop));
    for record in known {
        fetcher.remember_host(record, now);
    }
    let began = Instant::now();
    for _ in 0..n_pages {
        let response = fetcher.get_at(&url, &pace).await.unwrap();
        assert_eq!(response.status, 200);
    }
    let took = began.elapsed().as_secs_f64();
    (
        took,
        pace.traffic().refusals,
        fetcher.take_hosts(&[url], now),
    )
}

#[tokio::test(start_paused = true)]
async fn a_throttled_list_costs_one_refusal_in_the_first_run_and_none_in_the_second() {
    let throttle = Throttle::new(2.0, 5).retry_after(RetryAfter::Text("1".to_owned()));
    let plan = FaultPlan::none().throttle(throttle);
    for (n_pages, most_refused) in [(21, 1), (100, 2)] {
        let shop = shop(plan.clone()).await;
        let (took, n_refused, learned) = run(&shop, n_pages, &[], NOW).await;
        // Five answers come at once.
        let longest = 1.25 * (n_pages - 5) as f64 / 2.0;
        assert!(
            took <= longest && n_refused <= most_refused,
            "{n_pages}: {took} s, {n_refused}"
        );
        assert!(
            learned[0].gap_ms.is_some_and(|gap_ms| gap_ms >= 500),
            "{learned:?}"
        );
        // The host has rested.
        tokio::time::advance(Duration::from_secs(60)).await;
        let (took, n_refused, learned) = run(&shop, n_pages, &learned, NOW).await;
        assert!(
            took <= longest && n_refused == 0,
            "{n_pages}: {took} s, {n_refused}"
        );
        assert!(
            learned.iter().all(|it| it.gap_ms >= Some(500)),
            "{learned:?}"
        );
        assert_eq!(early_requests(&shop.requests()).len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_host_bears_is_known_as_long_as_it_is_crawled() {
    let throttle = Throttle::new(2.0, 5).retry_after(RetryAfter::Text("1".to_owned()));
    let shop = shop(FaultPlan::none().throttle(throttle)).await;
    let mut known = vec![];
    for day in [0, 6, 13, 20, 27, 34, 41] {
        tokio::time::advance(Duration::from_secs(60)).await;
        let now = after(day * 24 * 3_600);
        let (_, n_refused, learned) = run(&shop, 21, &known, now).await;
        assert_eq!(n_refused, u64::from(day == 0), "day {day}: {known:?}");
        if !learned.is_empty() {
            known = learned;
        }
    }
    // Nobody came for a month.
    tokio::time::advance(Duration::from_secs(60)).await;
    let (_, n_refused, _) = run(&shop, 21, &known, after(72 * 24 * 3_600)).await;
    assert_eq!(n_refused, 1);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_takes_twice_as_long_as_before_is_asked_less_often() {
    let shop = shop(FaultPlan::none().latency(Duration::from_millis(350))).await;
    let (fetcher, pace, url) = (fetcher(), Pace::default(), feed(&shop));
    for _ in 0..20 {
        fetcher.get_at(&url, &pace).await.unwrap();
    }
    assert_eq!(pace.traffic().gap_ms, None);
    shop.set_plan(FaultPlan::none().latency(Duration::from_millis(900)));
    for _ in 0..12 {
        fetcher.get_at(&url, &pace).await.unwrap();
    }
    let gap_ms = pace.traffic().gap_ms;
    assert!(gap_ms >= Some(700), "{gap_ms:?}");
}

#[tokio::test(start_paused = true)]
async fn twenty_shops_that_each_throttle_on_their_own_do_not_close_the_platform() {
    let throttle = Throttle::new(2.0, 5).retry_after(RetryAfter::Text("1".to_owned()));
    let plan = FaultPlan::none().throttle(throttle);
    let shops = join_all((0..20).map(|_| shop(plan.clone()))).await;
    let fetcher = fetcher();
    let runs = shops.iter().map(async |shop| {
        for _ in 0..15 {
            fetcher.get(&feed(shop)).await.unwrap();
        }
    });
    join_all(runs).await;
    for shop in &shops {
        assert_eq!(early_requests(&shop.requests()).len(), 0);
        let n_refused = shop.requests().iter().filter(|it| it.is_refused()).count();
        assert_eq!(n_refused, 1);
    }
    let learned = fetcher.take_hosts(&[], NOW);
    assert_eq!(learned, [], "the platform did nothing");
}

#[tokio::test(start_paused = true)]
async fn a_long_pause_is_kept_by_later_requests_and_by_other_processes() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::retry_after(429, "999999"))).await;
    let (first, url) = (fetcher(), feed(&shop));
    let error = first.get(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::ComeBackLater { .. }), "{error}");
    let error = first.get(&url).await.unwrap_err();
    assert!(is_left_alone(&error), "{error}");
    let learned = first.take_hosts(std::slice::from_ref(&url), NOW);
    let until = learned[0].not_before.unwrap();
    assert!(
        (after(3_598)..=after(3_601)).contains(&until),
        "an hour at most"
    );

    let n_requests = paths(&shop).len();
    let second = fetcher();
    second.remember_host(&learned[0], after(3_000));
    let error = second.get(&url).await.unwrap_err();
    assert!(
        error.to_string().contains("is not asked for another 60"),
        "{error}"
    );
    assert_eq!(paths(&shop).len(), n_requests, "nobody came early");
    let third = fetcher();
    third.remember_host(&learned[0], after(3_602));
    third.get(&url).await.unwrap_err();
    assert!(paths(&shop).len() > n_requests);
}

#[tokio::test(start_paused = true)]
async fn a_short_pause_of_another_process_is_waited_for() {
    let shop = shop(FaultPlan::none()).await;
    let (fetcher, url) = (fetcher(), feed(&shop));
    let record = HostRecord {
        name: url.origin().ascii_serialization(),
        gap_ms: None,
        refused_gap_ms: None,
        not_before: Some(after(45)),
        n_failures: 0,
        at: NOW,
    };
    fetcher.remember_host(&record, NOW);
    let began = Instant::now();
    fetcher.get(&url).await.unwrap();
    assert!(shop.requests()[0].at - began >= Duration::from_secs(45));
}

/// A process that is killed in a pause would have waited for its end.
#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_pause_that_was_waited_for_is_waited_for() {
    let shop = shop(FaultPlan::none()).await;
    let (fetcher, url) = (fetcher(), feed(&shop));
    let record = HostRecord {
        name: url.origin().ascii_serialization(),
        gap_ms: None,
        refused_gap_ms: None,
        not_before: Some(after(600)),
        n_failures: 1,
        at: NOW,
    };
    fetcher.remember_host(&record, after(100));
    let began = Instant::now();
    fetcher.get(&url).await.unwrap();
    assert!(shop.requests()[0].at - began >= Duration::from_secs(500));

    // That of a host which failed again and again was not waited for either.
    let failing = HostRecord {
        n_failures: 11,
        ..record
    };
    let fetcher = crate::limits::fetcher();
    fetcher.remember_host(&failing, after(100));
    let error = fetcher.get(&url).await.unwrap_err();
    let told = "is not asked for another 500 s: it failed too many times in a row; crawl it again after that";
    assert!(error.to_string().ends_with(told), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_posted_waits_for_the_end_of_a_pause_too() {
    let api = "/api/2025-07/graphql.json";
    let busy = Fault::retry_after(429, "30");
    let shop = shop(FaultPlan::none().fault(On::path(api).times(1), busy)).await;
    let fetcher = fetcher();
    let url = feed(&shop).join(api).unwrap();
    let ask = Ask {
        json: Some("{}"),
        ..Ask::get(&url)
    };
    fetcher.ask(ask, &Pace::default()).await.unwrap();
    let posted: Vec<_> = shop.requests().split_off(1);
    assert_eq!(posted.len(), 2);
    assert!(
        posted
            .iter()
            .all(|it| it.method == "POST" && it.body == "{}")
    );
    assert_eq!(early_requests(&shop.requests()).len(), 0);
}

#[tokio::test]
async fn addresses_that_lead_to_one_host_ask_it_one_at_a_time() {
    let slow = Fault::Delay(Duration::from_millis(20));
    let target = shop(FaultPlan::none().fault(On::any(), slow)).await;
    let moved = FaultPlan::none().fault(On::feed(), Fault::Moved(target.url()));
    let shops = join_all((0..4).map(|_| shop(moved.clone()))).await;
    let fetcher = fetcher();
    let answers = join_all(
        shops
            .iter()
            .map(async |shop| fetcher.get(&feed(shop)).await),
    )
    .await;
    assert!(
        answers
            .into_iter()
            .all(|it| it.unwrap().url == feed(&target))
    );
    assert_eq!(paths(&target).len(), 1 + 4);
    assert_eq!(target.most_in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_pauses_of_one_request_are_no_longer_than_one_may_be() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::retry_after(429, "2000"))).await;
    let (fetcher, url) = (fetcher(), feed(&shop));
    let began = Instant::now();
    let error = fetcher.get(&url).await.unwrap_err();
    assert!(
        matches!(error, FetchError::RateLimited { n_tries: 2, .. }),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(3_600));
    assert!(is_left_alone(&fetcher.get(&url).await.unwrap_err()));
    assert_eq!(early_requests(&shop.requests()).len(), 0);
}

/// As where each of ten thousand products of a closed shop is a 404 that asks for ten minutes.
#[tokio::test(start_paused = true)]
async fn all_pauses_behind_answers_that_count_are_no_longer_than_one_may_be() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::retry_after(404, "600"))).await;
    let (fetcher, url, pace) = (fetcher(), feed(&shop), Pace::default());
    let began = Instant::now();
    for _ in 0..7 {
        assert_eq!(fetcher.get_at(&url, &pace).await.unwrap().status, 404);
    }
    assert_eq!(began.elapsed().as_secs(), 3_600);
    assert!(is_left_alone(
        &fetcher.get_at(&url, &pace).await.unwrap_err()
    ));
    assert_eq!(began.elapsed().as_secs(), 3_600);
    let another = Pace::default();
    assert_eq!(fetcher.get_at(&url, &another).await.unwrap().status, 404);
    assert_eq!(early_requests(&shop.requests()).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_aside_that_fails_teaches_no_rate() {
    for status in [429, 430, 502, 503] {
        let shop = shop(FaultPlan::none().fault(On::feed(), Fault::status(status))).await;
        let (fetcher, url, pace) = (fetcher(), feed(&shop), Pace::default());
        let other = url.join("/meta.json").unwrap();
        fetcher.get_at(&other, &pace).await.unwrap();
        let ask = Ask {
            is_aside: true,
            ..Ask::get(&url)
        };
        fetcher.ask(ask, &pace).await.unwrap_err();
        // It may ask for a pause.
        fetcher.get_at(&other, &pace).await.unwrap();
        let began = Instant::now();
        fetcher.get_at(&other, &pace).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(500), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_leaves_nothing_to_remember() {
    let faults = On::feed().times(4);
    let shop = shop(FaultPlan::none().fault(faults, Fault::Status(503, None))).await;
    let (fetcher, url) = (fetcher(), feed(&shop));
    fetcher.get(&url).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(fetcher.take_hosts(&[url], NOW), []);
}

#[tokio::test]
async fn what_is_posted_does_not_follow_a_redirect_to_another_host() {
    let target = shop(FaultPlan::none()).await;
    let moved = Fault::Redirect(feed(&target).to_string());
    let source = shop(FaultPlan::none().fault(On::feed(), moved)).await;
    let url = feed(&source);
    let ask = Ask {
        json: Some("{}"),
        ..Ask::get(&url)
    };
    let error = fetcher().ask(ask, &Pace::default()).await.unwrap_err();
    assert!(matches!(error, FetchError::BadRedirect { .. }), "{error}");
    assert_eq!(paths(&target), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_pause_behind_a_last_try_is_kept_by_the_next_request() {
    let faults = On::feed().times(1);
    let shop = shop(FaultPlan::none().fault(faults, Fault::retry_after(503, "20"))).await;
    let fetcher = Fetcher::new(FetchConfig {
        max_tries: 1,
        ..quick()
    })
    .unwrap();
    fetcher.get(&feed(&shop)).await.unwrap_err();
    fetcher.get(&feed(&shop)).await.unwrap();
    assert_eq!(early_requests(&shop.requests()).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_fails_ten_times_in_a_row_is_left_alone_and_then_tried_once() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::Status(500, None))).await;
    let (fetcher, url) = (fetcher(), feed(&shop));
    for _ in 0..2 {
        let error = fetcher.get(&url).await.unwrap_err();
        assert!(matches!(error, FetchError::ServerError { .. }), "{error}");
    }
    assert!(is_left_alone(&fetcher.get(&url).await.unwrap_err()));
    assert_eq!(paths(&shop).len(), 1 + 10);
    let learned = fetcher.take_hosts(std::slice::from_ref(&url), NOW);
    assert_eq!(learned[0].n_failures, 10);

    tokio::time::advance(Duration::from_secs(61)).await;
    let error = fetcher.get(&url).await.unwrap_err();
    assert!(
        matches!(error, FetchError::ServerError { n_tries: 1, .. }),
        "{error}"
    );
    assert!(is_left_alone(&fetcher.get(&url).await.unwrap_err()));
    shop.set_plan(FaultPlan::none());
    tokio::time::advance(Duration::from_secs(121)).await;
    for _ in 0..2 {
        fetcher.get(&url).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn shops_that_refuse_their_first_request_close_the_platform_for_all_processes() {
    let angry = FaultPlan::none().fault(On::path("/robots.txt"), Fault::retry_after(429, "300"));
    let angry = join_all((0..3).map(|_| shop(angry.clone()))).await;
    let fetcher = fetcher();
    for shop in &angry {
        fetcher.get(&feed(shop)).await.unwrap_err();
    }
    let learned = fetcher.take_hosts(&[], NOW);
    assert_eq!((learned.len(), learned[0].name.as_str()), (1, PLATFORM));

    let calm = shop(FaultPlan::none()).await;
    let began = Instant::now();
    fetcher.get(&feed(&calm)).await.unwrap();
    assert!(
        calm.requests()[0].at - began >= Duration::from_secs(59),
        "the probe waited"
    );
    let opened = fetcher.take_hosts(&[], NOW).remove(0);
    assert_eq!((opened.name.as_str(), opened.not_before), (PLATFORM, None));
    assert!(opened.gap_ms.is_some(), "and it begins slowly");

    let longer = HostRecord {
        not_before: Some(after(600)),
        ..learned[0].clone()
    };
    let other = crate::limits::fetcher();
    other.remember_host(&longer, NOW);
    let calm = shop(FaultPlan::none()).await;
    assert!(is_left_alone(&other.get(&feed(&calm)).await.unwrap_err()));
    assert_eq!(paths(&calm), Vec::<String>::new());
}

#[tokio::test]
async fn a_pace_counts_what_was_asked_and_tells_of_a_delay_that_is_cut() {
    let busy = FaultPlan::none()
        .robots("User-agent: *\nCrawl-delay: 600\n")
        .fault(On::feed().times(1), Fault::Status(429, None));
    let shop = shop(busy).await;
    let fetcher = Fetcher::new(FetchConfig {
        max_crawl_delay: Duration::from_millis(5),
        ..quick()
    })
    .unwrap();
    let pace = Pace::default();
    let response = fetcher.get_at(&feed(&shop), &pace).await.unwrap();
    let traffic = pace.traffic();
    assert_eq!(
        (traffic.requests, traffic.refusals, traffic.retries),
        (3, 1, 1)
    );
    assert!(traffic.bytes > response.wire_bytes && traffic.gap_ms.is_some());
    assert_eq!(traffic.asked_gap_ms, Some(600_000));
    assert_eq!(pace.cut_delay().unwrap().kept, Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn shops_share_the_budget_of_their_platform() {
    let shops = join_all((0..4).map(|_| shop(FaultPlan::none()))).await;
    let fetcher = Fetcher::new(FetchConfig {
        platform_requests_per_second: Some(10.0),
        ..quick()
    })
    .unwrap();
    let urls: Vec<Url> = shops.iter().map(feed).collect();
    join_all(urls.iter().map(|url| fetcher.get(url))).await;
    let mut times: Vec<Instant> = shops
        .iter()
        .flat_map(FakeShop::requests)
        .map(|it| it.at)
        .collect();
    times.sort_unstable();
    assert_eq!(times.len(), 8, "robots.txt and a page of each");
    assert!(times[7] - times[0] >= Duration::from_millis(690));
}

/// A run over several shops at once: what it got of each, when each was through, and what it cost.
struct Fleet {
    n_pages: Vec<usize>,
    ends: Vec<f64>,
    share_refused: f64,
    learned: Vec<HostRecord>,
}

impl Fleet {
    /// Asks each shop for so many pages, with what an earlier run learned, long enough behind that one.
    async fn run(shops: &[FakeShop], n_pages: usize, known: &[HostRecord]) -> Self {
        Self::of(fetcher(), shops, n_pages, known).await
    }

    async fn of(
        fetcher: Fetcher,
        shops: &[FakeShop],
        n_pages: usize,
        known: &[HostRecord],
    ) -> Self {
        tokio::time::advance(Duration::from_secs(600)).await;
        for record in known {
            fetcher.remember_host(record, NOW);
        }
        let skipped: Vec<usize> = shops.iter().map(|it| it.requests().len()).collect();
        let began = Instant::now();
        let runs = shops.iter().map(async |shop| {
            let url = feed(shop);
            let mut n = 0;
            while n < n_pages && fetcher.get(&url).await.is_ok() {
                n += 1;
            }
            (n, began.elapsed().as_secs_f64())
        });
        let (n_pages, ends) = join_all(runs).await.into_iter().unzip();
        let requests = shops
            .iter()
            .zip(skipped)
            .flat_map(|(shop, skipped)| shop.requests().split_off(skipped));
        let requests: Vec<_> = requests.collect();
        let n_refused = requests.iter().filter(|it| it.is_refused()).count();
        for shop in shops {
            assert_eq!(early_requests(&shop.requests()).len(), 0);
        }
        let urls: Vec<Url> = shops.iter().map(feed).collect();
        Self {
            n_pages,
            ends,
            share_refused: n_refused as f64 / requests.len() as f64,
            learned: fetcher.take_hosts(&urls, NOW),
        }
    }

    fn is_whole(&self, n_pages: usize) -> bool {
        self.n_pages.iter().all(|it| *it == n_pages)
    }

    fn platform(&self) -> Option<&HostRecord> {
        self.learned.iter().find(|it| it.name == PLATFORM)
    }
}

fn last(ends: &[f64]) -> f64 {
    ends.iter().copied().fold(0.0, f64::max)
}

/// Four requests a second for all shops together, whoever is asked.
fn shared(retry_after: RetryAfter) -> FaultPlan {
    let bucket = Bucket::new(Throttle::new(4.0, 8).retry_after(retry_after));
    let latency = Duration::from_millis(200);
    FaultPlan::none().shared_throttle(&bucket).latency(latency)
}

#[tokio::test(start_paused = true)]
async fn what_a_platform_bears_is_learned_and_all_its_shops_are_read() {
    for retry_after in [RetryAfter::Honest, RetryAfter::Missing] {
        let plan = shared(retry_after);
        let shops = join_all((0..20).map(|_| shop(plan.clone()))).await;
        // Each shop is asked for robots.txt too, and eight answers come at once.
        let floor = f64::from(20 * 21 - 8) / 4.0;
        let first = Fleet::run(&shops, 20, &[]).await;
        let known = first.platform().and_then(|it| it.gap_ms);
        assert!(first.is_whole(20), "{:?}", first.n_pages);
        assert!(first.share_refused < 0.08, "{}", first.share_refused);
        assert!(last(&first.ends) <= 1.25 * floor, "{:?}", first.ends);
        assert!((240..400).contains(&known.unwrap()), "{known:?}");
        let second = Fleet::run(&shops, 20, &first.learned).await;
        assert!(second.is_whole(20), "{:?}", second.n_pages);
        assert!(second.share_refused < 0.02, "{}", second.share_refused);
        assert!(last(&second.ends) <= 1.5 * floor, "{:?}", second.ends);
    }
}

/// The usual ceilings, of which the platform bears less than half; and a rate that was learned when it bore more.
#[tokio::test(start_paused = true)]
async fn what_a_platform_bears_is_learned_below_the_ceilings_too() {
    let plan = shared(RetryAfter::Missing);
    let shops = join_all((0..20).map(|_| shop(plan.clone()))).await;
    let floor = f64::from(20 * 21 - 8) / 4.0;
    let of_better_days = HostRecord {
        name: PLATFORM.to_owned(),
        gap_ms: Some(20),
        refused_gap_ms: None,
        not_before: None,
        n_failures: 0,
        at: NOW,
    };
    for (known, longest, most_refused) in [(vec![], 1.2, 0.05), (vec![of_better_days], 1.5, 0.1)] {
        let usual = Fetcher::new(FetchConfig {
            allow_private: quick().allow_private,
            ..FetchConfig::default()
        });
        let fleet = Fleet::of(usual.unwrap(), &shops, 20, &known).await;
        assert!(fleet.is_whole(20), "{:?}", fleet.n_pages);
        assert!(
            fleet.share_refused < most_refused,
            "{}",
            fleet.share_refused
        );
        assert!(last(&fleet.ends) <= longest * floor, "{:?}", fleet.ends);
        let learned = fleet.platform().and_then(|it| it.gap_ms);
        assert!(learned >= Some(200), "{learned:?}");
    }
}

/// Three processes that leave by one address, as they find each other in their store.
#[tokio::test(start_paused = true)]
async fn processes_that_share_an_address_ask_together_no_more_than_one_may() {
    let runs = (0..3).map(async |_| {
        let shops = join_all((0..4).map(|_| shop(FaultPlan::none()))).await;
        let fetcher = Fetcher::new(FetchConfig {
            platform_requests_per_second: Some(10.0),
            ..quick()
        });
        let fetcher = fetcher.unwrap();
        let two_others = async { Ok::<_, ()>(2) };
        fetcher.share_budget(two_others).await.unwrap();
        Fleet::of(fetcher, &shops, 9, &[]).await
    });
    let fleets = join_all(runs).await;
    assert!(fleets.iter().all(|it| it.is_whole(9)));
    let took = fleets.iter().map(|it| last(&it.ends)).fold(0.0, f64::max);
    // Each shop is asked for robots.txt too; the first request of each process leaves at once.
    let floor = f64::from(3 * 4 * 10 - 3) / 10.0;
    assert!((floor..1.05 * floor).contains(&took), "{floor}: {took}");
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_bears_less_than_its_platform_does_not_hold_the_others_up() {
    let plan = shared(RetryAfter::Missing);
    let strict = plan.clone().throttle(Throttle::new(0.2, 2));
    let mut shops = vec![shop(strict).await];
    shops.extend(join_all((0..10).map(|_| shop(plan.clone()))).await);
    let floor = f64::from(11 * 21 - 8) / 4.0;
    let mut known = vec![];
    for _ in 0..2 {
        let fleet = Fleet::run(&shops, 20, &known).await;
        assert!(fleet.is_whole(20), "{:?}", fleet.n_pages);
        assert!(
            last(&fleet.ends[1..]) <= 1.4 * floor,
            "{floor}: {:?}",
            fleet.ends
        );
        known = fleet.learned;
    }
}

/// Behind one request too many nobody is let in for a minute, and nothing says so.
#[tokio::test(start_paused = true)]
async fn a_shop_that_has_given_pages_is_waited_for_when_it_is_angry() {
    let angry = Throttle::new(2.0, 5).angry_for(Duration::from_secs(60));
    let shops = [shop(FaultPlan::none().throttle(angry)).await];
    let fleet = Fleet::run(&shops, 40, &[]).await;
    assert!(fleet.is_whole(40), "{:?}", fleet.n_pages);
    let again = Fleet::run(&shops, 40, &fleet.learned).await;
    assert!(again.is_whole(40) && again.share_refused == 0.0);
}

#[tokio::test(start_paused = true)]
async fn limits_of_several_shops_are_not_taken_for_their_platforms() {
    let latency = FaultPlan::none().latency(Duration::from_millis(50));
    let strict = latency.clone().throttle(Throttle::new(0.2, 2));
    let mut shops = join_all((0..3).map(|_| shop(strict.clone()))).await;
    shops.extend(join_all((0..10).map(|_| shop(latency.clone()))).await);
    let mut known = vec![];
    for _ in 0..2 {
        let fleet = Fleet::run(&shops, 20, &known).await;
        assert!(fleet.is_whole(20), "{:?}", fleet.n_pages);
        assert!(last(&fleet.ends[3..]) < 15.0, "{:?}", fleet.ends);
        assert!(last(&fleet.ends) < 120.0, "{:?}", fleet.ends);
        known = fleet.learned;
    }
}
