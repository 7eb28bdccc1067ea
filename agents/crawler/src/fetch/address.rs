//! Which addresses may be connected to. The resolver here is the only one the client has, so that no name
//! can lead to a private address, whatever DNS says between two look-ups.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;

/// The rule: public addresses on the ports of the web, and what was allowed by hand.
#[derive(Debug)]
pub(super) struct AddressGuard {
    allowed: Vec<IpNet>,
    ports: Vec<u16>,
}

/// An address, or a name with only such addresses, that must not be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{ip} is a private or reserved address")]
pub(super) struct RefusedAddress {
    pub(super) ip: IpAddr,
}

impl AddressGuard {
    pub(super) fn new(allowed: Vec<IpNet>, ports: Vec<u16>) -> Self {
        Self { allowed, ports }
    }

    /// Checks the scheme, the port, and the host where it is an address: clients do not resolve those.
    ///
    /// A private network is allowed with all its ports, but only where the URL says by a number that it is there: what
    /// a name leads to is not known yet.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::RefusedAddress {
                url: url.to_string(),
                detail: "only http and https are spoken".to_owned(),
            });
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) | None => None,
        };
        if let Some(ip) = ip {
            self.check(ip)
                .map_err(|refused| FetchError::refused(url, &refused))?;
        }
        // A private address got here because it was allowed.
        let is_allowed_network = ip.is_some_and(|ip| !is_public(ip.to_canonical()));
        match url.port() {
            Some(port) if !is_allowed_network && !self.may_ask(port) => {
                Err(FetchError::refused_port(url, port))
            }
            _ => Ok(()),
        }
    }

    fn may_ask(&self, port: u16) -> bool {
        matches!(port, 80 | 443) || self.ports.contains(&port)
    }

    fn check(&self, ip: IpAddr) -> Result<(), RefusedAddress> {
        let ip = ip.to_canonical();
        if is_public(ip) || self.allowed.iter().any(|network| network.contains(&ip)) {
            Ok(())
        } else {
            Err(RefusedAddress { ip })
        }
    }
}

/// What Azure's machines get their secrets from: a public address, unlike 169.254.169.254 and the others of its kind.
const AZURE_WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Returns whether `ip` is a public unicast address by the IANA special-purpose registries.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared address space, RFC 6598
        || (a == 192 && b == 0 && c == 0) // protocol assignments, RFC 6890
        || (a == 192 && b == 88 && c == 99) // 6to4 relays, RFC 7526
        || ip == AZURE_WIRE_SERVER
        || (a == 198 && (b == 18 || b == 19)); // benchmarking, RFC 2544
    !is_special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    // An IPv4 address inside (NAT64, 6to4, IPv4-compatible) must itself be public.
    let inner_v4 = match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    };
    if let Some(inner) = inner_v4 {
        return segments[..6] != [0; 6] && is_public_v4(inner);
    }
    let is_global_unicast = (segments[0] & 0xe000) == 0x2000;
    // Protocol assignments with Teredo, and documentation.
    let is_special = (segments[0] == 0x2001 && (segments[1] < 0x200 || segments[1] == 0xdb8))
        || (segments[0] & 0xfff0) == 0x3ff0; // documentation, RFC 9637
    is_global_unicast && !is_special
}

/// Tells the addresses of a name.
pub(super) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Returns what asks the system.
pub(super) fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    })
}

/// Looks names up, keeps the addresses that the guard lets pass, and refuses a name without any.
///
/// The client connects to what it gets from here and asks nobody else, and once for each connection: what a name leads
/// to later, another answer or another server, changes nothing for a connection that is open.
pub(super) struct GuardedResolver {
    guard: Arc<AddressGuard>,
    pinned: HashMap<String, SocketAddr>,
    /// The proxy's name, which the operator wrote: it may be anywhere.
    proxy: Option<String>,
    lookup: Lookup,
}

impl GuardedResolver {
    pub(super) fn new(
        guard: Arc<AddressGuard>,
        pinned: HashMap<String, SocketAddr>,
        proxy: Option<String>,
        lookup: Lookup,
    ) -> Self {
        Self {
            guard,
            pinned,
            proxy,
            lookup,
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        let pinned = self.pinned.get(name.as_str()).copied();
        let is_proxy = self.proxy.as_deref() == Some(name.as_str());
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = match pinned {
                Some(address) => vec![address],
                None => found.await?,
            };
            let mut refusal = None;
            let mut passed = Vec::new();
            for address in found {
                match guard.check(address.ip()) {
                    Err(refused) if !is_proxy => refusal = Some(refused),
                    _ => passed.push(address),
                }
            }
            match refusal {
                Some(refused) if passed.is_empty() => Err(refused.into()),
                _ => Ok(Box::new(passed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

    use super::super::{FetchConfig, Fetcher};
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let guard = AddressGuard::new(vec![], vec![]);
        let passes = |ip: &str| guard.check(ip.parse().unwrap()).is_ok();
        for ip in [
            "23.227.38.65",
            "8.8.8.8",
            "2620:0:2d0:200::7",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(passes(ip), "{ip}");
        }
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "192.0.0.8",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::a83f:8110",
            "::ffff:168.63.129.16",
            "2002:7f00:1::",
            "::7f00:1",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
            "64:ff9b:1::1",
            "3fff::1",
        ] {
            assert!(!passes(ip), "{ip}");
        }
    }

    #[test]
    fn an_allowed_network_passes_and_no_other() {
        let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()], vec![]);
        assert!(guard.check("127.0.1.20".parse().unwrap()).is_ok());
        assert!(guard.check("::ffff:127.0.0.1".parse().unwrap()).is_ok());
        assert!(guard.check("10.0.0.1".parse().unwrap()).is_err());
    }

    #[test]
    fn addresses_in_disguise_are_seen_through() {
        let guard = AddressGuard::new(vec![], vec![]);
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "file:///etc/passwd",
            "gopher://8.8.8.8/",
        ] {
            assert!(guard.check_url(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }

    #[test]
    fn only_the_ports_of_the_web_are_asked_unless_others_are_allowed() {
        let guard = AddressGuard::new(vec!["10.0.0.0/8".parse().unwrap()], vec![8443]);
        let check = |url: &str| guard.check_url(&Url::parse(url).unwrap());
        for url in [
            "https://shop.example/",
            "https://shop.example:443/",
            "http://shop.example:443/",
            "https://shop.example:8443/",
            "http://8.8.8.8:80/",
            "http://10.0.0.1:6379/",
            "http://[::ffff:10.0.0.1]:6379/",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in [
            "https://shop.example:22/",
            "http://shop.example:6379/",
            "http://8.8.8.8:8080/",
            "http://[2606:4700::1]:25/",
        ] {
            let error = check(url).unwrap_err().to_string();
            assert!(error.contains("is neither 80 nor 443"), "{error}");
            assert!(error.contains("crawl.allow_ports = ["), "{error}");
        }
        let error = check("https://shop.example:22/").unwrap_err();
        assert_eq!(
            error.behind_a_redirect().to_string(),
            "refused to connect to https://shop.example:22/: a redirect leads there, and port 22 is neither 80 nor 443"
        );
    }

    /// A name whose answers follow each other, and how often it was asked for.
    fn changing(
        answers: &'static [&'static [&'static str]],
        port: u16,
    ) -> (Lookup, Arc<AtomicUsize>) {
        let n_asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&n_asked);
        let lookup: Lookup = Arc::new(move |_| {
            let n = counter
                .fetch_add(1, Ordering::Relaxed)
                .min(answers.len() - 1);
            let addresses = answers[n]
                .iter()
                .map(|ip| (ip.parse::<IpAddr>().unwrap(), port).into());
            let addresses = addresses.collect();
            Box::pin(async move { Ok(addresses) })
        });
        (lookup, n_asked)
    }

    async fn resolved(resolver: &GuardedResolver) -> Result<Vec<IpAddr>, String> {
        let name = "shop.example".parse().unwrap();
        let found = resolver.resolve(name).await.map_err(|it| it.to_string())?;
        Ok(found.map(|it| it.ip()).collect())
    }

    #[tokio::test]
    async fn every_look_up_is_judged_by_itself() {
        let (lookup, _) = changing(
            &[
                &["8.8.8.8"],
                &["127.0.0.1"],
                &["10.0.0.1", "8.8.4.4", "::1"],
                &[],
            ],
            0,
        );
        let guard = Arc::new(AddressGuard::new(vec![], vec![]));
        let resolver = GuardedResolver::new(guard, HashMap::new(), None, lookup);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(resolved(&resolver).await, Ok(vec![ip("8.8.8.8")]));
        let refused = "127.0.0.1 is a private or reserved address".to_owned();
        assert_eq!(resolved(&resolver).await, Err(refused));
        assert_eq!(resolved(&resolver).await, Ok(vec![ip("8.8.4.4")]));
        assert_eq!(resolved(&resolver).await, Ok(vec![]));
    }

    #[tokio::test]
    async fn the_proxy_of_an_operator_may_be_anywhere_and_nothing_else_may() {
        let (lookup, _) = changing(&[&["10.0.0.1"]], 0);
        let resolver = |proxy: &str| {
            let guard = Arc::new(AddressGuard::new(vec![], vec![]));
            let proxy = Some(proxy.to_owned());
            GuardedResolver::new(guard, HashMap::new(), proxy, Arc::clone(&lookup))
        };
        assert!(resolved(&resolver("shop.example")).await.is_ok());
        assert!(resolved(&resolver("proxy.example")).await.is_err());
    }

    /// The first address stands for a public one, which no test can connect to: it is the only one that is allowed.
    #[tokio::test]
    async fn a_name_that_comes_to_lead_inside_is_not_followed_and_an_open_connection_stays_where_it_is()
     {
        let cut = FaultPlan::none().fault(On::feed().nth(3), Fault::CutConnection);
        let shop = FakeShop::start(Catalogue::generate(&NORTH_LOFT, 5, 7), cut)
            .await
            .unwrap();
        let port = shop.addr().port();
        let (lookup, n_asked) = changing(&[&["127.0.0.1"], &["127.0.0.2"]], port);
        let config = FetchConfig {
            requests_per_second: None,
            allow_private: vec!["127.0.0.1/32".parse().unwrap()],
            allow_ports: vec![port],
            backoff: Duration::from_millis(1),
            ..FetchConfig::default()
        };
        let fetcher = Fetcher::with_lookup(config, &lookup).unwrap();
        let url = Url::parse(&format!("http://shop.example:{port}/products.json")).unwrap();
        for _ in 0..2 {
            fetcher.get(&url).await.unwrap();
        }
        assert_eq!(n_asked.load(Ordering::Relaxed), 1, "one connection for all");
        // The shop ends it, and then the name leads elsewhere.
        let error = fetcher.get(&url).await.unwrap_err();
        assert!(
            matches!(error, FetchError::RefusedAddress { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("127.0.0.2"), "{error}");
        assert_eq!(shop.requests().len(), 1 + 3);
    }
}
