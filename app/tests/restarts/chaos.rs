//! Any process killed at random moments and started again at once, as a cluster does it, while tasks crawl shops and write
//! summaries.
//!
//! The moments come from a seed, which every failure tells; `scripts/soak chaos` goes on for minutes.

use std::time::Duration;

use serde_json::json;
use testkit::{Catalogue, FakeLlm, LlmPlan, NORTH_LOFT};
use tokio::time::Instant;

use super::shops::{Shops, assert_same};
use super::{UNDISTURBED, assistants, at};
use crate::agents::replica::Replica;
use crate::agents::{SHORT_LEASE, server, until};
use crate::kills::{Random, crawl, number, seeds};
use crate::mcp::assistant::structured;
use crate::mcp::endpoint::Endpoint;
use crate::program::{Home, PROGRAM, Run};

/// Shops at a time of one agent.
const CONCURRENCY: usize = 4;

/// Products that are summarized again in each pass.
const N_SUMMARIZED: usize = 40;

/// What is killed, and how often.
#[derive(Debug, Clone, Copy)]
struct Form {
    n_shops: usize,
    shops_per_task: usize,
    latency: Duration,
    lease_seconds: &'static str,
    /// From one kill to the next; `None` for so many requests as the seed says.
    between_kills: Option<Duration>,
    /// Passes begin until this is over; the first one always.
    time: Duration,
    /// Kills in one pass at most, behind which it is left alone.
    most_kills: usize,
}

const SHORT: Form = Form {
    n_shops: 6,
    shops_per_task: 2,
    latency: Duration::from_millis(150),
    lease_seconds: SHORT_LEASE,
    between_kills: None,
    time: Duration::ZERO,
    most_kills: 8,
};

/// The lease is the configured one.
const LONG: Form = Form {
    n_shops: 40,
    shops_per_task: 5,
    latency: Duration::from_secs(2),
    lease_seconds: "10.0",
    between_kills: Some(Duration::from_secs(5)),
    time: Duration::ZERO,
    most_kills: 1_000,
};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_the_crawls_end_as_undisturbed_ones() {
    run("sqlite:shops.db", "a file").await;
}

pub(super) async fn run(store: &str, on: &str) {
    let form = match number("TROUVAILLE_SOAK_CHAOS_SECONDS") {
        Some(seconds) => Form {
            time: Duration::from_secs(seconds),
            ..LONG
        },
        None => SHORT,
    };
    let seed = seeds().start;
    println!("seed {seed}");
    let mut world = World::start(form, store, seed).await;
    let began = Instant::now();
    while world.tally.n_passes == 0 || world.disturbed < form.time {
        world.pass().await;
    }
    world.tally.print(on, world.disturbed, began.elapsed());
}

/// What runs, and what it works on.
struct World<'a> {
    form: Form,
    store: &'a str,
    home: Home,
    shops: Shops,
    llm: FakeLlm,
    random: Random,
    /// The time in which processes were killed.
    disturbed: Duration,
    tally: Tally,
}

/// What the kills came to.
#[derive(Debug, Default)]
struct Tally {
    n_passes: usize,
    n_tasks: usize,
    n_pages: usize,
    n_pages_again: usize,
    /// By [`Kind`].
    n_kills: [usize; 3],
    /// The longest time from a kill to the next process that serves.
    longest_start: Duration,
}

impl Tally {
    fn print(&self, on: &str, disturbed: Duration, all: Duration) {
        let [agents, summarizers, assistants] = self.n_kills;
        assert!(self.n_kills != [0; 3], "nobody was killed: {self:?}");
        println!(
            "soak: chaos on {on}: {} kills in {:.0} s ({agents} of agents, {summarizers} of the summarizer, {assistants} \
             of the MCP server), {} tasks in {} passes, {} pages, {} fetched again, serving again after {} ms at most; \
             all complete and identical after {:.0} s",
            agents + summarizers + assistants,
            disturbed.as_secs_f64(),
            self.n_tasks,
            self.n_passes,
            self.n_pages,
            self.n_pages_again,
            self.longest_start.as_millis(),
            all.as_secs_f64(),
        );
    }
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shops,
    Summaries,
    Assistants,
}

/// The processes that run at a time.
const KINDS: [Kind; 5] = [
    Kind::Shops,
    Kind::Shops,
    Kind::Shops,
    Kind::Summaries,
    Kind::Assistants,
];

/// A process that is started again whenever it is killed.
enum Process {
    Agent(Kind, Replica),
    Assistants(Endpoint),
}

/// A task, and which kind of agent has it.
type Task = (Kind, String);

impl<'a> World<'a> {
    /// Starts shops of one to three pages, and makes two stores with a ranking of some products.
    async fn start(form: Form, store: &'a str, seed: u64) -> Self {
        let home = Home::new();
        let catalogue = Catalogue::generate(&NORTH_LOFT, N_SUMMARIZED, 5);
        home.write("loft.json", catalogue.to_json());
        let imported = ["import", "loft.json", "--shop", "https://loft.example"];
        for store in [store, UNDISTURBED] {
            for args in [&imported[..], &["rank", "--out", "ranked.csv"]] {
                run_at(&now(0), &home, &[args, &["--store", store]].concat());
            }
        }
        let sizes: Vec<usize> = (0..form.n_shops).map(|n| 120 + n % 3 * 240).collect();
        Self {
            form,
            store,
            home,
            shops: Shops::start(&sizes).await,
            llm: FakeLlm::start(LlmPlan::none().latency(form.latency))
                .await
                .unwrap(),
            random: Random(seed),
            disturbed: Duration::ZERO,
            tally: Tally::default(),
        }
    }

    /// Crawls all shops undisturbed, then by tasks while processes are killed, and compares what is stored.
    async fn pass(&mut self) {
        let n = self.tally.n_passes + 1;
        if n > 1 {
            self.shops.change(n);
        }
        self.shops.go_on();
        let n_before = self.shops.n_pages_asked();
        let urls = crawl(&self.shops.urls(), UNDISTURBED);
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        run_at(&now(n), &self.home, &urls);
        let n_usual = self.shops.n_pages_asked() - n_before;

        self.shops.slow_down(self.form.latency);
        let mut processes: Vec<Process> = KINDS.iter().map(|&it| self.begin(it, n)).collect();
        let tasks = self.ask(&processes).await;
        let began = Instant::now();
        self.kill_until_done(&mut processes, &tasks, n).await;
        self.disturbed += began.elapsed();
        drop(processes);
        let n_asked = self.shops.n_pages_asked() - n_before - n_usual;
        let tally = &mut self.tally;
        tally.n_passes = n;
        tally.n_tasks += tasks.len();
        tally.n_pages += n_usual;
        tally.n_pages_again += n_asked - n_usual;
        let most_again = tally.n_kills[0] * CONCURRENCY;
        assert!(tally.n_pages_again <= most_again, "{tally:?}");
        assert_same(&self.home, self.store);
    }

    /// Starts a process of a kind, which records the time of pass `n`.
    fn begin(&self, kind: Kind, n: usize) -> Process {
        let (home, store) = (&self.home, self.store);
        let agent = match kind {
            Kind::Shops => "shopify",
            Kind::Summaries => "summarizer",
            Kind::Assistants => return Process::Assistants(assistants::start(home, store)),
        };
        let mut command = server(home, &["agent", agent], store, self.form.lease_seconds);
        command
            .env("TROUVAILLE__AGENT__CONCURRENCY", CONCURRENCY.to_string())
            .env("TROUVAILLE__LLM__MODEL", "test-model")
            .env("TROUVAILLE__LLM__BASE_URL", self.llm.base_url())
            .env("TROUVAILLE__LLM__IN_FLIGHT", CONCURRENCY.to_string());
        Process::Agent(kind, Replica::start(at(&now(n), command)))
    }

    /// Asks for all shops in tasks of some, and for summaries.
    async fn ask(&self, processes: &[Process]) -> Vec<Task> {
        let mut tasks = Vec::new();
        for urls in self.shops.urls().chunks(self.form.shops_per_task) {
            let id = replica_of(Kind::Shops, processes).crawl(urls).await;
            tasks.push((Kind::Shops, id));
        }
        let request = json!({"schema": "summarize-request/1", "skill": "summarize-products", "topK": N_SUMMARIZED});
        let id = replica_of(Kind::Summaries, processes).begin(&request);
        tasks.push((Kind::Summaries, id.await));
        tasks
    }

    async fn kill_until_done(&mut self, processes: &mut [Process], tasks: &[Task], n: usize) {
        let mut next = Instant::now();
        for n_kills in 0.. {
            let is_left_alone = n_kills == self.form.most_kills;
            if is_left_alone {
                self.shops.go_on();
                until("the tasks end", async || are_done(processes, tasks).await).await;
            } else {
                self.random_moment(&mut next).await;
            }
            if are_done(processes, tasks).await {
                return;
            }
            self.kill_one(processes, n);
        }
    }

    /// Waits until the next kill is due.
    async fn random_moment(&mut self, next: &mut Instant) {
        if let Some(between_kills) = self.form.between_kills {
            *next += between_kills;
            tokio::time::sleep_until(*next).await;
            return;
        }
        let n_requests = self.shops.n_requests() + 1 + self.random.below(6) as usize;
        let began = Instant::now();
        until("work goes on, or is over", async || {
            // Nobody asks any more where all is done, or waits for the end of a lease.
            self.shops.n_requests() >= n_requests || began.elapsed() > Duration::from_secs(2)
        })
        .await;
    }

    fn kill_one(&mut self, processes: &mut [Process], n: usize) {
        let victim = self.random.below(processes.len() as u64) as usize;
        let began = Instant::now();
        let kind = processes[victim].kill();
        self.tally.n_kills[kind as usize] += 1;
        processes[victim] = self.begin(kind, n);
        let started = began.elapsed();
        self.tally.longest_start = self.tally.longest_start.max(started);
        if let Process::Assistants(server) = &processes[victim] {
            structured(&server.call("", "list_shops", &json!({})));
        }
    }
}

impl Process {
    /// Ends it as a power cut would; returns its kind.
    fn kill(&mut self) -> Kind {
        match self {
            Self::Agent(kind, replica) => {
                replica.kill();
                *kind
            }
            Self::Assistants(endpoint) => {
                endpoint.kill();
                Kind::Assistants
            }
        }
    }
}

/// Returns an agent of a kind.
fn replica_of(wanted: Kind, processes: &[Process]) -> &Replica {
    let replica = processes.iter().find_map(|it| match it {
        Process::Agent(kind, replica) if *kind == wanted => Some(replica),
        _ => None,
    });
    replica.expect("one of each kind runs")
}

/// Returns whether all tasks are completed. None ends otherwise.
async fn are_done(processes: &[Process], tasks: &[Task]) -> bool {
    for (kind, id) in tasks {
        let replica = replica_of(*kind, processes);
        let task = replica.task(id).await;
        match task["status"]["state"].as_str().unwrap() {
            "TASK_STATE_COMPLETED" => {}
            "TASK_STATE_SUBMITTED" | "TASK_STATE_WORKING" => return false,
            _ => panic!("{task}: {}", replica.said()),
        }
    }
    true
}

/// Returns the time that pass `n` records.
fn now(n: usize) -> String {
    format!("2026-{:02}-{:02}T12:00:00Z", 1 + n / 28, 1 + n % 28)
}

fn run_at(now: &str, home: &Home, args: &[&str]) {
    let mut command = home.bare_command(std::path::Path::new(PROGRAM));
    command.args(args);
    let run: Run = at(now, command).output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:#?}");
}
