//! `compare_products`: a few products side by side.

mod column;
mod rows;

use catalog::ProductRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::column::{Column, Whole};
use self::rows::{Field, Row};
use super::{Answer, Call, ToolKind};
use crate::ToolError;
use crate::answer::DataAge;
use crate::arguments::ResponseFormat;
use crate::products::{self, Standing, reference_in_error};
use crate::untrusted::{Fence, Notice};

pub(crate) struct CompareProducts;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Arguments {
    /// 2 to 5 products: shop/handle, product id, the platform's number, or page URL each; deltas are to the first
    #[schemars(length(min = 2, max = 5))]
    ids: Vec<String>,
    /// Rows to show; all unless given
    #[serde(default)]
    fields: Vec<Field>,
    /// detailed adds what each feature adds to the score, where no fields are given
    #[serde(default)]
    response_format: ResponseFormat,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    #[serde(rename = "_notice")]
    notice: Notice,
    /// The table's columns.
    products: Vec<Column>,
    /// Its rows: a value for each product, in their order.
    rows: Vec<Row>,
    /// The ranking that ranks and scores are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    hint: Option<String>,
    data: DataAge,
}

impl ToolKind for CompareProducts {
    const NAME: &'static str = "compare_products";
    const TITLE: &'static str = "Compare products";
    const DESCRIPTION: &'static str = "Puts 2 to 5 products side by side as a table: prices, discount, stock, age and \
        the parts of their scores, with the differences to the first. Prices of two currencies are never compared. \
        Find ids with search_products.";
    type Arguments = Arguments;
    type Output = Output;

    async fn run(arguments: Arguments, call: &Call<'_>) -> Result<Answer<Output>, ToolError> {
        let now = (call.context.now)();
        let rows = found(call, &arguments.ids).await?;
        let store = call.context.data.store().await?;
        let standings = call.context.data.rankings().latest(store).await?;
        let mut compared = Vec::new();
        for row in rows {
            let forgotten =
                || ToolError::new("unknown_product", "a product was forgotten just now");
            compared.push(Whole {
                product: store.product(&row.id).await?.ok_or_else(forgotten)?,
                gone_since: products::gone_since(store, &row.id).await?,
                standing: standings.as_ref().and_then(|it| Standing::of(it, &row.id)),
                row,
            });
        }
        let fields = Field::wanted(&arguments.fields, arguments.response_format);
        let oldest = compared
            .iter()
            .map(|it| it.row.crawled_at)
            .min()
            .unwrap_or(now);
        let is_ranked = compared.iter().any(|it| it.standing.is_some());
        let output = Output {
            notice: Fence::new().notice(),
            products: compared.iter().map(Column::of).collect(),
            rows: rows::table(&fields, &compared, now),
            run_id: standings.filter(|_| is_ranked).map(|it| it.run_id()),
            hint: hint(&compared),
            data: DataAge::new(oldest, now, "crawls of their shops"),
        };
        Ok(Answer {
            rows: output.products.len(),
            output,
        })
    }
}

/// Returns the products in the order in which they are named.
async fn found(call: &Call<'_>, ids: &[String]) -> Result<Vec<ProductRow>, ToolError> {
    let store = call.context.data.store().await?;
    let mut found: Vec<ProductRow> = Vec::new();
    let mut errors = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let field = format!("ids[{n}]");
        match products::find(store, &field, id).await {
            Ok(row) if found.iter().any(|it| it.id == row.id) => {
                let message = format!("this is {} again", reference_in_error(&row));
                errors.push(ToolError::invalid(&field, message).next("name each product once"));
            }
            Ok(row) => found.push(row),
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok(found),
        _ => Err(together(errors)),
    }
}

/// Returns one error that says what is wrong with each of the ids.
fn together(mut errors: Vec<ToolError>) -> ToolError {
    if errors.len() == 1 {
        return errors.remove(0);
    }
    let said = |it: &ToolError| {
        let field = it.field.as_deref().unwrap_or("ids");
        match it.nearest.as_slice() {
            [] => format!("{field}: {}", it.message),
            near => format!("{field}: {} (near: {})", it.message, near.join(", ")),
        }
    };
    let messages: Vec<String> = errors.iter().map(said).collect();
    let first = errors.remove(0);
    ToolError {
        field: Some("ids".to_owned()),
        message: messages.join("; "),
        ..first
    }
}

fn hint(compared: &[Whole]) -> Option<String> {
    let mut hints = Vec::new();
    let mut others = compared.iter().skip(1);
    if others.any(|it| !rows::are_comparable(&compared[0], it)) {
        hints.push(
            "prices of two currencies, or of one nobody knows, are not compared: no delta there",
        );
    }
    if compared.iter().any(|it| it.gone_since.is_some()) {
        hints.push("of products that are gone, the last known state is told");
    }
    if compared.iter().any(|it| it.standing.is_none()) {
        hints.push(match compared.iter().all(|it| it.standing.is_none()) {
            true => "no product is in the list of a ranking",
            false => "products without rank are not in the list of the latest ranking",
        });
    }
    (!hints.is_empty()).then(|| hints.join("; "))
}

#[cfg(test)]
mod tests;
