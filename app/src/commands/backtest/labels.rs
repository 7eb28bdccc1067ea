//! Outside labels, such as units sold: read from a CSV, and found again by product.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use catalog::{NativeId, ProductId, ShopKey};
use csv::StringRecord;

use crate::cli::shop_key;
use crate::exit::UsageError;
use crate::output::{counted, grouped, printable, shortened};

mod columns;
#[cfg(test)]
mod tests;

use self::columns::{Columns, columns, refuse_many_columns};

/// The greatest size of a file of labels.
const MAX_BYTES: u64 = 64 << 20;

/// The most rows of a file of labels.
const MAX_ROWS: usize = 1_000_000;

/// The greatest sum of all labels: far enough from infinity that no other order of adding up reaches it.
const MAX_SUM: f64 = 1e300;

/// The most characters of a column's name that are shown.
const NAME_CHARS: usize = 60;

/// The column that may name the shop beside an id or a handle.
const SHOP_COLUMN: &str = "shop";

/// Labels, and which product each of them was found to mean.
#[derive(Debug)]
pub(super) struct Labels {
    /// The column that has the numbers, as it can be shown.
    pub(super) label: String,
    /// The column that names the products.
    pub(super) key_column: &'static str,
    /// Rows of the file.
    pub(super) n_rows: usize,
    /// The sum of all labels.
    sum: f64,
    path: String,
    entries: Vec<Entry>,
    places: HashMap<Key, usize>,
}

/// The label of one product.
#[derive(Debug)]
struct Entry {
    line: u64,
    shown: String,
    value: f64,
    n_rows: u64,
    product: Option<ProductId>,
}

/// What names a product in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Id(ProductId),
    Native(NativeId, Option<ShopKey>),
    Handle(String, Option<ShopKey>),
    Url(String),
}

impl Labels {
    /// Reads the labels in `path`; `label` names their column where several have numbers.
    pub(super) fn read(path: &Path, label: Option<&str>) -> Result<Self> {
        let text = read_text(path)?;
        if text.trim().is_empty() {
            return Err(UsageError(format!("{}: it is empty", path.display())).into());
        }
        let header = text.lines().next().unwrap_or_default();
        let delimiter = match [',', '\t', ';'].map(|it| header.contains(it)) {
            [true, ..] => b',',
            [_, true, _] => b'\t',
            [_, _, true] => b';',
            _ => b',',
        };
        let context = || format!("cannot read the labels {}", path.display());
        refuse_many_columns(&text, delimiter).with_context(context)?;
        let reader = || {
            let mut builder = csv::ReaderBuilder::new();
            builder.delimiter(delimiter).trim(csv::Trim::All);
            builder.from_reader(text.as_bytes())
        };
        let columns = columns(path, reader(), label)?;
        let mut labels = Self {
            label: columns.label_name.clone(),
            key_column: columns.key_name,
            n_rows: 0,
            sum: 0.0,
            path: printable(&path.display().to_string()),
            entries: Vec::new(),
            places: HashMap::new(),
        };
        let (mut reader, mut row) = (reader(), StringRecord::new());
        while next_row(&mut reader, &mut row).with_context(context)? {
            labels.n_rows += 1;
            if labels.n_rows > MAX_ROWS {
                bail!("{}: more than {} rows", context(), grouped(MAX_ROWS as u64));
            }
            labels.add(&row, &columns)?;
        }
        Ok(labels)
    }

    fn add(&mut self, row: &StringRecord, columns: &Columns) -> Result<()> {
        let line = row.position().map_or(0, csv::Position::line);
        let place = format!("{} line {line}", self.path);
        let cell = |column| row.get(column).unwrap_or_default();
        let shown = cell(columns.key).to_owned();
        let key = key(columns, &shown, columns.shop.map(cell))
            .with_context(|| format!("cannot tell the product of {place}"))?;
        let value = value(cell(columns.label))
            .with_context(|| format!("{place}, column {}", self.label))?;
        self.sum += value;
        if self.sum > MAX_SUM {
            bail!(
                "{place}, column {}: with {value:e} the numbers add up to more than {MAX_SUM:e}",
                self.label
            );
        }
        let next = self.entries.len();
        let index = *self.places.entry(key).or_insert(next);
        match self.entries.get_mut(index) {
            Some(entry) => {
                entry.value += value;
                entry.n_rows += 1;
            }
            None => self.entries.push(Entry {
                line,
                shown,
                value,
                n_rows: 1,
                product: None,
            }),
        }
        Ok(())
    }

    /// Returns the label of a product, if it has one.
    ///
    /// # Errors
    /// When a label means products of two shops.
    pub(super) fn take(&mut self, id: &ProductId, handle: &str, url: &str) -> Result<Option<f64>> {
        let shop = || Some(id.shop.clone());
        let keys = match self.key_column {
            "handle" => vec![
                Key::Handle(handle.to_owned(), shop()),
                Key::Handle(handle.to_owned(), None),
            ],
            "url" => vec![Key::Url(same_url(url).to_owned())],
            _ => vec![
                Key::Id(id.clone()),
                Key::Native(id.native.clone(), shop()),
                Key::Native(id.native.clone(), None),
            ],
        };
        let mut sum = None;
        for key in keys {
            let Some(&index) = self.places.get(&key) else {
                continue;
            };
            let entry = &mut self.entries[index];
            if let Some(other) = &entry.product {
                bail!(
                    "{} line {}: {:?} means both {other} and {id}; a column {SHOP_COLUMN:?} tells them apart",
                    self.path,
                    entry.line,
                    shortened(&entry.shown, 60),
                );
            }
            entry.product = Some(id.clone());
            sum = Some(sum.unwrap_or(0.0) + entry.value);
        }
        Ok(sum)
    }

    /// Returns how many labels were found, and how many there are, each product's rows counted once.
    pub(super) fn n_found(&self) -> (usize, usize) {
        let found = self.entries.iter().filter(|it| it.product.is_some());
        (found.count(), self.entries.len())
    }

    /// Returns a sentence on the rows that were added up; `None` where each product has one.
    pub(super) fn repeated_words(&self) -> Option<String> {
        let repeated = self.entries.iter().filter(|entry| entry.n_rows > 1);
        let n_repeated = repeated.count() as u64;
        (n_repeated > 0).then(|| {
            format!(
                "{} had several rows, as a row per variant gives: their labels were added up",
                counted(n_repeated, "product")
            )
        })
    }

    /// Returns a sentence on the labels that mean no product; `None` where all do. `example` is a key in the store.
    pub(super) fn unmatched_words(&self, example: Option<&str>) -> Option<String> {
        let first = self.entries.iter().find(|entry| entry.product.is_none())?;
        let (n_found, n_all) = self.n_found();
        let compared = match self.key_column {
            "handle" => "the handles",
            "url" => "the URLs",
            _ => "the ids",
        };
        let example = example.map_or(String::new(), |it| {
            format!(", such as {:?}", shortened(it, 80))
        });
        let n_missing = n_all - n_found;
        let verb = if n_missing == 1 { "matches" } else { "match" };
        Some(format!(
            "{} of {} in {} {verb} no product: the first is {:?} in line {}; the column {:?} was compared with \
             {compared} of the products{example}",
            grouped(n_missing as u64),
            counted(n_all as u64, "label"),
            self.path,
            shortened(&first.shown, 80),
            first.line,
            self.key_column,
        ))
    }
}

fn read_text(path: &Path) -> Result<String> {
    let context = || format!("cannot read the labels {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(context)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(context)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{}: it is larger than {} MiB", context(), MAX_BYTES >> 20);
    }
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("it is no UTF-8 text"));
    let text = text.with_context(context)?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Reads another row; one with more or fewer cells than the header is an error.
fn next_row(reader: &mut csv::Reader<&[u8]>, row: &mut StringRecord) -> Result<bool> {
    reader.read_record(row).map_err(|error| match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos: Some(place),
            expected_len,
            len,
        } => anyhow!(
            "line {} has {}, and the header has {expected_len}: a cell that holds the separator, as 1,234 does, needs \
             quotation marks",
            place.line(),
            counted(*len, "cell")
        ),
        _ => error.into(),
    })
}

fn key(columns: &Columns, text: &str, shop: Option<&str>) -> Result<Key> {
    if text.is_empty() {
        bail!("the column {} is empty", columns.key_name);
    }
    let shop = match shop {
        None | Some("") => None,
        Some(shop) => Some(shop_key(shop).context("in the column shop")?),
    };
    Ok(match columns.key_name {
        "handle" => Key::Handle(text.to_owned(), shop),
        "url" => Key::Url(same_url(text).to_owned()),
        _ => match text.parse() {
            Ok(id) => Key::Id(id),
            Err(_) => Key::Native(text.into(), shop),
        },
    })
}

/// Returns a URL without scheme, query, fragment and trailing slash.
fn same_url(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    url.trim_end_matches('/')
}

fn value(text: &str) -> Result<f64> {
    match number(text) {
        Some(value) => Ok(value),
        None if text.is_empty() => bail!("it is empty: leave the row out, or write 0"),
        None => bail!(
            "expected a number such as 12 or 0.5, not below 0: {:?}",
            shortened(text, 40)
        ),
    }
}

fn number(text: &str) -> Option<f64> {
    let value = text.parse().ok()?;
    (f64::is_finite(value) && value >= 0.0).then_some(value)
}
