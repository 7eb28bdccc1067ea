//! What our prompts say, as far as an answer without a model needs it.

use serde_json::Value;

/// What a request asks for.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    pub(super) subject: String,
    pub(super) language: String,
    pub(super) facts: Vec<PromptFact>,
    pub(super) system: String,
}

/// A fact as a prompt shows it.
#[derive(Debug)]
pub(super) struct PromptFact {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) is_sellers: bool,
}

impl Prompt {
    /// Reads the last message that has facts: a `subject:` and a `language:` line, and a JSON object in a line per fact.
    pub(super) fn of(request: &Value) -> Self {
        let system = of_role(request, "system").join("\n");
        let users = of_role(request, "user").into_iter().map(Self::of_message);
        let users: Vec<_> = users.collect();
        let last = users.iter().rposition(|prompt| !prompt.facts.is_empty());
        let prompt = users.into_iter().nth(last.unwrap_or(0));
        Self {
            system,
            ..prompt.unwrap_or_default()
        }
    }

    fn of_message(text: &str) -> Self {
        let line = |name: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.trim().strip_prefix(name));
            let value = value.unwrap_or_default().trim();
            value.chars().take(200).collect::<String>()
        };
        Self {
            subject: line("subject:"),
            language: line("language:"),
            facts: text.lines().filter_map(PromptFact::of).collect(),
            system: String::new(),
        }
    }
}

/// Returns what those of a role said, in order.
fn of_role<'a>(request: &'a Value, role: &str) -> Vec<&'a str> {
    let messages = request["messages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let of_role = messages.iter().filter(|message| message["role"] == role);
    let texts = of_role.filter_map(|message| message["content"].as_str());
    texts.collect()
}

impl PromptFact {
    fn of(line: &str) -> Option<Self> {
        let object: Value = serde_json::from_str(line.trim()).ok()?;
        let is_sellers = |name: &str| {
            let words = object[name].as_str().unwrap_or_default();
            matches!(words, "seller" | "description")
        };
        Some(Self {
            id: object["id"].as_str()?.to_owned(),
            text: object["text"].as_str()?.to_owned(),
            is_sellers: is_sellers("source") || is_sellers("topic"),
        })
    }
}
