//! A request and an answer as they stand on the wire: as little of them as all endpoints agree on.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::secret::Secret;
use super::{ChatRequest, EndpointConfig, Mode};

/// Returns the body of a request.
pub(super) fn request(
    config: &EndpointConfig,
    request: &ChatRequest,
    mode: Mode,
    max_tokens: u32,
) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(config.model));
    body.insert("messages".to_owned(), messages(request, mode));
    body.insert(config.tokens_field.name().to_owned(), json!(max_tokens));
    body.insert("stream".to_owned(), json!(false));
    if let Some(temperature) = config.temperature {
        body.insert("temperature".to_owned(), json!(temperature));
    }
    let format = match mode {
        Mode::JsonSchema => {
            let schema = json!({"name": "summary", "strict": true, "schema": request.schema});
            Some(json!({"type": "json_schema", "json_schema": schema}))
        }
        Mode::JsonObject => Some(json!({"type": "json_object"})),
        Mode::Prompt => None,
    };
    if let Some(format) = format {
        body.insert("response_format".to_owned(), format);
    }
    Value::Object(body)
}

/// Returns the system message, then the turns of both sides. Where no field carries the schema, the first one does.
fn messages(request: &ChatRequest, mode: Mode) -> Value {
    let system = match mode {
        Mode::JsonSchema => request.system.clone(),
        Mode::JsonObject | Mode::Prompt => format!(
            "{}\n\nAnswer with one JSON object, and nothing else, that follows this JSON Schema:\n{}",
            request.system, request.schema
        ),
    };
    let mut messages = vec![json!({"role": "system", "content": system})];
    for (n, turn) in request.turns.iter().enumerate() {
        let role = if n % 2 == 0 { "user" } else { "assistant" };
        messages.push(json!({"role": role, "content": turn}));
    }
    Value::Array(messages)
}

/// Returns how many tokens a request is at most, as a rule: a third of its ASCII bytes and half of the others.
///
/// Tokens of English are about four bytes and of French three and a half; of other scripts and emoji about two. The
/// schema counts, for most endpoints write it into the prompt, and so do a few tokens around each message.
pub(super) fn estimated_tokens(request: &ChatRequest) -> u64 {
    let schema = request.schema.to_string();
    let texts = request.turns.iter().chain([&request.system, &schema]);
    let tokens = texts.map(|text| {
        let n_ascii = text.bytes().filter(u8::is_ascii).count();
        n_ascii.div_ceil(3) + (text.len() - n_ascii).div_ceil(2) + 8
    });
    tokens.sum::<usize>() as u64
}

/// A completion. Every field may be missing, and what is not read here may be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    model: Value,
    choices: Value,
    usage: Value,
}

/// What a completion says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Text(String),
    Cut,
    Refused(String),
    /// It ended otherwise than by being written to its end.
    Unfinished(String),
    NoChoices,
    NoContent,
}

/// The longest name of a model, and of an end, in characters.
const MAX_NAME_CHARS: usize = 128;

impl Answer {
    /// Returns the tokens read and written; `None` each, where it does not say both.
    pub(super) fn usage(&self) -> (Option<u64>, Option<u64>) {
        let tokens = |name: &str| self.usage.get(name)?.as_u64();
        let (input, output) = (tokens("prompt_tokens"), tokens("completion_tokens"));
        input.zip(output).unzip()
    }

    /// Returns the model's name, if it gives one.
    pub(super) fn model(&self, secret: &Secret) -> Option<String> {
        let name = name(self.model.as_str()?, secret);
        (!name.is_empty()).then_some(name)
    }

    /// Returns what the first choice is.
    pub(super) fn reading(&self, secret: &Secret) -> Reading {
        let Some(choice) = self.choices.get(0) else {
            return Reading::NoChoices;
        };
        let message = &choice["message"];
        let finish = choice["finish_reason"].as_str().unwrap_or_default();
        let finish = finish.to_lowercase();
        let refusal = message["refusal"].as_str().unwrap_or_default();
        if !refusal.is_empty() {
            return Reading::Refused(secret.line(refusal));
        }
        match finish.as_str() {
            "" | "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => {}
            "length" | "max_tokens" | "model_length" => return Reading::Cut,
            "content_filter" => {
                return Reading::Refused("a filter of the endpoint took the answer out".to_owned());
            }
            other => return Reading::Unfinished(name(other, secret)),
        }
        // Behind the joining: parts may each have a half of the key.
        let text = secret.blot(&text_of(&message["content"]));
        if text.trim().is_empty() {
            return Reading::NoContent;
        }
        Reading::Text(text)
    }
}

fn name(text: &str, secret: &Secret) -> String {
    secret.line(text).chars().take(MAX_NAME_CHARS).collect()
}

/// Returns a message's text: a string, or the text of a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::TokensField;
    use super::super::testing::{chat, config};
    use super::*;

    fn answer(value: Value) -> Answer {
        serde_json::from_value(value).unwrap()
    }

    fn reading(choice: &Value) -> Reading {
        answer(json!({ "choices": [choice] })).reading(&Secret::new("sk-s3cret"))
    }

    #[test]
    fn an_answer_of_any_form_is_read_without_a_panic() {
        for value in [
            json!({}),
            json!({"choices": null}),
            json!({"choices": "no"}),
            json!({"choices": {}}),
            json!({"choices": [], "usage": [], "model": 7}),
        ] {
            let answer = answer(value);
            let secret = Secret::default();
            assert_eq!(answer.reading(&secret), Reading::NoChoices);
            assert_eq!(
                (answer.usage(), answer.model(&secret)),
                ((None, None), None)
            );
        }
        for choice in [
            json!(null),
            json!([]),
            json!({"message": "text"}),
            json!({"message": {"content": null}}),
            json!({"message": {"content": " \n"}, "finish_reason": "stop"}),
            json!({"message": {"content": 7}, "finish_reason": 7}),
            json!({"message": {"tool_calls": []}, "finish_reason": "stop"}),
        ] {
            assert_eq!(reading(&choice), Reading::NoContent);
        }
    }

    #[test]
    fn the_end_of_an_answer_tells_what_it_is() {
        let of = |finish: Value| {
            reading(&json!({"message": {"content": "{}"}, "finish_reason": finish}))
        };
        let text = Reading::Text("{}".to_owned());
        for finish in [
            json!("stop"),
            json!("STOP"),
            json!(""),
            json!(null),
            json!("eos"),
            json!("end_turn"),
        ] {
            assert_eq!(of(finish), text);
        }
        for finish in ["length", "max_tokens", "MAX_TOKENS", "model_length"] {
            assert_eq!(of(json!(finish)), Reading::Cut, "{finish}");
        }
        for finish in ["tool_calls", "function_call", "error", "safety"] {
            assert_eq!(of(json!(finish)), Reading::Unfinished(finish.to_owned()));
        }
        assert!(matches!(of(json!("content_filter")), Reading::Refused(_)));
        let parts = json!({"message": {"content": [{"type": "text", "text": "{"}, {"text": "}"}]}});
        assert_eq!(reading(&parts), text);
    }

    #[test]
    fn what_an_endpoint_names_is_short_visible_and_without_the_key() {
        let secret = Secret::new("sk-s3cret");
        let long = "x".repeat(100_000);
        for (said, shown) in [
            ("m\u{1b}[31m\u{202e}\nodel", "m [31m odel"),
            ("Bearer SK-S3CRET", "Bearer …"),
            (long.as_str(), &long[..MAX_NAME_CHARS]),
        ] {
            let model = answer(json!({ "model": said })).model(&secret);
            assert_eq!(model.as_deref(), Some(shown));
            let ended = reading(&json!({ "finish_reason": format!("x {said}") }));
            let Reading::Unfinished(how) = ended else {
                panic!("{ended:?}");
            };
            assert!(how.chars().count() <= MAX_NAME_CHARS && !how.contains("s3cret"));
            assert!(!how.contains(['\u{1b}', '\u{202e}', '\n']), "{how}");
        }
        let parts = json!([{"text": "{\"headline\": \"sk-s"}, {"text": "3cret\"}"}]);
        let text = Reading::Text("{\"headline\": \"…\"}".to_owned());
        assert_eq!(reading(&json!({"message": {"content": parts}})), text);
        let refusal = json!({"message": {"refusal": format!("I am sent sk-s3cret\u{7}{long}")}});
        let Reading::Refused(said) = reading(&refusal) else {
            panic!("{refusal}");
        };
        assert!(
            said.starts_with("I am sent … x") && said.len() < 400,
            "{said}"
        );
    }

    #[test]
    fn half_a_usage_is_none() {
        let usage = |usage: Value| answer(json!({ "usage": usage })).usage();
        assert_eq!(
            usage(json!({"prompt_tokens": 7, "completion_tokens": 2})),
            (Some(7), Some(2))
        );
        assert_eq!(usage(json!({"prompt_tokens": 7})), (None, None));
        assert_eq!(
            usage(json!({"prompt_tokens": -7, "completion_tokens": 2})),
            (None, None)
        );
    }

    #[test]
    fn a_request_says_what_its_mode_can() {
        let config = EndpointConfig {
            tokens_field: TokensField::MaxCompletionTokens,
            temperature: None,
            ..config("http://127.0.0.1/v1")
        };
        let mut chat = chat("product:1");
        chat.turns
            .extend(["{}".to_owned(), "The number 9 is in no fact.".to_owned()]);
        let schema = request(&config, &chat, Mode::JsonSchema, 64);
        assert_eq!(
            schema["response_format"]["json_schema"]["schema"],
            chat.schema
        );
        assert_eq!(schema["max_completion_tokens"], 64);
        assert!(schema.get("temperature").is_none() && schema.get("max_tokens").is_none());
        let roles = schema["messages"].as_array().unwrap().iter();
        let roles: Vec<_> = roles.filter_map(|it| it["role"].as_str()).collect();
        assert_eq!(roles, ["system", "user", "assistant", "user"]);
        let object = request(&config, &chat, Mode::JsonObject, 64);
        assert_eq!(object["response_format"], json!({"type": "json_object"}));
        let prompt = request(&config, &chat, Mode::Prompt, 64);
        assert!(prompt.get("response_format").is_none());
        let system = prompt["messages"][0]["content"].as_str().unwrap();
        assert!(system.contains(&chat.schema.to_string()));
    }

    #[test]
    fn tokens_are_estimated_above_what_usual_text_has() {
        let mut chat = chat("product:1");
        let before = estimated_tokens(&chat);
        // 44 bytes that common tokenizers split into 10.
        chat.turns[0].push_str("The quick brown fox jumps over the lazy dog.");
        assert!((10..=16).contains(&(estimated_tokens(&chat) - before)));
    }
}
