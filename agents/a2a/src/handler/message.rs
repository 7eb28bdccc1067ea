//! What every message must be like, whatever it asks for.

use a2a_sdk::{A2AError, Message, Part, PartContent, Role};
use catalog::{MAX_JSON_DEPTH, MAX_TASK_NAME};
use serde_json::Value;

use super::failure::invalid;
use crate::wire::sizes::{MAX_HISTORY, size_of};

/// What agents read.
const INPUT_MODES: [&str; 2] = ["application/json", "text/plain"];

/// What the compatibility kit calls plain text.
const KIT_MODE: &str = "text";

/// The most parts of a message.
const MAX_PARTS: usize = 100;

/// The largest message, in bytes as JSON: one fits into a task's history.
const MAX_MESSAGE: usize = MAX_HISTORY / 2;

/// Checks a message, which may be one `of_kit`.
///
/// # Errors
/// Invalid params with the field's name; or that the content type is not supported.
pub(super) fn check(message: &Message, of_kit: bool) -> Result<(), A2AError> {
    check_name("message.messageId", &message.message_id)?;
    if let Some(context) = &message.context_id {
        check_name("message.contextId", context)?;
    }
    if message.role != Role::User {
        return Err(invalid("message.role", "must be ROLE_USER"));
    }
    if message.parts.is_empty() {
        return Err(invalid("message.parts", "must not be empty"));
    }
    if message.parts.len() > MAX_PARTS {
        return Err(invalid("message.parts", "must be at most 100"));
    }
    let is_read = message.parts.iter().all(|part| is_read(part, of_kit));
    is_read
        .then_some(())
        .ok_or_else(A2AError::content_type_not_supported)
}

/// Returns a message as it is kept with its task.
///
/// # Errors
/// Invalid params when it is too large.
pub(super) fn kept(message: &Message) -> Result<Value, A2AError> {
    let value = serde_json::to_value(message)
        .map_err(|_| invalid("message", "cannot be written as JSON"))?;
    if size_of(&value) > MAX_MESSAGE {
        return Err(invalid("message", "must be at most 48 KiB of JSON"));
    }
    if !is_flat(&value, MAX_JSON_DEPTH) {
        return Err(invalid(
            "message",
            "must not be nested more deeply than 64 times",
        ));
    }
    Ok(value)
}

/// Returns whether a value is nested at most `levels` times.
fn is_flat(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Array(values) => values.iter().all(|value| is_flat(value, below)),
        Value::Object(fields) => fields.values().all(|value| is_flat(value, below)),
        _ => true,
    }
}

fn check_name(field: &str, name: &str) -> Result<(), A2AError> {
    if name.is_empty() {
        return Err(invalid(field, "must not be empty"));
    }
    if name.len() > MAX_TASK_NAME {
        return Err(invalid(field, "must be at most 200 bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err(invalid(field, "must not have control characters"));
    }
    Ok(())
}

fn is_read(part: &Part, of_kit: bool) -> bool {
    let Some(media_type) = &part.media_type else {
        return matches!(part.content, PartContent::Text(_) | PartContent::Data(_));
    };
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let kit = of_kit.then_some(&KIT_MODE);
    INPUT_MODES
        .iter()
        .chain(kit)
        .any(|mode| mode.eq_ignore_ascii_case(essence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(parts: Vec<Part>) -> Message {
        Message::new(Role::User, parts)
    }

    fn code_of(message: &Message) -> i32 {
        check(message, false).map_or_else(|error| error.code, |()| 0)
    }

    #[test]
    fn text_and_data_are_read_with_and_without_a_media_type() {
        let data = || Part::data(serde_json::json!({"n": 1}));
        for part in [
            Part::text("x"),
            Part::text("x").with_media_type("Text/Plain; charset=utf-8"),
            data(),
            data().with_media_type("application/json"),
        ] {
            assert_eq!(code_of(&message(vec![part])), 0);
        }
    }

    #[test]
    fn text_is_a_media_type_for_the_kit_alone() {
        let message = message(vec![Part::text("x").with_media_type("text")]);
        assert!(check(&message, true).is_ok());
        assert_eq!(code_of(&message), -32005);
    }

    #[test]
    fn other_media_types_are_not_supported() {
        for part in [
            Part::raw(vec![0]).with_media_type("video/mp4"),
            Part::text("x").with_media_type("text/html"),
            Part::raw(vec![0]),
            Part::url("https://example.com/a.txt"),
        ] {
            assert_eq!(code_of(&message(vec![Part::text("x"), part])), -32005);
        }
    }

    #[test]
    fn a_broken_message_is_told_by_its_field() {
        let fine = || message(vec![Part::text("x")]);
        let long = || "x".repeat(MAX_TASK_NAME + 1);
        let mut cases = vec![("message.parts", message(Vec::new()))];
        cases.push(("message.parts", message(vec![Part::text("x"); 101])));
        let message_id = long();
        cases.push((
            "message.messageId",
            Message {
                message_id,
                ..fine()
            },
        ));
        let message_id = String::new();
        cases.push((
            "message.messageId",
            Message {
                message_id,
                ..fine()
            },
        ));
        let context_id = Some(long());
        cases.push((
            "message.contextId",
            Message {
                context_id,
                ..fine()
            },
        ));
        let context_id = Some("a\nb".to_owned());
        cases.push((
            "message.contextId",
            Message {
                context_id,
                ..fine()
            },
        ));
        for role in [Role::Agent, Role::Unspecified] {
            cases.push(("message.role", Message { role, ..fine() }));
        }
        for (field, message) in cases {
            let error = check(&message, false).unwrap_err();
            assert_eq!(error.code, -32602, "{error}");
            assert!(error.message.starts_with(field), "{error}");
            assert!(error.details.is_some(), "{error}");
        }
    }

    #[test]
    fn a_message_that_would_fill_the_history_is_not_kept() {
        assert!(kept(&message(vec![Part::text("x".repeat(40 << 10))])).is_ok());
        let error = kept(&message(vec![Part::text("x".repeat(50 << 10))])).unwrap_err();
        assert_eq!(error.code, -32602);
    }
}
