//! The agent card: who an agent is, what it can do, and where.

use std::collections::HashMap;

use a2a_sdk::{
    AgentCapabilities, AgentCard, AgentExtension, AgentInterface, AgentSkill,
    HttpAuthSecurityScheme, SecurityScheme, TRANSPORT_PROTOCOL_HTTP_JSON,
    TRANSPORT_PROTOCOL_JSONRPC,
};
use serde_json::{Value, json};

use crate::skills::{crawl, summarize};
use crate::{Agent, Served, Skill, Trade, agent};

/// The extension of agents that crawl.
pub(crate) const CRAWL_EXTENSION: &str = "https://trouvaille.example/ext/crawl/v1";

/// The extension of agents that summarize.
const SUMMARIZE_EXTENSION: &str = "https://trouvaille.example/ext/summarize/v1";

impl Trade {
    /// Returns the name of our extension of the protocol, and the beginning of our keys in metadata.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Crawl(_) => CRAWL_EXTENSION,
            Self::Summarize => SUMMARIZE_EXTENSION,
        }
    }
}

/// Returns the extension of the agent of a name.
pub(crate) fn extension_of(name: &str) -> &'static str {
    agent(name).map_or(CRAWL_EXTENSION, |it| it.trade.extension())
}

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
            extensions: Some(vec![extension(agent.trade)]),
        },
        default_input_modes: input_modes(served),
        default_output_modes: modes(match agent.trade {
            Trade::Crawl(_) => &["application/json", "text/csv", "application/x-ndjson"],
            Trade::Summarize => &["application/json", "application/x-ndjson", "text/markdown"],
        }),
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
fn extension(trade: Trade) -> AgentExtension {
    let uri = trade.extension();
    let (request, figures, what) = match trade {
        Trade::Crawl(_) => (
            crawl::crawl_request_schema(),
            "store, page, products, bytes, requests, retries429, storesDone, stores",
            "crawling",
        ),
        Trade::Summarize => (
            summarize::summarize_request_schema(),
            "subject, summaries, summariesDone, requests, tokens",
            "writing",
        ),
    };
    let params = [
        ("request", request),
        (
            "metadata",
            json!({
                (format!("{uri}/seq")): "On every task and event: the number of the newest event. Events of a task are \
                    numbered from 1 without gaps, on whichever replica they are read.",
                (format!("{uri}/progress")): format!("On events of work: seq, {figures}. At most two such events a \
                    second."),
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
        uri: uri.to_owned(),
        description: Some(format!(
            "Requests by JSON Schema, progress in numbers, streams that go on where they broke, and sending twice \
             without {what} twice."
        )),
        required: Some(false),
        params: Some(params.map(|(name, value)| (name.to_owned(), value)).into()),
    }
}

/// Returns a skill for people, with requests as examples.
fn shown(skill: Skill) -> AgentSkill {
    let request = |schema: &str, members: Value| {
        let mut request = json!({ "schema": schema, "skill": skill.name() });
        if let (Some(request), Value::Object(members)) = (request.as_object_mut(), members) {
            request.extend(members);
        }
        request.to_string()
    };
    let crawl = |more: Value| {
        let mut members = json!({ "stores": ["https://shop.example"] });
        if let (Some(members), Value::Object(more)) = (members.as_object_mut(), more) {
            members.extend(more);
        }
        request("crawl-request/1", members)
    };
    let summarize = |members: Value| request("summarize-request/1", members);
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
        Skill::SummarizeProducts => (
            "Summarize products",
            "Writes a few sentences on products, in English or French, from numbered facts that each claim names: \
             prices, history, place in the ranking. By a language model whose every claim is checked, or, where the \
             operator has none, in a fixed form that says so.",
            &["summary", "products", "ecommerce"][..],
            vec![
                summarize(json!({"topK": 10})),
                summarize(
                    json!({"topK": 20, "languages": ["en", "fr"], "brief": true, "budget": {"maxRequests": 100}}),
                ),
                summarize(json!({"products": ["shopify:shop.example:1"]})),
                "summarize the top 20 in French".to_owned(),
            ],
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
    use crate::skills::request::read;

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
                match skill.id.as_str() {
                    "summarize-products" => {
                        read::<summarize::Request>(&document).unwrap();
                    }
                    _ => {
                        read::<crawl::request::Request>(&document).unwrap();
                    }
                }
            }
        }
    }
}
