//! The steps of the Kubeflow pipeline, by the command lines of k8s/pipeline/pipeline.yaml itself. Whether that file is
//! what pipeline.py says is asked of Kubeflow's compiler.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use testkit::{ATELIER_LUMEN, Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use crate::program::{Home, NOW, PROGRAM, Run};

const PIPELINE: &str = include_str!("../../k8s/pipeline/pipeline.yaml");

/// In an order that their files allow.
const STEPS: [&str; 5] = ["crawl", "rank", "summarize", "export", "report"];

/// What the steps leave behind.
const ARTIFACTS: [&str; 6] = ["report", "top_k", "summaries", "brief", "products", "page"];

#[tokio::test(flavor = "multi_thread")]
async fn every_step_runs_in_an_empty_folder_and_gives_the_same_when_it_runs_again() {
    let home = Home::new();
    let shops = [
        shop(&NORTH_LOFT, FaultPlan::none()).await,
        shop(&ATELIER_LUMEN, FaultPlan::none()).await,
    ];
    add(&home, &shops);
    let first = artifacts(&home, "first");
    for (name, bytes) in &first {
        assert!(!bytes.is_empty(), "{name} is empty");
    }
    let n_asked = || shops.each_ref().map(|it| it.requests().len());
    let n_asked_first = n_asked();
    assert_eq!(
        first["top_k"].iter().filter(|it| **it == b'\n').count(),
        8,
        "a header and k places"
    );
    assert!(first["page"].starts_with(b"<!"));
    assert!(first["brief"].starts_with(b"# "));
    // A try that failed leaves nothing in the place of the next one; a step that is called by hand finds its files there.
    for folder in ["second", "first"] {
        assert_eq!(artifacts(&home, folder), first, "{folder}");
    }
    assert_eq!(
        n_asked(),
        n_asked_first,
        "shops that are not due are left alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_closed_does_not_end_the_pipeline() {
    let home = Home::new();
    let closed = FaultPlan::none().password();
    let shops = [
        shop(&NORTH_LOFT, FaultPlan::none()).await,
        shop(&ATELIER_LUMEN, closed).await,
    ];
    add(&home, &shops);
    let found = artifacts(&home, "run");
    let report = String::from_utf8(found["report"].clone()).unwrap();
    for outcome in ["complete", "blocked"] {
        assert!(report.contains(outcome), "{report}");
    }
}

#[test]
fn every_step_has_the_image_the_user_and_the_secret_of_the_other_manifests() {
    let server = include_str!("../../k8s/base/every-server.yaml");
    let server: Value = serde_norway::from_str(server).unwrap();
    let pod = &server["spec"]["template"]["spec"];
    let image = include_str!("../../Dockerfile");
    let [pipeline, cluster] = documents();
    let overlay = include_str!("../../k8s/overlays/dev/kustomization.yaml");
    for step in STEPS {
        let executor = format!("exec-{step}");
        let container = &pipeline["deploymentSpec"]["executors"][&executor]["container"];
        assert_eq!(container["image"], pod["containers"][0]["image"], "{step}");
        let entry_point = format!("ENTRYPOINT {}", container["command"]);
        assert!(image.contains(&entry_point), "{step}: {entry_point}");
        let asked = &cluster["platforms"]["kubernetes"]["deploymentSpec"]["executors"][&executor];
        let user = &pod["securityContext"]["runAsUser"];
        let runs_as = &asked["securityContext"]["runAsUser"];
        assert_eq!(runs_as.as_str().unwrap(), user.to_string(), "{step}");
        for secret in asked["secretAsEnv"].as_array().unwrap() {
            assert_eq!(secret["secretName"], "trouvaille-secrets", "{step}");
            let keys = secret["keyToEnv"].as_array().unwrap().iter();
            let keys = keys.map(|it| it["secretKey"].as_str().unwrap());
            for key in keys.filter(|key| *key != "llm-api-key") {
                assert!(overlay.contains(&format!("- {key}=")), "{step}: {key}");
            }
        }
    }
}

#[test]
fn a_step_without_a_store_says_what_it_is_missing() {
    let home = Home::new();
    let mut command = home.bare_command(Path::new(PROGRAM));
    let run: Run = command
        .env_remove("HOME")
        .args(line("crawl", Path::new("x")))
        .output()
        .unwrap()
        .into();
    run.assert_fails(1, &["there is no data folder", "--store"]);
}

async fn shop(profile: &'static testkit::ShopProfile, plan: FaultPlan) -> FakeShop {
    FakeShop::start(Catalogue::generate(profile, 40, 7), plan)
        .await
        .unwrap()
}

fn add(home: &Home, shops: &[FakeShop]) {
    for shop in shops {
        home.ok(["shops", "add", &shop.url(), "--store", "sqlite:shops.db"]);
    }
}

/// Runs all steps with their files in `folder`, and returns what they wrote.
fn artifacts(home: &Home, folder: &str) -> BTreeMap<&'static str, Vec<u8>> {
    for name in STEPS {
        let run = step(home, name, folder);
        assert_eq!(run.code, Some(0), "{name}: {run:#?}");
    }
    let read = |name| std::fs::read(artifact(&home.path().join(folder), name)).unwrap();
    ARTIFACTS
        .into_iter()
        .map(|name| (name, read(name)))
        .collect()
}

/// Runs a step as a container does: with the variables of the Secret, and without a home.
fn step(home: &Home, name: &str, folder: &str) -> Run {
    let mut command = home.bare_command(Path::new(PROGRAM));
    command
        .env_remove("HOME")
        .env("TROUVAILLE__STORE", "sqlite:shops.db")
        .env("TROUVAILLE__CRAWL__ALLOW_PRIVATE", r#"["127.0.0.0/8"]"#)
        .env("TROUVAILLE__CRAWL__REQUESTS_PER_SECOND", "0")
        .args(line(name, &home.path().join(folder)))
        .args(["--now", NOW]);
    command.output().unwrap().into()
}

/// Returns the arguments of a step, with what Kubeflow puts in their places.
fn line(step: &str, folder: &Path) -> Vec<String> {
    let values = [("k", "7"), ("language", "en"), ("max_requests", "0")];
    let args = list(step, "args").into_iter().map(|mut arg| {
        for (name, value) in values {
            arg = arg.replace(&format!("{{{{$.inputs.parameters['{name}']}}}}"), value);
        }
        for name in ARTIFACTS {
            for side in ["inputs", "outputs"] {
                let path = artifact(folder, name);
                arg = arg.replace(
                    &format!("{{{{$.{side}.artifacts['{name}'].path}}}}"),
                    path.to_str().unwrap(),
                );
            }
        }
        assert!(
            !arg.contains("{{"),
            "{step} has an argument that this test does not know: {arg}"
        );
        arg
    });
    assert_eq!(list(step, "command"), ["/usr/local/bin/trouvaille"]);
    args.collect()
}

/// Where a cluster would have the file: deep in folders that nobody has made.
fn artifact(folder: &Path, name: &str) -> PathBuf {
    folder
        .join("minio/mlpipeline/v2/artifacts/trouvaille")
        .join(name)
        .join(name)
}

/// Reads a list of a step's container.
fn list(step: &str, key: &str) -> Vec<String> {
    let [pipeline, _] = documents();
    let container = &pipeline["deploymentSpec"]["executors"][format!("exec-{step}")]["container"];
    let values = container[key].as_array().unwrap().iter();
    values.map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Returns the pipeline, and what it asks of Kubernetes.
fn documents() -> [Value; 2] {
    let documents = serde_norway::Deserializer::from_str(PIPELINE);
    let documents = documents.map(|it| Value::deserialize(it).unwrap());
    documents.collect::<Vec<_>>().try_into().unwrap()
}

/// `scripts/test` leaves these out where the compiler cannot be installed.
mod compiler {
    use std::process::Command;

    use crate::house::root;

    #[test]
    fn the_pipeline_is_what_its_source_says() {
        let mut check = Command::new(root().join("scripts/pipeline"));
        // A test brings nothing from elsewhere: scripts/test installed the compiler.
        check.arg("check").env("PIP_NO_INDEX", "1");
        let checked = check.output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout);
        let why = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{said}{why}");
    }
}
