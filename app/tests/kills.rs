//! Processes killed at random moments and called again until they are done, against undisturbed ones.
//!
//! The moments come from a seed, which every failure tells; `scripts/soak` runs many rounds.

use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use catalog::{Outcome, ProductId, Start, Store, UnixMs};
use crawler::fetch::{FetchConfig, Fetcher};
use crawler::{CrawlOptions, LeaseTerms, Progress, shop_at};
use serde_json::json;
use store::OpenMode;
use testkit::{
    ATELIER_LUMEN, Catalogue, FakeShop, FaultPlan, KUMO_STATIONERY, NORTH_LOFT, ShopProfile,
};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::crawling::LEASE;
use crate::program::{Home, NOW, PROGRAM};
use crate::stored::{Stored, exports, ids_of, native_id, product_id};

/// Runs of one pass that are killed; the one behind them is left alone.
pub(crate) const MOST_KILLS: usize = 8;

const SIGKILL: i32 = 9;

/// The product that another one takes the place of when the shops change.
const REPLACED: usize = 260;

#[tokio::test(flavor = "multi_thread")]
async fn crawls_killed_at_random_moments_end_as_undisturbed_ones() {
    let mut tally = Tally::default();
    for seed in seeds() {
        kill_crawls(seed, &mut tally).await;
    }
    assert!(tally.n_kills > 0, "nobody was killed: {tally:?}");
    println!("soak: crawls: {tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_killed_at_random_moments_and_called_again_end_as_undisturbed_ones() {
    const FILE: &str = "loft.example.jsonl";
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 2_500, 5);
    let lines: Vec<String> = (0..catalogue.len())
        .map(|index| catalogue.product(index).unwrap().to_string())
        .collect();
    home.write(FILE, lines.join("\n"));
    let began = Instant::now();
    home.ok(["import", FILE, "--store", "sqlite:undisturbed.db"]);
    let usual = began.elapsed();
    let ids = ids_of(&catalogue, &"loft.example".parse().unwrap());
    let undisturbed = Stored::of(&home, "undisturbed.db", &ids)
        .await
        .without_passes();
    let (mut n_rounds, mut n_kills) = (0, 0);
    for seed in seeds() {
        let mut random = Random(seed);
        let db = format!("killed-{seed}.db");
        let store = format!("sqlite:{db}");
        let import = ["import", FILE, "--store", &store];
        for _ in 0..4 {
            let mut run = Running::start(home.command(import));
            let moment = random.below(usual.as_micros() as u64);
            run.end_within(Duration::from_micros(moment)).await;
            n_kills += usize::from(run.kill().await);
            run.assert_killed_or_well(seed).await;
        }
        // An import begins anew each time, and is a pass of its own.
        home.ok(import);
        let killed = Stored::of(&home, &db, &ids).await.without_passes();
        killed.assert_same(&undisturbed, seed);
        n_rounds += 1;
    }
    println!("soak: imports: Tally {{ n_rounds: {n_rounds}, n_kills: {n_kills} }}");
}

/// What a kill leaves is what the files hold at that moment. They are copied between the store's answer and the
/// crawl's next step: behind the last page that is before the pass is ended, where no signal comes reliably.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_right_behind_any_page_costs_the_last_page_at_most() {
    for (n_products, last_page) in [(620, 3), (750, 4)] {
        let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 3);
        let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
        let home = Home::new();
        let n_pages = AtomicU32::new(0);
        let on_page = |progress: Progress| {
            n_pages.store(progress.page, Ordering::Relaxed);
            copy_store(&home, "shop.db", &format!("{}.db", progress.page));
        };
        crawl_here(&home, &shop, &on_page).await;
        assert_eq!(n_pages.into_inner(), last_page);
        let undisturbed = exports(&home, "sqlite:shop.db");
        for page in 1..=last_page {
            let store = format!("sqlite:{page}.db");
            home.ok(crawl(&[shop.url()], &store));
            assert!(exports(&home, &store) == undisturbed, "behind page {page}");
            let again: Vec<u32> = ((page + 1).min(last_page)..=last_page).collect();
            assert_eq!(
                pages_asked(&shop).last(),
                Some(&again),
                "behind page {page}"
            );
        }
    }
}

/// Crawls in this process, into `shop.db`.
async fn crawl_here(home: &Home, fake: &FakeShop, on_page: &(dyn Fn(Progress) + Sync)) {
    let uri = format!("sqlite:{}", home.path().join("shop.db").display());
    let store = store::open(&uri, OpenMode::Create).await.unwrap();
    let fetcher = Fetcher::new(FetchConfig {
        requests_per_second: None,
        platform_requests_per_second: None,
        total_requests_per_second: None,
        allow_private: vec!["127.0.0.0/8".parse().unwrap()],
        ..FetchConfig::default()
    })
    .unwrap();
    let options = CrawlOptions {
        start: Start::Fresh,
        max_pages: None,
        currency: None,
        started_at: UnixMs::parse(NOW).unwrap(),
        // This process lives on while the copies of its store are used; none of them is to wait for it.
        lease: LeaseTerms {
            ttl: Duration::ZERO,
            ..LEASE
        },
        spares_paused: false,
        task: None,
    };
    let now = UnixMs::parse(NOW).unwrap();
    let report = crawler::crawl(
        &shop_at(&fake.url()).unwrap(),
        &options,
        &fetcher,
        store.as_ref(),
        &|| now,
        &CancellationToken::new(),
        on_page,
    )
    .await
    .unwrap();
    assert_eq!(report.outcome, Some(Outcome::Complete));
}

/// Two passes over changing shops, each killed again and again; then everything stored is compared.
async fn kill_crawls(seed: u64, tally: &mut Tally) {
    let world = World::start().await;
    let (killed, undisturbed) = (Home::new(), Home::new());
    let mut random = Random(seed);
    for pass in 1..=2 {
        if pass == 2 {
            world.change();
        }
        let run = crawl_at(pass, &undisturbed, &world.urls(), "sqlite:shop.db")
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let n_before: Vec<usize> = world.asked().iter().map(Vec::len).collect();
        let n_kills = kill_until_done(&world, &killed, pass, &mut random, seed).await;
        tally.n_kills += n_kills;
        for (asked, n_before) in world.asked().iter().zip(n_before) {
            tally.count_pages(&asked[n_before..], seed);
        }
    }
    let ids = world.ids();
    let undisturbed = Stored::of(&undisturbed, "shop.db", &ids).await;
    Stored::of(&killed, "shop.db", &ids)
        .await
        .assert_same(&undisturbed, seed);
    tally.n_rounds += 1;
}

/// Calls the same command until its pass over each shop has ended, and returns how often it was killed.
pub(crate) async fn kill_until_done(
    world: &World,
    home: &Home,
    pass: u64,
    random: &mut Random,
    seed: u64,
) -> usize {
    let mut n_kills = 0;
    loop {
        if world.left(home, pass).await.is_empty() {
            return n_kills;
        }
        let mut run = Running::start(crawl_at(pass, home, &world.urls(), "sqlite:shop.db"));
        if n_kills < MOST_KILLS {
            world.random_moment(random, &mut run).await;
            n_kills += usize::from(run.kill().await);
        }
        run.assert_killed_or_well(seed).await;
    }
}

/// Returns the crawl of one pass; each has a time of its own, as real ones do.
pub(crate) fn crawl_at(pass: u64, home: &Home, urls: &[String], store: &str) -> Command {
    let mut command = home.bare_command(Path::new(PROGRAM));
    command
        .args(crawl(urls, store))
        .args(["--now", &format!("2026-01-{}T12:00:00Z", 28 + pass)]);
    command
}

/// What the rounds came to.
#[derive(Debug, Default)]
struct Tally {
    n_rounds: usize,
    n_kills: usize,
    n_pages: usize,
    n_pages_again: usize,
    most_again_per_shop_and_kill: usize,
}

impl Tally {
    /// Counts the pages that the processes of one pass asked a shop for: in order, and each process may repeat
    /// the one page that the process before it was killed at.
    fn count_pages(&mut self, asked_by_process: &[Vec<u32>], seed: u64) {
        let mut last_page = 0;
        for asked in asked_by_process {
            let n_again = asked.iter().filter(|page| **page <= last_page).count();
            for &page in asked {
                let goes_on = page == last_page || page == last_page + 1;
                assert!(goes_on, "seed {seed}: {asked_by_process:?}");
                last_page = page;
            }
            assert!(n_again <= 1, "seed {seed}: {asked_by_process:?}");
            self.n_pages += asked.len();
            self.n_pages_again += n_again;
            self.most_again_per_shop_and_kill = self.most_again_per_shop_and_kill.max(n_again);
        }
    }
}

/// Three shops of 13 pages in all; some products are damaged, one list ends with an empty page.
pub(crate) struct World {
    shops: Vec<(FakeShop, Catalogue)>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(FaultPlan::none()).await
    }

    pub(crate) async fn start_with(plan: FaultPlan) -> Self {
        let shops: [(&ShopProfile, usize); 3] = [
            (&NORTH_LOFT, 880),
            (&KUMO_STATIONERY, 1_000),
            (&ATELIER_LUMEN, 770),
        ];
        let mut started = Vec::new();
        for (profile, n_products) in shops {
            let mut catalogue = Catalogue::generate(profile, n_products, 11);
            for index in (3..n_products).step_by(97) {
                catalogue.edit(index, |product| {
                    product["variants"][0]["price"] = json!("-5");
                });
            }
            let plan = plan.clone().latency(Duration::from_millis(10));
            let shop = FakeShop::start(catalogue.clone(), plan).await.unwrap();
            started.push((shop, catalogue));
        }
        Self { shops: started }
    }

    /// Changes prices, takes products away and adds one.
    pub(crate) fn change(&self) {
        for (shop, catalogue) in &self.shops {
            let mut catalogue = catalogue.clone();
            for index in (5..catalogue.len()).step_by(41) {
                catalogue.edit(index, |product| {
                    product["variants"][0]["price"] = json!("77.70");
                });
            }
            let mut new = catalogue.remove(REPLACED);
            new["id"] = json!(new["id"].as_u64().unwrap() + 1);
            catalogue.push(&new);
            catalogue.remove(20);
            shop.set_catalogue(catalogue);
        }
    }

    /// Changes a price of each shop, on its second page.
    pub(crate) fn change_one(&self) {
        for (shop, catalogue) in &self.shops {
            let mut catalogue = catalogue.clone();
            catalogue.edit(REPLACED, |product| {
                product["variants"][0]["price"] = json!("77.70");
            });
            shop.set_catalogue(catalogue);
        }
    }

    /// Gives the shops back what they had at first.
    pub(crate) fn restore(&self) {
        for (shop, catalogue) in &self.shops {
            shop.set_catalogue(catalogue.clone());
        }
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.shops.iter().map(|(shop, _)| shop.url()).collect()
    }

    /// Returns what each shop was asked for, by process.
    fn asked(&self) -> Vec<Vec<Vec<u32>>> {
        let asked = self.shops.iter().map(|(shop, _)| pages_asked(shop));
        asked.collect()
    }

    /// Returns how many requests named a version.
    pub(crate) fn n_asked_by_version(&self) -> usize {
        let requests = self.shops.iter().flat_map(|(shop, _)| shop.requests());
        requests.filter(|it| !it.if_none_match.is_empty()).count()
    }

    /// Returns the ids of all products that the shops ever had.
    pub(crate) fn ids(&self) -> Vec<ProductId> {
        let of_shop = |(shop, catalogue): &(FakeShop, Catalogue)| {
            let key = shop_at(&shop.url()).unwrap().key;
            let mut ids = ids_of(catalogue, &key);
            ids.push(product_id(&key, native_id(catalogue, REPLACED) + 1));
            ids
        };
        self.shops.iter().flat_map(of_shop).collect()
    }

    /// Returns the shops whose pass number `pass` has not ended.
    async fn left(&self, home: &Home, pass: u64) -> Vec<String> {
        if !home.path().join("shop.db").exists() {
            return self.urls();
        }
        // A look at the store itself would repair what the next run has to find as the kill left it.
        copy_store(home, "shop.db", "look.db");
        let uri = format!("sqlite:{}", home.path().join("look.db").display());
        let store = store::open(&uri, OpenMode::Create).await.unwrap();
        self.left_in(store.as_ref(), pass).await
    }

    pub(crate) async fn left_in(&self, store: &dyn Store, pass: u64) -> Vec<String> {
        let mut left = self.urls();
        for status in store.shops().await.unwrap() {
            let ended = status
                .last_crawl
                .filter(|it| it.key.n == pass && it.outcome.is_some());
            if let Some(crawl) = ended {
                assert_eq!(crawl.outcome, Some(Outcome::Complete));
                left.retain(|url| *url != status.shop.url);
            }
        }
        left
    }

    /// Waits until a random moment, but not beyond the end of `run`: so many more requests to one of the shops,
    /// then a little.
    pub(crate) async fn random_moment(&self, random: &mut Random, run: &mut Running) {
        let (shop, _) = &self.shops[random.below(3) as usize];
        let n_requests = shop.requests().len() + random.below(8) as usize;
        let a_little = Duration::from_micros(random.below(80_000));
        tokio::select! {
            () = shop.wait_for_requests(n_requests) => run.end_within(a_little).await,
            () = run.end() => {}
        }
    }
}

/// A process, whose end shows at its standard output.
pub(crate) struct Running {
    child: Child,
    stdout: JoinHandle<()>,
    has_ended: bool,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let read = move || {
            io::copy(&mut stdout, &mut io::sink()).unwrap();
        };
        Self {
            child,
            stdout: tokio::task::spawn_blocking(read),
            has_ended: false,
        }
    }

    /// Waits for the end. Cancel-safe: it only waits.
    pub(crate) async fn end(&mut self) {
        if !self.has_ended {
            (&mut self.stdout).await.unwrap();
            self.has_ended = true;
        }
    }

    pub(crate) async fn end_within(&mut self, time: Duration) {
        tokio::time::timeout(time, self.end()).await.ok();
    }

    /// Kills the process, and returns whether it was still there.
    pub(crate) async fn kill(&mut self) -> bool {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        self.end().await;
        status.signal() == Some(SIGKILL)
    }

    pub(crate) async fn assert_killed_or_well(&mut self, seed: u64) {
        self.end().await;
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        let pipe = self.child.stderr.as_mut().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        let is_fine = status.success() || status.signal() == Some(SIGKILL);
        assert!(is_fine, "seed {seed}: {status}: {stderr}");
    }
}

/// Numbers from a seed: `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Returns the seeds of the rounds: 1 to 3, unless `scripts/soak` asks for others.
pub(crate) fn seeds() -> Range<u64> {
    up_to(3)
}

/// Returns the seeds of as many rounds as `scripts/soak` asks for, and of `n_rounds` in an ordinary test.
pub(crate) fn up_to(n_rounds: u64) -> Range<u64> {
    let first = number("TROUVAILLE_SOAK_SEED").unwrap_or(1);
    first..first + number("TROUVAILLE_SOAK_ROUNDS").unwrap_or(n_rounds)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how scripts/soak asks for more rounds"
)]
pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{variable}: {e}")))
}

pub(crate) fn crawl(urls: &[String], store: &str) -> Vec<String> {
    let mut args = vec!["crawl".to_owned()];
    args.extend_from_slice(urls);
    let options = [
        "--allow-private",
        "127.0.0.0/8",
        "--rps",
        "unlimited",
        "--store",
        store,
    ];
    args.extend(options.map(str::to_owned));
    args
}

/// Copies a store as a kill leaves it: the file, and what SQLite keeps beside it.
pub(crate) fn copy_store(home: &Home, from: &str, to: &str) {
    for suffix in ["", "-wal", "-journal"] {
        let path = |name: &str| home.path().join(format!("{name}{suffix}"));
        if path(from).exists() {
            fs::copy(path(from), path(to)).unwrap();
        } else {
            fs::remove_file(path(to)).ok();
        }
    }
}

/// Returns the pages that a shop was asked for, oldest first, by process: each begins with `/meta.json`.
fn pages_asked(shop: &FakeShop) -> Vec<Vec<u32>> {
    let mut asked: Vec<Vec<u32>> = Vec::new();
    for request in shop.requests() {
        if request.path == "/meta.json" {
            asked.push(Vec::new());
        } else if let Some(page) = request.path.strip_prefix("/products.json?limit=250&page=") {
            asked.last_mut().unwrap().push(page.parse().unwrap());
        }
    }
    asked
}
