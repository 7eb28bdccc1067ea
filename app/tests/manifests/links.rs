//! What one object names of another one is there. No server here tells: `kubectl apply` takes all of it, and Pods that never
//! start or are never reached are all that is seen later.

use serde_json::{Value, json};

use super::program::config;
use super::{Pod, Rendered, items, rendered, rendered_after, selects, shown, text};

/// What prod takes from a Secret that somebody else makes.
const SECRET: (&str, &[&str]) = (
    "trouvaille-secrets",
    &[
        "store",
        "mongodb-password",
        "http-tokens",
        "signing-key",
        "llm-api-key",
    ],
);

/// The answers of a model that a process under way waits for when it is asked to end.
const LAST_ANSWERS_SECONDS: f64 = 20.0;

#[test]
fn whatever_an_overlay_names_is_there() {
    for overlay in ["dev", "prod"] {
        let broken = broken(&rendered(overlay));
        assert!(broken.is_empty(), "{overlay}: {broken:#?}");
    }
}

#[test]
fn whatever_the_components_name_is_there_with_all_of_them_switched_on() {
    let with_all = rendered_after("prod", |file| {
        let file = file.replace("components: []", "components:");
        file.replace("#  - ../../components/", "  - ../../components/")
    });
    for (kind, name) in [
        ("CronJob", "pipeline"),
        ("Ingress", "trouvaille"),
        ("PodMonitor", "trouvaille"),
    ] {
        assert!(with_all.named(kind, name).is_some(), "{kind}/{name}");
    }
    assert_eq!(broken(&with_all), Vec::<String>::new());
    // The registry is asked for each image, in each of the chain's steps too.
    for container in with_all.pods().flat_map(Pod::containers) {
        assert_eq!(container["imagePullPolicy"], "Always", "{container:#}");
    }
}

#[test]
fn prod_brings_no_secret_and_says_which_image_by_its_digest() {
    let rendered = rendered("prod");
    assert_eq!(rendered.of("Secret").count(), 0);
    let pods = rendered.pods().filter(|pod| pod.is_ours());
    let images: Vec<&str> = pods
        .flat_map(Pod::containers)
        .map(|it| text(&it["image"]))
        .collect();
    assert!(!images.is_empty());
    for image in images {
        assert!(image.contains("@sha256:"), "{image}");
    }
}

#[test]
fn whatever_is_planted_is_found() {
    let dev = rendered("dev");
    let deployment = "Deployment/agent-shopify";
    let container = "/spec/template/spec/containers/0";
    let of_container = |path: &str| format!("{container}{path}");
    #[rustfmt::skip]
    let planted = [
        (deployment, "/spec/selector/matchLabels/x".to_owned(), json!("y")),
        (deployment, "/spec/template/spec/serviceAccountName".to_owned(), json!("nobody")),
        (deployment, "/spec/template/spec/terminationGracePeriodSeconds".to_owned(), json!(5)),
        (deployment, of_container("/readinessProbe/httpGet/port"), json!("opz")),
        (deployment, of_container("/envFrom/0/configMapRef/name"), json!("nothing")),
        (deployment, of_container("/env/0/valueFrom"), json!({"secretKeyRef": {"name": SECRET.0, "key": "nothing"}})),
        (deployment, of_container("/volumeMounts/0/name"), json!("nothing")),
        ("PersistentVolumeClaim/exports", "/metadata/name".to_owned(), json!("others")),
        ("Service/mcp-server", "/spec/ports/0/targetPort".to_owned(), json!("http")),
        ("Service/mcp-server", "/spec/selector/x".to_owned(), json!("y")),
        ("PodDisruptionBudget/mcp-server", "/spec/selector/matchLabels/x".to_owned(), json!("y")),
        ("NetworkPolicy/callers", "/spec/ingress/0/ports/0/port".to_owned(), json!("a3a")),
        ("NetworkPolicy/shops", "/spec/podSelector".to_owned(), json!({"matchLabels": {"x": "y"}})),
    ];
    assert_eq!(broken(&dev), Vec::<String>::new());
    for (object, path, value) in planted {
        let mut changed = dev.clone();
        let mut objects = changed.0.iter_mut();
        let found = objects.find(|it| shown(it) == object).unwrap();
        put(found, &path, value);
        assert_eq!(
            broken(&changed).len(),
            1,
            "{object}{path}: {:?}",
            broken(&changed)
        );
    }
}

fn put(object: &mut Value, path: &str, value: Value) {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let parent = object
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("{path}"));
    match parent {
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
}

/// Returns what does not fit, a line each.
fn broken(rendered: &Rendered) -> Vec<String> {
    let mut broken = Vec::new();
    let longest_end = longest_end_seconds(rendered);
    for pod in rendered.pods() {
        broken.extend(broken_links_of(pod, rendered));
        broken.extend(broken_life_of(pod, longest_end));
    }
    for object in &rendered.0 {
        broken.extend(broken_selectors_of(object, rendered));
    }
    broken
}

/// Returns what a Pod's template names and nobody has.
fn broken_links_of(pod: Pod<'_>, rendered: &Rendered) -> Vec<String> {
    let mut named = Vec::new();
    let spec = pod.spec();
    let account = text(&spec["serviceAccountName"]);
    named.push((
        format!("ServiceAccount/{account}"),
        rendered.named("ServiceAccount", account).is_some(),
    ));
    for volume in items(&spec["volumes"]) {
        named.push((volume.to_string(), has_volume(volume, rendered)));
    }
    for container in pod.containers() {
        for mount in items(&container["volumeMounts"]) {
            let mut volumes = items(&spec["volumes"]);
            let is_there = volumes.any(|it| it["name"] == mount["name"]);
            named.push((mount.to_string(), is_there));
        }
        for from in items(&container["envFrom"]) {
            let name = text(&from["configMapRef"]["name"]);
            named.push((
                from.to_string(),
                rendered.named("ConfigMap", name).is_some(),
            ));
        }
        for variable in items(&container["env"]) {
            let from = &variable["valueFrom"]["secretKeyRef"];
            let is_there =
                from.is_null() || from["optional"] == true || has_key(rendered, "Secret", from);
            named.push((variable.to_string(), is_there));
        }
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let probe = &container[probe];
            for asked in ["httpGet", "tcpSocket"] {
                let port = &probe[asked]["port"];
                let is_there = port.is_null() || port_of(container, port).is_some();
                named.push((probe.to_string(), is_there));
            }
        }
    }
    let missing = named.into_iter().filter(|(_, is_there)| !is_there);
    missing
        .map(|(what, _)| format!("{}: nothing is behind {what}", pod.name()))
        .collect()
}

/// Returns the longest time that a process takes to end, by the settings that its container has.
fn longest_end_seconds(rendered: &Rendered) -> f64 {
    let own: toml::Table = config(rendered).parse().unwrap();
    let usual = include_str!("../../../config/default.toml");
    let usual: toml::Table = usual.parse().unwrap();
    let setting = |key| {
        let of = |table: &toml::Table| {
            let value = table.get("http")?.get(key)?;
            value.as_float().or(value.as_integer().map(|it| it as f64))
        };
        of(&own).or_else(|| of(&usual)).unwrap()
    };
    setting("linger_seconds") + setting("drain_seconds") + LAST_ANSWERS_SECONDS
}

/// Returns what is wrong with the time that a Pod has to end.
fn broken_life_of(pod: Pod<'_>, longest_end: f64) -> Option<String> {
    let grace = pod.spec()["terminationGracePeriodSeconds"]
        .as_f64()
        .unwrap_or(30.0);
    let stops = pod.containers().map(|it| {
        let pause = it.pointer("/lifecycle/preStop/sleep/seconds");
        pause.and_then(Value::as_f64).unwrap_or(0.0)
    });
    let needed = stops.fold(0.0, f64::max) + longest_end;
    (grace < needed).then(|| {
        format!(
            "{}: {grace} s to end, and it may need {needed} s",
            pod.name()
        )
    })
}

fn has_volume(volume: &Value, rendered: &Rendered) -> bool {
    if let Some(name) = volume["persistentVolumeClaim"]["claimName"].as_str() {
        return rendered.named("PersistentVolumeClaim", name).is_some();
    }
    if let Some(name) = volume["configMap"]["name"].as_str() {
        return rendered.named("ConfigMap", name).is_some();
    }
    if let Some(name) = volume["secret"]["secretName"].as_str() {
        let mut keys = items(&volume["secret"]["items"]);
        let link = |it: &Value| json!({"name": name, "key": it["key"]});
        return keys.all(|it| it["optional"] == true || has_key(rendered, "Secret", &link(it)));
    }
    volume["emptyDir"]["sizeLimit"].is_string()
}

/// Returns whether an object of this kind has the key; the Secret that prod expects has the keys that it is said to have.
fn has_key(rendered: &Rendered, kind: &str, link: &Value) -> bool {
    let (name, key) = (text(&link["name"]), text(&link["key"]));
    match rendered.named(kind, name) {
        Some(object) => ["data", "stringData"]
            .iter()
            .any(|it| object[it].get(key).is_some()),
        None => name == SECRET.0 && SECRET.1.contains(&key),
    }
}

/// Returns the container's port of this name or number.
fn port_of(container: &Value, port: &Value) -> Option<u64> {
    let mut ports = items(&container["ports"]);
    let found = ports.find(|it| it["name"] == *port || it["containerPort"] == *port)?;
    found["containerPort"].as_u64()
}

/// Returns what an object selects, and nobody is, and which ports of it nobody has.
fn broken_selectors_of(object: &Value, rendered: &Rendered) -> Vec<String> {
    let spec = &object["spec"];
    let (selector, ports): (_, Vec<&Value>) = match text(&object["kind"]) {
        "Service" => (
            json!({"matchLabels": spec["selector"]}),
            items(&spec["ports"]).map(|it| &it["targetPort"]).collect(),
        ),
        "NetworkPolicy" => {
            let rules = items(&spec["ingress"]).flat_map(|it| items(&it["ports"]));
            (
                spec["podSelector"].clone(),
                rules.map(|it| &it["port"]).collect(),
            )
        }
        "PodMonitor" => {
            let ends = items(&spec["podMetricsEndpoints"]).map(|it| &it["port"]);
            (spec["selector"].clone(), ends.collect())
        }
        "Deployment" | "StatefulSet" | "PodDisruptionBudget" => (spec["selector"].clone(), vec![]),
        "HorizontalPodAutoscaler" => {
            let target = &spec["scaleTargetRef"];
            let found = rendered.named(text(&target["kind"]), text(&target["name"]));
            // A number beside it would undo its scale with each apply.
            let is_free = found.is_some_and(|it| it["spec"]["replicas"].is_null());
            let broken = (!is_free).then(|| format!("{}: {target}", shown(object)));
            return broken.into_iter().collect();
        }
        _ => return vec![],
    };
    let is_own = |pod: &Pod<'_>| match text(&object["kind"]) {
        "Deployment" | "StatefulSet" => shown(pod.owner) == shown(object),
        _ => true,
    };
    let selected = |pod: &Pod<'_>| selects(&selector, &pod.template["metadata"]["labels"]);
    let pods: Vec<Pod<'_>> = rendered
        .pods()
        .filter(is_own)
        .filter(|pod| selected(pod))
        .collect();
    if pods.is_empty() {
        return vec![format!("{} selects nobody", shown(object))];
    }
    let has = |port: &Value| {
        let mut containers = pods.iter().flat_map(|pod| pod.containers());
        containers.any(|it| port_of(it, port).is_some())
    };
    let missing = ports.into_iter().filter(|port| !has(port));
    missing
        .map(|port| {
            format!(
                "{}: nobody whom it selects has the port {port}",
                shown(object)
            )
        })
        .collect()
}
