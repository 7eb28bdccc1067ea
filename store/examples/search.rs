//! Measures search: `cargo run --release -p store --example search -- [--products N] [--file FILE] [--queries N]`.
//!
//! Makes a store of invented products, whose words are as uneven as words are, or takes the one that an earlier run
//! left in FILE. Asks each kind of query with each order, page behind page, and prints the CPU time of the calls in
//! milliseconds: median, 99th percentile, worst; and of the pages how many were cut short with more to come.
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::error::Error;
use std::fs;

use catalog::{
    Availability, Currency, CurrencySource, LeaseAnswer, Money, PageWrite, Platform,
    PopularitySource, Product, ProductFilter, ProductId, RankedRow, Ranking, SearchOrder,
    SearchQuery, Shop, ShopKey, Start, Store, UnixMs, Variant,
};
use store::OpenMode;

const PAGE: u64 = 250;
const N_SHOPS: u64 = 40;
const N_WORDS: u64 = 30_000;
const N_RANKED: usize = 1_000;
/// Pages asked for of each query.
const N_PAGES: usize = 3;

const ORDERS: [(&str, SearchOrder); 4] = [
    ("rank", SearchOrder::Rank),
    ("cheapest", SearchOrder::Cheapest),
    ("dearest", SearchOrder::Dearest),
    ("newest", SearchOrder::Newest),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut n_products, mut n_queries, mut file) = (100_000, 2_000, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let value = args.next().ok_or("a value is missing")?;
        match arg.as_str() {
            "--products" => n_products = value.parse()?,
            "--queries" => n_queries = value.parse()?,
            "--file" => file = Some(value),
            _ => return Err(format!("what is {arg}?").into()),
        }
    }
    let folder = tempfile::tempdir()?;
    let in_folder = || folder.path().join("search.db").display().to_string();
    let path = file.unwrap_or_else(in_folder);
    let store = store::open(&format!("sqlite:{path}"), OpenMode::Create).await?;
    if store.stats().await?.n_products == 0 {
        let before = cpu_seconds()?;
        fill(&*store, n_products).await?;
        println!("made in {:.1} CPU s", cpu_seconds()? - before);
    }
    println!("{:?}", store.stats().await?);
    rankings(&*store).await?;
    let kinds = kinds();
    let n_each = (n_queries as usize / N_PAGES / kinds.len() / ORDERS.len()).max(1);
    println!(
        "{:<34}{:>7}{:>9}{:>9}{:>9}{:>7}",
        "", "calls", "p50", "p99", "max", "short"
    );
    let mut all = Vec::new();
    for (name, made) in kinds {
        for (order_name, order) in ORDERS {
            let mut times = Vec::new();
            let mut n_short = 0;
            for n in 0..n_each as u64 {
                let query = SearchQuery { order, ..made(n) };
                n_short += measure(&*store, &query, &mut times).await?;
            }
            all.extend(&times);
            show(&format!("{name}, {order_name}"), &mut times, n_short);
        }
    }
    show("all", &mut all, 0);
    Ok(())
}

/// Asks for some pages; returns how many were short.
async fn measure(
    store: &dyn Store,
    query: &SearchQuery,
    times: &mut Vec<f64>,
) -> Result<usize, Box<dyn Error>> {
    let (mut after, mut n_short) = (None, 0);
    for _ in 0..N_PAGES {
        let before = cpu_seconds()?;
        let page = store.search(query, after.as_ref(), 20).await?;
        times.push((cpu_seconds()? - before) * 1e3);
        n_short += usize::from(page.rows.len() < 20 && page.next.is_some());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(n_short)
}

fn show(name: &str, times: &mut [f64], n_short: usize) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    println!(
        "{name:<34}{:>7}{:>9.2}{:>9.2}{:>9.2}{n_short:>7}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

async fn rankings(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    for n in 0..5 {
        let before = cpu_seconds()?;
        let heads = store.ranking_heads(100).await?;
        let of_heads = cpu_seconds()? - before;
        let before = cpu_seconds()?;
        let n_rows = store.latest_ranking().await?.map_or(0, |it| it.rows.len());
        let of_ranking = cpu_seconds()? - before;
        if n == 4 {
            println!(
                "heads of {} rankings {:.3} ms, the latest ranking of {n_rows} rows {:.3} ms",
                heads.len(),
                of_heads * 1e3,
                of_ranking * 1e3
            );
        }
    }
    Ok(())
}

type Kind = (&'static str, Box<dyn Fn(u64) -> SearchQuery>);

fn kinds() -> Vec<Kind> {
    let with = |text: String, tag: Option<String>, filter: ProductFilter| SearchQuery {
        text,
        tag,
        filter,
        order: SearchOrder::Rank,
    };
    let none = ProductFilter::default;
    let shop = |n: u64| shop_key(n % N_SHOPS).into_iter().collect::<Vec<_>>();
    vec![
        (
            "no word",
            Box::new(move |_| with(String::new(), None, none())),
        ),
        (
            "a word of one in five",
            Box::new(move |_| with("basic".into(), None, none())),
        ),
        (
            "one of the 50 commonest",
            Box::new(move |n| with(word(n % 50), None, none())),
        ),
        (
            "a middling word",
            Box::new(move |n| with(word(100 + n * 37 % 2_000), None, none())),
        ),
        (
            "a rare word",
            Box::new(move |n| with(word(10_000 + n * 91 % 20_000), None, none())),
        ),
        (
            "two common words",
            Box::new(move |n| with(format!("basic {}", word(n % 30)), None, none())),
        ),
        (
            "three words",
            Box::new(move |n| {
                with(
                    format!("{} {} {}", word(n % 20), word(n % 7 + 3), word(n % 90)),
                    None,
                    none(),
                )
            }),
        ),
        (
            "one letter",
            Box::new(move |n| with(word(n).chars().take(1).collect(), None, none())),
        ),
        (
            "two letters",
            Box::new(move |n| with(word(n).chars().take(2).collect(), None, none())),
        ),
        (
            "a beginning and a word",
            Box::new(move |n| {
                let begin: String = word(n).chars().take(3).collect();
                with(format!("{begin} {}", word(n % 40)), None, none())
            }),
        ),
        (
            "a shop",
            Box::new(move |n| {
                with(
                    String::new(),
                    None,
                    ProductFilter {
                        shops: shop(n),
                        ..none()
                    },
                )
            }),
        ),
        (
            "a shop and a word",
            Box::new(move |n| {
                with(
                    word(n % 200),
                    None,
                    ProductFilter {
                        shops: shop(n),
                        ..none()
                    },
                )
            }),
        ),
        (
            "a vendor",
            Box::new(move |n| {
                with(
                    String::new(),
                    None,
                    ProductFilter {
                        vendor: Some(vendor(n)),
                        ..none()
                    },
                )
            }),
        ),
        (
            "a type, in stock",
            Box::new(move |n| {
                let product_type = Some(product_type(n));
                with(
                    String::new(),
                    None,
                    ProductFilter {
                        product_type,
                        in_stock: true,
                        ..none()
                    },
                )
            }),
        ),
        (
            "a tag",
            Box::new(move |n| with(String::new(), Some(tag(n)), none())),
        ),
        (
            "in stock",
            Box::new(move |n| {
                with(
                    word(n % 100),
                    None,
                    ProductFilter {
                        in_stock: true,
                        ..none()
                    },
                )
            }),
        ),
        (
            "a price range",
            Box::new(move |n| {
                let least = (n % 50) as f64;
                let (price_min, price_max) = (Some(least), Some(least + 5.0));
                with(
                    word(n % 100),
                    None,
                    ProductFilter {
                        price_min,
                        price_max,
                        ..none()
                    },
                )
            }),
        ),
        (
            "a currency and a price",
            Box::new(move |n| {
                let currency = Currency::parse("JPY").ok();
                let price_max = Some(9_000.0 + n as f64);
                with(
                    String::new(),
                    None,
                    ProductFilter {
                        currency,
                        price_max,
                        ..none()
                    },
                )
            }),
        ),
    ]
}

async fn fill(store: &dyn Store, n_products: u64) -> Result<(), Box<dyn Error>> {
    for n_shop in 0..N_SHOPS {
        let shop = Shop {
            key: shop_key(n_shop)?,
            platform: Platform::Shopify,
            url: String::new(),
            currency: Currency::parse(currency_of(n_shop))?,
            currency_source: CurrencySource::Shop,
        };
        let leased = store.lease_shop(&shop.key, "search", 0, None).await?;
        let LeaseAnswer::Granted(lease) = leased else {
            return Err(format!("{leased:?}").into());
        };
        let now = UnixMs::new(1_700_000_000_000);
        let begun = store.begin_crawl(&lease, &shop, Start::Fresh, now).await?;
        let (from, to) = (
            n_shop * n_products / N_SHOPS,
            (n_shop + 1) * n_products / N_SHOPS,
        );
        for (page, from) in (1..).zip((from..to).step_by(PAGE as usize)) {
            let products = from..(from + PAGE).min(to);
            let page = PageWrite {
                page,
                products: products
                    .map(|n| made_product(&shop, n))
                    .collect::<Result<_, _>>()?,
                problems: Vec::new(),
                next: None,
                bytes: 1,
                at: now,
                task_entry: None,
                validators: None,
                not_modified: false,
                present: vec![],
            };
            store.apply_page(&begun.ticket, page).await?;
        }
    }
    rank(store).await
}

async fn rank(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    let mut products = Vec::new();
    for n_shop in 0..N_SHOPS {
        let filter = ProductFilter {
            shops: vec![shop_key(n_shop)?],
            ..ProductFilter::default()
        };
        let of_shop = N_RANKED / N_SHOPS as usize;
        products.extend(store.products(&filter, None, of_shop).await?);
    }
    let rows = (1..).zip(products).map(|(rank, product)| RankedRow {
        rank,
        score: 1.0 / f64::from(rank),
        coverage: 1.0,
        contributions: vec![0.1; 9],
        rank_uncapped: None,
        popularity: None,
        stability: None,
        product,
    });
    let ranking = Ranking {
        at: UnixMs::new(1_700_000_000_000),
        preset: "balanced".to_owned(),
        features: Vec::new(),
        weights: Vec::new(),
        n_ranked: 1,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: rows.collect(),
    };
    Ok(store.save_ranking(&ranking).await?)
}

fn shop_key(n: u64) -> Result<ShopKey, Box<dyn Error>> {
    Ok(ShopKey::encode(&format!("shop-{n}.example"))?)
}

const fn currency_of(n_shop: u64) -> &'static str {
    match n_shop % 8 {
        0 => "JPY",
        1 | 2 => "EUR",
        _ => "USD",
    }
}

fn made_product(shop: &Shop, n: u64) -> Result<Product, Box<dyn Error>> {
    let random = |what: u64, below: u64| random(n, what) % below;
    let mut title = String::new();
    for k in 0..4 + random(1, 4) {
        title.push_str(&word(uneven(random(10 + k, u64::MAX))));
        title.push(' ');
    }
    if random(2, 5) == 0 {
        title.push_str("basic");
    }
    let minor = 100 + uneven(random(3, u64::MAX)) % 200 * 50 + random(4, 40) * 5;
    let variant = |k: u64| Variant {
        id: (n * 10 + k).to_string(),
        title: String::new(),
        options: vec![k.to_string()],
        sku: None,
        price: (random(5, 50) > 0).then(|| Money::new((minor + k) as i64, shop.currency)),
        compare_at: None,
        availability: Availability::Stated(random(6, 3) > 0),
        quantity: None,
    };
    let listed_at = UnixMs::new(1_500_000_000_000 + (random(7, 200_000_000) * 1_000) as i64);
    Ok(Product {
        id: ProductId {
            platform: Platform::Shopify,
            shop: shop.key.clone(),
            native: (6_000_000_000_000 + n * 32_768).into(),
        },
        handle: format!("{}-{n}", title.trim().replace(' ', "-")),
        url: format!("https://shop.example/products/{n}"),
        title,
        vendor: vendor(uneven(random(8, u64::MAX))),
        product_type: product_type(uneven(random(9, u64::MAX))),
        body_html: "<p>A description with markup &amp; words. </p>".repeat(6),
        tags: (0..random(30, 9))
            .map(|k| tag(uneven(random(40 + k, u64::MAX))))
            .collect(),
        options: vec!["Size".to_owned()],
        variants: (1..=3).map(variant).collect(),
        images: Vec::new(),
        created_at: Some(listed_at),
        published_at: (random(31, 20) > 0).then_some(listed_at),
        updated_at: None,
    })
}

fn vendor(n: u64) -> String {
    format!("{} {}", word(n % 900 + 700), word(n % 70 + 40))
}

fn product_type(n: u64) -> String {
    word(n % 60 + 300)
}

fn tag(n: u64) -> String {
    format!("{} {}", word(n % 500 + 20), word(n % 90 + 5))
}

/// Makes a number that looks random into one of 0 to 30,000, of which the n-th comes about once in n times.
fn uneven(random: u64) -> u64 {
    let share = random as f64 / u64::MAX as f64;
    (((N_WORDS + 1) as f64).powf(share) as u64).saturating_sub(1)
}

/// Returns the n-th commonest of the invented words.
fn word(n: u64) -> String {
    const SYLLABLES: [&str; 40] = [
        "ba", "co", "du", "fe", "gi", "ha", "jo", "ku", "le", "mi", "na", "po", "ru", "se", "ti",
        "va", "wo", "zu", "bre", "cla", "dro", "fli", "gra", "sto", "tri", "ple", "sha", "che",
        "qui", "mon", "ter", "lan", "sol", "ver", "kin", "dor", "mar", "nel", "pos", "rin",
    ];
    let mut mixed = random(n, 99);
    let mut word = String::new();
    for _ in 0..2 + mixed % 3 {
        mixed = random(mixed, 7);
        word.push_str(SYLLABLES[(mixed % 40) as usize]);
    }
    word
}

/// Mixes two numbers into one that looks random (splitmix64).
const fn random(one: u64, two: u64) -> u64 {
    let mut mixed = one.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(two);
    mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
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
