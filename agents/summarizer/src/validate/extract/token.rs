//! A text as words, numbers and marks. The same for drafts and facts, so that both are read alike.

use catalog::Language;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::date::{Date, read_date};
use super::number::{Value, read_number};

/// A piece of a text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// As written, after NFKC.
    pub(crate) text: String,
    pub(crate) kind: Kind,
    /// Whether no white space stands before it.
    pub(crate) is_glued: bool,
    /// The number of the quotation that it is part of.
    pub(crate) quote: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Letters, and digits behind them; in lower case without accents.
    Word(String),
    Number(Value),
    /// A date in digits, in all the ways to read it.
    Date(Vec<Date>),
    /// A single character; of line breaks `\n`.
    Mark(char),
}

impl Token {
    /// Returns the word in lower case without accents; empty for numbers and marks.
    pub(crate) fn word(&self) -> &str {
        match &self.kind {
            Kind::Word(word) => word,
            _ => "",
        }
    }

    pub(crate) fn is_mark(&self, mark: char) -> bool {
        matches!(self.kind, Kind::Mark(it) if it == mark)
    }

    pub(crate) fn number(&self) -> Option<&Value> {
        match &self.kind {
            Kind::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Returns whether it is written like a name: a capital somewhere, or digits of another script.
    pub(crate) fn is_capitalized(&self) -> bool {
        matches!(self.kind, Kind::Word(_))
            && self
                .text
                .chars()
                .any(|it| it.is_uppercase() || (it.is_numeric() && !it.is_ascii()))
    }
}

/// Returns a word as it is compared: lower case, without accents.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for char in text.nfkd().filter(|it| !is_combining_mark(*it)) {
        for lower in char.to_lowercase() {
            match lower {
                'œ' => folded.push_str("oe"),
                'æ' => folded.push_str("ae"),
                'ß' => folded.push_str("ss"),
                'ø' => folded.push('o'),
                'ł' => folded.push('l'),
                it if is_combining_mark(it) => {}
                it => folded.push(it),
            }
        }
    }
    folded
}

/// Takes a text apart.
pub(crate) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let chars: Vec<char> = text.nfkc().collect();
    let mut found: Vec<Token> = Vec::with_capacity(chars.len() / 4);
    let mut at = 0;
    let mut is_glued = false;
    while let Some(&char) = chars.get(at) {
        if char.is_whitespace() && char != '\n' {
            is_glued = false;
            at += 1;
            continue;
        }
        let (kind, length) = if let Some((dates, length)) = read_date(&chars[at..], language) {
            (Kind::Date(dates), length)
        } else if char.is_ascii_digit() {
            let (value, length) = read_number(&chars[at..], language);
            (Kind::Number(value), length)
        } else if is_letter(char) {
            let length = word_length(&chars[at..]);
            let word: String = chars[at..at + length].iter().collect();
            (Kind::Word(fold(&word)), length)
        } else {
            (Kind::Mark(char), 1)
        };
        found.push(Token {
            text: chars[at..at + length].iter().collect(),
            kind,
            is_glued,
            quote: None,
        });
        at += length;
        is_glued = char != '\n';
    }
    mark_quotes(&mut found);
    found
}

fn is_letter(char: char) -> bool {
    char.is_alphanumeric() || is_combining_mark(char)
}

/// A word goes on over digits (`M12`); an apostrophe ends it, as in `l'image` and `shop's`.
fn word_length(chars: &[char]) -> usize {
    let end = chars.iter().position(|it| !is_letter(*it));
    end.unwrap_or(chars.len()).max(1)
}

/// Numbers what stands between quotation marks that are closed again.
fn mark_quotes(tokens: &mut [Token]) {
    let mut n_quotes = 0;
    let mut open: Option<(usize, char)> = None;
    for at in 0..tokens.len() {
        let Kind::Mark(mark) = tokens[at].kind else {
            continue;
        };
        match open {
            Some((start, close)) if mark == close => {
                for token in &mut tokens[start + 1..at] {
                    token.quote = Some(n_quotes);
                }
                n_quotes += 1;
                open = None;
            }
            _ => match mark {
                '“' => open = Some((at, '”')),
                '«' => open = Some((at, '»')),
                // Behind a digit it means inches.
                '"' if !tokens[at].is_glued || at == 0 || tokens[at - 1].is_mark('(') => {
                    open = open.or(Some((at, '"')));
                }
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let tokens = tokens(text, Language::En);
        tokens.into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn words_numbers_and_marks_are_told_apart() {
        assert_eq!(
            texts("L’été: 38-40, RTX4070 at 1,299.90\u{a0}€"),
            [
                "L", "’", "été", ":", "38", "-", "40", ",", "RTX4070", "at", "1,299.90", "€"
            ]
        );
        assert_eq!(fold("Œuvre Été Straße"), "oeuvre ete strasse");
    }

    #[test]
    fn only_closed_quotations_count() {
        let quoted = |text: &str| {
            let tokens = tokens(text, Language::En);
            tokens.iter().filter(|it| it.quote.is_some()).count()
        };
        assert_eq!(quoted("the “Brass lamp” of « Acme »"), 3);
        assert_eq!(quoted("a “Brass lamp, a 24\" screen"), 0);
        assert_eq!(quoted("the \"Brass lamp\" here"), 2);
    }
}
