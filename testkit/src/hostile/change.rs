//! One changed file: flipped, cut, repeated, spliced, and with values that hurt in the places of values.

use fastrand::Rng;

use super::value::change_value;

/// The most bytes of one input. Memory under far larger ones has tests of its own.
const MAX_BYTES: usize = 1 << 18;

/// What hurts where it is put in: into JSON, TOML, XML, HTML, robots.txt or plain bytes.
#[rustfmt::skip]
const PIECES: [&[u8]; 70] = [
    b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"=", b"#", b"*", b"$", b"'", b"\n", b"\r", b"\t",
    b"\0", b" ", b"%00", b"\"\"", b"{}", b"[]", b"null", b"true", b"-0", b"-1", b"1e999", b"1e-999", b"0.1e1",
    b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"nan", b"inf",
    b"1234567890123456789012345678901234567890.12", b"\\u0000", b"\\ud83d", b"\\ude00", b"\\ud83d\\ude00",
    b"\\u", b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xef\xbb\xbf",
    b"\x1f\x8b\x08\x00", b"\xe2\x80\xae", b"\x1b[31m", b"1979-05-27T07:32:00Z", b"\"products\":[", b"\"id\":",
    b"<", b">", b"/>", b"&", b";", b"&amp;", b"&#0;", b"&#x110000;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>", b"&b;", b"<loc>", b"</loc>", b"<script>",
];

/// What opens a deep nesting, and what closes it.
const NESTS: [(&[u8], &[u8]); 7] = [
    (b"[", b"]"),
    (b"{\"a\":", b"}"),
    (b"[{\"variants\":", b"}]"),
    (b"a.", b""),
    (b"{ a = ", b" }"),
    (b"<a>", b"</a>"),
    (b"<entry><s:variant>", b"</s:variant></entry>"),
];

/// Returns a file of `corpus` after one to eight changes, two times of three such as leave it well-formed.
pub(super) fn changed(corpus: &[&[u8]], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = corpus[rng.usize(..corpus.len())].to_vec();
    let is_gentle = rng.u8(..3) > 0;
    // Fewer changes more often: an input that is nearly right goes deepest.
    for _ in 0..=rng.u8(..8).min(rng.u8(..8)) {
        if is_gentle {
            change_value(&mut bytes, corpus, rng);
        } else {
            change(&mut bytes, corpus, rng);
        }
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[&[u8]], rng: &mut Rng) {
    let at = rng.usize(..=bytes.len());
    let piece = PIECES[rng.usize(..PIECES.len())];
    match rng.u8(..16) {
        0 | 1 => flip(bytes, at, rng),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(range(bytes, at, 40, rng))),
        4 => repeat(bytes, at, rng),
        5 | 6 => drop(bytes.splice(at..at, piece.iter().copied())),
        7 => drop(bytes.splice(range(bytes, at, 12, rng), piece.iter().copied())),
        8..=10 => drop(bytes.splice(value_behind(bytes, at), piece.iter().copied())),
        11 => replace_digits(bytes, at, rng),
        12 => nest(bytes, at, rng),
        13 => splice_with(bytes, at, corpus[rng.usize(..corpus.len())], rng),
        14 => lengthen(bytes, at, piece, rng),
        _ => swap(bytes, at, rng),
    }
}

fn flip(bytes: &mut [u8], at: usize, rng: &mut Rng) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << rng.u8(..8);
    }
}

fn repeat(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let part = bytes[range(bytes, at, 200, rng)].to_vec();
    let times = rarely(rng, 1_000).max(1);
    bytes.splice(at..at, repeated(&part, times));
}

/// Puts another number, of up to thousands of digits, in the place of the next one.
fn replace_digits(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let start = at + start;
    let n_digits = bytes[start..].iter().take_while(|it| it.is_ascii_digit());
    let end = start + n_digits.count();
    let mut number = vec![rng.digit(10) as u8; 1 + rarely(rng, 5_000)];
    if rng.bool() {
        number.extend(format!("e{}", rng.i32(-500..500)).bytes());
    }
    bytes.splice(start..end, number);
}

fn nest(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let (open, close) = NESTS[rng.usize(..NESTS.len())];
    let depth = 1 + rarely(rng, 20_000);
    let value = value_behind(bytes, at);
    if rng.u8(..4) > 0 {
        bytes.splice(value.end..value.end, repeated(close, depth));
    }
    bytes.splice(value.start..value.start, repeated(open, depth));
}

fn splice_with(bytes: &mut Vec<u8>, at: usize, other: &[u8], rng: &mut Rng) {
    bytes.truncate(at);
    bytes.extend(&other[rng.usize(..=other.len())..]);
}

fn lengthen(bytes: &mut Vec<u8>, at: usize, piece: &[u8], rng: &mut Rng) {
    let letter = [rng.u8(b' '..=b'z')];
    let part = if rng.bool() { piece } else { &letter };
    let times = 1 + rarely(rng, 50_000);
    bytes.splice(at..at, repeated(part, times));
}

fn swap(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let part: Vec<u8> = bytes.drain(range(bytes, at, 80, rng)).collect();
    let to = rng.usize(..=bytes.len());
    bytes.splice(to..to, part);
}

fn range(bytes: &[u8], at: usize, most: usize, rng: &mut Rng) -> std::ops::Range<usize> {
    at..(at + rng.usize(..=most)).min(bytes.len())
}

/// Returns where the next value stands: from behind a `:`, `=`, `,` or opening bracket to what ends it.
fn value_behind(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_before = |byte: &u8| b":=,[{".contains(byte);
    let is_behind = |byte: &u8| b",]}\n\r".contains(byte);
    let start = bytes[at..].iter().position(is_before);
    let start = start.map_or(at, |start| at + start + 1);
    let end = bytes[start..].iter().position(is_behind);
    start..end.map_or(bytes.len(), |end| start + end)
}

/// Returns `part` so many times, as far as an input can be long.
pub(super) fn repeated(part: &[u8], times: usize) -> Vec<u8> {
    part.repeat(times.min(MAX_BYTES / part.len().max(1)))
}

/// Returns a small number nearly always, and one up to `most` now and then.
pub(super) fn rarely(rng: &mut Rng, most: usize) -> usize {
    match rng.u8(..) {
        0 => rng.usize(..most),
        1..=25 => rng.usize(..most.min(300)),
        _ => rng.usize(..4),
    }
}
