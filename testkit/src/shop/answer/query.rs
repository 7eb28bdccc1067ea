//! What a request asks for.

use axum::http::header;
use axum::http::request::Parts;

/// A request, with what several endpoints want to know of it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
    /// `Host`, or nothing.
    pub(super) host: &'a str,
    /// The page of `/products.json`; `None` off it.
    pub(super) list: Option<ListQuery>,
}

/// Which page of a list is asked for, after the endpoints' own corrections.
#[derive(Clone, Copy)]
pub(super) struct ListQuery {
    pub(super) page: u64,
    pub(super) limit: u64,
}

impl<'a> Asked<'a> {
    pub(super) fn new(parts: &'a Parts, body: &'a [u8]) -> Self {
        let host = parts.headers.get(header::HOST);
        let mut asked = Self {
            parts,
            body,
            host: host.and_then(|it| it.to_str().ok()).unwrap_or_default(),
            list: None,
        };
        asked.list = (asked.path() == "/products.json").then(|| asked.page());
        asked
    }

    pub(super) fn path(&self) -> &'a str {
        self.parts.uri.path()
    }

    /// Returns whether the request came by the name `host`, at any port.
    pub(super) fn is_at(&self, host: &str) -> bool {
        self.host.split(':').next() == Some(host)
    }

    /// Returns the last parameter of this name that is a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.rfind(|(key, _)| *key == name)?;
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| value.parse().unwrap_or(u64::MAX))
    }

    /// Returns the page as lists correct it: 30 entries unless 1 to 250 are asked for.
    pub(super) fn page(&self) -> ListQuery {
        let limit = self.number("limit").filter(|limit| *limit >= 1);
        ListQuery {
            page: self.number("page").unwrap_or(1).max(1),
            limit: limit.unwrap_or(30).min(250),
        }
    }
}

impl ListQuery {
    /// Returns whether the list shows nothing here: page times limit is above 25,000.
    pub(super) const fn is_over_the_wall(self) -> bool {
        self.page.saturating_mul(self.limit) > 25_000
    }
}
