//! What is wrong with a request, member by member.

use a2a_sdk::{A2AError, FieldViolation, TypedDetail};
use serde_json::{Map, Value, json};

use super::Form;
use crate::skills::words::one_line;

/// Violations that are told of one request.
const MOST: usize = 20;

/// The most entries of a list that are looked at one by one.
const MOST_ENTRIES: usize = 500;

/// The most characters of a caller's name for a member, and of what is wrong with it.
const MAX_FIELD_CHARS: usize = 80;
const MAX_WHAT_CHARS: usize = 300;

/// Returns invalid params with these violations.
pub(crate) fn invalid<F: Form>(violations: Vec<FieldViolation>) -> A2AError {
    let told = violations.iter().take(3);
    let told: Vec<_> = told
        .map(|it| format!("{}: {}", it.field, it.description))
        .collect();
    let more = match violations.len() {
        n @ 4.. => format!("; and {} more", n - 3),
        _ => String::new(),
    };
    let message = format!("not a valid {}: {}{more}", F::NAME, told.join("; "));
    A2AError::invalid_params(message).with_details(vec![TypedDetail::bad_request(violations)])
}

pub(crate) fn violation(field: &str, what: &str) -> FieldViolation {
    FieldViolation {
        field: one_line(field, MAX_FIELD_CHARS),
        description: one_line(what, MAX_WHAT_CHARS),
    }
}

/// Returns what is wrong with a document that could not be read, for which `error` is the first reason.
///
/// Each member is put alone into a request that is right without it, so that the reader itself says what it does not
/// take, and every violation is told at once.
pub(super) fn of<F: Form>(document: &Value, error: &serde_json::Error) -> Vec<FieldViolation> {
    let Value::Object(members) = document else {
        return vec![violation("message.parts", "expected a JSON object")];
    };
    let skill = members.get("skill").and_then(Value::as_str);
    let Some(Value::Object(template)) = skill.and_then(F::smallest) else {
        return vec![violation("skill", &format!("expected {}", F::SKILLS))];
    };
    let mut found = Vec::new();
    for name in template.keys().filter(|it| !members.contains_key(*it)) {
        found.push(violation(name, "is missing"));
    }
    for (name, value) in members {
        judge::<F>(&template, name, value, &mut found);
        if found.len() >= MOST {
            break;
        }
    }
    if found.is_empty() {
        found.push(violation("message.parts", &error.to_string()));
    }
    found
}

fn judge<F: Form>(
    template: &Map<String, Value>,
    name: &str,
    value: &Value,
    found: &mut Vec<FieldViolation>,
) {
    let why = |value: Value| {
        let mut document = template.clone();
        document.insert(name.to_owned(), value);
        let request = serde_json::from_value::<F>(Value::Object(document));
        request.err().map(|error| error.to_string())
    };
    let Some(whole) = why(value.clone()) else {
        return;
    };
    let n_before = found.len();
    match value {
        Value::Object(members) => {
            for (inner, value) in members.iter().take(MOST) {
                if let Some(what) = why(json!({ inner: value })) {
                    found.push(violation(&format!("{name}.{inner}"), &what));
                }
            }
        }
        // Where the number is the fault, they are not read one by one.
        Value::Array(entries) if entries.len() > MOST_ENTRIES => {}
        Value::Array(entries) => {
            let wrong = entries
                .iter()
                .enumerate()
                .filter_map(|(index, entry)| Some((index, why(json!([entry]))?)));
            for (index, what) in wrong.take(MOST) {
                found.push(violation(&format!("{name}[{index}]"), &what));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    // A member that is unknown is told by its own name, not by those inside it.
    if found.len() == n_before || whole.starts_with(&format!("unknown field `{name}`")) {
        found.truncate(n_before);
        found.push(violation(name, &whole));
    }
}
