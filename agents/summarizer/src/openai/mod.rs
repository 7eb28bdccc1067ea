//! An endpoint that speaks OpenAI's chat completions, whoever serves it: who is asked, how often, and how long.
//!
//! It knows nothing of facts and drafts; what it returns is the text of a stranger.

mod attempt;
mod call;
mod complaint;
mod config;
mod excess;
mod gate;
mod http;
mod rates;
mod secret;
#[cfg(test)]
mod testing;
mod verdict;
mod wire;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use catalog::StoreError;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{Price, Purse};
use attempt::OneAttempt;
use excess::Excess;
use gate::Gate;
use secret::Secret;

pub use config::{EndpointConfig, EndpointError, Mode, TokensField};

/// A model behind an address.
pub struct Endpoint {
    config: EndpointConfig,
    host: String,
    client: Client<OpenAIConfig>,
    secret: Secret,
    gate: Gate,
    excess: Excess,
    /// What the endpoint is known to take: never more than is configured.
    mode: Mutex<Mode>,
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// What it is told to do.
    pub system: String,
    /// What it is told to do that to; behind the first, by turns, its answer and why that was refused.
    pub turns: Vec<String>,
    /// The schema of the answer.
    pub schema: Value,
    /// A stable name for the subject, for logs.
    pub subject: String,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What the model wrote.
    pub text: String,
    /// The model as it names itself; the requested one where it does not say.
    pub model: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The endpoint refuses what is configured: the key, the model, the request's form. Nothing will get better by
    /// trying.
    #[error("{message}")]
    Configuration {
        /// The status, where there was one.
        status: Option<u16>,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The next request would be over the budget; in words.
    #[error("{0}")]
    OverBudget(String),
    /// No attempt was to be begun any more.
    #[error("it was cancelled")]
    Cancelled,
    /// The account is empty, and no pause fills it.
    #[error("{message}")]
    NoMoney {
        /// What it said.
        message: String,
    },
    /// The endpoint asks for a long pause, or has failed too often.
    #[error("{message}")]
    Closed {
        /// When it may be asked again.
        wait: Duration,
        /// What it said.
        message: String,
    },
    /// All attempts failed, or the deadline passed.
    #[error("{message}")]
    Failed {
        /// The reason of the last attempt by a stable name, such as `rate_limited`.
        code: &'static str,
        /// In words.
        message: String,
    },
    /// The model or a filter of the endpoint refuses to answer.
    #[error("the model refused: {message}")]
    Refused {
        /// What it said.
        message: String,
    },
    /// The answer was cut off at the most tokens, twice.
    #[error("the answer was cut off at the most tokens")]
    Cut,
    /// The budget could not be counted.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Longer waits are not believed, and clocks could not add them.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Endpoint {
    /// Makes the endpoint; asks nothing yet.
    ///
    /// # Errors
    /// For an address that is no URL of the web, or a proxy's, and for a key that no header can carry.
    pub fn new(config: EndpointConfig) -> Result<Self, EndpointError> {
        let (address, host) = config.address()?;
        let http = http::client(&config)?;
        // The key is none of the library's business, and what it reads from the environment is overwritten.
        let settings = OpenAIConfig::new()
            .with_api_base(address)
            .with_api_key("")
            .with_org_id("")
            .with_project_id("");
        let client = Client::build(http.clone(), settings).with_http_service(OneAttempt {
            http,
            bearer: config.bearer()?,
            secret: Secret::of(&config),
            timeout: config.attempt_timeout,
            max_body_bytes: config.max_body_bytes,
        });
        Ok(Self {
            host,
            client,
            secret: Secret::of(&config),
            gate: Gate::new(&config),
            excess: Excess::default(),
            mode: Mutex::new(config.mode),
            config,
        })
    }

    /// Returns the host, with the port where it is no usual one: what a summary says of where it comes from.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the model that is asked for.
    pub fn model(&self) -> &str {
        &self.config.model
    }

    /// Returns the settings that an answer depends on, as canonical JSON without secrets: part of every cache key.
    ///
    /// Nor does it hold the address: the same model behind another gateway need not be paid again.
    pub fn parameters(&self) -> Value {
        self.config.parameters()
    }

    /// Returns what tokens cost.
    pub fn price(&self) -> Option<&Price> {
        self.config.price.as_ref()
    }

    /// Returns how many tokens are set aside for one attempt at a request: those read, and those written.
    pub fn estimated_tokens(&self, request: &ChatRequest) -> (u64, u64) {
        let written = u64::from(self.config.max_tokens);
        (wire::estimated_tokens(request), written)
    }

    /// Asks until there is an answer, at most until the deadline; our own limits on requests are waited for beside that,
    /// as long as it takes. Every attempt is set aside in `purse` before it is
    /// made, and counted as what it used after it: as nothing where the endpoint answered with an error, as set aside
    /// where nobody knows.
    ///
    /// Cancel-safe: what was under way is counted as set aside, and lost.
    ///
    /// # Errors
    /// By what can be done about it.
    pub async fn complete(
        &self,
        request: &ChatRequest,
        purse: &mut Purse,
    ) -> Result<Completion, CallError> {
        let never = CancellationToken::new();
        self.complete_until(request, purse, &never).await
    }

    /// Does the same, but begins no attempt once `cancel` says so; one that is under way is paid for, and goes on.
    pub(crate) async fn complete_until(
        &self,
        request: &ChatRequest,
        purse: &mut Purse,
        cancel: &CancellationToken,
    ) -> Result<Completion, CallError> {
        call::complete(self, request, purse, cancel).await
    }

    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for no more than `mode` from now on.
    fn weaken(&self, mode: Mode) {
        let mut current = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        if *current < mode {
            tracing::info!(host = %self.host, "{} does not take response_format as asked, asked for less from now on", self.host);
            *current = mode;
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.host)
            .field("model", &self.config.model)
            .finish_non_exhaustive()
    }
}
