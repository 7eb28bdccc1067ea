//! Prompts: what people start from, with the calls that a good answer needs.
//!
//! They are instructions, so that no stored text of a stranger is in them; what the user fills in stands there as JSON,
//! and is refused unless it looks like what it should be.

mod arguments;
mod stored;
#[cfg(test)]
mod tests;
mod texts;

use serde_json::{Map, Value};

use self::arguments::Filled;
use self::stored::stored;
use crate::ToolError;
use crate::tools::Call;

/// A prompt, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PromptInfo {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) arguments: &'static [ArgumentInfo],
}

/// What a prompt asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArgumentInfo {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) required: bool,
}

/// A prompt, filled in. Its messages are the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PromptText {
    pub(crate) description: String,
    pub(crate) messages: Vec<String>,
}

const SHOP: ArgumentInfo = ArgumentInfo {
    name: "shop",
    description: "Only this shop, by its host; all shops without it",
    required: false,
};
const K: ArgumentInfo = ArgumentInfo {
    name: "k",
    description: "How many products, 1 to 50; 10 without it",
    required: false,
};
const ID: ArgumentInfo = ArgumentInfo {
    name: "id",
    description: "The product: shop/handle, product id, number or URL of its page",
    required: true,
};
const LANGUAGE: ArgumentInfo = ArgumentInfo {
    name: "language",
    description: "Language of the result: en or fr",
    required: false,
};

const TOP_K_BRIEF: &str = "top_k_brief";
const DUE_DILIGENCE: &str = "product_due_diligence";
const WEEKLY_CHANGES: &str = "weekly_changes";

const PROMPTS: [PromptInfo; 3] = [
    PromptInfo {
        name: TOP_K_BRIEF,
        title: "Brief on the best products",
        description: "Which products win now, why, and how far that can be trusted",
        arguments: &[SHOP, K, LANGUAGE],
    },
    PromptInfo {
        name: DUE_DILIGENCE,
        title: "Due diligence on a product",
        description: "Price, stock, history, place and rivals of one product, with what speaks against it",
        arguments: &[ID, LANGUAGE],
    },
    PromptInfo {
        name: WEEKLY_CHANGES,
        title: "What changed this week",
        description: "Price cuts, newcomers, sold-out products and climbers of the last 7 days",
        arguments: &[SHOP, LANGUAGE],
    },
];

/// Returns the prompts.
pub(crate) fn list() -> &'static [PromptInfo] {
    &PROMPTS
}

/// Fills a prompt in.
///
/// Of a store with nothing in it, the prompt says what to tell the user.
///
/// # Errors
/// Of the codes that begin with `store_`, when the store fails; any other code says what is wrong with the request.
pub(crate) async fn get(
    name: &str,
    arguments: Map<String, Value>,
    call: &Call<'_>,
) -> Result<PromptText, ToolError> {
    let prompt = PROMPTS.iter().find(|it| it.name == name);
    let prompt = prompt.ok_or_else(|| {
        let names = PROMPTS.iter().map(|it| it.name.to_owned()).collect();
        ToolError::new("unknown_prompt", "there is no such prompt").nearest(names)
    })?;
    let filled = Filled::read(&arguments, prompt.arguments)?;
    let stored = stored(call).await?;
    let text = match name {
        DUE_DILIGENCE => texts::due_diligence(&filled, &stored),
        WEEKLY_CHANGES => texts::weekly_changes(&filled, &stored),
        _ => texts::top_k_brief(&filled, &stored),
    };
    Ok(PromptText {
        description: prompt.description.to_owned(),
        messages: vec![text],
    })
}
