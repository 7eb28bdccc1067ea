//! The endpoint of a language model, and what summaries may cost.

mod price;

use std::num::NonZeroU32;
use std::time::Duration;

use catalog::MeterLimits;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use summarizer::openai::{EndpointConfig, Mode, TokensField};
use toml::Value;
use url::Url;

use self::price::{Prices, price_of};
pub(crate) use self::price::{money, nanos};
use super::secret::{Secret, key_in};
use crate::exit::UsageError;

/// The largest answer: many times what the most tokens of a summary take.
const MAX_BODY_BYTES: usize = 1 << 20;

/// Failures in a row behind which the endpoint counts as down.
const MAX_FAILURES: u32 = 20;

/// The host whose requests never work without a key; others may need none.
const OPENAI: &str = "api.openai.com";

/// Who writes summaries, how it is reached, and what that may cost.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LlmConfig {
    model: String,
    base_url: String,
    api_key: Secret,
    api_key_file: String,
    mode: Mode,
    max_tokens: u32,
    tokens_field: TokensField,
    temperature: Temperature,
    attempt_timeout_seconds: f64,
    deadline_seconds: f64,
    max_tries: u32,
    backoff_seconds: f64,
    max_retry_after_seconds: f64,
    pub(crate) in_flight: usize,
    requests_per_minute: u32,
    tokens_per_minute: u32,
    /// May hold a password.
    proxy: Secret,
    max_requests: u64,
    max_tokens_per_run: u64,
    max_cost: f64,
    price_currency: String,
    prices: Prices,
}

/// Whether a language model writes the summaries.
#[derive(Debug)]
pub(crate) enum Llm {
    /// One does.
    Endpoint(Box<EndpointConfig>),
    /// None does, and why.
    None(&'static str),
}

/// The most that a run may use, in place of the configured: 0 for no limit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BudgetFlags {
    pub(crate) max_requests: Option<u64>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) max_cost: Option<f64>,
}

/// A number, or `None` where the model's own is meant.
#[derive(Debug, Clone, Copy)]
struct Temperature(Option<f64>);

impl LlmConfig {
    /// Returns how the language model is reached, if there is one.
    pub(crate) fn endpoint(&self) -> Result<Llm, UsageError> {
        if self.model.is_empty() {
            return Ok(Llm::None(match self.has_key() {
                true => "a key is set, but no model: set llm.model or TROUVAILLE__LLM__MODEL",
                false => "no model is configured: set llm.model or TROUVAILLE__LLM__MODEL",
            }));
        }
        let api_key = self.api_key()?;
        if api_key.is_none() && self.host() == OPENAI {
            return Ok(Llm::None(
                "there is no key for api.openai.com: set TROUVAILLE__LLM__API_KEY, or name a file in llm.api_key_file",
            ));
        }
        let config = self.config(api_key);
        checked(&config)?;
        Ok(Llm::Endpoint(Box::new(config)))
    }

    /// Returns the configured model as one that nobody will ask: without the key.
    pub(crate) fn without_key(&self) -> Option<EndpointConfig> {
        (!self.model.is_empty()).then(|| self.unasked())
    }

    /// Returns the settings as of an endpoint that nobody will ask, also where no model is configured.
    pub(crate) fn unasked(&self) -> EndpointConfig {
        self.config(None)
    }

    fn config(&self, api_key: Option<String>) -> EndpointConfig {
        let seconds = Duration::from_secs_f64;
        EndpointConfig {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            api_key,
            model: self.model.clone(),
            mode: self.mode,
            max_tokens: self.max_tokens,
            tokens_field: self.tokens_field,
            temperature: self.temperature.0,
            attempt_timeout: seconds(self.attempt_timeout_seconds),
            deadline: seconds(self.deadline_seconds),
            max_tries: self.max_tries,
            backoff: seconds(self.backoff_seconds),
            max_retry_after: seconds(self.max_retry_after_seconds),
            max_body_bytes: MAX_BODY_BYTES,
            in_flight: self.in_flight,
            requests_per_minute: NonZeroU32::new(self.requests_per_minute),
            tokens_per_minute: NonZeroU32::new(self.tokens_per_minute),
            max_failures: MAX_FAILURES,
            proxy: Some(self.proxy.0.clone()).filter(|it| !it.is_empty()),
            price: price_of(&self.prices, &self.model, &self.price_currency),
        }
    }

    /// Returns what a run may use: the flags, else what is configured.
    pub(crate) fn limits(&self, flags: BudgetFlags) -> Result<MeterLimits, UsageError> {
        let limit = |number: u64| Some(number).filter(|&it| it > 0);
        let cost = flags.max_cost.unwrap_or(self.max_cost);
        if cost > 0.0 && !self.model.is_empty() && !self.prices.contains_key(&self.model) {
            return Err(UsageError(format!(
                "a cost of at most {cost} {} needs the price of the model {:?}: write it into the configuration as \
                 [llm.prices] {:?} = {{ input = 0.15, output = 0.60 }}, for a million tokens each, or limit \
                 --max-tokens instead",
                self.price_currency, self.model, self.model
            )));
        }
        Ok(MeterLimits {
            requests: limit(flags.max_requests.unwrap_or(self.max_requests)),
            tokens: limit(flags.max_tokens.unwrap_or(self.max_tokens_per_run)),
            cost_nanos: limit(nanos(cost)),
        })
    }

    /// Returns whether a key is configured; a file is not looked into.
    fn has_key(&self) -> bool {
        !self.api_key.0.trim().is_empty() || !self.api_key_file.is_empty()
    }

    fn host(&self) -> String {
        let url = Url::parse(&self.base_url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        host.unwrap_or_default().to_owned()
    }

    fn api_key(&self) -> Result<Option<String>, UsageError> {
        let key = match self.api_key_file.as_str() {
            "" => self.api_key.0.trim().to_owned(),
            path => key_in("llm.api_key_file", path)?,
        };
        Ok(Some(key).filter(|it| !it.is_empty()))
    }

    pub(super) fn check(&self) -> Result<(), UsageError> {
        if !self.api_key.0.is_empty() && !self.api_key_file.is_empty() {
            return Err(UsageError(
                "llm.api_key and llm.api_key_file: both are set; use one".to_owned(),
            ));
        }
        if self.model.len() > 200 || self.model.contains(char::is_control) {
            return Err(UsageError(
                "llm.model: expected the name of a model, at most 200 bytes on one line".to_owned(),
            ));
        }
        self.check_numbers()?;
        // The key may be in a file, which only those who need it read.
        checked(&self.config(None))?;
        price::check(&self.prices, &self.price_currency)
    }

    fn check_numbers(&self) -> Result<(), UsageError> {
        let numbers = [
            ("temperature", self.temperature.0.unwrap_or(0.0), 0.0..=2.0),
            (
                "attempt_timeout_seconds",
                self.attempt_timeout_seconds,
                0.1..=3600.0,
            ),
            ("deadline_seconds", self.deadline_seconds, 0.1..=86_400.0),
            ("backoff_seconds", self.backoff_seconds, 0.0..=3600.0),
            (
                "max_retry_after_seconds",
                self.max_retry_after_seconds,
                0.0..=86_400.0,
            ),
            ("max_cost", self.max_cost, 0.0..=1e6),
        ];
        for (key, value, range) in numbers {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(UsageError(format!(
                    "llm.{key} = {value}: expected a number from {least} to {most}"
                )));
            }
        }
        let counts = [
            ("max_tokens", u64::from(self.max_tokens), 64..=1_000_000),
            ("max_tries", u64::from(self.max_tries), 1..=100),
            ("in_flight", self.in_flight as u64, 1..=256),
        ];
        for (key, value, range) in counts {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(UsageError(format!(
                    "llm.{key} = {value}: expected a whole number from {least} to {most}"
                )));
            }
        }
        Ok(())
    }
}

fn checked(config: &EndpointConfig) -> Result<(), UsageError> {
    config.check().map_err(|error| UsageError(error.0))
}

impl<'de> Deserialize<'de> for Temperature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Float(number) => Ok(Self(Some(number))),
            #[expect(clippy::cast_precision_loss, reason = "anything above 2 is refused")]
            Value::Integer(number) => Ok(Self(Some(number as f64))),
            Value::String(text) if text == "default" => Ok(Self(None)),
            _ => Err(D::Error::custom(
                "llm.temperature: expected a number from 0 to 2, or \"default\"",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
