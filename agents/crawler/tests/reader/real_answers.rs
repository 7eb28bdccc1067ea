//! Saved answers of real shops, which are no part of the repository: skipped, aloud, where they are absent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Page, ReadError, read};
use crate::numbers;

/// Where the saved answers lie, beside the repository.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

#[test]
fn every_storefront_gives_all_its_products() {
    let Some(data) = saved_answers() else { return };
    let stores = fs::read_to_string(data.join("stores.tsv")).unwrap();
    let mut n_stores = 0;
    for line in stores.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let count = |column: usize| columns[column].parse::<usize>().unwrap();
        let page = read(contents(&data.join(columns[1]))).unwrap();
        let n_variants: usize = page.products.iter().map(|it| it.variants.len()).sum();
        assert_eq!(
            (page.n_listed, page.products.len(), n_variants),
            (count(2), count(2), count(3)),
            "{}",
            columns[0]
        );
        assert_eq!(page.problems, [], "{}", columns[0]);
        assert!(
            page.products
                .iter()
                .all(|it| it.url.starts_with("https://"))
        );
        n_stores += 1;
    }
    assert_eq!(n_stores, 13);
}

#[test]
fn every_saved_answer_is_read_or_says_why_not() {
    let Some(data) = saved_answers() else { return };
    let mut files = vec![];
    for folder in ["storefront", "admin", "odd", "ajax"] {
        collect_files(&data.join("shopify").join(folder), &mut files);
    }
    files.sort();
    for file in &files {
        let name = file.strip_prefix(&data).unwrap().display();
        match read(contents(file)) {
            Ok(page) => {
                check_ids(&page);
                eprintln!(
                    "{name}: {} listed, {} products, problems {:?}",
                    page.n_listed,
                    page.products.len(),
                    by_kind(&page)
                );
            }
            Err(error) => {
                let is_expected = matches!(
                    (&error, file.file_name().and_then(|it| it.to_str())),
                    (ReadError::NotProducts(_), Some("collections.json"))
                        | (ReadError::Errors(_), Some("errors_object_synthetic.json"))
                        | (ReadError::NotJson(_), Some("html_instead_of_json.html"))
                );
                assert!(is_expected, "{name}: {error}");
                eprintln!("{name}: {error}");
            }
        }
    }
    assert!(files.len() > 40, "{} files", files.len());
}

#[test]
fn every_product_of_a_storefront_goes_the_short_ways_to_its_numbers() {
    let Some(data) = saved_answers() else { return };
    let mut files = vec![];
    collect_files(&data.join("shopify/storefront"), &mut files);
    let mut n_products = 0;
    for file in &files {
        let Ok(answer) = serde_json::from_slice::<Value>(&contents(file)) else {
            continue;
        };
        for product in answer["products"].as_array().unwrap_or(&vec![]) {
            let document = product.to_string();
            if read(&document).is_ok_and(|page| page.problems.is_empty()) {
                assert!(
                    numbers::short_way_to_features(document.as_bytes()).is_some(),
                    "{document}"
                );
                n_products += 1;
            }
            numbers::check_short_ways(document.as_bytes());
        }
    }
    assert!(n_products > 1_000, "{n_products} products");
}

pub(crate) fn saved_answers() -> Option<PathBuf> {
    let data = PathBuf::from(DATA);
    if !data.join("shopify").is_dir() {
        eprintln!("SKIPPED: no saved answers in {DATA}");
        return None;
    }
    Some(data)
}

pub(crate) fn contents(file: &Path) -> Vec<u8> {
    let saved = fs::read(file).unwrap();
    if file.extension().is_none_or(|it| it != "gz") {
        return saved;
    }
    let mut body = vec![];
    flate2::read::GzDecoder::new(&saved[..])
        .read_to_end(&mut body)
        .unwrap();
    body
}

pub(crate) fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn check_ids(page: &Page) {
    let ids: BTreeSet<_> = page.products.iter().map(|it| &it.id).collect();
    assert_eq!(ids.len(), page.products.len());
}

fn by_kind(page: &Page) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for problem in &page.problems {
        *counts.entry(problem.kind.name()).or_default() += 1;
    }
    counts
}
