//! Shops that refuse: without a word, with words that make no sense, and by a limit that is met again and again.

use std::time::Duration;

use crawler::fetch::{FetchConfig, FetchError, Fetcher, Response};
use testkit::{Bucket, FakeShop, Fault, FaultPlan, On, RetryAfter, Throttle, early_requests};
use tokio::time::Instant;

use crate::fetch::{feed, get, paths, quick, shop};

/// The patience of an ordinary crawl, with no rate but the one that is found.
fn patient() -> FetchConfig {
    FetchConfig {
        backoff: FetchConfig::default().backoff,
        ..quick()
    }
}

/// Asks a shop whose list always answers like this, in time that stands still while anybody works.
async fn ask(fault: Fault) -> (FakeShop, Result<Response, FetchError>, Duration) {
    let shop = shop(FaultPlan::none().fault(On::feed(), fault)).await;
    let start = Instant::now();
    let result = get(&shop, patient()).await;
    (shop, result, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_430_without_a_body_is_met_with_long_pauses_and_told() {
    let (shop, result, time) = ask(Fault::Empty(430)).await;
    let error = result.unwrap_err();
    assert!(error.to_string().contains("430"), "{error}");
    assert!(paths(&shop).len() <= 1 + 5, "{:?}", paths(&shop));
    assert!(time >= Duration::from_secs(2), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_eleven_days_is_never_cut_short() {
    for status in [429, 430, 503] {
        let (shop, result, time) = ask(Fault::retry_after(status, "999999")).await;
        let error = result.unwrap_err();
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(early_requests(&shop.requests()).len(), 0);
        assert!(time <= Duration::from_secs(2 * 3600), "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_in_the_past_does_not_make_anybody_hurry() {
    let past = "Wed, 21 Oct 2015 07:28:00 GMT";
    let (shop, result, _) = ask(Fault::retry_after(429, past)).await;
    let error = result.unwrap_err();
    assert!(error.to_string().contains("429"), "{error}");
    assert!(paths(&shop).len() <= 1 + 5, "{:?}", paths(&shop));
}

#[tokio::test(start_paused = true)]
async fn words_that_are_no_time_are_as_good_as_none() {
    for text in [
        "soon",
        "-1",
        "NaN",
        "1e400",
        "0x10",
        "99999999999999999999999",
        "١٢",
        "",
    ] {
        let (shop, result, time) = ask(Fault::retry_after(429, text)).await;
        assert!(result.is_err(), "{text}");
        assert!(paths(&shop).len() <= 1 + 5, "{text}: {:?}", paths(&shop));
        assert!(time <= Duration::from_secs(2 * 3600), "{text}: {time:?}");
    }
}

/// Every request comes through in the end, and none of them before its time.
#[tokio::test(start_paused = true)]
async fn a_limit_that_says_how_long_to_wait_costs_no_answer_and_no_early_request() {
    for status in [429, 430, 503] {
        let throttle = Throttle::new(1.0, 3)
            .status(status)
            .retry_after(RetryAfter::Honest);
        let shop = shop(FaultPlan::none().throttle(throttle)).await;
        let fetcher = Fetcher::new(patient()).unwrap();
        for _ in 0..30 {
            let response = fetcher.get(&feed(&shop)).await.unwrap();
            assert_eq!(response.status, 200);
        }
        assert_eq!(early_requests(&shop.requests()).len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_says_nothing_costs_time_alone() {
    let shop = shop(FaultPlan::none().throttle(Throttle::new(2.0, 4))).await;
    let fetcher = Fetcher::new(patient()).unwrap();
    for _ in 0..40 {
        let response = fetcher.get(&feed(&shop)).await.unwrap();
        assert_eq!(response.status, 200);
    }
    let n_refused = shop.requests().iter().filter(|it| it.is_refused()).count();
    // Each answer may cost one refusal, and no more.
    assert!(n_refused <= 40, "{n_refused}");
}

#[tokio::test(start_paused = true)]
async fn shops_that_share_a_limit_all_come_through() {
    let bucket = Bucket::new(Throttle::new(2.0, 2).retry_after(RetryAfter::Honest));
    let plan = FaultPlan::none().shared_throttle(&bucket);
    let shops = [
        shop(plan.clone()).await,
        shop(plan.clone()).await,
        shop(plan).await,
    ];
    let fetcher = Fetcher::new(patient()).unwrap();
    let crawls = shops.iter().map(async |shop| {
        for _ in 0..8 {
            let response = fetcher.get(&feed(shop)).await.unwrap();
            assert_eq!(response.status, 200);
        }
    });
    futures_util::future::join_all(crawls).await;
    for shop in &shops {
        assert_eq!(early_requests(&shop.requests()).len(), 0);
    }
}
