//! The tools: one file each, a plain function from arguments to an answer.

mod compare_products;
mod explain_score;
mod get_changes;
mod get_crawl_status;
mod get_history;
mod get_product;
mod get_top_products;
mod list_shops;
mod request_crawl;
mod schema;
mod search_products;
mod summarize;

use std::sync::LazyLock;

use catalog::Scope;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Context, ToolError, arguments, economy};

pub(crate) use list_shops::shop_line;

/// The names that are told to whoever asks for a tool that is not there.
const N_NEAREST: usize = 3;

/// What a tool is made of.
pub(crate) trait ToolKind: 'static {
    /// The name.
    const NAME: &'static str;
    /// The name for people.
    const TITLE: &'static str;
    /// What it is for, what it gives, when to take another one; three sentences or so.
    const DESCRIPTION: &'static str;
    /// Who may call it.
    const SCOPE: Scope = Scope::Read;
    /// Whether it only looks.
    const IS_READ_ONLY: bool = true;
    /// Whether lists tell of the answer's objects and lists alone, since its arguments leave no room for more.
    const IS_LEAN: bool = false;
    /// The arguments. Their doc comments are what a model reads.
    type Arguments: DeserializeOwned + JsonSchema + Send;
    /// The answer.
    type Output: Serialize + JsonSchema;

    /// Answers a call.
    fn run(
        arguments: Self::Arguments,
        call: &Call<'_>,
    ) -> impl Future<Output = Result<Answer<Self::Output>, ToolError>> + Send;
}

/// A call under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) context: &'a Context,
    /// Who calls.
    pub(crate) caller: &'a str,
    /// The hash of the tool's name and its arguments without `cursor`, `limit` and `response_format`: the list that a
    /// cursor belongs to.
    pub(crate) query: &'a str,
}

/// An answer, with the number of records in it for the audit line.
#[derive(Debug, Clone)]
pub(crate) struct Answer<O> {
    pub(crate) output: O,
    pub(crate) rows: usize,
}

/// An answer as the shells pass it on: not longer than clients take.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) output: Value,
    /// The same as compact JSON.
    pub(crate) text: String,
    pub(crate) rows: usize,
}

/// A tool as the shells see it.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) scope: Scope,
    pub(crate) is_read_only: bool,
    pub(crate) input: Map<String, Value>,
    pub(crate) output: Map<String, Value>,
    /// The whole schema of answers, of which `output` is the outline.
    #[cfg(test)]
    answer: fn() -> Map<String, Value>,
    run: Run,
}

type Run =
    for<'a> fn(Map<String, Value>, Call<'a>) -> BoxFuture<'a, Result<Answer<Value>, ToolError>>;

impl Tool {
    fn of<T: ToolKind>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            scope: T::SCOPE,
            is_read_only: T::IS_READ_ONLY,
            input: schema::input::<T::Arguments>(),
            output: schema::output::<T::Output>(T::IS_LEAN),
            #[cfg(test)]
            answer: schema::answer::<T::Output>,
            run: |arguments, call| Box::pin(run::<T>(arguments, call)),
        }
    }

    /// Answers a call.
    pub(crate) async fn run(
        &self,
        arguments: Map<String, Value>,
        context: &Context,
        caller: &str,
    ) -> Result<Told, ToolError> {
        let arguments = arguments::fit(self.name, &arguments, &self.input)?;
        let query = query_of(self.name, &arguments);
        let call = Call {
            context,
            caller,
            query: &query,
        };
        let Answer { output, rows } = (self.run)(arguments, call).await?;
        let text = output.to_string();
        if economy::tokens(&text) > economy::MOST_TOKENS {
            return Err(ToolError::too_long());
        }
        Ok(Told { output, text, rows })
    }
}

async fn run<T: ToolKind>(
    arguments: Map<String, Value>,
    call: Call<'_>,
) -> Result<Answer<Value>, ToolError> {
    let arguments = arguments::read(arguments)?;
    let Answer { output, rows } = T::run(arguments, &call).await?;
    let output = serde_json::to_value(output).map_err(|error| {
        ToolError::new("internal", format!("the answer cannot be written: {error}"))
    })?;
    Ok(Answer { output, rows })
}

/// All tools, in the order in which they are listed.
pub(crate) static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    vec![
        Tool::of::<search_products::SearchProducts>(),
        Tool::of::<get_product::GetProduct>(),
        Tool::of::<get_top_products::GetTopProducts>(),
        Tool::of::<explain_score::ExplainScore>(),
        Tool::of::<get_history::GetHistory>(),
        Tool::of::<get_changes::GetChanges>(),
        Tool::of::<compare_products::CompareProducts>(),
        Tool::of::<summarize::Summarize>(),
        Tool::of::<list_shops::ListShops>(),
        Tool::of::<request_crawl::RequestCrawl>(),
        Tool::of::<get_crawl_status::GetCrawlStatus>(),
    ]
});

/// Returns the whole schema of what `get_product` answers, of which lists show the outline.
pub(crate) fn product_schema() -> Map<String, Value> {
    schema::answer::<get_product::Output>()
}

/// Returns the tool of a name.
pub(crate) fn tool(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|it| it.name == name)
}

/// Returns the error of a tool that is not there, with the names that are nearest.
pub(crate) fn unknown(name: &str) -> ToolError {
    let mut names: Vec<&str> = TOOLS.iter().map(|it| it.name).collect();
    names.sort_by(|a, b| {
        let distance = |it: &str| strsim::jaro_winkler(name, it);
        distance(b).total_cmp(&distance(a))
    });
    names.truncate(N_NEAREST);
    let message = format!("there is no such tool; near to it are {}", names.join(", "));
    let nearest = names.into_iter().map(str::to_owned).collect();
    ToolError::new("unknown_tool", message).nearest(nearest)
}

/// Returns the hash of what decides which records a list has.
fn query_of(tool: &str, arguments: &Map<String, Value>) -> String {
    let of_page = ["cursor", "limit", "response_format"];
    let kept: std::collections::BTreeMap<_, _> = arguments
        .iter()
        .filter(|(name, _)| !of_page.contains(&name.as_str()))
        .collect();
    let text = format!(
        "{tool} {}",
        serde_json::to_string(&kept).unwrap_or_default()
    );
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref()[..12]
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect()
}

#[cfg(test)]
mod injections;

#[cfg(test)]
mod tests;
