//! The only sender of HTTP to shops: robots.txt first, one request at a time per host, a rate, patience,
//! bounded bodies, and no way to a private address.
//!
//! Follows redirects by hand so that every hop passes the same checks. Parses nothing but robots.txt.

mod address;
mod ask;
mod body;
mod breaker;
mod ceiling;
mod config;
mod errands;
mod error;
mod figures;
mod host;
mod hosts;
mod identity;
mod landing;
mod latency;
mod lesson;
mod limits;
mod memory;
mod own_shop;
mod pace;
mod platform;
mod proxy;
mod rate;
mod retry;
mod robots;
mod rules;
mod tries;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use self::address::{AddressGuard, GuardedResolver, Lookup};
pub use self::ask::{Ask, Response};
pub use self::breaker::Failure;
pub use self::config::FetchConfig;
pub(crate) use self::errands::Errand;
pub use self::error::{FetchError, Rest, Wait};
use self::host::{Host, LONGEST_PAUSE};
use self::hosts::Hosts;
pub use self::hosts::HostsNow;
pub use self::identity::{
    ExpiryNotice, Identity, KeyError, MerchantError, MerchantHeaders, Now, Operator, OperatorKey,
    SignError, Signed, SignedDirectory,
};
pub(crate) use self::lesson::Lesson;
pub(crate) use self::limits::PLATFORM;
use self::limits::Shared;
pub(crate) use self::own_shop::SORTED_LIST;
pub use self::pace::{CutDelay, Pace};
pub use self::proxy::{ProxyError, ShopProxy};
pub use self::robots::RobotsAnswer;
use self::tries::Patience;

/// Redirects followed for one request, RFC 9309's number for robots.txt too.
const MAX_HOPS: usize = 5;

/// Longer redirect targets are no addresses of pages.
const MAX_LOCATION_BYTES: usize = 8 << 10;

/// Large answers that are in memory at once, unpacked and then as products, until they are stored: some 4 MB each. Whoever
/// waits has an eighth of that on the wire.
const MOST_UNPACKED: usize = 4;

/// Answers that are in memory at once of those that came without being packed, and are larger than a packed one may be. No
/// shop needs that for its products.
const MOST_LOOSE: usize = 2;

/// An answer of so many bytes on the wire is a large one.
const LARGE: usize = 32 << 10;

/// A connection that nobody used for so long is closed: behind a page of products it keeps 140 KB, and a crawl of many shops
/// leaves one behind with each.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

/// More lines than any head of 64 KiB has that is not made to have many; the client's own limit is 100.
const MOST_HEADERS: usize = 1_000;

/// What one URL answered.
enum Hop {
    Answer(Response),
    Redirect { target: Url, is_for_good: bool },
}

/// A polite HTTP client shared by all crawls of a process.
#[derive(Debug)]
pub struct Fetcher {
    config: FetchConfig,
    client: reqwest::Client,
    guard: Arc<AddressGuard>,
    hosts: Hosts,
    shared: Shared,
    /// For large answers.
    room: Arc<Semaphore>,
    /// For those of [`MOST_LOOSE`], which come slowly where a shop means harm: they keep none of the others waiting.
    loose_room: Arc<Semaphore>,
}

/// Checks of `url` what [`Fetcher::check_address`] does, for fetchers that may reach these private networks and ports.
///
/// # Errors
/// [`FetchError::RefusedAddress`] for what would never be requested.
pub fn check_address(
    url: &Url,
    allow_private: &[ipnet::IpNet],
    allow_ports: &[u16],
) -> Result<(), FetchError> {
    AddressGuard::new(allow_private.to_vec(), allow_ports.to_vec()).check_url(url)
}

impl Fetcher {
    /// Returns a fetcher.
    ///
    /// # Errors
    /// [`FetchError::Setup`] when TLS or the User-Agent cannot be set up.
    pub fn new(config: FetchConfig) -> Result<Self, FetchError> {
        Self::with_lookup(config, &address::system_lookup())
    }

    /// Returns one that asks `lookup` for the addresses of names.
    fn with_lookup(config: FetchConfig, lookup: &Lookup) -> Result<Self, FetchError> {
        // A second installation in one process is refused, and then the first one serves.
        drop(rustls::crypto::ring::default_provider().install_default());
        let guard = Arc::new(AddressGuard::new(
            config.allow_private.clone(),
            config.allow_ports.clone(),
        ));
        let builder = || client_builder(&config, &guard, lookup);
        let client = builder().build().or_else(|error| {
            tracing::warn!(
                "{}: no https shop can be verified; install the system's CA certificates (ca-certificates)",
                error::one_line(&error),
            );
            builder().tls_certs_only([]).build()
        });
        let client = client.map_err(|error| FetchError::Setup(error::one_line(&error)))?;
        let shared = Shared::new(
            config.platform_requests_per_second,
            config.total_requests_per_second,
        );
        Ok(Self {
            config,
            client,
            guard,
            hosts: Hosts::new(),
            shared,
            room: Arc::new(Semaphore::new(MOST_UNPACKED)),
            loose_room: Arc::new(Semaphore::new(MOST_LOOSE)),
        })
    }

    /// Gets `url`, with patience: 429, 430, 5xx (but for challenges) and broken connections are tried again, after the pause that
    /// the server asks for or a growing one of our own. Any other status is an answer.
    ///
    /// Cancel-safe: a dropped call sends nothing more; what waited in it is let go.
    ///
    /// # Errors
    /// See [`FetchError`]. A path that robots.txt refuses and an address that is not public are never
    /// requested.
    pub async fn get(&self, url: &Url) -> Result<Response, FetchError> {
        self.get_at(url, &Pace::default()).await
    }

    /// Does as [`Fetcher::get`], no faster than `pace`, which learns how long the hosts that are asked must rest.
    ///
    /// Cancel-safe as that is; what `pace` learned of a dropped call is kept.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub async fn get_at(&self, url: &Url, pace: &Pace) -> Result<Response, FetchError> {
        self.ask(Ask::get(url), pace).await
    }

    /// Does as [`Fetcher::get_at`] for any [`Ask`]. A document is posted again on each further try, and where a 307 or
    /// 308 leads on the same host; any other redirect of it is an error.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    pub async fn ask(&self, ask: Ask<'_>, pace: &Pace) -> Result<Response, FetchError> {
        let mut result = self.hop(ask, pace).await;
        let mut has_moved = false;
        for n_hops in 0..MAX_HOPS {
            match result? {
                Hop::Answer(response) => {
                    return Ok(Response {
                        has_moved,
                        ..response
                    });
                }
                Hop::Redirect {
                    target,
                    is_for_good,
                } => {
                    has_moved = is_for_good && (has_moved || n_hops == 0);
                    result = self
                        .hop(ask.at(&target), pace)
                        .await
                        .map_err(FetchError::behind_a_redirect);
                }
            }
        }
        match result? {
            Hop::Answer(response) => Ok(Response {
                has_moved,
                ..response
            }),
            Hop::Redirect { target, .. } => {
                Err(FetchError::TooManyRedirects { url: target.into() })
            }
        }
    }

    /// Returns the least time between two requests to a host that this fetcher keeps by itself.
    pub fn gap(&self) -> Duration {
        let rate = self.config.requests_per_second;
        rate.map_or(Duration::ZERO, ceiling::gap_of)
    }

    /// Returns whether crawls are to look at shops' best-selling orders.
    pub const fn observes_best_sellers(&self) -> bool {
        self.config.observe_best_sellers
    }

    /// Returns whether the shop at `url` is the operator's own.
    pub fn is_own_shop(&self, url: &Url) -> bool {
        own_shop::is_own_shop(url, &self.config.own_shops)
    }

    /// Returns how the hosts stand that this fetcher deals with. A host that is being asked now is not looked into.
    pub fn hosts_now(&self) -> HostsNow {
        HostsNow {
            is_platform_left_alone: self.shared.is_left_alone(),
            ..self.hosts.now()
        }
    }

    /// Checks what can be told of `url` without asking anybody: the scheme, the port, and a host that is an address.
    ///
    /// # Errors
    /// [`FetchError::RefusedAddress`] for what would never be requested.
    pub fn check_address(&self, url: &Url) -> Result<(), FetchError> {
        self.guard.check_url(url)
    }

    /// Asks for one URL, without following where it leads.
    async fn hop(&self, ask: Ask<'_>, pace: &Pace) -> Result<Hop, FetchError> {
        let url = ask.url;
        self.guard.check_url(url)?;
        // Before anything that others hold while they wait for room.
        pace.has_come_back().await;
        pace.recall(url).await;
        let host = self.host(url);
        let robots = self.robots(&host, url, pace).await?;
        if !robots.allows(url) && !own_shop::is_own_sorted_list(url, &self.config.own_shops) {
            return Err(FetchError::RefusedByRobots {
                url: url.to_string(),
            });
        }
        let patience = Patience {
            n_tries: if ask.is_aside {
                1
            } else {
                self.config.max_tries
            },
            crawl_delay: self.crawl_delay(&robots, url, pace),
            longest_try: None,
            longest_pause: self.longest_pause(),
        };
        let response = self.ask_patiently(&host, ask, patience, pace).await?;
        let Some(target) = redirect_target(&response)? else {
            return Ok(Hop::Answer(response));
        };
        let target = match ask.json {
            Some(_) => posted_again(&response, target)?,
            None => target,
        };
        Ok(Hop::Redirect {
            target,
            is_for_good: matches!(response.status, 301 | 308),
        })
    }

    /// Sends once. For a large answer `pace` has room from now on, until what it brought is done with.
    async fn send(&self, ask: Ask<'_>, pace: &Pace) -> Result<Response, FetchError> {
        let url = ask.url;
        let request = match ask.json {
            None => self.client.get(url.clone()),
            Some(json) => self
                .client
                .post(url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .body(json.to_owned()),
        };
        let versions = [
            (
                header::IF_NONE_MATCH,
                ask.validators.and_then(|it| it.etag.as_deref()),
            ),
            (
                header::IF_MODIFIED_SINCE,
                ask.validators.and_then(|it| it.last_modified.as_deref()),
            ),
        ];
        let request = versions
            .into_iter()
            .fold(request, |request, (name, value)| {
                match value.and_then(|value| HeaderValue::from_str(value).ok()) {
                    Some(value) => request.header(name, value),
                    None => request,
                }
            });
        let request = request
            .header(
                header::ACCEPT,
                "application/json, text/plain;q=0.9, */*;q=0.1",
            )
            .header(header::ACCEPT_ENCODING, "gzip");
        let request = self.identified(request, url)?;
        let limit = self.config.header_timeout;
        let began = Instant::now();
        let response = tokio::time::timeout(limit, request.send())
            .await
            .map_err(|_| FetchError::timed_out(url, Wait::Head, limit))?
            .map_err(|error| FetchError::of(url, &error, &self.config))?;
        let headers_after = began.elapsed();
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        body::check_head(&headers, url, &self.config)?;
        let room = pace.take_room(&self.loose_room);
        let wire = body::read(response, url, &self.config, room).await?;
        let wire_bytes = wire.len() as u64;
        if wire.len() >= LARGE && !pace.has_room() {
            pace.take_room(&self.room).await;
        }
        let body = body::inflate(wire, &headers, url, &self.config)?;
        Ok(Response {
            url: url.clone(),
            status,
            headers,
            body,
            wire_bytes,
            headers_after,
            has_moved: false,
        })
    }

    /// Adds who asks: of every request, also behind a redirect and for robots.txt, made for its own host.
    fn identified(
        &self,
        request: reqwest::RequestBuilder,
        url: &Url,
    ) -> Result<reqwest::RequestBuilder, FetchError> {
        let Some(identity) = &self.config.identity else {
            return Ok(request);
        };
        let headers = identity
            .headers(url)
            .map_err(|error| FetchError::unsigned(url, &error))?;
        Ok(request.headers(HeaderMap::from_iter(headers)))
    }

    /// Returns the longest pause that a request waits for.
    fn longest_pause(&self) -> Duration {
        self.config.max_retry_after.min(LONGEST_PAUSE)
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let ceiling = self.config.requests_per_second;
        self.hosts.get_or(url, || Host::new(ceiling))
    }
}

fn client_builder(
    config: &FetchConfig,
    guard: &Arc<AddressGuard>,
    lookup: &Lookup,
) -> reqwest::ClientBuilder {
    let proxy = config.proxy.as_ref();
    let resolver = GuardedResolver::new(
        Arc::clone(guard),
        config.pinned_hosts.clone(),
        proxy.and_then(ShopProxy::host_name),
        Arc::clone(lookup),
    );
    let client = reqwest::Client::builder()
        .user_agent(user_agent(&config.contact_url))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        // The client's own tries know no limit; ours do.
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout)
        .timeout(config.total_timeout)
        .pool_max_idle_per_host(1)
        .pool_idle_timeout(LONGEST_IDLE)
        .http1_max_headers(MOST_HEADERS)
        .dns_resolver(resolver);
    match proxy {
        Some(proxy) => client.proxy(proxy.for_client()),
        None => client,
    }
}

/// Returns `trouvaille/1.2.3 (+https://contact.example)`.
fn user_agent(contact_url: &str) -> String {
    let program = concat!("trouvaille/", env!("CARGO_PKG_VERSION"));
    if contact_url.is_empty() {
        return program.to_owned();
    }
    format!("{program} (+{contact_url})")
}

/// Returns where a 301, 302, 303, 307 or 308 leads; `None` for any other answer.
fn redirect_target(response: &Response) -> Result<Option<Url>, FetchError> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refused = |detail| bad_redirect(response, detail);
    let damaged = |detail: &str| FetchError::Damaged {
        url: response.url.to_string(),
        detail: detail.to_owned(),
    };
    let location = response
        .headers
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .filter(|location| location.len() <= MAX_LOCATION_BYTES)
        .ok_or_else(|| damaged("it redirects without a readable Location"))?;
    let mut target = response
        .url
        .join(location)
        .map_err(|_| damaged("it redirects to something that is no URL"))?;
    if response.url.scheme() == "https" && target.scheme() != "https" {
        return Err(refused("from https down to plain http"));
    }
    // A redirect does not make us send a name and a password.
    let is_anonymous = target
        .set_username("")
        .and_then(|()| target.set_password(None));
    is_anonymous.map_err(|()| refused("to something without a host"))?;
    Ok(Some(target))
}

/// Returns `target` where a document that was posted may be posted again: the answer says so, and it stays with its host.
fn posted_again(response: &Response, target: Url) -> Result<Url, FetchError> {
    if !matches!(response.status, 307 | 308) {
        return Err(bad_redirect(
            response,
            "of what was posted to something to be read",
        ));
    }
    if response.url.origin() != target.origin() {
        return Err(bad_redirect(response, "of what was posted to another host"));
    }
    Ok(target)
}

fn bad_redirect(response: &Response, detail: &str) -> FetchError {
    FetchError::BadRedirect {
        url: response.url.to_string(),
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(from: &str, status: u16, location: &str) -> Response {
        Response {
            url: Url::parse(from).unwrap(),
            status,
            headers: HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]),
            body: vec![],
            wire_bytes: 0,
            headers_after: Duration::ZERO,
            has_moved: false,
        }
    }

    fn redirect(from: &str, status: u16, location: &str) -> Result<Option<Url>, FetchError> {
        redirect_target(&moved(from, status, location))
    }

    #[test]
    fn redirects_are_taken_against_the_url_that_answered() {
        for (location, target) in [
            ("/b?c=d", "https://shop.example/b?c=d"),
            ("//www.shop.example/a", "https://www.shop.example/a"),
            ("https://other.example/", "https://other.example/"),
            ("https://me:secret@other.example/", "https://other.example/"),
        ] {
            let found = redirect("https://shop.example/a", 302, location)
                .unwrap()
                .unwrap();
            assert_eq!(found.as_str(), target);
        }
        assert!(
            redirect("https://shop.example/a", 200, "/b")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn no_redirect_leads_from_https_to_plain_http_or_nowhere() {
        let far_too_long = format!("https://shop.example/{}", "a".repeat(MAX_LOCATION_BYTES));
        for location in [
            "http://shop.example/a",
            "ftp://shop.example/",
            "http://[",
            "",
            far_too_long.as_str(),
        ] {
            let found = redirect("https://shop.example/a", 301, location);
            let is_same_page = found
                .as_ref()
                .is_ok_and(|it| it.as_ref().is_some_and(|it| it.path() == "/a"));
            assert!(
                found.is_err() || (location.is_empty() && is_same_page),
                "{location:?}"
            );
        }
        for location in ["http://[", far_too_long.as_str()] {
            let found = redirect("https://shop.example/a", 301, location);
            assert!(
                matches!(found, Err(FetchError::Damaged { .. })),
                "{found:?}"
            );
        }
    }

    #[test]
    fn what_was_posted_is_posted_again_only_to_the_same_host_and_where_that_is_asked() {
        let (near, far) = ("https://shop.example/b", "https://other.example/b");
        for (status, location, is_posted) in [
            (307, near, true),
            (308, near, true),
            (301, near, false),
            (302, near, false),
            (303, near, false),
            (307, far, false),
            (308, "https://shop.example:8443/b", false),
        ] {
            let response = moved("https://shop.example/a", status, location);
            let again = posted_again(&response, Url::parse(location).unwrap());
            assert_eq!(again.is_ok(), is_posted, "{status} {location}");
        }
    }

    #[test]
    fn the_user_agent_names_us_and_the_contact() {
        assert!(user_agent("").starts_with("trouvaille/"));
        assert!(user_agent("https://crawler.example").ends_with(" (+https://crawler.example)"));
    }
}
