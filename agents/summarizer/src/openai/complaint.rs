//! What an endpoint says is wrong, read from whatever it sends: OpenAI's object, a list of those, text, or HTML.

use serde_json::Value;

use super::secret::Secret;
use crate::facts::clean::is_unseen;

/// An error's body, in as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Complaint {
    /// In words, on one line and not long; empty where there is nothing to read.
    pub(super) message: String,
    /// `type`, `code`, `param` and `status`, in lower case, with spaces between.
    labels: String,
    /// Whether it was JSON, as it is from any endpoint of this kind.
    pub(super) is_json: bool,
}

const MAX_CHARS: usize = 300;

impl Complaint {
    /// Reads a body; `secret` is blotted out, for some endpoints repeat the key that they refuse.
    pub(super) fn of(body: &[u8], secret: &Secret) -> Self {
        let mut complaint = match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of_json(&value),
            Err(_) => Self::of_text(&secret.blot(&String::from_utf8_lossy(body))),
        };
        complaint.message = secret.line(&complaint.message);
        complaint
    }

    fn of_json(value: &Value) -> Self {
        let outer = value.as_array().and_then(|list| list.first());
        let outer = outer.unwrap_or(value);
        let error = outer.get("error").unwrap_or(outer);
        let text = |name: &str| match &error[name] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let messages = [
            &error["message"],
            error,
            &outer["message"],
            &outer["detail"],
        ];
        let message = messages.into_iter().find_map(Value::as_str);
        let labels = ["type", "code", "param", "status"].map(text).join(" ");
        Self {
            message: message.map_or_else(|| value.to_string(), str::to_owned),
            labels: labels.to_lowercase(),
            is_json: true,
        }
    }

    /// Reads text, of HTML what stands between the tags.
    fn of_text(text: &str) -> Self {
        let mut message = String::new();
        let mut is_tag = false;
        for c in text.chars().take(20 * MAX_CHARS) {
            match c {
                '<' => is_tag = true,
                '>' if is_tag => {
                    is_tag = false;
                    message.push(' ');
                }
                _ if !is_tag => message.push(c),
                _ => {}
            }
        }
        Self {
            message,
            ..Self::default()
        }
    }

    /// Returns whether one of `names` is in its type, code or parameter.
    pub(super) fn is_labelled(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.labels.contains(name))
    }

    /// Returns whether it is labelled with one of `names`, or has it in its text.
    pub(super) fn mentions(&self, names: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        self.is_labelled(names) || names.iter().any(|name| message.contains(name))
    }

    /// Returns the status of an error behind a status of 200: its code, where that is one, else that of a gateway.
    pub(super) fn status_inside(answer: &Value) -> Option<u16> {
        let error = answer.get("error").filter(|error| !error.is_null())?;
        let code = &error["code"];
        let number = code.as_u64().or_else(|| code.as_str()?.parse().ok());
        let status = number.and_then(|number| u16::try_from(number).ok());
        let status = status.filter(|status| (400..600).contains(status));
        Some(status.unwrap_or(502))
    }
}

/// Returns text without line ends, control characters, what cannot be seen, and long rests.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || is_unseen(c));
    let mut line = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(MAX_CHARS));
        if line.chars().count() >= MAX_CHARS {
            line = line.chars().take(MAX_CHARS).collect();
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> (String, String) {
        let complaint = Complaint::of(body.as_bytes(), &Secret::new("sk-1"));
        (complaint.message, complaint.labels)
    }

    #[test]
    fn every_known_form_of_an_error_is_read() {
        let cases = [
            (
                r#"{"error":{"message":"slot busy","code":429,"type":"rate_limit"}}"#,
                "slot busy",
                "rate_limit 429",
            ),
            (
                r#"[{"error":{"message":"bad key","code":400,"status":"INVALID_ARGUMENT"}}]"#,
                "bad key",
                "400  invalid_argument",
            ),
            (
                r#"{"error":{"message":"not found","type":"api_error","param":null,"code":null}}"#,
                "not found",
                "api_error",
            ),
            (r#"{"error":"model is loading"}"#, "model is loading", ""),
            (
                r#"{"object":"error","message":"too long","code":40303}"#,
                "too long",
                "40303",
            ),
            (r#"{"detail":"Not Found"}"#, "Not Found", ""),
            (r#""busy""#, "busy", ""),
            (r#"{"x":1}"#, r#"{"x":1}"#, ""),
            ("[]", "[]", ""),
            (
                "<html><head><title>429</title></head>\n<body>Too many</body></html>",
                "429 Too many",
                "",
            ),
            ("no good key: sk-1", "no good key: …", ""),
            ("", "", ""),
        ];
        for (body, message, labels) in cases {
            let (read, read_labels) = told(body);
            assert_eq!(
                (read.as_str(), read_labels.trim()),
                (message, labels),
                "{body}"
            );
        }
    }

    #[test]
    fn a_long_or_broken_text_is_cut_to_one_line() {
        let (message, _) = told(&"é\u{7}\r\n".repeat(10_000));
        assert_eq!(message.chars().count(), MAX_CHARS + 1);
        let (message, _) = told(&"x".repeat(10_000));
        assert_eq!(message.chars().count(), MAX_CHARS + 1);
        let bytes = [b'{', 0xff, b'<', 0xfe];
        assert_eq!(Complaint::of(&bytes, &Secret::default()).message, "{");
    }

    #[test]
    fn what_turns_or_hides_writing_is_taken_out() {
        let (message, _) = told("no\u{1b}[2J\u{202e}key\u{200b}\u{e0041}\u{85}here\u{2028}");
        assert_eq!(message, "no [2J key here");
        let (message, _) = told(r#"{"error":{"message":"\u001b]0;x\u0007\u202Ekey"}}"#);
        assert_eq!(message, "]0;x key");
    }
}
