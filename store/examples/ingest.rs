//! Measures the store: `cargo run --release -p store --example ingest [PRODUCTS] [FILE or mongodb://…]`.
//!
//! Stores products of about 4.5 KB of JSON each in pages of 250, once new, once unchanged and once as pages that are
//! not modified, then scans them and their history.
//! Prints CPU seconds of the whole process, without the making of the products, and the file's size.
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::error::Error;
use std::fs;
use std::time::Instant;

use catalog::{
    Availability, Currency, CurrencySource, LeaseAnswer, Money, ObservationFilter, ObservationKind,
    ObservationOrder, Outcome, PageWrite, Platform, Product, ProductFilter, ProductId, SearchOrder,
    SearchQuery, Shop, ShopKey, Start, Store, UnixMs, Validators, Variant,
};
use store::OpenMode;

const PAGE: u64 = 250;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let n_products: u64 = args.next().map_or(Ok(100_000), |it| it.parse())?;
    let folder = tempfile::tempdir()?;
    let in_folder = || folder.path().join("ingest.db").display().to_string();
    let path = args.next().unwrap_or_else(in_folder);
    let uri = if path.starts_with("mongodb") {
        path.clone()
    } else {
        format!("sqlite:{path}")
    };
    let store = store::open(&uri, OpenMode::Create).await?;

    let shop = Shop {
        key: ShopKey::encode("big.example")?,
        platform: Platform::Shopify,
        url: "https://big.example".to_owned(),
        currency: Currency::parse("EUR")?,
        currency_source: CurrencySource::Shop,
    };
    for pass in ["new", "unchanged", "not read"] {
        let now = UnixMs::new(1_700_000_000_000);
        let leased = store.lease_shop(&shop.key, pass, 0, None).await?;
        let LeaseAnswer::Granted(lease) = leased else {
            return Err(format!("{leased:?}").into());
        };
        let clock = Clock::start()?;
        let begun = store.begin_crawl(&lease, &shop, Start::Fresh, now).await?;
        let n_known = store.page_validators(&begun.ticket).await?.len();
        println!(
            "{pass:<10} begin {:?} {n_known} known pages",
            clock.spent()?
        );
        let mut spent = Spent::default();
        for page in 0..n_products.div_ceil(PAGE) {
            let page = match pass {
                "not read" => not_modified(page),
                _ => made_page(&shop.key, page, n_products),
            };
            let clock = Clock::start()?;
            store.apply_page(&begun.ticket, page).await?;
            let of_page = clock.spent()?;
            spent.wall += of_page.wall;
            spent.cpu += of_page.cpu;
        }
        println!("{pass:<10} {spent:?}");
        let clock = Clock::start()?;
        let report = store
            .finish_crawl(&begun.ticket, Outcome::Complete, now)
            .await?;
        println!("  finish   {:?} {:?}", clock.spent()?, report.counts);
    }
    scan(&*store).await?;
    history(&*store).await?;
    search(&*store).await?;
    println!("{:?}", store.stats().await?);
    print!("{}", fs::read_to_string("/proc/self/io")?);
    drop(store);
    if let Ok(file) = fs::metadata(&path) {
        println!("file after close: {} MB", file.len() / 1_000_000);
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Spent {
    cpu: f64,
    wall: f64,
}

async fn scan(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    let everything = ProductFilter::default();
    for block in [1_000, 20_000, usize::MAX] {
        let clock = Clock::start()?;
        let (mut n_rows, mut after) = (0, None);
        loop {
            let rows = store.metrics(&everything, after.as_ref(), block).await?;
            n_rows += rows.len();
            if rows.len() < block {
                break;
            }
            after = rows.into_iter().next_back().map(|row| row.id);
        }
        let spent = clock.spent()?;
        println!("metrics    {spent:?} {n_rows} rows in blocks of {block}");
        let clock = Clock::start()?;
        let (mut n_rows, mut after) = (0, None);
        loop {
            let rows = store.features(&everything, after.as_ref(), block).await?;
            n_rows += rows.len();
            if rows.len() < block {
                break;
            }
            after = rows.into_iter().next_back().map(|row| row.id);
        }
        let spent = clock.spent()?;
        println!("features   {spent:?} {n_rows} rows in blocks of {block}");
    }
    let clock = Clock::start()?;
    let n_rows = store.products(&everything, None, usize::MAX).await?.len();
    println!("products   {:?} {n_rows} rows", clock.spent()?);
    Ok(())
}

async fn history(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    use ObservationKind::{Back, Changed, Gone, Ranked};
    for kinds in [vec![Changed, Gone, Back, Ranked], vec![]] {
        let filter = ObservationFilter {
            kinds,
            ..ObservationFilter::default()
        };
        let clock = Clock::start()?;
        let (mut n_rows, mut after) = (0, None);
        loop {
            let order = ObservationOrder::Grouped;
            let rows = store
                .observed(&filter, order, after.as_ref(), 5_000)
                .await?;
            n_rows += rows.len();
            after = match rows.last() {
                Some(last) if rows.len() == 5_000 => Some(last.key()),
                _ => break,
            };
        }
        println!(
            "history    {:?} {n_rows} rows of {:?}",
            clock.spent()?,
            filter.kinds
        );
    }
    Ok(())
}

/// What both clocks showed.
struct Clock {
    began: Instant,
    cpu_before: f64,
}

impl Clock {
    fn start() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            began: Instant::now(),
            cpu_before: cpu_seconds()?,
        })
    }

    fn spent(&self) -> Result<Spent, Box<dyn Error>> {
        Ok(Spent {
            cpu: cpu_seconds()? - self.cpu_before,
            wall: self.began.elapsed().as_secs_f64(),
        })
    }
}

async fn search(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    for (text, order) in [
        ("usual length", SearchOrder::Rank),
        ("usual length", SearchOrder::Cheapest),
        ("ven tag 17", SearchOrder::Newest),
        ("number 77777", SearchOrder::Rank),
    ] {
        let query = SearchQuery {
            tag: None,
            text: text.to_owned(),
            filter: ProductFilter::default(),
            order,
        };
        let clock = Clock::start()?;
        let found = store.search(&query, None, 20).await?;
        println!(
            "search     {:?} {} of {text:?}",
            clock.spent()?,
            found.total
        );
    }
    Ok(())
}

/// Returns the CPU time of all threads, to the nanosecond where the kernel counts that finely.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        let on_cpu = schedstat.split(' ').next().unwrap_or_default();
        nanoseconds += on_cpu.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

fn made_page(shop: &ShopKey, page: u64, n_products: u64) -> PageWrite {
    // Newest first, as shops list them.
    let ids = (page * PAGE..((page + 1) * PAGE).min(n_products)).rev();
    PageWrite {
        page: page as u32 + 1,
        products: ids.map(|n| made_product(shop, n_products - n)).collect(),
        problems: Vec::new(),
        next: None,
        bytes: 1_000_000,
        at: UnixMs::new(1_700_000_000_000),
        task_entry: None,
        validators: Some(Validators {
            url: format!("/products.json?limit=250&page={}", page + 1),
            etag: Some("\"6b010cdf-2287f\"".to_owned()),
            last_modified: Some("Sat, 21 Nov 2026 03:15:43 GMT".to_owned()),
        }),
        not_modified: false,
        present: vec![],
    }
}

fn not_modified(page: u64) -> PageWrite {
    PageWrite {
        page: page as u32 + 1,
        products: Vec::new(),
        problems: Vec::new(),
        next: None,
        bytes: 200,
        at: UnixMs::new(1_700_000_000_000),
        task_entry: None,
        validators: None,
        not_modified: true,
        present: vec![],
    }
}

fn made_product(shop: &ShopKey, n: u64) -> Product {
    // Ids grow with time, and shops list by another date that mostly does too.
    let id = 6_000_000_000_000 + (n / 400 * 400 + n * 7_919 % 400) * 32_768;
    let variant = |k: u64| Variant {
        id: (id * 10 + k).to_string(),
        title: format!("Black / {k}"),
        options: vec!["Black".to_owned(), k.to_string()],
        sku: Some(format!("SKU-{n}-{k}")),
        price: Some(Money::new((1_000 + n % 5_000) as i64, Currency::UNKNOWN)),
        compare_at: None,
        availability: Availability::Stated((n + k).is_multiple_of(3)),
        quantity: None,
    };
    Product {
        id: ProductId {
            platform: Platform::Shopify,
            shop: shop.clone(),
            native: id.into(),
        },
        title: format!("A product with a title of usual length, number {n}"),
        handle: format!("a-product-with-a-title-of-usual-length-number-{n}"),
        vendor: format!("Vendor {}", n % 50),
        product_type: format!("Type {}", n % 20),
        body_html: "<p>A description \"with\" markup &amp; words. </p>".repeat(28),
        tags: (0..8).map(|k| format!("tag-{}", (n + k) % 40)).collect(),
        options: vec!["Colour".to_owned(), "Size".to_owned()],
        variants: (1..=5).map(variant).collect(),
        images: (0..4)
            .map(|k| {
                format!("https://cdn.example/s/files/1/0001/0002/products/{n}-{k}.jpg?v=1700000000")
            })
            .collect(),
        url: format!(
            "https://big.example/products/a-product-with-a-title-of-usual-length-number-{n}"
        ),
        created_at: Some(UnixMs::new(1_600_000_000_000)),
        published_at: Some(UnixMs::new(1_600_000_000_000)),
        updated_at: Some(UnixMs::new(1_690_000_000_000)),
    }
}
