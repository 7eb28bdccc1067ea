//! The key in what an endpoint sends: some repeat it in errors, and some repeat the whole request.
//!
//! It is found as it is, in capitals, and as JSON, addresses and HTML spell its letters. What is done on purpose to hide
//! it is not undone: whoever is sent the key can pass it on anyway.

use super::EndpointConfig;
use super::complaint::one_line;

/// A key that is not to be shown; without one nothing is blotted out.
#[derive(Clone, Default)]
pub(super) struct Secret(String);

/// What stands where the key stood.
const BLOT: char = '…';

/// Shorter keys of letters alone are words for endpoints that need none, such as `ollama`, and stand in usual texts.
const MIN_LETTERS: usize = 12;
const MIN_CHARS: usize = 4;

impl Secret {
    pub(super) fn of(config: &EndpointConfig) -> Self {
        Self::new(config.api_key.as_deref().unwrap_or_default())
    }

    pub(super) fn new(key: &str) -> Self {
        let mut key = key.trim();
        // Some set the header's whole value.
        while let Some((scheme, rest)) = key.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            key = rest.trim_start();
        }
        let is_word = key.bytes().all(|it| it.is_ascii_alphabetic());
        let least = if is_word { MIN_LETTERS } else { MIN_CHARS };
        if key.len() < least || !key.is_ascii() {
            return Self::default();
        }
        Self(key.to_owned())
    }

    /// Returns a text without the key.
    pub(super) fn blot(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let mut blotted = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let spelled = self.spelled(rest.as_bytes());
            blotted.push(if spelled.is_some() { BLOT } else { first });
            rest = &rest[spelled.unwrap_or(first.len_utf8())..];
        }
        blotted
    }

    /// Returns a text without the key, on one line and not long. Not in the other order: a line may end within the key.
    pub(super) fn line(&self, text: &str) -> String {
        one_line(&self.blot(text))
    }

    /// Returns how many bytes at the beginning of a text are the key. All of them are ASCII.
    fn spelled(&self, text: &[u8]) -> Option<usize> {
        let mut n_bytes = 0;
        for letter in self.0.bytes() {
            n_bytes += spelling(text.get(n_bytes..)?, letter)?;
        }
        Some(n_bytes)
    }
}

/// Returns how many bytes at the beginning of a text are this letter: `s`, `S`, `\u0073`, `%73` and `&#x73;` are.
fn spelling(text: &[u8], letter: u8) -> Option<usize> {
    let is_letter = |digits: Option<&[u8]>, radix: u32| {
        let digits = digits.and_then(|it| str::from_utf8(it).ok());
        let code = digits.and_then(|it| u8::from_str_radix(it, radix).ok());
        code.is_some_and(|it| it.eq_ignore_ascii_case(&letter))
    };
    match text {
        [first, ..] if first.eq_ignore_ascii_case(&letter) => Some(1),
        [b'%', code @ ..] if is_letter(code.get(..2), 16) => Some(3),
        [b'\\', b'u', b'0', b'0', code @ ..] if is_letter(code.get(..2), 16) => Some(6),
        [b'\\', first, ..] if *first == letter => Some(2),
        [b'&', b'#', code @ ..] => {
            let end = code.iter().take(6).position(|it| *it == b';')?;
            let is_same = match code.first()? {
                b'x' | b'X' => is_letter(code.get(1..end), 16),
                _ => is_letter(code.get(..end), 10),
            };
            is_same.then_some(end + 3)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-s3cret/1";

    #[test]
    fn a_key_is_found_however_it_is_spelled() {
        let secret = Secret::new(" Bearer sk-s3cret/1\n");
        for spelled in [
            "sk-s3cret/1",
            "SK-S3CRET/1",
            r"sk-s3cret\/1",
            r"\u0073k-s3cret\u002F1",
            r"\u0053\u004b-s3cret/1",
            "sk-s3cret%2f1",
            "%73k%2Ds3cret%2F1",
            "sk-s3cret&#x2F;1",
            "sk&#45;s3cret&#47;1",
        ] {
            let text = format!("é Bearer {spelled} é");
            assert_eq!(secret.blot(&text), "é Bearer … é", "{spelled}");
            assert_eq!(secret.blot(&spelled.repeat(2)), "……");
        }
        for other in [
            "",
            "sk-s3cret",
            "sk-s3cret/",
            "%",
            "%7",
            r"\",
            r"\u00",
            "&#",
            "&#x",
            "&#;",
            "sk-s3cret&#9999999;1",
            "sk-s3cret\u{e9}",
        ] {
            assert_eq!(secret.blot(other), other);
        }
    }

    #[test]
    fn a_key_at_the_end_of_a_long_line_is_blotted_out_before_the_cut() {
        let secret = Secret::new(KEY);
        for n_before in 280..310 {
            let line = secret.line(&format!("{}{KEY}", " x".repeat(n_before / 2)));
            assert!(!line.contains("sk-"), "{line}");
        }
    }

    #[test]
    fn what_is_no_secret_is_left_in_texts() {
        for key in [
            "",
            " ",
            "x",
            "1",
            "none",
            "EMPTY",
            "ollama",
            "Bearer test",
            "clé",
        ] {
            let text = "x 1 none empty ollama test clé";
            assert_eq!(Secret::new(key).blot(text), text, "{key}");
        }
        assert_eq!(Secret::new("sk-1").blot("no sk-1"), "no …");
    }
}
