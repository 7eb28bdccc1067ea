//! The reader of sitemaps (sitemaps.org): an index of files, or a file of pages with the times of their last change.

use catalog::UnixMs;
use url::Url;

use super::ReadError;
use super::xml::{Piece, Text, Xml, text_of};

/// Longer addresses are none of products.
const MAX_LOC_BYTES: usize = 2 << 10;

/// What a sitemap lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Other sitemaps.
    Files,
    /// Pages.
    Pages,
}

/// An entry of a sitemap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What the sitemap lists.
    pub listed: Listed,
    /// The address as it stands there.
    pub loc: &'a str,
    /// When it changed last. Of a date without a time, its last second.
    pub lastmod: Option<UnixMs>,
}

/// Reads a sitemap and gives each entry to `take` until that returns `false`; entries without an address are left out.
///
/// Memory does not grow with the number of entries.
///
/// # Errors
/// [`ReadError`] when the answer is no sitemap, or where it breaks off: what stood before was taken.
pub fn read_sitemap(
    body: &[u8],
    take: &mut dyn FnMut(Entry<'_>) -> bool,
) -> Result<Listed, ReadError> {
    let text = text_of(body);
    let mut xml = Xml::new(&text)?;
    let listed = root(&mut xml)?;
    let mut path: Vec<Field> = Vec::new();
    let (mut loc, mut lastmod) = (Text::default(), Text::default());
    loop {
        match xml.next()? {
            Piece::Open(element) => path.push(Field::of(element.local_name().as_ref())),
            Piece::Text(text) => match path.as_slice() {
                // The addresses of pictures stand one element deeper.
                [_, Field::Loc] => loc.push(&text, MAX_LOC_BYTES),
                [_, Field::Lastmod] => lastmod.push(&text, 40),
                _ => {}
            },
            Piece::Close => {
                path.pop();
                if path.is_empty() && !loc.as_str().is_empty() {
                    let entry = Entry {
                        listed,
                        loc: loc.as_str(),
                        lastmod: read_lastmod(lastmod.as_str()),
                    };
                    if !take(entry) {
                        return Ok(listed);
                    }
                    loc.clear();
                    lastmod.clear();
                }
            }
            Piece::End => return Ok(listed),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Loc,
    Lastmod,
    Other,
}

impl Field {
    fn of(name: &str) -> Self {
        match name {
            "loc" => Self::Loc,
            "lastmod" => Self::Lastmod,
            _ => Self::Other,
        }
    }
}

fn root(xml: &mut Xml<'_>) -> Result<Listed, ReadError> {
    let name = loop {
        match xml.next()? {
            Piece::Open(element) => break element.local_name().as_ref().to_owned(),
            Piece::End => return Err(ReadError::NotXml("the answer has no element".into())),
            Piece::Text(_) | Piece::Close => {}
        }
    };
    match name.as_str() {
        "sitemapindex" => Ok(Listed::Files),
        "urlset" => Ok(Listed::Pages),
        other => {
            let name: String = other.chars().take(40).collect();
            Err(ReadError::NotXml(format!("<{name}> instead of a sitemap")))
        }
    }
}

fn read_lastmod(text: &str) -> Option<UnixMs> {
    if text.len() == "2026-01-31".len() {
        return UnixMs::parse(&format!("{text}T23:59:59Z")).ok();
    }
    UnixMs::parse(text).ok()
}

/// Returns the addresses of `Sitemap:` lines in a robots.txt, which belong to no group of rules. At most 16.
pub fn sitemaps_of_robots(robots: &str) -> Vec<Url> {
    let addresses = robots.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_ours = name.trim().eq_ignore_ascii_case("sitemap");
        is_ours.then(|| Url::parse(value.trim()).ok())?
    });
    addresses.take(16).collect()
}
