//! A stranger's text within Markdown, also within GitHub's: nothing in it is markup.

use crate::facts::clean::clean_host;

/// The longest text, in characters.
const MAX_CHARS: usize = 2_000;

/// Returns `text` on one line, each sign that could be markup escaped; shown, it is what it was.
///
/// GitHub makes links of addresses without any markup; an escaped sign within them stops that.
pub fn escaped(text: &str) -> String {
    let line = clean_host(text, MAX_CHARS);
    let mut markdown = String::with_capacity(line.len() + 16);
    for (at, letter) in line.char_indices() {
        match letter {
            '<' => markdown.push_str("&lt;"),
            '>' => markdown.push_str("&gt;"),
            '&' => markdown.push_str("&amp;"),
            _ if is_markup(&line[..at], letter, &line[at..]) => {
                markdown.push('\\');
                markdown.push(letter);
            }
            _ => markdown.push(letter),
        }
    }
    markdown
}

/// Returns whether a letter means something to Markdown where it stands.
fn is_markup(before: &str, letter: char, from_here: &str) -> bool {
    match letter {
        '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '@' | '$' | '!' => true,
        // An address without markup.
        ':' => from_here.starts_with("://"),
        '.' | ')' if before.bytes().all(|byte| byte.is_ascii_digit()) => true,
        '.' => {
            let tail = before.get(before.len().saturating_sub(3)..);
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case("www"))
        }
        // A list or a line under a heading, at the beginning alone.
        '-' | '+' | '=' => before.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_in_a_strangers_text_is_markup() {
        for (text, markdown) in [
            (
                "[lamp](https://evil.example)",
                "\\[lamp\\](https\\://evil.example)",
            ),
            ("<img src=x> & `code`", "&lt;img src=x&gt; &amp; \\`code\\`"),
            ("# Title\n\n## Two", "\\# Title \\#\\# Two"),
            (
                "www.evil.example a@b.example",
                "www\\.evil.example a\\@b.example",
            ),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("38-40 cm, 49.00 EUR", "38-40 cm, 49.00 EUR"),
        ] {
            assert_eq!(escaped(text), markdown);
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_on_its_line(text in "\\PC{0,60}|.{0,60}") {
            let markdown = escaped(&text);
            prop_assert!(!markdown.contains(['\n', '<', '>']));
            let is_escaped = |(at, _): (usize, &str)| markdown[..at].ends_with('\\');
            prop_assert!(markdown.match_indices(['[', ']', '#', '`', '*']).all(is_escaped));
            prop_assert!(markdown.match_indices("://").all(is_escaped));
        }
    }
}
