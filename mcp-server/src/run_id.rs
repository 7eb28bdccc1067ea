//! How a stored ranking is named in answers and addresses: `2026-11-21T09:00:00Z_balanced`.
//!
//! A preset's name may be any text; what a URL could take for something else is written as `~` and two hexadecimal
//! digits a byte.

use catalog::UnixMs;

/// A longer text names no ranking.
const MAX_BYTES: usize = 256;

/// Returns the name of the ranking of a time and a preset.
pub(crate) fn format(at: UnixMs, preset: &str) -> String {
    let mut id = format!("{at}_");
    for byte in preset.bytes() {
        match byte {
            byte if is_plain(byte) => id.push(char::from(byte)),
            _ => id.push_str(&format!("~{byte:02X}")),
        }
    }
    id
}

/// Returns the time and the preset that a name stands for; `None` for what [`format()`] would not write.
pub(crate) fn parse(id: &str) -> Option<(UnixMs, String)> {
    if id.len() > MAX_BYTES {
        return None;
    }
    let (at, preset) = id.split_once('_')?;
    let at = UnixMs::parse(at).ok()?;
    let preset = decoded(preset)?;
    (format(at, &preset) == id).then_some((at, preset))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'~' {
            bytes.push(*first);
            continue;
        }
        let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_has_nothing_that_a_url_takes_for_something_else() {
        let at = UnixMs::parse("2026-11-21T09:00:00Z").unwrap();
        assert_eq!(format(at, "balanced"), "2026-11-21T09:00:00Z_balanced");
        assert_eq!(
            format(at, "my preset/../é"),
            "2026-11-21T09:00:00Z_my~20preset~2F~2E~2E~2F~C3~A9"
        );
    }

    #[test]
    fn what_names_no_ranking_is_refused() {
        for text in [
            "",
            "_",
            "latest",
            "2026-11-21T09:00:00Z",
            "2026-11-21_balanced",
            " 2026-11-21T09:00:00Z_balanced",
            "2026-11-21T10:00:00+01:00_balanced",
            "2026-11-21T09:00:00Z_a/b",
            "2026-11-21T09:00:00Z_a.b",
            "2026-11-21T09:00:00Z_~6",
            "2026-11-21T09:00:00Z_~zz",
            "2026-11-21T09:00:00Z_~61",
            "2026-11-21T09:00:00Z_~FF",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"1".repeat(10_000)), None);
    }

    proptest! {
        #[test]
        fn a_name_reads_back_as_written(ms: i64, preset in ".{0,30}") {
            let at = UnixMs::new(ms);
            let id = format(at, &preset);
            let is_short = id.len() <= MAX_BYTES;
            prop_assert_eq!(parse(&id), is_short.then_some((at, preset)));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,60}") {
            if let Some((at, preset)) = parse(&text) {
                prop_assert_eq!(format(at, &preset), text);
            }
        }
    }
}
