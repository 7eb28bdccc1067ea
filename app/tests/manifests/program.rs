//! The program as its containers start it: their arguments, variables and files, on a machine where `/etc`, the secrets and the
//! volumes are folders of a test's own, and the store is a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use super::{Pod, Rendered, items, rendered, rendered_after, text};
use crate::agents::replica::Replica;
use crate::program::{Home, PROGRAM, Run};

#[tokio::test(flavor = "multi_thread")]
async fn every_server_starts_as_its_manifest_says_and_answers_its_probes() {
    let rendered = rendered("dev");
    let servers = rendered.of("Deployment");
    let pods = rendered
        .pods()
        .filter(|pod| pod.owner["kind"] == "Deployment");
    assert!(servers.count() >= 3);
    // One store: an agent, which is the first of them, makes it, and assistants are answered once it is there.
    let home = Home::new();
    for pod in pods {
        let container = pod.containers().next().unwrap();
        let mut command = started(&home, &rendered, pod, container);
        // Its own ports may be in use here.
        for key in ["AGENT__LISTEN", "AGENT__OPS", "MCP__LISTEN"] {
            command.env(format!("TROUVAILLE__{key}"), "127.0.0.1:0");
        }
        let mut server = Replica::start_for_operators(command);
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let path = text(&container[probe]["httpGet"]["path"]);
            let (status, body) = server.http("GET", path, "").await;
            assert_eq!(status, 200, "{} {path}: {body}", pod.name());
        }
        assert_eq!(server.terminate(), Some(0), "{}", pod.name());
    }
}

#[test]
fn the_ports_of_the_containers_are_those_of_the_configuration() {
    let rendered = rendered("dev");
    let config: toml::Table = config(&rendered).parse().unwrap();
    let port = |table: &str, key: &str| {
        let address = config[table][key].as_str().unwrap();
        address.rsplit_once(':').unwrap().1.parse::<u64>().unwrap()
    };
    for pod in rendered
        .pods()
        .filter(|pod| pod.owner["kind"] == "Deployment")
    {
        for declared in pod.containers().flat_map(|it| items(&it["ports"])) {
            let configured = match text(&declared["name"]) {
                "a2a" => port("agent", "listen"),
                "mcp" => port("mcp", "listen"),
                "ops" => port("agent", "ops"),
                other => panic!("{other}: what is this port?"),
            };
            assert_eq!(declared["containerPort"], configured, "{}", pod.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_does_its_steps_and_does_them_again() {
    let dev = rendered("dev");
    let chain = rendered_after("dev", |file| {
        file.replace("components:\n", "components:\n  - ../../components/chain\n")
    });
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 40, 3);
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let mut add = home.command(["shops", "add", &shop.url(), "--store", STORE]);
    add.env("TROUVAILLE__CRAWL__ALLOW_PRIVATE", LOOPBACK);
    let added = run(add);
    assert_eq!(added.code, Some(0), "{added:#?}");
    for _ in 0..2 {
        for job in ["crawl", "rank", "export"] {
            do_steps(&home, &dev, job);
        }
        assert_exported(&home, &["top_k.csv", "products.csv", "changes.csv"]);
    }
    std::fs::remove_dir_all(home.path().join("exports")).unwrap();
    for _ in 0..2 {
        do_steps(&home, &chain, "pipeline");
        let files = [
            "top_k.csv",
            "products.csv",
            "changes.csv",
            "summaries.jsonl",
        ];
        assert_exported(&home, &files);
    }
}

/// Runs the containers of a `CronJob`, one after the other.
fn do_steps(home: &Home, rendered: &Rendered, job: &str) {
    let mut pods = rendered.pods();
    let pod = pods.find(|pod| pod.owner["metadata"]["name"] == job);
    let pod = pod.unwrap();
    for container in pod.containers() {
        let mut command = started(home, rendered, pod, container);
        // The shop is on this machine.
        command.env("TROUVAILLE__CRAWL__ALLOW_PRIVATE", LOOPBACK);
        let ended = run(command);
        assert_eq!(ended.code, Some(0), "{}: {ended:#?}", pod.name());
    }
}

fn assert_exported(home: &Home, files: &[&str]) {
    for file in files {
        let lines = home.read(&format!("exports/{file}"));
        assert!(lines.lines().count() > 10, "{file}: {lines}");
    }
}

#[test]
fn a_setting_that_the_program_does_not_have_ends_it() {
    let rendered = rendered("dev");
    let home = Home::new();
    let mut pods = rendered.pods();
    let pod = pods.find(|pod| pod.owner["kind"] == "Deployment").unwrap();
    let container = pod.containers().next().unwrap();
    let mut command = started(&home, &rendered, pod, container);
    command.env("TROUVAILLE__AGENT__NO_SUCH_KEY", "1");
    run(command).assert_fails(2, &["no_such_key"]);
}

const STORE: &str = "sqlite:cluster.db";

const LOOPBACK: &str = r#"["127.0.0.0/8"]"#;

/// Folders of a container that are elsewhere here.
const FOLDERS: [&str; 4] = ["/etc", "/run/secrets/trouvaille", "/exports", "/work"];

/// Returns the container's program, ready to run.
fn started(home: &Home, rendered: &Rendered, pod: Pod<'_>, container: &Value) -> Command {
    let etc = home.path().join("etc/trouvaille");
    for folder in [
        &etc,
        &home.path().join("exports"),
        &home.path().join("work"),
    ] {
        std::fs::create_dir_all(folder).unwrap();
    }
    write_secrets(home, rendered, pod);
    std::fs::write(
        etc.join("config.toml"),
        moved(&config(rendered), home.path()),
    )
    .unwrap();
    let mut command = home.bare_command(Path::new(PROGRAM));
    command.args(items(&container["args"]).map(|it| moved(text(it), home.path())));
    for (name, value) in variables(rendered, container) {
        command.env(name, moved(&value, home.path()));
    }
    command.env("TROUVAILLE__STORE", STORE);
    command
}

/// Returns `said` with the folders that are elsewhere here.
fn moved(said: &str, to: &Path) -> String {
    FOLDERS.iter().fold(said.to_owned(), |said, folder| {
        let name = folder.rsplit_once('/').unwrap().1;
        let name = if name == "trouvaille" {
            "secrets"
        } else {
            name
        };
        let there = to.join(name).display().to_string();
        match said.strip_prefix(folder) {
            Some(rest) => there + rest,
            None => said.replace(&format!("\"{folder}"), &format!("\"{there}")),
        }
    })
}

/// Returns the file of settings that all containers have.
pub(super) fn config(rendered: &Rendered) -> String {
    let mut maps = rendered.of("ConfigMap");
    let found = maps.find_map(|it| it["data"]["config.toml"].as_str());
    found.unwrap().to_owned()
}

/// Writes those keys of Secrets that the Pod has as files.
fn write_secrets(home: &Home, rendered: &Rendered, pod: Pod<'_>) {
    let folder = home.path().join("secrets");
    std::fs::create_dir_all(&folder).unwrap();
    for volume in items(&pod.spec()["volumes"]) {
        let name = text(&volume["secret"]["secretName"]);
        for item in items(&volume["secret"]["items"]) {
            let path = folder.join(text(&item["path"]));
            std::fs::write(path, secret(rendered, name, text(&item["key"])).unwrap()).unwrap();
        }
    }
}

fn secret(rendered: &Rendered, name: &str, key: &str) -> Option<String> {
    let data = rendered.named("Secret", name)?["data"].get(key)?;
    let lines: String = text(data).split_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(lines).unwrap();
    Some(String::from_utf8(bytes).unwrap())
}

/// Returns the container's variables as Kubernetes sets them, but for those that name the Pod's own place.
fn variables(rendered: &Rendered, container: &Value) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for from in items(&container["envFrom"]) {
        let name = text(&from["configMapRef"]["name"]);
        let map = rendered.named("ConfigMap", name).unwrap();
        for (key, value) in map["data"].as_object().into_iter().flatten() {
            variables.insert(key.clone(), text(value).to_owned());
        }
    }
    for variable in items(&container["env"]) {
        let from = &variable["valueFrom"];
        let key = &from["secretKeyRef"];
        let value = match (variable["value"].as_str(), key["name"].as_str()) {
            (Some(value), _) => Some(value.replace("$(NAMESPACE)", "trouvaille")),
            (None, Some(name)) => secret(rendered, name, text(&key["key"])),
            (None, None) => Some("trouvaille".to_owned()),
        };
        if let Some(value) = value {
            variables.insert(text(&variable["name"]).to_owned(), value);
        }
    }
    variables
}

fn run(mut command: Command) -> Run {
    command.output().unwrap().into()
}
