//! The most memory that reading one answer takes, measured in a process of its own for each kind of answer.

use std::process::Command;

use crawler::platforms::shopify::read_atom;
use crawler::platforms::sitemap::read_sitemap;
use testkit::peak_memory;

use crate::reader::{read, shop};

/// Names the kind of answer to a process that is to measure one.
const KIND: &str = "HOSTILE_ANSWER";

/// The size of an answer in MiB. A long run sets 64, the largest that the fetcher lets through.
const SIZE: &str = "HOSTILE_ANSWER_MIB";

/// What an ordinary run takes.
const ORDINARY_SIZE: usize = 1;

/// An answer that is cheap to send and dear to read: its beginning, what repeats, and its end.
struct Answer {
    kind: &'static str,
    start: &'static str,
    /// What repeats; `#` stands for its number, `&` for 9,999 empty variants, `%` for 9,999 short tags, `~` for the `&` of
    /// an entity, `@` for a byte that is no UTF-8.
    part: &'static str,
    end: &'static str,
}

#[rustfmt::skip]
const ANSWERS: [Answer; 19] = [
    answer("lists in lists",       "",                                    "[",                            ""),
    answer("objects in objects",   r#"{"products":[{"id":1,"variants":"#, r#"{"a":"#,                     ""),
    answer("empty products",       r#"{"products":["#,                    "{},",                          "{}]}"),
    answer("nulls",                "[",                                   "null,",                        "{}]"),
    answer("a text",               r#"[{"id":1,"body_html":""#,           "spam",                         r#""}]"#),
    answer("escapes",              r#"[{"id":1,"body_html":""#,           r"\n",                          r#""}]"#),
    answer("surrogate halves",     r#"[{"id":1,"body_html":""#,           r"\ud83d",                      r#""}]"#),
    answer("control characters",   r#"[{"id":1,"body_html":""#,           "\0",                           r#""}]"#),
    answer("bytes that are no text", r#"[{"id":1,"body_html":""#,         "@",                            r#""}]"#),
    answer("products beside such bytes", "[",                             r##"{"id":#,"a":"@@@@@@@@"},"##, "0]"),
    answer("variants",             r#"[{"id":1,"variants":["#,            "{},",                          "{}]}]"),
    answer("tags",                 r#"[{"id":1,"tags":["#,                r#""a","#,                      r#""a"]}]"#),
    answer("a text of tags",       r#"[{"id":1,"tags":""#,                "a,",                           r#""}]"#),
    answer("unreadable images",    r#"[{"id":1,"images":["#,              "0,",                           "0]}]"),
    answer("small products",       "[",                                   r##"{"id":#},"##,               "0]"),
    answer("products of variants", "[",                                   r##"{"id":#,"variants":[&{}]},"##, "0]"),
    answer("products of tags",     "[",                                   r##"{"id":#,"tags":[%"a"]},"##, "0]"),
    answer("keys",                 "{",                                   r##""k#":0,"##,                 r#""k":0}"#),
    answer("a map of products",    "{",                                   r##""#":{"id":#},"##,           r#""0":0}"#),
];

macro_rules! ten {
    ($text:literal) => {
        concat!(
            $text, $text, $text, $text, $text, $text, $text, $text, $text, $text
        )
    };
}

/// Entities of entities, the last of which stands for a gigabyte.
const LAUGHS: &str = concat!(
    "<!DOCTYPE x [<!ENTITY a \"",
    ten!("laughlaugh"),
    "\"><!ENTITY b \"",
    ten!("&a;"),
    "\"><!ENTITY c \"",
    ten!("&b;"),
    "\"><!ENTITY d \"",
    ten!("&c;"),
    "\"><!ENTITY e \"",
    ten!("&d;"),
    "\"><!ENTITY f \"",
    ten!("&e;"),
    "\"><!ENTITY g \"",
    ten!("&f;"),
    "\"><!ENTITY h \"",
    ten!("&g;"),
    "\">",
);

/// One entity as long as the answer.
const LONG: &str = "<!DOCTYPE x [<!ENTITY i \"";

#[rustfmt::skip]
const BOMBS: [Answer; 6] = [
    answer("sitemap: laughs",      LAUGHS,                                "<!-- ha -->",                  concat!("]><urlset><url><loc>", ten!("&h;"), "</loc></url></urlset>")),
    answer("sitemap: a long one",  LONG,                                  "aaaaaaaa",                     concat!("\">]><urlset><url><loc>", ten!("&i;&i;&i;&i;&i;"), "</loc></url></urlset>")),
    answer("sitemap: no type",     "<urlset>",                            "<url><loc>~h;~i;</loc></url>", "</urlset>"),
    answer("feed: laughs",         LAUGHS,                                "<!-- ha -->",                  concat!("]><feed><entry><title>", ten!("&h;"), "</title></entry></feed>")),
    answer("feed: a long one",     LONG,                                  "aaaaaaaa",                     concat!("\">]><feed><entry><title>", ten!("&i;&i;&i;&i;&i;"), "</title></entry></feed>")),
    answer("feed: no type",        "<feed>",                              "<entry><id>#</id><title>~h;~i;</title></entry>", "</feed>"),
];

const fn answer(
    kind: &'static str,
    start: &'static str,
    part: &'static str,
    end: &'static str,
) -> Answer {
    Answer {
        kind,
        start,
        part,
        end,
    }
}

#[test]
fn no_answer_takes_far_more_memory_than_its_size() {
    if let Some(kind) = variable(KIND) {
        return measure(&kind);
    }
    if peak_memory().is_none() {
        eprintln!("SKIPPED: no /proc/self/status to read the memory from");
        return;
    }
    for answer in ANSWERS.iter().chain(&BOMBS) {
        let (body_bytes, extra_bytes) = measured_alone(answer.kind);
        // Products may fill 16 MiB and four times the answer. Texts come to that: once as they are, and where a
        // byte that is no UTF-8 becomes three, three times and a copy of them. 8 MiB are for the process itself.
        let most = (24 << 20) + 6 * body_bytes;
        let kind = answer.kind;
        println!(
            "{kind}: {} KB of {} KB more",
            extra_bytes / 1000,
            most / 1000
        );
        assert!(
            extra_bytes < most,
            "{kind}: {extra_bytes} bytes, at most {most}"
        );
    }
}

/// Has a new process of this test program measure one kind: the bytes of the answer, and those of reading it.
fn measured_alone(kind: &str) -> (u64, u64) {
    let test = "hostile::memory::no_answer_takes_far_more_memory_than_its_size";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(KIND, kind)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let measured = || {
        let (_, numbers) = text.split_once("measured ")?;
        let (body_bytes, extra_bytes) = numbers.lines().next()?.split_once(' ')?;
        Some((body_bytes.parse().ok()?, extra_bytes.parse().ok()?))
    };
    measured().unwrap_or_else(|| panic!("{kind}: {output:?}"))
}

fn measure(kind: &str) {
    let mut answers = ANSWERS.iter().chain(&BOMBS);
    let answer = answers.find(|it| it.kind == kind).unwrap();
    let n_mib = variable(SIZE).map_or(ORDINARY_SIZE, |it| it.parse().unwrap());
    let body = answer.body(n_mib << 20);
    let before = peak_memory().unwrap();
    match kind.split_once(':') {
        Some(("sitemap", _)) => drop(read_sitemap(&body, &mut |_| true)),
        Some(("feed", _)) => drop(read_atom(&body, &shop())),
        _ => drop(read(&body)),
    }
    let extra_bytes = peak_memory().unwrap() - before;
    println!("measured {} {extra_bytes}", body.len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test talks to its own child"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Answer {
    fn body(&self, n_bytes: usize) -> Vec<u8> {
        let (variants, tags) = ("{},".repeat(9_999), "\"a\",".repeat(9_999));
        let part = self.part.replace('&', &variants).replace('%', &tags);
        let part = part.replace('~', "&");
        let mut body = String::with_capacity(n_bytes + (1 << 20));
        body.push_str(self.start);
        for n in 1.. {
            if body.len() >= n_bytes {
                break;
            }
            for (at, piece) in part.split('#').enumerate() {
                if at > 0 {
                    body.push_str(&n.to_string());
                }
                body.push_str(piece);
            }
        }
        body.push_str(self.end);
        let mut body = body.into_bytes();
        for byte in &mut body {
            if *byte == b'@' {
                *byte = 0xff;
            }
        }
        body
    }
}
