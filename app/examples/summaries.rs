//! What summaries promise in figures, measured on the real program and an endpoint on loopback.
//!
//! `cargo run --release -p app --example summaries -- speed 10000`. The program must be built beside it. `scripts/soak`
//! calls it. Each figure has a bound, and the program exits with 1 when one is broken. What kills cost is measured by
//! the test that checks it.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement that may end at its first failure"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use testkit::{Catalogue, FakeLlm, LlmPlan, NORTH_LOFT};
use tokio::time::Instant;

const LATENCY: Duration = Duration::from_millis(200);
const IN_FLIGHT: usize = 32;

/// The least share of what the endpoint can answer.
const LEAST_SHARE: f64 = 0.9;

/// The most memory of the command.
const MOST_MB: u64 = 100;

/// How often the command is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The unit of the kernel's CPU counters, on every Linux.
const TICK: Duration = Duration::from_millis(10);

const NOW: &str = "2026-01-31T12:00:00Z";

#[tokio::main]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |usual: usize| {
        let text = args.get(1);
        text.map_or(usual, |it| it.parse().expect("a number"))
    };
    let is_kept = match args.first().map(String::as_str) {
        Some("speed") => speed(number(10_000)).await,
        _ => panic!("usage: summaries speed [N]"),
    };
    match is_kept {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Summarizes so many products, and again, when all are there already.
async fn speed(n_products: usize) -> bool {
    let home = ranked_home(n_products);
    let llm = FakeLlm::start(LlmPlan::none().latency(LATENCY))
        .await
        .unwrap();
    let first = summarize(&home, &llm, n_products).await;
    let n_requests = llm.n_requests();
    assert_eq!(n_requests, n_products, "one request for each product");
    let ceiling = IN_FLIGHT as f64 / LATENCY.as_secs_f64();
    let rate = n_products as f64 / first.asking.as_secs_f64();
    println!(
        "soak: {n_products} summaries, {IN_FLIGHT} in flight, {} ms each: {:.1} s in all, {:.1} s from the first \
         request to the last one, {rate:.1} per second, {:.1} % of the ceiling; {:.1} s of CPU; {} MB at most; {} at most in flight",
        LATENCY.as_millis(),
        first.whole.as_secs_f64(),
        first.asking.as_secs_f64(),
        100.0 * rate / ceiling,
        first.cpu.as_secs_f64(),
        first.most_kb / 1024,
        llm.most_in_flight(),
    );
    let again = summarize(&home, &llm, n_products).await;
    println!(
        "soak: the same again: {} requests, {:.1} s, {:.1} s of CPU, {} MB at most",
        llm.n_requests() - n_requests,
        again.whole.as_secs_f64(),
        again.cpu.as_secs_f64(),
        again.most_kb / 1024,
    );
    let is_kept =
        rate >= LEAST_SHARE * ceiling && first.most_kb.max(again.most_kb) < MOST_MB * 1024;
    if !is_kept {
        println!("soak: BROKEN: at least {LEAST_SHARE} of the ceiling, less than {MOST_MB} MB");
    }
    is_kept
}

/// How a run went.
struct Run {
    whole: Duration,
    /// From the first request to the end of the last.
    asking: Duration,
    /// The processor's time, up to the last look.
    cpu: Duration,
    most_kb: u64,
}

async fn summarize(home: &TempDir, llm: &FakeLlm, n_products: usize) -> Run {
    let began = Instant::now();
    let n_before = llm.n_requests();
    let k = n_products.to_string();
    let mut command = command(home, &["summarize", "-k", &k, "--out", "texts.jsonl"]);
    command
        .env("TROUVAILLE__LLM__MODEL", "m")
        .env("TROUVAILLE__LLM__BASE_URL", llm.base_url())
        .env("TROUVAILLE__LLM__IN_FLIGHT", IN_FLIGHT.to_string());
    let mut child = command.spawn().unwrap();
    let (mut first, mut last) = (None, began);
    let (mut cpu, mut most_kb) = (Duration::ZERO, 0);
    let mut n_seen = n_before;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let n_requests = llm.n_requests();
        if n_requests > n_before {
            first.get_or_insert_with(Instant::now);
        }
        if n_requests > n_seen {
            (n_seen, last) = (n_requests, Instant::now());
        }
        most_kb = memory_kb(&child).unwrap_or(most_kb);
        cpu = cpu_time(&child).unwrap_or(cpu);
        tokio::time::sleep(LOOK).await;
    };
    assert!(status.success(), "{status}");
    Run {
        whole: began.elapsed(),
        asking: last + LATENCY - first.unwrap_or(last),
        cpu,
        most_kb,
    }
}

/// A folder whose store has so many products in a ranking.
fn ranked_home(n_products: usize) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 5);
    let line = |index| catalogue.product(index).unwrap().to_string();
    let lines: Vec<String> = (0..catalogue.len()).map(line).collect();
    fs::write(home.path().join("loft.example.jsonl"), lines.join("\n")).unwrap();
    let k = n_products.to_string();
    for args in [
        &["import", "loft.example.jsonl"][..],
        &["rank", "-k", &k, "--out", "top_k.csv"],
    ] {
        assert!(command(&home, args).status().unwrap().success(), "{args:?}");
    }
    home
}

fn command(home: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(args)
        .args(["--store", "sqlite:shop.db", "--now", NOW])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
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

/// Returns the most memory that a process had so far, as long as it is there.
fn memory_kb(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Returns the processor's time that a process took so far, as long as it is there.
fn cpu_time(child: &Child) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    // Behind the name, which may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(TICK * u32::try_from(ticks(11)? + ticks(12)?).ok()?)
}
