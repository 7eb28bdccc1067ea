//! The facts of today that a summary is made from, each read bounded.

use std::time::Duration;

use catalog::{Language, NativeId, ProductRow, Ranking, ShopKey, Store, UnixMs};
use summarizer::facts::{FactSheet, load};
use tokio::time::timeout;

use super::{Arguments, Target};
use crate::ToolError;
use crate::moments::DAY_MS;
use crate::products::{self, gone_since, reference};
use crate::rankings::no_ranking;
use crate::tools::Call;

/// How long ago a change may be, as in summaries that are stored.
const CHANGES_MS: i64 = 7 * DAY_MS;

/// So long all products of a shop are read; of those that take longer, only the first are.
const WHOLE_SHOP: Duration = Duration::from_secs(5);
const MOST_OF_LARGE_SHOP: usize = 2_000;

/// So many products of a type are looked at.
const MOST_OF_CATEGORY: usize = 10_000;

/// What is known of a subject.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) sheet: FactSheet,
    /// How other tools name the subject; `None` for a type, whose name is a stranger's, and for lists.
    pub(super) subject: Option<String>,
    /// The end of the command that stores a text about it; `None` where none can be stored.
    pub(super) command: Option<String>,
    /// Since when a product is gone.
    pub(super) gone_since: Option<UnixMs>,
    /// Whether only a part of a large shop was looked at, so that nothing stored compares with it.
    pub(super) is_sample: bool,
    pub(super) as_of: UnixMs,
    pub(super) source: String,
}

/// Returns what is known today of what is asked for.
pub(super) async fn known(
    arguments: &Arguments,
    store: &dyn Store,
    call: &Call<'_>,
) -> Result<Known, ToolError> {
    let language = Language::from(arguments.language);
    let standings = call.context.data.rankings().latest(store).await?;
    let ranking = standings.as_deref().map(|it| &it.ranking);
    match arguments.target {
        Target::Product => {
            let row = products::find(store, "id", named(arguments, "id")?).await?;
            product(&row, ranking, language, store).await
        }
        Target::Shop => {
            let key = products::shop(store, "id", named(arguments, "id")?).await?;
            shop(&key, ranking, language, store, call).await
        }
        Target::Category => {
            category(named(arguments, "name")?, ranking, language, store, call).await
        }
        Target::Top => top(ranking, language, call).await,
        Target::Changes => changes(language, store, call).await,
    }
}

/// Returns what names the subject; models write it into either field.
fn named<'a>(arguments: &'a Arguments, field: &str) -> Result<&'a str, ToolError> {
    let both = match field {
        "name" => [&arguments.name, &arguments.id],
        _ => [&arguments.id, &arguments.name],
    };
    let given = both.into_iter().flatten().map(|it| it.trim());
    given.into_iter().find(|it| !it.is_empty()).ok_or_else(|| {
        let next = match arguments.target {
            Target::Category => "get_top_products {\"by\":\"category\"}",
            Target::Shop => "list_shops {}",
            _ => "search_products {\"query\":\"WORDS\"}",
        };
        ToolError::invalid(field, format!("{field} is missing: this target needs it")).next(next)
    })
}

async fn product(
    row: &ProductRow,
    ranking: Option<&Ranking>,
    language: Language,
    store: &dyn Store,
) -> Result<Known, ToolError> {
    let sheet = load::product_sheet(store, &row.id, ranking, language).await?;
    let sheet = sheet.ok_or_else(|| ToolError::new("unknown_product", "the product is gone"))?;
    Ok(Known {
        sheet,
        subject: Some(reference(row)),
        // Of hostile feeds, also the numbers are any text.
        command: matches!(row.id.native, NativeId::Number(_)).then(|| row.id.to_string()),
        gone_since: gone_since(store, &row.id).await?,
        is_sample: false,
        as_of: row.crawled_at,
        source: format!("crawl of {}", row.id.shop),
    })
}

async fn shop(
    key: &ShopKey,
    ranking: Option<&Ranking>,
    language: Language,
    store: &dyn Store,
    call: &Call<'_>,
) -> Result<Known, ToolError> {
    let now = (call.context.now)();
    let since = UnixMs::new(now.ms().saturating_sub(CHANGES_MS));
    let languages = [language];
    let whole = load::shop_sheets(store, key, ranking, since, &languages);
    let (sheets, is_sample) = match timeout(WHOLE_SHOP, whole).await {
        Ok(sheets) => (sheets?, false),
        Err(_) => {
            let most = MOST_OF_LARGE_SHOP;
            let part = load::shop_sheets_within(most, store, key, ranking, since, &languages);
            (part.await?, true)
        }
    };
    let sheet = sheets.and_then(|mut it| it.pop());
    let sheet = sheet.ok_or_else(|| ToolError::new("unknown_shop", "the shop is not stored"))?;
    // When the shop was last read to its end, as the sheet's first fact has it.
    let read_at = sheet.facts.first().and_then(|it| it.at);
    Ok(Known {
        sheet,
        subject: Some(key.to_string()),
        command: Some(format!("shop:{key}")),
        gone_since: None,
        is_sample,
        as_of: crawled_at(read_at, store, call).await?,
        source: format!("crawl of {key}"),
    })
}

async fn category(
    name: &str,
    ranking: Option<&Ranking>,
    language: Language,
    store: &dyn Store,
    call: &Call<'_>,
) -> Result<Known, ToolError> {
    let languages = [language];
    let sheets = load::category_sheets(MOST_OF_CATEGORY, store, name, ranking, &languages).await?;
    let Some(sheet) = sheets.and_then(|mut it| it.pop()) else {
        if products::shops(store).await?.is_empty() {
            return Err(ToolError::empty());
        }
        let error = ToolError {
            field: Some("name".to_owned()),
            ..ToolError::new("unknown_category", "no product there is has this type")
        };
        return Err(error.next("get_top_products {\"by\":\"category\"} shows types"));
    };
    let read_at = sheet.facts.first().and_then(|it| it.at);
    Ok(Known {
        sheet,
        subject: None,
        command: None,
        gone_since: None,
        is_sample: false,
        as_of: crawled_at(read_at, store, call).await?,
        source: "crawls of all shops".to_owned(),
    })
}

async fn top(
    ranking: Option<&Ranking>,
    language: Language,
    call: &Call<'_>,
) -> Result<Known, ToolError> {
    let sheets = (call.context.ranking_sheets)(None, vec![language]).await?;
    let (Some(sheet), Some(ranking)) = (sheets.into_iter().next(), ranking) else {
        return Err(no_ranking());
    };
    Ok(Known {
        sheet,
        subject: None,
        command: Some("top-k".to_owned()),
        gone_since: None,
        is_sample: false,
        as_of: ranking.at,
        source: format!(
            "ranking {}",
            crate::run_id::format(ranking.at, &ranking.preset)
        ),
    })
}

async fn changes(
    language: Language,
    store: &dyn Store,
    call: &Call<'_>,
) -> Result<Known, ToolError> {
    if products::shops(store).await?.is_empty() {
        return Err(ToolError::empty());
    }
    let until = (call.context.now)();
    let since = UnixMs::new(until.ms().saturating_sub(CHANGES_MS));
    let mut sheets = load::changes_sheets(store, since, until, &[language]).await?;
    let sheet = sheets.pop();
    let sheet = sheet.ok_or_else(|| ToolError::new("internal", "there is no sheet of changes"))?;
    Ok(Known {
        sheet,
        subject: None,
        command: Some("changes".to_owned()),
        gone_since: None,
        is_sample: false,
        as_of: crawled_at(None, store, call).await?,
        source: "observations of the last 7 days".to_owned(),
    })
}

/// Returns when what is told was read, where that is known; else when the newest crawl was, which is no older.
async fn crawled_at(
    read_at: Option<UnixMs>,
    store: &dyn Store,
    call: &Call<'_>,
) -> Result<UnixMs, ToolError> {
    if let Some(read_at) = read_at {
        return Ok(read_at);
    }
    let newest = call.context.data.rankings().newest_crawl(store).await?;
    Ok(newest.unwrap_or_else(|| (call.context.now)()))
}
