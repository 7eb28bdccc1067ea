//! Who asks, as shops see it: signatures of each request's own host, and issued headers that never travel.

use std::sync::Arc;

use catalog::UnixMs;
use crawler::fetch::{FetchConfig, Fetcher, Identity, MerchantHeaders, Operator, OperatorKey};
use testkit::{FakeShop, Fault, FaultPlan, On};
use url::Url;

use crate::fetch::{feed, get, quick, shop};

const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
";

const INPUT: &str = r#"sig1=("@authority" "signature-agent");keyid="k";created=1790000000;expires=1792000000;tag="web-bot-auth""#;

fn signing(merchants: Vec<MerchantHeaders>) -> FetchConfig {
    let key = OperatorKey::from_pem(KEY).unwrap();
    let agent = Url::parse("https://operator.example").unwrap();
    let now = Arc::new(|| UnixMs::new(1_791_000_000_000));
    let identity = Identity::new(Operator::new(key, &agent), merchants, now);
    FetchConfig {
        identity: Some(Arc::new(identity)),
        ..quick()
    }
}

fn issued_by(shop: &FakeShop) -> MerchantHeaders {
    let agent = "\"https://shopify.com\"";
    let signature = "sig1=:c2VjcmV0:";
    MerchantHeaders::new(&shop.addr().to_string(), agent, INPUT, signature, None).unwrap()
}

/// Returns a header of each request, in order; empty where it is missing.
fn seen(shop: &FakeShop, name: &str) -> Vec<String> {
    let requests = shop.requests();
    let values = requests
        .iter()
        .map(|it| it.header(name).unwrap_or_default());
    values.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_request_is_signed_once_and_none_without_a_key() {
    let unsigned = shop(FaultPlan::none()).await;
    get(&unsigned, quick()).await.unwrap();
    assert_eq!(seen(&unsigned, "signature"), ["", ""]);

    let busy = Fault::Status(503, None);
    let signed = shop(FaultPlan::none().fault(On::feed().nth(1), busy)).await;
    get(&signed, signing(vec![])).await.unwrap();
    assert_eq!(
        seen(&signed, "signature-agent"),
        ["\"https://operator.example\""; 3],
        "robots.txt, a try, and another one"
    );
    let mut signatures = seen(&signed, "signature");
    signatures.dedup();
    assert_eq!(signatures.len(), 3, "each its own");
    for request in signed.requests() {
        let signatures = request.headers.iter().filter(|it| it.0 == "signature");
        assert_eq!(signatures.count(), 1);
    }
}

#[tokio::test]
async fn issued_headers_go_to_their_shop_and_not_where_it_redirects() {
    let target = shop(FaultPlan::none()).await;
    let moved = Fault::Redirect(feed(&target).into());
    let source = shop(FaultPlan::none().fault(On::feed(), moved)).await;
    let config = signing(vec![issued_by(&source)]);
    Fetcher::new(config)
        .unwrap()
        .get(&feed(&source))
        .await
        .unwrap();
    assert_eq!(seen(&source, "signature"), ["sig1=:c2VjcmV0:"; 2]);
    assert_eq!(seen(&source, "signature-input"), [INPUT; 2]);
    assert_eq!(
        seen(&source, "signature-agent"),
        ["\"https://shopify.com\""; 2]
    );
    assert_eq!(
        seen(&target, "signature-agent"),
        ["\"https://operator.example\""; 2]
    );
    assert!(
        seen(&target, "signature")
            .iter()
            .all(|it| !it.contains("c2VjcmV0"))
    );
    // Behind a redirect it is the same shop, and is asked as such.
    let back =
        shop(FaultPlan::none().fault(On::feed(), Fault::Redirect(feed(&target).into()))).await;
    get(&back, signing(vec![issued_by(&target)])).await.unwrap();
    assert_eq!(seen(&target, "signature")[2..], ["sig1=:c2VjcmV0:"; 2]);
    assert!(
        seen(&back, "signature")
            .iter()
            .all(|it| !it.contains("c2VjcmV0"))
    );
}
