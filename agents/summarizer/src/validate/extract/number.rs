//! Numbers in digits and in words, as exact decimals.

use catalog::Language;

use super::token::Token;

/// The most digits of a number that are read; what is longer is no figure of ours.
const MAX_DIGITS: usize = 30;

/// An exact number, 0 or more, in its shortest form: `1299.9` for `1,299.90`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) text: String,
    /// The other way to read it, where a separator may be a point or a group's: `1,299`.
    other: Option<String>,
}

impl Value {
    pub(crate) fn of(number: u64) -> Self {
        Self {
            text: number.to_string(),
            other: None,
        }
    }

    /// Returns whether both may mean the same number.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        let readings = |it: &Self| [Some(it.text.clone()), it.other.clone()];
        let mine = readings(self);
        readings(other)
            .iter()
            .flatten()
            .any(|it| mine.iter().flatten().any(|mine| mine == it))
    }

    /// Returns it as a whole number, if it is one.
    pub(crate) fn whole(&self) -> Option<u32> {
        self.text.parse().ok()
    }

    /// Returns it roughly: for the order of two numbers alone.
    pub(crate) fn rough(&self) -> f64 {
        self.text.parse().unwrap_or(f64::MAX)
    }

    /// Returns it with `n` more zeros.
    pub(crate) fn times_ten_to(&self, n: usize) -> Self {
        let (whole, part) = self.text.split_once('.').unwrap_or((&self.text, ""));
        let mut digits = whole.to_owned();
        let mut part = part.chars();
        digits.extend((0..n).map(|_| part.next().unwrap_or('0')));
        Self {
            text: shortest(&digits, part.as_str()),
            other: None,
        }
    }
}

/// Reads the number that `chars` begins with, and returns it with its length.
///
/// Groups of three are joined by spaces, points, commas or apostrophes; the last separator is the decimal one where
/// two kinds are used. A single one before three digits is a group's as the language has it.
pub(super) fn read_number(chars: &[char], language: Language) -> (Value, usize) {
    let groups = groups(chars);
    let length = groups.last().map_or(1, |(_, _, end)| *end);
    let digits =
        |(_, start, end): &(char, usize, usize)| chars[*start..*end].iter().collect::<String>();
    let parts: Vec<String> = groups.iter().map(digits).collect();
    let separators: Vec<char> = groups
        .iter()
        .skip(1)
        .map(|(separator, _, _)| *separator)
        .collect();
    let Some((&last, before)) = separators.split_last() else {
        return (exact(&parts.concat(), ""), length);
    };
    let (whole, part) = (parts[..parts.len() - 1].concat(), &parts[parts.len() - 1]);
    let is_point = matches!(last, '.' | ',');
    if !is_point || before.contains(&last) {
        return (exact(&parts.concat(), ""), length);
    }
    if !before.is_empty() || part.len() != 3 || parts[0].len() > 3 || parts[0] == "0" {
        return (exact(&whole, part), length);
    }
    let as_group = exact(&parts.concat(), "");
    let as_part = exact(&whole, part);
    let is_group = matches!((language, last), (Language::En, ',') | (Language::Fr, '.'));
    let (first, second) = if is_group {
        (as_group, as_part)
    } else {
        (as_part, as_group)
    };
    let value = Value {
        other: Some(second.text),
        ..first
    };
    (value, length)
}

/// Returns the groups of digits, each with the separator before it, its start and its end.
fn groups(chars: &[char]) -> Vec<(char, usize, usize)> {
    let run = |start: usize| {
        let rest = chars.get(start..).unwrap_or_default();
        rest.iter().take_while(|it| it.is_ascii_digit()).count()
    };
    let mut found = vec![(' ', 0, run(0))];
    loop {
        let (last, start, end) = found[found.len() - 1];
        let Some(&separator) = chars.get(end) else {
            break;
        };
        let length = run(end + 1);
        let is_first = found.len() == 1;
        let after_group = if is_first {
            end - start <= 3
        } else {
            end - start == 3
        };
        let is_group = length == 3 && after_group && (is_first || last == separator);
        let fits = match separator {
            ' ' | '\'' | '’' => is_group,
            '.' | ',' => {
                let is_decimal = length > 0 && (is_first || (last != separator && after_group));
                // `1.2.3` and `1,2,3` are no single number.
                let next = chars.get(end + 1 + length);
                let goes_on = next == Some(&separator) && run(end + 2 + length) > 0;
                is_group || (is_decimal && !goes_on)
            }
            _ => false,
        };
        if !fits {
            break;
        }
        found.push((separator, end + 1, end + 1 + length));
        if matches!(separator, '.' | ',') && !is_group {
            break;
        }
    }
    found
}

fn exact(whole: &str, part: &str) -> Value {
    Value {
        text: shortest(whole, part),
        other: None,
    }
}

fn shortest(whole: &str, part: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    let mut text = if whole.is_empty() { "0" } else { whole }.to_owned();
    if !part.is_empty() {
        text.push('.');
        text.push_str(part);
    }
    if text.len() > MAX_DIGITS {
        text.truncate(MAX_DIGITS);
        // No figure of ours ends so: it equals nothing but itself.
        text.push('~');
    }
    text
}

/// Reads the number in words that stands at `at`, and returns it with the number of tokens.
///
/// `one`, `un` and `une` alone are articles.
pub(super) fn number_in_words(
    tokens: &[Token],
    at: usize,
    language: Language,
) -> Option<(Value, usize)> {
    let (mut total, mut current, mut length) = (0_u64, 0_u64, 0_usize);
    let mut last = None;
    let mut next = at;
    while let Some(token) = tokens.get(next) {
        let is_dash = token.is_mark('-') && token.is_glued;
        let is_and = last.is_some() && matches!(token.word(), "and" | "et");
        if length > 0 && (is_dash || is_and) {
            // A join counts only with a number behind it that it may be joined to.
            let joined = tokens
                .get(next + 1)
                .and_then(|it| small(it.word(), language));
            let fits = match joined {
                Some(joined) if is_and && language == Language::En => {
                    last == Some(100) && joined < 100
                }
                Some(joined) if is_and => joined == 1 || joined == 11,
                Some(_) => true,
                None => false,
            };
            if fits {
                next += 1;
                continue;
            }
            break;
        }
        let Some(number) = small(token.word(), language) else {
            break;
        };
        match number {
            100 => current = current.max(1).saturating_mul(100),
            1000 | 1_000_000 => {
                total = total.saturating_add(current.max(1).saturating_mul(number));
                current = 0;
            }
            // `quatre-vingt` is the one product among them.
            20 if language == Language::Fr && last == Some(4) => current += 76,
            // `dix-neuf`
            _ if language == Language::Fr && last == Some(10) && number < 10 => current += number,
            _ if last.is_some_and(|last| last < 20 && last != 0) => break,
            _ => current = current.saturating_add(number),
        }
        last = Some(number);
        next += 1;
        length = next - at;
    }
    let total = total.saturating_add(current);
    let is_article = length == 1 && total == 1;
    let is_hundred_alone = length == 1 && matches!(last, Some(1_000_000));
    (length > 0 && !is_article && !is_hundred_alone).then(|| (Value::of(total), length))
}

fn small(word: &str, language: Language) -> Option<u64> {
    let table = match language {
        Language::En => super::lexicon::en::NUMBERS,
        Language::Fr => super::lexicon::fr::NUMBERS,
    };
    table.iter().find(|(it, _)| *it == word).map(|(_, n)| *n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::extract::token::tokens;

    fn read(text: &str, language: Language) -> String {
        let chars: Vec<char> = text.chars().collect();
        let (value, length) = read_number(&chars, language);
        format!("{} {length}", value.text)
    }

    #[test]
    fn numbers_in_digits_are_read_as_each_language_writes_them() {
        let cases = [
            ("1,299.90", "1299.9 8", "1299.9 8"),
            ("1.299,90", "1299.9 8", "1299.9 8"),
            ("1 299,90 €", "1299.9 8", "1299.9 8"),
            ("1299.90", "1299.9 7", "1299.9 7"),
            ("1,299", "1299 5", "1.299 5"),
            ("1.299", "1.299 5", "1299 5"),
            ("0,125", "0.125 5", "0.125 5"),
            ("49.", "49 2", "49 2"),
            ("12, 15", "12 2", "12 2"),
            ("1,2,3", "1 1", "1 1"),
            ("1’000’000", "1000000 9", "1000000 9"),
            ("2026 120", "2026 4", "2026 4"),
            ("007", "7 3", "7 3"),
        ];
        for (text, en, fr) in cases {
            assert_eq!(read(text, Language::En), en, "{text}");
            assert_eq!(read(text, Language::Fr), fr, "{text}");
        }
        assert!(read(&"9".repeat(100), Language::En).contains('~'));
    }

    #[test]
    fn numbers_in_words_are_read_and_articles_are_not() {
        let read = |text: &str, language| {
            let tokens = tokens(text, language);
            number_in_words(&tokens, 0, language).map(|(value, _)| value.text)
        };
        for (text, number) in [
            ("twelve variants", "12"),
            ("twenty-five", "25"),
            ("one hundred and ten shops", "110"),
            ("three and four", "3"),
            ("two thousand", "2000"),
        ] {
            assert_eq!(read(text, Language::En).as_deref(), Some(number), "{text}");
        }
        for (text, number) in [
            ("douze variantes", "12"),
            ("vingt et un", "21"),
            ("vingt-cinq", "25"),
            ("soixante-douze", "72"),
            ("quatre-vingt-dix-neuf", "99"),
            ("deux cents", "200"),
        ] {
            assert_eq!(read(text, Language::Fr).as_deref(), Some(number), "{text}");
        }
        assert_eq!(read("one of them", Language::En), None);
        assert_eq!(read("une image", Language::Fr), None);
    }
}
