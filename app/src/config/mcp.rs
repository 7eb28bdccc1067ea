//! How assistants are served.

use std::net::SocketAddr;
use std::time::Duration;

use catalog::Shop;
use mcp_server::Limits;
use serde::Deserialize;

use crate::exit::UsageError;

/// Where assistants are answered, who may ask, and how much.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct McpConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
    calls_per_second: u32,
    burst: u32,
    in_flight: usize,
    timeout_seconds: f64,
    max_body_bytes: usize,
    pub(crate) enable_actions: bool,
    crawl_hosts: Vec<String>,
    crawl_again_minutes: u32,
    pub(crate) audit_arguments: bool,
}

impl McpConfig {
    /// Returns the limits of calls.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            in_flight: self.in_flight,
            timeout: Duration::from_secs_f64(self.timeout_seconds),
            max_body_bytes: self.max_body_bytes,
            calls_per_second: self.calls_per_second,
            burst: self.burst,
        }
    }

    /// Returns the shops that may be crawled on request, whether they are stored or not.
    pub(crate) fn crawl_hosts(&self) -> Vec<Shop> {
        let hosts = self.crawl_hosts.iter();
        hosts
            .map(|it| crawler::shop_at(it).expect("checked when loaded"))
            .collect()
    }

    /// Returns how long after a shop's last crawl it is not crawled again on request.
    pub(crate) fn crawl_again_ms(&self) -> i64 {
        i64::from(self.crawl_again_minutes) * 60_000
    }

    pub(super) fn check(&self) -> Result<(), UsageError> {
        for host in &self.crawl_hosts {
            crawler::shop_at(host)
                .map_err(|error| UsageError(format!("mcp.crawl_hosts: {error}")))?;
            if host.contains('*') {
                return Err(UsageError(format!(
                    "mcp.crawl_hosts: {host:?} is no host such as shop.example: each is named by itself"
                )));
            }
        }
        if let Some(host) = self.allowed_hosts.iter().find(|it| !is_host(it)) {
            return Err(UsageError(format!(
                "mcp.allowed_hosts: {host:?} is no host such as mcp.example.com or trouvaille-mcp:8900"
            )));
        }
        if let Some(origin) = self.allowed_origins.iter().find(|it| !is_origin(it)) {
            return Err(UsageError(format!(
                "mcp.allowed_origins: {origin:?} is no origin such as https://app.example.com:443"
            )));
        }
        let seconds = self.timeout_seconds;
        if !(0.1..=600.0).contains(&seconds) {
            return Err(UsageError(format!(
                "mcp.timeout_seconds = {seconds}: expected a number from 0.1 to 600"
            )));
        }
        let counts = [
            (
                "calls_per_second",
                self.calls_per_second as usize,
                1..=100_000,
            ),
            ("burst", self.burst as usize, 1..=100_000),
            ("in_flight", self.in_flight, 1..=10_000),
            (
                "crawl_again_minutes",
                self.crawl_again_minutes as usize,
                0..=100_000,
            ),
            ("max_body_bytes", self.max_body_bytes, 1024..=16 << 20),
        ];
        for (key, value, range) in counts {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(UsageError(format!(
                    "mcp.{key} = {value}: expected a whole number from {least} to {most}"
                )));
            }
        }
        Ok(())
    }
}

fn is_host(text: &str) -> bool {
    let authority: Result<axum::http::uri::Authority, _> = text.parse();
    authority.is_ok_and(|it| !it.host().is_empty()) && !text.contains(['@', '*'])
}

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|it| is_host(it.strip_suffix(":*").unwrap_or(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &str) -> McpConfig {
        let default: toml::Table = toml::from_str(super::super::DEFAULT).unwrap();
        let mut table = default["mcp"].as_table().unwrap().clone();
        table.extend(toml::from_str::<toml::Table>(change).unwrap());
        table.try_into().unwrap()
    }

    #[test]
    fn the_defaults_are_those_of_the_server() {
        let config = config("");
        config.check().unwrap();
        assert_eq!(config.limits(), Limits::default());
        assert!(!config.enable_actions && !config.audit_arguments);
    }

    #[test]
    fn hosts_and_origins_are_told_by_an_example() {
        for right in [
            "allowed_hosts = ['mcp.example.com', 'trouvaille-mcp:8900', '[::1]:8900']",
            "allowed_origins = ['https://app.example.com:443', 'http://localhost:*']",
            "crawl_hosts = ['shop.example', 'https://www.other.example/x']",
        ] {
            config(right).check().unwrap();
        }
        for (wrong, words) in [
            (
                "allowed_hosts = ['https://mcp.example.com']",
                "mcp.example.com",
            ),
            ("allowed_hosts = ['*']", "mcp.allowed_hosts"),
            ("allowed_hosts = ['']", "mcp.allowed_hosts"),
            (
                "allowed_origins = ['app.example.com']",
                "https://app.example.com",
            ),
            ("allowed_origins = ['*']", "mcp.allowed_origins"),
            (
                "allowed_origins = ['https://app.example.com/x']",
                "mcp.allowed_origins",
            ),
            ("crawl_hosts = ['*']", "mcp.crawl_hosts"),
            ("timeout_seconds = 0.0", "from 0.1 to 600"),
            ("burst = 0", "mcp.burst = 0"),
            (
                "crawl_again_minutes = 100001",
                "mcp.crawl_again_minutes = 100001",
            ),
        ] {
            let error = config(wrong).check().unwrap_err();
            assert!(error.0.contains(words), "{wrong}: {error}");
        }
    }

    #[test]
    fn shops_that_may_be_crawled_are_known_by_their_keys() {
        let hosts =
            config("crawl_hosts = ['https://Shop.Example/x', '127.0.0.1:80']").crawl_hosts();
        let hosts: Vec<&str> = hosts.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(hosts, ["shop.example", "127.0.0.1%3A80"]);
    }
}
