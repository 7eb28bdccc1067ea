//! Changes that leave JSON and much of TOML well-formed: what comes through goes deepest into a reader.

use std::ops::Range;

use fastrand::Rng;

use super::change::{rarely, repeated};

/// Whole values that hurt in the places of others.
#[rustfmt::skip]
const VALUES: [&[u8]; 34] = [
    b"null", b"true", b"false", b"0", b"-0", b"-1", b"1.5", b"1e308", b"-1e-400", b"18446744073709551615",
    b"18446744073709551616", b"-9223372036854775808", b"-9223372036854775809", b"9223372036854775807",
    b"1234567890123456789012345678901234567890", b"\"\"", b"\" \"", b"\"0\"", b"\"-1.00\"", b"\"1e3\"",
    b"\"1234567890123456789012345678901234567890.12\"", b"\"18446744073709551616\"", b"\"\\u0000\"",
    b"\"\\ud83d\"", b"\"\\ud83d\\ude00\"", b"\"\xe2\x80\xae\xcc\x88\"", b"\"2026-02-30T25:61:61+99:99\"",
    b"\"-271821-04-20T00:00:00Z\"", b"[]", b"{}", b"[[],{},null,\"\"]", b"{\"\":{\"\":[]}}", b"{\"id\":1}",
    b"{\"products\":[{\"id\":1,\"title\":\"\"}]}",
];

/// What may stand inside a text.
#[rustfmt::skip]
const LETTERS: [&[u8]; 10] = [
    b"\\u0000", b"\\n", b"\\\\", b"\\\"", b"\\ud83d", b"\\udead", b"\\uFFFF", b"\x7f", b"\xf0\x9f\x98\x80",
    b",",
];

/// Puts something else in the place of a value, wraps it, repeats it, or changes its text.
pub(super) fn change_value(bytes: &mut Vec<u8>, corpus: &[&[u8]], rng: &mut Rng) {
    let value = some_value(bytes, rng);
    let text = bytes[value.clone()].to_vec();
    let new = match rng.u8(..8) {
        0..=2 => VALUES[rng.usize(..VALUES.len())].to_vec(),
        3 => {
            let other = corpus[rng.usize(..corpus.len())];
            other[some_value(other, rng)].to_vec()
        }
        4 => {
            let depth = rarely(rng, 5_000);
            let (open, close): (&[u8], &[u8]) = match rng.bool() {
                true => (b"[", b"]"),
                false => (b"{\"a\":", b"}"),
            };
            [&repeated(open, depth), &text[..], &repeated(close, depth)].concat()
        }
        5 | 6 if text.starts_with(b"\"") => {
            let letter = LETTERS[rng.usize(..LETTERS.len())];
            [
                b"\"",
                &repeated(letter, 1 + rarely(rng, 10_000))[..],
                &text[1..],
            ]
            .concat()
        }
        _ => {
            let again = [b",", &text[..]].concat();
            [text, repeated(&again, rarely(rng, 2_000))].concat()
        }
    };
    bytes.splice(value, new);
}

/// Returns the place of a value: behind a `:`, `=`, `,` or `[`, to its own end. A key is none.
fn some_value(bytes: &[u8], rng: &mut Rng) -> Range<usize> {
    let (mut is_text, mut is_escaped) = (false, false);
    let mut places = vec![];
    for (at, byte) in bytes.iter().enumerate() {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match byte {
            b'\\' if is_text => is_escaped = !was_escaped,
            b'"' if !was_escaped => is_text = !is_text,
            b':' | b'=' | b',' | b'[' if !is_text => places.push(at + 1),
            _ => {}
        }
    }
    if places.is_empty() {
        return 0..bytes.len();
    }
    let skip_spaces = |at: usize| {
        let is_other = |byte: &u8| !byte.is_ascii_whitespace();
        let n_spaces = bytes[at..].iter().position(is_other);
        at + n_spaces.unwrap_or(0)
    };
    let start = skip_spaces(places[rng.usize(..places.len())]);
    let end = start + value_length(&bytes[start..]);
    let behind = skip_spaces(end);
    if bytes.get(behind) != Some(&b':') {
        return start..end;
    }
    let start = skip_spaces(behind + 1);
    start..start + value_length(&bytes[start..])
}

fn value_length(bytes: &[u8]) -> usize {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match byte {
            b'\\' if is_text => is_escaped = !was_escaped,
            b'"' if !was_escaped => {
                is_text = !is_text;
                if !is_text && depth == 0 {
                    return at + 1;
                }
            }
            _ if is_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' | b',' | b'\n' if depth == 0 => return at,
            b']' | b'}' if depth == 1 => return at + 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    bytes.len()
}
