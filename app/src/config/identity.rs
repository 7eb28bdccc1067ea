//! Who asks, for shops that want it proven: the operator's key, and headers that merchants issued.
//!
//! What merchants issued is as secret as a password: no message has it.

use std::sync::Arc;

use catalog::UnixMs;
use crawler::fetch::{Identity, MerchantHeaders, Operator, OperatorKey};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};
use url::Url;

use super::secret::{Secret, text_in};
use crate::clock::Clock;
use crate::exit::UsageError;

const KEYS: [&str; 4] = ["signature_input", "signature", "signature_agent", "expires"];

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityConfig {
    key_file: String,
    signature_agent: String,
    merchants: Merchants,
    merchants_file: String,
}

#[derive(Debug, Clone)]
struct Merchants(Vec<Issued>);

/// What a merchant issued, as it is configured.
#[derive(Debug, Clone)]
struct Issued {
    host: String,
    input: Secret,
    signature: Secret,
    agent: Secret,
    expires_at: Option<UnixMs>,
}

impl IdentityConfig {
    /// Reads the files, and returns who asks; `None` where nothing is configured.
    pub(crate) fn load(&self, clock: Clock) -> Result<Option<Arc<Identity>>, UsageError> {
        let operator = self.operator()?;
        let merchants = self.merchant_headers()?;
        if operator.is_none() && merchants.is_empty() {
            return Ok(None);
        }
        let now = Arc::new(move || clock.now());
        Ok(Some(Arc::new(Identity::new(operator, merchants, now))))
    }

    pub(super) fn check(&self) -> Result<(), UsageError> {
        if self.key_file.is_empty() != self.signature_agent.is_empty() {
            return Err(UsageError(
                "identity.key_file and identity.signature_agent: set both or none; the second says where shops find the \
                 key of the first"
                    .to_owned(),
            ));
        }
        if !self.signature_agent.is_empty() {
            self.agent_url()?;
        }
        headers_of(&self.merchants.0, "identity.merchants").map(drop)
    }

    fn operator(&self) -> Result<Option<Operator>, UsageError> {
        if self.key_file.is_empty() {
            return Ok(None);
        }
        let path = &self.key_file;
        let text = text_in("identity.key_file", path)?;
        let key = OperatorKey::from_pem(text.as_bytes()).map_err(|error| {
            UsageError(format!(
                "cannot use identity.key_file {path}: {error}; it takes an Ed25519 key in PEM without a passphrase, as \
                 `openssl genpkey -algorithm ed25519 -out NEW_FILE` makes it"
            ))
        })?;
        warn_of_readers("identity.key_file", path);
        Operator::new(key, &self.agent_url()?)
            .ok_or_else(|| self.wrong_agent())
            .map(Some)
    }

    fn agent_url(&self) -> Result<Url, UsageError> {
        let url = Url::parse(&self.signature_agent).ok();
        let is_origin = |url: &Url| {
            url.scheme() == "https"
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        };
        url.filter(is_origin).ok_or_else(|| self.wrong_agent())
    }

    fn wrong_agent(&self) -> UsageError {
        UsageError(format!(
            "identity.signature_agent = {:?}: expected an address such as https://operator.example, without a path: \
             shops get the key from there, by https",
            self.signature_agent
        ))
    }

    fn merchant_headers(&self) -> Result<Vec<MerchantHeaders>, UsageError> {
        let mut headers = headers_of(&self.merchants.0, "identity.merchants")?;
        if !self.merchants_file.is_empty() {
            let place = format!("identity.merchants_file {}", self.merchants_file);
            let text = text_in("identity.merchants_file", &self.merchants_file)?;
            warn_of_readers("identity.merchants_file", &self.merchants_file);
            let table = super::parsed(&text, &place)?;
            let issued = issued_in(table)
                .map_err(|error| UsageError(format!("wrong entry in {place}: {error}")))?;
            headers.extend(headers_of(&issued, &place)?);
        }
        Ok(headers)
    }
}

impl<'de> Deserialize<'de> for Merchants {
    /// Says what is wrong without any value, unlike serde itself.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Table(entries) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom("identity.merchants: expected a table"));
        };
        let issued = issued_in(entries);
        issued
            .map(Self)
            .map_err(|error| D::Error::custom(format!("identity.merchants: {error}")))
    }
}

fn issued_in(entries: Table) -> Result<Vec<Issued>, String> {
    let issued = entries.into_iter().map(|(host, entry)| {
        issued(&host, &entry).map_err(|error| format!("the entry of {host:?} {error}"))
    });
    issued.collect()
}

fn issued(host: &str, entry: &Value) -> Result<Issued, &'static str> {
    let table = entry
        .as_table()
        .filter(|it| it.keys().all(|key| KEYS.contains(&key.as_str())))
        .ok_or("is not a table of signature_input, signature, signature_agent and expires")?;
    let text = |key: &str| {
        let value = table.get(key).and_then(Value::as_str);
        Secret(value.unwrap_or_default().to_owned())
    };
    let expires_at = match table.get("expires") {
        None => None,
        Some(expires) => {
            Some(time(expires).ok_or("has an expires that is no date such as \"2026-12-01\"")?)
        }
    };
    Ok(Issued {
        host: host.to_owned(),
        input: text("signature_input"),
        signature: text("signature"),
        agent: text("signature_agent"),
        expires_at,
    })
}

/// Reads a point in time, or a day, at whose beginning they end.
fn time(value: &Value) -> Option<UnixMs> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Datetime(time) => time.to_string(),
        _ => return None,
    };
    let day = format!("{text}T00:00:00Z");
    UnixMs::parse(&text).or_else(|_| UnixMs::parse(&day)).ok()
}

fn headers_of(issued: &[Issued], place: &str) -> Result<Vec<MerchantHeaders>, UsageError> {
    let headers = issued.iter().map(|it| {
        let [agent, input, signature] = [&it.agent, &it.input, &it.signature].map(|it| &it.0);
        MerchantHeaders::new(&it.host, agent, input, signature, it.expires_at)
            .map_err(|error| UsageError(format!("{place}: {:?}: {error}", it.host)))
    });
    headers.collect()
}

/// Warns of a file named by a setting that others of this machine can read: they could ask in the operator's name.
#[cfg(unix)]
fn warn_of_readers(setting: &str, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0, |it| it.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!("other users of this machine may read {setting} {path}: `chmod 600` it");
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_setting: &str, _path: &str) {}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str =
        r#"sig1=("@authority");created=1;expires=1792000000;keyid="k";tag="web-bot-auth""#;

    fn config(text: &str) -> Result<IdentityConfig, String> {
        let default = "key_file = ''\nsignature_agent = ''\nmerchants_file = ''\nmerchants = {}\n";
        let mut table: Table = default.parse().unwrap();
        table.extend(text.parse::<Table>().unwrap());
        let config: IdentityConfig = table
            .try_into()
            .map_err(|it: toml::de::Error| it.message().to_owned())?;
        config.check().map_err(|it| it.0)?;
        Ok(config)
    }

    fn merchant(fields: &str) -> String {
        format!(
            "[merchants.'shop.example']\nsignature_agent = '\"https://s3cret.example\"'\n{fields}"
        )
    }

    #[test]
    fn a_key_and_its_address_come_together_and_the_address_is_https() {
        assert!(
            config("")
                .unwrap()
                .load(Clock::new(None))
                .unwrap()
                .is_none()
        );
        for (text, words) in [
            ("key_file = 'a.pem'", "set both or none"),
            ("signature_agent = 'https://a.example'", "set both or none"),
            (
                "key_file = 'a'\nsignature_agent = 'http://a.example'",
                "by https",
            ),
            (
                "key_file = 'a'\nsignature_agent = 'https://a.example/b'",
                "without a path",
            ),
            (
                "key_file = 'a'\nsignature_agent = 'a.example'",
                "https://operator.example",
            ),
        ] {
            let error = config(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_said_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let text = format!(
            "key_file = '{}'\nsignature_agent = 'https://a.example'",
            path.display()
        );
        let load = || config(&text).unwrap().load(Clock::new(None));
        let error = load().unwrap_err().0;
        assert!(
            error.starts_with("cannot read identity.key_file"),
            "{error}"
        );
        assert!(error.contains("No such file"), "{error}");
        for (bytes, words) in [
            (&b"s3cret"[..], "no private key in PEM"),
            (
                b"-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----\n",
                "no Ed25519 key",
            ),
            (b"s3cret\xff", "no UTF-8"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = load().unwrap_err().0;
            assert!(error.contains(words), "{error}");
            assert!(
                !error.contains("s3cret") && !error.contains("czNj"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_a_merchant_issued_is_in_no_message() {
        let whole = merchant(&format!(
            "signature_input = '{INPUT}'\nsignature = 'sig1=:czNjcmV0:'"
        ));
        let config_whole = config(&whole).unwrap();
        let shown = format!("{config_whole:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("czNj"),
            "{shown}"
        );
        let identity = config_whole.load(Clock::new(None)).unwrap().unwrap();
        assert!(!format!("{identity:?}").contains("s3cret"));
        for (fields, words) in [
            ("signature = 's3cret'", "not the two parts of one signature"),
            ("signature = 1", "not the two parts"),
            ("expires = 's3cret'", "expires that is no date"),
            ("token = 's3cret'", "is not a table of signature_input"),
        ] {
            let error = config(&merchant(fields)).unwrap_err();
            assert!(
                error.contains(words) && error.contains("shop.example"),
                "{error}"
            );
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(
            config("merchants = 's3cret'")
                .unwrap_err()
                .ends_with("expected a table")
        );
    }

    #[test]
    fn a_file_has_the_same_entries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("issued.toml");
        let config = config(&format!("merchants_file = '{}'", path.display())).unwrap();
        let entry = format!(
            "['shop.example']\nsignature_agent = '\"https://shopify.com\"'\nsignature_input = '{INPUT}'\n\
             signature = 'sig1=:czNjcmV0:'\nexpires = 2026-09-01\n"
        );
        std::fs::write(&path, entry).unwrap();
        let now = Clock::new(Some(UnixMs::parse("2026-08-30T00:00:00Z").unwrap()));
        let identity = config.load(now).unwrap().unwrap();
        let notice = identity.expiring().pop().unwrap();
        assert_eq!(notice.expires_at.to_string(), "2026-09-01T00:00:00Z");
        assert!(!notice.is_expired);
        for text in [
            "['shop.example']\nsignature = 's3cret",
            "'shop.example' = 's3cret'",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = config.load(now).unwrap_err().0;
            assert!(error.contains("identity.merchants_file"), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
