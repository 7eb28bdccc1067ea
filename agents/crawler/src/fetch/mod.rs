//! The only sender of HTTP to shops: robots.txt first, one request at a time per host, a rate, patience,
//! bounded bodies, and no way to a private address.
//!
//! Follows redirects by hand so that every hop passes the same checks. Parses nothing but robots.txt.

mod address;
mod body;
mod error;
mod host;
mod pace;
mod retry;
mod robots;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use url::Url;

use self::address::{AddressGuard, GuardedResolver};
pub use self::error::FetchError;
use self::host::Host;
pub use self::pace::Pace;
use self::robots::Robots;
pub use self::robots::RobotsAnswer;

/// Redirects followed for one request, RFC 9309's number for robots.txt too.
const MAX_HOPS: usize = 5;

/// Longer redirect targets are no addresses of pages.
const MAX_LOCATION_BYTES: usize = 8 << 10;

/// How the fetcher behaves. The defaults are polite and safe.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// Where a shop's owner can learn who crawls and complain; goes into the User-Agent.
    pub contact_url: String,
    /// The most requests per second and host, with a burst of one; `None` for no ceiling.
    pub requests_per_second: Option<f64>,
    /// Private networks that may be reached all the same.
    pub allow_private: Vec<ipnet::IpNet>,
    /// Host names with a fixed address, as in a hosts file; the port counts where the URL has none.
    pub pinned_hosts: HashMap<String, SocketAddr>,
    /// The longest time to connect, TLS included.
    pub connect_timeout: Duration,
    /// The longest silence inside an answer.
    pub read_timeout: Duration,
    /// The longest time from request to the answer's last byte.
    pub total_timeout: Duration,
    /// The same for robots.txt.
    pub robots_timeout: Duration,
    /// Tries of one request in all.
    pub max_tries: u32,
    /// The first pause after a failed try; doubles with each.
    pub backoff: Duration,
    /// The longest such pause.
    pub max_backoff: Duration,
    /// The longest pause that a server may ask for by `Retry-After`; one that asks for more is left alone.
    pub max_retry_after: Duration,
    /// The longest `Crawl-delay` that is kept; a longer one is cut to it, with a warning.
    pub max_crawl_delay: Duration,
    /// The most bytes of a body on the wire.
    pub max_wire_bytes: usize,
    /// The most bytes of a body inflated.
    pub max_body_bytes: usize,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            contact_url: String::new(),
            requests_per_second: Some(2.0),
            allow_private: Vec::new(),
            pinned_hosts: HashMap::new(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(60),
            robots_timeout: Duration::from_secs(20),
            max_tries: 5,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(3600),
            max_crawl_delay: Duration::from_secs(60),
            max_wire_bytes: 8 << 20,
            max_body_bytes: 64 << 20,
        }
    }
}

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
}

/// What one URL answered.
enum Hop {
    Answer(Response),
    Redirect(Url),
}

/// A polite HTTP client shared by all crawls of a process.
#[derive(Debug)]
pub struct Fetcher {
    config: FetchConfig,
    client: reqwest::Client,
    guard: Arc<AddressGuard>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

/// Checks of `url` what [`Fetcher::check_address`] does, for fetchers that may reach these private networks.
///
/// # Errors
/// [`FetchError::RefusedAddress`] for what would never be requested.
pub fn check_address(url: &Url, allow_private: &[ipnet::IpNet]) -> Result<(), FetchError> {
    AddressGuard::new(allow_private.to_vec()).check_url(url)
}

impl Fetcher {
    /// Returns a fetcher.
    ///
    /// # Errors
    /// [`FetchError::Setup`] when TLS or the User-Agent cannot be set up.
    pub fn new(config: FetchConfig) -> Result<Self, FetchError> {
        // A second installation in one process is refused, and then the first one serves.
        drop(rustls::crypto::ring::default_provider().install_default());
        let guard = Arc::new(AddressGuard::new(config.allow_private.clone()));
        let client = client_builder(&config, &guard).build().or_else(|error| {
            tracing::warn!(
                "{}: no https shop can be verified; install the system's CA certificates (ca-certificates)",
                error::one_line(&error),
            );
            client_builder(&config, &guard).tls_certs_only([]).build()
        });
        let client = client.map_err(|error| FetchError::Setup(error::one_line(&error)))?;
        Ok(Self {
            config,
            client,
            guard,
            hosts: Mutex::new(HashMap::new()),
        })
    }

    /// Gets `url`, with patience: 429, 430, 5xx and broken connections are tried again, after the pause that
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
        let mut result = self.hop(url, pace).await;
        for _ in 0..MAX_HOPS {
            match result? {
                Hop::Answer(response) => return Ok(response),
                Hop::Redirect(target) => {
                    result = self
                        .hop(&target, pace)
                        .await
                        .map_err(FetchError::behind_a_redirect);
                }
            }
        }
        match result? {
            Hop::Answer(response) => Ok(response),
            Hop::Redirect(target) => Err(FetchError::TooManyRedirects { url: target.into() }),
        }
    }

    /// Returns the least time between two requests to a host that this fetcher keeps by itself.
    pub fn gap(&self) -> Duration {
        let rate = self.config.requests_per_second;
        rate.map_or(Duration::ZERO, host::gap_of)
    }

    /// Checks what can be told of `url` without asking anybody: the scheme, and a host that is an address.
    ///
    /// # Errors
    /// [`FetchError::RefusedAddress`] for what would never be requested.
    pub fn check_address(&self, url: &Url) -> Result<(), FetchError> {
        self.guard.check_url(url)
    }

    /// Takes over what the host of `url` answered `age` ago when it was asked for robots.txt.
    ///
    /// The host is not asked again until that is a day old. What this fetcher read itself is not replaced.
    pub async fn remember_robots(&self, url: &Url, answer: &RobotsAnswer, age: Duration) {
        let host = self.host(url);
        let mut known = host.robots.lock().await;
        if known.fresh().is_none() {
            known.robots = Some(Arc::new(Robots::of(answer, age)));
        }
    }

    /// Returns what the host of `url` answered when this fetcher asked it for robots.txt: once, and `None` from
    /// then on until it is asked again.
    pub async fn take_robots(&self, url: &Url) -> Option<RobotsAnswer> {
        let host = {
            let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            hosts.get(&url.origin().ascii_serialization()).cloned()
        };
        host?.robots.lock().await.answer.take()
    }

    /// Asks for one URL, without following where it leads.
    async fn hop(&self, url: &Url, pace: &Pace) -> Result<Hop, FetchError> {
        self.guard.check_url(url)?;
        let host = self.host(url);
        let robots = self.robots(&host, url, pace).await?;
        if !robots.allows(url) {
            return Err(FetchError::RefusedByRobots {
                url: url.to_string(),
            });
        }
        let crawl_delay = robots.crawl_delay(url, self.config.max_crawl_delay);
        let response = self
            .get_patiently(&host, url, crawl_delay, self.config.max_tries, pace)
            .await?;
        Ok(match redirect_target(&response)? {
            None => Hop::Answer(response),
            Some(target) => Hop::Redirect(target),
        })
    }

    /// Returns the rules of the host's robots.txt, from at most a day ago.
    async fn robots(&self, host: &Host, url: &Url, pace: &Pace) -> Result<Arc<Robots>, FetchError> {
        let mut known = host.robots.lock().await;
        if let Some(robots) = known.fresh() {
            return Ok(robots);
        }
        let answer = self.fetch_robots(host, url, pace).await?;
        let robots = Arc::new(Robots::of(&answer, Duration::ZERO));
        known.robots = Some(Arc::clone(&robots));
        known.answer = Some(answer);
        Ok(robots)
    }

    async fn fetch_robots(
        &self,
        host: &Host,
        url: &Url,
        pace: &Pace,
    ) -> Result<RobotsAnswer, FetchError> {
        let mut robots_url = url
            .join("/robots.txt")
            .expect("an absolute path joins any http URL");
        let n_tries = self.config.max_tries.min(2);
        let mut other_host;
        let mut host = host;
        for n_hops in 0..=MAX_HOPS {
            let explained = |error: FetchError| match n_hops {
                0 => error.while_asking_robots(),
                _ => error.while_asking_robots().behind_a_redirect(),
            };
            self.guard.check_url(&robots_url).map_err(explained)?;
            let answer = self.get_patiently(host, &robots_url, None, n_tries, pace);
            let response = tokio::time::timeout(self.config.robots_timeout, answer)
                .await
                .unwrap_or_else(|_| {
                    Err(FetchError::timed_out(
                        &robots_url,
                        self.config.robots_timeout,
                    ))
                })
                .map_err(explained)?;
            match redirect_target(&response)? {
                None => return Ok(RobotsAnswer::new(response.status, &response.body)),
                Some(target) => robots_url = target,
            }
            other_host = self.host(&robots_url);
            host = &other_host;
        }
        Err(FetchError::TooManyRedirects {
            url: robots_url.into(),
        })
    }

    /// Sends until there is an answer that counts or `n_tries` are used up, one request at a time per host.
    async fn get_patiently(
        &self,
        host: &Host,
        url: &Url,
        crawl_delay: Option<Duration>,
        n_tries: u32,
        pace: &Pace,
    ) -> Result<Response, FetchError> {
        let crawl_delay = crawl_delay.unwrap_or_default();
        let gap = crawl_delay.max(pace.gap());
        // Behind the work the host is left alone as long as it or the operator wants, not as long as this work did:
        // one that wished to be slow would keep all others from the shop.
        let rest = crawl_delay.max(self.gap());
        let mut turn = host.turn.lock().await;
        for n_tried in 1.. {
            turn.wait(gap).await;
            let sent = pace.sent(rest);
            let result = self.send(url).await;
            sent.answered(&result);
            let Some(pause) = retry::pause_before_next(&result, n_tried, &self.config) else {
                return retry::settled(result);
            };
            if n_tried >= n_tries {
                return Err(retry::exhausted(result, url, n_tried));
            }
            tracing::warn!(
                url = %url,
                try_number = n_tried,
                pause_ms = pause.as_millis() as u64,
                "{}: waiting {:.1} s before the next try",
                retry::what_happened(&result),
                pause.as_secs_f64(),
            );
            turn.pause(pause);
            pace.pause(pause);
        }
        unreachable!("the loop above has no end but return")
    }

    async fn send(&self, url: &Url) -> Result<Response, FetchError> {
        let request = self
            .client
            .get(url.clone())
            .header(
                header::ACCEPT,
                "application/json, text/plain;q=0.9, */*;q=0.1",
            )
            .header(header::ACCEPT_ENCODING, "gzip");
        let response = request
            .send()
            .await
            .map_err(|error| FetchError::of(url, &error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let wire = body::read(response, url, &self.config).await?;
        let wire_bytes = wire.len() as u64;
        let body = body::inflate(wire, &headers, url, self.config.max_body_bytes)?;
        Ok(Response {
            url: url.clone(),
            status,
            headers,
            body,
            wire_bytes,
        })
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts
            .entry(url.origin().ascii_serialization())
            .or_insert_with(|| Arc::new(Host::new(self.config.requests_per_second)));
        Arc::clone(host)
    }
}

fn client_builder(config: &FetchConfig, guard: &Arc<AddressGuard>) -> reqwest::ClientBuilder {
    let resolver = GuardedResolver::new(Arc::clone(guard), config.pinned_hosts.clone());
    reqwest::Client::builder()
        .user_agent(user_agent(&config.contact_url))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(config.connect_timeout)
        .read_timeout(config.read_timeout)
        .timeout(config.total_timeout)
        .pool_max_idle_per_host(1)
        .dns_resolver(resolver)
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
    let refused = |detail: &str| FetchError::BadRedirect {
        url: response.url.to_string(),
        detail: detail.to_owned(),
    };
    let location = response
        .headers
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .filter(|location| location.len() <= MAX_LOCATION_BYTES)
        .ok_or_else(|| refused("without a readable Location"))?;
    let target = response
        .url
        .join(location)
        .map_err(|_| refused("to something that is no URL"))?;
    if response.url.scheme() == "https" && target.scheme() != "https" {
        return Err(refused("from https down to plain http"));
    }
    Ok(Some(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(from: &str, status: u16, location: &str) -> Result<Option<Url>, FetchError> {
        redirect_target(&Response {
            url: Url::parse(from).unwrap(),
            status,
            headers: HeaderMap::from_iter([(header::LOCATION, location.parse().unwrap())]),
            body: vec![],
            wire_bytes: 0,
        })
    }

    #[test]
    fn redirects_are_taken_against_the_url_that_answered() {
        for (location, target) in [
            ("/b?c=d", "https://shop.example/b?c=d"),
            ("//www.shop.example/a", "https://www.shop.example/a"),
            ("https://other.example/", "https://other.example/"),
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
    }

    #[test]
    fn the_user_agent_names_us_and_the_contact() {
        assert!(user_agent("").starts_with("trouvaille/"));
        assert!(user_agent("https://crawler.example").ends_with(" (+https://crawler.example)"));
    }
}
