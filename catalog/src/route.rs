//! The ways to a shop's products, and what a pass over one tells of the ways that it took.

use serde::{Deserialize, Serialize};

use crate::{Currency, Popularity, UnixMs};

/// A way to a shop's products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The product list at the shop's own address.
    #[default]
    List,
    /// The same list at the address that the platform gave the shop.
    Myshopify,
    /// The product lists of the shop's collections.
    Collections,
    /// The feed of all products, which has the newest only.
    Atom,
    /// The product pages that the sitemap names, one at a time.
    Sitemap,
}

/// Where a route stands. What the two numbers count is the route's to say; both are 0 at its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The route.
    #[serde(default)]
    pub route: Route,
    /// What is done: of collections, a number that stands for those that were read and their order.
    #[serde(default)]
    pub part: u32,
    /// A page or a product in it.
    #[serde(default)]
    pub item: u32,
}

impl Place {
    /// Returns whether this is where every pass begins.
    pub fn is_start(&self) -> bool {
        *self == Self::default()
    }
}

/// What a pass tells of itself beside its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassNotes {
    /// The routes in the order in which they were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteUse>,
    /// What was learned of the shop's best sellers; `None` where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub popularity: Option<Popularity>,
    /// What the shop's hosts were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// How many products the shop said that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_stated: Option<u64>,
    /// The shop's currency at the pass before, where it is another one now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency_before: Option<Currency>,
    /// The page with the known products that the list did not show and that were kept all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_page: Option<u32>,
    /// Of a complete pass: when the last one began that read every page, of all up to it. A page that is as it was is not
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_whole_at: Option<UnixMs>,
}

impl PassNotes {
    /// Returns whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A route that a pass took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteUse {
    /// The route.
    pub route: Route,
    /// Products that it brought and no earlier one had.
    pub products: u64,
    /// Why it ended; `None` while it is under way.
    pub end: Option<RouteEnd>,
    /// What happened, to what, in one line; empty where the end says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Why a route ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteEnd {
    /// A page with fewer products than a full one: the last.
    ShortPage,
    /// A page without products, behind the last.
    EmptyPage,
    /// The platform's limit of what its product list shows.
    Wall,
    /// Everything that the sitemap names was found.
    Covered,
    /// All that the route has was read; whether that is all that the shop has, it does not say.
    Exhausted,
    /// The limit of pages or requests that was set.
    Budget,
    /// Ctrl-C, SIGTERM or the end of the task.
    Cancelled,
    /// The shop does not open it.
    Blocked,
    /// Its answer was of no use: another thing than asked for, or damaged.
    Unusable,
}

/// What a shop's hosts were asked in a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Requests sent, robots.txt and repetitions included.
    pub requests: u64,
    /// Answers 429 and 430.
    pub refusals: u64,
    /// Requests that repeated one that failed.
    pub retries: u64,
    /// Answers 304.
    pub not_modified: u64,
    /// Bytes of the answers as they came over the wire.
    pub bytes: u64,
    /// Milliseconds between two requests that the limiter had arrived at; `None` where nothing limited it.
    pub gap_ms: Option<u64>,
    /// Milliseconds between two requests that robots.txt asks for, where they are more than were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_gap_ms: Option<u64>,
    /// Bytes of the longest robots.txt that was read and is longer than what counts of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub robots_bytes: Option<u64>,
}

impl Traffic {
    /// Returns this and what came behind it.
    #[must_use]
    pub fn and_then(self, later: Self) -> Self {
        Self {
            requests: self.requests + later.requests,
            refusals: self.refusals + later.refusals,
            retries: self.retries + later.retries,
            not_modified: self.not_modified + later.not_modified,
            bytes: self.bytes + later.bytes,
            gap_ms: later.gap_ms.or(self.gap_ms),
            asked_gap_ms: self.asked_gap_ms.max(later.asked_gap_ms),
            robots_bytes: self.robots_bytes.max(later.robots_bytes),
        }
    }
}

/// What an answer said of its own version, to ask later whether it is still the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The address that answered, without a fragment.
    pub url: String,
    /// The `ETag` as sent.
    pub etag: Option<String>,
    /// `Last-Modified` as sent.
    pub last_modified: Option<String>,
}

/// What is remembered of a host, or of a platform, between two passes.
///
/// It belongs to the address from which was asked as much as to the host, so it is not taken to another store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Scheme, host and port, such as `https://shop.example`; or a platform, such as `platform:shopify`.
    pub name: String,
    /// Milliseconds between two requests with which the limiter begins next time; `None` where it was never refused.
    pub gap_ms: Option<u64>,
    /// The gap that was refused last.
    pub refused_gap_ms: Option<u64>,
    /// The end of the pause that it asked for.
    pub not_before: Option<UnixMs>,
    /// Failures in a row, for the circuit breaker.
    pub n_failures: u32,
    /// When this was learned; while a pause runs, when that began.
    pub at: UnixMs,
}

impl Route {
    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Myshopify => "myshopify",
            Self::Collections => "collections",
            Self::Atom => "atom",
            Self::Sitemap => "sitemap",
        }
    }
}

impl RouteEnd {
    /// Returns the name as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShortPage => "short_page",
            Self::EmptyPage => "empty_page",
            Self::Wall => "wall",
            Self::Covered => "covered",
            Self::Exhausted => "exhausted",
            Self::Budget => "budget",
            Self::Cancelled => "cancelled",
            Self::Blocked => "blocked",
            Self::Unusable => "unusable",
        }
    }
}
