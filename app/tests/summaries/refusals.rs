//! Endpoints that cannot work: each ends the run with its reason, and with what to do next.

use testkit::{LlmFault, LlmOn, LlmPlan};

use super::{World, home_with, json, with_model};
use crate::program::Run;

/// Runs against an endpoint that always does `fault`.
async fn run_against(fault: LlmFault, n: usize) -> (World, Run) {
    let world = World::of(n, LlmPlan::none().fault(LlmOn::any(), fault)).await;
    let run = world.run(&["--json"]);
    (world, run)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_settings_is_told_once_and_stops_the_run() {
    let key = "TROUVAILLE__LLM__API_KEY";
    for (fault, words, setting) in [
        (LlmFault::WrongKey, "Invalid API Key", key),
        (LlmFault::UnknownModel, "not found", "llm.model"),
        (LlmFault::UnknownPath, "404", "llm.base_url"),
        (LlmFault::NoDatabase, "No connected db", key),
        (LlmFault::ErrorList, "API key not valid", key),
        (
            LlmFault::Redirect("http://169.254.169.254/".to_owned()),
            "redirects to",
            "llm.base_url",
        ),
    ] {
        let (world, run) = run_against(fault.clone(), 30).await;
        run.assert_fails(1, &[words, setting]);
        let n_keys = run.stderr.matches(key).count();
        assert_eq!(n_keys, usize::from(setting == key), "{run:#?}");
        assert_eq!(
            json(&run)["totals"]["counts"]["left"]["configuration"],
            30,
            "{fault:?}"
        );
        // What was in flight when the first refusal came, and a little of what came behind it.
        assert!(
            world.llm.n_requests() <= 16,
            "{fault:?}: {}",
            world.llm.n_requests()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_down_ends_the_run_with_a_reason() {
    // A port that was free a moment ago, and that nobody listens on.
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let base_url = format!("http://{closed}/v1");
    // Few are tried one by one; of many the rest is not tried any more.
    for n in [2, 40] {
        let home = home_with(n);
        let run: Run = with_model(&home, &base_url, &["--json"])
            .output()
            .unwrap()
            .into();
        run.assert_fails(
            1,
            &["left (connect): ", "llm.base_url", &closed.to_string()],
        );
        let told = json(&run);
        assert_eq!(told["summaries"].as_array().map(Vec::len), Some(0));
        let left = told["totals"]["left"].as_array().map(Vec::len);
        assert_eq!(left, Some(n), "{run:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_quiet_is_told_why_nothing_came_of_it() {
    let world = World::of(2, LlmPlan::none().fault(LlmOn::any(), LlmFault::WrongKey)).await;
    for args in [&["-q"][..], &["--brief", "-q"]] {
        let run = world.run(args);
        run.assert_fails(1, &["Invalid API Key", "TROUVAILLE__LLM__API_KEY"]);
    }
    world.llm.set_plan(LlmPlan::none());
    let run = world.ok(&["-q"]);
    assert!(run.stderr.is_empty(), "{run:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_are_replaced_by_the_facts() {
    let page = LlmFault::Custom(200, "text/html", "<h1>Welcome</h1>".to_owned());
    for (fault, code, setting) in [
        (LlmFault::MalformedJson, 3, "llm.base_url"),
        (page, 3, "llm.base_url"),
        (LlmFault::EndlessBody, 3, "llm.base_url"),
        (LlmFault::NoChoices, 3, "llm.base_url"),
        (LlmFault::Status(500), 3, "run it again later"),
        // The model had its say.
        (LlmFault::Refusal, 0, "llm.model"),
        (LlmFault::GarbageStream, 3, "llm.base_url"),
    ] {
        let (_world, run) = run_against(fault.clone(), 1).await;
        assert_eq!(run.code, Some(code), "{fault:?}: {run:#?}");
        assert!(run.stderr.contains(setting), "{fault:?}: {run:#?}");
        let told = json(&run);
        let source = &told["summaries"][0]["source"];
        assert_eq!(source["kind"], "extractive", "{fault:?}: {run:#?}");
        assert!(source["instead"]["code"].is_string(), "{fault:?}: {run:#?}");
        assert!(
            run.stderr.contains("made without a language model instead"),
            "{fault:?}: {run:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_asks_for_an_hour_is_left_alone() {
    let (world, run) = run_against(LlmFault::RetryAfter("3600".to_owned()), 3).await;
    run.assert_fails(1, &["run it again later"]);
    assert_eq!(
        json(&run)["totals"]["counts"]["left"]["closed"],
        3,
        "{run:#?}"
    );
    assert!(world.llm.n_requests() <= 3);
}

#[test]
fn settings_that_cannot_work_are_usage_errors() {
    let home = home_with(1);
    let run = |name: &str, value: &str, args: &[&str]| {
        let mut command = with_model(&home, "http://127.0.0.1:1/v1", args);
        Run::from(command.env(name, value).output().unwrap())
    };
    run("TROUVAILLE__LLM__PRICES", "{}", &["--max-cost", "0.5"])
        .assert_fails(2, &["[llm.prices] \"test-model\" = {"]);
    run("TROUVAILLE__LLM__BASE_URL", "localhost:11434", &[]).assert_fails(2, &["llm.base_url"]);
    run("TROUVAILLE__LLM__IN_FLIGHT", "0", &[]).assert_fails(2, &["llm.in_flight = 0"]);
    run("TROUVAILLE__LLM__API_KEY_FILE", "no-such-file", &[]).assert_fails(2, &["both are set"]);
    run("HOME", "/", &["--lang", "de"]).assert_fails(2, &["en or fr"]);
    run("HOME", "/", &["--max-cost", "-1"]).assert_fails(2, &["an amount of money"]);
}
