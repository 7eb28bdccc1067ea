//! The manifests of `k8s/` as `kubectl kustomize` renders them: what names what, and the program that they start.

mod links;
mod program;
mod rules;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::house::root;

/// What one overlay renders.
#[derive(Debug, Clone)]
struct Rendered(Vec<Value>);

/// A template of Pods and whose it is.
#[derive(Debug, Clone, Copy)]
struct Pod<'a> {
    owner: &'a Value,
    template: &'a Value,
}

fn rendered(overlay: &str) -> Rendered {
    rendered_of(&root().join("k8s/overlays").join(overlay))
}

/// Returns what a copy of an overlay renders whose file is another one, as for who switches on a component.
fn rendered_after(overlay: &str, edit: impl Fn(&str) -> String) -> Rendered {
    let copy = tempfile::tempdir().unwrap();
    let mut cp = Command::new("cp");
    cp.args(["-R", "k8s", "config"]).arg(copy.path());
    assert!(cp.current_dir(root()).status().unwrap().success());
    let folder = copy.path().join("k8s/overlays").join(overlay);
    let file = folder.join("kustomization.yaml");
    let before = std::fs::read_to_string(&file).unwrap();
    let after = edit(&before);
    assert_ne!(before, after, "{overlay} has nothing of what is edited");
    std::fs::write(&file, after).unwrap();
    rendered_of(&folder)
}

fn rendered_of(folder: &Path) -> Rendered {
    let run = Command::new("kubectl")
        .arg("kustomize")
        .arg(folder)
        .output();
    let run = run.expect("kubectl is there: scripts/test leaves these tests out without it");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    let documents = serde_norway::Deserializer::from_slice(&run.stdout);
    let objects = documents.map(|it| serde::Deserialize::deserialize(it).unwrap());
    Rendered(objects.collect())
}

impl Rendered {
    fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |it| it["kind"] == kind)
    }

    fn named(&self, kind: &str, name: &str) -> Option<&Value> {
        let mut objects = self.0.iter();
        objects.find(|it| it["kind"] == kind && it["metadata"]["name"] == name)
    }

    fn pods(&self) -> impl Iterator<Item = Pod<'_>> {
        let template = |it: &Value| match it["kind"].as_str() {
            Some("CronJob") => Some("/spec/jobTemplate/spec/template"),
            Some("Deployment" | "StatefulSet") => Some("/spec/template"),
            _ => None,
        };
        self.0.iter().filter_map(move |owner| {
            let template = owner.pointer(template(owner)?)?;
            Some(Pod { owner, template })
        })
    }
}

impl<'a> Pod<'a> {
    fn name(self) -> String {
        shown(self.owner)
    }

    fn spec(self) -> &'a Value {
        &self.template["spec"]
    }

    /// Returns its containers in the order in which they start.
    fn containers(self) -> impl Iterator<Item = &'a Value> {
        let list = |key| items(&self.spec()[key]);
        list("initContainers").chain(list("containers"))
    }

    /// Returns whether its containers run the program.
    fn is_ours(self) -> bool {
        self.template["metadata"]["labels"]["app.kubernetes.io/name"] == "trouvaille"
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn shown(object: &Value) -> String {
    format!(
        "{}/{}",
        text(&object["kind"]),
        text(&object["metadata"]["name"])
    )
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object();
    let has_all = wanted.is_none_or(|wanted| wanted.iter().all(|(key, it)| labels[key] == *it));
    let among = |it: &Value| {
        assert_eq!(
            it["operator"], "In",
            "another operator needs more code here"
        );
        let label = &labels[text(&it["key"])];
        items(&it["values"]).any(|value| value == label)
    };
    has_all && items(&selector["matchExpressions"]).all(among)
}
