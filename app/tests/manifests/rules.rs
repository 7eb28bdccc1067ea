//! What no reference tells: when jobs run, and whom a Pod may talk to.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Pod, Rendered, items, rendered, rendered_after, selects, shown, text};

/// The production overlay with every component, the chain of jobs too.
fn with_all() -> Rendered {
    rendered_after("prod", |file| {
        let file = file.replace("components: []", "components:");
        file.replace("#  - ../../components/", "  - ../../components/")
    })
}

#[test]
fn a_job_never_runs_beside_itself_nor_for_ever() {
    for rendered in [rendered("dev"), with_all()] {
        let jobs: Vec<&Value> = rendered.of("CronJob").collect();
        assert!(!jobs.is_empty());
        for job in jobs {
            let spec = &job["spec"];
            assert_eq!(spec["concurrencyPolicy"], "Forbid", "{}", shown(job));
            let begins_within = spec["startingDeadlineSeconds"].as_i64();
            let ends_within = spec["jobTemplate"]["spec"]["activeDeadlineSeconds"].as_i64();
            // Below 10 s Kubernetes may not see it in time.
            assert!(begins_within.is_some_and(|it| it >= 10), "{}", shown(job));
            assert!(ends_within.is_some_and(|it| it > 0), "{}", shown(job));
        }
    }
}

#[test]
fn a_pod_reaches_what_its_work_needs_and_nothing_else() {
    let (dns, store) = (["53/UDP", "53/TCP"], "27017/TCP");
    let web = ["80/TCP", "443/TCP"];
    for rendered in [rendered("dev"), with_all()] {
        let all = rendered.named("NetworkPolicy", "default-deny").unwrap();
        let expected = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
        assert_eq!(all["spec"], expected);
        for pod in rendered.pods().filter(|pod| pod.is_ours()) {
            let labels = &pod.template["metadata"]["labels"];
            let mut expected = BTreeSet::from(dns.map(str::to_owned));
            expected.insert(store.to_owned());
            match text(&labels["app.kubernetes.io/component"]) {
                "agent-shopify" | "crawl" | "pipeline" => expected.extend(web.map(str::to_owned)),
                "agent-summarizer" | "rank" => drop(expected.insert("443/TCP".to_owned())),
                "mcp-server" | "export" => {}
                other => panic!("{other}: what does this Pod talk to?"),
            }
            assert_eq!(reached(pod, &rendered), expected, "{}", pod.name());
        }
    }
}

/// Returns the ports that a Pod may connect to, wherever.
fn reached(pod: Pod<'_>, rendered: &Rendered) -> BTreeSet<String> {
    let labels = &pod.template["metadata"]["labels"];
    let policies = rendered.of("NetworkPolicy");
    let rules = policies
        .filter(|it| selects(&it["spec"]["podSelector"], labels))
        .flat_map(|it| items(&it["spec"]["egress"]));
    let ports = rules.flat_map(|rule| {
        assert!(rule["ports"].is_array(), "every port: {rule}");
        items(&rule["ports"])
    });
    ports
        .map(|it| format!("{}/{}", it["port"], text(&it["protocol"])))
        .collect()
}

#[test]
fn whoever_reaches_the_world_reaches_no_private_address() {
    let rendered = rendered("prod");
    let mut n_worlds = 0;
    for policy in rendered.of("NetworkPolicy") {
        let rules = || items(&policy["spec"]["egress"]);
        // Where the store is only a Secret knows: its rule has a port of its own, and that of no web server.
        let is_bound =
            policy["metadata"]["name"] == "store" || rules().all(|it| it["to"].is_array());
        assert!(is_bound, "{}", shown(policy));
        for block in rules()
            .flat_map(|it| items(&it["to"]))
            .map(|it| &it["ipBlock"])
        {
            assert_ne!(block["cidr"], "::/0", "{}", shown(policy));
            if block["cidr"] != "0.0.0.0/0" {
                continue;
            }
            n_worlds += 1;
            for private in [
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "169.254.0.0/16",
                "172.16.0.0/12",
                "192.168.0.0/16",
            ] {
                let mut left_out = items(&block["except"]);
                assert!(
                    left_out.any(|it| it == private),
                    "{}: {private}",
                    shown(policy)
                );
            }
        }
    }
    assert_eq!(n_worlds, 2);
}

#[test]
fn replicas_in_production_are_spread_over_nodes_and_zones() {
    let rendered = rendered("prod");
    let is_server = |pod: &Pod<'_>| pod.is_ours() && pod.owner["kind"] == "Deployment";
    let servers: Vec<Pod<'_>> = rendered.pods().filter(is_server).collect();
    assert!(servers.len() >= 3);
    for key in ["kubernetes.io/hostname", "topology.kubernetes.io/zone"] {
        let is_spread = |pod: &Pod<'_>| {
            let labels = &pod.template["metadata"]["labels"];
            items(&pod.spec()["topologySpreadConstraints"])
                .any(|it| it["topologyKey"] == key && selects(&it["labelSelector"], labels))
        };
        assert!(servers.iter().all(is_spread), "{key}");
    }
}
