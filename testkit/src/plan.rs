//! What goes wrong in a fake shop, and at which requests.

use std::time::Duration;

/// How a fake shop behaves: its robots.txt, its limits, and its faults.
///
/// The default is a healthy shop.
#[derive(Debug, Clone)]
pub struct FaultPlan {
    pub(crate) robots: String,
    pub(crate) wall: Wall,
    pub(crate) latency: Duration,
    pub(crate) has_validators: bool,
    pub(crate) faults: Vec<(On, Fault)>,
}

/// What `/products.json` says where page × limit is above 25,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// Status 400 and an `errors` object.
    BadRequest,
    /// Status 200 and the same `errors` object.
    Ok,
    /// There is no wall.
    None,
}

/// Which requests a fault is for.
///
/// ```
/// use testkit::On;
/// On::feed(); // every request to /products.json
/// On::feed().nth(2); // the second one only
/// On::page(3).times(4); // the first four requests for page 3
/// On::path("/meta.json").from(2); // all but the first
/// ```
#[derive(Debug, Clone)]
pub struct On {
    target: Target,
    first: usize,
    n_times: usize,
}

#[derive(Debug, Clone)]
enum Target {
    Any,
    Feed,
    Page(u64),
    Path(String),
}

/// A way to misbehave.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status with a short text; the second field is the `Retry-After` header's value.
    Status(u16, Option<String>),
    /// This status, content type and body, uncompressed.
    Custom(u16, &'static str, Vec<u8>),
    /// Status 200 with a page of HTML.
    Html,
    /// Status 403 with `cf-mitigated: challenge` and a page of HTML.
    Challenge,
    /// Status 200 with a JSON object that has no products.
    NotShopify,
    /// Status 302 to this location.
    Redirect(String),
    /// Status 302 to the request's own address.
    RedirectLoop,
    /// The answer after this time.
    Delay(Duration),
    /// The answer's body in chunks of so many bytes, with a pause before each.
    SlowBody {
        /// Bytes per chunk, at least 1.
        chunk_size: usize,
        /// The pause before each chunk.
        delay: Duration,
    },
    /// No answer; ends with the connection or the shop.
    Hang,
    /// The first half of the answer's text, complete and well-formed as HTTP.
    Truncated,
    /// Half of the announced body, then the connection ends.
    CutConnection,
    /// The answer behind a UTF-8 byte-order mark.
    Bom,
    /// The answer as gzip, but without `Content-Encoding`.
    GzipWithoutHeader,
    /// The page with every second product damaged: wrong types, nulls, missing fields.
    WrongTypes,
    /// Page 1, whichever page was asked for.
    EndlessPages,
    /// A valid gzip body that inflates to so many zero bytes, a thousandth of that on the wire.
    GzipBomb {
        /// The size after inflating.
        inflated_bytes: u64,
    },
    /// A gzip body without an end that inflates to nothing: empty members, one behind the other.
    EndlessGzip,
    /// An uncompressed body of exactly so many bytes (at least 15): a document without products, padded with spaces.
    Huge {
        /// The size of the body.
        bytes: u64,
    },
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self {
            robots: ROBOTS.into(),
            wall: Wall::BadRequest,
            latency: Duration::ZERO,
            has_validators: false,
            faults: vec![],
        }
    }
}

impl FaultPlan {
    /// Returns the plan of a healthy shop.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault. Of several that are due at one request, the first added wins; all count the request.
    #[must_use]
    pub fn fault(mut self, on: On, fault: Fault) -> Self {
        self.faults.push((on, fault));
        self
    }

    /// Sets the text of `/robots.txt`; its status and delay are faults on that path.
    #[must_use]
    pub fn robots(mut self, text: impl Into<String>) -> Self {
        self.robots = text.into();
        self
    }

    /// Sets what happens where page × limit is above 25,000.
    #[must_use]
    pub const fn wall(mut self, wall: Wall) -> Self {
        self.wall = wall;
        self
    }

    /// Sets the time before every answer.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Makes healthy answers carry an `ETag` and honour `If-None-Match`, which real shops are not known to do.
    #[must_use]
    pub const fn validators(mut self) -> Self {
        self.has_validators = true;
        self
    }
}

impl On {
    /// Every request.
    pub const fn any() -> Self {
        Self::target(Target::Any)
    }

    /// Every request to `/products.json`.
    pub const fn feed() -> Self {
        Self::target(Target::Feed)
    }

    /// Every request to `/products.json` for this page.
    pub const fn page(page: u64) -> Self {
        Self::target(Target::Page(page))
    }

    /// Every request to this path, as sent: without the query, percent-encoded.
    pub fn path(path: impl Into<String>) -> Self {
        Self::target(Target::Path(path.into()))
    }

    const fn target(target: Target) -> Self {
        Self {
            target,
            first: 1,
            n_times: usize::MAX,
        }
    }

    /// Leaves only the `n`th of these requests, counted from 1.
    #[must_use]
    pub const fn nth(self, n: usize) -> Self {
        self.from(n).times(1)
    }

    /// Leaves these requests from the `n`th on, counted from 1.
    #[must_use]
    pub const fn from(mut self, n: usize) -> Self {
        self.first = n;
        self
    }

    /// Leaves so many requests, counted from the first that is left.
    #[must_use]
    pub const fn times(mut self, n_times: usize) -> Self {
        self.n_times = n_times;
        self
    }

    /// Returns whether a request is of this kind; `page` is `None` off `/products.json`.
    pub(crate) fn matches(&self, path: &str, page: Option<u64>) -> bool {
        match &self.target {
            Target::Any => true,
            Target::Feed => page.is_some(),
            Target::Page(wanted) => page == Some(*wanted),
            Target::Path(wanted) => path == wanted,
        }
    }

    /// Returns whether the fault is due at the `n`th request of this kind, counted from 1.
    pub(crate) const fn is_due(&self, n: usize) -> bool {
        n >= self.first && n - self.first < self.n_times
    }
}

impl Fault {
    /// This status without `Retry-After`.
    pub const fn status(code: u16) -> Self {
        Self::Status(code, None)
    }

    /// This status with a `Retry-After` header.
    pub fn retry_after(code: u16, value: impl Into<String>) -> Self {
        Self::Status(code, Some(value.into()))
    }
}

/// The rules of Shopify's default file that a crawler of products can meet, in short.
const ROBOTS: &str = "\
# An ordinary shop. Crawl gently, please.
User-agent: *
Disallow: /admin
Disallow: /cart
Disallow: /checkouts
Disallow: /account
Disallow: /search
Disallow: /policies/
Disallow: /recommendations/products
Disallow: /collections/*sort_by*
Disallow: /*/collections/*sort_by*
Disallow: /collections/*+*
Disallow: /collections/*%2B*

User-agent: Nutch
Disallow: /
";

#[cfg(test)]
mod tests {
    use super::*;

    fn due(on: &On) -> Vec<usize> {
        (1..=6).filter(|n| on.is_due(*n)).collect()
    }

    #[test]
    fn requests_are_counted_from_one() {
        assert_eq!(due(&On::feed()), [1, 2, 3, 4, 5, 6]);
        assert_eq!(due(&On::feed().nth(2)), [2]);
        assert_eq!(due(&On::feed().times(2)), [1, 2]);
        assert_eq!(due(&On::feed().from(3).times(2)), [3, 4]);
        assert_eq!(due(&On::feed().from(5)), [5, 6]);
    }
}
