//! The fixtures as the suite describes them, from `fixtures.json`: what is listed, and the answers with `{words}` in
//! them that a call fills.

use std::sync::LazyLock;

use rmcp::ErrorData;
use rmcp::model::{Prompt, Resource, ResourceTemplate, Tool};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::jobs::Job;
use super::rounds::Rounds;

/// All fixtures.
pub(super) static FIXTURES: LazyLock<All> = LazyLock::new(|| {
    serde_json::from_str(include_str!("fixtures.json")).expect("the fixtures are read by a test")
});

#[derive(Debug, Deserialize)]
pub(super) struct All {
    pub(super) tools: Vec<Fixture<Tool>>,
    pub(super) prompts: Vec<Fixture<Prompt>>,
    pub(super) resources: Vec<Fixture<Resource>>,
    pub(super) templates: Vec<Fixture<ResourceTemplate>>,
}

/// Something that is listed, with what it answers.
#[derive(Debug, Deserialize)]
pub(super) struct Fixture<D> {
    #[serde(flatten)]
    pub(super) definition: D,
    /// The answer, with `{words}` in its texts.
    pub(super) result: Value,
    /// What the client is asked during a call, in the revisions where a server may.
    pub(super) ask: Option<Value>,
    /// How it goes on as a task.
    pub(super) job: Option<Job>,
    /// What the client is asked before the answer, round by round.
    #[serde(default)]
    rounds: Vec<Map<String, Value>>,
    /// Whether the rounds carry a state.
    #[serde(default)]
    sealed: bool,
}

impl All {
    pub(super) fn tool(&self, name: &str) -> Option<&Fixture<Tool>> {
        self.tools.iter().find(|it| it.definition.name == name)
    }

    pub(super) fn prompt(&self, name: &str) -> Option<&Fixture<Prompt>> {
        self.prompts.iter().find(|it| it.definition.name == name)
    }

    /// Returns the contents of a resource, with the words that its URI has.
    pub(super) fn resource(&self, uri: &str) -> Option<(&Value, Map<String, Value>)> {
        if let Some(fixture) = self.resources.iter().find(|it| it.definition.uri == uri) {
            return Some((&fixture.result, Map::new()));
        }
        self.templates.iter().find_map(|it| {
            let (before, after) = it.definition.uri_template.split_once("{id}")?;
            let id = uri.strip_prefix(before)?.strip_suffix(after)?;
            let words = Map::from_iter([("id".to_owned(), id.into())]);
            (!id.contains('/')).then_some((&it.result, words))
        })
    }
}

impl<D> Fixture<D> {
    pub(super) fn rounds<'a>(&'a self, name: &'a str) -> Rounds<'a> {
        Rounds {
            name,
            rounds: &self.rounds,
            sealed: self.sealed,
        }
    }
}

/// Returns the result that a template makes with these words.
pub(super) fn complete_result<R: DeserializeOwned>(
    template: &Value,
    words: &Map<String, Value>,
) -> Result<R, ErrorData> {
    let mut result = filled(template, words);
    result["resultType"] = "complete".into();
    serde_json::from_value(result)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// Returns a template with the words in the place of their names.
pub(super) fn filled(template: &Value, words: &Map<String, Value>) -> Value {
    match template {
        Value::String(text) => Value::String(filled_text(text, words)),
        Value::Array(values) => values.iter().map(|it| filled(it, words)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, words)))
            .collect(),
        value => value.clone(),
    }
}

fn filled_text(text: &str, words: &Map<String, Value>) -> String {
    let mut text = text.to_owned();
    for (name, word) in words {
        let word = match word {
            Value::String(word) => word.clone(),
            word => word.to_string(),
        };
        text = text.replace(&format!("{{{name}}}"), &word);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_fixtures_are_read() {
        assert_eq!(FIXTURES.tools.len(), 36);
        assert_eq!(FIXTURES.prompts.len(), 5);
    }

    #[test]
    fn a_template_has_one_segment_for_its_word() {
        let (contents, words) = FIXTURES.resource("test://template/123/data").unwrap();
        let text = &filled(contents, &words)["contents"][0]["text"];
        assert!(text.as_str().unwrap().contains("\"id\":\"123\""), "{text}");
        assert!(FIXTURES.resource("test://template/1/2/data").is_none());
    }

    #[test]
    fn words_are_filled_in_wherever_they_stand() {
        let words = Map::from_iter([
            ("a".to_owned(), json!("x")),
            ("b".to_owned(), json!({"n": 1})),
        ]);
        let made = filled(&json!({"t": ["{a}-{a}", "{b}", "{c}", 1]}), &words);
        assert_eq!(made, json!({"t": ["x-x", "{\"n\":1}", "{c}", 1]}));
    }
}
