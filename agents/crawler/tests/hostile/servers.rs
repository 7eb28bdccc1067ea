//! What a server may do to the fetcher: bombs, bodies without an end, ways to private addresses, and dripping.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use crawler::fetch::{FetchConfig, FetchError, Fetcher};
use testkit::{Fault, FaultPlan, On, peak_memory};
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

/// The clock stands still while anybody works, and jumps when all wait: sixty seconds pass at once.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_one_byte_a_second_ends_after_a_minute() {
    let drip = Fault::SlowBody {
        chunk_size: 1,
        delay: Duration::from_secs(1),
    };
    let shop = shop(FaultPlan::none().fault(On::feed(), drip)).await;
    let config = FetchConfig {
        max_tries: 1,
        ..quick()
    };
    let start = Instant::now();
    let error = get(&shop, config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} did not answer within 60 s", feed(&shop))
    );
    assert_eq!(start.elapsed().as_secs(), 60);
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
        format!("{} did not answer within 20 s", feed(&shop))
    );
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
