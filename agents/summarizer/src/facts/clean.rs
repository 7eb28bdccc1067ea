//! A stranger's text as text and nothing else: what can't be seen, what turns writing around, and links are taken out.
//!
//! The result is short, on one line, and still a stranger's text: safe as data, nowhere else. What it claims is not
//! looked at here.

use std::collections::HashSet;
use std::sync::LazyLock;

use catalog::visible_text;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// So much of a description is looked at; what stands behind it would hardly be quoted.
const MAX_HTML_BYTES: usize = 64 << 10;
/// So many bytes of a text are looked at for each character that is kept: room for what is taken out.
const MAX_BYTES_PER_CHAR: usize = 16;
/// So many accents may stand on one letter. Vietnamese needs two, Hebrew three.
const MAX_MARKS: usize = 4;
/// What stands where a link stood.
const LEFT_OUT: &str = "[…]";

/// Returns `text` on one line without invisible and control characters and without links, in NFC, cut to `max_chars`
/// at the end of a word, with `…` where it was cut.
///
/// Emoji and right-to-left writing stay; joiners, variation selectors, marks of direction and tag characters go.
pub fn clean(text: &str, max_chars: usize) -> String {
    line(text, max_chars, is_link)
}

/// Returns `text` as [`clean`] does, but links stay: for shops, whose names are addresses.
pub(crate) fn clean_host(text: &str, max_chars: usize) -> String {
    line(text, max_chars, |_| false)
}

/// Returns what a reader sees of a description, [`clean`]ed and cut. Costs the same for a megabyte as for 64 KiB.
pub fn clean_html(html: &str, max_chars: usize) -> String {
    clean(&visible_text(whole_tags(html)), max_chars)
}

/// Returns the words of `text` that can be seen, without those that are left out.
fn line(text: &str, max_chars: usize, is_left_out: fn(&str) -> bool) -> String {
    let looked_at = cut_bytes(text, max_chars.saturating_mul(MAX_BYTES_PER_CHAR));
    let mut n_marks = 0;
    let seen = looked_at.chars().filter_map(shown).filter(|&letter| {
        n_marks = if is_combining_mark(letter) {
            n_marks + 1
        } else {
            0
        };
        n_marks <= MAX_MARKS
    });
    let text: String = seen.nfc().collect();
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| if is_left_out(word) { LEFT_OUT } else { word })
        .collect();
    cut_words(words.join(" "), max_chars)
}

/// Returns the character as it is shown: white space for breaks, nothing for what can't be seen.
fn shown(letter: char) -> Option<char> {
    match letter {
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        _ if letter.is_control() => None,
        // Soft hyphen, joiners, zero-width space, marks and changes of direction, fillers, invisible operators.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => {
            None
        }
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => None,
        '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' => None,
        // Variation selectors, replacement and annotation characters, musical and shorthand controls, tags.
        '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{ffff}' => None,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => None,
        // Private use, and what is no character in any plane.
        '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'.. => None,
        _ if u32::from(letter) & 0xfffe == 0xfffe => None,
        _ => Some(letter),
    }
}

/// Returns whether a character is shown as nothing, or turns what is around it.
pub(crate) fn is_unseen(letter: char) -> bool {
    shown(letter).is_none()
}

/// Returns whether a word is an address of the web, of mail or of a person, also one without `https://`.
fn is_link(word: &str) -> bool {
    let word = word.to_lowercase();
    // Of mail, or of a person somewhere.
    let is_at = |(at, _): (usize, &str)| {
        word[at + 1..]
            .chars()
            .next()
            .is_some_and(char::is_alphanumeric)
    };
    let schemes = ["://", "www.", "mailto:", "javascript:", "data:text"];
    schemes.iter().any(|it| word.contains(it))
        || word.match_indices('@').any(is_at)
        || has_host(&word)
}

/// Returns whether a dot in the word stands before a top-level domain that people write without `https://`.
fn has_host(word: &str) -> bool {
    static DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let domains = "app be biz ca ch click cn co com de dev es eu example fr gg info invalid io it link ly me net \
                       nl online onion org ru shop site store test top tv uk us xyz";
        domains.split(' ').collect()
    });
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    word.match_indices('.').any(|(at, _)| {
        let has_name = word[..at].chars().next_back().is_some_and(is_part);
        let rest = &word[at + 1..];
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        has_name && DOMAINS.contains(&rest[..end])
    })
}

/// Returns the beginning of `text`, at most so many bytes, whole characters.
fn cut_bytes(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

/// Returns the beginning of `line`, at most so many characters, whole words where the words are not too long for that.
fn cut_words(mut line: String, max_chars: usize) -> String {
    let Some((end, _)) = line.char_indices().nth(max_chars) else {
        return line;
    };
    // Room for the sign that something is missing.
    let kept = line[..end]
        .char_indices()
        .next_back()
        .map_or(0, |(at, _)| at);
    let word_end = line[..end].rfind(' ').filter(|&at| at * 2 >= kept);
    line.truncate(word_end.unwrap_or(kept));
    line.push('…');
    line
}

/// Returns the beginning of `html` that is looked at, without a tag or a script that the cut left open.
fn whole_tags(html: &str) -> &str {
    let mut looked_at = cut_bytes(html, MAX_HTML_BYTES);
    if looked_at.len() == html.len() {
        return html;
    }
    if let Some(open) = looked_at.rfind('<')
        && !looked_at[open..].contains('>')
    {
        looked_at = &looked_at[..open];
    }
    let lower = looked_at.to_ascii_lowercase();
    let opened = |(open, close)| {
        let open = lower.rfind(open)?;
        (!lower[open..].contains(close)).then_some(open)
    };
    let codes = [("<script", "</script"), ("<style", "</style")];
    let end = codes.into_iter().filter_map(opened).min();
    &looked_at[..end.unwrap_or(looked_at.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_seen_goes() {
        for (text, cleaned) in [
            ("  Brass\t\tlamp \n", "Brass lamp"),
            ("pay\u{200b}load\u{feff}", "payload"),
            ("\u{202e}pmal\u{202c} lamp", "pmal lamp"),
            ("a\u{0}b\u{1b}[31mc", "ab[31mc"),
            ("lamp\u{e0041}\u{e0042}", "lamp"),
            ("x\u{fe0f}\u{e0100}y", "xy"),
            ("e\u{301}te\u{301}", "été"),
            (
                "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}",
                "z\u{300}\u{301}\u{302}\u{303}",
            ),
            ("\u{e000}\u{10ffff}\u{fffd}", ""),
        ] {
            assert_eq!(clean(text, 100), cleaned, "{text:?}");
        }
    }

    #[test]
    fn emoji_and_right_to_left_writing_stay() {
        assert_eq!(clean("🪔 مصباح נר 👩\u{200d}💻", 100), "🪔 مصباح נר 👩💻");
    }

    #[test]
    fn links_are_taken_out_and_abbreviations_are_not() {
        for link in [
            "https://evil.example/x",
            "HTTP://EVIL.EXAMPLE",
            "(www.evil.example)",
            "evil.com/pay?x=1",
            "mail@evil.example",
            "(@evil_shop)",
            "javascript:alert(1)",
        ] {
            assert_eq!(clean(&format!("see {link} now"), 100), "see […] now");
        }
        let text = "4 @ 9.99 No.5 e.g. 1.5m cotton.Machine Ph.D. 2.co-";
        assert_eq!(clean(text, 100), text);
    }

    #[test]
    fn a_long_text_ends_with_a_word() {
        assert_eq!(clean("one two three", 13), "one two three");
        assert_eq!(clean("one two three", 12), "one two…");
        assert_eq!(clean("one two three", 8), "one two…");
        assert_eq!(clean(&"é".repeat(50), 10), format!("{}…", "é".repeat(9)));
        assert_eq!(clean("ab", 1), "…");
        assert_eq!(clean("ab", 0), "");
    }

    #[test]
    fn a_megabyte_is_cut_before_it_is_read() {
        let text = clean_html(&"<p>lamp &amp; oil</p>".repeat(50_000), 600);
        assert!(text.starts_with("lamp & oil lamp") && text.chars().count() <= 600);
        let code = format!("<b>lamp</b><script>{}</script>", "x".repeat(1 << 20));
        assert_eq!(clean_html(&code, 600), "lamp");
        let tag = format!("lamp<img alt='{}'>", "x".repeat(1 << 20));
        assert_eq!(clean_html(&tag, 600), "lamp");
        assert_eq!(clean_html("a < b", 600), "a < b");
    }

    #[test]
    fn entities_hide_nothing() {
        assert_eq!(
            clean_html("la&#8238;mp&#x200b; &#104;ttps&#58;//evil", 600),
            "lamp […]"
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_out_bounded_and_stays_as_it_came_out(text in "\\PC{0,80}|.{0,80}", max in 0..60_usize) {
            let once = clean(&text, max);
            prop_assert!(once.chars().count() <= max.max(1));
            prop_assert!(!once.contains(char::is_control));
            prop_assert_eq!(clean(&once, 80), once);
        }
    }
}
