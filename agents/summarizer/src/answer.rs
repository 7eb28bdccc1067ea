//! Reads what a model wrote as a draft: one fence of Markdown is taken off, nothing else is forgiven.

use catalog::Claim;
use serde::Deserialize;

use crate::Draft;
use crate::validate::Reject;

/// The longest answer, in bytes: far more than a summary of the longest allowed texts takes.
const MAX_BYTES: usize = 32 << 10;

/// The most claims, facts of a claim, and cautions.
const MAX_ITEMS: usize = 64;

/// A draft on the wire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireDraft {
    language: String,
    headline: String,
    summary: String,
    claims: Vec<WireClaim>,
    cautions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireClaim {
    text: String,
    fact_ids: Vec<String>,
}

/// Returns the draft that `text` is.
///
/// # Errors
/// Why it is none, in words that a model can mend it by.
pub(crate) fn parse(text: &str) -> Result<Draft, Reject> {
    let reject = |code, detail| Err(Reject { code, detail });
    if text.len() > MAX_BYTES {
        return reject(
            "too_long",
            format!("the answer is longer than {MAX_BYTES} bytes"),
        );
    }
    let wire = match serde_json::from_str::<WireDraft>(without_fence(text)) {
        Ok(wire) => wire,
        Err(error) if error.is_data() => {
            return reject(
                "not_the_schema",
                format!("the answer has another form: {error}"),
            );
        }
        Err(error) => return reject("not_json", format!("the answer is no JSON object: {error}")),
    };
    let facts = wire.claims.iter().map(|claim| claim.fact_ids.len());
    if facts
        .chain([wire.claims.len(), wire.cautions.len()])
        .any(|n| n > MAX_ITEMS)
    {
        return reject(
            "too_long",
            format!("a list has more than {MAX_ITEMS} entries"),
        );
    }
    let claims = wire.claims.into_iter().map(|claim| Claim {
        text: claim.text,
        fact_ids: claim.fact_ids,
    });
    Ok(Draft {
        language: wire.language,
        headline: wire.headline,
        summary: wire.summary,
        claims: claims.collect(),
        cautions: wire.cautions,
    })
}

/// Returns what is within a fence of Markdown, as some models put around all JSON; without one the text as it is.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let within = || {
        let (info, body) = text.strip_prefix("```")?.split_once('\n')?;
        let is_json = info.trim().is_empty() || info.trim().eq_ignore_ascii_case("json");
        body.strip_suffix("```").filter(|_| is_json)
    };
    within().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = r#"{"language": "en", "headline": "H", "summary": "S.",
        "claims": [{"text": "C.", "fact_ids": ["F1", "F2"]}], "cautions": ["K."]}"#;

    fn code(text: &str) -> &'static str {
        parse(text).map_or_else(|it| it.code, |_| "fine")
    }

    #[test]
    fn an_answer_is_read_with_a_fence_and_without() {
        let draft = parse(FINE).unwrap();
        assert_eq!(draft.claims[0].fact_ids, ["F1", "F2"]);
        assert_eq!((draft.headline.as_str(), draft.cautions.len()), ("H", 1));
        for fenced in [
            format!("```json\n{FINE}\n```"),
            format!("  ```JSON \r\n{FINE}```\n"),
            format!("```\n{FINE}\n```"),
        ] {
            assert_eq!(parse(&fenced).unwrap(), draft, "{fenced}");
        }
    }

    #[test]
    fn nothing_else_is_forgiven() {
        assert_eq!(code(&format!("Sure! {FINE}")), "not_json");
        assert_eq!(code(&format!("{FINE} Done.")), "not_json");
        assert_eq!(
            code(&format!("```json\n```json\n{FINE}\n```\n```")),
            "not_json"
        );
        assert_eq!(code(&format!("```yaml\n{FINE}\n```")), "not_json");
        assert_eq!(code(&format!("[{FINE}]")), "not_the_schema");
        assert_eq!(
            code(&FINE.replace("\"cautions\": [\"K.\"]", "\"cautions\": null")),
            "not_the_schema"
        );
        assert_eq!(
            code(&FINE.replace(", \"cautions\": [\"K.\"]", "")),
            "not_the_schema"
        );
        assert_eq!(
            code(&FINE.replace("\"headline\"", "\"title\"")),
            "not_the_schema"
        );
        assert_eq!(code(&FINE.replace("\"F1\"", "1")), "not_the_schema");
        let twice = FINE.replace(
            "\"headline\": \"H\"",
            "\"headline\": \"H\", \"headline\": \"I\"",
        );
        assert_eq!(code(&twice), "not_the_schema");
        for text in [
            "",
            "```",
            "```json",
            "```json\n",
            "null",
            "{",
            "\u{feff}{}",
            "😀",
        ] {
            assert_ne!(code(text), "fine", "{text:?}");
        }
    }

    #[test]
    fn an_answer_is_bounded_in_length_count_and_depth() {
        assert_eq!(code(&FINE.replace('H', &"x".repeat(MAX_BYTES))), "too_long");
        let many = FINE.replace("\"K.\"", &vec!["\"\""; MAX_ITEMS + 1].join(","));
        assert_eq!(code(&many), "too_long");
        assert_eq!(code(&"[".repeat(20_000)), "not_the_schema");
        let deep = format!("{{\"claims\": {}", "[".repeat(20_000));
        assert_ne!(code(&deep), "fine");
    }
}
