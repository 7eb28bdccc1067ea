//! How agents serve and work, and what `serve` crawls by itself.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::secret::Secret;
use crate::exit::UsageError;
use crate::http::ops::OpsAddress;

/// How agents serve and work.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AgentConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: String,
    ops: String,
    lease_seconds: f64,
    pub(crate) concurrency: usize,
    token: Secret,
}

/// What `trouvaille serve` does without being asked.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ServeConfig {
    /// Whether it crawls shops that are due.
    pub(crate) crawls: bool,
}

impl AgentConfig {
    /// Returns how long work is kept without a renewal.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs_f64(self.lease_seconds)
    }

    /// Returns where operators look.
    pub(crate) fn ops(&self) -> Result<OpsAddress, UsageError> {
        let address = self.ops.parse();
        address.map_err(|error| UsageError(format!("agent.ops = {:?}: {error}", self.ops)))
    }

    /// Returns the token that is sent to an agent that is called; it is for its header alone.
    pub(crate) fn token(&self) -> Option<&str> {
        Some(self.token.0.as_str()).filter(|it| !it.is_empty())
    }

    pub(super) fn check(&self) -> Result<(), UsageError> {
        self.ops()?;
        if !self.token.0.bytes().all(|it| it.is_ascii_graphic()) {
            return Err(UsageError(
                "agent.token: expected visible ASCII characters without spaces".to_owned(),
            ));
        }
        let lease = self.lease_seconds;
        if !(0.2..=3600.0).contains(&lease) {
            return Err(UsageError(format!(
                "agent.lease_seconds = {lease}: expected a number from 0.2 to 3600"
            )));
        }
        let url = self.public_url.as_str();
        if !url.is_empty() {
            check_public_url(url)
                .map_err(|error| UsageError(format!("agent.public_url = {url:?}: {error}")))?;
        }
        Ok(())
    }
}

/// Refuses what cannot be the beginning of the addresses in a card.
pub(crate) fn check_public_url(text: &str) -> Result<(), String> {
    let is_fine = url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    is_fine
        .then_some(())
        .ok_or_else(|| "expected a URL such as https://agents.example.com".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_one_of_the_web_without_secrets() {
        for text in ["http://127.0.0.1:8800", "https://a.example/agents/"] {
            assert_eq!(check_public_url(text), Ok(()), "{text}");
        }
        for text in [
            "a.example",
            "ftp://a.example",
            "https://u:p@a.example",
            "https://a.example/?x",
            "",
        ] {
            assert!(check_public_url(text).is_err(), "{text}");
        }
    }
}
