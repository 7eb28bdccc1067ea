//! Links, addresses, handles and phone numbers.

use crate::validate::evidence::Pool;

pub(super) fn has_link(text: &str, pool: &Pool<'_>) -> bool {
    let lower = text.to_lowercase();
    let has_scheme = ["://", "mailto:", "javascript:", "data:text", "tel:"]
        .iter()
        .any(|it| lower.contains(it));
    let is_hashtag = |(at, _): (usize, &str)| {
        text[at + 1..]
            .chars()
            .next()
            .is_some_and(char::is_alphabetic)
    };
    has_scheme
        || text.contains(['@', '＠'])
        || text.match_indices('#').any(is_hashtag)
        || text
            .split_whitespace()
            .any(|word| (is_host(word) || has_www(word)) && !pool.names_host(word))
        || is_phone(text)
}

/// The beginning of an address, whatever comes behind it; a shop's own host may begin so.
fn has_www(word: &str) -> bool {
    word.to_lowercase().contains("www.")
}

/// `shop.example`, `shop.example/path`; not `12.5`, and not a sentence that begins without a space.
pub(in super::super) fn is_host(word: &str) -> bool {
    let word = word.trim_matches(|it: char| !it.is_alphanumeric());
    let host = word
        .split(['/', '?', ':', '(', '…'])
        .next()
        .unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let Some((last, before)) = labels.split_last() else {
        return false;
    };
    let is_label = |it: &&str| {
        !it.is_empty()
            && it.chars().all(|it| it.is_alphanumeric() || it == '-')
            && it.chars().any(char::is_alphabetic)
    };
    // `e.g.` and `p.m.` have single letters.
    !before.is_empty()
        && last.chars().count() >= 2
        && last
            .chars()
            .all(|it| it.is_alphabetic() && !it.is_uppercase())
        && before.iter().all(is_label)
        && before.iter().any(|it| it.chars().count() >= 2)
}

/// Nine digits or more in groups, as in `06 12 34 56 78`, `+1 555 123 4567` and `555-123-4567`.
fn is_phone(text: &str) -> bool {
    let (mut digits, mut groups, mut has_plus, mut last) = (0, 0, false, ' ');
    let mut group = 0;
    let mut odd_groups = 0;
    let mut first_group = 0;
    for char in text.chars().chain(['\n']) {
        match char {
            '0'..='9' => {
                digits += 1;
                group += 1;
                groups += usize::from(!last.is_ascii_digit());
            }
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}'
                if digits > 0 || char == '(' =>
            {
                odd_groups += usize::from(groups > 1 && group > 0 && group != 3);
                first_group = if groups == 1 { group } else { first_group };
                group = 0;
            }
            _ => {
                odd_groups += usize::from(groups > 1 && group > 0 && group != 3);
                first_group = if groups == 1 { group } else { first_group };
                let is_long = digits >= 9 && groups >= 3 && odd_groups >= 1 && first_group <= 3;
                if is_long || (has_plus && digits >= 8) {
                    return true;
                }
                (digits, groups, group, odd_groups) = (0, 0, 0, 0);
                has_plus = char == '+';
            }
        }
        last = char;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_phone_numbers_are_seen() {
        for host in [
            "shop.example",
            "(acme.com)",
            "acme.co.uk/sale",
            "Visit.acme.fr,",
        ] {
            assert!(is_host(host), "{host}");
        }
        for word in ["12.5", "e.g.", "EUR.The", "3.5mm", "p.m.", "end."] {
            assert!(!is_host(word), "{word}");
        }
        for phone in [
            "06 12 34 56 78",
            "+1 555 123 4567",
            "555-123-4567 ext",
            "+33612345678",
        ] {
            assert!(is_phone(phone), "{phone}");
        }
        for text in [
            "2026-03-03",
            "1 299 000 000",
            "12, 15, 18",
            "38-40 and 41-43",
        ] {
            assert!(!is_phone(text), "{text}");
        }
    }
}
