//! A single server that goes away in the middle of the steps of a page, or of a pass's end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use catalog::{Outcome, Record, RecordKind};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ServerAddress;

use super::outages::IMPATIENT;
use super::proxy::{Proxy, Way};
use super::*;

/// The server goes away where the products are changed, and neither the page nor the end of the pass is recorded yet: at
/// the first `findAndModify`.
#[tokio::test]
async fn pages_are_not_asked_for_by_versions_behind_changes_that_were_cut_off() {
    for is_end in [false, true] {
        let (uri, mut options) = options(STANDALONE, "cut").await;
        let proxy = Proxy::before(&options.hosts[0].to_string()).await;
        options.hosts = vec![ServerAddress::Tcp {
            host: proxy.address.ip().to_string(),
            port: Some(proxy.address.port()),
        }];
        options.direct_connection = Some(true);
        let cuts = Arc::new(AtomicBool::new(false));
        let (way, is_time) = (proxy.way.clone(), Arc::clone(&cuts));
        options.command_event_handler = Some(EventHandler::callback(move |event| {
            if let CommandEvent::Started(started) = event
                && started.command_name == "findAndModify"
                && is_time.load(Ordering::Relaxed)
            {
                way.send_replace(Way::Closed);
            }
        }));
        with_options(&uri, options, IMPATIENT, async |store| {
            let calm = pass_without_changes(store).await;
            let cut = begin(store, "cut").await;
            assert_eq!(calm, 2);
            if is_end {
                apply(store, &cut.ticket, page(1, products(0..2, 1000))).await;
                apply(store, &cut.ticket, page(2, products(3..5, 1000))).await;
            }
            cuts.store(true, Ordering::Relaxed);
            let error = if is_end {
                let ended = store.finish_crawl(&cut.ticket, Outcome::Complete, at(9));
                ended.await.map(drop)
            } else {
                let stored = store.apply_page(&cut.ticket, page(1, products(0..3, 999)));
                stored.await.map(drop)
            };
            assert!(error.unwrap_err().to_string().contains("gone for 1 s"));
            cuts.store(false, Ordering::Relaxed);
            proxy.way.send_replace(Way::Open);

            let left = store.crawls(None, 1).await.unwrap().remove(0);
            assert_eq!((left.counts.changed, left.counts.gone), (0, 0));
            // Another store has no mark for it.
            let records = store.records(RecordKind::Crawl, None, 1).await.unwrap();
            let [Record::Crawl(complete)] = &records[..] else {
                panic!("{records:?}");
            };
            // The end takes the pages of earlier passes away before it is recorded.
            assert_eq!(complete.pages.len(), if is_end { 0 } else { 2 });
            assert!(complete.pages.iter().all(|it| it.validators.is_none()));
            if !is_end {
                let again = begin_from(store, "again", Start::Resume { max_age_ms: 9 }).await;
                assert_eq!(again.ticket.crawl, cut.ticket.crawl);
                let known = store.page_validators(&again.ticket).await.unwrap();
                assert_eq!(known.iter().map(|it| it.page).collect::<Vec<_>>(), [2]);
            }
            let next = begin(store, "next").await;
            let changed = store.observations(&product(2, 0).id, 9).await.unwrap();
            assert!(changed.len() > 1, "the cut came before the change");
            assert_eq!(store.page_validators(&next.ticket).await.unwrap(), []);
        })
        .await;
    }
}

/// A complete pass whose page tells its version, and one behind it that changes nothing. Returns how many pages may be
/// asked for by their versions behind both.
async fn pass_without_changes(store: &MongoStore) -> usize {
    let first = begin(store, "first").await.ticket;
    for (n, natives) in [(1, 0..3), (2, 3..5)] {
        let told = PageWrite {
            validators: Some(catalog::Validators {
                url: "/products.json".to_owned(),
                etag: Some("1".to_owned()),
                last_modified: None,
            }),
            ..page(n, products(natives, 1000))
        };
        apply(store, &first, told).await;
    }
    store
        .finish_crawl(&first, Outcome::Complete, at(5))
        .await
        .unwrap();
    let second = begin(store, "second").await.ticket;
    apply(store, &second, page(1, products(0..3, 1000))).await;
    let third = begin(store, "third").await.ticket;
    store.page_validators(&third).await.unwrap().len()
}
