//! What a fixture asks the client before it answers: the newest revision ends the call with the questions, and the
//! client calls again with the answers and the state it was given.

use rmcp::ErrorData;
use rmcp::model::{ClientCapabilities, InputRequests, InputRequiredResult, InputResponses};
use serde_json::{Map, Value, json};

use crate::CursorKey;

/// The questions of a fixture, round by round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounds<'a> {
    pub(super) name: &'a str,
    pub(super) rounds: &'a [Map<String, Value>],
    /// Whether the client carries a state from round to round.
    pub(super) sealed: bool,
}

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Round {
    /// The client has something to answer.
    Asks(InputRequiredResult),
    /// The answers of the last round.
    Done(Value),
}

/// Makes states that clients carry and cannot change.
#[derive(Debug, Clone)]
pub(super) struct Seals(CursorKey);

impl Seals {
    pub(super) fn random() -> Self {
        Self(CursorKey::random())
    }

    /// Returns where a call stands, from what the client sends along.
    pub(super) fn round(
        &self,
        fixture: Rounds<'_>,
        responses: Option<InputResponses>,
        state: Option<&str>,
        client: Option<&ClientCapabilities>,
    ) -> Result<Round, ErrorData> {
        let at = match state {
            Some(state) if fixture.sealed => self.open(fixture.name, state)?,
            _ => 0,
        };
        let client = json!(client);
        let responses = responses.unwrap_or_default();
        let answered = |asks: &Map<String, Value>| {
            asks.keys()
                .all(|it| responses.get(it).is_some_and(Value::is_object))
        };
        let asks = fixture.rounds.get(at).map(|it| answerable(it, &client));
        let next = match asks {
            Some(asks) if !answered(&asks) => Some((at, asks)),
            _ => fixture
                .rounds
                .get(at + 1)
                .map(|it| (at + 1, answerable(it, &client))),
        };
        let Some((at, asks)) = next.filter(|(_, asks)| !asks.is_empty()) else {
            return Ok(Round::Done(json!(responses)));
        };
        let asks: InputRequests = serde_json::from_value(Value::Object(asks))
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let state = fixture
            .sealed
            .then(|| self.0.seal(fixture.name, &at, TIMELESS));
        Ok(Round::Asks(InputRequiredResult::new(Some(asks), state)))
    }

    fn open(&self, name: &str, state: &str) -> Result<usize, ErrorData> {
        let opened = self.0.open(name, state, TIMELESS);
        opened.map_err(|_| ErrorData::invalid_params("requestState is not of this server", None))
    }
}

/// Fixtures' states do not grow old.
const TIMELESS: catalog::UnixMs = catalog::UnixMs::new(0);

/// Returns the questions that a client can answer by what it says of itself.
fn answerable(asks: &Map<String, Value>, client: &Value) -> Map<String, Value> {
    let can = |ask: &Value| {
        let method = ask["method"].as_str().unwrap_or_default();
        let (capability, _) = method.split_once('/').unwrap_or_default();
        client.get(capability).is_some()
    };
    let asks = asks.iter().filter(|(_, ask)| can(ask));
    asks.map(|(name, ask)| (name.clone(), ask.clone()))
        .collect()
}
