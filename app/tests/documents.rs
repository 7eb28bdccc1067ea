//! The documents stay short enough to be read, and the decisions keep their form.

use std::fs;
use std::path::{Path, PathBuf};

use crate::house::{foreign_crates, root};

fn assert_short(file: &Path, most: usize) -> String {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let n_lines = text.lines().count();
    assert!(
        n_lines <= most,
        "{} has {n_lines} lines, more than {most}",
        file.display()
    );
    text
}

/// Returns the files of the decisions, by number.
fn decisions() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("docs/decisions")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_architecture_fits_150_lines() {
    assert_short(&root().join("docs/ARCHITECTURE.md"), 150);
}

#[test]
fn the_style_guide_fits_90_lines() {
    assert_short(&root().join("docs/STYLE.md"), 90);
}

#[test]
fn decisions_are_numbered_in_a_row_short_and_of_one_form() {
    let files = decisions();
    assert!(!files.is_empty());
    for (n, file) in (1..).zip(&files) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap();
        assert!(
            name.starts_with(&format!("{n:04}-")) && name.ends_with(".md"),
            "{name} is not number {n}"
        );
        let text = assert_short(file, 40);
        for part in [
            "# ",
            "Date: 20",
            "## Context",
            "## Decision",
            "## Consequences",
        ] {
            let found = text.lines().any(|line| line.starts_with(part));
            assert!(found, "{name} has no line that begins with {part:?}");
        }
    }
}

#[test]
fn every_foreign_crate_is_named_in_a_decision() {
    let text: String = decisions()
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    for name in foreign_crates() {
        assert!(
            text.contains(&format!("`{name}`")),
            "docs/decisions does not say what {name} is for"
        );
    }
}
