//! What can go wrong with another agent, by what the caller can do about it.

use a2a_sdk::{A2AError, error_code};

/// Why an agent could not be asked, or did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Not the address of an agent.
    #[error(
        "not an agent's address (expected one such as http://127.0.0.1:8800, without a user name): {0:?}"
    )]
    Address(String),
    /// Nobody answers there.
    #[error("cannot reach {at}: {detail}")]
    Unreachable {
        /// What was asked for.
        at: String,
        /// What happened.
        detail: String,
    },
    /// A server, but no agent.
    #[error("there is no agent card at {at}: {detail}")]
    NoCard {
        /// Where one was looked for.
        at: String,
        /// What was there instead.
        detail: String,
    },
    /// An agent that is called in other ways than ours.
    #[error(
        "cannot call the agent of {at}: needs A2A 1.0 over JSONRPC or HTTP+JSON, and it speaks {spoken}"
    )]
    NotSpoken {
        /// Its card.
        at: String,
        /// Its bindings and versions.
        spoken: String,
    },
    /// An agent whose calls would go to another server than the one that was named.
    #[error(
        "the card at {at} leads to another server, {to}: name that one if it is the one you mean"
    )]
    Elsewhere {
        /// The card.
        at: String,
        /// Where it leads.
        to: String,
    },
    /// The agent asks for a token, and there is none.
    #[error("the agent at {at} asks for a token")]
    NeedsToken {
        /// What was called.
        at: String,
    },
    /// The agent does not take the token.
    #[error("the agent at {at} refuses the token")]
    WrongToken {
        /// What was called.
        at: String,
    },
    /// The agent's own answer to what it was asked.
    #[error("the agent refuses: {message}")]
    Refused {
        /// The protocol's number.
        code: i32,
        /// Its words.
        message: String,
    },
    /// A break that may pass: of the connection, or inside the agent.
    #[error("no answer: {0}")]
    Passing(String),
    /// The agent was not heard of for too long.
    #[error("the agent was not heard of for {minutes} minutes: {last}")]
    Silent {
        /// How long it was waited for.
        minutes: u64,
        /// What the last try ended with.
        last: String,
    },
    /// An answer that is against the protocol.
    #[error("cannot read the agent's answer: {0}")]
    Damaged(String),
}

impl ClientError {
    /// Reads what the SDK's client says; its own failures and those inside the agent have one number.
    pub(super) fn of(error: &A2AError) -> Self {
        let message = shortened(&error.message);
        match error.code {
            error_code::INTERNAL_ERROR => Self::Passing(message),
            code => Self::Refused { code, message },
        }
    }

    /// Returns whether another try may go better.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}

/// Returns as much of an agent's words as a message has room for.
fn shortened(text: &str) -> String {
    const MOST: usize = 500;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
