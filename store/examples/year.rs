//! Measures a year of history: `cargo run --release -p store --example year [PRODUCTS] [DAYS] [FILE]`.
//!
//! Crawls a made shop once a day, of which 2 in 100 products change a day, then looks up the history of 200
//! products. Prints what the look-ups took, CPU seconds and the file's size.
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use catalog::{
    Availability, Currency, CurrencySource, LeaseAnswer, Money, ObservationFilter,
    ObservationOrder, Outcome, PageWrite, Platform, Product, ProductId, Shop, ShopKey, Start,
    Store, UnixMs, Variant,
};
use store::OpenMode;

const PAGE: usize = 250;
const DAY_MS: i64 = 86_400_000;
const FIRST_DAY_MS: i64 = 1_700_006_400_000;
const N_LOOKED_UP: u64 = 200;

/// One product in so many changes on a day.
const ONE_IN: u64 = 50;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let n_products: u64 = args.next().map_or(Ok(100_000), |it| it.parse())?;
    let n_days: i64 = args.next().map_or(Ok(365), |it| it.parse())?;
    let folder = tempfile::tempdir()?;
    let in_folder = || folder.path().join("year.db").display().to_string();
    let path = args.next().unwrap_or_else(in_folder);
    let store = store::open(&format!("sqlite:{path}"), OpenMode::Create).await?;
    let shop = made_shop()?;
    let mut products: Vec<Product> = (0..n_products)
        .map(|n| made_product(&shop.key, n))
        .collect();
    let (began, cpu_before) = (Instant::now(), cpu_seconds()?);
    for day in 0..n_days {
        for (product, n) in products.iter_mut().zip(0..) {
            if day > 0 && random(n, day as u64).is_multiple_of(ONE_IN) {
                change(product, random(n, day as u64 + 1_000_000));
            }
        }
        crawl(&*store, &shop, &products, FIRST_DAY_MS + day * DAY_MS).await?;
    }
    println!(
        "{n_days} crawls of {n_products} products: {:.1} CPU s, {:.1} s",
        cpu_seconds()? - cpu_before,
        began.elapsed().as_secs_f64()
    );
    println!("{:?}", store.stats().await?);
    drop(store);
    println!("file: {} MB", fs::metadata(&path)?.len() / 1_000_000);
    let store = store::open(&format!("sqlite:{path}"), OpenMode::Existing).await?;
    look_up(&*store, &shop.key, n_products, n_days).await
}

async fn crawl(
    store: &dyn Store,
    shop: &Shop,
    products: &[Product],
    now_ms: i64,
) -> Result<(), Box<dyn Error>> {
    let owner = format!("day {now_ms}");
    let leased = store.lease_shop(&shop.key, &owner, 0, None).await?;
    let LeaseAnswer::Granted(lease) = leased else {
        return Err(format!("{leased:?}").into());
    };
    let now = UnixMs::new(now_ms);
    let begun = store.begin_crawl(&lease, shop, Start::Fresh, now).await?;
    for (page, products) in (1..).zip(products.chunks(PAGE)) {
        let page = PageWrite {
            page,
            products: products.to_vec(),
            problems: Vec::new(),
            next: None,
            bytes: 1,
            at: UnixMs::new(now_ms + i64::from(page) * 1000),
            task_entry: None,
            validators: None,
            not_modified: false,
            present: vec![],
        };
        store.apply_page(&begun.ticket, page).await?;
    }
    let ended = store.finish_crawl(&begun.ticket, Outcome::Complete, now);
    ended.await?;
    Ok(())
}

async fn look_up(
    store: &dyn Store,
    shop: &ShopKey,
    n_products: u64,
    n_days: i64,
) -> Result<(), Box<dyn Error>> {
    let wanted = (0..N_LOOKED_UP).map(|seed| product_id(shop, random(seed, 7) % n_products));
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut n_rows = 0;
    let cpu_before = cpu_seconds()?;
    for id in wanted {
        let began = Instant::now();
        n_rows += store.observations(&id, usize::MAX).await?.len();
        times[0].push(began.elapsed());
        for (times, order) in times[1..]
            .iter_mut()
            .zip([ObservationOrder::ByProduct, ObservationOrder::ByTime])
        {
            let filter = ObservationFilter {
                product: Some(id.clone()),
                ..ObservationFilter::default()
            };
            let began = Instant::now();
            store.observed(&filter, order, None, usize::MAX).await?;
            times.push(began.elapsed());
        }
    }
    let cpu = cpu_seconds()? - cpu_before;
    println!("{N_LOOKED_UP} products looked up thrice: {n_rows} rows, {cpu:.3} CPU s");
    for (what, times) in ["observations", "observed by product", "observed by time"]
        .into_iter()
        .zip(&mut times)
    {
        times.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, |it| it.as_secs_f64() * 1e3);
        let (median, worst) = (ms(times.get(times.len() / 2)), ms(times.last()));
        println!("  {what:<20} median {median:.3} ms, worst {worst:.3} ms");
    }
    let last_day = ObservationFilter {
        since: Some(UnixMs::new(FIRST_DAY_MS + (n_days - 1) * DAY_MS)),
        ..ObservationFilter::default()
    };
    let began = Instant::now();
    let rows = store
        .observed(&last_day, ObservationOrder::ByTime, None, usize::MAX)
        .await?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    println!("changes of the last day: {} rows in {ms:.1} ms", rows.len());
    Ok(())
}

fn made_shop() -> Result<Shop, Box<dyn Error>> {
    Ok(Shop {
        key: ShopKey::encode("big.example")?,
        platform: Platform::Shopify,
        url: "https://big.example".to_owned(),
        currency: Currency::parse("EUR")?,
        currency_source: CurrencySource::Shop,
    })
}

fn product_id(shop: &ShopKey, n: u64) -> ProductId {
    ProductId {
        platform: Platform::Shopify,
        shop: shop.clone(),
        native: (6_000_000_000_000 + n * 32_768).into(),
    }
}

fn made_product(shop: &ShopKey, n: u64) -> Product {
    let variant = |k: u64| Variant {
        id: (n * 10 + k).to_string(),
        title: String::new(),
        options: vec![k.to_string()],
        sku: None,
        price: Some(Money::new((1_000 + n % 5_000) as i64, Currency::UNKNOWN)),
        compare_at: None,
        availability: Availability::Stated(true),
        quantity: None,
    };
    Product {
        id: product_id(shop, n),
        title: format!("Product number {n}"),
        handle: format!("product-number-{n}"),
        vendor: format!("Vendor {}", n % 50),
        product_type: format!("Type {}", n % 20),
        body_html: "<p>A short description.</p>".to_owned(),
        tags: vec![format!("tag-{}", n % 40)],
        options: vec!["Size".to_owned()],
        variants: (1..=3).map(variant).collect(),
        images: Vec::new(),
        url: format!("https://big.example/products/product-number-{n}"),
        created_at: None,
        published_at: None,
        updated_at: None,
    }
}

/// Moves a price, or sells a variant out, or brings it back.
fn change(product: &mut Product, random: u64) {
    let n_variants = product.variants.len() as u64;
    let Some(variant) = product.variants.get_mut((random % n_variants) as usize) else {
        return;
    };
    if random.is_multiple_of(2) {
        let minor = 1_000 + (random / 8 % 5_000) as i64;
        variant.price = Some(Money::new(minor, Currency::UNKNOWN));
    } else {
        let is_available = variant.availability == Availability::Stated(true);
        variant.availability = Availability::Stated(!is_available);
    }
}

/// Mixes two numbers into one that looks random (splitmix64).
const fn random(one: u64, two: u64) -> u64 {
    let mut mixed = one.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(two);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
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
