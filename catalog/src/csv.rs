//! Lists for analysts: CSV by RFC 4180, CSV for Excel, and JSON lines, with one set of columns.
//!
//! A text cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a leading `'` in both
//! CSV forms, since spreadsheets would run it as a formula and the text comes from a stranger's shop. Control
//! characters other than tabs and line ends, which no CSV may hold, become U+FFFD there.

use std::borrow::Cow;
use std::io;

use serde_json::{Map, Value};

use crate::Money;

mod products;

pub use self::products::{ProductWriter, top_k_objects, write_top_k};

/// The form in which a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180: UTF-8, commas, lines that end with CR LF.
    Csv,
    /// What Excel opens by a double click where the list separator is a semicolon and decimals have a comma:
    /// the same with a byte-order mark, semicolons and decimal commas.
    Excel,
    /// One JSON object per line, numbers as numbers, texts as they are.
    Jsonl,
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing: an empty cell, `null` in JSON.
    Empty,
    /// A text.
    Text(Cow<'a, str>),
    /// An amount of money, with all its decimal places; a text in JSON, so that it stays exact.
    Price(Money),
    /// A whole number.
    Whole(u64),
    /// A whole number that may be less than 0.
    Integer(i64),
    /// Yes or no: `true` or `false`, in JSON without quotes.
    Bool(bool),
    /// A float in its shortest exact form.
    Float(f64),
    /// A float with 12 decimals in CSV, in its shortest exact form in JSON.
    Score(f64),
    /// A part of a score with 15 decimals in CSV, so that parts sum to the score within its 12; in its shortest exact
    /// form in JSON.
    Part(f64),
    /// A share, rounded to 6 decimals, without the noise of the sum that it came from.
    Share(f64),
}

/// Writes any other list under the given column names; every row has one cell per column.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_rows<'a, W: io::Write>(
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell<'a>>>,
    format: Format,
    out: W,
) -> io::Result<()> {
    let mut table = Table::new(names(columns), format, out)?;
    for row in rows {
        table.row(&row)?;
    }
    table.finish()
}

fn object(columns: &[String], cells: &[Cell<'_>]) -> Map<String, Value> {
    let values = cells.iter().map(Cell::to_json);
    columns.iter().cloned().zip(values).collect()
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().copied().map(String::from).collect()
}

impl<'a> Cell<'a> {
    /// Returns a borrowed text.
    pub const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Returns the text that `it` shows itself as.
    pub fn shown(it: &impl ToString) -> Self {
        Self::Text(Cow::Owned(it.to_string()))
    }

    fn to_csv(&self, decimal_mark: char) -> Cow<'_, str> {
        let number = |text: String| match decimal_mark {
            '.' => Cow::Owned(text),
            mark => Cow::Owned(text.replace('.', mark.encode_utf8(&mut [0; 4]))),
        };
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => harmless(text),
            Self::Price(price) => number(price.to_string()),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Float(float) => number(format!("{float:?}")),
            Self::Score(float) => number(format!("{float:.12}")),
            Self::Part(float) => number(format!("{float:.15}")),
            Self::Share(share) => number(format!("{:?}", rounded(*share))),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => text.as_ref().into(),
            Self::Price(price) => price.to_string().into(),
            Self::Whole(number) => (*number).into(),
            Self::Integer(number) => (*number).into(),
            Self::Bool(it) => (*it).into(),
            Self::Float(number) | Self::Score(number) | Self::Part(number) => (*number).into(),
            Self::Share(share) => rounded(*share).into(),
        }
    }
}

fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// Returns a stranger's text so that neither a spreadsheet nor a terminal obeys it.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_wild = |it: char| it.is_control() && !matches!(it, '\t' | '\n' | '\r');
    // A spreadsheet may leave out what stands in front.
    let begins = |it: &str| it.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let is_formula = text.starts_with(['\t', '\r']) || begins(text.trim_start());
    if !is_formula && !text.contains(is_wild) {
        return Cow::Borrowed(text);
    }
    let mark = if is_formula { "'" } else { "" };
    Cow::Owned(format!("{mark}{}", text.replace(is_wild, "\u{fffd}")))
}

/// Returns the error of the writer below, with its kind, where there is one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A list being written.
#[derive(Debug)]
enum Table<W: io::Write> {
    Csv {
        writer: Box<csv::Writer<W>>,
        decimal_mark: char,
    },
    Jsonl {
        columns: Vec<String>,
        out: io::BufWriter<W>,
    },
}

impl<W: io::Write> Table<W> {
    fn new(columns: Vec<String>, format: Format, mut out: W) -> io::Result<Self> {
        let (delimiter, decimal_mark) = match format {
            Format::Csv => (b',', '.'),
            Format::Excel => {
                out.write_all("\u{feff}".as_bytes())?;
                (b';', ',')
            }
            Format::Jsonl => {
                let out = io::BufWriter::new(out);
                return Ok(Self::Jsonl { columns, out });
            }
        };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        writer.write_record(&columns).map_err(io_error)?;
        Ok(Self::Csv {
            writer: Box::new(writer),
            decimal_mark,
        })
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        match self {
            Self::Csv {
                writer,
                decimal_mark,
            } => {
                for cell in cells {
                    writer
                        .write_field(cell.to_csv(*decimal_mark).as_ref())
                        .map_err(io_error)?;
                }
                writer.write_record(None::<&[u8]>).map_err(io_error)
            }
            Self::Jsonl { columns, out } => {
                let object = object(columns, cells);
                serde_json::to_writer(&mut *out, &object)?;
                io::Write::write_all(out, b"\n")
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv { mut writer, .. } => writer.flush(),
            Self::Jsonl { mut out, .. } => io::Write::flush(&mut out),
        }
    }
}
