//! One pass over one shop: how far it is, how it ended, and what was wrong on the way.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Currency, CurrencySource, NativeId, PassNotes, Place, ShopKey, UnixMs};

/// The name of one pass over a shop: the shop and a number that counts its passes from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CrawlKey {
    /// The shop.
    pub shop: ShopKey,
    /// The pass's number in its shop.
    pub n: u64,
}

/// Where an unfinished pass goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The page to store next: a number that counts the pass's pages from 1, whatever routes they come from.
    pub next_page: u32,
    /// Where the pass's route stands; [`Route::List`](crate::Route::List) goes by the number of the page alone.
    #[serde(default, skip_serializing_if = "Place::is_start")]
    pub place: Place,
}

impl Checkpoint {
    /// Returns a place in the shop's product list.
    pub fn page(next_page: u32) -> Self {
        Self {
            next_page,
            place: Place::default(),
        }
    }
}

/// How a pass over a shop ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Every page was read to the natural end.
    Complete,
    /// Some pages were read; what was read is stored.
    Partial(Reason),
    /// The shop refuses, or its robots.txt does.
    Blocked(Reason),
    /// The shop no longer exists.
    Gone(Reason),
    /// Nothing could be read.
    Failed(Reason),
}

/// Why a pass ended as it did: a word to count by, and a sentence to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The kind of reason.
    pub stop: Stop,
    /// What happened, to what, in one line.
    pub detail: String,
}

/// The kinds of reasons for which a pass ends before its natural end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Ctrl-C or SIGTERM; the next crawl goes on from here.
    Interrupted,
    /// The limit of pages that the user set.
    MaxPages,
    /// The platform's limit of what its product list shows (Shopify: 25,000 products).
    Wall,
    /// The same products came again and again.
    Endless,
    /// The pass found less than half of what was known before: too little to believe until another one confirms it.
    Shrunk,
    /// robots.txt forbids the path, or could not be read.
    Robots,
    /// The shop asks for a password.
    Password,
    /// 401, 403, 404 or 410: there is no open product list.
    ClosedFeed,
    /// A frozen or locked shop (402, 423).
    Suspended,
    /// An anti-bot challenge.
    Challenge,
    /// 429 or 430, also after waiting.
    RateLimited,
    /// An answer that is not JSON.
    NotJson,
    /// JSON that is no product list.
    NotShopify,
    /// JSON that is cut off or damaged, or a body over its limits.
    Damaged,
    /// The server failed (5xx), also after waiting.
    ServerError,
    /// No connection: name, network, TLS or time-out.
    Unreachable,
    /// The address, or one it redirects to, is refused: private, or not http(s).
    RefusedAddress,
    /// Another crawl of the same shop took over.
    Superseded,
    /// The store failed.
    Store,
}

/// What a pass read and changed, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlCounts {
    /// Pages stored.
    pub pages: u64,
    /// Products read, each page's repetitions counted once.
    pub products: u64,
    /// Products stored for the first time.
    pub new: u64,
    /// Products whose content changed.
    pub changed: u64,
    /// Products that were gone and came back.
    pub back: u64,
    /// Products that a complete pass no longer found.
    pub gone: u64,
    /// Problems recorded.
    pub problems: u64,
    /// Bytes of the product pages as they came over the wire.
    pub bytes: u64,
}

/// The record of one pass over one shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlReport {
    /// Which pass.
    #[serde(flatten)]
    pub key: CrawlKey,
    /// How it ended; `None` while it runs, or after a crash.
    pub outcome: Option<Outcome>,
    /// What it read and changed.
    pub counts: CrawlCounts,
    /// The currency in which the prices were read, and where that came from.
    pub currency: Currency,
    /// Where the currency came from.
    pub currency_source: CurrencySource,
    /// When the pass began.
    pub started_at: UnixMs,
    /// When it ended.
    pub finished_at: Option<UnixMs>,
    /// Where it would go on; `None` when it need not.
    pub checkpoint: Option<Checkpoint>,
    /// The routes it took, and what else it tells.
    #[serde(default, skip_serializing_if = "PassNotes::is_empty")]
    pub notes: PassNotes,
}

/// Something in a shop's answer that could not be taken as it stood. Recorded, never the end of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// The page it stood on, from 1.
    pub page: u32,
    /// The product's place on the page, from 0; `None` when the page as a whole is meant.
    pub index: Option<u32>,
    /// The product's own id, where it could be read.
    pub product: Option<String>,
    /// What is wrong, in one line.
    pub detail: String,
}

/// A host's robots.txt as it was answered, kept so that a later crawl need not ask again for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RobotsRecord {
    /// Scheme, host and port, such as `https://shop.example`.
    pub origin: String,
    /// The status of the answer.
    pub status: u16,
    /// The file, cut to what RFC 9309 asks a crawler to read, with a comment that says so then; bytes that are no UTF-8 are
    /// replaced.
    pub body: String,
    /// When it was read.
    pub fetched_at: UnixMs,
}

/// The kinds of problems, to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The product could not be read at all and is left out.
    ProductRefused,
    /// The product stood earlier on the same page; the first one counts.
    Duplicate,
    /// A price could not be read: it is unknown, and counts as 0 in the mean price.
    Price,
    /// A date could not be read: it is unknown.
    Date,
    /// Another field has a shape that could not be read: it is empty.
    Field,
    /// The shop states another currency than before.
    Currency,
}

impl Outcome {
    /// Returns the one word of the outcome.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Blocked(_) => "blocked",
            Self::Gone(_) => "gone",
            Self::Failed(_) => "failed",
        }
    }

    /// Returns the reason; `None` only for a complete pass.
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Complete => None,
            Self::Partial(it) | Self::Blocked(it) | Self::Gone(it) | Self::Failed(it) => Some(it),
        }
    }

    /// Returns whether the exit code counts the shop as done: complete or gone.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Complete | Self::Gone(_))
    }
}

impl Stop {
    /// Returns whether a pass that stopped for this goes on at its checkpoint next time.
    ///
    /// What would stop it again at the same page is left out, so that no shop is stuck for ever.
    pub const fn is_resumable(self) -> bool {
        matches!(
            self,
            Self::Interrupted
                | Self::RateLimited
                | Self::ServerError
                | Self::Unreachable
                | Self::Store
        )
    }

    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::MaxPages => "max_pages",
            Self::Wall => "wall",
            Self::Endless => "endless",
            Self::Shrunk => "shrunk",
            Self::Robots => "robots",
            Self::Password => "password",
            Self::ClosedFeed => "closed_feed",
            Self::Suspended => "suspended",
            Self::Challenge => "challenge",
            Self::RateLimited => "rate_limited",
            Self::NotJson => "not_json",
            Self::NotShopify => "not_shopify",
            Self::Damaged => "damaged",
            Self::ServerError => "server_error",
            Self::Unreachable => "unreachable",
            Self::RefusedAddress => "refused_address",
            Self::Superseded => "superseded",
            Self::Store => "store",
        }
    }
}

impl ProblemKind {
    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProductRefused => "product_refused",
            Self::Duplicate => "duplicate",
            Self::Price => "price",
            Self::Date => "date",
            Self::Field => "field",
            Self::Currency => "currency",
        }
    }
}

impl Reason {
    /// Returns a reason.
    pub fn new(stop: Stop, detail: impl Into<String>) -> Self {
        Self {
            stop,
            detail: detail.into(),
        }
    }
}

impl Problem {
    /// Returns a problem of one product. The page number is the crawl's to fill in.
    pub fn of_product(
        kind: ProblemKind,
        index: usize,
        product: Option<&NativeId>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            page: 0,
            index: u32::try_from(index).ok(),
            product: product.map(ToString::to_string),
            detail: detail.into(),
        }
    }
}

/// Shows `partial (wall): …`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self.reason() {
            Some(reason) => write!(f, " ({}): {}", reason.stop.name(), reason.detail),
            None => Ok(()),
        }
    }
}
