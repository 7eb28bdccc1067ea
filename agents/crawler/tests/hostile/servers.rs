//! What a server may do to the fetcher: bombs, bodies without an end, ways to private addresses, and dripping.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crawler::fetch::{FetchConfig, FetchError, Fetcher};
use testkit::{Fault, FaultPlan, On, peak_memory};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use crate::fetch::{feed, get, paths, quick, shop};

#[tokio::test]
async fn a_gigabyte_of_zeros_ends_at_the_limit_for_inflated_bodies() {
    let bomb = Fault::GzipBomb {
        inflated_bytes: 1 << 30,
    };
    let shop = shop(FaultPlan::none().fault(On::feed(), bomb)).await;
    let before = peak_memory();
    let error = get(&shop, quick()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the answer of {} is larger than 67108864 bytes inflated",
            feed(&shop)
        )
    );
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        // Room for the other tests of the process; the bomb itself is fifteen times the limit.
        assert!(after - before < 400 << 20, "{before} and then {after}");
    }
    assert_eq!(paths(&shop).len(), 2);
}

#[tokio::test]
async fn a_gzip_that_never_ends_ends_at_the_limit_for_bodies_on_the_wire() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::EndlessGzip)).await;
    let error = get(&shop, quick()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the answer of {} is larger than 8388608 bytes on the wire",
            feed(&shop)
        )
    );
    assert_eq!(paths(&shop).len(), 2, "it is not asked for again");
}

#[tokio::test]
async fn a_robots_txt_that_never_ends_forbids_everything() {
    let shop = shop(FaultPlan::none().fault(On::path("/robots.txt"), Fault::EndlessGzip)).await;
    let error = get(&shop, quick()).await.unwrap_err();
    assert!(matches!(error, FetchError::NoRobots(_)), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("larger than 8388608 bytes on the wire"),
        "{error}"
    );
    assert_eq!(paths(&shop), ["/robots.txt"]);
}

/// The clock stands still while anybody works, and jumps when all wait: half a minute passes at once.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_one_byte_a_second_ends_after_half_a_minute() {
    let drip = Fault::SlowBody {
        chunk_size: 1,
        delay: Duration::from_secs(1),
    };
    let shop = shop(FaultPlan::none().fault(On::feed(), drip)).await;
    let once = || FetchConfig {
        max_tries: 1,
        ..quick()
    };
    let start = Instant::now();
    let error = get(&shop, once()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} sent its answer too slowly, for 30 s", feed(&shop))
    );
    assert_eq!(start.elapsed().as_secs(), 30);

    let start = Instant::now();
    let patient = FetchConfig {
        min_bytes_per_second: 0,
        ..once()
    };
    let error = get(&shop, patient).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} did not answer within 60 s", feed(&shop))
    );
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_above_the_least_rate_arrives() {
    let slow = Fault::SlowBody {
        chunk_size: 200,
        delay: Duration::from_secs(1),
    };
    let shop = shop(FaultPlan::none().fault(On::feed(), slow)).await;
    let config = FetchConfig {
        min_bytes_per_second: 150,
        rate_window: Duration::from_secs(5),
        total_timeout: Duration::from_secs(3600),
        ..quick()
    };
    let start = Instant::now();
    let response = get(&shop, config).await.unwrap();
    assert!(response.body.starts_with(b"{\"products\":["));
    assert!(start.elapsed().as_secs() > 10, "several windows");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_is_waited_for_half_a_minute() {
    let shop = shop(FaultPlan::none().fault(On::feed(), Fault::Hang)).await;
    let config = FetchConfig {
        max_tries: 1,
        ..quick()
    };
    let start = Instant::now();
    let error = get(&shop, config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} did not begin to answer within 30 s", feed(&shop))
    );
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn a_small_bomb_ends_long_before_the_limit_for_inflated_bodies() {
    let bomb = Fault::GzipBomb {
        inflated_bytes: 40 << 20,
    };
    let shop = shop(FaultPlan::none().fault(On::feed(), bomb)).await;
    let error = get(&shop, quick()).await.unwrap_err();
    let FetchError::TooLarge { limit_bytes, .. } = error else {
        panic!("{error}");
    };
    assert!(limit_bytes < 16 << 20, "{limit_bytes}");
    assert!(
        error
            .to_string()
            .ends_with("bytes inflated, far more than its size on the wire explains"),
        "{error}"
    );
    assert_eq!(paths(&shop).len(), 2, "it is not asked for again");
}

#[tokio::test]
async fn a_head_without_an_end_is_refused_and_not_asked_for_again() {
    let many = "x-header: 1\r\n".repeat(1_001);
    let long = format!("x-header: {}\r\n", "x".repeat(70_000));
    let endless = format!("x-header: {}\r\n", "x".repeat(2 << 20));
    for headers in [many, long, endless] {
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\n{{}}");
        let server = RawServer::start(answer).await;
        let url = Url::parse(&format!("http://{}/products.json", server.address)).unwrap();
        let error = Fetcher::new(quick()).unwrap().get(&url).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("robots.txt is larger than 65536 bytes in its head"),
            "{error}"
        );
        assert_eq!(server.n_requests.load(Ordering::Relaxed), 1);
    }
}

/// A server that answers whatever is asked with the same bytes.
struct RawServer {
    address: SocketAddr,
    n_requests: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl RawServer {
    async fn start(answer: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let n_requests = Arc::new(AtomicUsize::new(0));
        let mut serving = JoinSet::new();
        let counter = Arc::clone(&n_requests);
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut seen = Vec::new();
                while !seen.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut seen).await.unwrap() == 0 {
                        break;
                    }
                }
                counter.fetch_add(1, Ordering::Relaxed);
                // The client may have had enough.
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Self {
            address,
            n_requests,
            _serving: serving,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_in_the_middle_ends_after_twenty_seconds_of_silence() {
    let silence = Fault::SlowBody {
        chunk_size: 100,
        delay: Duration::from_secs(25),
    };
    let shop = shop(FaultPlan::none().fault(On::feed(), silence)).await;
    let config = FetchConfig {
        max_tries: 1,
        ..quick()
    };
    let error = get(&shop, config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} fell silent inside its answer, for 20 s", feed(&shop))
    );
}

/// The head drips, too: nobody who only watches for silence would ever let go.
#[tokio::test(start_paused = true)]
async fn an_answer_that_drips_from_its_first_byte_ends_after_a_minute_at_most() {
    for path in ["/robots.txt", "/products.json"] {
        let drip = Fault::SlowHead {
            chunk_size: 1,
            delay: Duration::from_secs(5),
        };
        let shop = shop(FaultPlan::none().fault(On::path(path), drip)).await;
        let config = FetchConfig {
            max_tries: 1,
            ..quick()
        };
        let start = Instant::now();
        let error = match get(&shop, config).await.unwrap_err() {
            FetchError::NoRobots(error) => *error,
            error => error,
        };
        assert!(matches!(error, FetchError::TimedOut { .. }), "{error}");
        assert!(start.elapsed().as_secs() <= 60, "{:?}", start.elapsed());
    }
}

/// Allows 127.0.0.1, where the fake shops are, and knows a name that leads to a trap beside them.
fn beside_a_trap(trap: &TcpListener) -> FetchConfig {
    let names = HashMap::from([("inside.example".to_owned(), trap.local_addr().unwrap())]);
    FetchConfig {
        allow_private: vec!["127.0.0.1/32".parse().unwrap()],
        pinned_hosts: names,
        ..quick()
    }
}

fn trap() -> TcpListener {
    let trap = TcpListener::bind("127.0.0.2:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    trap
}

fn assert_nobody_came(trap: &TcpListener) {
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused_before_a_connection() {
    let trap = trap();
    let url = Url::parse("http://inside.example/products.json").unwrap();
    let fetcher = Fetcher::new(beside_a_trap(&trap)).unwrap();
    let error = fetcher.get(&url).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "refused to connect to http://inside.example/robots.txt: 127.0.0.2 is a private or reserved address \
         (allow it with --allow-private 127.0.0.2/32)"
    );
    assert_nobody_came(&trap);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_by_number_and_by_name() {
    let trap = trap();
    let port = trap.local_addr().unwrap().port();
    for target in [
        format!("http://127.0.0.2:{port}/"),
        format!("http://2130706434:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        format!("//127.0.0.2:{port}/"),
        "http://inside.example/".to_owned(),
    ] {
        for on in [On::feed(), On::path("/robots.txt")] {
            let moved = Fault::Redirect(target.clone());
            let shop = shop(FaultPlan::none().fault(on, moved)).await;
            let error = get(&shop, beside_a_trap(&trap)).await.unwrap_err();
            let is_refused = matches!(error, FetchError::RefusedAddress { .. });
            assert!(is_refused, "{target}: {error}");
            assert!(
                error.to_string().contains("127.0.0.2 is a private"),
                "{error}"
            );
        }
    }
    assert_nobody_came(&trap);
}
