//! `summarize`: a text whose every number is known. Asks no language model: a stored text of one is told if it says
//! what is known today, else today's facts are, in a fixed form.

mod sheet;
#[cfg(test)]
mod tests;
mod told;
mod words;

use catalog::{Fallback, Language, Summary, SummarySource, UnixMs};
use schemars::JsonSchema;
use serde::Deserialize;
use summarizer::facts::FactSheet;

use self::sheet::{Known, known};
use self::told::Told;
use super::{Answer, Call, ToolKind};
use crate::ToolError;

pub(crate) struct Summarize;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// What to summarize: one product, shop or product type, the ranking, or the last 7 days
    target: Target,
    /// Product: shop/handle, product id, number or URL; shop: its host
    #[serde(default)]
    #[schemars(with = "String")]
    id: Option<String>,
    /// Category: the product type, in any case
    #[serde(default)]
    #[schemars(with = "String")]
    name: Option<String>,
    /// analyst adds the claims and all facts
    #[serde(default)]
    style: Style,
    /// The language of the text
    #[serde(default)]
    language: Words,
}

/// What a summary is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Target {
    Product,
    Shop,
    Category,
    Top,
    Changes,
}

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Style {
    #[default]
    Brief,
    Analyst,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Words {
    #[default]
    En,
    Fr,
}

impl From<Words> for Language {
    fn from(words: Words) -> Self {
        match words {
            Words::En => Self::En,
            Words::Fr => Self::Fr,
        }
    }
}

impl ToolKind for Summarize {
    const NAME: &'static str = "summarize";
    const TITLE: &'static str = "Summarize";
    const DESCRIPTION: &'static str = "Gives a short text about a product, shop, product type, the ranking or the last \
        days, with the facts that each claim stands on. source says who wrote it: llm, a stored text that was checked \
        against the facts, or extractive, the facts themselves. Asks no model, so it is fast. For figures take the \
        other tools.";
    const IS_LEAN: bool = true;
    type Arguments = Arguments;
    type Output = Told;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Told>, ToolError> {
        let now = (call.context.now)();
        let store = call.context.data.store().await?;
        let known = known(&arguments, store, call).await?;
        let language = known.sheet.language.code();
        let stored = store.summary(&known.sheet.subject, language).await?;
        let chosen = choose(&known, stored, now);
        let shops = crate::products::shops(store).await?;
        let told = told::told(&known, &chosen, arguments.style, &shops, now);
        Ok(Answer {
            rows: told.n_citations(),
            output: told,
        })
    }
}

/// The text that is told.
#[derive(Debug)]
struct Chosen {
    summary: Summary,
    /// When the stored text was made, where that is of other facts than today's.
    earlier: Option<UnixMs>,
    /// Why no model's text is told, where one was refused.
    refused: Option<Fallback>,
}

/// Returns the stored text of a model if it says what is known today, else today's facts in the fixed form.
///
/// A text of earlier facts is not told: whoever asks gets what is true now, and hears that there was another.
fn choose(known: &Known, stored: Option<Summary>, now: UnixMs) -> Chosen {
    let fixed_form = |sheet: &FactSheet| summarizer::extractive_summary(sheet, None, now);
    let sheet = &known.sheet;
    let Some(stored) = stored else {
        return Chosen {
            summary: fixed_form(sheet),
            earlier: None,
            refused: None,
        };
    };
    let is_of_these_facts = stored.facts_hash == sheet.hash();
    match stored.source {
        SummarySource::Llm(_) if summarizer::is_current(&stored, sheet) => Chosen {
            summary: stored,
            earlier: None,
            refused: None,
        },
        SummarySource::Extractive { instead } if is_of_these_facts => Chosen {
            summary: fixed_form(sheet),
            earlier: None,
            refused: instead,
        },
        _ => Chosen {
            summary: fixed_form(sheet),
            earlier: (!is_of_these_facts && !known.is_sample).then_some(stored.at),
            refused: None,
        },
    }
}
