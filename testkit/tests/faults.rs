//! Every fault, seen from the other end.

use std::time::Duration;

use testkit::{Fault, FaultPlan, On, XmlBomb};
use tokio::io::AsyncReadExt;

use crate::client::{Answer, faulty_shop, get, get_at, get_with, inflated, send};

/// The answer to `/products.json` of a shop of 10 products where every request meets `fault`.
async fn first_answer(fault: Fault) -> Answer {
    let shop = faulty_shop(10, FaultPlan::none().fault(On::feed(), fault)).await;
    get(&shop, "/products.json?page=1").await
}

#[tokio::test]
async fn a_fault_meets_the_requests_that_it_is_meant_for() {
    let plan = FaultPlan::none()
        .fault(On::feed().nth(2), Fault::retry_after(429, "1"))
        .fault(On::page(3).times(1), Fault::status(503))
        .fault(On::path("/meta.json").from(2), Fault::status(404));
    let shop = faulty_shop(10, plan).await;
    let mut statuses = vec![];
    for path in [
        "/products.json",
        "/products.json?page=2",
        "/products.json?page=3",
        "/products.json?page=3",
        "/meta.json",
        "/meta.json",
        "/",
    ] {
        statuses.push(get(&shop, path).await.status);
    }
    assert_eq!(statuses, [200, 429, 503, 200, 200, 404, 200]);

    shop.set_plan(FaultPlan::none().fault(On::any().nth(1), Fault::status(430)));
    assert_eq!(get(&shop, "/").await.status, 430);
    assert_eq!(get(&shop, "/meta.json").await.status, 200);
}

#[tokio::test]
async fn of_two_faults_that_are_due_the_first_wins_and_both_count() {
    let plan = FaultPlan::none()
        .fault(On::feed().times(1), Fault::status(500))
        .fault(On::feed().times(2), Fault::status(502));
    let shop = faulty_shop(1, plan).await;
    for expected in [500, 502, 200] {
        assert_eq!(get(&shop, "/products.json").await.status, expected);
    }
}

#[tokio::test]
async fn a_status_carries_its_retry_after() {
    let answer = first_answer(Fault::retry_after(429, "Wed, 21 Oct 2026 07:28:00 GMT")).await;
    assert_eq!(answer.status, 429);
    assert_eq!(
        answer.header("retry-after"),
        Some("Wed, 21 Oct 2026 07:28:00 GMT")
    );
    assert_eq!(
        first_answer(Fault::status(423)).await.header("retry-after"),
        None
    );
}

#[tokio::test]
async fn answers_that_are_no_catalogue_look_like_it() {
    let html = first_answer(Fault::Html).await;
    assert_eq!(
        (html.status, html.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let challenge = first_answer(Fault::Challenge(403)).await;
    assert_eq!(
        (challenge.status, challenge.header("cf-mitigated")),
        (403, Some("challenge"))
    );
    let other = first_answer(Fault::NotShopify).await;
    assert_eq!((other.status, other.json().get("products")), (200, None));
    let custom = first_answer(Fault::Custom(418, "text/csv", b"a,b".to_vec())).await;
    assert_eq!(
        (custom.status, custom.header("content-type")),
        (418, Some("text/csv"))
    );
    assert_eq!(custom.body, b"a,b");
}

#[tokio::test]
async fn redirects_lead_where_the_plan_says_or_in_a_circle() {
    let answer = first_answer(Fault::Redirect("http://169.254.169.254/password".into())).await;
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.header("location"),
        Some("http://169.254.169.254/password")
    );
    let circle = first_answer(Fault::RedirectLoop).await;
    assert_eq!(circle.header("location"), Some("/products.json?page=1"));
}

#[tokio::test]
async fn a_truncated_answer_is_whole_http_around_half_a_document() {
    let answer = first_answer(Fault::Truncated).await;
    assert_eq!(
        answer.header("content-length"),
        Some(answer.body.len().to_string().as_str())
    );
    assert!(answer.body.starts_with(br#"{"products":[{"#));
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
}

#[tokio::test]
async fn a_cut_connection_delivers_half_of_what_it_announced() {
    let answer = first_answer(Fault::CutConnection).await;
    let announced: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.body.len(), announced / 2);
}

#[tokio::test]
async fn a_byte_order_mark_comes_before_the_document() {
    let answer = first_answer(Fault::Bom).await;
    let document = answer.body.strip_prefix(b"\xEF\xBB\xBF").unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(document).is_ok());
}

#[tokio::test]
async fn gzip_without_its_header_is_gzip_all_the_same() {
    let answer = first_answer(Fault::GzipWithoutHeader).await;
    assert_eq!(answer.header("content-encoding"), None);
    assert!(inflated(&answer.body).starts_with(br#"{"products":["#));
}

#[tokio::test]
async fn wrong_types_stand_among_good_products() {
    let json = first_answer(Fault::WrongTypes).await.json();
    let products = json["products"].as_array().unwrap();
    assert_eq!(products.len(), 10);
    let n_good = products
        .iter()
        .filter(|it| it["id"].is_u64() && it["variants"].is_array());
    assert_eq!(n_good.count(), 7);
}

#[tokio::test]
async fn endless_pages_repeat_the_first_at_any_number() {
    let plan = FaultPlan::none().fault(On::feed(), Fault::EndlessPages);
    let shop = faulty_shop(10, plan).await;
    let first = get(&shop, "/products.json?limit=4").await.ids();
    assert_eq!(
        get(&shop, "/products.json?limit=4&page=77").await.ids(),
        first
    );
}

#[tokio::test]
async fn a_gzip_bomb_is_valid_gzip_and_small_on_the_wire() {
    let inflated_bytes = (5 << 20) + 12_345;
    let answer = first_answer(Fault::GzipBomb { inflated_bytes }).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() < 20_000);
    let zeros = inflated(&answer.body);
    assert_eq!(zeros.len() as u64, inflated_bytes);
    assert!(zeros.iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn a_huge_body_has_exactly_the_size_asked_for() {
    let answer = first_answer(Fault::Huge { bytes: 1_000_003 }).await;
    assert_eq!(answer.header("content-length"), Some("1000003"));
    assert_eq!(answer.body.len(), 1_000_003);
    assert!(answer.ids().is_empty());
}

#[tokio::test]
async fn a_slow_body_arrives_whole_after_its_pauses() {
    let fault = Fault::SlowBody {
        chunk_size: 8,
        delay: Duration::from_millis(5),
    };
    let shop = faulty_shop(0, FaultPlan::none().fault(On::feed(), fault)).await;
    let start = tokio::time::Instant::now();
    let answer = get_with(shop.addr(), "/products.json", "").await;
    assert_eq!(answer.text(), r#"{"products":[]}"#);
    assert!(start.elapsed() >= Duration::from_millis(10));
}

#[tokio::test]
async fn a_delayed_answer_is_the_healthy_one_later() {
    let delay = Duration::from_millis(20);
    let plan = FaultPlan::none().fault(On::path("/robots.txt"), Fault::Delay(delay));
    let shop = faulty_shop(0, plan).await;
    let start = tokio::time::Instant::now();
    let answer = get(&shop, "/robots.txt").await;
    assert!(answer.text().contains("User-agent: *"));
    assert!(start.elapsed() >= delay);
}

#[tokio::test]
async fn a_hanging_shop_holds_one_request_and_answers_the_others() {
    let shop = faulty_shop(1, FaultPlan::none().fault(On::feed().nth(1), Fault::Hang)).await;
    let mut hanging = send(shop.addr(), "/products.json", "").await;
    shop.wait_for_requests(1).await;
    assert_eq!(get(&shop, "/products.json").await.status, 200);
    let mut byte = [0];
    let nothing = hanging.read(&mut byte);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), nothing)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_fault_may_meet_one_name_of_the_shop_and_a_whole_folder() {
    let plan = FaultPlan::none()
        .fault(On::feed().host("old.example"), Fault::status(404))
        .fault(On::under("/products/"), Fault::status(403));
    let shop = faulty_shop(2, plan).await;
    for (host, path, status) in [
        ("old.example", "/products.json", 404),
        ("new.example", "/products.json", 200),
        ("new.example", "/products/a.json", 403),
    ] {
        let answer = get_at(&shop, host, path).await;
        assert_eq!(answer.status, status, "{host}{path}");
    }
}

#[tokio::test]
async fn a_shop_that_moves_sends_everybody_to_the_same_place_elsewhere() {
    let answer = first_answer(Fault::Moved("http://new.example".into())).await;
    assert_eq!(answer.status, 301);
    assert_eq!(
        answer.header("location"),
        Some("http://new.example/products.json?page=1")
    );
}

#[tokio::test]
async fn an_empty_answer_has_no_body_and_no_type() {
    let answer = first_answer(Fault::Empty(430)).await;
    assert_eq!((answer.status, answer.body.len()), (430, 0));
    assert_eq!(answer.header("content-type"), None);
}

#[tokio::test]
async fn another_currency_comes_from_the_request_that_it_is_meant_for() {
    let yen = Fault::Currency("JPY".into());
    let plan = FaultPlan::none().fault(On::path("/meta.json").from(2), yen.clone());
    let shop = faulty_shop(3, plan.fault(On::path("/").from(2), yen)).await;
    for expected in ["GBP", "JPY", "JPY"] {
        assert_eq!(get(&shop, "/meta.json").await.json()["currency"], expected);
        let active = format!("\"active\":\"{expected}\"");
        assert!(get(&shop, "/").await.text().contains(&active));
    }
}

#[tokio::test]
async fn a_sitemap_may_lead_to_itself() {
    let plan = FaultPlan::none().fault(On::path("/sitemap.xml"), Fault::SitemapLoop);
    let answer = get(&faulty_shop(3, plan).await, "/sitemap.xml?a=1").await;
    let own = "<loc>http://shop.example/sitemap.xml?a=1</loc>";
    assert!(answer.text().contains(own), "{}", answer.text());
}

#[tokio::test]
async fn bombs_of_xml_are_small_and_name_entities() {
    for (bomb, most_bytes) in [
        (XmlBomb::BillionLaughs, 2_000),
        (XmlBomb::Quadratic, 1_300_000),
        (XmlBomb::ExternalFile, 400),
        (XmlBomb::ExternalUrl("http://127.0.0.1:9/dtd"), 400),
    ] {
        for (path, root) in [
            ("/sitemap.xml", "<urlset>"),
            ("/collections/all.atom", "<feed>"),
        ] {
            let plan = FaultPlan::none().fault(On::path(path), Fault::XmlBomb(bomb));
            let text = get(&faulty_shop(1, plan).await, path).await.text();
            assert!(text.len() < most_bytes, "{bomb:?}: {}", text.len());
            assert!(text.contains("<!ENTITY") && text.contains(root));
        }
    }
}

#[tokio::test]
async fn an_answer_may_drip_from_its_first_line_on() {
    let fault = Fault::SlowHead {
        chunk_size: 100,
        delay: Duration::from_millis(5),
    };
    let shop = faulty_shop(0, FaultPlan::none().fault(On::feed(), fault)).await;
    let mut dripping = send(shop.addr(), "/products.json", "").await;
    let start = tokio::time::Instant::now();
    let mut bytes = vec![0; 1_000];
    let n_first = dripping.read(&mut bytes).await.unwrap();
    assert!(bytes[..n_first].starts_with(b"HTTP/1.1 200"));
    assert!(n_first <= 100, "{n_first}");
    bytes.truncate(n_first);
    dripping.read_to_end(&mut bytes).await.unwrap();
    assert!(bytes.ends_with(br#"{"products":[]}"#));
    assert!(start.elapsed() >= Duration::from_millis(10));
}
