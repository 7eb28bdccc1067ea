//! Limits of requests, and what shows on the shop's side.

use std::time::Duration;

use serde_json::json;
use testkit::{
    Bucket, Catalogue, FakeShop, FaultPlan, NORTH_LOFT, RetryAfter, Throttle, early_requests,
};

use crate::client::{faulty_shop, get, get_with, post};

#[tokio::test]
async fn a_shop_refuses_what_is_above_its_limit_and_says_for_how_long() {
    let throttle = Throttle::new(0.001, 2).retry_after(RetryAfter::Honest);
    let shop = faulty_shop(1, FaultPlan::none().throttle(throttle)).await;
    let mut statuses = vec![];
    for _ in 0..3 {
        statuses.push(get(&shop, "/meta.json").await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let refused = get(&shop, "/").await;
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((990..=1000).contains(&seconds), "{seconds}");
    // Another catalogue does not fill the bucket; another plan has another one.
    shop.set_catalogue(Catalogue::generate(&NORTH_LOFT, 2, 2));
    assert_eq!(get(&shop, "/").await.status, 429);
    shop.set_plan(FaultPlan::none());
    assert_eq!(get(&shop, "/").await.status, 200);
}

#[tokio::test]
async fn shops_of_one_platform_share_a_limit() {
    let bucket = Bucket::new(Throttle::new(0.001, 2).status(430));
    let plan = FaultPlan::none().shared_throttle(&bucket);
    let catalogue = Catalogue::generate(&NORTH_LOFT, 1, 1);
    let one = FakeShop::start(catalogue.clone(), plan.clone()).await;
    let other = FakeShop::start(catalogue, plan).await;
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(get(&one, "/").await.status, 200);
    assert_eq!(get(&other, "/").await.status, 200);
    let refused = get(&one, "/").await;
    assert_eq!((refused.status, refused.header("retry-after")), (430, None));
}

#[tokio::test]
async fn requests_before_the_end_of_a_retry_after_are_told() {
    let throttle = Throttle::new(0.001, 1).retry_after(RetryAfter::Text("30".into()));
    let shop = faulty_shop(1, FaultPlan::none().throttle(throttle)).await;
    get(&shop, "/").await;
    get(&shop, "/meta.json").await;
    assert_eq!(early_requests(&shop.requests()).len(), 0);
    get(&shop, "/products.json").await;
    let requests = shop.requests();
    let early = early_requests(&requests);
    assert_eq!(early.len(), 1);
    assert_eq!(
        (early[0].path.as_str(), early[0].status),
        ("/products.json", 429)
    );
    assert_eq!(requests[1].retry_after, Some(Duration::from_secs(30)));
    let n_refused = requests.iter().filter(|it| it.is_refused()).count();
    assert_eq!((n_refused, shop.n_requests()), (2, 3));
}

#[tokio::test]
async fn a_request_is_kept_with_its_answer_its_headers_and_its_body() {
    let shop = faulty_shop(1, FaultPlan::none()).await;
    let headers = "Signature-Agent: \"https://crawler.example\"\r\nSignature: sig1=:AA==:\r\n";
    get_with(shop.addr(), "/nowhere", headers).await;
    post(
        &shop,
        "/api/2026-01/graphql.json",
        &json!({"query": "{ shop { name } }"}),
    )
    .await;
    let requests = shop.requests();
    assert_eq!(requests[0].status, 404);
    assert_eq!(requests[0].header("signature"), Some("sig1=:AA==:"));
    assert_eq!(
        requests[0].header("signature-agent"),
        Some("\"https://crawler.example\"")
    );
    assert!(
        requests[0]
            .answered_at
            .is_some_and(|at| at >= requests[0].at)
    );
    assert_eq!(requests[1].method, "POST");
    assert_eq!(requests[1].body, r#"{"query":"{ shop { name } }"}"#);
}
