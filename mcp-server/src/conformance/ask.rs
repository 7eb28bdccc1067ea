//! What a fixture asks the client during a call: the older revisions let servers do that.

use rmcp::ErrorData;
use rmcp::model::{ClientCapabilities, ServerRequest};
use rmcp::service::ServiceError;
use serde_json::{Map, Value, json};

use super::Request;
use super::fixtures::filled;

/// Sends a request to the client and returns what it answers.
pub(super) async fn ask(
    ask: &Value,
    words: &Map<String, Value>,
    request: &Request,
) -> Result<Value, ServiceError> {
    let ask: ServerRequest =
        serde_json::from_value(filled(ask, words)).map_err(|_| ServiceError::UnexpectedResponse)?;
    let answer = request.peer.send_request(ask).await?;
    Ok(serde_json::to_value(answer).unwrap_or_default())
}

/// Refuses clients without a model to answer with.
pub(super) fn require_sampling(request: &Request) -> Result<(), ErrorData> {
    let capabilities = json!(request.client_capabilities());
    if capabilities.get("sampling").is_some() {
        return Ok(());
    }
    let required: ClientCapabilities =
        serde_json::from_value(json!({"sampling": {}})).unwrap_or_default();
    Err(ErrorData::missing_required_client_capability(required))
}
