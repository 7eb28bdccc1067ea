//! Headers that a merchant issued for the own domain: as secret as a password, and good until a day that is known.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use catalog::UnixMs;
use reqwest::header::{HeaderName, HeaderValue};
use url::{Host, Url};
use web_bot_auth::components::{CoveredComponent, HTTPField};
use web_bot_auth::message_signatures::{MessageVerifier, SignedMessage};

use super::{SIGNATURE, SIGNATURE_AGENT, SIGNATURE_INPUT, authority};

/// From so long before they expire on, somebody should ask the merchant for new ones.
const NOTICE_MS: i64 = 14 * DAY_MS;

const DAY_MS: i64 = 24 * 3_600_000;

/// No time.
const NEVER: i64 = i64::MIN;

/// The headers for one shop.
pub struct MerchantHeaders {
    pub(super) authority: String,
    agent: HeaderValue,
    input: HeaderValue,
    signature: HeaderValue,
    expires_at: UnixMs,
    /// Whether it was told that they are expired.
    was_told: AtomicBool,
    /// When it was last told that they will soon be, or first used: whoever starts tells it.
    told_at: AtomicI64,
}

/// What is wrong with issued headers; none of them is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MerchantError {
    /// The shop is no host.
    #[error("expected a host such as shop.example, with its port where it has an unusual one")]
    NoHost,
    /// A value is missing, or no header can carry it.
    #[error("{0} is missing or no header")]
    NoHeader(&'static str),
    /// The values are not those of a signature.
    #[error("signature_input and signature are not the two parts of one signature")]
    NoSignature,
    /// The first value is no text of a structured field.
    #[error(
        "signature_agent is to have quotes of its own, as the merchant shows it: signature_agent = '\"https://shopify.com\"'"
    )]
    NoAgent,
    /// Nobody says until when they are good.
    #[error("signature_input does not say when it expires: set expires = \"2026-12-01\"")]
    NoExpiry,
}

/// Headers that are expired or will soon be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryNotice {
    /// The shop's host.
    pub authority: String,
    /// When they are good no more.
    pub expires_at: UnixMs,
    /// Whether they are not sent any more.
    pub is_expired: bool,
}

impl fmt::Display for ExpiryNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, at) = (&self.authority, self.expires_at);
        match self.is_expired {
            true => write!(
                f,
                "the signature headers that {host} issued expired at {at} and are not sent any more: ask the merchant \
                 for new ones"
            ),
            false => write!(
                f,
                "the signature headers that {host} issued expire at {at}: ask the merchant for new ones"
            ),
        }
    }
}

impl MerchantHeaders {
    /// Returns the headers that the shop at `host` issued, as the merchant's page shows them. They expire when
    /// `expires_at` or the signature itself says so, whichever is first.
    ///
    /// # Errors
    /// See [`MerchantError`].
    pub fn new(
        host: &str,
        signature_agent: &str,
        signature_input: &str,
        signature: &str,
        expires_at: Option<UnixMs>,
    ) -> Result<Self, MerchantError> {
        if !signature_agent.trim().is_empty() && !signature_agent.contains('"') {
            return Err(MerchantError::NoAgent);
        }
        let own_expiry = Parts {
            signature_agent,
            signature_input,
            signature,
        }
        .expires_at()?;
        Ok(Self {
            authority: authority_of(host).ok_or(MerchantError::NoHost)?,
            agent: header("signature_agent", signature_agent)?,
            input: header("signature_input", signature_input)?,
            signature: header("signature", signature)?,
            expires_at: (own_expiry.into_iter().chain(expires_at))
                .min()
                .ok_or(MerchantError::NoExpiry)?,
            was_told: AtomicBool::new(false),
            told_at: AtomicI64::new(NEVER),
        })
    }

    /// Returns what somebody should know about their end.
    pub(super) fn notice(&self, now: UnixMs) -> Option<ExpiryNotice> {
        let is_near = self.expires_at.ms().saturating_sub(now.ms()) <= NOTICE_MS;
        is_near.then(|| ExpiryNotice {
            authority: self.authority.clone(),
            expires_at: self.expires_at,
            is_expired: self.expires_at <= now,
        })
    }

    /// Returns whether they are good for a request to `url`, on which nobody can read along. That they are expired is
    /// told once, that they will soon be once a day: a server may run longer than they are good.
    pub(super) fn may_go_to(&self, url: &Url, now: UnixMs) -> bool {
        let is_expired = self.expires_at <= now;
        match self.notice(now) {
            Some(notice) if is_expired => {
                if !self.was_told.swap(true, Ordering::Relaxed) {
                    tracing::error!("{notice}");
                }
            }
            Some(notice) if self.is_another_day(now) => tracing::warn!("{notice}"),
            Some(_) | None => {}
        }
        let is_here = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        !is_expired && (url.scheme() == "https" || is_here)
    }

    /// Returns whether a day has passed since this was last so, or since the first call.
    fn is_another_day(&self, now: UnixMs) -> bool {
        let told_at = self.told_at.load(Ordering::Relaxed);
        let is_first = told_at == NEVER;
        let is_over = !is_first && now.ms().saturating_sub(told_at) >= DAY_MS;
        if is_first || is_over {
            self.told_at.store(now.ms(), Ordering::Relaxed);
        }
        is_over
    }

    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        vec![
            (SIGNATURE_AGENT, self.agent.clone()),
            (SIGNATURE_INPUT, self.input.clone()),
            (SIGNATURE, self.signature.clone()),
        ]
    }
}

impl fmt::Debug for MerchantHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*** until {}", self.expires_at)
    }
}

fn authority_of(host: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{host}/")).ok()?;
    // A pattern is none: what one shop issued is for nobody else.
    let is_bare = url.path() == "/"
        && !authority(&url).contains('*')
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_bare.then(|| authority(&url).to_owned())
}

fn header(name: &'static str, text: &str) -> Result<HeaderValue, MerchantError> {
    let value = HeaderValue::from_str(text.trim()).map_err(|_| MerchantError::NoHeader(name))?;
    if value.is_empty() {
        return Err(MerchantError::NoHeader(name));
    }
    let mut value = value;
    value.set_sensitive(true);
    Ok(value)
}

/// The values as a signed message, of which only the signature's own parameters are asked for.
struct Parts<'a> {
    signature_agent: &'a str,
    signature_input: &'a str,
    signature: &'a str,
}

impl Parts<'_> {
    /// Returns when the signature says that it expires.
    fn expires_at(&self) -> Result<Option<UnixMs>, MerchantError> {
        let verifier =
            MessageVerifier::parse(self, |_| true).map_err(|_| MerchantError::NoSignature)?;
        let expires = verifier.parsed.base.parameters.details.expires;
        Ok(expires.map(|seconds| UnixMs::new(seconds.saturating_mul(1000))))
    }
}

impl SignedMessage for Parts<'_> {
    fn lookup_component(&self, name: &CoveredComponent) -> Vec<String> {
        let value = match name {
            CoveredComponent::HTTP(HTTPField { name, .. }) => match name.as_str() {
                "signature-agent" => self.signature_agent,
                "signature-input" => self.signature_input,
                "signature" => self.signature,
                _ => "",
            },
            CoveredComponent::Derived(_) => "",
        };
        vec![value.trim().to_owned()]
    }
}
