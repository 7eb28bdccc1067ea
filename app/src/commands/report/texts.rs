//! Looks up the stored summaries of the listed products, and whether they are of what is known of these now.

use anyhow::Result;
use catalog::{Language, RankedRow, Ranking, Store, Summary};
use summarizer::facts::{Subject, load};

use super::data::ProductText;
use crate::commands::summarize::Words;

/// Of a longer list, only so many products are looked up: the file has to stay small.
const MOST: usize = 1_000;

/// Returns the summary of each row, row by row.
pub(super) async fn texts(
    store: &dyn Store,
    ranking: &Ranking,
) -> Result<Vec<Option<ProductText>>> {
    let mut texts = Vec::with_capacity(ranking.rows.len());
    for row in ranking.rows.iter().take(MOST) {
        texts.push(text_of(row, ranking, store).await?);
    }
    texts.resize_with(ranking.rows.len(), || None);
    Ok(texts)
}

/// Returns the summary of a row: the English one, else the French one, and before these one that is not of earlier
/// facts.
async fn text_of(
    row: &RankedRow,
    ranking: &Ranking,
    store: &dyn Store,
) -> Result<Option<ProductText>> {
    let id = &row.product.id;
    let subject = Subject::Product(id.clone()).to_string();
    let mut earlier = None;
    for language in Language::ALL {
        let Some(summary) = store.summary(&subject, language.code()).await? else {
            continue;
        };
        let sheet = load::product_sheet(store, id, Some(ranking), language).await?;
        if sheet.is_some_and(|it| it.hash() == summary.facts_hash) {
            return Ok(Some(text(summary, language, true)));
        }
        earlier.get_or_insert_with(|| text(summary, language, false));
    }
    Ok(earlier)
}

fn text(summary: Summary, language: Language, is_of_these_facts: bool) -> ProductText {
    let words = Words::of(&summary);
    let earlier = match language {
        Language::En => "made from earlier facts, some of it may no longer be true",
        Language::Fr => "rédigé d’après des faits antérieurs, tout n’en est peut-être plus vrai",
    };
    ProductText {
        language,
        headline: summary.headline,
        text: summary.text,
        cautions: summary.cautions,
        by: words.by,
        careful: words.careful,
        earlier: (!is_of_these_facts).then_some(earlier),
        at: summary.at,
    }
}
