//! Lists for analysts: CSV by RFC 4180, CSV for Excel, and JSON lines, with one set of columns.
//!
//! A text cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a leading `'` in both
//! CSV forms, since spreadsheets would run it as a formula and the text comes from a stranger's shop. Control
//! characters other than tabs and line ends, which no CSV may hold, become U+FFFD there.

use std::borrow::Cow;
use std::io;

use serde_json::{Map, Value};

use crate::{Metrics, Money, PopularitySource, ProductRow, RankedRow, Ranking};

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
    /// Yes or no: `true` or `false`, in JSON without quotes.
    Bool(bool),
    /// A float in its shortest exact form.
    Float(f64),
    /// A float with 12 decimals in CSV, in its shortest exact form in JSON.
    Score(f64),
}

/// The metrics, in the order that the classic score has them in.
const METRIC_COLUMNS: [&str; 6] = [
    "available_ratio",
    "num_tags",
    "avg_price",
    "num_images",
    "description_length",
    "popularity_score",
];

/// The columns behind the metrics.
const PRODUCT_COLUMNS: [&str; 12] = [
    "product_id",
    "shop",
    "handle",
    "vendor",
    "product_type",
    "currency",
    "price_min",
    "price_max",
    "popularity_source",
    "url",
    "image_url",
    "crawled_at",
];

/// Writes a ranking as `top_k`: one line per row, best first.
///
/// Columns: `rank,id,title,score`, the six metrics, the product's columns, `coverage`, and one
/// `contrib_<feature>` per feature. Scores and contributions have 12 decimals.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_top_k<W: io::Write>(ranking: &Ranking, format: Format, out: W) -> io::Result<()> {
    let mut table = Table::new(top_k_columns(ranking), format, out)?;
    for row in &ranking.rows {
        table.row(&top_k_cells(row))?;
    }
    table.finish()
}

/// Returns the rows of a ranking as JSON objects with the columns of `top_k`.
pub fn top_k_objects(ranking: &Ranking) -> Vec<Map<String, Value>> {
    let columns = top_k_columns(ranking);
    ranking
        .rows
        .iter()
        .map(|row| object(&columns, &top_k_cells(row)))
        .collect()
}

/// Writes products one by one: the columns of `top_k` without rank, score, coverage and contributions.
#[derive(Debug)]
pub struct ProductWriter<W: io::Write> {
    table: Table<W>,
}

impl<W: io::Write> ProductWriter<W> {
    /// Begins the list with its header.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(format: Format, out: W) -> io::Result<Self> {
        let mut columns = names(&["id", "title"]);
        columns.extend(names(&METRIC_COLUMNS));
        columns.extend(names(&PRODUCT_COLUMNS));
        Table::new(columns, format, out).map(|table| Self { table })
    }

    /// Writes one product.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write(&mut self, product: &ProductRow) -> io::Result<()> {
        let mut cells = vec![Cell::shown(&product.id.native), Cell::text(&product.title)];
        cells.extend(product_cells(product));
        self.table.row(&cells)
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(self) -> io::Result<()> {
        self.table.finish()
    }
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

fn top_k_columns(ranking: &Ranking) -> Vec<String> {
    let mut columns = names(&["rank", "id", "title", "score"]);
    columns.extend(names(&METRIC_COLUMNS));
    columns.extend(names(&PRODUCT_COLUMNS));
    columns.push("coverage".to_owned());
    let features = ranking.features.iter();
    columns.extend(features.map(|feature| format!("contrib_{feature}")));
    columns
}

fn object(columns: &[String], cells: &[Cell<'_>]) -> Map<String, Value> {
    let values = cells.iter().map(Cell::to_json);
    columns.iter().cloned().zip(values).collect()
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().copied().map(String::from).collect()
}

fn top_k_cells(row: &RankedRow) -> Vec<Cell<'_>> {
    let product = &row.product;
    let mut cells = vec![
        Cell::Whole(row.rank.into()),
        Cell::shown(&product.id.native),
        Cell::text(&product.title),
        Cell::Score(row.score),
    ];
    cells.extend(product_cells(product));
    cells.push(Cell::Float(row.coverage));
    cells.extend(row.contributions.iter().copied().map(Cell::Score));
    cells
}

/// The cells of [`METRIC_COLUMNS`] and [`PRODUCT_COLUMNS`].
fn product_cells(product: &ProductRow) -> [Cell<'_>; 18] {
    let metrics = &product.metrics;
    let price = |price: Option<Money>| price.map_or(Cell::Empty, Cell::Price);
    [
        Cell::Float(metrics.available_ratio),
        Cell::Whole(metrics.num_tags.into()),
        Cell::Float(metrics.avg_price),
        Cell::Whole(metrics.num_images.into()),
        Cell::Whole(metrics.description_length.into()),
        Cell::Float(Metrics::simulated_popularity(&product.id.native)),
        Cell::shown(&product.id),
        Cell::text(product.id.shop.as_str()),
        Cell::text(&product.handle),
        Cell::text(&product.vendor),
        Cell::text(&product.product_type),
        Cell::text(product.currency.code()),
        price(product.price_min),
        price(product.price_max),
        Cell::text(PopularitySource::Simulated.name()),
        Cell::text(&product.url),
        Cell::text(&product.image_url),
        Cell::shown(&product.crawled_at),
    ]
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
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Float(float) => number(format!("{float:?}")),
            Self::Score(float) => number(format!("{float:.12}")),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => text.as_ref().into(),
            Self::Price(price) => price.to_string().into(),
            Self::Whole(number) => (*number).into(),
            Self::Bool(it) => (*it).into(),
            Self::Float(number) | Self::Score(number) => (*number).into(),
        }
    }
}

/// Returns a stranger's text so that neither a spreadsheet nor a terminal obeys it.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_wild = |it: char| it.is_control() && !matches!(it, '\t' | '\n' | '\r');
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, UnixMs};

    fn product(title: &str) -> ProductRow {
        let currency = Currency::parse("EUR").unwrap();
        ProductRow {
            id: "shopify:shop.example:6000000645650".parse().unwrap(),
            title: title.to_owned(),
            handle: "lamp".to_owned(),
            vendor: "@home".to_owned(),
            product_type: String::new(),
            currency,
            price_min: Some(Money::new(1290, currency)),
            price_max: None,
            in_stock: true,
            metrics: Metrics {
                available_ratio: 1.0,
                num_tags: 3,
                avg_price: 12.9,
                num_images: 2,
                description_length: 40,
            },
            url: "https://shop.example/products/lamp".to_owned(),
            image_url: String::new(),
            crawled_at: UnixMs::new(0),
        }
    }

    fn ranking(title: &str) -> Ranking {
        Ranking {
            at: UnixMs::new(0),
            preset: "classic".to_owned(),
            features: vec!["a".to_owned(), "b".to_owned()],
            weights: vec![0.5, 0.5],
            n_ranked: 1,
            popularity_source: PopularitySource::Simulated,
            rows: vec![RankedRow {
                rank: 1,
                score: 0.5,
                coverage: 1.0,
                contributions: vec![0.25, 0.25],
                product: product(title),
            }],
        }
    }

    fn top_k(title: &str, format: Format) -> String {
        let mut out = Vec::new();
        write_top_k(&ranking(title), format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn top_k_has_the_columns_of_the_contract() {
        let text = top_k("Lamp", Format::Csv);
        assert_eq!(
            text,
            "rank,id,title,score,available_ratio,num_tags,avg_price,num_images,description_length,\
             popularity_score,product_id,shop,handle,vendor,product_type,currency,price_min,price_max,\
             popularity_source,url,image_url,crawled_at,coverage,contrib_a,contrib_b\r\n\
             1,6000000645650,Lamp,0.500000000000,1.0,3,12.9,2,40,97.6,\
             shopify:shop.example:6000000645650,shop.example,lamp,'@home,,EUR,12.90,,simulated,\
             https://shop.example/products/lamp,,1970-01-01T00:00:00Z,1.0,0.250000000000,0.250000000000\r\n"
        );
    }

    #[test]
    fn cells_are_quoted_by_rfc_4180_and_cannot_be_formulas() {
        let cell = |title| {
            let text = top_k(title, Format::Csv);
            let (_, rest) = text.split_once("6000000645650,").unwrap();
            rest.split_once(",0.5").unwrap().0.to_owned()
        };
        assert_eq!(cell("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("+1"), "'+1");
        assert_eq!(cell("-1"), "'-1");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(cell("\u{1b}[31m\0"), "\u{fffd}[31m\u{fffd}");
    }

    #[test]
    fn excel_gets_a_byte_order_mark_and_semicolons() {
        let text = top_k("a;b", Format::Excel);
        assert!(text.starts_with("\u{feff}rank;id;title;"));
        assert!(text.contains(";\"a;b\";0,500000000000;1,0;3;12,9;"));
        assert!(text.contains(";EUR;12,90;;simulated;"));
    }

    #[test]
    fn json_lines_keep_numbers_and_texts_as_they_are() {
        let text = top_k("=1+1", Format::Jsonl);
        let value: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(value["title"], "=1+1");
        assert_eq!(value["score"], 0.5);
        assert_eq!(value["price_min"], "12.90");
        assert_eq!(value["price_max"], Value::Null);
    }

    #[test]
    fn products_have_the_columns_of_top_k_without_the_score() {
        let mut out = Vec::new();
        let mut writer = ProductWriter::new(Format::Csv, &mut out).unwrap();
        writer.write(&product("Lamp")).unwrap();
        writer.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("id,title,available_ratio,num_tags,"));
        assert!(text.contains(",image_url,crawled_at\r\n"));
        assert_eq!(text.lines().count(), 2);
    }
}
