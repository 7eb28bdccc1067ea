//! True sentences in many styles, and lies that look like them, over facts as they are written for every subject.
//!
//! A line each: `@subject|language|title` begins a sheet, `F` is a fact of ours and `S` the seller's; `+` is true of them,
//! `H` a true headline, `-` a lie.

use super::*;

const TABLES: [&str; 2] = [
    include_str!("../../../testdata/styles/en.txt"),
    include_str!("../../../testdata/styles/fr.txt"),
];

fn begun(line: &str) -> FactSheet {
    let mut parts = line.split('|');
    let mut next = || parts.next().unwrap().to_owned();
    let (subject, language, title) = (next(), next(), next());
    FactSheet {
        subject,
        language: language.parse().unwrap(),
        title,
        facts: Vec::new(),
    }
}

fn add(sheet: &mut FactSheet, text: &str, source: FactSource) {
    let n = sheet.facts.len() + 1;
    sheet.facts.push(Fact {
        id: format!("F{n}"),
        topic: format!("topic{n}"),
        text: text.to_owned(),
        source,
        at: None,
    });
}

/// A draft that says `text` and cites all facts.
fn citing_all(sheet: &FactSheet, text: &str, is_headline: bool) -> Draft {
    let mut draft = draft(sheet, "");
    let ids: Vec<String> = sheet.facts.iter().map(|it| it.id.clone()).collect();
    let claim = |ids: &[String]| Claim {
        text: draft.headline.clone(),
        fact_ids: ids.to_vec(),
    };
    draft.claims = ids.chunks(MAX_FACT_IDS).map(claim).collect();
    match is_headline {
        true => draft.headline = text.to_owned(),
        false => draft.summary = text.to_owned(),
    }
    draft
}

#[test]
fn true_sentences_are_accepted_in_every_style_and_lies_in_none() {
    let mut wrong = Vec::new();
    for table in TABLES {
        let mut sheet = None;
        for line in table.lines().filter(|it| !it.is_empty()) {
            let (kind, text) = line.split_at(1);
            if kind == "@" {
                sheet = Some(begun(text));
                continue;
            }
            let sheet = sheet.as_mut().unwrap();
            match kind {
                "F" => add(sheet, text, FactSource::Catalogue),
                "S" => add(sheet, text, FactSource::Seller),
                _ => {
                    let found = check(&citing_all(sheet, text, kind == "H"), sheet);
                    if found.is_empty() == (kind == "-") {
                        wrong.push(format!("{line}: {found:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
