//! Where a shop's products stand by sales: looked up once behind a pass, under its lease, pace and rules of robots.txt.
//!
//! Places are read, never made up: from the Storefront API, else from a collection that the shop calls its best sellers,
//! else there are none. Nothing here decides how the pass ends.

use std::collections::HashSet;
use std::time::Duration;

use catalog::{
    ApiRefusals, BegunCrawl, Certainty, NativeId, Outcome, Platform, Popularity, ProductId,
    RankSource, Stop, StoreError, UnixMs,
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

/// Requests whose gaps do not count as the shop's time: as many as find and read a collection, where its robots.txt asks for
/// long ones.
const PACED_REQUESTS: u32 = 4;

/// Passes among which the last look is.
const MAX_PASSES: usize = 16;

const DAY_MS: u64 = 24 * 3_600_000;

/// Refusals in a row from which on an API that used to serve is taken not to any more.
const MANY_REFUSALS: u32 = 3;

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
    let at = (crawl.now)();
    let looks = last_looks(crawl, begun).await?;
    let earlier = looks.first().and_then(|it| it.refused);
    let last_source = looks.iter().find_map(|it| it.source);
    let has_served = last_source == Some(RankSource::StorefrontApi);
    let is_api_left_alone = earlier.is_some_and(|it| is_left_alone(it, at));
    // With the one to come, if it comes.
    let n_refusals = earlier
        .map_or(0, |it| it.n)
        .saturating_add(u32::from(!is_api_left_alone));
    let look = Look {
        crawl,
        base,
        last_collection: last_collection(&looks),
        until: Instant::now() + MAX_TIME + crawl.pace.slowest() * PACED_REQUESTS,
        is_api_left_alone,
        keeps_turn: has_served && n_refusals < MANY_REFUSALS,
    };
    let order = look.order().await;
    let id = |native: NativeId| ProductId {
        platform: Platform::Shopify,
        shop: begun.shop.key.clone(),
        native,
    };
    let n_places = order.read.products.len();
    let detail: String = order.read.detail.chars().take(MAX_DETAIL_CHARS).collect();
    let is_collection = order.source == Some(RankSource::Collection);
    // What this one leaves out has lost no place in the other.
    let is_another_list = is_collection && last_collection(&looks).is_some_and(|it| it != detail);
    let is_whole = order.read.is_whole && !is_another_list;
    let n_read = is_whole.then_some(n_places);
    let n_read = n_read.and_then(|it| u32::try_from(it).ok());
    let places = order.read.products.into_iter().zip(1..);
    let places: Vec<(ProductId, u32)> = places
        .filter_map(|(native, place)| Some((id(native?), place)))
        .collect();
    if let Some(source) = order.source {
        let ticket = &begun.ticket;
        crawl
            .store
            .observe_ranks(ticket, &places, n_read, source, at)
            .await?;
    }
    Ok(Popularity {
        source: order.source,
        certainty: order
            .source
            .map_or(Certainty::Unavailable, RankSource::certainty),
        n_places: n_places as u64,
        at,
        detail,
        refused: match order.api {
            Api::Answered => None,
            Api::Refused => Some(ApiRefusals { n: n_refusals, at }),
            Api::Unknown => earlier,
        },
    })
}

/// Returns whether an API that refused is not asked yet: for a day, twice as long each time, up to eight.
fn is_left_alone(refused: ApiRefusals, now: UnixMs) -> bool {
    let n_days: u64 = 1 << refused.n.saturating_sub(1).min(3);
    // Either way: a clock may have been set back.
    now.ms().abs_diff(refused.at.ms()) < n_days * DAY_MS
}

/// Returns the last looks at the shop's order, the newest first.
async fn last_looks(crawl: &Crawl<'_>, begun: &BegunCrawl) -> Result<Vec<Popularity>, StoreError> {
    let passes = crawl.store.crawls(Some(&begun.shop.key), MAX_PASSES);
    let looks = passes
        .await?
        .into_iter()
        .filter_map(|pass| pass.notes.popularity);
    Ok(looks.collect())
}

/// Returns what the last look at a collection says of it: its name in a sentence.
fn last_collection(looks: &[Popularity]) -> Option<&str> {
    let is_collection = |look: &&Popularity| look.source == Some(RankSource::Collection);
    let last = looks.iter().find(is_collection);
    last.map(|look| look.detail.as_str())
}

/// What was found: with a source products; without one the reason.
struct Order {
    source: Option<RankSource>,
    read: Read,
    api: Api,
}

/// What became of the question to the Storefront API.
#[derive(Clone, Copy)]
enum Api {
    Answered,
    Refused,
    /// It was not asked, or too busy to answer.
    Unknown,
}

/// Products by sales, as far as they were read.
#[derive(Default)]
struct Read {
    /// Best first; `None` for one whose id could not be read.
    products: Vec<Option<NativeId>>,
    /// Whether reading went to the end of the list or to our own limit, past nobody that could not be read: only then
    /// a product that is missing is known to have no place there.
    is_whole: bool,
    /// The collection that was read, or why there is nothing.
    detail: String,
}

/// Why a source has no order.
enum Miss {
    /// It is not to be had from this shop.
    Closed(String),
    /// Another time it may be. No other source is asked: places of two cannot be compared, so that a moment's
    /// impatience would end every trend.
    Later(String),
    /// The server failed, or nobody answered in time.
    Failed(String),
    /// Who asked was turned away, or is to come back much later.
    Refused(String),
}

/// One look at a shop.
#[derive(Clone, Copy)]
struct Look<'a> {
    crawl: &'a Crawl<'a>,
    base: &'a Url,
    /// What was said of the collection that was read last.
    last_collection: Option<&'a str>,
    until: Instant,
    /// Whether the API refused not long ago.
    is_api_left_alone: bool,
    /// Whether nobody takes the place of an API that refuses: it served, and will again.
    keeps_turn: bool,
}

impl Look<'_> {
    async fn order(self) -> Order {
        let mut reasons = Vec::new();
        let mut api = Api::Unknown;
        for source in [
            RankSource::StorefrontApi,
            RankSource::Collection,
            RankSource::SortedList,
        ] {
            let found = match source {
                RankSource::StorefrontApi => {
                    let found = self.of_api().await.map_err(|miss| match miss {
                        // One bad answer of an API that served ends no trend either.
                        Miss::Closed(reason) if self.keeps_turn => Miss::Refused(reason),
                        // Where this way is broken for ever, it would keep the others out, pass after pass.
                        Miss::Failed(reason) => Miss::Refused(reason),
                        miss => miss,
                    });
                    api = match &found {
                        _ if self.is_api_left_alone => Api::Unknown,
                        Ok(_) | Err(Miss::Closed(_)) => Api::Answered,
                        Err(Miss::Refused(_)) => Api::Refused,
                        Err(Miss::Later(_) | Miss::Failed(_)) => Api::Unknown,
                    };
                    found
                }
                RankSource::Collection => self.of_collections().await,
                RankSource::SortedList if self.crawl.fetcher.is_own_shop(self.base) => {
                    self.of_sorted_list().await
                }
                RankSource::SortedList => continue,
            };
            match found {
                Ok(read) => {
                    return Order {
                        source: Some(source),
                        read,
                        api,
                    };
                }
                Err(Miss::Closed(reason)) => reasons.push(reason),
                Err(Miss::Later(reason) | Miss::Failed(reason)) => {
                    reasons.push(reason);
                    break;
                }
                Err(Miss::Refused(reason)) => {
                    reasons.push(reason);
                    if self.keeps_turn || source != RankSource::StorefrontApi {
                        break;
                    }
                }
            }
        }
        Order {
            source: None,
            read: Read {
                detail: reasons.join("; "),
                ..Read::default()
            },
            api,
        }
    }

    /// Reads the platform's own order by sales. What was read before an answer fails counts.
    async fn of_api(self) -> Result<Read, Miss> {
        if self.is_api_left_alone {
            let reason = "the Storefront API refused to be asked not long ago";
            return Err(Miss::Refused(reason.to_owned()));
        }
        let mut read = Read {
            is_whole: true,
            ..Read::default()
        };
        let mut after: Option<String> = None;
        let mut placed = HashSet::new();
        for _ in 0..MAX_ANSWERS {
            let question = shopify::best_sellers_query(after.as_deref());
            let page = match self.answer_of_api(&question).await {
                Ok(page) => page,
                Err(miss) if read.products.is_empty() => return Err(miss),
                Err(_) => {
                    read.is_whole = false;
                    break;
                }
            };
            let (n_given, n_before) = (page.products.len(), read.products.len());
            let new = page.products.into_iter();
            let new = new.filter(|it| it.as_ref().is_none_or(|id| placed.insert(id.clone())));
            read.products.extend(new);
            // A cursor that stays where it was leads nowhere, nor does one to what was read.
            let is_repetition = n_given > 0 && read.products.len() == n_before;
            let leads_nowhere = is_repetition || (after.is_some() && page.next == after);
            read.is_whole &= page.is_whole && !leads_nowhere;
            if page.next.is_none() || leads_nowhere {
                break;
            }
            after = page.next;
        }
        match read.products.iter().any(Option::is_some) {
            true => Ok(read),
            false => Err(Miss::Closed(
                "the Storefront API lists no products that can be read".to_owned(),
            )),
        }
    }

    async fn answer_of_api(self, question: &str) -> Result<shopify::BestSellers, Miss> {
        let url = self.url(shopify::STOREFRONT_API);
        let ask = Ask {
            json: Some(question),
            is_aside: true,
            ..Ask::get(&url)
        };
        let response = self.ask(ask).await?;
        shopify::read_best_sellers(&response.body).map_err(|error| match error {
            shopify::BestSellersError::Throttled => Miss::Later(error.to_string()),
            _ => Miss::Closed(error.to_string()),
        })
    }

    /// Reads the first collection with products that the shop calls its best sellers; before all others the one that was
    /// read last, since places in two cannot be compared.
    async fn of_collections(self) -> Result<Read, Miss> {
        let mut url = self.url("/collections.json");
        url.set_query(Some(&format!("limit={PAGE_SIZE}")));
        let response = self.ask(Ask::get(&url)).await?;
        let mut handles = shopify::read_best_seller_collections(&response.body);
        handles.sort_by_key(|handle| Some(said_of(handle).as_str()) != self.last_collection);
        for handle in handles.iter().take(MAX_COLLECTIONS) {
            let mut url = self.url("/");
            if let Ok(mut path) = url.path_segments_mut() {
                path.clear()
                    .extend(["collections", handle, "products.json"]);
            }
            url.set_query(Some(&format!("limit={PAGE_SIZE}")));
            match self.list(&url).await {
                Ok(read) if !read.products.is_empty() => {
                    return Ok(Read {
                        detail: said_of(handle),
                        ..read
                    });
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
    async fn of_sorted_list(self) -> Result<Read, Miss> {
        let mut url = self.url(crate::fetch::SORTED_LIST);
        url.set_query(Some(&format!("sort_by=best-selling&limit={PAGE_SIZE}")));
        let read = self.list(&url).await?;
        match read.products.is_empty() {
            true => Err(Miss::Closed("the list by sales is empty".to_owned())),
            false => Ok(read),
        }
    }

    /// Reads the ids of a product list in its order.
    async fn list(self, url: &Url) -> Result<Read, Miss> {
        let response = self.ask(Ask::get(url)).await?;
        let page = shopify::read_page(&response.body, self.crawl.shop)
            .map_err(|error| Miss::Closed(format!("{url}: {error}")))?;
        let is_whole = page.products.len() == page.n_listed && page.n_listed <= PAGE_SIZE;
        let products = page.products.into_iter().take(PAGE_SIZE);
        Ok(Read {
            products: products.map(|it| Some(it.id.native)).collect(),
            is_whole,
            detail: String::new(),
        })
    }

    /// Returns an answer with status 200.
    async fn ask(self, ask: Ask<'_>) -> Result<Response, Miss> {
        let answer = self.crawl.fetcher.ask(ask, self.crawl.pace);
        let Ok(answer) = tokio::time::timeout_at(self.until, answer).await else {
            return Err(Miss::Later(format!("{} took too long", ask.url)));
        };
        let response = answer.map_err(|error| miss_of(&error))?;
        if response.is_challenge() {
            let status = response.status;
            return Err(Miss::Refused(format!(
                "{} answered {status} with an anti-bot challenge",
                ask.url
            )));
        }
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

/// Returns what is said of a collection.
fn said_of(handle: &str) -> String {
    let said = format!("the collection {handle}");
    said.chars().take(MAX_DETAIL_CHARS).collect()
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
        FetchError::RateLimited { .. }
        | FetchError::ComeBackLater { .. }
        | FetchError::Challenged { .. } => Miss::Refused(reason),
        FetchError::ServerError { .. }
        | FetchError::TimedOut { .. }
        | FetchError::BrokenOff { .. } => Miss::Failed(reason),
        _ => Miss::Later(reason),
    }
}
