//! The agent card: who an agent is, what it can do, and where.

use std::collections::HashMap;

use a2a_sdk::{
    AgentCapabilities, AgentCard, AgentExtension, AgentInterface, AgentSkill,
    HttpAuthSecurityScheme, SecurityScheme, TRANSPORT_PROTOCOL_HTTP_JSON,
    TRANSPORT_PROTOCOL_JSONRPC,
};
use serde_json::{Value, json};

use crate::skills::crawl::crawl_request_schema;
use crate::{Agent, Served, Skill};

/// The name of our extension of the protocol, and the beginning of our keys in metadata.
pub(crate) const EXTENSION: &str = "https://trouvaille.example/ext/crawl/v1";

/// Where a card is served, below its agent's address.
pub const CARD_PATH: &str = "/.well-known/agent-card.json";

/// Returns the card of an agent that is reached at `url`, which ends without a slash.
pub(crate) fn card(agent: &Agent, url: &str, served: &Served) -> AgentCard {
    AgentCard {
        name: agent.title.to_owned(),
        description: agent.description.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        supported_interfaces: vec![
            AgentInterface::new(format!("{url}/a2a/v1"), TRANSPORT_PROTOCOL_JSONRPC),
            AgentInterface::new(format!("{url}/a2a/rest"), TRANSPORT_PROTOCOL_HTTP_JSON),
        ],
        capabilities: AgentCapabilities {
            streaming: Some(true),
            push_notifications: Some(served.conformance),
            extended_agent_card: Some(served.conformance),
            extensions: Some(vec![extension()]),
        },
        default_input_modes: input_modes(served),
        default_output_modes: modes(&["application/json", "text/csv", "application/x-ndjson"]),
        skills: agent.skills.iter().map(|&it| shown(it)).collect(),
        provider: None,
        documentation_url: None,
        icon_url: None,
        security_schemes: served
            .has_auth
            .then(|| HashMap::from([(BEARER.to_owned(), bearer())])),
        security_requirements: served
            .has_auth
            .then(|| vec![HashMap::from([(BEARER.to_owned(), Vec::new())])]),
        signatures: None,
    }
}

/// The name of the one security scheme in the card.
const BEARER: &str = "bearer";

fn bearer() -> SecurityScheme {
    SecurityScheme::HttpAuth(HttpAuthSecurityScheme {
        scheme: "Bearer".to_owned(),
        description: Some("A token that the operator of this server gave out.".to_owned()),
        bearer_format: None,
    })
}

fn input_modes(served: &Served) -> Vec<String> {
    let mut modes = modes(&["application/json", "text/plain"]);
    if served.conformance {
        // What the compatibility kit calls plain text.
        modes.push("text".to_owned());
    }
    modes
}

fn modes(modes: &[&str]) -> Vec<String> {
    modes.iter().map(|&mode| mode.to_owned()).collect()
}

/// Returns the extension that says what the protocol has no words for.
fn extension() -> AgentExtension {
    let params = [
        ("request", crawl_request_schema()),
        (
            "metadata",
            json!({
                (format!("{EXTENSION}/seq")): "On every task and event: the number of the newest event. Events of a task \
                    are numbered from 1 without gaps, on whichever replica they are read.",
                (format!("{EXTENSION}/progress")): "On events of work: seq, store, page, products, bytes, requests, \
                    retries429, storesDone, stores. At most two such events a second.",
            }),
        ),
        (
            "headers",
            json!({
                "A2A-After-Seq": "On SubscribeToTask: the number of the newest event that is known. The stream begins \
                    with the task, then has exactly the events after that number.",
                "Idempotency-Key": "On SendMessage and SendStreamingMessage of a message that begins a task: a name for \
                    the request, unique for its caller for 24 hours. Sent again with the same message it gives the \
                    same task; with another one, an error. A message with a taskId takes none: of an answer that \
                    comes twice, one is taken.",
            }),
        ),
    ];
    AgentExtension {
        uri: EXTENSION.to_owned(),
        description: Some(
            "Requests by JSON Schema, progress in numbers, streams that go on where they broke, and sending twice \
             without crawling twice."
                .to_owned(),
        ),
        required: Some(false),
        params: Some(params.map(|(name, value)| (name.to_owned(), value)).into()),
    }
}

/// Returns a skill for people, with requests as examples.
fn shown(skill: Skill) -> AgentSkill {
    let crawl = |more: Value| {
        let mut request = json!({
            "schema": "crawl-request/1",
            "skill": skill.name(),
            "stores": ["https://shop.example"],
        });
        if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
            request.extend(more);
        }
        request.to_string()
    };
    let (name, description, tags, examples) = match skill {
        Skill::CrawlCatalog => (
            "Crawl a catalog",
            "Reads all public products of shops, keeps them with every change, and gives them out as CSV and NDJSON.",
            &["crawl", "catalog", "ecommerce"][..],
            vec![
                crawl(json!({})),
                crawl(json!({"maxPages": 10, "rate": {"rps": 0.5}, "deadlineSeconds": 3600})),
                "https://shop.example".to_owned(),
            ],
        ),
        Skill::RefreshCatalog => (
            "Refresh a catalog",
            "Reads shops that are known already again: what did not change costs little.",
            &["crawl", "catalog", "ecommerce"][..],
            vec![crawl(json!({}))],
        ),
        Skill::ProbeStore => (
            "Look at a shop",
            "Says at once, without a task, which platform a shop runs on and whether its products can be read.",
            &["probe", "ecommerce"][..],
            vec![crawl(json!({}))],
        ),
        Skill::FetchProduct => (
            "Fetch a product",
            "Reads one product by its address.",
            &["product", "ecommerce"][..],
            vec![crawl(
                json!({"stores": ["https://shop.example/products/handle"]}),
            )],
        ),
    };
    AgentSkill {
        id: skill.name().to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        tags: modes(tags),
        examples: Some(examples),
        input_modes: None,
        output_modes: None,
        security_requirements: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::crawl::request;

    #[test]
    fn every_example_is_a_request_that_is_understood() {
        for skill in crate::AGENTS.iter().flat_map(|it| it.skills) {
            let skill = shown(*skill);
            let examples = skill.examples.unwrap();
            let documents: Vec<Value> = (examples.iter())
                .filter_map(|it| serde_json::from_str(it).ok())
                .collect();
            assert!(!documents.is_empty(), "{}", skill.id);
            for document in documents {
                assert_eq!(document["skill"], skill.id);
                request::read(&document).unwrap();
            }
        }
    }
}
