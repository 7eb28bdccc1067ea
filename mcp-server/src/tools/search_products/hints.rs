//! What to do with an answer that is not what was hoped for.

use catalog::{Currency, SearchOrder, SearchQuery, Store, query_words};

use super::pages::Found;
use super::question::Question;
use crate::{ToolError, products};

/// So many other searches are tried where one finds nothing.
const MAX_TRIES: usize = 8;

/// Returns what a caller should know or do; `None` where the answer is all there is to say.
pub(super) async fn hint(
    store: &dyn Store,
    question: &Question,
    found: &Found,
) -> Result<Option<String>, ToolError> {
    if found.is_nothing() {
        return nothing_found(store, question).await.map(Some);
    }
    let query = &question.query;
    let mut hints = Vec::new();
    if found.has_stopped {
        hints.push(
            "few products match and not all were looked at: go on with next_cursor".to_owned(),
        );
    }
    hints.extend(of_currencies(store, query, found).await?);
    Ok((!hints.is_empty()).then(|| hints.join("; ")))
}

/// Says so where prices of several currencies stand in one list, or were measured by one limit.
async fn of_currencies(
    store: &dyn Store,
    query: &SearchQuery,
    found: &Found,
) -> Result<Option<String>, ToolError> {
    let filter = &query.filter;
    let is_limited = filter.price_min.is_some() || filter.price_max.is_some();
    let is_sorted = matches!(query.order, SearchOrder::Cheapest | SearchOrder::Dearest);
    if !(is_limited || is_sorted) || found.is_of_one_currency() {
        return Ok(None);
    }
    let currencies = products::currencies(store, &filter.shops).await?;
    let is_known = currencies.iter().all(|it| it.is_known());
    let codes = currencies.iter().filter(|it| it.is_known());
    let codes: Vec<&str> = codes.map(Currency::code).take(10).collect();
    let codes = codes.join(", ");
    let what = match is_sorted {
        true => "prices of several currencies are not compared: one currency follows the other",
        false => "the limits of price were taken in each product's own currency",
    };
    let next = match (codes.is_empty(), is_known) {
        (true, _) => "no shop says its currency: name a shop".to_owned(),
        (false, true) => format!("name a currency: {codes}"),
        (false, false) => {
            format!("name a currency: {codes}, or a shop, for some do not say their currency")
        }
    };
    Ok(Some(format!("{what}; {next}")))
}

/// Says which argument to leave out where nothing was found.
async fn nothing_found(store: &dyn Store, question: &Question) -> Result<String, ToolError> {
    let mut helping = Vec::new();
    for (without, other) in others(question).into_iter().take(MAX_TRIES) {
        let page = store.search(&other, None, 1).await?;
        if page.total > 0 || !page.rows.is_empty() {
            let more = if page.is_total_exact { "" } else { "about " };
            helping.push(format!("{without}: {more}{}", page.total.max(1)));
        }
    }
    Ok(match helping.is_empty() {
        true => "nothing matches; call with fewer words and filters".to_owned(),
        false => format!("nothing matches all of it; products {}", helping.join(", ")),
    })
}

/// Returns the same query with one thing less each, and what that is; all of them find what is in stock too.
fn others(question: &Question) -> Vec<(String, SearchQuery)> {
    let query = &question.query;
    let mut others = Vec::new();
    let also = match question.only_sold_out {
        true => " and in_stock",
        false => "",
    };
    if question.only_sold_out {
        others.push(("without in_stock".to_owned(), query.clone()));
    }
    let mut add = |name: &str, is_given: bool, without: fn(&mut SearchQuery)| {
        if is_given {
            let mut other = query.clone();
            without(&mut other);
            others.push((format!("without {name}{also}"), other));
        }
    };
    let filter = &query.filter;
    let is_limited = filter.price_min.is_some() || filter.price_max.is_some();
    add("product_type", filter.product_type.is_some(), |it| {
        it.filter.product_type = None;
    });
    add("vendor", filter.vendor.is_some(), |it| {
        it.filter.vendor = None;
    });
    add("tag", query.tag.is_some(), |it| it.tag = None);
    add("price_min and price_max", is_limited, |it| {
        (it.filter.price_min, it.filter.price_max) = (None, None);
    });
    add("in_stock", filter.in_stock, |it| it.filter.in_stock = false);
    add("currency", filter.currency.is_some(), |it| {
        it.filter.currency = None;
    });
    add("shop", !filter.shops.is_empty(), |it| {
        it.filter.shops.clear();
    });
    let words = query_words(&query.text);
    if words.len() > 1 {
        others.extend(words.iter().map(|word| {
            let other = SearchQuery {
                text: word.clone(),
                ..query.clone()
            };
            (
                format!(
                    "with the word {word} alone{}",
                    also.replace("and", "without")
                ),
                other,
            )
        }));
    }
    others
}
