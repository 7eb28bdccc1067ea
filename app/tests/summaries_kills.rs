//! A command that writes summaries, killed at random moments and called again until it is done: every product has one
//! summary then, and little is paid twice.
//!
//! The moments come from a seed, which every failure tells; `scripts/soak summaries` does it with many more.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use catalog::{Record, RecordKind, Store, Summary, SummarySource};
use store::OpenMode;
use testkit::{Catalogue, FakeLlm, LlmPlan, NORTH_LOFT};
use tokio::time::Instant;

use crate::kills::{Random, Running, number, seeds};
use crate::program::Home;

const FILE: &str = "loft.example.jsonl";
const STORE: &str = "sqlite:shop.db";

/// What a run after a kill waits for at most, where the run before was in the middle of.
const LEASE_SECONDS: &str = "1.0";

/// How much is done, and how fast.
#[derive(Debug, Clone, Copy)]
struct Size {
    n_products: usize,
    n_kills: usize,
    in_flight: usize,
    latency: Duration,
}

/// More than lies between two requests and a kill.
const SLOW: Duration = Duration::from_secs(2);

const SMALL: Size = Size {
    n_products: 60,
    n_kills: 3,
    in_flight: 4,
    latency: Duration::from_millis(20),
};

const LARGE: Size = Size {
    n_products: 10_000,
    n_kills: 20,
    in_flight: 32,
    latency: Duration::from_millis(200),
};

#[tokio::test(flavor = "multi_thread")]
async fn every_product_has_one_summary_however_often_the_command_is_killed() {
    let size = match number("TROUVAILLE_SOAK_SUMMARY_KILLS") {
        Some(n_kills) => Size {
            n_kills: n_kills as usize,
            ..LARGE
        },
        None => SMALL,
    };
    for seed in seeds() {
        kill_summaries(size, seed).await;
    }
}

async fn kill_summaries(size: Size, seed: u64) {
    let home = ranked_home(size.n_products);
    let llm = FakeLlm::start(plan(size.latency)).await.unwrap();
    let mut random = Random(seed);
    let began = Instant::now();
    let mut n_killed = 0;
    for _ in 0..size.n_kills {
        let mut run = Running::start(summarize(&home, &llm, size));
        random_moment(&mut random, &llm, size, &mut run).await;
        let was_there = run.kill().await;
        llm.set_plan(plan(size.latency));
        run.assert_killed_or_well(seed).await;
        n_killed += usize::from(was_there);
    }
    let last = summarize(&home, &llm, size).output().unwrap();
    assert!(last.status.success(), "seed {seed}: {last:?}");
    let n_requests = llm.n_requests();
    let most = size.n_products + size.in_flight * n_killed;
    assert!(
        n_requests <= most,
        "seed {seed}: {n_requests} requests, {most} expected"
    );
    assert!(n_killed > 0, "seed {seed}: nobody was killed");
    assert_one_summary_each(&home, size, seed).await;
    // What is there is paid for.
    let again = summarize(&home, &llm, size).output().unwrap();
    assert!(again.status.success(), "seed {seed}: {again:?}");
    assert_eq!(llm.n_requests(), n_requests, "seed {seed}");
    let billed: usize = llm.answered_by_subject().into_values().sum();
    println!(
        "soak: summaries: seed {seed}: {} products, {n_killed} kills, {n_requests} requests of {most} allowed, \
         {billed} answered, {:.0} s",
        size.n_products,
        began.elapsed().as_secs_f64(),
    );
}

fn plan(latency: Duration) -> LlmPlan {
    LlmPlan::none().latency(latency)
}

/// Waits until a random number of requests more, then a little, but not beyond the end of `run`.
async fn random_moment(random: &mut Random, llm: &FakeLlm, size: Size, run: &mut Running) {
    let share = 2 * size.n_products / (size.n_kills + 1);
    let n_requests = llm.n_requests() + random.below(share as u64) as usize;
    let a_little = random.below(2 * size.latency.as_micros() as u64);
    tokio::select! {
        // What is asked from here on waits, so that there is something to kill on every machine.
        () = llm.wait_for_requests(n_requests) => llm.set_plan(plan(SLOW)),
        () = run.end() => {}
    }
    run.end_within(Duration::from_micros(a_little)).await;
}

/// A home whose store has so many products in a ranking.
fn ranked_home(n_products: usize) -> Home {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 5);
    let line = |index| catalogue.product(index).unwrap().to_string();
    let lines: Vec<String> = (0..catalogue.len()).map(line).collect();
    home.write(FILE, lines.join("\n"));
    home.ok(["import", FILE, "--store", STORE]);
    let k = n_products.to_string();
    home.ok(["rank", "-k", &k, "--out", "top_k.csv", "--store", STORE]);
    home
}

fn summarize(home: &Home, llm: &FakeLlm, size: Size) -> Command {
    let k = size.n_products.to_string();
    let mut command = home.command(["-q", "summarize", "-k", &k, "--out", "texts.jsonl"]);
    command
        .args(["--store", STORE])
        .env("TROUVAILLE__LLM__MODEL", "m")
        .env("TROUVAILLE__LLM__BASE_URL", llm.base_url())
        .env("TROUVAILLE__LLM__IN_FLIGHT", size.in_flight.to_string())
        .env("TROUVAILLE__AGENT__LEASE_SECONDS", LEASE_SECONDS);
    command
}

/// Every product has the one summary that its facts ask for, of the model.
async fn assert_one_summary_each(home: &Home, size: Size, seed: u64) {
    let uri = format!("sqlite:{}", home.path().join("shop.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    let mut by_subject: HashMap<String, usize> = HashMap::new();
    for summary in summaries(store.as_ref()).await {
        let is_of_the_model = matches!(summary.source, SummarySource::Llm(_));
        assert!(is_of_the_model, "seed {seed}: {summary:?}");
        *by_subject.entry(summary.subject).or_default() += 1;
    }
    assert_eq!(by_subject.len(), size.n_products, "seed {seed}");
    let most = by_subject.iter().max_by_key(|(_, n)| **n).unwrap();
    assert_eq!(*most.1, 1, "seed {seed}: {most:?}");
}

async fn summaries(store: &dyn Store) -> Vec<Summary> {
    const BLOCK: usize = 1_000;
    let mut summaries = Vec::new();
    let mut behind = None;
    loop {
        let records = store.records(RecordKind::Summary, behind.as_ref(), BLOCK);
        let records = records.await.unwrap();
        behind = records.last().map(Record::key);
        let n_records = records.len();
        summaries.extend(records.into_iter().filter_map(|it| match it {
            Record::Summary(summary) => Some(*summary),
            _ => None,
        }));
        if n_records < BLOCK {
            return summaries;
        }
    }
}
