//! How a fetcher behaves.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Identity, ShopProxy};

/// How the fetcher behaves. The defaults are polite and safe.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// Where a shop's owner can learn who crawls and complain; goes into the User-Agent.
    pub contact_url: String,
    /// The most requests per second and host, with a burst of one; `None` for no ceiling.
    pub requests_per_second: Option<f64>,
    /// The same for all shops of one platform together, which counts the address that they are asked from.
    pub platform_requests_per_second: Option<f64>,
    /// The same for everything that this fetcher asks.
    pub total_requests_per_second: Option<f64>,
    /// Who asks, for shops that want it proven.
    pub identity: Option<Arc<Identity>>,
    /// Private networks that may be reached all the same, on every port.
    pub allow_private: Vec<ipnet::IpNet>,
    /// Ports that may be asked anywhere, beside 80 and 443.
    pub allow_ports: Vec<u16>,
    /// The proxy that all requests go through; no other is used, whatever the environment says.
    pub proxy: Option<ShopProxy>,
    /// Host names with a fixed address, as in a hosts file; the port counts where the URL has none.
    pub pinned_hosts: HashMap<String, SocketAddr>,
    /// The longest time to connect, TLS included.
    pub connect_timeout: Duration,
    /// The longest time from request to the end of the answer's head, connecting included.
    pub header_timeout: Duration,
    /// The longest silence inside a body.
    pub read_timeout: Duration,
    /// The longest time from request to the answer's last byte.
    pub total_timeout: Duration,
    /// The fewest bytes of a body per second, on average over each `rate_window`; 0 for any number.
    pub min_bytes_per_second: u32,
    /// How long a body may come too slowly.
    pub rate_window: Duration,
    /// The same for robots.txt.
    pub robots_timeout: Duration,
    /// Tries of one request in all.
    pub max_tries: u32,
    /// The first pause after a failed try; doubles with each.
    pub backoff: Duration,
    /// The longest such pause.
    pub max_backoff: Duration,
    /// The longest pause that is waited for when a server asks for one by `Retry-After`, an hour at most, and the
    /// longest sum of those that one request, and that one piece of work behind answers that count, waits for. A server that asks for more is left alone for as long as it
    /// says, but for no more than an hour.
    pub max_retry_after: Duration,
    /// The longest `Crawl-delay` that is kept; a longer one is cut to it, which the [`Pace`](super::Pace) tells.
    pub max_crawl_delay: Duration,
    /// The most bytes of an answer's head, names and values; of these it may have 1,000.
    pub max_header_bytes: usize,
    /// The most bytes of a body on the wire.
    pub max_wire_bytes: usize,
    /// The most bytes of a body inflated.
    pub max_body_bytes: usize,
    /// How many times its size on the wire a body may have inflated, beyond `small_body_bytes`.
    pub max_ratio: usize,
    /// A body may inflate to this by whatever ratio.
    pub small_body_bytes: usize,
    /// Whether crawls look at shops' best-selling orders, for one to four requests each.
    pub observe_best_sellers: bool,
    /// Hosts of shops that are the operator's own, with the port where it is not the usual one. They alone may be asked
    /// for their product list by sales, which the platform's robots.txt refuses to everybody.
    pub own_shops: HashSet<String>,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            contact_url: String::new(),
            requests_per_second: Some(2.0),
            identity: None,
            platform_requests_per_second: Some(10.0),
            total_requests_per_second: Some(50.0),
            allow_private: Vec::new(),
            allow_ports: Vec::new(),
            proxy: None,
            pinned_hosts: HashMap::new(),
            connect_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(60),
            min_bytes_per_second: 1 << 10,
            rate_window: Duration::from_secs(30),
            robots_timeout: Duration::from_secs(20),
            max_tries: 5,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(3600),
            max_crawl_delay: Duration::from_secs(60),
            max_header_bytes: 64 << 10,
            max_wire_bytes: 8 << 20,
            max_body_bytes: 64 << 20,
            // Pages of products shrink by 7 to 8 (measured), by 40 where all are alike; deflate itself ends at 1032.
            max_ratio: 200,
            small_body_bytes: 1 << 20,
            observe_best_sellers: false,
            own_shops: HashSet::new(),
        }
    }
}
