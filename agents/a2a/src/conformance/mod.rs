//! What the protocol's compatibility kit asks of an agent under test. Mounted only where `--conformance` says so.
//!
//! The kit chooses a behaviour by the beginning of a message's id. Its work is an item as any other.

pub(crate) mod push;
mod steps;

use a2a_sdk::{AgentCard, Message, Part, PartContent};
use catalog::{ClaimedItem, ItemEnd, NewItem, StoreError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Context;
use crate::skills::Asked;
use crate::wire::whole::whole_of;
use push::Webhooks;

/// The kind of the items here.
pub(crate) const KIND: &str = "conformance";

/// The largest self-test.
const MAX_PAGES: u64 = 100_000;
const MAX_PAGE_MS: u64 = 60_000;

/// What is there for the kit alone.
#[derive(Debug)]
pub(crate) struct Conformance {
    pub(crate) card: AgentCard,
    pub(crate) webhooks: Webhooks,
}

impl Conformance {
    pub(crate) fn new(card: AgentCard, context: &Context) -> Self {
        Self {
            card,
            webhooks: Webhooks::new(context),
        }
    }
}

/// Reads a message of the kit; `None` for one that is meant for the real agent.
pub(crate) fn ask(message: &Message) -> Option<Asked> {
    let id = message.message_id.as_str();
    if id.starts_with("tck-message-response") {
        return Some(Asked::Answer(vec![Part::text("Direct message response")]));
    }
    if id.starts_with("tck-input-required") {
        return Some(Asked::Unclear("Input required".to_owned()));
    }
    if id.starts_with("tck-reject-task") {
        return Some(Asked::Refused("rejected".to_owned()));
    }
    let behaviour = steps::behaviour_of(id).map(|name| json!({ "behaviour": name }));
    let payload = behaviour.or_else(|| message.parts.iter().find_map(self_test))?;
    Some(Asked::Work(vec![NewItem {
        kind: KIND.to_owned(),
        // No two of them wait for each other.
        key: a2a_sdk::new_message_id(),
        payload,
        is_last: false,
    }]))
}

/// Does an item: `{"behaviour": …}` or `{"pages": …, "pageMs": …}`.
pub(crate) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    let payload = &claimed.item.payload;
    let worker = steps::Steps {
        claimed,
        context,
        cancel,
    };
    match payload["behaviour"].as_str() {
        Some(name) => worker.behave(name).await,
        None => {
            let number = |name: &str| payload[name].as_u64().unwrap_or(0);
            worker.turn_pages(number("pages"), number("pageMs")).await
        }
    }
}

fn self_test(part: &Part) -> Option<Value> {
    let PartContent::Data(Value::Object(fields)) = &part.content else {
        return None;
    };
    let pages = whole_of(fields.get("pages")?)?;
    let page_ms = whole_of(fields.get("pageMs")?)?;
    Some(json!({ "pages": pages.min(MAX_PAGES), "pageMs": page_ms.min(MAX_PAGE_MS) }))
}

#[cfg(test)]
mod tests {
    use a2a_sdk::Role;

    use super::*;

    fn message(id: &str, part: Part) -> Message {
        Message {
            message_id: id.to_owned(),
            ..Message::new(Role::User, vec![part])
        }
    }

    fn payload(id: &str, part: Part) -> Option<Value> {
        match ask(&message(id, part))? {
            Asked::Work(items) => Some(items[0].payload.clone()),
            _ => None,
        }
    }

    #[test]
    fn the_longer_beginning_of_an_id_counts() {
        let behaviour = |id| payload(id, Part::text("x")).unwrap()["behaviour"].clone();
        assert_eq!(behaviour("tck-artifact-file-7"), "tck-artifact-file");
        assert_eq!(
            behaviour("tck-artifact-file-url-7"),
            "tck-artifact-file-url"
        );
        assert_eq!(
            behaviour("tck-stream-artifact-file-7"),
            "tck-stream-artifact-file"
        );
    }

    #[test]
    fn a_self_test_has_whole_numbers_even_as_floats() {
        let part = |pages: Value| Part::data(json!({"pages": pages, "pageMs": 20.0}));
        let wanted = json!({"pages": 5, "pageMs": 20});
        assert_eq!(payload("m", part(json!(5.0))), Some(wanted.clone()));
        assert_eq!(payload("m", part(json!(5))), Some(wanted));
        for pages in [json!(5.5), json!(-1), json!("5"), json!(1e300)] {
            assert_eq!(payload("m", part(pages.clone())), None, "{pages}");
        }
    }

    #[test]
    fn other_messages_are_for_the_real_agent() {
        assert!(ask(&message("m-1", Part::text("https://shop.example"))).is_none());
    }
}
