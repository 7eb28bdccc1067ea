//! XML as feeds and sitemaps have it: elements, their attributes, their texts.
//!
//! A document type is refused, and of entities only those that XML itself has are known, so that nothing in an answer
//! can stand for more than it is.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::ReadError;

/// Elements inside one another; real answers have six.
const MAX_DEPTH: usize = 32;

/// An answer, read piece by piece.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

/// A piece of an answer.
pub(super) enum Piece<'a> {
    /// An element begins; one without content ends at once.
    Open(BytesStart<'a>),
    /// The last element that began and has not ended ends.
    Close,
    /// Text inside of an element, or a part of it.
    Text(Cow<'a, str>),
    /// The end of the answer.
    End,
}

/// Returns an answer as text, without the mark that it may begin with.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    String::from_utf8_lossy(body)
}

impl<'a> Xml<'a> {
    /// Returns a reader of `text`.
    ///
    /// # Errors
    /// [`ReadError::NotXml`] when it does not begin as XML does.
    pub(super) fn new(text: &'a str) -> Result<Self, ReadError> {
        let text = text.trim_ascii_start();
        if !text.starts_with('<') {
            let start: String = text.chars().take(80).collect();
            return Err(ReadError::NotXml(format!(
                "the answer starts with {start:?}"
            )));
        }
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Ok(Self { reader, depth: 0 })
    }

    /// Returns the next piece. Comments and instructions are left out.
    ///
    /// # Errors
    /// [`ReadError::DamagedXml`] for what is no XML, breaks off, declares a document type, or is nested too deep.
    pub(super) fn next(&mut self) -> Result<Piece<'a>, ReadError> {
        let damaged = |detail: &str| Err(ReadError::DamagedXml(detail.to_owned()));
        loop {
            let event = self
                .reader
                .read_event()
                .map_err(|error| ReadError::DamagedXml(error.to_string()))?;
            match event {
                Event::Start(_) if self.depth == MAX_DEPTH => {
                    return damaged("nested too deep");
                }
                Event::Start(start) => {
                    self.depth += 1;
                    return Ok(Piece::Open(start));
                }
                Event::End(_) => {
                    self.depth -= 1;
                    return Ok(Piece::Close);
                }
                Event::Text(text) => return Ok(Piece::Text(text.into_inner())),
                Event::CData(text) => return Ok(Piece::Text(text.into_inner())),
                Event::GeneralRef(name) => return Ok(Piece::Text(referred_to(&name).into())),
                Event::DocType(_) => return damaged("a document type"),
                Event::Eof if self.depth > 0 => return damaged("it breaks off"),
                Event::Eof => return Ok(Piece::End),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }
}

/// Returns the character that `&name;` stands for; nothing for one that only a document type could explain.
fn referred_to(name: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = name.resolve_char_ref() {
        return character.to_string();
    }
    let character = match &**name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    };
    character.to_owned()
}

/// Returns the value of an attribute, if there is one that can be read.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .find(|it| it.key.as_ref() == name)?;
    let value = quick_xml::escape::unescape(&found.value).ok()?;
    Some(value.into_owned())
}

/// A text that is put together of pieces, up to a number of bytes.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Adds `text` as far as it fits into `limit` bytes.
    pub(super) fn push(&mut self, text: &str, limit: usize) {
        let room = limit.saturating_sub(self.0.len());
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
    }

    /// Returns the text without white space around it, and begins anew.
    pub(super) fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.0);
        text.trim().to_owned()
    }

    /// Returns the text so far.
    pub(super) fn as_str(&self) -> &str {
        self.0.trim()
    }

    /// Begins anew and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
