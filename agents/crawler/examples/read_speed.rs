//! Measures the Shopify reader: `cargo run --release --example read_speed -p crawler -- FILE [TIMES]`.
//!
//! Reads a saved answer (`.gz` too) over and over and prints megabytes and products a second, dropping the
//! products included. On Linux the time is the processor's, elsewhere the wall clock's.
#![expect(clippy::print_stdout, reason = "prints its result")]

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use catalog::{Currency, CurrencySource, Platform, Shop, ShopKey};
use crawler::platforms::shopify::read_page;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("usage: read_speed FILE [TIMES]")?;
    let times: u32 = args.next().map_or(Ok(200), |it| it.parse())?;

    let saved = std::fs::read(&path)?;
    let mut body = vec![];
    if path.ends_with(".gz") {
        flate2::read::GzDecoder::new(&saved[..]).read_to_end(&mut body)?;
    } else {
        body = saved;
    }
    let shop = Shop {
        key: ShopKey::encode("shop.example")?,
        platform: Platform::Shopify,
        url: "https://shop.example".into(),
        currency: Currency::parse("EUR")?,
        currency_source: CurrencySource::Shop,
    };

    let wall = Instant::now();
    let before = processor_time();
    let mut n_products = 0;
    for _ in 0..times {
        n_products += read_page(&body, &shop)?.products.len();
    }
    let spent = match (before, processor_time()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => wall.elapsed(),
    };

    let seconds = spent.as_secs_f64();
    let megabytes = body.len() as f64 / 1e6 * f64::from(times);
    println!(
        "{megabytes:.0} MB, {n_products} products in {seconds:.3} s: {:.0} MB/s, {:.0} products/s",
        megabytes / seconds,
        n_products as f64 / seconds
    );
    Ok(())
}

/// Returns the processor time of the main thread: the first number in Linux's `schedstat`, in nanoseconds.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let ns = stat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(ns))
}
