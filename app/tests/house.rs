//! Who may import whom: the tables of [`rooms`](crate::rooms), checked against every manifest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::rooms::{FOR_TESTS, FOR_TESTS_OF, RESERVED, ROOMS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Dev,
}

/// One line of a room's manifest.
#[derive(Debug)]
struct Edge {
    room: String,
    kind: Kind,
    dependency: String,
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let violations = violations(&edges());
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn every_room_is_a_member_and_every_member_a_room() {
    let metadata = workspace();
    let members: Vec<(String, PathBuf)> = metadata
        .workspace_packages()
        .into_iter()
        .map(|it| {
            let folder = it.manifest_path.parent().expect("a manifest has a folder");
            (it.name.to_string(), folder.as_std_path().to_path_buf())
        })
        .collect();
    for (name, folder) in &members {
        let room = ROOMS.iter().find(|room| room.name == name);
        let room = room.unwrap_or_else(|| panic!("{name} is not in the table of rooms"));
        assert_eq!(*folder, root().join(room.folder), "the folder of {name}");
    }
    for room in ROOMS {
        let exists = root().join(room.folder).exists();
        let is_member = members.iter().any(|(name, _)| name == room.name);
        assert_eq!(
            exists, is_member,
            "{} exists, {} is a member",
            room.folder, room.name
        );
    }
}

/// Returns one sentence for each edge that the tables forbid.
fn violations(edges: &[Edge]) -> Vec<String> {
    edges.iter().filter_map(violation).collect()
}

fn violation(edge: &Edge) -> Option<String> {
    let (from, to) = (edge.room.as_str(), edge.dependency.as_str());
    let Some(room) = ROOMS.iter().find(|room| room.name == from) else {
        return Some(format!("{from} is not in the table of rooms"));
    };
    if ROOMS.iter().any(|room| room.name == to) {
        let for_tests =
            edge.kind == Kind::Dev && (to == "testkit" || FOR_TESTS_OF.contains(&(from, to)));
        let allowed = for_tests || room.may_use.contains(&to);
        return (!allowed).then(|| match room.may_use {
            [] => format!("{from} may not depend on {to}: it depends on no room"),
            rooms => format!(
                "{from} may not depend on {to}: only on {}",
                rooms.join(", ")
            ),
        });
    }
    if edge.kind == Kind::Normal && FOR_TESTS.contains(&to) {
        return Some(format!(
            "{from} may not depend on {to}: it is for tests only"
        ));
    }
    let (_, rooms) = RESERVED.iter().find(|(name, _)| *name == to)?;
    (!rooms.contains(&from)).then(|| match *rooms {
        [] => format!("{from} may not depend on {to}: no room may"),
        rooms => format!(
            "{from} may not depend on {to}: only {} may",
            rooms.join(", ")
        ),
    })
}

/// Reads the edges of all members; a build dependency counts as a normal one.
fn edges() -> Vec<Edge> {
    let metadata = workspace();
    let mut edges = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            edges.push(Edge {
                room: package.name.to_string(),
                kind: match dependency.kind {
                    DependencyKind::Development => Kind::Dev,
                    _ => Kind::Normal,
                },
                dependency: dependency.name.clone(),
            });
        }
    }
    edges
}

/// Returns the names of all crates that the rooms use and that are no rooms.
pub(crate) fn foreign_crates() -> BTreeSet<String> {
    let names = edges().into_iter().map(|edge| edge.dependency);
    names
        .filter(|name| ROOMS.iter().all(|room| room.name != name))
        .collect()
}

fn workspace() -> Metadata {
    MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .expect("cargo reads the manifests")
}

/// Returns the workspace's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("app is a folder of the workspace")
}

fn judge(room: &str, kind: Kind, dependency: &str) -> Vec<String> {
    violations(&[Edge {
        room: room.to_owned(),
        kind,
        dependency: dependency.to_owned(),
    }])
}

#[test]
fn a_forbidden_edge_is_reported_with_its_reason() {
    for (room, kind, dependency, sentence) in [
        (
            "scoring",
            Kind::Normal,
            "rusqlite",
            "scoring may not depend on rusqlite: only store may",
        ),
        (
            "scoring",
            Kind::Dev,
            "rusqlite",
            "scoring may not depend on rusqlite: only store may",
        ),
        (
            "scoring",
            Kind::Normal,
            "store",
            "scoring may not depend on store: only on catalog",
        ),
        (
            "catalog",
            Kind::Normal,
            "scoring",
            "catalog may not depend on scoring: it depends on no room",
        ),
        (
            "crawler",
            Kind::Dev,
            "store",
            "crawler may not depend on store: only on catalog",
        ),
        (
            "a2a",
            Kind::Normal,
            "store",
            "a2a may not depend on store: only on catalog, crawler, summarizer",
        ),
        (
            "crawler",
            Kind::Normal,
            "testkit",
            "crawler may not depend on testkit: only on catalog",
        ),
        (
            "store",
            Kind::Normal,
            "openssl",
            "store may not depend on openssl: no room may",
        ),
        (
            "store",
            Kind::Normal,
            "proptest",
            "store may not depend on proptest: it is for tests only",
        ),
        (
            "helpers",
            Kind::Normal,
            "serde",
            "helpers is not in the table of rooms",
        ),
    ] {
        assert_eq!(judge(room, kind, dependency), [sentence]);
    }
    let sentence = judge("catalog", Kind::Normal, "tokio").join("");
    assert!(
        sentence.starts_with("catalog may not depend on tokio: only store, crawler"),
        "{sentence}"
    );
}

#[test]
fn an_allowed_edge_is_not_reported() {
    for (room, kind, dependency) in [
        ("store", Kind::Normal, "rusqlite"),
        ("scoring", Kind::Normal, "catalog"),
        ("scoring", Kind::Dev, "proptest"),
        ("crawler", Kind::Dev, "testkit"),
        ("a2a", Kind::Dev, "store"),
        ("app", Kind::Normal, "testkit"),
        ("catalog", Kind::Normal, "serde"),
    ] {
        assert_eq!(judge(room, kind, dependency), [""; 0]);
    }
}

#[test]
fn one_forbidden_edge_among_the_real_ones_is_found() {
    let mut edges = edges();
    edges.push(Edge {
        room: "catalog".to_owned(),
        kind: Kind::Normal,
        dependency: "mongodb".to_owned(),
    });
    assert_eq!(
        violations(&edges),
        ["catalog may not depend on mongodb: only store may"]
    );
}
