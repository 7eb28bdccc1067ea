//! What the tests serve: a store with two shops, and contexts around it.

use std::sync::Arc;

use catalog::{
    Currency, CurrencySource, Platform, Record, Shop, ShopRecord, Store, StoreError, UnixMs,
};
use futures_util::future::BoxFuture;
use mcp_server::{Context, CursorKey, Data, Limits, Opened, Refused};
use reqwest::Client;
use store::OpenMode;

/// The time of every call.
const NOW: &str = "2026-11-21T12:00:00Z";

/// Returns a server's context over a store with two shops.
pub(crate) async fn with_shops() -> Context {
    over(Data::of(opened().await))
}

/// Returns a store with two shops.
pub(crate) async fn opened() -> Opened {
    let opened = empty().await;
    for key in ["hats.example", "lamps.example"] {
        opened.store.put_records(vec![shop(key)]).await.unwrap();
    }
    opened
}

/// Returns a server's context over a store with nothing in it.
pub(crate) async fn with_nothing() -> Context {
    over(Data::of(empty().await))
}

/// Returns a server's context over what `open` opens.
pub(crate) fn opening(
    open: impl Fn() -> BoxFuture<'static, Result<Opened, StoreError>> + Send + Sync + 'static,
) -> Context {
    over(Data::new(open))
}

/// Returns a client that speaks to servers on this machine.
pub(crate) fn client() -> Client {
    // It wants a provider of TLS even where it speaks none.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().no_proxy().build().unwrap()
}

async fn empty() -> Opened {
    let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create).await;
    let (store, tasks): (Arc<dyn Store>, _) = opened.unwrap();
    Opened { store, tasks }
}

fn shop(key: &str) -> Record {
    Record::Shop(ShopRecord {
        shop: Shop {
            key: key.parse().unwrap(),
            platform: Platform::Shopify,
            url: format!("https://{key}"),
            currency: Currency::parse("EUR").unwrap(),
            currency_source: CurrencySource::Shop,
        },
        is_paused: false,
        is_added: false,
        epoch: 1,
        last_complete_at: Some(UnixMs::parse("2026-11-21T09:00:00Z").unwrap()),
    })
}

fn over(data: Data) -> Context {
    let now = UnixMs::parse(NOW).unwrap();
    Context {
        data: Arc::new(data),
        now: Arc::new(move || now),
        cursors: CursorKey::of(b"a secret of the tests"),
        ranking_sheets: Arc::new(|_, _| Box::pin(std::future::ready(Ok(Vec::new())))),
        explain: Arc::new(|_| {
            let refused = Refused {
                code: "not_here",
                message: "nobody explains in these tests".to_owned(),
                next: None,
            };
            Box::pin(std::future::ready(Err(refused)))
        }),
        crawls: None,
        limits: Limits::default(),
        audits_arguments: false,
    }
}
