//! How an endpoint is reached, and which settings cannot work.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::Price;

/// How an endpoint is reached, and how long it is waited for.
#[derive(Clone)]
pub struct EndpointConfig {
    /// The address up to `/v1`; a slash at the end does not matter.
    pub base_url: String,
    /// The key; never shown. `None` for endpoints that need none.
    pub api_key: Option<String>,
    /// The model's name.
    pub model: String,
    /// How the form of the answer is asked for.
    pub mode: Mode,
    /// The most tokens of an answer; one that is cut off there is asked for again with twice as many.
    pub max_tokens: u32,
    /// Which field says so.
    pub tokens_field: TokensField,
    /// From 0 (the same answer each time, as far as the model can) on; `None` leaves it to the model.
    pub temperature: Option<f64>,
    /// The longest single attempt.
    pub attempt_timeout: Duration,
    /// The longest time for one answer, attempts and pauses together, without the waiting for our own limits.
    pub deadline: Duration,
    /// Attempts in all.
    pub max_tries: u32,
    /// The first pause after a failure, which doubles with each, and is drawn at random below that.
    pub backoff: Duration,
    /// The longest pause that is waited for; an endpoint that asks for more is closed until then.
    pub max_retry_after: Duration,
    /// The largest answer.
    pub max_body_bytes: usize,
    /// Requests at the same time.
    pub in_flight: usize,
    /// The most requests in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// The most tokens in a minute.
    pub tokens_per_minute: Option<NonZeroU32>,
    /// Failures in a row behind which the endpoint counts as down; 0 for never.
    pub max_failures: u32,
    /// A proxy's address; no other proxy is used.
    pub proxy: Option<String>,
    /// What tokens cost.
    pub price: Option<Price>,
}

impl fmt::Debug for EndpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointConfig")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("has_key", &self.api_key.is_some())
            .finish_non_exhaustive()
    }
}

/// How the form of an answer is asked for. All answers are checked here in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By a strict JSON schema; the next one once the endpoint refuses that.
    JsonSchema,
    /// As any JSON object.
    JsonObject,
    /// By the prompt alone.
    Prompt,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::JsonSchema => "json_schema",
            Self::JsonObject => "json_object",
            Self::Prompt => "prompt",
        }
    }

    /// Returns what asks for less.
    pub(super) const fn weaker(self) -> Option<Self> {
        match self {
            Self::JsonSchema => Some(Self::JsonObject),
            Self::JsonObject => Some(Self::Prompt),
            Self::Prompt => None,
        }
    }
}

/// Which field of a request limits the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokensField {
    /// `max_tokens`, which all know but the newest models of OpenAI.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

impl TokensField {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EndpointError(pub String);

impl EndpointConfig {
    /// Refuses an address, a key or a proxy that cannot work. None of them is shown: each may hold a secret.
    ///
    /// # Errors
    /// When one of them cannot work.
    pub fn check(&self) -> Result<(), EndpointError> {
        self.address()?;
        self.bearer()?;
        self.proxy().map(drop)
    }

    /// Returns the address without slashes at its end, and its host.
    pub(super) fn address(&self) -> Result<(String, String), EndpointError> {
        let wrong = |detail: &str| {
            EndpointError(format!(
                "llm.base_url: {detail}: expected the address up to /v1, such as https://api.openai.com/v1 or \
                 http://127.0.0.1:11434/v1"
            ))
        };
        let url = Url::parse(self.base_url.trim()).map_err(|error| wrong(&error.to_string()))?;
        let Some(host) = url
            .host_str()
            .filter(|_| matches!(url.scheme(), "http" | "https"))
        else {
            return Err(wrong("it is no http or https address"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "it holds a user or a password; the key belongs in llm.api_key",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has a ? or a # part"));
        }
        let address = url.as_str().trim_end_matches('/');
        if address.ends_with("/chat/completions") {
            return Err(wrong("/chat/completions is added to it"));
        }
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok((address.to_owned(), host))
    }

    /// Returns the `Authorization` header, which no debug output shows.
    pub(super) fn bearer(&self) -> Result<Option<HeaderValue>, EndpointError> {
        let key = self.api_key.as_deref().map_or("", str::trim);
        if key.is_empty() {
            return Ok(None);
        }
        let is_key = key.bytes().all(|it| it.is_ascii_graphic());
        let bearer = HeaderValue::from_str(&format!("Bearer {key}")).ok();
        let Some(mut bearer) = bearer.filter(|_| is_key) else {
            let message = "llm.api_key (or the file of llm.api_key_file): expected visible ASCII characters without spaces";
            return Err(EndpointError(message.to_owned()));
        };
        bearer.set_sensitive(true);
        Ok(Some(bearer))
    }

    /// Returns the proxy, if there is one.
    pub(super) fn proxy(&self) -> Result<Option<reqwest::Proxy>, EndpointError> {
        let Some(text) = &self.proxy else {
            return Ok(None);
        };
        let is_address = Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // The error behind it would repeat a password.
        let proxy = reqwest::Proxy::all(text.as_str()).ok();
        let Some(proxy) = proxy.filter(|_| is_address) else {
            let message = "llm.proxy: expected an address such as http://proxy.example:3128";
            return Err(EndpointError(message.to_owned()));
        };
        Ok(Some(proxy))
    }

    /// Returns what an answer depends on. The address is left out: the same model behind another gateway is the same
    /// model, and what it wrote need not be paid again.
    pub(super) fn parameters(&self) -> Value {
        json!({
            "max_tokens": self.max_tokens,
            "mode": self.mode.name(),
            "model": self.model,
            "temperature": self.temperature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::config;
    use super::*;

    fn address(base_url: &str) -> Result<(String, String), String> {
        let config = EndpointConfig {
            base_url: base_url.to_owned(),
            ..config("")
        };
        config.address().map_err(|error| error.0)
    }

    #[test]
    fn an_address_is_of_the_web_and_its_last_slash_does_not_matter() {
        let told = |address: &str, host: &str| Ok((address.to_owned(), host.to_owned()));
        let openai = told("https://api.openai.com/v1", "api.openai.com");
        assert_eq!(address("https://api.openai.com/v1"), openai);
        assert_eq!(address(" https://api.openai.com/v1// "), openai);
        let local = told("http://[::1]:11434/v1", "[::1]:11434");
        assert_eq!(address("http://[::1]:11434/v1"), local);
        for refused in [
            "",
            "api.openai.com",
            "file:///v1",
            "ftp://h/v1",
            "http://h/v1?key=1",
            "http://h/v1/chat/completions/",
        ] {
            assert!(address(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let message = address("https://me:s3cret@api.openai.com/v1").unwrap_err();
        assert!(!message.contains("s3cret"), "{message}");
    }

    #[test]
    fn a_key_is_shown_nowhere() {
        let config = EndpointConfig {
            api_key: Some(" sk-s3cret\n".to_owned()),
            ..config("http://127.0.0.1/v1")
        };
        let bearer = config.bearer().unwrap().unwrap();
        assert_eq!(bearer, "Bearer sk-s3cret");
        let endpoint = super::super::Endpoint::new(config.clone()).unwrap();
        let shown = format!(
            "{config:?} {bearer:?} {endpoint:?} {}",
            endpoint.parameters()
        );
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_key_of_several_words_or_lines_is_refused() {
        for key in ["sk-1\nsk-2", "sk-1 sk-2", "clé"] {
            let config = EndpointConfig {
                api_key: Some(key.to_owned()),
                ..config("http://127.0.0.1/v1")
            };
            let message = config.check().unwrap_err().0;
            assert!(!message.contains(key), "{message}");
        }
    }

    #[test]
    fn a_proxy_is_of_the_web_and_its_password_is_not_repeated() {
        let refusal = |proxy: &str| {
            let config = EndpointConfig {
                proxy: Some(proxy.to_owned()),
                ..config("http://127.0.0.1/v1")
            };
            config.check().err().map(|error| error.0)
        };
        assert_eq!(refusal("http://me:s3cret@proxy.example:3128"), None);
        for proxy in ["proxy.example", "socks5://me:s3cret@proxy.example", ""] {
            let message = refusal(proxy).unwrap();
            assert!(!message.contains("s3cret"), "{message}");
        }
    }
}
