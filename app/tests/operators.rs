//! What operators see of real processes: metrics, health, logs, and how a process ends.

mod mongodb_server;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};
use testkit::{Catalogue, FakeLlm, FakeShop, Fault, FaultPlan, LlmPlan, NORTH_LOFT, On};

use crate::agents::until;
use crate::program::{Home, PROGRAM};

/// A server as operators see it; it is killed with its handle.
struct Watched {
    child: Child,
    ops: SocketAddr,
    stderr: BufReader<ChildStderr>,
}

impl Watched {
    /// Starts a server, and waits until it says where operators look, which is before its store is opened.
    fn start(mut command: Command) -> Self {
        command.args(["--ops", "127.0.0.1:0"]).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let line = line_with(&mut stderr, "for operators: http://");
        let (_, address) = line.split_once("http://").unwrap();
        let ops = address.split('/').next().unwrap().parse().unwrap();
        Self { child, ops, stderr }
    }

    fn agent(home: &Home, args: &[&str]) -> Self {
        Self::start(serving(home, &["agent", "shopify"], args))
    }

    /// Returns the address in the next line that has these words.
    fn told(&mut self, words: &str) -> SocketAddr {
        let line = line_with(&mut self.stderr, words);
        let (_, address) = line.split_once("http://").unwrap();
        address.split('/').next().unwrap().parse().unwrap()
    }

    fn get(&self, path: &str) -> (u16, String) {
        get(self.ops, path)
    }

    fn scrape(&self) -> String {
        let (status, text) = self.get("/metrics");
        assert_eq!(status, 200);
        text
    }

    fn signal(&self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(kill.unwrap().success());
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns a server of agents, ready to start on a store of its home or on that of `args`.
fn serving(home: &Home, command: &[&str], args: &[&str]) -> Command {
    let mut server = home.bare_command(Path::new(PROGRAM));
    server
        .args(command)
        .args(["--listen", "127.0.0.1:0", "--rps", "unlimited"])
        .args(["--allow-private", "127.0.0.0/8"])
        .args(args);
    server
}

fn line_with(lines: &mut impl BufRead, words: &str) -> String {
    let mut said = String::new();
    loop {
        let mut line = String::new();
        let is_over = lines.read_line(&mut line).unwrap() == 0;
        assert!(!is_over, "{words:?} was never said: {said}");
        if line.contains(words) {
            return line;
        }
        said.push_str(&line);
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    answer(stream)
}

fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Calls a tool without arguments.
fn called(address: SocketAddr, tool: &str) -> (u16, String) {
    let params = json!({"name": tool, "arguments": {}});
    post(address, "/mcp", "tools/call", &params)
}

/// Sends a request of JSON-RPC, to agents or for an assistant.
fn post(address: SocketAddr, path: &str, method: &str, params: &Value) -> (u16, String) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let body = body.to_string();
    let length = body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\nA2A-Version: 1.0\r\nContent-Length: {length}\r\n\r\n\
         {body}",
    )
    .unwrap();
    answer(stream)
}

/// Returns the names and types that a scrape announces.
fn announced(scrape: &str) -> BTreeMap<&str, &str> {
    let lines = scrape
        .lines()
        .filter_map(|it| it.strip_prefix("# TYPE ")?.split_once(' '));
    lines.collect()
}

/// Returns the same of the table for readers.
fn documented() -> BTreeMap<&'static str, &'static str> {
    let rows = include_str!("../../docs/metrics.md").lines();
    let rows = rows.filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (name, rest) = row.split_once("` | ").unwrap();
        (name, rest.split(' ').next().unwrap())
    })
    .collect()
}

/// Returns the value of a series, a whole number.
fn value(scrape: &str, series: &str) -> usize {
    let line = scrape
        .lines()
        .find_map(|it| it.strip_prefix(series)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("{series} is not in {scrape}"));
    line.parse().unwrap()
}

#[test]
fn every_server_exports_what_readers_are_told_from_its_start() {
    let home = Home::new();
    let agent = Watched::agent(&home, &[]);
    let serve = Watched::start(serving(
        &home,
        &["serve"],
        &["--mcp", "127.0.0.1:0", "--store", "sqlite:serve.db"],
    ));
    let mut assistants = home.bare_command(Path::new(PROGRAM));
    assistants.args(["mcp", "--http", "127.0.0.1:0"]);
    let assistants = Watched::start(assistants);
    for server in [&agent, &serve, &assistants] {
        let scrape = server.scrape();
        assert_eq!(announced(&scrape), documented(), "{scrape}");
        let lines = scrape.lines().filter(|it| !it.starts_with('#'));
        let labels: BTreeSet<&str> = lines
            .filter_map(|it| Some(it.split_once('{')?.1.split_once('}')?.0))
            .flat_map(|it| it.split(','))
            .map(|it| it.split('=').next().unwrap())
            .collect();
        let bounded = [
            "change",
            "code",
            "currency",
            "kind",
            "le",
            "operation",
            "outcome",
            "platform",
            "reason",
            "scope",
            "state",
            "tool",
            "version",
        ];
        assert!(labels.is_subset(&BTreeSet::from(bounded)), "{labels:?}");
    }
}

#[test]
fn dashboard_and_alerts_name_what_is_exported() {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (name, kind) in documented() {
        known.insert(name.to_owned());
        if kind == "histogram" {
            known.extend(["_bucket", "_sum", "_count"].map(|it| format!("{name}{it}")));
        }
    }
    let alerts = include_str!("../../k8s/monitoring/alerts.yml");
    let recorded = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "));
    known.extend(recorded.map(ToOwned::to_owned));
    let dashboard = include_str!("../../k8s/monitoring/dashboard.json");
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let targets = panels.iter().filter_map(|it| it["targets"].as_array());
    let queries: Vec<&str> = targets
        .flatten()
        .map(|it| it["expr"].as_str().unwrap())
        .collect();
    assert!(queries.len() > 40, "{}", queries.len());
    let named = |text: &str| {
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
        let words = text.split(|it| !is_part(it));
        let words = words.map(|it| it.trim_matches(':').to_owned());
        let ours = [
            "trouvaille_",
            "trouvaille:",
            "platform:trouvaille_",
            "process_",
        ];
        let is_metric = |it: &String| ours.iter().any(|prefix| it.starts_with(prefix));
        words.filter(is_metric).collect::<BTreeSet<_>>()
    };
    let named: BTreeSet<String> = queries
        .into_iter()
        .chain([alerts])
        .flat_map(named)
        .collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_alert_says_how_grave_it_is_and_leads_to_what_to_do() {
    let alerts = include_str!("../../k8s/monitoring/alerts.yml");
    let tests = include_str!("../../k8s/monitoring/alerts_test.yml");
    let page = include_str!("../../docs/operations.md");
    let alerts: Vec<&str> = alerts.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 20, "{}", alerts.len());
    for alert in alerts {
        let (name, rest) = alert.split_once('\n').unwrap();
        for key in ["severity: ", "summary: ", "description: "] {
            assert!(rest.contains(key), "{name} has no {key}");
        }
        let (_, place) = rest.split_once("runbook: docs/operations.md#").unwrap();
        let place = place.lines().next().unwrap();
        assert!(page.contains(&format!("id=\"{place}\"")), "{name}: {place}");
        let n_tested = tests
            .matches(&format!("alertname: {name}\n        exp_alerts:"))
            .count();
        assert!(n_tested > 0, "no test has {name} fire");
    }
}

#[test]
fn the_prometheus_operator_has_the_same_rules() {
    let rules = include_str!("../../k8s/monitoring/alerts.yml");
    let object = include_str!("../../k8s/components/prometheus-operator/rules.yaml");
    let (_, rules) = rules.split_once("\ngroups:\n").unwrap();
    let (_, spec) = object.split_once("\nspec:\n  groups:\n").unwrap();
    let spec: Vec<&str> = spec
        .lines()
        .map(|it| it.strip_prefix("  ").unwrap_or(it))
        .collect();
    let rules: Vec<&str> = rules.lines().collect();
    assert!(
        spec == rules,
        "run: scripts/alerts operator > k8s/components/prometheus-operator/rules.yaml"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_is_seen_in_the_numbers() {
    let home = Home::new();
    let mut catalogue = Catalogue::generate(&NORTH_LOFT, 300, 3);
    catalogue.edit(0, |product| {
        product["variants"][0]["price"] = json!("dear");
    });
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let mut agent = Watched::agent(&home, &["--store", "sqlite:seen.db"]);
    let address = agent.told("agents (").to_string();
    let via = format!("http://{address}");
    home.ok(["crawl", &shop.url(), "--via", &via]);
    let mut scrape = String::new();
    until("the work is counted", async || {
        scrape = agent.scrape();
        scrape.contains("trouvaille_work_total{kind=\"crawl.close\",outcome=\"done\"} 1\n")
    })
    .await;
    for (series, expected) in [
        (
            "trouvaille_crawls_total{platform=\"shopify\",outcome=\"complete\"}",
            1,
        ),
        ("trouvaille_crawl_pages_total{platform=\"shopify\"}", 2),
        (
            "trouvaille_crawl_products_total{platform=\"shopify\",change=\"new\"}",
            300,
        ),
        ("trouvaille_crawl_problems_total{kind=\"price\"}", 1),
        ("trouvaille_work_total{kind=\"crawl\",outcome=\"done\"}", 1),
    ] {
        assert_eq!(value(&scrape, series), expected, "{series}");
    }
    let answered = value(
        &scrape,
        "trouvaille_fetch_seconds_count{platform=\"shopify\"}",
    );
    assert_eq!(answered, shop.n_requests());
    let well = "trouvaille_fetch_total{platform=\"shopify\",outcome=\"ok\"}";
    assert!((2..=answered).contains(&value(&scrape, well)), "{scrape}");
    let paced = "trouvaille_host_gap_seconds_count{platform=\"shopify\"}";
    assert!(value(&scrape, paced) >= 2, "{scrape}");
    assert!(
        value(
            &scrape,
            "trouvaille_fetch_bytes_total{platform=\"shopify\"}"
        ) > 10_000
    );
    assert!(
        value(
            &scrape,
            "trouvaille_store_seconds_count{operation=\"page\"}"
        ) >= 2
    );
    // Another process on the store, which did nothing, tells what is stored.
    let other = Watched::agent(&home, &["--store", "sqlite:seen.db"]);
    until("the store tells of the shop", async || {
        let scrape = other.scrape();
        scrape.contains("trouvaille_shops{state=\"complete\"} 1\n")
            && scrape.contains("trouvaille_products{state=\"listed\"} 300\n")
            && scrape.contains("trouvaille_tasks{state=\"completed\"} 1\n")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_assistants_and_a_models_work_are_seen_in_the_numbers() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 10, 3);
    home.write("loft.json", catalogue.to_json());
    let store = ["--store", "sqlite:seen.db"];
    home.ok([
        &["import", "loft.json", "--shop", "https://loft.example"][..],
        &store,
    ]
    .concat());
    home.ok([&["rank", "-k", "3"][..], &store].concat());
    let llm = FakeLlm::start(LlmPlan::none()).await.unwrap();
    let args = ["--mcp", "127.0.0.1:0", "--config", "prices.toml"];
    let args = [&args[..], &store].concat();
    let prices = "[llm.prices]\n\"test-model\" = { input = 1000, output = 1000 }\n";
    home.write("prices.toml", prices);
    let mut command = serving(&home, &["serve"], &args);
    command
        .env("TROUVAILLE__LLM__MODEL", "test-model")
        .env("TROUVAILLE__LLM__BASE_URL", llm.base_url());
    let mut server = Watched::start(command);
    let agents = server.told("agents (");
    let assistants = server.told("assistants (MCP)");
    for (tool, status) in [("list_shops", 200), ("get_product", 200)] {
        assert_eq!(called(assistants, tool).0, status, "{tool}");
    }
    let request =
        json!({"schema": "summarize-request/1", "skill": "summarize-products", "topK": 3});
    let part = json!({"data": request, "mediaType": "application/json"});
    let message = json!({"messageId": "m", "role": "ROLE_USER", "parts": [part]});
    let path = "/agents/summarizer/a2a/v1";
    let (status, said) = post(agents, path, "SendMessage", &json!({"message": message}));
    assert_eq!(status, 200, "{said}");
    let scrape = server.scrape();
    for (series, expected) in [
        (
            "trouvaille_mcp_tool_total{tool=\"list_shops\",outcome=\"ok\"}",
            1,
        ),
        (
            "trouvaille_mcp_tool_total{tool=\"get_product\",outcome=\"invalid_argument\"}",
            1,
        ),
        ("trouvaille_llm_requests_total", llm.n_requests()),
    ] {
        assert_eq!(value(&scrape, series), expected, "{series}: {scrape}");
    }
    assert!(llm.n_requests() >= 3);
    for kind in ["input", "output"] {
        let tokens = format!("trouvaille_llm_tokens_total{{kind=\"{kind}\"}}");
        assert!(value(&scrape, &tokens) > 0, "{scrape}");
    }
    let costs = scrape.lines().find_map(|it| {
        let cost = it.strip_prefix("trouvaille_llm_cost_total{currency=\"USD\"} ")?;
        cost.parse::<f64>().ok()
    });
    assert!(costs.is_some_and(|it| it > 0.0), "{scrape}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_json_says_in_every_line_of_a_task_which_task_it_is() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 300, 3);
    // The call itself looks whether the shop is one, and the crawl asks for its second page.
    let busy =
        FaultPlan::none().fault(On::page(2).nth(1), Fault::Status(503, Some("0".to_owned())));
    let shop = FakeShop::start(catalogue, busy).await.unwrap();
    let mut agent = Watched::agent(&home, &["--store", "sqlite:seen.db", "--log", "json"]);
    let via = format!("http://{}", agent.told("agents ("));
    home.ok(["crawl", &shop.url(), "--via", &via]);
    let line = line_with(&mut agent.stderr, "before the next try");
    let line: Value = serde_json::from_str(&line).unwrap();
    let spans = line["spans"].as_array().unwrap();
    let names: Vec<&Value> = spans.iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["task", "crawl"], "{line}");
    assert_eq!(spans[0]["kind"], "crawl", "{line}");
    assert!(!spans[0]["task"].as_str().unwrap().is_empty(), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_json_says_in_every_line_which_crawl_it_is_about() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 10, 3);
    let busy =
        FaultPlan::none().fault(On::page(1).nth(1), Fault::Status(503, Some("0".to_owned())));
    let shop = FakeShop::start(catalogue, busy).await.unwrap();
    let run = home.run([
        "crawl",
        &shop.url(),
        "--allow-private",
        "127.0.0.0/8",
        "--log",
        "json",
    ]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let warned = lines.iter().find(|it| it["level"] == "WARN").unwrap();
    let message = warned["message"].as_str().unwrap();
    assert!(message.contains("before the next try"), "{warned}");
    assert_eq!(warned["try_number"], 1, "{warned}");
    let (span, url) = (&warned["spans"][0], shop.url());
    assert_eq!(span["name"], "crawl", "{warned}");
    let host = url.trim_start_matches("http://").replace(':', "%3A");
    assert_eq!(span["shop"], host.trim_end_matches('/'), "{warned}");
    // A mistake before there is a log is a line of it, too.
    let run = home.run(["shops", "list", "--log", "json", "--config", "missing.toml"]);
    let line: Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert_eq!((run.code, &line["level"]), (Some(2), &Value::from("ERROR")));
}

#[test]
fn a_log_in_json_says_in_the_line_of_a_call_which_call_it_is() {
    let home = Home::new();
    let args = [
        "--mcp",
        "127.0.0.1:0",
        "--store",
        "sqlite:serve.db",
        "--log",
        "json",
    ];
    let mut server = Watched::start(serving(&home, &["serve"], &args));
    let agents = server.told("agents (");
    let assistants = server.told("assistants (MCP)");
    get(agents, "/a2a/rest/tasks/none");
    get(agents, "/artifacts/none/none");
    called(assistants, "list_shops");
    for (operation, span) in [
        (
            "GetTask",
            json!({"name": "call", "agent": "shopify", "operation": "GetTask"}),
        ),
        (
            "GetArtifact",
            json!({"name": "call", "operation": "GetArtifact"}),
        ),
        (
            "list_shops",
            json!({"name": "call", "operation": "mcp.list_shops", "request": "1"}),
        ),
    ] {
        let line = line_with(&mut server.stderr, operation);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["spans"], json!([span]), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_end_is_unready_at_once_and_goes_on_answering() {
    let home = Home::new();
    let args = ["--mcp", "127.0.0.1:0", "--store", "sqlite:serve.db"];
    let mut command = serving(&home, &["serve"], &args);
    command.env("TROUVAILLE__HTTP__LINGER_SECONDS", "3600");
    let mut server = Watched::start(command);
    let agents = server.told("agents (");
    let assistants = server.told("assistants (MCP)");
    until("it is ready", async || server.get("/readyz").0 == 200).await;
    server.signal();
    until("it is unready", async || {
        server.get("/readyz") == (503, "draining\n".to_owned())
    })
    .await;
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(value(&server.scrape(), "trouvaille_ready"), 0);
    assert_eq!(get(agents, "/.well-known/agent-card.json").0, 200);
    let (status, answer) = called(assistants, "list_shops");
    assert!(status == 200 && answer.contains("\"result\""), "{answer}");
    server.signal();
    assert_eq!(server.code(), Some(3), "the second signal ends it at once");
}

#[test]
fn a_process_whose_store_does_not_answer_yet_is_alive_and_ends_when_asked() {
    let home = Home::new();
    // It takes connections, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("mongodb://{}/seen", silent.local_addr().unwrap());
    let mut agent = Watched::agent(&home, &["--store", &store]);
    assert_eq!(agent.get("/healthz").0, 200);
    agent.signal();
    assert_eq!(agent.code(), Some(0));
}
