//! Processes that share out the shops of one store: every shop is done once, and none is left out.
//!
//! `scripts/soak` runs it in full: 16 processes and 2,000 shops.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use catalog::{CrawlReport, LeaseAnswer, Outcome, ShopKey, Start, Store};
use store::OpenMode;

use crate::live::{self, with_database};
use crate::made::{at, key, last_page, products, shop};

/// Set for the processes that a test starts: the store that they share.
const STORE: &str = "TROUVAILLE_LEASES_STORE";
const PROCESSES: &str = "TROUVAILLE_SOAK_PROCESSES";
const SHOPS: &str = "TROUVAILLE_SOAK_SHOPS";

/// Long enough for the slowest machine; a process that ends gives its leases back.
const TTL_MS: u64 = 600_000;

/// What one process did.
#[derive(Debug, Default)]
struct Worked {
    n_done: usize,
    n_found_done: usize,
    n_held: usize,
}

#[tokio::test]
async fn processes_share_out_the_shops_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    share_out(&format!("sqlite:{}", folder.path().join("x.db").display())).await;
}

mod mongodb {
    use super::*;

    #[tokio::test]
    async fn processes_share_out_the_shops_of_a_replica_set() {
        let server = crate::server::variable(live::REPLICA_SET);
        with_database(&server, "leases", async |uri, _| share_out(uri).await).await;
    }
}

mod mongodb_standalone {
    use super::*;

    #[tokio::test]
    async fn processes_share_out_the_shops_of_a_standalone_server() {
        let server = crate::server::variable(live::STANDALONE);
        with_database(&server, "leases", async |uri, _| share_out(uri).await).await;
    }
}

/// Also what each of the processes runs, then on the store that they share.
#[tokio::test]
async fn a_process_alone_does_every_shop() {
    if let Some(uri) = variable(STORE) {
        let store = store::open(&uri, OpenMode::Create).await.unwrap();
        println!("\nready");
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        let worked = work(&*store, &hosts(&uri)).await;
        let Worked {
            n_done,
            n_found_done,
            n_held,
        } = worked;
        println!("\nworked {n_done} {n_found_done} {n_held}");
        return;
    }
    let store = store::open("sqlite::memory:", OpenMode::Create)
        .await
        .unwrap();
    let hosts = ["a.example", "b.example", "c.example"].map(str::to_owned);
    let worked = work(&*store, &hosts).await;
    assert_eq!((worked.n_done, worked.n_held), (3, 0));
    assert_done_once(&*store, &hosts).await;
    let again = work(&*store, &hosts).await;
    assert_eq!((again.n_done, again.n_found_done), (0, 3));
}

/// Starts processes that all go over the same shops at once, and checks what they left.
async fn share_out(uri: &str) {
    let n_processes = number(PROCESSES).unwrap_or(4);
    // All open the store, which is not there yet, and wait for the end of their input.
    let mut processes: Vec<Process> = (0..n_processes).map(|_| Process::start(uri)).collect();
    processes.iter_mut().for_each(Process::wait_until_ready);
    let began = Instant::now();
    processes
        .iter_mut()
        .for_each(|it| drop(it.child.stdin.take()));
    let worked: Vec<Worked> = processes.into_iter().map(Process::end).collect();
    let seconds = began.elapsed().as_secs_f64();

    let hosts = hosts(uri);
    let store = store::open(uri, OpenMode::Existing).await.unwrap();
    assert_done_once(&*store, &hosts).await;
    let sum = |count: fn(&Worked) -> usize| worked.iter().map(count).sum::<usize>();
    assert_eq!(sum(|it| it.n_done), hosts.len(), "{worked:?}");
    let n_busy = worked.iter().filter(|it| it.n_done > 0).count();
    assert!(n_busy > 1, "one process did all: {worked:?}");
    println!(
        "soak: leases: {} by {n_processes} processes, {} shops in {seconds:.1} s ({:.0}/s), \
         {} held by another, {} done by another, 0 twice, 0 lost",
        uri.split(':').next().unwrap_or_default(),
        hosts.len(),
        hosts.len() as f64 / seconds,
        sum(|it| it.n_held),
        sum(|it| it.n_found_done),
    );
}

/// Goes over `hosts` until each is done, by this process or another.
async fn work(store: &dyn Store, hosts: &[String]) -> Worked {
    let owner = format!("process {}", std::process::id());
    let mut worked = Worked::default();
    let mut left: Vec<ShopKey> = hosts.iter().map(|host| key(host)).collect();
    while !left.is_empty() {
        let mut held = Vec::new();
        for shop in left {
            let answer = store.lease_shop(&shop, &owner, TTL_MS, None).await.unwrap();
            let LeaseAnswer::Granted(lease) = answer else {
                worked.n_held += 1;
                held.push(shop);
                continue;
            };
            if last_pass(store, &shop)
                .await
                .is_none_or(|it| it.outcome.is_none())
            {
                crawl_small(store, &lease).await;
                worked.n_done += 1;
            } else {
                worked.n_found_done += 1;
            }
            store.release_lease(&lease).await.unwrap();
        }
        left = held;
    }
    worked
}

async fn last_pass(store: &dyn Store, shop: &ShopKey) -> Option<CrawlReport> {
    store.crawls(Some(shop), 1).await.unwrap().pop()
}

/// A complete pass of one page.
async fn crawl_small(store: &dyn Store, lease: &catalog::Lease) {
    let host = lease.shop.as_str();
    let begun = store
        .begin_crawl(lease, &shop(host), Start::Fresh, at(0))
        .await
        .unwrap();
    let page = last_page(1, products(host, 0..2));
    let counts = store.apply_page(&begun.ticket, page).await.unwrap();
    assert_eq!(counts.new, 2, "{host}");
    store
        .finish_crawl(&begun.ticket, Outcome::Complete, at(1))
        .await
        .unwrap();
}

async fn assert_done_once(store: &dyn Store, hosts: &[String]) {
    let crawls = store.crawls(None, usize::MAX).await.unwrap();
    assert_eq!(crawls.len(), hosts.len());
    let expected: BTreeSet<ShopKey> = hosts.iter().map(|host| key(host)).collect();
    let found: BTreeSet<ShopKey> = crawls.iter().map(|it| it.key.shop.clone()).collect();
    assert_eq!(found, expected);
    for crawl in &crawls {
        assert_eq!(crawl.key.n, 1, "{crawl:?}");
        assert_eq!(crawl.outcome, Some(Outcome::Complete), "{crawl:?}");
        assert_eq!((crawl.counts.pages, crawl.counts.new), (1, 2), "{crawl:?}");
    }
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.n_products, 2 * hosts.len() as u64);
    assert_eq!(stats.n_observations, 2 * hosts.len() as u64);
    for status in store.shops().await.unwrap() {
        assert_eq!(status.lease, None, "{}", status.shop.key);
    }
}

/// A process that runs [`a_process_alone_does_every_shop`].
struct Process {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Process {
    fn start(uri: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "leases::a_process_alone_does_every_shop",
                "--nocapture",
            ])
            .env(STORE, uri)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    fn wait_until_ready(&mut self) {
        self.line("ready");
    }

    fn end(mut self) -> Worked {
        let line = self.line("worked");
        let numbers: Vec<usize> = line.split(' ').map(|it| it.parse().unwrap()).collect();
        let &[n_done, n_found_done, n_held] = &numbers[..] else {
            panic!("{line}");
        };
        self.stdout.read_to_end(&mut Vec::new()).unwrap();
        assert!(self.child.wait().unwrap().success());
        Worked {
            n_done,
            n_found_done,
            n_held,
        }
    }

    /// Returns the rest of the next line that begins with `word`.
    fn line(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            let n_bytes = self.stdout.read_line(&mut line).unwrap();
            assert!(n_bytes > 0, "the process ended before it said {word:?}");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }
}

/// Returns the shops to share out; a server that syncs each write is much slower than a file.
fn hosts(uri: &str) -> Vec<String> {
    let usual = if uri.starts_with("sqlite:") { 200 } else { 60 };
    let n_shops = number(SHOPS).unwrap_or(usual);
    (0..n_shops).map(|n| format!("shop-{n}.example")).collect()
}

fn number(name: &str) -> Option<usize> {
    let text = variable(name)?;
    Some(text.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how scripts/soak asks for more, and a test tells its processes what to do"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
