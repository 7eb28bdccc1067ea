//! What goes wrong at a request.

use std::time::Duration;

/// A way to misbehave.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status with a short text; the second field is the `Retry-After` header's value.
    Status(u16, Option<String>),
    /// This status, content type and body, uncompressed.
    Custom(u16, &'static str, Vec<u8>),
    /// Status 200 with a page of HTML.
    Html,
    /// This status with `cf-mitigated: challenge` and a page of HTML; guards take 403, and 429 or 503.
    Challenge(u16),
    /// Status 200 with a JSON object that has no products.
    NotShopify,
    /// Status 302 to this location.
    Redirect(String),
    /// Status 302 to the request's own address.
    RedirectLoop,
    /// Status 301 to the same path and query at this base URL, such as `http://127.0.0.1:41234`: a shop that has moved.
    /// Two shops that move to each other are a loop across hosts.
    Moved(String),
    /// Status 301 to this base URL, whatever was asked for: a shop whose old paths all lead to its new home page.
    MovedHome(String),
    /// This status without a body and without a word on what the body would be.
    Empty(u16),
    /// The answer of a shop with this currency, as `/meta.json` and the pages name it.
    Currency(String),
    /// A sitemap index whose only file is the address that was asked for.
    SitemapLoop,
    /// An XML document that is small as it is and huge, or somebody else's, for who expands its entities: a feed where
    /// the path ends in `.atom`, else a file of a sitemap.
    XmlBomb(XmlBomb),
    /// The answer after this time.
    Delay(Duration),
    /// The answer's body in chunks of so many bytes, with a pause before each.
    SlowBody {
        /// Bytes per chunk, at least 1.
        chunk_size: usize,
        /// The pause before each chunk.
        delay: Duration,
    },
    /// The answer in pieces of so many bytes with a pause before each, from its first line on.
    SlowHead {
        /// Bytes per piece, at least 1.
        chunk_size: usize,
        /// The pause before each piece.
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

/// A way to make much of little with the entities of XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlBomb {
    /// Entities of entities: a kilobyte that stands for three gigabytes.
    BillionLaughs,
    /// One long entity that is named again and again: a megabyte that stands for tens of gigabytes.
    Quadratic,
    /// An entity that is a file of the reader's machine.
    ExternalFile,
    /// An external document type at this URL.
    ExternalUrl(&'static str),
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
