//! Why there is no answer.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use url::Url;

use super::address::RefusedAddress;
use super::breaker::Failure;
use super::{FetchConfig, Response, SignError};

/// Why a request brought no answer that counts, by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The client cannot be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
    /// The request could not be signed, and is not sent without that.
    #[error("cannot sign the request for {url}: {detail}")]
    Unsigned {
        /// The URL.
        url: String,
        /// What failed.
        detail: String,
    },
    /// The address is private, its port unusual, or it is not http(s). Where a person named it, the detail says how to allow it.
    #[error("refused to connect to {url}: {detail}")]
    RefusedAddress {
        /// The URL asked for or redirected to.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
    /// robots.txt does not allow the path.
    #[error("robots.txt does not allow {url}")]
    RefusedByRobots {
        /// The URL.
        url: String,
    },
    /// robots.txt could not be had, which forbids everything for now (RFC 9309, 2.3.1.4).
    #[error("robots.txt could not be read, which forbids everything for now: {0}")]
    NoRobots(#[source] Box<Self>),
    /// Name, network or TLS failed.
    #[error("cannot reach {url}: {detail}")]
    Unreachable {
        /// The URL.
        url: String,
        /// What the network said.
        detail: String,
    },
    /// The answer took too long.
    #[error("{url} {} {} s", wait.words(), limit.as_secs_f64())]
    TimedOut {
        /// The URL.
        url: String,
        /// What took it.
        wait: Wait,
        /// The time granted.
        limit: Duration,
    },
    /// The answer broke off.
    #[error("the answer of {url} broke off: {detail}")]
    BrokenOff {
        /// The URL.
        url: String,
        /// What the network said.
        detail: String,
    },
    /// 429 or 430 on every try.
    #[error("{url} answered {status} ({}) {n_tries} times{}", refusal(*status), advice(*status))]
    RateLimited {
        /// The URL.
        url: String,
        /// The last status.
        status: u16,
        /// The tries.
        n_tries: u32,
    },
    /// A guard of the shop, which wants to see a person: with 429, 430 or 5xx, or at robots.txt.
    #[error("{url} answered {status} with an anti-bot challenge")]
    Challenged {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server asks for a longer pause than one is willing to wait.
    #[error(
        "{url} answered {status} and asks to come back after {} s, which is too long to wait{}",
        pause.as_secs(), advice(*status)
    )]
    ComeBackLater {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// The pause that was asked for.
        pause: Duration,
    },
    /// The host or its platform is left alone for now: nothing was sent.
    #[error("{url} is not asked for another {} s: {why}; crawl it again after that", left.as_secs_f64().ceil())]
    LeftAlone {
        /// The URL.
        url: String,
        /// How long it is still left alone.
        left: Duration,
        /// Why.
        why: Rest,
    },
    /// 5xx on every try.
    #[error("{url} answered {status} {n_tries} times")]
    ServerError {
        /// The URL.
        url: String,
        /// The last status.
        status: u16,
        /// The tries.
        n_tries: u32,
    },
    /// The body is larger than allowed.
    #[error("the answer of {url} is larger than {limit_bytes} bytes {form}")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit_bytes: usize,
        /// Of what: the head, on the wire, or inflated.
        form: &'static str,
    },
    /// The body cannot be inflated.
    #[error("the answer of {url} is damaged: {detail}")]
    Damaged {
        /// The URL.
        url: String,
        /// What is wrong.
        detail: String,
    },
    /// A redirect that must not or cannot be followed.
    #[error("{url} redirects {detail}")]
    BadRedirect {
        /// The URL that redirects.
        url: String,
        /// Where, or what is wrong.
        detail: String,
    },
    /// More hops than allowed.
    #[error("more than 5 redirects, the last one to {url}")]
    TooManyRedirects {
        /// The last target.
        url: String,
    },
}

const fn refusal(status: u16) -> &'static str {
    match status {
        430 => "Shopify's bot protection refused",
        _ => "too many requests",
    }
}

/// Says what helps, where that is more than to wait.
const fn advice(status: u16) -> &'static str {
    match status {
        430 => "; sign requests or slow down: docs/crawling.md",
        _ => "",
    }
}

/// What a server took too long for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The head of the answer.
    Head,
    /// The next bytes of the body.
    Bytes,
    /// As many bytes as one a second, and more, would be: they dripped.
    Rate,
    /// All of the answer.
    Answer,
}

impl Wait {
    const fn words(self) -> &'static str {
        match self {
            Self::Head => "did not begin to answer within",
            Self::Bytes => "fell silent inside its answer, for",
            Self::Rate => "sent its answer too slowly, for",
            Self::Answer => "did not answer within",
        }
    }
}

/// Why a host is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It asked for a pause.
    Asked,
    /// Its answers asked for longer pauses, all together, than one piece of work waits for.
    AskedTooOften,
    /// It failed many times in a row.
    Failing(Failure),
    /// Several shops of its platform refused at the first request.
    Platform,
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "an earlier answer asked for this pause",
            Self::AskedTooOften => {
                "the pauses that its answers ask for are together longer than crawl.max_retry_after_seconds"
            }
            Self::Failing(Failure::Refused) => "it refused too many times in a row",
            Self::Failing(Failure::ServerError) => "it failed too many times in a row",
            Self::Failing(Failure::Unreachable) => "it gave no answer too many times in a row",
            Self::Platform => "several shops of its platform turned us away at the first request",
        })
    }
}

impl FetchError {
    /// Returns what a failed request means; finds our own refusal of an address inside.
    pub(super) fn of(url: &Url, error: &reqwest::Error, config: &FetchConfig) -> Self {
        if let Some(refused) = refusal_inside(error) {
            return Self::refused(url, refused);
        }
        if is_head_too_large(error) {
            return Self::head_too_large(url, config.max_header_bytes);
        }
        let (url, detail) = (url.to_string(), one_line(error));
        if error.is_body() || error.is_decode() {
            return Self::BrokenOff { url, detail };
        }
        Self::Unreachable { url, detail }
    }

    pub(super) fn refused(url: &Url, refused: &RefusedAddress) -> Self {
        let prefix = if refused.ip.is_ipv4() { 32 } else { 128 };
        Self::RefusedAddress {
            url: url.to_string(),
            detail: format!("{refused}{ALLOW}--allow-private {}/{prefix})", refused.ip),
        }
    }

    pub(super) fn refused_port(url: &Url, port: u16) -> Self {
        Self::RefusedAddress {
            url: url.to_string(),
            detail: format!(
                "port {port} is neither 80 nor 443{ALLOW}crawl.allow_ports = [{port}] in the configuration)"
            ),
        }
    }

    pub(super) fn unsigned(url: &Url, error: &SignError) -> Self {
        Self::Unsigned {
            url: url.to_string(),
            detail: error.to_string(),
        }
    }

    pub(super) fn head_too_large(url: &Url, limit_bytes: usize) -> Self {
        Self::TooLarge {
            url: url.to_string(),
            limit_bytes,
            form: "in its head",
        }
    }

    /// Returns the same for a URL that a server named: nobody is invited to follow it.
    pub(super) fn behind_a_redirect(self) -> Self {
        match self {
            Self::RefusedAddress { url, detail } => {
                let what = detail.split(ALLOW).next().unwrap_or_default();
                let detail = format!("a redirect leads there, and {what}");
                Self::RefusedAddress { url, detail }
            }
            other => other,
        }
    }

    /// Returns the same of a host that is left alone as its answers asked for pauses again and again.
    pub(super) fn for_asking_too_often(self) -> Self {
        match self {
            Self::LeftAlone {
                url,
                left,
                why: Rest::Asked,
            } => Self::LeftAlone {
                url,
                left,
                why: Rest::AskedTooOften,
            },
            other => other,
        }
    }

    pub(super) fn challenged(response: &Response) -> Self {
        Self::Challenged {
            url: response.url.to_string(),
            status: response.status,
        }
    }

    pub(super) fn timed_out(url: &Url, wait: Wait, limit: Duration) -> Self {
        Self::TimedOut {
            url: url.to_string(),
            wait,
            limit,
        }
    }

    /// Returns the same for robots.txt, where a server that answers badly forbids everything, while one that
    /// cannot be reached at all is just that.
    pub(super) fn while_asking_robots(self) -> Self {
        match self {
            Self::Unreachable { .. } | Self::RefusedAddress { .. } | Self::LeftAlone { .. } => self,
            other => Self::NoRobots(Box::new(other)),
        }
    }

    /// Returns the URL that could not be had; `None` where it is none's fault.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Setup(_) => None,
            Self::NoRobots(why) => why.url(),
            Self::Unsigned { url, .. }
            | Self::RefusedAddress { url, .. }
            | Self::RefusedByRobots { url }
            | Self::Unreachable { url, .. }
            | Self::TimedOut { url, .. }
            | Self::BrokenOff { url, .. }
            | Self::RateLimited { url, .. }
            | Self::Challenged { url, .. }
            | Self::ComeBackLater { url, .. }
            | Self::LeftAlone { url, .. }
            | Self::ServerError { url, .. }
            | Self::TooLarge { url, .. }
            | Self::Damaged { url, .. }
            | Self::BadRedirect { url, .. }
            | Self::TooManyRedirects { url } => Some(url),
        }
    }

    /// Returns whether another try may bring an answer.
    pub(super) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::BrokenOff { .. }
        )
    }
}

/// Begins how a person allows what is refused.
const ALLOW: &str = " (allow it with ";

/// Returns the error and its causes as one line, in plain words where the cause is a common one.
pub(super) fn one_line(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !texts.iter().any(|earlier| earlier.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let last = texts.last().map_or_else(|| error.to_string(), Clone::clone);
    let has = |words: &str| texts.iter().any(|text| text.contains(words));
    if has("dns error") {
        return format!("its name cannot be resolved ({last})");
    }
    if has("InvalidContentType") {
        return "it does not speak TLS (try http://)".to_owned();
    }
    texts.retain(|text| !text.starts_with("client error"));
    if texts.is_empty() {
        return last;
    }
    texts.join(": ")
}

/// Returns whether the client gave up on a head with too many headers or bytes; asking again brings the same one.
fn is_head_too_large(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.to_string() == "message head is too large" {
            return true;
        }
        cause = error.source();
    }
    false
}

fn refusal_inside(error: &reqwest::Error) -> Option<&RefusedAddress> {
    let mut cause: Option<&dyn Error> = error.source();
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}
