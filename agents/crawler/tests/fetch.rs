//! The fetcher against fake shops on loopback: politeness, patience, bounds, and no way to a private address.

use std::collections::HashMap;
use std::time::Duration;

use crawler::fetch::{FetchConfig, FetchError, Fetcher, Response};
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};
use tokio::time::Instant;
use url::Url;

/// No pauses of our own, loopback allowed: what is left are the pauses that a shop asks for.
pub(super) fn quick() -> FetchConfig {
    FetchConfig {
        contact_url: "https://crawler.example/about".to_owned(),
        requests_per_second: None,
        platform_requests_per_second: None,
        total_requests_per_second: None,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        backoff: Duration::from_millis(1),
        ..FetchConfig::default()
    }
}

pub(super) async fn shop(plan: FaultPlan) -> FakeShop {
    FakeShop::start(Catalogue::generate(&NORTH_LOFT, 30, 7), plan)
        .await
        .unwrap()
}

pub(super) fn feed(shop: &FakeShop) -> Url {
    Url::parse(&format!("{}/products.json?limit=250&page=1", shop.url())).unwrap()
}

pub(super) async fn get(shop: &FakeShop, config: FetchConfig) -> Result<Response, FetchError> {
    Fetcher::new(config).unwrap().get(&feed(shop)).await
}

pub(super) fn paths(shop: &FakeShop) -> Vec<String> {
    shop.requests()
        .into_iter()
        .map(|request| request.path)
        .collect()
}

#[tokio::test]
async fn robots_txt_comes_first_and_every_request_says_who_asks() {
    let shop = shop(FaultPlan::none()).await;
    let fetcher = Fetcher::new(quick()).unwrap();
    for _ in 0..2 {
        let response = fetcher.get(&feed(&shop)).await.unwrap();
        assert_eq!(response.status, 200);
        assert!(response.body.starts_with(b"{\"products\":["));
        assert!(
            response.wire_bytes < response.body.len() as u64,
            "the answer came packed"
        );
    }
    assert_eq!(
        paths(&shop),
        [
            "/robots.txt",
            "/products.json?limit=250&page=1",
            "/products.json?limit=250&page=1"
        ]
    );
    for request in shop.requests() {
        assert!(
            request.user_agent.starts_with("trouvaille/"),
            "{}",
            request.user_agent
        );
        assert!(
            request
                .user_agent
                .ends_with(" (+https://crawler.example/about)")
        );
        assert_eq!(request.accept_encoding, "gzip");
    }
}

#[tokio::test]
async fn a_path_that_robots_txt_refuses_is_never_requested() {
    for robots in [
        "User-agent: *\nDisallow: /products.json\n",
        "User-agent: *\nAllow: /\n\nUser-agent: Trouvaille\nDisallow: /\n",
        "User-agent: *\nDisallow: /*?*limit=\n",
    ] {
        let shop = shop(FaultPlan::none().robots(robots)).await;
        let error = get(&shop, quick()).await.unwrap_err();
        assert!(
            matches!(error, FetchError::RefusedByRobots { .. }),
            "{error}"
        );
        assert_eq!(paths(&shop), ["/robots.txt"]);
    }
}

#[tokio::test]
async fn our_own_group_of_robots_txt_counts_before_the_one_for_all() {
    let shop = shop(
        FaultPlan::none()
            .robots("User-agent: *\nDisallow: /\n\nUser-agent: trouvaille\nAllow: /\n"),
    )
    .await;
    assert_eq!(get(&shop, quick()).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_missing_robots_txt_allows_and_a_failing_one_forbids() {
    let robots = |fault| FaultPlan::none().fault(On::path("/robots.txt"), fault);
    for status in [401, 403, 404, 410] {
        let shop = shop(robots(Fault::Status(status, None))).await;
        assert_eq!(
            get(&shop, quick()).await.unwrap().status,
            200,
            "robots.txt {status}"
        );
    }
    for fault in [
        Fault::Status(500, None),
        Fault::Status(503, None),
        Fault::Status(429, None),
        Fault::CutConnection,
    ] {
        let shop = shop(robots(fault.clone())).await;
        let error = get(&shop, quick()).await.unwrap_err();
        assert!(
            matches!(error, FetchError::NoRobots(_)),
            "{fault:?}: {error}"
        );
        assert!(paths(&shop).iter().all(|path| path == "/robots.txt"));
    }
    let shop = shop(robots(Fault::Hang)).await;
    let config = FetchConfig {
        robots_timeout: Duration::from_millis(50),
        ..quick()
    };
    assert!(matches!(
        get(&shop, config).await,
        Err(FetchError::NoRobots(_))
    ));
}

#[tokio::test]
async fn a_crawl_delay_is_kept_between_requests_and_has_a_cap() {
    let shop = shop(FaultPlan::none().robots("User-agent: *\nCrawl-delay: 3600\n")).await;
    let fetcher = Fetcher::new(FetchConfig {
        max_crawl_delay: Duration::from_millis(60),
        ..quick()
    })
    .unwrap();
    let began = Instant::now();
    for _ in 0..3 {
        fetcher.get(&feed(&shop)).await.unwrap();
    }
    let requests = shop.requests();
    assert_eq!(requests.len(), 4, "robots.txt and three pages");
    // From the beginning: a busy machine may make a request late, which brings the next one nearer to it.
    for (n_before, request) in (0..).zip(&requests) {
        assert!(request.at - began >= n_before * Duration::from_millis(59));
    }
}

#[tokio::test]
async fn requests_keep_the_rate_and_come_one_at_a_time() {
    let shop = shop(FaultPlan::none().latency(Duration::from_millis(5))).await;
    let fetcher = Fetcher::new(FetchConfig {
        requests_per_second: Some(40.0),
        ..quick()
    })
    .unwrap();
    let url = feed(&shop);
    let began = Instant::now();
    let four = futures_util::future::join_all((0..4).map(|_| fetcher.get(&url))).await;
    assert!(four.iter().all(Result::is_ok));
    assert_eq!(shop.most_in_flight(), 1);
    // Arrivals may be nearer to each other than what the rate is kept between, which are sendings.
    let last = shop.requests()[4].at;
    assert!(last - began >= Duration::from_millis(4 * 25 - 1));
}

#[tokio::test]
async fn busy_answers_are_met_with_patience_and_then_told() {
    for status in [429, 430, 500, 502, 503, 504] {
        let busy = FaultPlan::none().fault(On::feed().times(2), Fault::Status(status, None));
        let patient = shop(busy).await;
        assert_eq!(
            get(&patient, quick()).await.unwrap().status,
            200,
            "{status}"
        );
        assert_eq!(paths(&patient).len(), 1 + 3);

        let hopeless = shop(FaultPlan::none().fault(On::feed(), Fault::Status(status, None))).await;
        let error = get(&hopeless, quick()).await.unwrap_err();
        match status {
            429 | 430 => assert!(
                matches!(error, FetchError::RateLimited { n_tries: 5, .. }),
                "{error}"
            ),
            _ => assert!(
                matches!(error, FetchError::ServerError { n_tries: 5, .. }),
                "{error}"
            ),
        }
        assert_eq!(paths(&hopeless).len(), 1 + 5);
    }
}

#[tokio::test]
async fn nothing_is_sent_before_retry_after_is_over() {
    let shop =
        shop(FaultPlan::none().fault(On::feed().nth(1), Fault::retry_after(429, "0.2"))).await;
    get(&shop, quick()).await.unwrap();
    let times: Vec<Instant> = shop
        .requests()
        .into_iter()
        .map(|request| request.at)
        .collect();
    assert!(times[2] - times[1] >= Duration::from_millis(195));
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_is_not_asked_again() {
    for status in [400, 401, 402, 403, 404, 410, 423] {
        let shop = shop(FaultPlan::none().fault(On::feed(), Fault::Status(status, None))).await;
        assert_eq!(get(&shop, quick()).await.unwrap().status, status);
        assert_eq!(paths(&shop).len(), 2);
    }
}

#[tokio::test]
async fn a_cut_connection_is_tried_again() {
    let shop = shop(FaultPlan::none().fault(On::feed().times(2), Fault::CutConnection)).await;
    assert_eq!(get(&shop, quick()).await.unwrap().status, 200);
    let hopeless = FakeShop::start(
        Catalogue::generate(&NORTH_LOFT, 30, 7),
        FaultPlan::none().fault(On::feed(), Fault::CutConnection),
    )
    .await
    .unwrap();
    let error = get(&hopeless, quick()).await.unwrap_err();
    assert!(matches!(error, FetchError::BrokenOff { .. }), "{error}");
}

#[tokio::test]
async fn a_shop_that_hangs_or_drips_runs_into_the_limits() {
    let slow = Fault::SlowBody {
        chunk_size: 1,
        delay: Duration::from_millis(20),
    };
    for fault in [Fault::Hang, slow] {
        let shop = shop(FaultPlan::none().fault(On::feed(), fault)).await;
        let config = FetchConfig {
            total_timeout: Duration::from_millis(150),
            max_tries: 1,
            ..quick()
        };
        let error = get(&shop, config).await.unwrap_err();
        assert!(
            error.to_string().contains("timed out") || matches!(error, FetchError::TimedOut { .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn bodies_have_a_limit_on_the_wire_and_inflated() {
    let bomb = Fault::GzipBomb {
        inflated_bytes: 1 << 30,
    };
    let cases = [
        (bomb.clone(), 8 << 20, 4 << 20, "inflated"),
        (bomb, 1 << 10, 4 << 20, "on the wire"),
        (Fault::GzipWithoutHeader, 1 << 8, 4 << 20, "on the wire"),
        (
            Fault::Huge { bytes: 5 << 20 },
            8 << 20,
            4 << 20,
            "on the wire",
        ),
    ];
    for (fault, max_wire_bytes, max_body_bytes, form) in cases {
        let shop = shop(FaultPlan::none().fault(On::feed(), fault)).await;
        let config = FetchConfig {
            max_wire_bytes,
            max_body_bytes,
            ..quick()
        };
        let error = get(&shop, config).await.unwrap_err();
        assert!(error.to_string().ends_with(form), "{error}");
        assert_eq!(
            paths(&shop).len(),
            2,
            "a body that is too large is not asked for again"
        );
    }
}

#[tokio::test]
async fn gzip_without_its_header_is_inflated_all_the_same() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::GzipWithoutHeader)).await;
    assert!(
        get(&shop, quick())
            .await
            .unwrap()
            .body
            .starts_with(b"{\"products\"")
    );
}

#[tokio::test]
async fn redirects_are_followed_and_each_hop_asks_its_own_robots_txt() {
    let target = shop(FaultPlan::none()).await;
    let moved = Fault::Redirect(format!("{}/products.json?limit=250&page=1", target.url()));
    let source = shop(FaultPlan::none().fault(On::feed(), moved.clone())).await;
    let response = get(&source, quick()).await.unwrap();
    assert_eq!(response.url, feed(&target));
    assert_eq!(
        paths(&target),
        ["/robots.txt", "/products.json?limit=250&page=1"]
    );

    let closed = shop(FaultPlan::none().robots("User-agent: *\nDisallow: /\n")).await;
    let moved = Fault::Redirect(format!("{}/products.json?limit=250&page=1", closed.url()));
    let source = shop(FaultPlan::none().fault(On::feed(), moved)).await;
    assert!(matches!(
        get(&source, quick()).await,
        Err(FetchError::RefusedByRobots { .. })
    ));
    assert_eq!(paths(&closed), ["/robots.txt"]);
}

#[tokio::test]
async fn redirects_end_after_five_hops() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::RedirectLoop)).await;
    assert!(matches!(
        get(&shop, quick()).await,
        Err(FetchError::TooManyRedirects { .. })
    ));
    assert_eq!(paths(&shop).len(), 1 + 6);
}

#[tokio::test]
async fn private_addresses_are_refused_by_number_by_name_and_behind_a_redirect() {
    let target = shop(FaultPlan::none()).await;
    let strict = || FetchConfig {
        allow_private: vec![],
        ..quick()
    };
    let error = get(&target, strict()).await.unwrap_err();
    assert!(
        matches!(error, FetchError::RefusedAddress { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("--allow-private 127.0.0.1/32"),
        "{error}"
    );

    let by_name = Url::parse(&format!(
        "http://localhost:{}/products.json",
        target.addr().port()
    ))
    .unwrap();
    let error = Fetcher::new(strict())
        .unwrap()
        .get(&by_name)
        .await
        .unwrap_err();
    assert!(
        matches!(error, FetchError::RefusedAddress { .. }),
        "{error}"
    );
    assert_eq!(paths(&target), Vec::<String>::new());

    for private in [
        "http://10.0.0.1/products.json",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
    ] {
        let source =
            shop(FaultPlan::none().fault(On::feed(), Fault::Redirect(private.to_owned()))).await;
        let error = get(&source, quick()).await.unwrap_err();
        assert!(
            matches!(error, FetchError::RefusedAddress { .. }),
            "{private}: {error}"
        );
    }
}

#[tokio::test]
async fn a_pinned_name_leads_to_its_address_and_port() {
    let shop = shop(FaultPlan::none()).await;
    let config = FetchConfig {
        pinned_hosts: HashMap::from([("north-loft.example".to_owned(), shop.addr())]),
        ..quick()
    };
    let url = Url::parse("http://north-loft.example/products.json").unwrap();
    assert_eq!(
        Fetcher::new(config)
            .unwrap()
            .get(&url)
            .await
            .unwrap()
            .status,
        200
    );
    assert_eq!(shop.requests()[1].host, "north-loft.example");
}

#[tokio::test]
async fn unknown_hosts_closed_ports_and_failing_tls_are_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed_port = listener.local_addr().unwrap().port();
    drop(listener);
    let plain = shop(FaultPlan::none()).await;
    let plain_port = plain.addr().port();
    for url in [
        "http://no-such-shop.invalid/products.json".to_owned(),
        format!("http://127.0.0.1:{closed_port}/products.json"),
        format!("https://127.0.0.1:{plain_port}/products.json"),
    ] {
        let error = Fetcher::new(quick())
            .unwrap()
            .get(&Url::parse(&url).unwrap())
            .await
            .unwrap_err();
        assert!(
            matches!(error, FetchError::Unreachable { .. }),
            "{url}: {error}"
        );
        assert!(
            error.to_string().starts_with("cannot reach http"),
            "{error}"
        );
    }
}
