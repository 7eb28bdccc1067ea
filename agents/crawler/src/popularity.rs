//! Where a shop's products stand by sales: looked up once behind a pass, under its lease, pace and rules of robots.txt.
//!
//! Places are read, never made up: from the Storefront API, else from a collection that the shop calls its best sellers,
//! else there are none. Nothing here decides how the pass ends.

use std::time::Duration;

use catalog::{
    BegunCrawl, Certainty, NativeId, Outcome, Platform, Popularity, ProductId, RankSource, Stop,
    StoreError,
};
use tokio::time::Instant;
use url::Url;

use crate::crawl::Crawl;
use crate::fetch::{Ask, FetchError, Response};
use crate::platforms::shopify;
use crate::routes::PAGE_SIZE;

/// Answers of the Storefront API that are asked for: 1,000 places.
const MAX_ANSWERS: usize = 4;

/// Collections that are asked for, should the first have nothing.
const MAX_COLLECTIONS: usize = 2;

/// A shop that takes longer for these few answers is asked again behind the next pass.
const MAX_TIME: Duration = Duration::from_secs(120);

/// The most characters of a reason.
const MAX_DETAIL_CHARS: usize = 300;

/// Returns whether a shop that ended so has something to place, and may be asked for more.
pub(crate) fn is_worth_a_look(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Complete => true,
        Outcome::Partial(reason) => {
            matches!(
                reason.stop,
                Stop::MaxPages | Stop::Wall | Stop::Endless | Stop::Shrunk
            )
        }
        Outcome::Blocked(_) | Outcome::Gone(_) | Outcome::Failed(_) => false,
    }
}

/// Reads the best-selling order of the shop at `base`, stores its places and returns what was learned.
///
/// Cancel-safe: places are stored in one step or not at all.
pub(crate) async fn observe(
    crawl: &Crawl<'_>,
    base: &Url,
    begun: &BegunCrawl,
) -> Result<Popularity, StoreError> {
    let look = Look {
        crawl,
        base,
        until: Instant::now() + MAX_TIME,
    };
    let order = look.order().await;
    let at = (crawl.now)();
    let id = |native: NativeId| ProductId {
        platform: Platform::Shopify,
        shop: begun.shop.key.clone(),
        native,
    };
    let places = order.products.into_iter().zip(1..);
    let places: Vec<(ProductId, u32)> = places
        .filter_map(|(native, place)| Some((id(native?), place)))
        .collect();
    if let Some(source) = order.source {
        let ticket = &begun.ticket;
        crawl
            .store
            .observe_ranks(ticket, &places, source, at)
            .await?;
    }
    Ok(Popularity {
        source: order.source,
        certainty: order
            .source
            .map_or(Certainty::Unavailable, RankSource::certainty),
        n_places: places.len() as u64,
        at,
        detail: order.detail.chars().take(MAX_DETAIL_CHARS).collect(),
    })
}

/// What was found: with a source products, best first; without one the reason.
struct Order {
    source: Option<RankSource>,
    products: Vec<Option<NativeId>>,
    detail: String,
}

/// Why a source has no order.
enum Miss {
    /// It is not to be had from this shop.
    Closed(String),
    /// Another time it may be. No other source is asked: places of two cannot be compared, so that a moment's
    /// impatience would end every trend.
    Later(String),
}

/// One look at a shop.
#[derive(Clone, Copy)]
struct Look<'a> {
    crawl: &'a Crawl<'a>,
    base: &'a Url,
    until: Instant,
}

impl Look<'_> {
    async fn order(self) -> Order {
        let mut reasons = Vec::new();
        for source in [
            RankSource::StorefrontApi,
            RankSource::Collection,
            RankSource::SortedList,
        ] {
            let found = match source {
                RankSource::StorefrontApi => self.of_api().await,
                RankSource::Collection => self.of_collections().await,
                RankSource::SortedList if self.crawl.fetcher.is_own_shop(self.base) => {
                    self.of_sorted_list().await
                }
                RankSource::SortedList => continue,
            };
            match found {
                Ok((products, detail)) => {
                    return Order {
                        source: Some(source),
                        products,
                        detail,
                    };
                }
                Err(Miss::Closed(reason)) => reasons.push(reason),
                Err(Miss::Later(reason)) => {
                    reasons.push(reason);
                    break;
                }
            }
        }
        Order {
            source: None,
            products: Vec::new(),
            detail: reasons.join("; "),
        }
    }

    /// Reads the platform's own order by sales. What was read before an answer fails counts.
    async fn of_api(self) -> Result<(Vec<Option<NativeId>>, String), Miss> {
        let mut products = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_ANSWERS {
            let question = shopify::best_sellers_query(after.as_deref());
            let page = match self.answer_of_api(&question).await {
                Ok(page) => page,
                Err(_) if !products.is_empty() => break,
                Err(miss) => return Err(miss),
            };
            products.extend(page.products);
            if page.next.is_none() || page.next == after {
                break;
            }
            after = page.next;
        }
        match products.is_empty() {
            true => Err(Miss::Closed(
                "the Storefront API lists no products".to_owned(),
            )),
            false => Ok((products, String::new())),
        }
    }

    async fn answer_of_api(self, question: &str) -> Result<shopify::BestSellers, Miss> {
        let url = self.url(shopify::STOREFRONT_API);
        let ask = Ask {
            json: Some(question),
            ..Ask::get(&url)
        };
        let response = self.ask(ask).await?;
        shopify::read_best_sellers(&response.body).map_err(|error| match error {
            shopify::BestSellersError::Throttled => Miss::Later(error.to_string()),
            _ => Miss::Closed(error.to_string()),
        })
    }

    /// Reads the first collection with products that the shop calls its best sellers.
    async fn of_collections(self) -> Result<(Vec<Option<NativeId>>, String), Miss> {
        let mut url = self.url("/collections.json");
        url.set_query(Some(&format!("limit={PAGE_SIZE}")));
        let response = self.ask(Ask::get(&url)).await?;
        let handles = shopify::read_best_seller_collections(&response.body);
        for handle in handles.iter().take(MAX_COLLECTIONS) {
            let mut url = self.url("/");
            if let Ok(mut path) = url.path_segments_mut() {
                path.clear()
                    .extend(["collections", handle, "products.json"]);
            }
            url.set_query(Some(&format!("limit={PAGE_SIZE}")));
            match self.list(&url).await {
                Ok(products) if !products.is_empty() => {
                    return Ok((products, format!("the collection {handle}")));
                }
                Ok(_) | Err(Miss::Closed(_)) => {}
                Err(later) => return Err(later),
            }
        }
        let reason = match handles.len() {
            0 => "no collection is called best sellers",
            _ => "the collections called best sellers list nothing",
        };
        Err(Miss::Closed(reason.to_owned()))
    }

    /// Reads the list of all products, asked for by sales. The fetcher lets this pass for its operator's own shops alone.
    async fn of_sorted_list(self) -> Result<(Vec<Option<NativeId>>, String), Miss> {
        let mut url = self.url(crate::fetch::SORTED_LIST);
        url.set_query(Some(&format!("sort_by=best-selling&limit={PAGE_SIZE}")));
        let products = self.list(&url).await?;
        match products.is_empty() {
            true => Err(Miss::Closed("the list by sales is empty".to_owned())),
            false => Ok((products, String::new())),
        }
    }

    /// Reads the ids of a product list in its order.
    async fn list(self, url: &Url) -> Result<Vec<Option<NativeId>>, Miss> {
        let response = self.ask(Ask::get(url)).await?;
        let page = shopify::read_page(&response.body, self.crawl.shop)
            .map_err(|error| Miss::Closed(format!("{url}: {error}")))?;
        Ok(page
            .products
            .into_iter()
            .take(PAGE_SIZE)
            .map(|it| Some(it.id.native))
            .collect())
    }

    /// Returns an answer with status 200.
    async fn ask(self, ask: Ask<'_>) -> Result<Response, Miss> {
        let answer = self.crawl.fetcher.ask(ask, self.crawl.pace);
        let Ok(answer) = tokio::time::timeout_at(self.until, answer).await else {
            return Err(Miss::Later(format!("{} took too long", ask.url)));
        };
        let response = answer.map_err(|error| miss_of(&error))?;
        match response.status {
            200 if !response.url.path().ends_with("/password") => Ok(response),
            status => Err(Miss::Closed(format!("{} answered {status}", ask.url))),
        }
    }

    fn url(self, path: &str) -> Url {
        self.base
            .join(path)
            .expect("an absolute path joins any http URL")
    }
}

fn miss_of(error: &FetchError) -> Miss {
    let reason = error.to_string();
    match error {
        FetchError::RefusedByRobots { .. }
        | FetchError::RefusedAddress { .. }
        | FetchError::BadRedirect { .. }
        | FetchError::TooManyRedirects { .. }
        | FetchError::TooLarge { .. }
        | FetchError::Damaged { .. } => Miss::Closed(reason),
        _ => Miss::Later(reason),
    }
}
