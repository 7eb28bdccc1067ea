//! Short visits to a shop that store no products: what there is, and one product as it is now.
//!
//! They keep the manners of a crawl: the shop's lease, its robots.txt, one request at a time.

use std::time::Duration;

use catalog::{CurrencySource, Outcome, Product, Reason, Shop, Stop, Store, StoreError, UnixMs};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fetch::{Fetcher, Pace, Response};
use crate::lease::{CrawlError, LeaseTerms, ShopLease};
use crate::memory::Memory;
use crate::outcome::{check_status, interrupted, outcome_of_fetch, outcome_of_read};
use crate::platforms::shopify::{self, Meta};

/// What a visit needs.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The shop.
    pub shop: &'a Shop,
    /// How its lease is taken.
    pub lease: LeaseTerms<'a>,
    /// The way to it.
    pub fetcher: &'a Fetcher,
    /// Where its lease and its robots.txt are kept.
    pub store: &'a dyn Store,
    /// The time that is recorded.
    pub now: &'a (dyn Fn() -> UnixMs + Sync),
    /// The longest time for all requests.
    pub max_time: Duration,
}

impl std::fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut it = f.debug_struct("Visit");
        it.field("shop", &self.shop.key).finish_non_exhaustive()
    }
}

/// What a look at a shop found.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// What it says of itself.
    pub meta: Meta,
    /// Complete where its product list is open, else why it is not.
    pub list: Outcome,
}

/// Asks a shop for its `/meta.json` and for one product of its list.
///
/// Cancel-safe as [`crawl`](crate::crawl()).
///
/// # Errors
/// When the store fails, or another owner kept the shop's lease.
pub async fn look_at(visit: &Visit<'_>, cancel: &CancellationToken) -> Result<Look, CrawlError> {
    let pace = Pace::default();
    let mut meta = Meta::default();
    let list = visit.within(&pace, cancel, async {
        let base = parsed(&visit.shop.url)?;
        meta = visit.meta(&base, &pace).await.unwrap_or_default();
        let url = at(&base, "/products.json?limit=1&page=1");
        let response = visit.get(&url, &pace).await?;
        check_status(&response, 1, false)?;
        shopify::read_page(&response.body, visit.shop)
            .map_err(|error| outcome_of_read(&error, &response, 1))
    });
    let list = match list.await? {
        Ok(_) => Outcome::Complete,
        Err(outcome) => outcome,
    };
    Ok(Look { meta, list })
}

/// Asks a shop for one product, whose page is at `page`, with the shop's currency as far as it is known.
///
/// The inner error is why there is no such product to have: gone where the page does not exist.
///
/// Cancel-safe as [`crawl`](crate::crawl()).
///
/// # Errors
/// As [`look_at`].
pub async fn read_product(
    visit: &Visit<'_>,
    page: &Url,
    pace: &Pace,
    cancel: &CancellationToken,
) -> Result<Result<(Shop, Product), Outcome>, CrawlError> {
    let asked = async {
        let mut shop = visit.shop.clone();
        if !shop.currency.is_known() {
            let stated = visit.meta(page, pace).await.and_then(|meta| meta.currency);
            if let Some(currency) = stated {
                shop.currency = currency;
                shop.currency_source = CurrencySource::Shop;
            }
        }
        let url = at(page, &format!("{}.json", page.path()));
        let response = visit.get(&url, pace).await?;
        if matches!(response.status, 404 | 410) {
            let detail = format!(
                "{page} answered {}: there is no such product",
                response.status
            );
            return Err(Outcome::Gone(Reason::new(Stop::ClosedFeed, detail)));
        }
        check_status(&response, 1, false)?;
        let read = shopify::read_page(&response.body, &shop)
            .map_err(|error| outcome_of_read(&error, &response, 1))?;
        let product = read.products.into_iter().next().ok_or_else(|| {
            let detail = format!("{url} holds no product that can be read");
            Outcome::Failed(Reason::new(Stop::NotShopify, detail))
        })?;
        Ok((shop, product))
    };
    visit.within(pace, cancel, asked).await
}

impl Visit<'_> {
    /// Does `work` under the shop's lease, until it is done, too late, or `cancel`.
    async fn within<T>(
        &self,
        pace: &Pace,
        cancel: &CancellationToken,
        work: impl Future<Output = Result<T, Outcome>>,
    ) -> Result<Result<T, Outcome>, CrawlError> {
        let lease = ShopLease::take(&self.shop.key, &self.lease, self.store, cancel).await?;
        // It may have been paused while this waited for its lease.
        if self.store.is_paused(&self.shop.key).await? == Some(true) {
            let shop = self.shop.key.clone();
            return Err(CrawlError::Store(StoreError::Fenced { shop }));
        }
        let too_late = || {
            let detail = format!("no answer within {} s", self.max_time.as_secs());
            Outcome::Failed(Reason::new(Stop::Unreachable, detail))
        };
        let memory = Memory {
            fetcher: self.fetcher,
            pace,
            store: self.store,
            now: self.now,
            has_robots: true,
        };
        pace.wait_at_most(self.max_time);
        let work = memory.with(async {
            // Biased: behind a cancellation no request leaves.
            let done = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(interrupted()),
                done = tokio::time::timeout(self.max_time, work) => {
                    done.unwrap_or_else(|_| Err(too_late()))
                }
            };
            memory.keep().await?;
            Ok::<_, CrawlError>(done)
        });
        lease.hold_at(pace, work).await
    }

    async fn meta(&self, base: &Url, pace: &Pace) -> Option<Meta> {
        let response = self.get(&at(base, "/meta.json"), pace).await.ok()?;
        let is_fine = response.status == 200;
        is_fine.then(|| shopify::read_meta(&response.body))?
    }

    async fn get(&self, url: &Url, pace: &Pace) -> Result<Response, Outcome> {
        let answer = self.fetcher.get_at(url, pace).await;
        answer.map_err(|error| outcome_of_fetch(&error))
    }
}

fn parsed(url: &str) -> Result<Url, Outcome> {
    Url::parse(url).map_err(|error| {
        let detail = format!("{url:?}: {error}");
        Outcome::Failed(Reason::new(Stop::RefusedAddress, detail))
    })
}

fn at(base: &Url, path: &str) -> Url {
    base.join(path)
        .expect("an absolute path joins any http URL")
}
