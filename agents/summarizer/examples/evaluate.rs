//! Judges the checks by the stored sets: `cargo run --example evaluate -p summarizer -- [--mistakes] [--write]`.
//!
//! Prints the table that `docs/summaries.md` publishes, with `--mistakes` also every lie that passed and every correct
//! summary that was refused; `--write` makes the sets of lies anew first, and puts the table into the document.
#![expect(clippy::print_stdout, reason = "prints its result")]

#[path = "../tests/evaluation/mod.rs"]
mod evaluation;

use std::error::Error;

use evaluation::blind;
use evaluation::corpus::{self, Set};
use evaluation::corrupt;
use evaluation::measure::Figures;

const START: &str = "<!-- figures -->";
const END: &str = "<!-- /figures -->";

fn main() -> Result<(), Box<dyn Error>> {
    let asked: Vec<_> = std::env::args().skip(1).collect();
    let is_asked = |flag: &str| asked.iter().any(|it| it == flag);
    if is_asked("--write") {
        let samples = corpus::correct();
        let sets = [
            (Set::Made, corrupt::corruptions(&samples)),
            (Set::Fresh, corrupt::corruptions(&corpus::fresh())),
            (Set::Blind, blind::lies(&blind::correct())),
            (Set::Unseen, blind::lies(&blind::unseen())),
            (Set::Second, corrupt::lies(&samples)),
        ];
        for (set, changes) in sets {
            std::fs::write(corpus::path(set.file()), corpus::lines(&changes))?;
        }
    }
    let figures = Figures::of_stored_sets();
    if is_asked("--mistakes") {
        println!("{}", figures.mistakes.join("\n"));
    }
    let table = figures.table();
    if is_asked("--write") {
        publish(&table)?;
    }
    println!("{table}");
    Ok(())
}

/// Puts the table between its marks in the document.
fn publish(table: &str) -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/summaries.md");
    let text = std::fs::read_to_string(path)?;
    let (before, rest) = text.split_once(START).ok_or("no mark of the table")?;
    let (_, after) = rest.split_once(END).ok_or("no mark of the table's end")?;
    std::fs::write(path, format!("{before}{START}\n\n{table}\n{END}{after}"))?;
    Ok(())
}
