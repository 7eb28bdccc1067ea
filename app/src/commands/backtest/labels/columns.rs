//! Which columns of a file of labels name the product, its shop and the number.

use std::path::Path;

use anyhow::{Context, Result, bail};
use csv::StringRecord;

use super::{NAME_CHARS, SHOP_COLUMN, next_row, number};
use crate::exit::UsageError;
use crate::output::{counted, grouped, printable, shortened};

/// The most columns of a file of labels.
const MAX_COLUMNS: usize = 1_000;

/// Names of columns in a message.
const SHOWN_NAMES: usize = 20;

/// The columns that can name a product, the first that is there does.
const KEY_COLUMNS: [&str; 4] = ["product_id", "id", "handle", "url"];

/// Where the columns are.
pub(super) struct Columns {
    pub(super) key: usize,
    pub(super) key_name: &'static str,
    pub(super) shop: Option<usize>,
    pub(super) label: usize,
    /// The label's name as it can be shown.
    pub(super) label_name: String,
}

/// Finds the columns by their names, and without the name `label` that of the label by its numbers.
pub(super) fn columns(
    path: &Path,
    mut reader: csv::Reader<&[u8]>,
    label: Option<&str>,
) -> Result<Columns> {
    let place = path.display();
    let context = || format!("cannot read the labels {place}");
    let header = reader.headers().with_context(context)?.clone();
    let find = |name: &str| header.iter().position(|it| it.eq_ignore_ascii_case(name));
    let wrong = |text: String| {
        let text = format!("{place}: {text}; its columns are {}", names(&header));
        anyhow::Error::from(UsageError(text))
    };
    let key = KEY_COLUMNS
        .into_iter()
        .find_map(|name| Some((find(name)?, name)));
    let Some((key, key_name)) = key else {
        let known = KEY_COLUMNS.join(", ");
        return Err(wrong(format!("no column names the product ({known})")));
    };
    let shop = find(SHOP_COLUMN);
    let is_name = |column: usize| {
        let is_key = |name: &&str| header[column].eq_ignore_ascii_case(name);
        KEY_COLUMNS.iter().any(is_key) || shop == Some(column)
    };
    let mut row = StringRecord::new();
    let has_rows = next_row(&mut reader, &mut row).with_context(context)?;
    if !has_rows {
        return Err(wrong("it has no rows".to_owned()));
    }
    let label = match label {
        Some(name) => find(name)
            .filter(|column| !is_name(*column))
            .ok_or_else(|| {
                wrong(format!(
                    "there is no label {:?}",
                    shortened(name, NAME_CHARS)
                ))
            })?,
        None => {
            let mut numbers = Numbers::new((0..header.len()).filter(|it| !is_name(*it)));
            numbers.add(&header, &row);
            while numbers.is_open() && next_row(&mut reader, &mut row).with_context(context)? {
                numbers.add(&header, &row);
            }
            numbers.label().map_err(wrong)?
        }
    };
    Ok(Columns {
        key,
        key_name,
        shop,
        label,
        label_name: shown(&header[label]),
    })
}

/// The columns that may have the numbers.
struct Numbers {
    /// Those in which no row had a number yet.
    others: Vec<usize>,
    /// Those in which some row had one.
    found: Vec<usize>,
    /// What was no number first, and where.
    first_text: Option<String>,
    /// The first of these that looks like one.
    first_almost: Option<String>,
}

impl Numbers {
    fn new(columns: impl Iterator<Item = usize>) -> Self {
        Self {
            others: columns.collect(),
            found: Vec::new(),
            first_text: None,
            first_almost: None,
        }
    }

    /// Returns whether another row can make a difference.
    fn is_open(&self) -> bool {
        !self.others.is_empty() && self.found.len() < 2
    }

    fn add(&mut self, header: &StringRecord, row: &StringRecord) {
        let line = row.position().map_or(0, csv::Position::line);
        let found = &mut self.found;
        self.others.retain(|&column| {
            let text = &row[column];
            if text.is_empty() {
                return true;
            }
            if number(text).is_some() {
                found.push(column);
                return false;
            }
            let is_almost = looks_like_number(text);
            if self.first_text.is_none() || is_almost && self.first_almost.is_none() {
                let words = format!(
                    "{:?} in line {line}, column {}",
                    shortened(text, 40),
                    shown(&header[column])
                );
                if is_almost {
                    self.first_almost = Some(words.clone());
                }
                self.first_text.get_or_insert(words);
            }
            true
        });
    }

    fn label(self) -> Result<usize, String> {
        match (&self.found[..], self.first_almost.or(self.first_text)) {
            ([column], _) => Ok(*column),
            ([], Some(text)) => Err(format!(
                "no column has numbers such as 12 or 0.5, not below 0: {text}"
            )),
            ([], None) => Err("no column has numbers".to_owned()),
            _ => Err("several columns have numbers: name one with --label".to_owned()),
        }
    }
}

/// Returns whether somebody may have meant a number: a sign, marks between the digits, or a currency.
fn looks_like_number(text: &str) -> bool {
    text.contains(|it: char| it.is_ascii_digit()) && !text.contains(char::is_alphabetic)
}

/// Returns the names of the first columns, as they can be shown.
fn names(header: &StringRecord) -> String {
    let names: Vec<String> = header.iter().take(SHOWN_NAMES).map(shown).collect();
    let n_more = header.len().saturating_sub(SHOWN_NAMES);
    match n_more {
        0 => names.join(", "),
        _ => format!(
            "{} and {}",
            names.join(", "),
            counted(n_more as u64, "other")
        ),
    }
}

fn shown(name: &str) -> String {
    printable(&shortened(name, NAME_CHARS))
}

/// Where a reader of CSV is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    Cell,
    Quoted,
    /// Behind a quotation mark that ends the cell, or with another one stands for itself.
    Quote,
}

/// Refuses a row of too many columns before the reader of CSV makes room for all of them.
pub(super) fn refuse_many_columns(text: &str, delimiter: u8) -> Result<()> {
    let (mut place, mut n_columns) = (Place::Start, 1);
    for (at, byte) in text.bytes().enumerate() {
        place = match (place, byte) {
            (Place::Start | Place::Quote, b'"') => Place::Quoted,
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Quoted, _) => Place::Quoted,
            (_, b'\n' | b'\r') => {
                n_columns = 1;
                Place::Start
            }
            (_, byte) if byte == delimiter => {
                n_columns += 1;
                Place::Start
            }
            _ => Place::Cell,
        };
        if n_columns > MAX_COLUMNS {
            let line = 1 + text[..at].bytes().filter(|it| *it == b'\n').count();
            bail!(
                "line {line}: more than {} columns",
                grouped(MAX_COLUMNS as u64)
            );
        }
    }
    Ok(())
}
