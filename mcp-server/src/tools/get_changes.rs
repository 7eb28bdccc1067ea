//! `get_changes`: what changed since a date, one by one or counted by shop, category, vendor or tag.

mod bestsellers;
mod climb;
mod event;
mod groups;
mod list;
mod scan;
mod shops;
#[cfg(test)]
mod tests;

use catalog::{ObservationFilter, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Call, ToolKind};
use crate::answer::{Cut, DataAge};
use crate::arguments::ResponseFormat;
use crate::economy::{self, Budget};
use crate::moments::{DAY_MS, Edge, moment, shown_date};
use crate::untrusted::{Fence, Notice};
use crate::{ToolError, products};
pub(crate) use event::percent;
use event::{Kind, Of};
use groups::{GroupLine, Groups};
use list::{Behind, ChangeLine, List};
use scan::Scanned;

const USUAL_LIMIT: usize = 10;

pub(crate) struct GetChanges;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// A date, a time, or an age such as 7d
    #[serde(default = "week")]
    since: String,
    /// Default now
    #[serde(default)]
    #[schemars(with = "String")]
    until: Option<String>,
    /// Default all but new and places
    #[serde(default)]
    kinds: Vec<Kind>,
    /// Only this shop
    #[serde(default)]
    #[schemars(with = "String")]
    shop: Option<String>,
    /// Only this product type
    #[serde(default)]
    #[schemars(with = "String")]
    category: Option<String>,
    /// Only this vendor
    #[serde(default)]
    #[schemars(with = "String")]
    vendor: Option<String>,
    /// Counts instead of single changes
    #[serde(default)]
    group_by: GroupBy,
    /// largest: deepest cuts first
    #[serde(default)]
    sort: Sort,
    /// Most in one answer
    #[serde(default)]
    #[schemars(with = "usize", range(min = 1, max = 50))]
    limit: Option<usize>,
    /// `next_cursor` of the answer before, with the same arguments
    #[serde(default)]
    #[schemars(with = "String")]
    cursor: Option<String>,
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum GroupBy {
    #[default]
    None,
    Shop,
    Category,
    Vendor,
    Tag,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Sort {
    #[default]
    Newest,
    Largest,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    #[schemars(with = "String")]
    since: UnixMs,
    #[schemars(with = "String")]
    until: UnixMs,
    kinds: Vec<Kind>,
    /// Changes found, one for each product, time and kind.
    n_changes: u64,
    /// The same, one for each variant: the unit of `summarize` and of `export changes`.
    n_changes_of_variants: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<ChangeLine>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupLine>>,
    /// The rankings that places won are between.
    #[serde(skip_serializing_if = "Option::is_none")]
    climbing_between: Option<[String; 2]>,
    /// What was read, where not all of the time was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    complete_since: Option<UnixMs>,
    #[serde(flatten)]
    cut: Cut,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<DataAge>,
}

/// Where a list goes on, and the time that it is of: `7d` means another time with each call.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    since: UnixMs,
    until: UnixMs,
    behind: Behind,
}

/// What is asked for, read.
#[derive(Debug)]
struct Question {
    since: UnixMs,
    until: UnixMs,
    of: Of,
    filter: ObservationFilter,
    behind: Behind,
}

fn week() -> String {
    "7d".to_owned()
}

impl ToolKind for GetChanges {
    const NAME: &'static str = "get_changes";
    const TITLE: &'static str = "Get changes";
    const DESCRIPTION: &'static str = "Says what changed since a date: prices, stock, new and gone products, each \
        counted once for all its variants. With group_by one call answers which shop cut prices most.";
    const IS_LEAN: bool = true;
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let store = call.context.data.store().await?;
        let question = question(&arguments, call).await?;
        let limit = arguments.limit.unwrap_or(USUAL_LIMIT);
        let mut list = List::new(arguments.sort, question.behind.clone(), limit);
        let mut groups = Groups::new(arguments.group_by);
        let (mut n_changes, mut n_changes_of_variants) = (0, 0);
        let mut take = |event: event::Event| {
            n_changes += 1;
            n_changes_of_variants += event.n_rows();
            match arguments.group_by {
                GroupBy::None => list.add(event),
                _ => groups.add(&event),
            }
        };
        let climbed = climb::climbed(&question, call, &mut take).await?;
        let missing = bestsellers::moved(&question, call, &mut take).await?;
        let scanned = scan::scan(store, &question, &mut take).await?;
        let mut hints = hints(&question, &scanned, n_changes);
        hints.extend(climbed.hint);
        hints.extend(missing);
        let mut output = Output {
            notice: Fence::new().notice(),
            since: question.since,
            until: question.until,
            kinds: question.of.kinds.clone(),
            n_changes,
            n_changes_of_variants,
            changes: None,
            groups: None,
            climbing_between: climbed.between,
            complete_since: scanned.complete_since,
            cut: Cut::default(),
            data: data(&question, call).await?,
        };
        match arguments.group_by {
            GroupBy::None => {
                let (lines, next) = list.finish(store).await?;
                show_changes(&mut output, lines, next, &arguments, call, &question);
            }
            _ => {
                hints.extend(groups.resolve_tags(store).await?);
                let lines = groups.finish(arguments.sort);
                show_groups(&mut output, lines, limit, &arguments, call, &question);
            }
        }
        if scanned.complete_since.is_some() || scanned.is_cut {
            output.cut.truncated = true;
        }
        hints.extend(output.cut.hint.take());
        output.cut.hint = (!hints.is_empty()).then(|| hints.join("; "));
        Ok(Answer {
            rows: output.cut.returned,
            output,
        })
    }
}

async fn question(arguments: &Arguments, call: &Call<'_>) -> Result<Question, ToolError> {
    let now = (call.context.now)();
    let store = call.context.data.store().await?;
    let shop = match &arguments.shop {
        Some(shop) => Some(products::shop(store, "shop", shop).await?),
        None => None,
    };
    let of = Of::new(
        &arguments.kinds,
        shop.clone(),
        arguments.category.as_deref(),
        arguments.vendor.as_deref(),
    );
    let (since, until, behind) = match &arguments.cursor {
        Some(cursor) => {
            let place: Place = call.context.cursors.open(call.query, cursor, now)?;
            (place.since, place.until, place.behind)
        }
        None => {
            let since = moment("since", &arguments.since, Edge::First, now)?;
            let until = match &arguments.until {
                Some(until) => moment("until", until, Edge::Behind, now)?,
                None => UnixMs::new(now.ms() + 1),
            };
            (since, until, Behind::Start)
        }
    };
    if since >= until {
        return Err(turned_round(since, until));
    }
    Ok(Question {
        filter: ObservationFilter {
            shops: shop.into_iter().collect(),
            product: None,
            since: Some(since),
            until: Some(until),
            kinds: of.rows(),
        },
        since,
        until,
        of,
        behind,
    })
}

fn turned_round(since: UnixMs, until: UnixMs) -> ToolError {
    let last = UnixMs::new(until.ms() - 1);
    let earlier = shown_date(UnixMs::new(last.ms() - 7 * DAY_MS));
    ToolError::invalid(
        "since",
        format!("since is {since}, which is not before until, {last}"),
    )
    .next(format!("call again with \"since\":\"{earlier}\""))
    .nearest(vec![earlier])
}

fn show_changes(
    output: &mut Output,
    mut lines: Vec<(ChangeLine, Behind)>,
    has_more: bool,
    arguments: &Arguments,
    call: &Call<'_>,
    question: &Question,
) {
    let places: Vec<Behind> = lines.iter().map(|(_, behind)| behind.clone()).collect();
    let mut changes: Vec<ChangeLine> = lines.drain(..).map(|(line, _)| line).collect();
    let budget = Budget::of(arguments.limit.is_some(), arguments.response_format);
    let truncated = economy::cut(&mut changes, output, budget);
    let last = changes.len().checked_sub(1).and_then(|it| places.get(it));
    let next = last
        .filter(|_| truncated || has_more)
        .map(|behind| seal(behind.clone(), call, question));
    output.cut = Cut::new(changes.len(), truncated, next);
    output.changes = Some(changes);
}

fn show_groups(
    output: &mut Output,
    lines: Vec<GroupLine>,
    limit: usize,
    arguments: &Arguments,
    call: &Call<'_>,
    question: &Question,
) {
    let n_before = match question.behind {
        Behind::Groups(n) => n,
        _ => 0,
    };
    let n_all = lines.len();
    let mut groups: Vec<GroupLine> = lines.into_iter().skip(n_before).take(limit).collect();
    let budget = Budget::of(arguments.limit.is_some(), arguments.response_format);
    let truncated = economy::cut(&mut groups, output, budget);
    let n_shown = n_before + groups.len();
    let next = (n_shown < n_all).then(|| seal(Behind::Groups(n_shown), call, question));
    output.cut = Cut::new(groups.len(), truncated, next);
    output.groups = Some(groups);
}

fn seal(behind: Behind, call: &Call<'_>, question: &Question) -> String {
    let place = Place {
        since: question.since,
        until: question.until,
        behind,
    };
    let now = (call.context.now)();
    call.context.cursors.seal(call.query, &place, now)
}

fn hints(question: &Question, scanned: &Scanned, n_changes: u64) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(since) = scanned.complete_since {
        hints.push(format!(
            "there is too much to read at once: all since {since} is in it, and only a part of what was before; \
             name a shop or a shorter time"
        ));
    } else if scanned.is_cut {
        hints.push(
            "there is too much to read at once: only a part of it is in the answer; name a shop or a shorter time"
                .to_owned(),
        );
    }
    if n_changes == 0 {
        hints.push(
            "nothing of these kinds was seen in this time; changes are seen from a shop's second crawl on, and \
             list_shops says when shops were crawled"
                .to_owned(),
        );
    }
    if question.of.is_by_text() && n_changes == 0 {
        hints.push("group_by category or vendor names those that have changes".to_owned());
    }
    hints
}

/// Returns how old it is what was looked at: of the shops in question, the one that was read the longest ago, where one
/// was read whole.
async fn data(question: &Question, call: &Call<'_>) -> Result<Option<DataAge>, ToolError> {
    let now = (call.context.now)();
    let store = call.context.data.store().await?;
    let crawled = shops::crawled(store, &question.filter.shops).await?;
    if crawled.n_shops == 0 {
        return Err(ToolError::empty());
    }
    let source = match crawled.n_shops {
        1 => "crawls of 1 shop".to_owned(),
        n => format!("crawls of {n} shops"),
    };
    match crawled.oldest {
        Some(at) => Ok(Some(DataAge::new(at, now, source))),
        None => call.context.data.age(now).await,
    }
}
