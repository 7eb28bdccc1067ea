//! Cursors: where a list goes on, signed so that every replica takes those of the others and nobody can forge one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catalog::UnixMs;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::ToolError;

/// How long a cursor is good: lists move on, and nobody reads a page for an hour.
const MAX_AGE_MS: i64 = 3_600_000;

/// Cursors of replicas whose clocks go ahead by no more than this are good.
const MAX_AHEAD_MS: i64 = 300_000;

/// The length of an HMAC-SHA256.
const TAG_BYTES: usize = 32;

/// The longest cursor that is looked at.
const MAX_CHARS: usize = 1_000;

/// The key that cursors are signed with.
#[derive(Debug, Clone)]
pub struct CursorKey(hmac::Key);

/// What a cursor says.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed<P> {
    /// The hash of the tool's name and the arguments that decide which records there are, and their order.
    query: String,
    /// When it was made.
    at: UnixMs,
    /// The place behind which the list goes on.
    place: P,
}

impl CursorKey {
    /// Returns the key that all replicas have who are given the same secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Returns a key that only this process has.
    ///
    /// # Panics
    /// When the system has no random numbers.
    pub fn random() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self(key.expect("the system has random numbers"))
    }

    /// Returns the cursor behind `place` of the list that `query` names.
    pub(crate) fn seal<P: Serialize>(&self, query: &str, place: &P, now: UnixMs) -> String {
        let sealed = Sealed {
            query: query.to_owned(),
            at: now,
            place,
        };
        let mut bytes = serde_json::to_vec(&sealed).unwrap_or_default();
        bytes.extend(hmac::sign(&self.0, &bytes).as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns the place of a cursor that was made for the list that `query` names, in the hour before `now`.
    pub(crate) fn open<P: DeserializeOwned>(
        &self,
        query: &str,
        cursor: &str,
        now: UnixMs,
    ) -> Result<P, ToolError> {
        let foreign = || refused("cursor is not one of this server, or it was changed");
        let sealed = self.verified(cursor).ok_or_else(foreign)?;
        // Before the place is read, which has another form in other lists.
        let Sealed::<IgnoredAny> { query: of, at, .. } =
            serde_json::from_slice(&sealed).map_err(|_| foreign())?;
        if of != query {
            let message =
                "cursor is of another list: a list goes on with the arguments it began with";
            return Err(refused(message));
        }
        let (at, now) = (at.ms(), now.ms());
        if now.saturating_sub(at) > MAX_AGE_MS || at.saturating_sub(now) > MAX_AHEAD_MS {
            return Err(refused("cursor is older than an hour"));
        }
        let sealed: Sealed<P> = serde_json::from_slice(&sealed).map_err(|_| foreign())?;
        Ok(sealed.place)
    }

    /// Returns what a cursor says if it is signed with this key.
    fn verified(&self, cursor: &str) -> Option<Vec<u8>> {
        if cursor.len() > MAX_CHARS {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let at = bytes.len().checked_sub(TAG_BYTES)?;
        let tag = bytes.split_off(at);
        hmac::verify(&self.0, &bytes, &tag).ok()?;
        Some(bytes)
    }
}

fn refused(message: &str) -> ToolError {
    ToolError::invalid("cursor", message)
        .next("call again without cursor, from the beginning of the list")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: i64 = 1_790_000_000_000;

    fn at(ms: i64) -> UnixMs {
        UnixMs::new(ms)
    }

    fn key() -> CursorKey {
        CursorKey::of(b"a secret")
    }

    fn open(query: &str, cursor: &str, ms: i64) -> Result<(u32, String), String> {
        let opened = key().open(query, cursor, at(ms));
        opened.map_err(|error| {
            assert_eq!(
                (error.code, error.field.as_deref()),
                ("invalid_argument", Some("cursor"))
            );
            assert!(
                error
                    .next
                    .is_some_and(|it| it.starts_with("call again without cursor"))
            );
            error.message
        })
    }

    #[test]
    fn a_cursor_is_good_for_an_hour_on_every_replica() {
        let place = (7, "lamps.example".to_owned());
        let cursor = key().seal("query", &place, at(AT));
        assert!(cursor.len() < MAX_CHARS);
        for ms in [AT, AT + MAX_AGE_MS, AT - MAX_AHEAD_MS] {
            assert_eq!(open("query", &cursor, ms), Ok(place.clone()));
        }
        for ms in [AT + MAX_AGE_MS + 1, AT - MAX_AHEAD_MS - 1, 0, i64::MAX] {
            assert!(
                open("query", &cursor, ms)
                    .unwrap_err()
                    .contains("older than an hour")
            );
        }
    }

    #[test]
    fn a_cursor_of_another_list_or_another_key_is_refused() {
        let cursor = key().seal("query", &(1, "a"), at(AT));
        assert!(
            open("other", &cursor, AT)
                .unwrap_err()
                .contains("of another list")
        );
        let forged = CursorKey::of(b"another secret").seal("query", &(1, "a"), at(AT));
        let foreign = CursorKey::random().seal("query", &(1, "a"), at(AT));
        let long = "A".repeat(2_000);
        for cursor in [
            forged.as_str(),
            foreign.as_str(),
            "",
            "AAAA",
            "next",
            "e30",
            long.as_str(),
        ] {
            assert!(
                open("query", cursor, AT)
                    .unwrap_err()
                    .contains("not one of this server")
            );
        }
        // Of the same list, from a time when places looked different.
        let older = key().seal("query", &"a", at(AT));
        assert!(open("query", &older, AT).is_err());
    }

    proptest! {
        #[test]
        fn any_place_comes_back(n in any::<u32>(), text in ".{0,40}", query in ".{0,20}") {
            let cursor = key().seal(&query, &(n, &text), at(AT));
            prop_assert_eq!(open(&query, &cursor, AT), Ok((n, text)));
        }

        #[test]
        fn any_flipped_bit_is_refused(byte in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let cursor = key().seal("query", &(1, "a"), at(AT));
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = byte.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(open("query", &URL_SAFE_NO_PAD.encode(bytes), AT).is_err());
        }

        #[test]
        fn any_text_is_refused(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,400}") {
            prop_assert!(open("query", &text, AT).is_err());
        }
    }
}
