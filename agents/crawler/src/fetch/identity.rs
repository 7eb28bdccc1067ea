//! Who asks: the headers by which a shop can tell that a request is the operator's (Web Bot Auth, RFC 9421).
//!
//! One of two kinds: those that a merchant issued for the own domain, else a signature by the operator's own key.

mod key;
mod merchant;
mod signature;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use catalog::UnixMs;
use reqwest::header::{HeaderName, HeaderValue};
use url::{Position, Url};

pub use self::key::{KeyError, OperatorKey};
pub use self::merchant::{ExpiryNotice, MerchantError, MerchantHeaders};
pub use self::signature::{Operator, Signed, SignedDirectory};

const SIGNATURE_AGENT: HeaderName = HeaderName::from_static("signature-agent");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// Tells the time, by which the headers that merchants issued expire.
pub type Now = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// The identity that requests carry.
pub struct Identity {
    operator: Option<Operator>,
    /// By authority: `shop.example`, with the port where it is not the usual one.
    merchants: HashMap<String, MerchantHeaders>,
    now: Now,
}

impl Identity {
    /// Returns the identity of an operator, who may have no key, with the headers that merchants issued.
    pub fn new(operator: Option<Operator>, merchants: Vec<MerchantHeaders>, now: Now) -> Self {
        let merchants = merchants.into_iter();
        Self {
            operator,
            merchants: merchants.map(|it| (it.authority.clone(), it)).collect(),
            now,
        }
    }

    /// Returns who signs; `None` without a key.
    pub const fn operator(&self) -> Option<&Operator> {
        self.operator.as_ref()
    }

    /// Returns the hosts of the shops that issued headers, in their order.
    pub fn merchants(&self) -> Vec<&str> {
        let mut hosts: Vec<&str> = self.merchants.keys().map(String::as_str).collect();
        hosts.sort_unstable();
        hosts
    }

    /// Returns the issued headers that are expired or will soon be, the first to expire first.
    pub fn expiring(&self) -> Vec<ExpiryNotice> {
        let now = (self.now)();
        let mut notices: Vec<ExpiryNotice> = self
            .merchants
            .values()
            .filter_map(|it| it.notice(now))
            .collect();
        notices.sort_by(|one, two| {
            (one.expires_at, &one.authority).cmp(&(two.expires_at, &two.authority))
        });
        notices
    }

    /// Returns the headers for one request to `url`: of each hop its own, so none is for the host before.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn headers(&self, url: &Url) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let authority = authority(url);
        if let Some(issued) = self.merchants.get(authority)
            && issued.may_go_to(url, (self.now)())
        {
            return Ok(issued.headers());
        }
        match &self.operator {
            None => Ok(Vec::new()),
            Some(operator) => operator.headers(authority),
        }
    }
}

impl fmt::Debug for Identity {
    /// Without what a shop would believe.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("operator", &self.operator)
            .field("merchants", &self.merchants)
            .finish_non_exhaustive()
    }
}

/// Why a request could not be signed: the system has no random numbers, or the key does not work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SignError(String);

/// Returns the `@authority` of RFC 9421: the host, and the port where it is not the scheme's own.
fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

#[cfg(test)]
mod tests;
