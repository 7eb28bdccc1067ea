//! Who may call the servers of the program, and how much of it.

use std::fmt;
use std::time::Duration;

use catalog::{MAX_TASK_NAME, Scope};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::exit::UsageError;

/// Callers that are no holder of a token: programs of this machine where there are none, `serve` itself, and commands.
const OWN_NAMES: [&str; 3] = [
    "local",
    crate::scheduler::CALLER,
    crate::commands::summarize::CALLER,
];

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HttpConfig {
    tokens: Tokens,
    pub(crate) max_connections: usize,
    linger_seconds: f64,
    drain_seconds: f64,
}

/// A caller, what its token hashes to, and what it may do.
#[derive(Clone)]
pub(crate) struct CallerToken {
    pub(crate) caller: String,
    pub(crate) sha256: [u8; 32],
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Debug, Clone)]
struct Tokens(Vec<CallerToken>);

impl HttpConfig {
    pub(crate) fn tokens(&self) -> &[CallerToken] {
        &self.tokens.0
    }

    /// Returns for how long new requests are still taken once the program is asked to stop.
    pub(crate) fn linger(&self) -> Duration {
        Duration::from_secs_f64(self.linger_seconds)
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs_f64(self.drain_seconds)
    }

    pub(super) fn check(&self) -> Result<(), UsageError> {
        let n_connections = self.max_connections;
        if !(1..=1_000_000).contains(&n_connections) {
            return Err(UsageError(format!(
                "http.max_connections = {n_connections}: expected a whole number from 1 to 1000000"
            )));
        }
        for (key, seconds) in [
            ("linger_seconds", self.linger_seconds),
            ("drain_seconds", self.drain_seconds),
        ] {
            if !(0.0..=3600.0).contains(&seconds) {
                return Err(UsageError(format!(
                    "http.{key} = {seconds}: expected a number from 0 to 3600"
                )));
            }
        }
        let tokens = self.tokens();
        for (n, token) in (1..).zip(tokens) {
            if tokens[n..].iter().any(|it| it.sha256 == token.sha256) {
                return Err(UsageError(format!(
                    "http.tokens: entry {n} has the same sha256 as a later one, so it could not be said who calls"
                )));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for CallerToken {
    /// Without the hash: that of a weak token gives it away.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token of {}", self.caller)
    }
}

impl<'de> Deserialize<'de> for Tokens {
    /// Says what is wrong without any value, unlike serde itself: it might be a token.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Array(entries) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("http.tokens: expected a list"));
        };
        let tokens = (1..).zip(&entries).map(|(n, entry)| {
            token(entry)
                .map_err(|error| D::Error::custom(format!("http.tokens: entry {n} {error}")))
        });
        tokens.collect::<Result<_, _>>().map(Self)
    }
}

fn token(entry: &Value) -> Result<CallerToken, &'static str> {
    let table = entry.as_table().filter(|it| has_known_keys(it));
    let pair = table.and_then(text_pair);
    let (caller, sha256) =
        pair.ok_or("is not { caller = \"NAME\", sha256 = \"HASH\" }, with or without scopes")?;
    let scopes = match table.and_then(|it| it.get("scopes")) {
        Some(scopes) => scopes_in(scopes)
            .ok_or("has scopes that are not a list of \"read\", \"crawl\", or both")?,
        None => Scope::ALL.to_vec(),
    };
    let is_name = (1..=MAX_TASK_NAME).contains(&caller.len())
        && caller.bytes().all(|it| it.is_ascii_graphic());
    if !is_name {
        return Err("has a caller that is not 1 to 200 visible ASCII characters");
    }
    if OWN_NAMES.contains(&caller) {
        return Err(
            "has the caller \"local\", \"scheduler\" or \"cli\", which are this program's own: choose another name",
        );
    }
    let sha256 = hash(sha256).ok_or("has a sha256 that is not 64 hexadecimal digits")?;
    Ok(CallerToken {
        caller: caller.to_owned(),
        sha256,
        scopes,
    })
}

fn has_known_keys(table: &Table) -> bool {
    let known = ["caller", "sha256", "scopes"];
    table.keys().all(|it| known.contains(&it.as_str()))
}

fn text_pair(table: &Table) -> Option<(&str, &str)> {
    Some((
        table.get("caller")?.as_str()?,
        table.get("sha256")?.as_str()?,
    ))
}

fn scopes_in(value: &Value) -> Option<Vec<Scope>> {
    let scopes = value.as_array()?.iter();
    let scopes: Option<Vec<Scope>> = scopes.map(|it| it.clone().try_into().ok()).collect();
    scopes.filter(|it| !it.is_empty())
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let is_hex = text.len() == 64 && text.bytes().all(|it| it.is_ascii_hexdigit());
    if !is_hex {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(tokens: &str) -> Result<HttpConfig, String> {
        let text = format!(
            "tokens = {tokens}\nmax_connections = 1\nlinger_seconds = 0\ndrain_seconds = 0.5"
        );
        let config: HttpConfig = toml::from_str(&text).map_err(|it| it.message().to_owned())?;
        config.check().map_err(|it| it.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_token_has_a_caller_and_a_hash() {
        let hash = "0aFF".repeat(16);
        let entry = format!("[{{ caller = 'alice', sha256 = '{hash}' }}]");
        let config = config(&entry).unwrap();
        assert_eq!(config.tokens()[0].caller, "alice");
        assert_eq!(config.tokens()[0].sha256[..2], [0x0a, 0xff]);
        assert_eq!(config.tokens()[0].scopes, Scope::ALL);
        assert_eq!(config.drain(), Duration::from_millis(500));
        assert!(!format!("{config:?}").contains("0aFF"));
    }

    #[test]
    fn a_token_may_be_for_less_than_all() {
        let hash = "ab".repeat(32);
        let scopes = |scopes: &str| {
            let entry = format!("[{{ caller = 'a', sha256 = '{hash}', scopes = {scopes} }}]");
            Ok::<_, String>(config(&entry)?.tokens()[0].scopes.clone())
        };
        assert_eq!(scopes("['read']"), Ok(vec![Scope::Read]));
        assert_eq!(scopes("['crawl', 'read']").unwrap().len(), 2);
        for wrong in ["[]", "['write']", "'read'", "[1]"] {
            let error = scopes(wrong).unwrap_err();
            assert!(error.contains("entry 1 has scopes"), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_token_is_said_without_it() {
        let hash = "ab".repeat(32);
        for (tokens, words) in [
            ("'s3cret'".to_owned(), "expected a list"),
            ("['s3cret']".to_owned(), "entry 1 is not {"),
            (
                "[{ caller = 'a', token = 's3cret' }]".to_owned(),
                "entry 1 is not {",
            ),
            (
                "[{ caller = 'a', sha256 = 's3cret' }]".to_owned(),
                "64 hexadecimal",
            ),
            (
                format!("[{{ caller = '', sha256 = '{hash}' }}]"),
                "visible ASCII",
            ),
            (
                format!("[{{ caller = 'local', sha256 = '{hash}' }}]"),
                "choose another name",
            ),
            (
                format!("[{{ caller = 'cli', sha256 = '{hash}' }}]"),
                "choose another name",
            ),
            (
                format!("[{{ caller = 'scheduler', sha256 = '{hash}' }}]"),
                "choose another name",
            ),
            (
                format!("[{{ caller = 'a b', sha256 = '{hash}' }}]"),
                "visible ASCII",
            ),
            (
                format!(
                    "[{{ caller = 'a', sha256 = '{hash}' }}, {{ caller = 'b', sha256 = '{hash}' }}]"
                ),
                "entry 1 has the same sha256",
            ),
        ] {
            let error = config(&tokens).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert!(
                !error.contains("s3cret") && !error.contains(&hash),
                "{error}"
            );
        }
    }
}
