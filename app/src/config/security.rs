//! What this program proves its own words with.

use serde::Deserialize;

use super::secret::{Secret, key_in};
use crate::exit::UsageError;

/// The fewest characters of a key: 128 bits in hexadecimal digits.
const MIN_KEY: usize = 32;

/// What is signed, and with what.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SecurityConfig {
    signing_key: Secret,
    signing_key_file: String,
}

impl SecurityConfig {
    /// Returns the key that all replicas have; `None` where none is configured.
    pub(crate) fn signing_key(&self) -> Result<Option<String>, UsageError> {
        let key = match self.signing_key_file.as_str() {
            "" => self.signing_key.0.clone(),
            path => key_in("security.signing_key_file", path)?,
        };
        if key.is_empty() {
            return Ok(None);
        }
        checked(&key)?;
        Ok(Some(key))
    }

    pub(super) fn check(&self) -> Result<(), UsageError> {
        let key = &self.signing_key.0;
        if !key.is_empty() && !self.signing_key_file.is_empty() {
            return Err(UsageError(
                "security.signing_key and security.signing_key_file: both are set; use one"
                    .to_owned(),
            ));
        }
        match key.is_empty() {
            true => Ok(()),
            false => checked(key),
        }
    }
}

fn checked(key: &str) -> Result<(), UsageError> {
    if key.chars().count() >= MIN_KEY {
        return Ok(());
    }
    Err(UsageError(format!(
        "security.signing_key has fewer than {MIN_KEY} characters: make one with `openssl rand -hex 32`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(signing_key: &str, signing_key_file: &str) -> SecurityConfig {
        SecurityConfig {
            signing_key: Secret(signing_key.to_owned()),
            signing_key_file: signing_key_file.to_owned(),
        }
    }

    #[test]
    fn a_key_is_long_enough_or_none() {
        assert_eq!(config("", "").signing_key(), Ok(None));
        let key = "k".repeat(32);
        assert_eq!(config(&key, "").signing_key(), Ok(Some(key.clone())));
        assert!(config(&key, "").check().is_ok());
        let error = config("sh0rt", "").check().unwrap_err();
        assert!(error.0.contains("openssl rand -hex 32"), "{error}");
        assert!(!error.0.contains("sh0rt"), "{error}");
        assert!(config(&key, "file").check().is_err());
        assert!(!format!("{:?}", config(&key, "")).contains("kkk"));
    }

    #[test]
    fn a_file_gives_the_key_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let config = config("", path.to_str().unwrap());
        let error = config.signing_key().unwrap_err();
        assert!(error.0.contains("security.signing_key_file"), "{error}");
        std::fs::write(&path, format!("{}\n", "k".repeat(64))).unwrap();
        assert_eq!(config.signing_key(), Ok(Some("k".repeat(64))));
        std::fs::write(&path, "sh0rt\n").unwrap();
        assert!(config.signing_key().is_err());
    }
}
