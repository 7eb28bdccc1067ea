//! What is asked, and what comes back.

use std::time::Duration;

use catalog::Validators;
use reqwest::header::{self, HeaderMap};
use url::{Position, Url};

/// Longer ones than this are not kept.
const MAX_VALIDATOR_BYTES: usize = 1 << 10;

/// An answer, whatever its status, with its body inflated.
#[derive(Debug, Clone)]
pub struct Response {
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, inflated.
    pub body: Vec<u8>,
    /// The body's size on the wire.
    pub wire_bytes: u64,
    /// The time from the request to the headers.
    pub(super) headers_after: Duration,
    /// Whether redirects led here that are for good, and no other.
    pub has_moved: bool,
}

impl Response {
    /// Returns what the answer says of its version; `None` where it says nothing that can be sent back.
    pub fn validators(&self) -> Option<Validators> {
        let header = |name| {
            let value = self.headers.get(name)?.to_str().ok()?;
            (value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
        };
        // Sent back, a bare asterisk would mean any version.
        let etag = header(header::ETAG).filter(|it| it.trim() != "*");
        let last_modified = header(header::LAST_MODIFIED)
            .filter(|it| etag.is_some() || is_old_enough(it, header(header::DATE).as_deref()));
        let url = self.url[..Position::AfterQuery].to_owned();
        (etag.is_some() || last_modified.is_some()).then_some(Validators {
            url,
            etag,
            last_modified,
        })
    }

    /// Returns whether a guard of the shop turned us away, and not the shop: Cloudflare says so with any status, Akamai only by
    /// its own name, with a 403.
    pub fn is_challenge(&self) -> bool {
        self.names_challenge() || (self.status == 403 && self.has("server", "AkamaiGHost"))
    }

    /// Returns whether the answer itself says that it is a challenge.
    pub(super) fn names_challenge(&self) -> bool {
        self.has("cf-mitigated", "challenge")
    }

    fn has(&self, name: &str, value: &str) -> bool {
        let header = self.headers.get(name);
        header.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    }
}

/// Returns whether an answer of `date` was last modified well before: a date counts whole seconds, and a change within the
/// second of the answer would stay unseen.
fn is_old_enough(last_modified: &str, date: Option<&str>) -> bool {
    let at = |text: &str| httpdate::parse_http_date(text).ok();
    let age = date.and_then(|date| at(date)?.duration_since(at(last_modified)?).ok());
    age.is_some_and(|age| age >= Duration::from_secs(60))
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The URL.
    pub url: &'a Url,
    /// What an earlier answer said of its version: a host where it is still the same may answer 304.
    pub validators: Option<&'a Validators>,
    /// A JSON document to be posted; `None` for GET.
    pub json: Option<&'a str>,
    /// Whether nothing depends on the answer: it is tried once, and what a refusal asks for is kept, but of the rate that the
    /// host bears it teaches nothing.
    pub is_aside: bool,
}

impl<'a> Ask<'a> {
    /// Returns a plain GET of `url`.
    pub const fn get(url: &'a Url) -> Self {
        Self {
            url,
            validators: None,
            json: None,
            is_aside: false,
        }
    }

    /// Returns the same for where a redirect leads. Validators are those of one address; a document goes along where it may.
    pub(super) const fn at(self, url: &'a Url) -> Self {
        Self {
            url,
            validators: None,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an answer with one header.
    fn answer(status: u16, name: &'static str, value: &'static str) -> Response {
        let name = header::HeaderName::from_static(name);
        let value = header::HeaderValue::from_static(value);
        Response {
            url: Url::parse("https://a.example/").unwrap(),
            status,
            headers: [(name, value)].into_iter().collect(),
            body: Vec::new(),
            wire_bytes: 0,
            headers_after: Duration::ZERO,
            has_moved: false,
        }
    }

    #[test]
    fn a_date_stands_for_a_version_a_minute_later() {
        let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (date, is_enough) in [
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), true),
            (Some("Sun, 06 Nov 1994 08:50:36 GMT"), false),
            (Some("Sun, 06 Nov 1994 08:49:36 GMT"), false),
            (Some("yesterday"), false),
            (None, false),
        ] {
            assert_eq!(is_old_enough(modified, date), is_enough, "{date:?}");
        }
        assert!(!is_old_enough("yesterday", Some(modified)));
    }

    #[test]
    fn a_version_that_would_mean_any_is_none() {
        for (etag, is_sent_back) in [("\"a\"", true), ("W/\"*\"", true), ("*", false)] {
            let response = answer(200, "etag", etag);
            assert_eq!(response.validators().is_some(), is_sent_back, "{etag}");
        }
    }

    #[test]
    fn guards_are_known_by_what_they_say_of_themselves() {
        for (status, name, value, is_guard) in [
            (403, "cf-mitigated", "challenge", true),
            (200, "cf-mitigated", "challenge", true),
            (503, "cf-mitigated", "challenge", true),
            (403, "server", "akamaighost", true),
            (200, "server", "akamaighost", false),
            (403, "server", "cloudflare", false),
            (403, "cf-mitigated", "block", false),
        ] {
            let response = answer(status, name, value);
            assert_eq!(response.is_challenge(), is_guard, "{name}: {value}");
        }
    }
}
