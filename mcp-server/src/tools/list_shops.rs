//! `list_shops`: which shops there are, and how fresh what is known of them is.

mod line;

use catalog::{Platform, ShopStatus, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::line::{ShopLine, State};
use super::{Answer, Call, ToolKind};
use crate::ToolError;
use crate::answer::{Cut, DataAge};
use crate::arguments::ResponseFormat;
use crate::economy::{self, Budget};

pub(crate) struct ListShops;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// Only shops of this software
    #[serde(default)]
    #[schemars(with = "PlatformName")]
    platform: Option<PlatformName>,
    /// fresh: read completely within 48 hours; failed, blocked, gone: how the last crawl ended
    #[serde(default)]
    #[schemars(with = "State")]
    status: Option<State>,
    /// Shops in one answer
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 50), extend("default" = 20))]
    limit: Option<usize>,
    /// `next_cursor` of the answer before
    #[serde(default)]
    #[schemars(with = "String")]
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum PlatformName {
    Shopify,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    shops: Vec<ShopLine>,
    /// Shops that match, on all pages.
    total: usize,
    #[serde(flatten)]
    cut: Cut,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DataAge")]
    data: Option<DataAge>,
}

/// Shops in one answer unless the caller says how many.
const USUAL_LIMIT: usize = 20;

impl ToolKind for ListShops {
    const NAME: &'static str = "list_shops";
    const TITLE: &'static str = "List shops";
    const DESCRIPTION: &'static str = "Lists the stored shops by name: how many products each has, how its last crawl \
        ended and how old what is known of it is. Call it to learn which shops other tools can filter by, and whether \
        their data can be trusted.";
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let now = (call.context.now)();
        let store = call.context.data.store().await?;
        let after: Option<String> = match &arguments.cursor {
            Some(cursor) => Some(call.context.cursors.open(call.query, cursor, now)?),
            None => None,
        };
        let shops = store.shops().await?;
        if shops.is_empty() {
            return Err(ToolError::empty());
        }
        let lines = shops.iter().map(|it| ShopLine::of(it, now));
        let mut lines: Vec<ShopLine> = lines.filter(|it| arguments.wants(it)).collect();
        let total = lines.len();
        lines.retain(|it| {
            after
                .as_deref()
                .is_none_or(|after| it.shop.as_str() > after)
        });
        let n_left = lines.len();
        lines.truncate(arguments.limit.unwrap_or(USUAL_LIMIT));
        let budget = Budget::of(arguments.limit.is_some(), ResponseFormat::Concise);
        let truncated = economy::cut(&mut lines, &total, budget);
        let last = lines.last().filter(|_| lines.len() < n_left);
        let next_cursor = last.map(|it| call.context.cursors.seal(call.query, &it.shop, now));
        let mut cut = Cut::new(lines.len(), truncated, next_cursor);
        if total == 0 {
            cut.hint = Some("no shop is like that; call without platform and status".to_owned());
        }
        let read: Vec<_> = lines.iter().filter_map(|it| it.last_complete_at).collect();
        let source = || format!("the last complete crawls of {} shops", read.len());
        let data = match read.iter().min() {
            Some(at) => Some(DataAge::new(*at, now, source())),
            None => call.context.data.age(now).await?,
        };
        Ok(Answer {
            rows: lines.len(),
            output: Output {
                data,
                shops: lines,
                total,
                cut,
            },
        })
    }
}

/// Returns a shop as it is listed.
pub(crate) fn shop_line(status: &ShopStatus, now: UnixMs) -> serde_json::Value {
    serde_json::json!(ShopLine::of(status, now))
}

impl Arguments {
    fn wants(&self, line: &ShopLine) -> bool {
        let platform = self.platform.map(|it| match it {
            PlatformName::Shopify => Platform::Shopify,
        });
        self.status.is_none_or(|it| it == line.status)
            && platform.is_none_or(|it| it == line.platform)
    }
}

#[cfg(test)]
mod tests;
