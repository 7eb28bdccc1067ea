//! What the balanced score costs: CPU seconds and memory for products that are made up.
//!
//! `cargo run --release -p scoring --example balanced -- [PRODUCTS] [K]`, of which the default is a million and 100.
//! The products are the same in every run: a thousand shops, forty types each, six features known.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that may end at its first failure"
)]

use std::fs;

use catalog::{
    CrawlKey, Currency, FeatureInputs, FeatureRow, Observation, ObservationKind, Offer, Platform,
    ProductId, ShopKey, UnixMs,
};
use scoring::balanced::{Scores, Table};
use scoring::history::Histories;
use scoring::preset::{Method, Preset, Quantiles};

const N_SHOPS: u64 = 1_000;
const N_TYPES: u64 = 40;
const DAY_MS: i64 = 86_400_000;
const NOW: UnixMs = UnixMs::new(20_000 * DAY_MS);

/// Ticks of the kernel's CPU counters per second, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse().unwrap());
    let n_products: u64 = numbers.next().unwrap_or(1_000_000);
    let k = usize::try_from(numbers.next().unwrap_or(100)).unwrap();
    let Method::Quantiles(settings) = Preset::balanced().method else {
        return;
    };
    let shops: Vec<ShopKey> = (0..N_SHOPS)
        .map(|it| ShopKey::encode(&format!("shop-{it}.example")).unwrap())
        .collect();
    let histories = told("histories", || histories(n_products, &shops));
    let ids = told("rows alone", || {
        let rows = (0..n_products).map(|n| row(n, n_products, &shops));
        rows.filter(|row| row.inputs.num_images > 3).count()
    });
    println!("{ids} products have four images or more");
    let table = told("rows and table", || {
        table(n_products, &shops, &histories, &settings)
    });
    let scores = told("utilities", || Scores::of(table, &settings));
    let list = told("list and draws", || scores.top(k));
    let best = list.places.first().unwrap();
    println!(
        "{} products, the best {} with {:.6}, {:?}",
        scores.len(),
        scores.id(best.index),
        best.score,
        list.stability
    );
    println!("{} MB at the most", peak_kb() / 1000);
}

/// Every twentieth product sold out once.
fn histories(n_products: u64, shops: &[ShopKey]) -> Histories {
    let mut histories = Histories::new(NOW);
    for n in (0..n_products).step_by(20) {
        let row = row(n, n_products, shops);
        let offer = |available| {
            Some(Offer {
                price: None,
                compare_at: None,
                available: Some(available),
            })
        };
        histories.add(&Observation {
            crawl: CrawlKey {
                shop: row.id.shop.clone(),
                n: 1,
            },
            product: row.id,
            variant: Some("1".into()),
            kind: ObservationKind::Changed,
            at: UnixMs::new(NOW.ms() - DAY_MS),
            before: offer(true),
            after: offer(false),
            stock: None,
            content_hash: None,
            rank: None,
            source: None,
            n_places: None,
            said_before: None,
        });
    }
    histories
}

fn table(n_products: u64, shops: &[ShopKey], histories: &Histories, settings: &Quantiles) -> Table {
    let mut table = Table::new(NOW, settings);
    for n in 0..n_products {
        table.push(&row(n, n_products, shops), histories);
    }
    table
}

/// Product `n`; those of a shop come together, as from a store.
fn row(n: u64, n_products: u64, shops: &[ShopKey]) -> FeatureRow {
    let random = |salt: u64| mixed(n.wrapping_mul(16) + salt);
    let unit = |salt| (random(salt) >> 11) as f64 / (1_u64 << 53) as f64;
    let below = |salt, n| u32::try_from(random(salt) % n).unwrap();
    let discount = (unit(0) < 0.3).then(|| unit(1) * 0.6);
    let shop = &shops[usize::try_from(n * N_SHOPS / n_products).unwrap()];
    FeatureRow {
        id: ProductId {
            platform: Platform::Shopify,
            shop: shop.clone(),
            native: (6_000_000_000_000 + n * 37).into(),
        },
        currency: Currency::parse("EUR").unwrap(),
        inputs: FeatureInputs {
            published_at: Some(UnixMs::new(
                NOW.ms() - i64::from(below(2, 1_000_000)) * 100_000,
            )),
            discount: Some(discount.unwrap_or(0.0)),
            price: Some((2.0 + 3.0 * unit(3)).exp()),
            availability: Some(f64::from(below(4, 5)) / 4.0),
            visible_chars: below(5, 2_000),
            distinct_tags: below(6, 15),
            num_images: below(7, 10),
            num_variants: 1 + below(8, 12),
            type_key: match random(9) % (N_TYPES * 6 / 5) {
                untyped if untyped >= N_TYPES => 0,
                type_key => type_key + 1,
            },
        },
        first_seen_at: UnixMs::new(NOW.ms() - 30 * DAY_MS),
        confirmed_at: NOW,
    }
}

/// Splitmix64's mixing step: neighbouring numbers give unrelated ones.
const fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Does `step` and prints what it cost.
fn told<T>(name: &str, step: impl FnOnce() -> T) -> T {
    let before = cpu_seconds();
    let result = step();
    println!("{name:<16} {:>6.2} CPU s", cpu_seconds() - before);
    result
}

/// User and system time, the 14th and 15th field of `/proc/self/stat`.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit_once(')').unwrap().1;
    let fields = behind_name.split_whitespace().skip(11).take(2);
    let ticks: f64 = fields.map(|it| it.parse::<f64>().unwrap()).sum();
    ticks / TICKS_PER_SECOND
}

fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let number = line.and_then(|it| it.split_whitespace().next());
    number.unwrap().parse().unwrap()
}
