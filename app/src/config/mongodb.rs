//! The password of a MongoDB store: from its own setting or a file, into the address, and into no message.

use std::fs::File;
use std::io::Read;

use serde::Deserialize;

use super::secret::Secret;
use crate::exit::UsageError;

/// More than any password is long.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// How to reach a MongoDB store, beside its address.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MongodbConfig {
    password: Secret,
    password_file: String,
}

impl MongodbConfig {
    pub(super) fn check(&self) -> Result<(), UsageError> {
        if !self.password.0.is_empty() && !self.password_file.is_empty() {
            return Err(wrong("both are set; use one"));
        }
        Ok(())
    }

    /// Returns a store's address with the configured password in it, if it is one of MongoDB that has none itself.
    pub(super) fn with_password(&self, uri: &str) -> Result<String, UsageError> {
        let is_set = !self.password.0.is_empty() || !self.password_file.is_empty();
        let Some(parts) = Parts::of(uri).filter(|parts| is_set && parts.password.is_empty()) else {
            return Ok(uri.to_owned());
        };
        if parts.user.is_empty() {
            return Err(wrong(
                "the store's address names no user for the password: use mongodb://user@host/database",
            ));
        }
        let password = self.password()?;
        let (scheme, user, rest) = (parts.scheme, parts.user, parts.rest);
        Ok(format!("{scheme}{user}:{}@{rest}", encoded(&password)))
    }

    fn password(&self) -> Result<String, UsageError> {
        let path = &self.password_file;
        if path.is_empty() {
            return Ok(self.password.0.clone());
        }
        let unreadable = |detail: &str| {
            UsageError(format!(
                "cannot read mongodb.password_file {path}: {detail}"
            ))
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no UTF-8 text"))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        match line.strip_suffix('\r').unwrap_or(line) {
            "" => Err(unreadable("it is empty")),
            password => Ok(password.to_owned()),
        }
    }
}

/// Returns whether an address of MongoDB holds a password itself.
pub(super) fn has_password(uri: &str) -> bool {
    Parts::of(uri).is_some_and(|parts| !parts.password.is_empty())
}

/// Returns an address without the password in it.
pub(super) fn without_password(uri: &str) -> String {
    match Parts::of(uri) {
        Some(parts) if !parts.password.is_empty() => {
            format!("{}{}@{}", parts.scheme, parts.user, parts.rest)
        }
        _ => uri.to_owned(),
    }
}

/// An address of MongoDB, taken apart as far as the password needs it.
struct Parts<'a> {
    scheme: &'a str,
    user: &'a str,
    password: &'a str,
    /// Hosts, database and options.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Option<Self> {
        let (scheme, after) = uri.split_at(uri.find("://")? + 3);
        if !matches!(scheme, "mongodb://" | "mongodb+srv://") {
            return None;
        }
        let end = after.find(['/', '?']).unwrap_or(after.len());
        // A password with a slash that is not encoded reaches beyond: then the last @ of all ends it.
        let at = after[..end].rfind('@').or_else(|| after.rfind('@'));
        let (who, rest) = match at {
            Some(at) => (&after[..at], &after[at + 1..]),
            None => ("", after),
        };
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        Some(Self {
            scheme,
            user,
            password,
            rest,
        })
    }
}

/// Returns a text as RFC 3986 wants it in an address.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn wrong(detail: &str) -> UsageError {
    UsageError(format!(
        "mongodb.password and mongodb.password_file: {detail}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(password: &str, password_file: &str) -> MongodbConfig {
        MongodbConfig {
            password: Secret(password.to_owned()),
            password_file: password_file.to_owned(),
        }
    }

    #[test]
    fn the_password_goes_encoded_into_an_address_that_has_a_user_and_none() {
        for (uri, with_password) in [
            ("mongodb://ann@h/d", "mongodb://ann:p%40%2F%3A%C3%A9@h/d"),
            (
                "mongodb://ann@h:1,i:2/d?tls=true",
                "mongodb://ann:p%40%2F%3A%C3%A9@h:1,i:2/d?tls=true",
            ),
            ("mongodb://ann:@h", "mongodb://ann:p%40%2F%3A%C3%A9@h"),
            ("mongodb+srv://a@h", "mongodb+srv://a:p%40%2F%3A%C3%A9@h"),
            ("mongodb://ann:own@h/d", "mongodb://ann:own@h/d"),
            ("sqlite:./a@b.db", "sqlite:./a@b.db"),
        ] {
            let found = config("p@/:é", "").with_password(uri).unwrap();
            assert_eq!(found, with_password);
            assert_eq!(config("", "").with_password(uri).unwrap(), uri);
        }
    }

    #[test]
    fn a_password_without_a_user_is_refused_and_not_shown() {
        for uri in ["mongodb://h/d", "mongodb://@h/d"] {
            let error = config("pa55", "").with_password(uri).unwrap_err();
            assert!(error.0.contains("names no user"), "{error}");
            assert!(!error.0.contains("pa55"), "{error}");
        }
        assert!(config("pa55", "file").check().is_err());
        assert!(!format!("{:?}", config("pa55", "")).contains("pa55"));
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let config = config("", path.to_str().unwrap());
        for (text, password) in [("a b\n", "a%20b"), ("ab\r\n", "ab"), ("ab\n\n", "ab%0A")] {
            std::fs::write(&path, text).unwrap();
            let found = config.with_password("mongodb://u@h").unwrap();
            assert_eq!(found, format!("mongodb://u:{password}@h"));
        }
        for (bytes, words) in [(&b"\n"[..], "empty"), (b"pa55\xff", "UTF-8")] {
            std::fs::write(&path, bytes).unwrap();
            let error = config.with_password("mongodb://u@h").unwrap_err();
            assert!(
                error.0.contains(words) && !error.0.contains("pa55"),
                "{error}"
            );
        }
        std::fs::remove_file(&path).unwrap();
        let error = config.with_password("mongodb://u@h").unwrap_err();
        assert!(error.0.contains("No such file"), "{error}");
    }

    #[test]
    fn a_password_in_an_address_is_noticed() {
        for uri in [
            "mongodb://u:p@h",
            "mongodb://u:p/q@h/d",
            "mongodb+srv://u:p@h",
        ] {
            assert!(has_password(uri), "{uri}");
            assert!(!has_password(&without_password(uri)), "{uri}");
        }
        for uri in [
            "mongodb://h/d",
            "mongodb://u@h/d",
            "mongodb://h:1/d",
            "sqlite:a:b@c",
        ] {
            assert!(!has_password(uri), "{uri}");
            assert_eq!(without_password(uri), uri);
        }
    }
}
