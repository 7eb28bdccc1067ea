//! `crawl --via`: an agent crawls, and the command follows it, whatever happens between them.

mod cuttable;

use std::process::{Child, Command};
use std::time::Duration;

use catalog::{CrawlReport, Outcome};
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use self::cuttable::Cuttable;
use crate::agents::replica::Replica;
use crate::agents::{ENDLESS_LEASE, SHORT_LEASE, agent, pages_asked, server, slow_shop};
use crate::program::{Home, Run};

const STORE: &str = "sqlite:agents.db";

/// Starts an agent that callers reach through `way` alone.
fn agent_behind(way: &Cuttable, home: &Home, lease_seconds: &str) -> Replica {
    let mut command = server(home, &["agent", "shopify"], STORE, lease_seconds);
    command.args(["--public-url", &way.url()]);
    let agent = Replica::start(command);
    way.lead_to(agent.listens());
    agent
}

fn via(agent: &str, rest: &[&str]) -> Vec<String> {
    let args = ["crawl", "--via", agent];
    args.iter().chain(rest).map(|&it| it.to_owned()).collect()
}

fn interrupt(child: &Child) {
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Returns the numbers of the events that a command told of with `-vv`.
fn numbers(run: &Run) -> Vec<u64> {
    let told = run.stderr.lines().filter_map(|line| {
        let (_, rest) = line.split_once("event ")?;
        rest.strip_suffix(" of the task")?.parse().ok()
    });
    told.collect()
}

/// The first number is that behind the task's first snapshot.
#[track_caller]
fn assert_each_once(numbers: &[u64]) {
    let is_gap_free = numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    assert!(numbers.len() > 2 && is_gap_free, "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_crawls_and_the_command_shows_what_came_of_it() {
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(520).await;
    let agent = agent(&there, STORE, ENDLESS_LEASE);
    let run = here.run(via(&agent.url(), &[&shop.url()]));
    assert_eq!(run.code, Some(0), "{run:#?}");
    for word in ["complete", "520"] {
        assert!(run.stdout.contains(word), "{run:#?}");
    }
    for word in [
        "Trouvaille for Shopify",
        &agent.url(),
        "task ",
        "/artifacts/",
    ] {
        assert!(run.stderr.contains(word), "{word:?} is not in {run:#?}");
    }
    assert_eq!(pages_asked(&shop), [1, 2, 3]);
    let products = there.ok(["export", "products", "--store", STORE]);
    assert_eq!(products.lines().count(), 1 + 520);
    let n_files = std::fs::read_dir(here.path()).unwrap().count();
    assert_eq!(n_files, 0, "nothing is stored on this side");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_are_those_of_a_crawl_without_an_agent() {
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(520).await;
    let agent = agent(&there, STORE, ENDLESS_LEASE);
    let rest = [&shop.url(), "--json", "--out", "report.json"];
    let printed = here.ok(via(&agent.url(), &rest));
    let theirs: Vec<CrawlReport> = serde_json::from_str(&printed).unwrap();
    assert_eq!(theirs[0].outcome, Some(Outcome::Complete));
    assert_eq!(theirs[0].counts.products, 520);
    let written: Vec<CrawlReport> = serde_json::from_str(&here.read("report.json")).unwrap();
    assert_eq!(written, theirs);
    let ours = here.ok([
        "crawl",
        &shop.url(),
        "--allow-private",
        "127.0.0.0/8",
        "--json",
    ]);
    let ours: Vec<CrawlReport> = serde_json::from_str(&ours).unwrap();
    assert_eq!(theirs[0].counts, ours[0].counts);
    assert_eq!(theirs[0].key, ours[0].key);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_once_though_the_connection_is_cut_again_and_again() {
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(2_990).await;
    let way = Cuttable::open().await;
    let _agent = agent_behind(&way, &there, ENDLESS_LEASE);
    let args = via(&way.url(), &[&shop.url(), "-vv"]);
    let child = here.command(args).spawn().unwrap();
    for n_requests in [6, 9, 12] {
        shop.wait_for_requests(n_requests).await;
        way.cut();
    }
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
    for words in ["lost the connection", "connected again"] {
        assert!(run.stderr.contains(words), "{run:#?}");
    }
    assert_each_once(&numbers(&run));
    assert_eq!(pages_asked(&shop), (1..=12).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_is_followed_on_when_its_agent_is_killed() {
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(2_990).await;
    let way = Cuttable::open().await;
    let mut agent = agent_behind(&way, &there, SHORT_LEASE);
    let args = via(&way.url(), &[&shop.url(), "-vv"]);
    let child = here.command(args).spawn().unwrap();
    shop.wait_for_requests(9).await;
    agent.kill();
    let _other = agent_behind(&way, &there, SHORT_LEASE);
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_each_once(&numbers(&run));
    let mut pages = pages_asked(&shop);
    let n_asked = pages.len();
    pages.sort_unstable();
    pages.dedup();
    assert_eq!(pages, (1..=12).collect::<Vec<_>>());
    assert!(n_asked <= 13, "only the page in flight is asked for again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_the_agent_too() {
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(5_000).await;
    let agent = agent(&there, STORE, ENDLESS_LEASE);
    let child = here
        .command(via(&agent.url(), &[&shop.url()]))
        .spawn()
        .unwrap();
    shop.wait_for_requests(5).await;
    // From here on a page takes so long that the interrupt comes before the end on any machine.
    shop.set_plan(FaultPlan::none().latency(Duration::from_secs(3)));
    interrupt(&child);
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stdout.contains("partial (interrupted)"), "{run:#?}");
    let id = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("task "))
        .unwrap();
    let task = agent.task(id).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_CANCELED", "{run:#?}");
    assert!(pages_asked(&shop).len() < 20, "it was not in the middle");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_that_of_the_shops() {
    let (there, here) = (Home::new(), Home::new());
    let agent = agent(&there, STORE, ENDLESS_LEASE);
    let open = slow_shop(30).await;
    let catalogue = Catalogue::generate(&NORTH_LOFT, 30, 3);
    let robots = FaultPlan::none().robots("User-agent: *\nDisallow: /\n");
    let closed = FakeShop::start(catalogue.clone(), robots).await.unwrap();
    let failing = (FaultPlan::none().list_alone())
        .fault(On::path("/products.json"), Fault::Status(404, None));
    let hidden = FakeShop::start(catalogue, failing).await.unwrap();
    for (shops, code, word) in [
        (&[&open.url(), &closed.url()][..], 3, "robots"),
        (&[&closed.url()], 1, "robots"),
        (&[&hidden.url()], 1, "closed_feed"),
    ] {
        let shops: Vec<&str> = shops.iter().map(|it| it.as_str()).collect();
        let run = here.run(via(&agent.url(), &shops));
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert!(run.stdout.contains(word), "{word:?} is not in {run:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_from_the_environment() {
    // The SHA-256 of "12345678": a token that looks like a number is one all the same.
    const HASH: &str = "ef797c8118f02dfb649607dd5d3f8c7623048c9c063d532cc95c5ed7a898a64f";
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(30).await;
    let tokens = format!("[http]\ntokens = [{{ caller = \"alice\", sha256 = \"{HASH}\" }}]\n");
    there.write("config.toml", tokens);
    let mut command = server(&there, &["agent", "shopify"], STORE, ENDLESS_LEASE);
    command.args(["--config", "config.toml"]);
    let agent = Replica::start(command);
    let args = via(&agent.url(), &[&shop.url()]);
    let with = |token: &str| -> Run {
        let mut command = here.command(&args);
        command.env("TROUVAILLE__AGENT__TOKEN", token);
        command.output().unwrap().into()
    };
    here.run(&args)
        .assert_fails(1, &["asks for a token", "TROUVAILLE__AGENT__TOKEN"]);
    with("guess").assert_fails(1, &["refuses the token", "TROUVAILLE__AGENT__TOKEN"]);
    assert_eq!(with("12345678").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_system_is_not_called_instead() {
    let (there, here) = (Home::new(), Home::new());
    let shop = slow_shop(30).await;
    let agent = agent(&there, STORE, ENDLESS_LEASE);
    let nobody = Cuttable::open().await;
    let mut command = here.command(via(&agent.url(), &[&shop.url()]));
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        command.env(name, nobody.url());
    }
    let run = Run::from(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn what_an_agent_cannot_be_told_is_refused() {
    let home = Home::new();
    for (args, words) in [
        (&["--all"][..], "its own"),
        (
            &["a.example", "--allow-private", "10.0.0.0/8"],
            "--allow-private",
        ),
        (&["a.example", "--rps", "unlimited"], "--rps unlimited"),
        (&[], "no shops"),
    ] {
        let run = home.run([&["crawl", "--via", "http://127.0.0.1:9"], args].concat());
        run.assert_fails(2, &[words]);
    }
    for address in [
        "shop.example",
        "ftp://a.example",
        "http://me:secret@a.example",
    ] {
        let run = home.run(["crawl", "a.example", "--via", address]);
        run.assert_fails(2, &["--via: not an agent's address"]);
    }
}

#[test]
fn more_shops_than_a_request_takes_are_refused_before_anything_is_asked() {
    let home = Home::new();
    let shops: String = (0..501).map(|n| format!("{n}.example\n")).collect();
    home.write("shops.txt", shops);
    let run = home.run(via("http://127.0.0.1:9", &["--from", "shops.txt"]));
    run.assert_fails(2, &["501 shops", "500 at most"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_agent_is_said_to_be_none() {
    let home = Home::new();
    let shop = slow_shop(3).await;
    let run = home.run(via(&shop.url(), &["a.example"]));
    run.assert_fails(1, &["no agent card", "HTTP 404"]);
    shop.stop().await;
    let nobody = Cuttable::open().await;
    let run = home.run(via(&nobody.url(), &["a.example"]));
    run.assert_fails(1, &["cannot reach"]);
}
