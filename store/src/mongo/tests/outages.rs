//! Servers that go away, hang, or come back.

use catalog::{PageCounts, StoreError};

use super::proxy::{Proxy, Way};
use super::*;

/// Short enough for a test, and still more than a quick answer takes.
pub(super) const IMPATIENT: Limits = Limits {
    connect: Duration::from_millis(1_000),
    answer: Duration::from_millis(1_000),
    patience: Duration::from_millis(1_000),
    conflicts: Duration::from_millis(1_000),
};

/// Opens a store behind a proxy.
pub(super) async fn with_proxy(
    variable: &str,
    name: &str,
    limits: Limits,
    test: impl AsyncFnOnce(&MongoStore, &Proxy),
) {
    let (uri, mut options) = options(variable, name).await;
    let proxy = Proxy::before(&options.hosts[0].to_string()).await;
    options.hosts = vec![mongodb::options::ServerAddress::Tcp {
        host: proxy.address.ip().to_string(),
        port: Some(proxy.address.port()),
    }];
    // Otherwise the client would learn the server's own address and go around the proxy.
    options.direct_connection = Some(true);
    with_options(&uri, options, limits, async |store| {
        test(store, &proxy).await;
        proxy.way.send_replace(Way::Open);
    })
    .await;
}

async fn survives_a_short_outage(store: &MongoStore, proxy: &Proxy) {
    let ticket = begin(store, "owner").await.ticket;
    proxy.way.send_replace(Way::Closed);
    let stored = store.apply_page(&ticket, page(1, products(0..3, 1000)));
    let comes_back = async {
        proxy.has_turned_away().await;
        proxy.way.send_replace(Way::Open);
    };
    let (stored, ()) = tokio::join!(stored, comes_back);
    assert_eq!(
        stored.unwrap(),
        PageCounts {
            new: 3,
            ..PageCounts::default()
        }
    );
    assert_eq!(store.stats().await.unwrap().n_observations, 3);
}

#[tokio::test]
async fn a_replica_set_that_comes_back_is_waited_for() {
    with_proxy(REPLICA_SET, "back", LIMITS, survives_a_short_outage).await;
}

#[tokio::test]
async fn a_single_server_that_comes_back_is_waited_for() {
    with_proxy(STANDALONE, "back", LIMITS, survives_a_short_outage).await;
}

#[tokio::test]
async fn a_server_that_stays_away_ends_the_call_and_the_next_one_works_when_it_is_back() {
    with_proxy(REPLICA_SET, "away", IMPATIENT, async |store, proxy| {
        let ticket = begin(store, "owner").await.ticket;
        let stored = page(1, products(0..3, 1000));
        proxy.way.send_replace(Way::Closed);
        let error = store.apply_page(&ticket, stored.clone()).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }));
        let shown = error.to_string();
        assert!(
            shown.starts_with("cannot store a page in the store mongodb://127.0.0.1:"),
            "{shown}"
        );
        assert!(shown.contains("gone for 1 s: "), "{shown}");
        proxy.way.send_replace(Way::Open);
        let counts = apply(store, &ticket, stored).await;
        assert_eq!(counts.new, 3);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_does_not_hang_its_caller() {
    with_proxy(REPLICA_SET, "hangs", IMPATIENT, async |store, proxy| {
        let ticket = begin(store, "owner").await.ticket;
        proxy.way.send_replace(Way::Frozen);
        let stored = store.apply_page(&ticket, page(1, products(0..3, 1000)));
        let shown = stored.await.unwrap_err().to_string();
        assert!(shown.contains("gone for 1 s: "), "{shown}");
        let listed = store.shops().await.unwrap_err().to_string();
        assert!(listed.contains("gone for 1 s: "), "{listed}");
    })
    .await;
}
