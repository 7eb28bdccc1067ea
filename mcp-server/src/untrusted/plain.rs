//! A stranger's text without anything that acts: markup, marks of links and images, tags that look like our fence.

use std::iter::once;

use summarizer::facts::clean::{clean, clean_html};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// So many layers of markup and entities are taken off; a text with more is no shop's.
const MAX_LAYERS: usize = 3;

/// What our fences are called, as [`folded`] has it.
const FENCE: &str = "untrusted";

/// What stands where a look-alike of it stood.
const LEFT_OUT: &str = "…";

/// Returns what a reader sees of a text, on one line, cut to `max_chars`, with nothing in it that acts.
///
/// Markup is taken off and entities are decoded until nothing changes, and what can't be seen is removed each time:
/// decoding makes such characters anew.
pub(super) fn plain(text: &str, max_chars: usize) -> String {
    // Room for what is put between the signs of links; the cut comes last.
    let looked_at = max_chars.saturating_mul(2);
    let mut seen = clean_html(text, looked_at);
    let mut is_plain = false;
    for _ in 0..MAX_LAYERS {
        let again = clean_html(&seen, looked_at);
        is_plain = again == seen;
        if is_plain {
            break;
        }
        seen = again;
    }
    if !is_plain {
        seen.retain(|it| it != '&');
    }
    let cut = clean(&without_fences(without_signs(&seen)), max_chars);
    // A word that was cut in the middle may have become an address.
    clean(&cut, max_chars)
}

/// Returns the text with angle brackets that open no tag, and with links and images of Markdown taken apart.
fn without_signs(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for letter in text.chars() {
        let letter = match letter {
            '<' | '＜' | '﹤' => '‹',
            '>' | '＞' | '﹥' => '›',
            other => other,
        };
        if matches!((before, letter), ('!', '[') | (']', '(' | '[' | ':')) {
            safe.push(' ');
        }
        safe.push(letter);
        before = letter;
    }
    safe
}

/// Returns the text without words that could be read as the name of a fence, also spaced or in other alphabets.
fn without_fences(text: String) -> String {
    let fences = fences_in(&text);
    if fences.is_empty() {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    let mut behind = 0;
    for (start, end) in fences {
        safe.push_str(&text[behind..start]);
        safe.push_str(LEFT_OUT);
        behind = end;
    }
    safe.push_str(&text[behind..]);
    safe
}

/// Returns where words stand that could be read as the name of a fence, in their order, also one that only appears when
/// another inside of it is gone: `ununtrustedtrusted`.
///
/// The text is read once, whatever stands there: a shop may send nothing but such words.
fn fences_in(text: &str) -> Vec<(usize, usize)> {
    let name: Vec<char> = FENCE.chars().collect();
    let mut fences: Vec<(usize, usize)> = Vec::new();
    let mut open: Vec<Folded> = Vec::new();
    for letter in folded(text) {
        // A part of a letter that is gone, such as the second of a ligature.
        if fences.last().is_some_and(|(_, end)| letter.start < *end) {
            continue;
        }
        open.push(letter);
        let Some(n) = open.len().checked_sub(name.len()) else {
            continue;
        };
        let window = &open[n..];
        let is_name = window.iter().map(|it| it.letter).eq(name.iter().copied());
        if !is_name || (!is_whole(window) && is_inside_a_word(&open, n)) {
            continue;
        }
        let (start, end) = (window[0].start, window[name.len() - 1].end);
        open.truncate(n);
        while open.last().is_some_and(|it| it.end > start) {
            open.pop();
        }
        while fences.last().is_some_and(|it| it.0 >= start) {
            fences.pop();
        }
        fences.push((start, end));
    }
    fences
}

/// Returns whether nothing stands between the letters.
fn is_whole(letters: &[Folded]) -> bool {
    letters.windows(2).all(|it| it[0].end == it[1].start)
}

/// Returns whether a letter stands right before letter `n`: `fun trusted` is no name of a fence.
fn is_inside_a_word(folded: &[Folded], n: usize) -> bool {
    let before = n.checked_sub(1).map(|before| &folded[before]);
    before.is_some_and(|it| it.end == folded[n].start)
}

/// A letter as it looks, and where it stands.
struct Folded {
    letter: char,
    start: usize,
    end: usize,
}

/// Returns the letters and digits of a text as they look: small, without accents, in one alphabet.
fn folded(text: &str) -> Vec<Folded> {
    let mut letters = Vec::with_capacity(text.len());
    for (start, letter) in text.char_indices() {
        let end = start + letter.len_utf8();
        let parts = once(letter).nfkd().filter(|&it| !is_combining_mark(it));
        let small = parts.flat_map(char::to_lowercase).map(latin);
        let shown = small.filter(|it| it.is_alphanumeric());
        letters.extend(shown.map(|letter| Folded { letter, start, end }));
    }
    letters
}

/// Returns the Latin letter of a fence's name that a letter looks like (Unicode's list of confusable characters).
fn latin(letter: char) -> char {
    match letter {
        'υ' | 'ս' | 'ʋ' | 'ᴜ' => 'u',
        'п' | 'η' | 'ո' | 'ռ' | 'ɴ' => 'n',
        'т' | 'τ' | 'ᴛ' => 't',
        'г' | 'ʀ' | 'ᴦ' | 'ɾ' => 'r',
        'ѕ' | 'ꜱ' | 'ʂ' => 's',
        'е' | 'є' | 'ε' | 'ᴇ' | '℮' => 'e',
        'ԁ' | 'ɗ' | 'ᴅ' | 'ժ' => 'd',
        other => other,
    }
}
