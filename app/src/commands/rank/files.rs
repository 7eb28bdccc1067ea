//! Ranking saved product documents without a store: one pass for the numbers, then only the winners again.
//!
//! Memory holds the metrics of each product and its place, never the documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catalog::{
    Currency, CurrencySource, Metrics, MetricsRow, Platform, Product, ProductFilter, ProductId,
    ProductRow, Shop, ShopKey, UnixMs,
};
use crawler::platforms::shopify;
use scoring::classic;

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
#[derive(Debug, Default)]
struct Scan {
    rows: Vec<MetricsRow>,
    places: Vec<Place>,
    n_problems: u64,
    first_problem: Option<String>,
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
    filter: &ProductFilter,
    k: usize,
    app: &App,
) -> Result<super::Ranked> {
    let files = paths
        .iter()
        .map(|path| open(path, app))
        .collect::<Result<_>>()?;
    let reading = Reading {
        files,
        by_vendor,
        filter,
        now: app.clock.now(),
    };
    let bar = app.screen.bar(paths.len() as u64, "files");
    let mut scan = Scan::default();
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
    if scan.rows.is_empty() {
        match *filter == ProductFilter::default() {
            true => bail!("the given files hold no products"),
            false => bail!("no product in the given files passes these filters"),
        }
    }
    let mut currencies: Vec<Currency> = reading
        .files
        .iter()
        .map(|(_, shop)| shop.currency)
        .collect();
    currencies.retain(|&currency| filter.currency.is_none_or(|wanted| wanted == currency));
    currencies.sort();
    currencies.dedup();
    super::warn_of_currencies(&currencies, &[]);
    let scored = classic::rank(&scan.rows, k);
    let places: Vec<Place> = scored.iter().map(|it| scan.places[it.index]).collect();
    let products = reading.winners(&places)?;
    Ok(super::ranked(scan.rows, &scored, products, app))
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

impl Reading<'_> {
    fn scan_file(&self, file: usize, scan: &mut Scan) -> Result<()> {
        let (saved, shop) = &self.files[file];
        let context = || format!("cannot read {}", saved.path().display());
        let mut documents = saved.documents().with_context(context)?;
        // Filters and vendors need the product; without them its numbers are enough.
        let only_numbers =
            saved.has_lines() && !self.by_vendor && *self.filter == ProductFilter::default();
        while let Some((span, bytes)) = documents.next().with_context(context)? {
            if only_numbers && let Some((native, metrics)) = shopify::read_metrics(bytes, shop) {
                let id = ProductId {
                    platform: shop.platform,
                    shop: shop.key.clone(),
                    native,
                };
                scan.rows.push(MetricsRow { id, metrics });
                scan.places.push(Place {
                    file: file as u32,
                    span,
                    index: 0,
                });
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
                let place = Place {
                    file: file as u32,
                    span,
                    index: index as u32,
                };
                self.take(product, place, shop, scan)?;
            }
        }
        Ok(())
    }

    fn take(&self, mut product: Product, place: Place, shop: &Shop, scan: &mut Scan) -> Result<()> {
        if self.by_vendor {
            product.id.shop = vendor_key(&product)?;
        }
        let passes = *self.filter == ProductFilter::default()
            || self
                .filter
                .matches(&ProductRow::of(&product, shop.currency, self.now));
        if passes {
            scan.rows.push(MetricsRow {
                metrics: Metrics::of(&product),
                id: product.id,
            });
            scan.places.push(place);
        }
        Ok(())
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
                        product.id.shop = vendor_key(&product)?;
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

impl Scan {
    fn problem(&mut self, n: u64, what: impl FnOnce() -> String) {
        self.n_problems += n;
        if n > 0 && self.first_problem.is_none() {
            self.first_problem = Some(what());
        }
    }
}

fn vendor_key(product: &Product) -> Result<ShopKey> {
    let vendor = if product.vendor.trim().is_empty() {
        "unknown"
    } else {
        &product.vendor
    };
    let short: String = vendor.chars().take(60).collect();
    ShopKey::encode(&short)
        .with_context(|| format!("the vendor of {} makes no shop key", product.id))
}
