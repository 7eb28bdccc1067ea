//! Which addresses may be connected to. The resolver here is the only one the client has, so that no name
//! can lead to a private address, whatever DNS says between two look-ups.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;

/// The rule: public addresses, and the private networks that were allowed by hand.
#[derive(Debug)]
pub(super) struct AddressGuard {
    allowed: Vec<IpNet>,
}

/// An address, or a name with only such addresses, that must not be connected to.
#[derive(Debug, thiserror::Error)]
#[error("{ip} is a private or reserved address")]
pub(super) struct RefusedAddress {
    pub(super) ip: IpAddr,
}

impl AddressGuard {
    pub(super) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Checks the scheme, and the host where it is an address: clients do not resolve those.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::RefusedAddress {
                url: url.to_string(),
                detail: "only http and https are spoken".to_owned(),
            });
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        self.check(ip)
            .map_err(|refused| FetchError::refused(url, &refused))
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

/// Resolves names by the system, keeps the addresses that the guard lets pass, and refuses a name without any.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    guard: Arc<AddressGuard>,
    pinned: HashMap<String, SocketAddr>,
}

impl GuardedResolver {
    pub(super) fn new(guard: Arc<AddressGuard>, pinned: HashMap<String, SocketAddr>) -> Self {
        Self { guard, pinned }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        let pinned = self.pinned.get(name.as_str()).copied();
        Box::pin(async move {
            let found: Vec<SocketAddr> = match pinned {
                Some(address) => vec![address],
                None => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
            };
            let mut refusal = None;
            let mut passed = Vec::new();
            for address in found {
                match guard.check(address.ip()) {
                    Ok(()) => passed.push(address),
                    Err(refused) => refusal = Some(refused),
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
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let guard = AddressGuard::new(vec![]);
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
        let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(guard.check("127.0.1.20".parse().unwrap()).is_ok());
        assert!(guard.check("::ffff:127.0.0.1".parse().unwrap()).is_ok());
        assert!(guard.check("10.0.0.1".parse().unwrap()).is_err());
    }

    #[test]
    fn addresses_in_disguise_are_seen_through() {
        let guard = AddressGuard::new(vec![]);
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
}
