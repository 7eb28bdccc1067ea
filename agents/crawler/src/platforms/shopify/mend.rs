//! Mends what exporters write and serde refuses: halves of surrogate pairs and raw control characters in texts, and
//! numbers that no float holds.

/// Returns `json` with each half of a surrogate pair (`\ud83d` alone) replaced by `\ufffd`; `None` if there is none.
///
/// Exporters that cut a text in the middle of an emoji write such halves.
pub(super) fn mend_surrogates(json: &str) -> Option<String> {
    let mut mended = json.as_bytes().to_vec();
    let mut n_mended = 0;
    let mut at = 0;
    while at < mended.len() {
        if mended[at] != b'\\' {
            at += 1;
            continue;
        }
        match (escaped_unit(&mended, at), escaped_unit(&mended, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 12,
            (Some(0xd800..=0xdfff), _) => {
                mended[at..at + 6].copy_from_slice(b"\\ufffd");
                n_mended += 1;
                at += 6;
            }
            // Also steps over an escaped backslash, so that the `u` behind it starts no escape.
            _ => at += 2,
        }
    }
    let mended = (n_mended > 0).then_some(mended)?;
    String::from_utf8(mended).ok()
}

/// Returns `json` with each control character inside a text replaced by a space; `None` if there is none.
///
/// Exporters that are no JSON libraries write line breaks, tabs and NUL bytes as they are.
pub(super) fn mend_controls(json: &str) -> Option<String> {
    let (mut is_inside, mut is_escaped) = (false, false);
    let mut is_wrong = |byte: u8| {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match byte {
            b'"' if !was_escaped => is_inside = !is_inside,
            b'\\' if is_inside => is_escaped = !was_escaped,
            0..=0x1f => return is_inside,
            _ => {}
        }
        false
    };
    let start = json.bytes().position(&mut is_wrong)?;
    let mut mended = json.as_bytes().to_vec();
    mended[start] = b' ';
    for byte in &mut mended[start + 1..] {
        if is_wrong(*byte) {
            *byte = b' ';
        }
    }
    String::from_utf8(mended).ok()
}

/// Returns `json` with each number beyond the range of floats replaced by `null`; `None` if there is none.
pub(super) fn mend_numbers(json: &str) -> Option<String> {
    let mut mended = String::new();
    let mut n_kept = 0;
    let mut at = 0;
    while let Some(byte) = json.as_bytes().get(at) {
        match byte {
            b'"' => at += text_length(&json[at..]),
            b'-' | b'0'..=b'9' => {
                let is_other = |it: char| !matches!(it, '+' | '-' | '.' | 'e' | 'E' | '0'..='9');
                let end = json[at..].find(is_other).map_or(json.len(), |it| at + it);
                if json[at..end].parse().is_ok_and(f64::is_infinite) {
                    mended.push_str(&json[n_kept..at]);
                    mended.push_str("null");
                    n_kept = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    mended.push_str(&json[n_kept..]);
    (n_kept > 0).then_some(mended)
}

/// Returns the length of the text that `json` begins with, quotes included.
fn text_length(json: &str) -> usize {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        is_escaped = byte == b'\\' && !was_escaped;
        byte == b'"' && !was_escaped
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Returns the UTF-16 unit of the escape `\uXXXX` at `at`, if one stands there.
fn escaped_unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_characters_inside_texts_are_replaced() {
        for (json, mended) in [
            ("[\n\t\"plain\"\r\n]", None),
            ("[\"a\nb\", \"\0\"]\n", Some("[\"a b\", \" \"]\n")),
            (
                r#"["\\",
"\" \\"]"#,
                None,
            ),
            ("[\"\\\"\t\\\\\"\t]", Some("[\"\\\" \\\\\"\t]")),
            ("\"\u{7f}é\u{85}\"", None),
        ] {
            assert_eq!(mend_controls(json).as_deref(), mended, "{json}");
        }
    }

    #[test]
    fn only_numbers_beyond_all_floats_are_replaced() {
        let digits = "9".repeat(400);
        for (json, mended) in [
            ("[1e308, -1e-999, 0e999, 1.5, -7]", None),
            ("[1e309]", Some("[null]")),
            (
                "{\"1e999\":\"\\\"1e999\",\"b\":-1E+999,\"c\":[1,1.0e400]}",
                Some("{\"1e999\":\"\\\"1e999\",\"b\":null,\"c\":[1,null]}"),
            ),
            (digits.as_str(), Some("null")),
            ("\"é\\\\\"", None),
        ] {
            assert_eq!(mend_numbers(json).as_deref(), mended, "{json}");
        }
    }

    #[test]
    fn only_halves_of_pairs_are_replaced() {
        for (json, mended) in [
            (r#""\ud83d\ude00""#, None),
            (r#""plain \u00e9 \\ud83d""#, None),
            (r#""\ud83d""#, Some(r#""\ufffd""#)),
            (r#""\ude00\ud83d""#, Some(r#""\ufffd\ufffd""#)),
            (
                r#""\ud83d\ud83d\ude00 é""#,
                Some(r#""\ufffd\ud83d\ude00 é""#),
            ),
            (r#""\ud83d\n""#, Some(r#""\ufffd\n""#)),
            (r#""\\\uD83D""#, Some(r#""\\\ufffd""#)),
        ] {
            assert_eq!(mend_surrogates(json).as_deref(), mended, "{json}");
        }
    }
}
