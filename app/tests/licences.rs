//! Every dependency's licence is one of those that `deny.toml` allows.

use cargo_metadata::{Metadata, MetadataCommand};

use crate::house::root;

#[test]
fn every_dependency_has_an_allowed_licence() {
    let allowed = allowed();
    let metadata = dependencies();
    let refused: Vec<String> = metadata
        .packages
        .iter()
        .filter(|it| !metadata.workspace_members.contains(&it.id))
        .filter_map(|it| {
            let licence = it.license.as_deref().unwrap_or("no stated licence");
            (!is_allowed(licence, &allowed))
                .then(|| format!("{} {} has {licence}", it.name, it.version))
        })
        .collect();
    assert!(
        refused.is_empty(),
        "deny.toml does not allow:\n{}",
        refused.join("\n")
    );
}

/// Reads the dependencies for this machine's platform, which the build has fetched already.
fn dependencies() -> Metadata {
    let read = |options: &[&str]| {
        let options: Vec<String> = options.iter().copied().map(String::from).collect();
        MetadataCommand::new()
            .current_dir(root())
            .other_options(options)
            .exec()
    };
    let here = ["--filter-platform", "host-tuple"];
    read(&[&here[..], &["--offline"]].concat())
        .or_else(|_| read(&here))
        .expect("cargo resolves the workspace")
}

fn allowed() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let deny: toml::Table = text.parse().unwrap();
    let names = deny["licenses"]["allow"]
        .as_array()
        .expect("a list of licences");
    names
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Returns whether an SPDX expression can be met by allowed licences alone; `/` is the old way to write `OR`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = either(&mut words, allowed);
    answer && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut answer = both(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        answer |= both(words, allowed);
    }
    answer
}

fn both(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut answer = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        answer &= one(words, allowed);
    }
    answer
}

fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    match words.next() {
        Some("(") => {
            let answer = either(words, allowed);
            words.next() == Some(")") && answer
        }
        Some(name) => {
            let answer = allowed.iter().any(|it| it == name);
            // An exception only adds rights.
            if words.next_if_eq(&"WITH").is_some() {
                words.next();
            }
            answer
        }
        None => false,
    }
}

#[test]
fn licence_expressions_are_read_as_spdx() {
    let allowed = ["MIT", "Apache-2.0", "ISC"].map(String::from);
    for (expression, answer) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("GPL-3.0/MIT", true),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT OR GPL-3.0) AND GPL-3.0", false),
        ("MIT OR GPL-3.0 AND LGPL-3.0", true),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
        ("no stated licence", false),
        ("MIT GPL-3.0", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), answer, "{expression}");
    }
}
