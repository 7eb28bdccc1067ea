//! Makes the sheets of the blind set: `cargo run --example blind_sheets -p summarizer`, one JSON record per line.
//!
//! With `-- unseen` those of the second one. Invented products and shops, told of by the builders that tell of real
//! ones. The stored sheets were made once: when the builders' wording changes they stay, since drafts were written for
//! them.
#![expect(clippy::print_stdout, reason = "prints its result")]

mod goods;
mod lists;
mod products;
mod unseen;

use std::error::Error;

use catalog::Language;
use summarizer::facts::FactSheet;

fn main() -> Result<(), Box<dyn Error>> {
    let is_unseen = std::env::args().any(|it| it == "unseen");
    for language in Language::ALL {
        let sheets = match is_unseen {
            true => unseen::sheets(language),
            false => [products::sheets(language), lists::sheets(language)].concat(),
        };
        for (name, sheet) in sheets {
            println!("{}", line(&name, &sheet)?);
        }
    }
    Ok(())
}

/// Returns the record of a sheet, named by what it is about and its language.
fn line(name: &str, sheet: &FactSheet) -> Result<String, serde_json::Error> {
    let name = format!("{name}_{}", sheet.language.code());
    serde_json::to_string(&serde_json::json!({ "name": name, "sheet": sheet }))
}
