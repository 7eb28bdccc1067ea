//! Ranking saved product documents without a store: one pass for the numbers, then only the winners again.
//!
//! Memory holds the numbers of each product and its place, never the documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catalog::{
    Currency, CurrencySource, FeatureInputs, FeatureRow, Metrics, MetricsRow, NativeId, Platform,
    Product, ProductFilter, ProductId, ProductRow, Shop, ShopKey, UnixMs,
};
use crawler::platforms::shopify;
use scoring::balanced::{Scores, Table};
use scoring::history::Histories;
use scoring::preset::{Method, Quantiles};

use super::{Chosen, Ranked, Wanted, currencies};
use crate::App;
use crate::output;
use crate::saved::{SavedFile, Span, shop_key_of};

/// Where a product stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: u32,
    span: Span,
    index: u32,
}

/// What was read of all files.
#[derive(Debug)]
struct Scan<'a> {
    numbers: Numbers<'a>,
    places: Vec<Place>,
    n_problems: u64,
    first_problem: Option<String>,
}

/// The numbers that the preset scores.
#[derive(Debug)]
enum Numbers<'a> {
    Metrics {
        weights: &'a [f64; 6],
        rows: Vec<MetricsRow>,
    },
    Features {
        settings: &'a Quantiles,
        table: Box<Table>,
        /// Files have no history, so it is empty.
        histories: Histories,
    },
}

/// How documents become products with a shop.
struct Reading<'a> {
    files: Vec<(SavedFile, Shop)>,
    by_vendor: bool,
    filter: &'a ProductFilter,
    now: UnixMs,
}

/// Ranks the products in `paths`. With `by_vendor`, the vendor is the shop, else the file is.
pub(super) fn rank(
    paths: &[PathBuf],
    by_vendor: bool,
    wanted: &Wanted<'_>,
    app: &App,
) -> Result<Ranked> {
    let files = paths.iter().map(|path| open(path, app));
    let reading = Reading {
        files: files.collect::<Result<_>>()?,
        by_vendor,
        filter: wanted.filter,
        now: app.clock.now(),
    };
    let mut scan = Scan {
        numbers: Numbers::new(&wanted.preset.method, reading.now),
        places: Vec::new(),
        n_problems: 0,
        first_problem: None,
    };
    let bar = app.screen.bar(paths.len() as u64, "files");
    for index in 0..reading.files.len() {
        reading.scan_file(index, &mut scan)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if let Some(first) = &scan.first_problem {
        tracing::warn!(
            "{} in these files; the first: {first}",
            output::counted(scan.n_problems, "problem")
        );
    }
    if scan.places.is_empty() {
        match *wanted.filter == ProductFilter::default() {
            true => bail!("the given files hold no products"),
            false => bail!("no product in the given files passes these filters"),
        }
    }
    let chosen = reading.choose(scan.numbers, wanted)?;
    let places = chosen.indices().into_iter().map(|it| scan.places[it]);
    let products = reading.winners(&places.collect::<Vec<_>>())?;
    Ok(chosen.ranking(products, wanted, app))
}

fn open(path: &Path, app: &App) -> Result<(SavedFile, Shop)> {
    let context = || format!("cannot read {}", path.display());
    let saved = SavedFile::inspect(path).with_context(context)?;
    let key = shop_key_of(path).with_context(context)?;
    let currency = app.config.currency_of(&key);
    let shop = Shop {
        key,
        platform: Platform::Shopify,
        url: String::new(),
        currency: currency.unwrap_or(Currency::UNKNOWN),
        currency_source: currency.map_or(CurrencySource::Unknown, |_| CurrencySource::Config),
    };
    Ok((saved, shop))
}

impl<'a> Numbers<'a> {
    fn new(method: &'a Method, now: UnixMs) -> Self {
        match method {
            Method::MinMax(weights) => Self::Metrics {
                weights,
                rows: Vec::new(),
            },
            Method::Quantiles(settings) => Self::Features {
                settings,
                table: Box::new(Table::new(now, settings)),
                histories: Histories::new(now),
            },
        }
    }
}

impl Reading<'_> {
    /// Scores what was read, and warns of prices that cannot be compared.
    fn choose(&self, numbers: Numbers<'_>, wanted: &Wanted<'_>) -> Result<Chosen> {
        match numbers {
            Numbers::Metrics { weights, rows } => {
                currencies::warn_of_bare_numbers(&self.currencies(), &[]);
                Ok(Chosen::of_metrics(rows, weights, wanted.k))
            }
            Numbers::Features {
                settings, table, ..
            } => Chosen::of_scores(self.score(*table, settings), wanted),
        }
    }

    fn score(&self, mut table: Table, settings: &Quantiles) -> Scores {
        let files = self.files.iter();
        let unknown: Vec<ShopKey> = files
            .filter(|(_, shop)| !shop.currency.is_known())
            .map(|(_, shop)| shop.key.clone())
            .collect();
        if unknown.len() == 1 {
            // The vendors of one file sell in one currency, whichever it is.
            table = table.with_one_unknown_currency();
        }
        let scores = Scores::of(table, settings);
        // A vendor has no currency of its own: that of its file is to be stated.
        let shops = match (scores.shops_without_price_position(), self.by_vendor) {
            ([_, ..], true) => &unknown,
            (shops, _) => shops,
        };
        currencies::warn_of_unknown(shops, "");
        scores
    }

    /// Returns the currencies of the files that can pass the filter, by code.
    fn currencies(&self) -> Vec<Currency> {
        let mut currencies: Vec<Currency> =
            self.files.iter().map(|(_, shop)| shop.currency).collect();
        currencies.retain(|&it| self.filter.currency.is_none_or(|wanted| wanted == it));
        currencies.sort();
        currencies.dedup();
        currencies
    }

    fn scan_file(&self, file: usize, scan: &mut Scan<'_>) -> Result<()> {
        let (saved, shop) = &self.files[file];
        let context = || format!("cannot read {}", saved.path().display());
        let mut documents = saved.documents().with_context(context)?;
        // Filters need the product; without them its numbers are enough.
        let only_numbers = saved.has_lines() && *self.filter == ProductFilter::default();
        while let Some((span, bytes)) = documents.next().with_context(context)? {
            let place = |index: usize| Place {
                file: file as u32,
                span,
                index: index as u32,
            };
            if only_numbers && self.take_numbers(bytes, shop, &mut scan.numbers)? {
                scan.places.push(place(0));
                continue;
            }
            let page = match shopify::read_page(bytes, shop) {
                Ok(page) => page,
                Err(error) if saved.has_lines() => {
                    scan.problem(1, || {
                        format!(
                            "{} at byte {}: {error}",
                            saved.path().display(),
                            span.offset
                        )
                    });
                    continue;
                }
                Err(error) => return Err(error).with_context(context),
            };
            if let Some(problem) = page.problems.first() {
                let n_problems = page.problems.len();
                scan.problem(n_problems as u64, || {
                    format!("{}: {}", saved.path().display(), problem.detail)
                });
            }
            for (index, product) in page.products.into_iter().enumerate() {
                self.take(product, place(index), shop, scan)?;
            }
        }
        Ok(())
    }

    /// Takes the numbers of a document that is one plain product, without making the product; `false` if it is
    /// anything else.
    fn take_numbers(&self, bytes: &[u8], shop: &Shop, numbers: &mut Numbers<'_>) -> Result<bool> {
        let id = |native: NativeId, key: ShopKey| ProductId {
            platform: shop.platform,
            shop: key,
            native,
        };
        match numbers {
            Numbers::Metrics { .. } if self.by_vendor => Ok(false),
            Numbers::Metrics { rows, .. } => {
                let Some((native, metrics)) = shopify::read_metrics(bytes, shop) else {
                    return Ok(false);
                };
                let id = id(native, shop.key.clone());
                rows.push(MetricsRow { id, metrics });
                Ok(true)
            }
            Numbers::Features {
                table, histories, ..
            } => {
                let Some((native, inputs, vendor)) = shopify::read_features(bytes, shop) else {
                    return Ok(false);
                };
                let key = match self.by_vendor {
                    true => vendor_key(&vendor)?,
                    false => shop.key.clone(),
                };
                table.push(&self.row(id(native, key), inputs, shop), histories);
                Ok(true)
            }
        }
    }

    fn take(
        &self,
        mut product: Product,
        place: Place,
        shop: &Shop,
        scan: &mut Scan<'_>,
    ) -> Result<()> {
        if self.by_vendor {
            product.id.shop = vendor_key(&product.vendor)?;
        }
        let passes = *self.filter == ProductFilter::default()
            || self
                .filter
                .matches(&ProductRow::of(&product, shop.currency, self.now));
        if !passes {
            return Ok(());
        }
        scan.places.push(place);
        match &mut scan.numbers {
            Numbers::Metrics { rows, .. } => rows.push(MetricsRow {
                metrics: Metrics::of(&product),
                id: product.id,
            }),
            Numbers::Features {
                table, histories, ..
            } => {
                let inputs = FeatureInputs::of(&product);
                table.push(&self.row(product.id, inputs, shop), histories);
            }
        }
        Ok(())
    }

    fn row(&self, id: ProductId, inputs: FeatureInputs, shop: &Shop) -> FeatureRow {
        FeatureRow {
            id,
            currency: shop.currency,
            inputs,
            first_seen_at: self.now,
            confirmed_at: self.now,
        }
    }

    /// Reads the products at `places` again, in that order.
    fn winners(&self, places: &[Place]) -> Result<Vec<ProductRow>> {
        let mut spans: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
        for place in places {
            spans.entry(place.file).or_default().push(place.span);
        }
        let mut found: BTreeMap<Place, ProductRow> = BTreeMap::new();
        for (file, mut spans) in spans {
            spans.sort_unstable();
            spans.dedup();
            let (saved, shop) = &self.files[file as usize];
            let context = || format!("cannot read {} a second time", saved.path().display());
            for (span, bytes) in spans
                .iter()
                .zip(saved.read_at(&spans).with_context(context)?)
            {
                let page = shopify::read_page(&bytes, shop).with_context(context)?;
                for (index, mut product) in page.products.into_iter().enumerate() {
                    if self.by_vendor {
                        product.id.shop = vendor_key(&product.vendor)?;
                    }
                    let place = Place {
                        file,
                        span: *span,
                        index: index as u32,
                    };
                    found.insert(place, ProductRow::of(&product, shop.currency, self.now));
                }
            }
        }
        places
            .iter()
            .map(|place| {
                found
                    .get(place)
                    .cloned()
                    .context("a file changed while it was ranked")
            })
            .collect()
    }
}

impl Scan<'_> {
    fn problem(&mut self, n: u64, what: impl FnOnce() -> String) {
        self.n_problems += n;
        if n > 0 && self.first_problem.is_none() {
            self.first_problem = Some(what());
        }
    }
}

fn vendor_key(vendor: &str) -> Result<ShopKey> {
    let vendor = match vendor.trim() {
        "" => "unknown",
        _ => vendor,
    };
    let short: String = vendor.chars().take(60).collect();
    ShopKey::encode(&short).with_context(|| format!("the vendor {vendor:?} makes no shop key"))
}
