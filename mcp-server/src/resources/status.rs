//! What is stored, how much and how old: for whoever asks first whether there is anything at all.

use catalog::{ShopStatus, UnixMs};
use serde_json::{Value, json};

use crate::answer::DataAge;
use crate::tools::{Call, shop_line};
use crate::{ToolError, run_id};

/// Returns the document. Of a store that is empty or not there yet it says how to fill it.
pub(super) async fn status(call: &Call<'_>) -> Result<String, ToolError> {
    let now = (call.context.now)();
    let store = match call.context.data.store().await {
        Ok(store) => store,
        Err(error) if error.code == "no_store" => return Ok(nothing(&error, call, now)),
        Err(error) => return Err(error),
    };
    let shops = store.shops().await?;
    if shops.is_empty() {
        return Ok(nothing(&ToolError::empty(), call, now));
    }
    let ranking = store.ranking_heads(1).await?.pop().map(|head| {
        json!({
            "run_id": run_id::format(head.at, &head.preset),
            "n_places": head.n_places,
            "data": DataAge::new(head.at, now, "the latest ranking"),
        })
    });
    let sum = |of: fn(&ShopStatus) -> u64| shops.iter().map(of).sum::<u64>();
    let complete = shops.iter().filter_map(|it| it.last_complete_at);
    let oldest = complete.min();
    let mut status = head(call, now);
    status["shops"] = json!(shops.len());
    status["products"] = json!(sum(|it| it.n_products));
    status["gone_products"] = json!(sum(|it| it.n_gone));
    status["shops_never_read_completely"] = json!(
        shops
            .iter()
            .filter(|it| it.last_complete_at.is_none())
            .count()
    );
    if let Some(ranking) = ranking {
        status["latest_ranking"] = ranking;
    }
    if let Some(oldest) = oldest {
        status["data"] = json!(DataAge::new(
            oldest,
            now,
            "the oldest complete crawl of a shop"
        ));
    }
    Ok(status.to_string())
}

/// Returns the document of a shop: how it stands, and a summary of what it sells.
pub(super) fn shop(status: &ShopStatus, summary: &Value, now: UnixMs) -> String {
    json!({ "shop": shop_line(status, now), "summary": summary }).to_string()
}

fn nothing(error: &ToolError, call: &Call<'_>, now: UnixMs) -> String {
    let mut status = head(call, now);
    status["shops"] = json!(0);
    status["products"] = json!(0);
    status["message"] = json!(error.message);
    status["next"] = json!(error.next);
    status.to_string()
}

fn head(call: &Call<'_>, now: UnixMs) -> Value {
    json!({
        "server": "trouvaille",
        "version": env!("CARGO_PKG_VERSION"),
        "now": now,
        "crawls_on_request": call.context.crawls.is_some(),
    })
}
