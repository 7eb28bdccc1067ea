//! `trouvaille summarize` from outside: what it writes and says, what it asks of an endpoint, and what that costs.

use std::process::Command;

use serde_json::Value;
use testkit::{Catalogue, FakeLlm, LlmFault, LlmOn, LlmPlan, Manner, NORTH_LOFT};

use crate::program::{Home, Run};

mod inputs;
mod lists;
mod refusals;
mod secrets;

/// The key of the endpoint, which nothing may show.
const KEY: &str = "s3cret-key";

/// A price of a million tokens that makes sums easy.
const PRICES: &str = "{ 'test-model' = { input = 1.0, output = 2.0 } }";

/// A home with a ranking of so many products.
fn home_with(n: usize) -> Home {
    let home = Home::new();
    home.write(
        "loft.json",
        Catalogue::generate(&NORTH_LOFT, n, 5).to_json(),
    );
    home.ok(["import", "loft.json", "--shop", "https://loft.example"]);
    home.ok(["rank", "-k", &n.to_string()]);
    home
}

/// A home beside an endpoint.
struct World {
    home: Home,
    llm: FakeLlm,
}

impl World {
    async fn of(n: usize, plan: LlmPlan) -> Self {
        let llm = FakeLlm::start(plan).await.unwrap();
        let home = home_with(n);
        Self { home, llm }
    }

    fn command(&self, args: &[&str]) -> Command {
        with_model(&self.home, &self.llm.base_url(), args)
    }

    fn run(&self, args: &[&str]) -> Run {
        let run: Run = self.command(args).output().unwrap().into();
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(!shown.contains(KEY), "{run:#?}");
        run
    }

    fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{run:#?}");
        run
    }
}

/// Returns the command in a home that has a model at `base_url`, and does not wait between attempts.
fn with_model(home: &Home, base_url: &str, args: &[&str]) -> Command {
    let mut command = home.command([&["summarize"], args].concat());
    for (name, value) in [
        ("MODEL", "test-model"),
        ("BASE_URL", base_url),
        ("API_KEY", KEY),
        ("BACKOFF_SECONDS", "0"),
        ("PRICES", PRICES),
    ] {
        command.env(format!("TROUVAILLE__LLM__{name}"), value);
    }
    command
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

#[test]
fn without_a_key_summaries_are_made_of_the_facts_alone_and_say_so() {
    let home = home_with(4);
    let run = home.run(["summarize", "-k", "3"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(
        run.stdout
            .matches("(made without a language model; product:")
            .count(),
        3
    );
    for words in [
        "no language model: no model is configured",
        "store: ",
        "3 made without a language model",
    ] {
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }
    let french = home.ok(["summarize", "-k", "1", "--lang", "fr"]);
    assert!(
        french.contains("(rédigé sans modèle de langue; product:"),
        "{french}"
    );
    let again = home.run(["summarize", "-k", "3"]);
    assert!(again.stderr.contains("3 unchanged and kept"), "{again:#?}");
    assert_eq!(again.stdout, run.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_models_texts_are_stored_with_where_they_come_from_and_cost_nothing_again() {
    let world = World::of(3, LlmPlan::none()).await;
    let run = world.ok(&["--lang", "en,fr", "--json"]);
    let told = json(&run);
    let summaries = told["summaries"].as_array().unwrap();
    assert_eq!(summaries.len(), 6, "{run:#?}");
    assert_eq!(told["totals"]["counts"]["written"], 6, "{run:#?}");
    for it in summaries {
        let source = &it["source"];
        assert_eq!(
            (&source["kind"], &source["model"]),
            (&"llm".into(), &"test-model".into())
        );
        assert_eq!(source["endpoint"], world.llm.addr().to_string());
        assert!(source["cost"]["nanos"].as_u64() > Some(0), "{it}");
        assert!(!it["facts"].as_array().unwrap().is_empty(), "{it}");
    }
    assert!(told["totals"]["cost"].as_f64() > Some(0.0), "{run:#?}");
    assert_eq!(world.llm.n_requests(), 6);
    let authorizations = world.llm.requests().into_iter().map(|it| it.authorization);
    assert!(
        authorizations
            .into_iter()
            .all(|it| it == format!("Bearer {KEY}"))
    );

    let again = world.ok(&["--lang", "en,fr"]);
    assert_eq!(
        world.llm.n_requests(),
        6,
        "an unchanged product costs nothing"
    );
    assert!(
        again.stdout.contains("(by test-model at 127.0.0.1:"),
        "{again:#?}"
    );
    assert!(again.stderr.contains("6 unchanged and kept"), "{again:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_is_sent_back_and_then_replaced_by_the_facts() {
    let world = World::of(2, LlmPlan::none().manner(Manner::Lying(1))).await;
    let mended = json(&world.ok(&["-k", "1", "--json"]));
    assert_eq!(
        mended["summaries"][0]["source"]["repaired"], true,
        "{mended:#}"
    );

    world.llm.set_plan(LlmPlan::none().manner(Manner::Lying(9)));
    let run = world.ok(&["--json"]);
    let told = json(&run);
    assert_eq!(told["totals"]["counts"]["kept"], 1, "{run:#?}");
    let liar = &told["summaries"][1]["source"];
    assert_eq!(liar["kind"], "extractive", "{run:#?}");
    assert!(liar["instead"]["code"].is_string(), "{run:#?}");
    assert!(
        run.stderr
            .contains("1 made without a language model instead ("),
        "{run:#?}"
    );

    world.llm.set_plan(LlmPlan::none());
    let honest = json(&world.ok(&["--json"]));
    assert_eq!(
        honest["totals"]["counts"]["written"], 1,
        "a fall-back keeps nobody from asking again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_and_writes_nothing() {
    let world = World::of(4, LlmPlan::none()).await;
    world.ok(&["-k", "1"]);
    let run = world.ok(&["--dry-run"]);
    for words in [
        "stored     1,",
        "requests   3 to test-model",
        "cost       about 0.0",
        "nothing was sent",
    ] {
        assert!(run.stdout.contains(words), "{words}: {run:#?}");
    }
    let told = json(&world.ok(&["--dry-run", "--max-requests", "2", "--json"]));
    assert_eq!(told["over_budget"][0], "requests", "{told}");
    assert_eq!(world.llm.n_requests(), 1);
    assert_eq!(json(&world.ok(&["--dry-run", "--json"]))["stored"], 1);

    let mut keyless = world.command(&["--dry-run"]);
    keyless
        .env("TROUVAILLE__LLM__API_KEY", "")
        .env("TROUVAILLE__LLM__PRICES", "{}");
    keyless.env("TROUVAILLE__LLM__BASE_URL", "https://api.openai.com/v1");
    let run: Run = keyless.output().unwrap().into();
    assert_eq!(run.code, Some(0), "{run:#?}");
    for words in [
        "requests   3 to test-model",
        "no price configured for test-model",
    ] {
        assert!(run.stdout.contains(words), "{words}: {run:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_at_its_budget_and_goes_on_when_it_is_called_again() {
    let world = World::of(5, LlmPlan::none()).await;
    let run = world.run(&["--max-requests", "2", "--json"]);
    assert_eq!(run.code, Some(3), "{run:#?}");
    let told = json(&run);
    assert_eq!(told["totals"]["counts"]["left"]["budget"], 3, "{run:#?}");
    assert!(
        run.stderr
            .contains("run it again to go on, or raise the limit"),
        "{run:#?}"
    );
    assert_eq!(world.llm.n_requests(), 2);

    let run = world.run(&["--max-requests", "2", "--any-outcome"]);
    assert_eq!((run.code, world.llm.n_requests()), (Some(0), 4), "{run:#?}");
    world.ok(&[]);
    assert_eq!(world.llm.n_requests(), 5);
    let billed = world.llm.answered_by_subject();
    assert!(
        billed.values().all(|&n| n == 1),
        "nothing is paid twice: {billed:?}"
    );

    let run = world.run(&["--lang", "fr", "--max-tokens", "1"]);
    run.assert_fails(
        1,
        &["left (budget): one request needs up to ", "raise the limit"],
    );
    assert!(run.stdout.is_empty(), "{run:#?}");
    let run = world.run(&["--lang", "fr", "--max-cost", "0.000001"]);
    run.assert_fails(1, &["budget"]);
    assert_eq!(world.llm.n_requests(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_keeps_what_it_has_and_says_how_to_go_on() {
    let slow = LlmPlan::none().fault(LlmOn::any().from(3), LlmFault::Hang);
    let world = World::of(6, slow).await;
    let mut command = world.command(&[]);
    command.env("TROUVAILLE__LLM__IN_FLIGHT", "2");
    let child = command.spawn().unwrap();
    world.llm.wait_for_requests(4).await;
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert_eq!(run.stdout.matches("(by test-model").count(), 2, "{run:#?}");
    for words in ["4 left (interrupted)", "run it again to go on"] {
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }

    world.llm.set_plan(LlmPlan::none());
    let again = world.ok(&[]);
    assert!(
        again.stderr.contains("4 written, 2 unchanged and kept"),
        "{again:#?}"
    );
    let billed = world.llm.answered_by_subject();
    assert!(billed.values().all(|&n| n == 1), "{billed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_at_once_pay_once_although_one_is_done_early() {
    let slow = LlmPlan::none().latency(std::time::Duration::from_millis(500));
    let world = World::of(6, slow).await;
    let mut long = world.command(&[]);
    let long = long.env("TROUVAILLE__LLM__IN_FLIGHT", "1").spawn().unwrap();
    world.llm.wait_for_requests(1).await;
    // It has room for all that the other one has not begun, and is done long before that.
    let short = world.ok(&["-k", "1"]);
    let long = Run::from(long.wait_with_output().unwrap());
    assert_eq!(long.code, Some(0), "{long:#?}");
    assert!(short.stderr.contains("1 unchanged and kept"), "{short:#?}");
    assert!(long.stderr.contains("6 written"), "{long:#?}");
    let asked = world.llm.requests_by_subject();
    assert!(
        asked.len() == 6 && asked.values().all(|&n| n == 1),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_nothing_behind_that_the_next_one_waits_for() {
    let world = World::of(
        4,
        LlmPlan::none().fault(LlmOn::any().from(2), LlmFault::Hang),
    )
    .await;
    let mut command = world.command(&[]);
    command.env("TROUVAILLE__LLM__IN_FLIGHT", "1");
    let mut child = command.spawn().unwrap();
    world.llm.wait_for_requests(2).await;
    child.kill().unwrap();
    child.wait().unwrap();

    world.llm.set_plan(LlmPlan::none());
    let again = world.ok(&[]);
    assert!(
        again.stderr.contains("3 written, 1 unchanged and kept"),
        "{again:#?}"
    );
    assert_eq!(world.llm.n_requests(), 2 + 3);
}
