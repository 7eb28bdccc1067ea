//! Asking an agent what it finds at the shops, before it crawls them.

use a2a::client::{ClientError, RemoteAgent, Reply};
use catalog::Shop;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{explained, told};
use crate::App;
use crate::output;

/// What an agent is asked to do.
const SKILL: &str = "probe-store";

/// The most shops that are looked at first; of more, the crawl itself tells soon enough.
const MOST: usize = 20;

/// How many shops are asked about at once.
const AT_ONCE: usize = 4;

/// Says of each shop what the agent finds there. What it cannot tell is no reason not to crawl.
pub(super) async fn all(shops: &[Shop], agent: &RemoteAgent, app: &App) -> anyhow::Result<()> {
    if !agent.skills().any(|skill| skill == SKILL) {
        return Ok(());
    }
    if shops.len() > MOST {
        tracing::info!("not looking at the shops first: they are more than {MOST}");
        return Ok(());
    }
    let bar = app.screen.bar(shops.len() as u64, "shops looked at");
    let probes = shops.iter().map(|shop| one(shop, agent));
    let mut findings = stream::iter(probes).buffered(AT_ONCE);
    while let Some((shop, finding)) = findings.next().await {
        let finding = finding.map_err(explained)?;
        app.screen.note(&format!("{}: {finding}", shop.key.shown()));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Looks at one shop; an error is what stands before all of them.
async fn one<'a>(shop: &'a Shop, agent: &RemoteAgent) -> (&'a Shop, Result<String, ClientError>) {
    let request = json!({ "schema": "crawl-request/1", "skill": SKILL, "stores": [shop.url] });
    let finding = match agent.ask(&request).await {
        Ok(Reply::Answer(answer)) => Ok(finding(&answer)),
        Ok(Reply::Task(_)) => Ok("the agent does not tell what it finds".to_owned()),
        Err(error @ (ClientError::NeedsToken { .. } | ClientError::WrongToken { .. })) => {
            Err(error)
        }
        Err(error) => {
            let why = told::one_line(&error.to_string());
            Ok(format!("the agent cannot look at it: {why}"))
        }
    };
    (shop, finding)
}

/// Returns what an agent found in a few words; what it says in a form of its own stays as it is.
fn finding(answer: &[Value]) -> String {
    let store = answer.iter().find_map(|it| it.get("stores")?.get(0));
    let Some(store) = store else {
        return told::words(answer);
    };
    let text = |name: &str| store.get(name).and_then(Value::as_str);
    let n_products = store.get("products").and_then(Value::as_u64);
    let parts = [
        Some(text("platform").map_or_else(|| "unknown platform".to_owned(), told::one_line)),
        text("productsJson").map(|list| format!("product list {}", told::one_line(list))),
        n_products.map(|n_products| output::counted(n_products, "product")),
        text("currency").map(told::one_line),
        text("detail").map(told::one_line),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_told_in_a_few_words() {
        let open = json!({ "stores": [{
            "platform": "shopify", "productsJson": "open", "products": 1234, "currency": "EUR", "detail": null,
        }] });
        assert_eq!(
            finding(&[open]),
            "shopify, product list open, 1,234 products, EUR"
        );
        let closed = json!({ "stores": [{ "productsJson": "closed", "detail": "it asks for a \u{1b}password" }] });
        let told = "unknown platform, product list closed, it asks for a \u{fffd}password";
        assert_eq!(finding(&[closed]), told);
    }

    #[test]
    fn an_answer_of_another_make_is_told_as_it_is() {
        assert_eq!(finding(&[json!("It is\nopen.")]), "It is open.");
        assert_eq!(finding(&[json!({ "open": true })]), r#"{"open":true}"#);
    }
}
