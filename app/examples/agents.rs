//! What agents promise in figures, measured on real processes and fake shops on loopback.
//!
//! `cargo run --release -p app --example agents -- cancels 100`; also `subscribers 500` and `politeness`. The program
//! must be built beside it. `scripts/soak` calls it. Each figure has a bound, and the program exits with 1 when one is
//! broken. Takeovers are measured by the tests that check them.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that may end at its first failure"
)]

#[path = "../tests/agents/replica.rs"]
#[expect(dead_code, reason = "tests use the rest of it")]
mod replica;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use replica::{Replica, assert_gap_free};
use tempfile::TempDir;
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT, Wall};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Within this, 99 of 100 cancels are answered.
const CANCEL_P99: Duration = Duration::from_millis(50);

/// No request reaches the shop later than this behind the reply of the process that works on it.
const LAST_OF_OWNER: Duration = Duration::from_millis(100);

/// The same where another process was asked to cancel.
const LAST_OF_ANOTHER: Duration = Duration::from_millis(500);

/// The most memory of an agent whose task has many subscribers.
const MOST_MB: u64 = 100;

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |usual: usize| {
        let text = args.get(1);
        text.map_or(usual, |it| it.parse().expect("a number"))
    };
    let mut bounds = Bounds::default();
    match args.first().map(String::as_str) {
        Some("cancels") => cancels(number(100), &mut bounds).await,
        Some("subscribers") => subscribers(number(500), &mut bounds).await,
        Some("politeness") => politeness(number(5), &mut bounds).await,
        _ => panic!("usage: agents cancels [N] | subscribers [N] | politeness [REPLICAS]"),
    }
    bounds.judged()
}

/// What was promised and not kept.
#[derive(Debug, Default)]
struct Bounds {
    broken: Vec<String>,
}

impl Bounds {
    fn keep(&mut self, is_kept: bool, what: &str, figure: &dyn std::fmt::Debug) {
        if !is_kept {
            self.broken.push(format!("{what}: {figure:?}"));
        }
    }

    fn judged(self) -> ExitCode {
        for broken in &self.broken {
            println!("soak: BROKEN: {broken}");
        }
        match self.broken.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}

/// Cancels tasks in the middle, through their owner and through another process by turns.
async fn cancels(n_rounds: usize, bounds: &mut Bounds) {
    let home = tempfile::tempdir().unwrap();
    let owner = agent(&home, "unlimited");
    let other = agent(&home, "unlimited");
    let (mut same, mut foreign) = (Cancels::default(), Cancels::default());
    for round in 0..n_rounds {
        let shop = shop(10_000, Duration::from_millis(15)).await;
        let id = owner.crawl(&[shop.url()]).await;
        shop.wait_for_requests(4 + round % 5).await;
        let (through, figures) = match round % 2 {
            0 => (&owner, &mut same),
            _ => (&other, &mut foreign),
        };
        let began = Instant::now();
        through.cancel(&id).await;
        let replied = Instant::now();
        figures.replies.push(replied - began);
        // Longer than any request may come behind.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let requests = shop.requests();
        assert!(requests.len() < 42, "round {round} was not in the middle");
        let last = requests.last().unwrap().at;
        figures.lasts.push(last.saturating_duration_since(replied));
        let n_late = requests.iter().filter(|it| it.at > replied).count();
        figures.n_late += n_late;
    }
    same.print("the owner", LAST_OF_OWNER, bounds);
    foreign.print("another process", LAST_OF_ANOTHER, bounds);
}

#[derive(Default)]
struct Cancels {
    replies: Vec<Duration>,
    lasts: Vec<Duration>,
    n_late: usize,
}

impl Cancels {
    fn print(mut self, through: &str, latest: Duration, bounds: &mut Bounds) {
        if self.replies.is_empty() {
            return;
        }
        println!(
            "soak: {} cancels through {through}: reply {}; last request behind the reply {}; {} requests in all",
            self.replies.len(),
            shares(&mut self.replies),
            shares(&mut self.lasts),
            self.n_late,
        );
        let slowest = ranked(&self.replies, 99);
        bounds.keep(slowest < CANCEL_P99, "p99 of replies to a cancel", &slowest);
        let last = ranked(&self.lasts, 100);
        bounds.keep(last <= latest, "last request behind a reply", &last);
    }
}

/// Follows one task by many streams, and looks at the memory of the agent.
async fn subscribers(n_subscribers: usize, bounds: &mut Bounds) {
    let home = tempfile::tempdir().unwrap();
    let agent = agent(&home, "4");
    let shop = shop(5_000, Duration::from_millis(50)).await;
    let id = agent.crawl(&[shop.url()]).await;
    let before = memory_kb(agent.pid(), "VmRSS");
    let mut streams = JoinSet::new();
    for _ in 0..n_subscribers {
        let events = agent.subscribe(&id).await;
        streams.spawn(events.collect());
    }
    let during = memory_kb(agent.pid(), "VmRSS");
    let mut n_events = 0;
    while let Some(events) = streams.join_next().await {
        let events = events.unwrap();
        assert_eq!(assert_gap_free(&events), "TASK_STATE_COMPLETED");
        n_events += events.len();
    }
    let most = memory_kb(agent.pid(), "VmHWM");
    println!(
        "soak: {n_subscribers} subscribers, {n_events} events told, all gap-free: {} MB before, {} MB with all of \
         them, {} MB at most",
        before / 1024,
        during / 1024,
        most / 1024,
    );
    bounds.keep(most < MOST_MB * 1024, "memory in KiB", &most);
}

/// Asks several processes for the same shop, and measures what reaches it.
async fn politeness(n_replicas: usize, bounds: &mut Bounds) {
    const PER_SECOND: usize = 2;
    let home = tempfile::tempdir().unwrap();
    let replicas: Vec<Replica> = (0..n_replicas)
        .map(|_| agent(&home, &PER_SECOND.to_string()))
        .collect();
    let shop = shop(2_000, Duration::from_millis(5)).await;
    let mut followed = JoinSet::new();
    for replica in &replicas {
        let id = replica.crawl(&[shop.url()]).await;
        let events = replica.subscribe(&id).await;
        followed.spawn(events.collect());
    }
    while let Some(events) = followed.join_next().await {
        assert_eq!(assert_gap_free(&events.unwrap()), "TASK_STATE_COMPLETED");
    }
    let times: Vec<Instant> = shop.requests().iter().map(|it| it.at).collect();
    let whole = times[times.len() - 1] - times[0];
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    let least = gaps.min().unwrap();
    let rate = (times.len() - 1) as f64 / whole.as_secs_f64();
    println!(
        "soak: {n_replicas} processes, one shop, {PER_SECOND} requests/s configured: {} requests in {:.1} s, {rate:.3} \
         per second, at least {} ms between two, at most {} in any second, {} in any ten seconds",
        times.len(),
        whole.as_secs_f64(),
        least.as_millis(),
        most_within(&times, Duration::from_secs(1)),
        most_within(&times, Duration::from_secs(10)),
    );
    bounds.keep(rate <= PER_SECOND as f64, "requests per second", &rate);
}

/// Returns the most requests in any time of this length.
fn most_within(times: &[Instant], length: Duration) -> usize {
    let n_from = |first: &Instant| {
        let within = times.iter().filter(|it| *it >= first);
        within.filter(|it| **it - *first < length).count()
    };
    times.iter().map(n_from).max().unwrap_or_default()
}

async fn shop(n_products: usize, latency: Duration) -> FakeShop {
    let plan = FaultPlan::none().latency(latency).wall(Wall::None);
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 7);
    FakeShop::start(catalogue, plan).await.unwrap()
}

fn agent(home: &TempDir, rps: &str) -> Replica {
    let store = format!("sqlite:{}", home.path().join("agents.db").display());
    let mut command = Command::new(program());
    command
        .args([
            "agent",
            "shopify",
            "--listen",
            "127.0.0.1:0",
            "--ops",
            "none",
        ])
        .args([
            "--allow-private",
            "127.0.0.0/8",
            "--rps",
            rps,
            "--store",
            &store,
        ])
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Replica::start(command)
}

/// Returns the program, which is built beside this one.
fn program() -> PathBuf {
    let example = std::env::current_exe().unwrap();
    let folder = example.parent().and_then(Path::parent).unwrap();
    let program = folder.join("trouvaille");
    assert!(
        program.exists(),
        "build the program first: cargo build --release -p app"
    );
    program
}

/// Returns a figure of the kernel about a process.
fn memory_kb(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let figure = line.split_whitespace().nth(1).unwrap();
    figure.parse().unwrap()
}

/// Sorts the times, and returns what there is to say of them.
fn shares(times: &mut [Duration]) -> String {
    times.sort();
    let at = |percent: usize| ranked(times, percent).as_secs_f64() * 1e3;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        at(50),
        at(99),
        at(100)
    )
}

/// Returns the time of the nearest rank, so that a few rounds do not hide their worst one.
fn ranked(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}
