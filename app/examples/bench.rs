//! What the main job costs, step by step, in CPU seconds per 100,000 products.
//!
//! `cargo run --release -p app --example bench` prints a table with the ratio to the figures in
//! `docs/performance.tsv`; `-- --save` replaces those. The data is generated and the same in every run. Steps are
//! measured alone on one thread; the two commands are whole child processes against shops on loopback. CPU seconds
//! hardly depend on what else the machine does; compare ratios of one machine only.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that may end at its first failure"
)]

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use catalog::csv::{Format, ProductWriter};
use catalog::{
    Checkpoint, LeaseAnswer, Outcome, PageWrite, Product, ProductFilter, Shop, Start, Store, UnixMs,
};
use crawler::platforms::shopify;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use scoring::classic;
use store::OpenMode;
use testkit::{Catalogue, FakeShop, FaultPlan, SCREE_AND_SUMMIT, Wall};

/// Pages of 250: 25,000 products.
const N_PAGES: usize = 100;
const PAGE_SIZE: usize = 250;

/// Ticks of the kernel's CPU counters per second, on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Arc::new(Catalogue::generate(
        &SCREE_AND_SUMMIT,
        N_PAGES * PAGE_SIZE,
        1,
    ));
    let pages: Vec<Vec<u8>> = (1..=N_PAGES)
        .map(|page| catalogue.page_json(page, PAGE_SIZE))
        .collect();
    let packed: Vec<Vec<u8>> = pages.iter().map(|page| gzip(page)).collect();
    println!(
        "{} products, {:.1} MB of JSON, {:.1} MB of gzip",
        N_PAGES * PAGE_SIZE,
        megabytes(&pages),
        megabytes(&packed)
    );
    let mut figures = Figures::default();
    let products = steps(&mut figures, &pages, &packed);
    store_steps(&mut figures, products, folder.path()).await;
    commands(&mut figures, &catalogue, folder.path()).await;
    figures.print();
}

/// The steps of a page up to the store, each over all pages.
fn steps(figures: &mut Figures, pages: &[Vec<u8>], packed: &[Vec<u8>]) -> Vec<Vec<Product>> {
    let shop = shop();
    figures.measure("inflate", || {
        for page in packed {
            let mut inflated = Vec::with_capacity(page.len() * 8);
            MultiGzDecoder::new(page.as_slice())
                .read_to_end(&mut inflated)
                .unwrap();
        }
    });
    let mut products = Vec::new();
    figures.measure("parse", || {
        products = pages
            .iter()
            .map(|page| shopify::read_page(page, &shop).unwrap().products)
            .collect();
    });
    let mut sum = 0;
    figures.measure("hash", || {
        let hashes = products
            .iter()
            .flatten()
            .map(|product| product.content_hash().0[0]);
        sum += hashes.map(u64::from).sum::<u64>();
    });
    assert!(sum > 0, "the hashes are used");
    products
}

/// Storing, storing again without a change, and what reads the store.
async fn store_steps(figures: &mut Figures, products: Vec<Vec<Product>>, folder: &Path) {
    let uri = format!("sqlite:{}", folder.join("steps.db").display());
    let store = store::open(&uri, OpenMode::Create).await.unwrap();
    let again = products.clone();
    let began = cpu_seconds();
    crawl_into(store.as_ref(), products).await;
    figures.add("store, all new", cpu_seconds() - began);
    let began = cpu_seconds();
    crawl_into(store.as_ref(), again).await;
    figures.add("store, nothing new", cpu_seconds() - began);

    let everything = ProductFilter::default();
    let began = cpu_seconds();
    let rows = store.products(&everything, None, usize::MAX).await.unwrap();
    let mut writer = ProductWriter::new(Format::Csv, io::sink()).unwrap();
    rows.iter().for_each(|row| writer.write(row).unwrap());
    writer.finish().unwrap();
    figures.add("export products", cpu_seconds() - began);
    let began = cpu_seconds();
    let metrics = store.metrics(&everything, None, usize::MAX).await.unwrap();
    assert_eq!(classic::rank(&metrics, &classic::WEIGHTS, 100).len(), 100);
    figures.add("rank from the store", cpu_seconds() - began);
}

async fn crawl_into(store: &dyn Store, pages: Vec<Vec<Product>>) {
    let at = UnixMs::new(1_000);
    let shop = shop();
    let leased = store.lease_shop(&shop.key, "bench", 60_000, None).await;
    let LeaseAnswer::Granted(lease) = leased.unwrap() else {
        unreachable!("nobody else uses this store");
    };
    let begun = store.begin_crawl(&lease, &shop, Start::Fresh, at);
    let begun = begun.await.unwrap();
    for (products, page) in pages.into_iter().zip(1..) {
        let write = PageWrite {
            page,
            products,
            problems: vec![],
            next: Some(Checkpoint::page(page + 1)),
            bytes: 0,
            at,
            task_entry: None,
            validators: None,
            not_modified: false,
            present: vec![],
        };
        store.apply_page(&begun.ticket, write).await.unwrap();
    }
    store
        .finish_crawl(&begun.ticket, Outcome::Complete, at)
        .await
        .unwrap();
}

/// The program itself: a crawl of one large shop, and a ranking of a file of lines.
async fn commands(figures: &mut Figures, catalogue: &Arc<Catalogue>, folder: &Path) {
    let lines = folder.join("products.jsonl");
    let mut file = io::BufWriter::new(fs::File::create(&lines).unwrap());
    for index in 0..catalogue.len() {
        writeln!(file, "{}", catalogue.product(index).unwrap()).unwrap();
    }
    file.flush().unwrap();
    let plan = FaultPlan::none().wall(Wall::None);
    let shop = FakeShop::start(Arc::clone(catalogue), plan).await.unwrap();
    let store = format!("sqlite:{}", folder.join("crawl.db").display());
    let mut crawl = vec!["--store", &store, "crawl", "--rps", "unlimited"];
    let url = shop.url();
    crawl.extend(["--allow-private", "127.0.0.0/8", &url]);
    figures.run("command: crawl", &crawl).await;
    let lines = lines.display().to_string();
    let out = folder.join("top_k.csv").display().to_string();
    figures
        .run(
            "command: rank FILE",
            &["rank", &lines, "-k", "100", "--out", &out],
        )
        .await;
}

/// CPU seconds per 100,000 products, by step, in the order of measuring.
#[derive(Default)]
struct Figures(Vec<(String, f64)>);

impl Figures {
    fn measure(&mut self, step: &str, work: impl FnOnce()) {
        let began = cpu_seconds();
        work();
        self.add(step, cpu_seconds() - began);
    }

    /// Runs the program, which is built beside this one, and measures what it used.
    async fn run(&mut self, step: &str, args: &[&str]) {
        let began = children_cpu_seconds();
        let mut command = Command::new(program());
        command
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = tokio::task::spawn_blocking(move || command.status())
            .await
            .unwrap()
            .unwrap();
        assert!(status.success(), "{step} failed");
        self.add(step, children_cpu_seconds() - began);
    }

    fn add(&mut self, step: &str, seconds: f64) {
        self.0.push((
            step.to_owned(),
            seconds * 100_000.0 / (N_PAGES * PAGE_SIZE) as f64,
        ));
    }

    fn print(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.tsv");
        let saved = fs::read_to_string(&path).unwrap_or_default();
        let before: HashMap<&str, f64> = saved
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(step, seconds)| Some((step, seconds.parse().ok()?)))
            .collect();
        println!(
            "{:<22} {:>14} {:>8} {:>7}",
            "step", "CPU s per 100k", "before", "ratio"
        );
        for (step, seconds) in &self.0 {
            match before.get(step.as_str()) {
                Some(before) if *before > 0.0 => println!(
                    "{step:<22} {seconds:>14.2} {before:>8.2} {:>7.2}",
                    seconds / before
                ),
                _ => println!("{step:<22} {seconds:>14.2} {:>8} {:>7}", "-", "-"),
            }
        }
        if std::env::args().any(|arg| arg == "--save") {
            let lines = self
                .0
                .iter()
                .map(|(step, seconds)| format!("{step}\t{seconds:.2}\n"));
            fs::write(&path, lines.collect::<String>()).unwrap();
        }
    }
}

fn program() -> PathBuf {
    let examples = std::env::current_exe().unwrap();
    let program = examples.parent().unwrap().with_file_name("trouvaille");
    assert!(
        program.exists(),
        "build the program first: cargo build --release"
    );
    program
}

/// CPU seconds of this process so far, user and system.
fn cpu_seconds() -> f64 {
    ticks(11)
}

/// The same of the children that have ended.
fn children_cpu_seconds() -> f64 {
    ticks(13)
}

/// Adds two neighbouring fields of `/proc/self/stat`, counted behind the program's name.
fn ticks(first: usize) -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = fields[first..first + 2]
        .iter()
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    ticks as f64 / TICKS_PER_SECOND
}

fn shop() -> Shop {
    crawler::shop_at("https://bench.example").unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn megabytes(pages: &[Vec<u8>]) -> f64 {
    pages.iter().map(Vec::len).sum::<usize>() as f64 / 1e6
}
