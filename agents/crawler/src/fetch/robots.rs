//! What a host's robots.txt allows us (RFC 9309).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// Our product token: the group of this name counts, else the group of `*`.
const TOKEN: &str = "trouvaille";

/// RFC 9309, 2.4: not used for longer than a day.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// RFC 9309, 2.5: what is read at least; the rest of a longer file does not count.
pub(super) const MAX_BYTES: usize = 500 * 1024;

/// What a host answered when it was asked for robots.txt, to be kept for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotsAnswer {
    /// The status.
    pub status: u16,
    /// The file, cut to what counts of it, with a comment behind it then; empty unless the status is 2xx. Bytes that are no
    /// UTF-8 are replaced.
    pub text: String,
}

impl RobotsAnswer {
    /// Takes over an answer: 2xx has rules, any other that counts as an answer allows everything (2.3.1.3).
    pub(super) fn new(status: u16, body: &[u8]) -> Self {
        let body = if (200..300).contains(&status) {
            body
        } else {
            &[]
        };
        let counts = whole_lines(body);
        let mut text = String::from_utf8_lossy(counts).into_owned();
        if counts.len() < body.len() {
            text += &format!("\n{CUT}{}\n", body.len());
        }
        Self { status, text }
    }
}

/// Begins the last line of a text that was cut, which says how many bytes the file had. To robots it is a comment. Who writes
/// it himself is told to have been cut, and nothing else comes of it.
const CUT: &str = "# trouvaille kept the beginning; bytes in all: ";

/// What is known of a host's robots.txt.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) robots: Option<Arc<Robots>>,
    /// The last answer of the host itself, until somebody takes it.
    pub(super) answer: Option<RobotsAnswer>,
}

impl Known {
    /// Returns the rules if they may still be used.
    pub(super) fn fresh(&self) -> Option<Arc<Robots>> {
        let robots = self.robots.as_ref()?;
        (Instant::now() < robots.fresh_until).then(|| Arc::clone(robots))
    }
}

/// The rules for us, as read at one moment.
#[derive(Debug)]
pub(super) struct Robots {
    rules: robotxt::Robots,
    /// The bytes of a file of which not all count.
    pub(super) cut_from: Option<usize>,
    fresh_until: Instant,
    is_told: AtomicBool,
}

impl Robots {
    /// Returns the rules of an answer that is `age` old.
    ///
    /// They are read from the text that is kept, so that they are the same ones whenever it is read.
    pub(super) fn of(answer: &RobotsAnswer, age: Duration) -> Self {
        let last = answer.text.lines().next_back();
        Self {
            rules: robotxt::Robots::parse(as_meant(&answer.text).as_bytes(), TOKEN),
            cut_from: last.and_then(|line| line.strip_prefix(CUT)?.parse().ok()),
            fresh_until: Instant::now() + MAX_AGE.saturating_sub(age),
            is_told: AtomicBool::new(false),
        }
    }

    pub(super) fn allows(&self, url: &Url) -> bool {
        self.rules.is_url_allowed(url)
    }

    /// Returns the `Crawl-delay` for us; zero without one.
    pub(super) fn crawl_delay(&self) -> Duration {
        self.rules.crawl_delay().unwrap_or_default()
    }

    /// Returns whether it is the first time that this is asked, for what is told once.
    pub(super) fn is_told_first(&self) -> bool {
        !self.is_told.swap(true, Ordering::Relaxed)
    }
}

/// Returns `text` with our token alone where a line names a version of ours, as whoever copies it from a log does, and with a
/// number where a `Crawl-delay` has a unit behind it or more digits than a number has.
fn as_meant(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive(['\n', '\r']) {
        let meant = line.split_once(':').and_then(|(name, value)| {
            let value = value.trim_start_matches([' ', '\t']);
            let meant = match name.trim() {
                it if it.eq_ignore_ascii_case("user-agent") => our_token(value),
                it if it.eq_ignore_ascii_case("crawl-delay") => seconds(value),
                _ => None,
            };
            meant.map(|it| format!("{name}:{it}\n"))
        });
        plain.push_str(meant.as_deref().unwrap_or(line));
    }
    plain
}

fn our_token(value: &str) -> Option<String> {
    let version = value.get(TOKEN.len()..)?.strip_prefix('/')?;
    let is_ours = value.get(..TOKEN.len())?.eq_ignore_ascii_case(TOKEN);
    let behind = version.find(|it: char| it.is_ascii_whitespace() || it == '#');
    let behind = &version[behind.unwrap_or(version.len())..];
    is_ours.then(|| format!("{TOKEN}{}", behind.trim_end()))
}

/// Returns the number with which a delay begins, as far as that is no longer than anybody waits.
fn seconds(value: &str) -> Option<String> {
    let word = value.split(|it: char| it.is_ascii_whitespace() || it == '#');
    let word = word.into_iter().next()?;
    let end = word.find(|it: char| !it.is_ascii_digit() && it != '.');
    let number = word
        .parse()
        .or_else(|_| word[..end.unwrap_or(word.len())].parse());
    let number: f64 = number.ok()?;
    (number >= 0.0).then(|| number.min(LONGEST_DELAY).to_string())
}

/// Seconds; far above what is kept of any.
const LONGEST_DELAY: f64 = 1e9;

/// Returns the lines that count: half of one at the cut could mean more than the whole.
fn whole_lines(text: &[u8]) -> &[u8] {
    if text.len() <= MAX_BYTES {
        return text;
    }
    let counts = &text[..MAX_BYTES];
    let end = counts.iter().rposition(|byte| b"\r\n".contains(byte));
    &counts[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use testkit::feed_hostile_bytes;

    use super::*;

    const FILES: [&[u8]; 2] = [
        include_bytes!("../../testdata/hostile/robots/shop.txt"),
        include_bytes!("../../testdata/hostile/robots/odd.txt"),
    ];

    fn read(status: u16, file: &[u8]) -> Robots {
        Robots::of(&RobotsAnswer::new(status, file), Duration::ZERO)
    }

    #[test]
    fn bytes_that_are_no_utf_8_cost_no_other_rule() {
        let file = b"User-agent: *\nDisallow: /caf\xe9\nDisallow: /products.json\n";
        let url = Url::parse("https://shop.example/products.json").unwrap();
        assert!(!read(200, file).allows(&url));
    }

    #[test]
    fn a_group_for_a_version_of_ours_is_for_us() {
        let url = Url::parse("https://shop.example/products.json").unwrap();
        for name in [
            "User-agent: trouvaille/0.1.0",
            "user-agent : Trouvaille/9.9 # a bot\r",
            "User-agent: trouvaille/",
        ] {
            let file = format!("User-agent: *\nAllow: /\n{name}\nDisallow: /\n");
            assert!(!read(200, file.as_bytes()).allows(&url), "{name}");
        }
        for name in ["User-agent: trouvailles/1", "User-agent: a trouvaille/1"] {
            let file = format!("User-agent: *\nAllow: /\n{name}\nDisallow: /\n");
            assert!(read(200, file.as_bytes()).allows(&url), "{name}");
        }
    }

    #[test]
    fn delays_with_a_unit_or_too_many_digits_are_delays() {
        for (text, expected) in [
            ("3", 3.0),
            ("0.5", 0.5),
            ("3s", 3.0),
            ("10 seconds # please", 10.0),
            ("99999999999999999999", LONGEST_DELAY),
            ("1e3", 1_000.0),
            ("soon", 0.0),
            ("-5", 0.0),
        ] {
            for end in ["\n", "\r\n", "\r", ""] {
                let file = format!("User-agent: *{end}Crawl-Delay:{text}{end}");
                let file = if end.is_empty() {
                    format!("User-agent: *\nCrawl-delay: {text}")
                } else {
                    file
                };
                let delay = read(200, file.as_bytes()).crawl_delay();
                let expected = Duration::from_secs_f64(expected);
                assert_eq!(delay, expected, "{text:?} {end:?}");
            }
        }
    }

    #[test]
    fn a_long_file_whose_lines_end_the_old_way_has_rules() {
        let mut file = b"User-agent: *\rDisallow: /products.json\r".to_vec();
        while file.len() <= MAX_BYTES {
            file.extend(b"# more\r");
        }
        let url = Url::parse("https://shop.example/products.json").unwrap();
        assert!(!read(200, &file).allows(&url));
    }

    #[test]
    fn a_file_over_the_limit_counts_by_whole_lines() {
        let url = Url::parse("https://shop.example/products.json").unwrap();
        let rule = b"Disallow: /other\n";
        let mut file = b"User-agent: *\n".to_vec();
        // The limit falls behind the slash of the last rule.
        file.resize(MAX_BYTES - 11, b'\n');
        file.extend(rule);
        assert_eq!(&file[..MAX_BYTES][MAX_BYTES - 11..], b"Disallow: /");
        assert!(read(200, &file).allows(&url));
        for short in [&file[file.len() - 40..], &file[..MAX_BYTES]] {
            assert_eq!(whole_lines(short), short);
            assert_eq!(read(200, short).cut_from, None);
        }
        assert_eq!(read(200, &file).cut_from, Some(file.len()));
    }

    #[test]
    fn hostile_robots_txt_is_answered_and_never_overrides_a_rule_for_us() {
        let urls = ["/products.json?limit=250&page=1", "/", "/meta.json"]
            .map(|path| Url::parse(&format!("https://shop.example{path}")).unwrap());
        feed_hostile_bytes("robots", &FILES, |file| {
            let robots = read(200, file);
            for url in &urls {
                robots.allows(url);
                robots.crawl_delay();
                assert!(read(404, file).allows(url));
            }
            // What follows belongs to another crawler, unless it names us again.
            let mut for_us =
                b"User-agent: Trouvaille\nDisallow: /products.json\nUser-agent: other\n".to_vec();
            for_us.extend(file);
            if !for_us[24..]
                .to_ascii_lowercase()
                .windows(10)
                .any(|it| it == b"trouvaille")
            {
                assert!(!read(200, &for_us).allows(&urls[0]));
            }
        });
    }
}
