//! The lists of products: a ranking as `top_k`, and all products with the same columns but for the score.

use std::io;

use serde_json::{Map, Value};

use super::{Cell, Format, Table, names, object};
use crate::{Metrics, Money, PopularitySource, ProductRow, RankedRow, Ranking};

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

/// The columns of a ranking whose weights were drawn at random.
const STABILITY_COLUMNS: [&str; 3] = ["p_top_k", "rank_p5", "rank_p95"];

/// Writes a ranking as `top_k`: one line per row, best first.
///
/// Columns: `rank,id,title,score`, the six metrics, the product's columns, `coverage`, where weights were drawn
/// `p_top_k,rank_p5,rank_p95`, and one `contrib_<feature>` per feature. Scores have 12 decimals
/// and contributions 15, so that they sum to the score within 1e-12. `popularity_score` is empty where nothing was
/// simulated.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_top_k<W: io::Write>(ranking: &Ranking, format: Format, out: W) -> io::Result<()> {
    let mut table = Table::new(top_k_columns(ranking), format, out)?;
    for row in &ranking.rows {
        table.row(&top_k_cells(ranking, row))?;
    }
    table.finish()
}

/// Returns the rows of a ranking as JSON objects with the columns of `top_k` and, where it is known, `rank_uncapped`.
pub fn top_k_objects(ranking: &Ranking) -> Vec<Map<String, Value>> {
    let columns = top_k_columns(ranking);
    let objects = ranking.rows.iter().map(|row| {
        let mut object = object(&columns, &top_k_cells(ranking, row));
        if let Some(rank) = row.rank_uncapped {
            object.insert("rank_uncapped".to_owned(), rank.into());
        }
        object
    });
    objects.collect()
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
        cells.extend(product_cells(product, PopularitySource::Simulated));
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

fn top_k_columns(ranking: &Ranking) -> Vec<String> {
    let mut columns = names(&["rank", "id", "title", "score"]);
    columns.extend(names(&METRIC_COLUMNS));
    columns.extend(names(&PRODUCT_COLUMNS));
    columns.push("coverage".to_owned());
    if ranking.stability.is_some() {
        columns.extend(names(&STABILITY_COLUMNS));
    }
    let features = ranking.features.iter();
    columns.extend(features.map(|feature| format!("contrib_{feature}")));
    columns
}

fn top_k_cells<'a>(ranking: &Ranking, row: &'a RankedRow) -> Vec<Cell<'a>> {
    let product = &row.product;
    let mut cells = vec![
        Cell::Whole(row.rank.into()),
        Cell::shown(&product.id.native),
        Cell::text(&product.title),
        Cell::Score(row.score),
    ];
    cells.extend(product_cells(
        product,
        row.popularity.unwrap_or(ranking.popularity_source),
    ));
    cells.push(Cell::Share(row.coverage));
    if ranking.stability.is_some() {
        cells.extend(match row.stability {
            Some(it) => [
                Cell::Share(it.p_top_k),
                Cell::Whole(it.rank_p5.into()),
                Cell::Whole(it.rank_p95.into()),
            ],
            None => [Cell::Empty, Cell::Empty, Cell::Empty],
        });
    }
    cells.extend(row.contributions.iter().copied().map(Cell::Part));
    cells
}

/// The cells of [`METRIC_COLUMNS`] and [`PRODUCT_COLUMNS`].
fn product_cells(product: &ProductRow, popularity: PopularitySource) -> [Cell<'_>; 18] {
    let metrics = &product.metrics;
    let price = |price: Option<Money>| price.map_or(Cell::Empty, Cell::Price);
    [
        Cell::Float(metrics.available_ratio),
        Cell::Whole(metrics.num_tags.into()),
        Cell::Float(metrics.avg_price),
        Cell::Whole(metrics.num_images.into()),
        Cell::Whole(metrics.description_length.into()),
        match popularity {
            PopularitySource::Simulated => {
                Cell::Float(Metrics::simulated_popularity(&product.id.native))
            }
            PopularitySource::Observed
            | PopularitySource::Estimated
            | PopularitySource::Unavailable => Cell::Empty,
        },
        Cell::shown(&product.id),
        Cell::text(product.id.shop.as_str()),
        Cell::text(&product.handle),
        Cell::text(&product.vendor),
        Cell::text(&product.product_type),
        Cell::text(product.currency.code()),
        price(product.price_min),
        price(product.price_max),
        Cell::text(popularity.name()),
        Cell::text(&product.url),
        Cell::text(&product.image_url),
        Cell::shown(&product.crawled_at),
    ]
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
            in_stock: Some(true),
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
            filter: None,
            stability: None,
            rows: vec![RankedRow {
                rank: 1,
                score: 0.5,
                coverage: 1.0,
                contributions: vec![0.25, 0.25],
                rank_uncapped: None,
                popularity: None,
                stability: None,
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
             https://shop.example/products/lamp,,1970-01-01T00:00:00Z,1.0,0.250000000000000,0.250000000000000\r\n"
        );
    }

    /// What is shown of ten parts is off by less than what is shown of their sum.
    #[test]
    fn the_contributions_of_a_line_sum_to_its_score() {
        let mut ranking = ranking("Lamp");
        ranking.features = (0..10).map(|it| it.to_string()).collect();
        for line in 1..500 {
            let parts: Vec<f64> = (1..=10)
                .map(|it| 1.0 / f64::from(7 * line + 13 * it))
                .collect();
            ranking.rows[0].score = parts.iter().sum();
            ranking.rows[0].contributions = parts;
            let mut out = Vec::new();
            write_top_k(&ranking, Format::Csv, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let cells: Vec<&str> = text.lines().nth(1).unwrap().split(',').collect();
            let number = |cell: &&str| cell.parse::<f64>().unwrap();
            let sum: f64 = cells[cells.len() - 10..].iter().map(number).sum();
            let off = (sum - number(&cells[3])).abs();
            assert!(off <= 1e-12, "{off} in {text}");
        }
    }

    #[test]
    fn drawn_weights_have_columns_and_an_unknown_popularity_is_empty() {
        let mut ranking = ranking("Lamp");
        ranking.popularity_source = PopularitySource::Unavailable;
        ranking.stability = Some(crate::ListStability {
            draws: 200,
            overlap_mean: 0.9,
            overlap_min: 0.7,
        });
        ranking.rows[0].coverage = 0.1 + 0.2;
        ranking.rows[0].stability = Some(crate::Stability {
            p_top_k: 0.85,
            rank_p5: 1,
            rank_p95: 17,
        });
        let mut out = Vec::new();
        write_top_k(&ranking, Format::Csv, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(",coverage,p_top_k,rank_p5,rank_p95,contrib_a,contrib_b\r\n"));
        assert!(text.contains(",12.9,2,40,,shopify:shop.example:6000000645650,"));
        assert!(text.contains(",unavailable,"));
        assert!(text.contains(",0.3,0.85,1,17,0.250000000000000,"), "{text}");
        assert!(top_k_objects(&ranking)[0].get("rank_uncapped").is_none());
        ranking.rows[0].rank_uncapped = Some(4);
        assert_eq!(top_k_objects(&ranking)[0]["rank_uncapped"], 4);
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
        assert_eq!(cell(" =1+1"), "' =1+1");
        assert_eq!(cell("＝1+1"), "'＝1+1");
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
