//! The Storefront API without a token: pages of products, as far as a crawler asks for them.
//!
//! No GraphQL engine: the arguments of `products(..)` are read out of the query, and a field is there if it is named.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{Catalogue, Surface};

use super::super::Serving;
use super::http::JSON;
use super::{Asked, Plain, not_found};

/// Returns the version of the API in `/api/<version>/graphql.json`.
pub(super) fn version(path: &str) -> Option<&str> {
    path.strip_prefix("/api/")?.strip_suffix("/graphql.json")
}

/// Answers a query.
pub(super) fn answer(serving: &Serving, asked: &Asked<'_>, version: &str) -> Plain {
    let is_version = version == "unstable"
        || version.len() == 7 && version.starts_with("20") && version.as_bytes()[4] == b'-';
    if serving.is_closed(Surface::StorefrontApi)
        || !is_version
        || asked.parts.method != Method::POST
    {
        return not_found();
    }
    let Ok(posted) = serde_json::from_slice::<Value>(asked.body) else {
        return Plain::new(
            400,
            JSON,
            json!({"errors": "the body is no JSON"}).to_string(),
        );
    };
    let query = posted["query"].as_str().unwrap_or_default();
    let answer = match Arguments::of(query, &posted["variables"]) {
        None => error(
            "Field must have selections on type 'QueryRoot'",
            "undefinedField",
        ),
        Some(arguments) => page(&serving.catalogue, query, &arguments),
    };
    Plain::new(200, JSON, answer.to_string())
}

/// What `products(..)` is asked for.
struct Arguments {
    first: u64,
    after: Option<String>,
    is_best_selling: bool,
}

impl Arguments {
    fn of(query: &str, variables: &Value) -> Option<Self> {
        let (_, rest) = query.split_once("products")?;
        let (given, _) = rest.split_once('(')?.1.split_once(')')?;
        let value = |name: &str| -> Option<Value> {
            let (_, rest) = given.split_once(name)?;
            let text = rest.trim_start().strip_prefix(':')?.trim_start();
            let end = text.find([',', ' ', '\n']).unwrap_or(text.len());
            match text[..end].strip_prefix('$') {
                Some(variable) => variables.get(variable).cloned(),
                None => {
                    Some(serde_json::from_str(&text[..end]).unwrap_or_else(|_| text[..end].into()))
                }
            }
        };
        Some(Self {
            first: value("first")?.as_u64()?,
            after: value("after").and_then(|it| Some(it.as_str()?.to_owned())),
            is_best_selling: value("sortKey").is_some_and(|it| it == "BEST_SELLING"),
        })
    }
}

fn page(catalogue: &Catalogue, query: &str, arguments: &Arguments) -> Value {
    if arguments.first > 250 {
        let cost = arguments.first * 4;
        let text = format!("Query has complexity {cost}, which exceeds max complexity of 1000");
        return error(&text, "MAX_COMPLEXITY_EXCEEDED");
    }
    if has_field(query, "tags") {
        let text = "Access denied for tags field. Required access: `unauthenticated_read_product_tags` access scope.";
        return error(text, "ACCESS_DENIED");
    }
    let start = match arguments
        .after
        .as_deref()
        .map(|it| it.strip_prefix("place-"))
    {
        None => 0,
        Some(place) => match place.and_then(|it| it.parse::<usize>().ok()) {
            Some(place) => place.saturating_add(1),
            None => {
                return error(
                    "Invalid cursor for current pagination sort.",
                    "INVALID_CURSOR",
                );
            }
        },
    };
    let end = start.saturating_add(arguments.first as usize);
    let index = |place: usize| match arguments.is_best_selling {
        true => catalogue.best_seller(place),
        false => (place < catalogue.len()).then_some(place),
    };
    let nodes: Vec<(usize, Value)> = (start..end)
        .map_while(|place| Some((place, node(query, &catalogue.product(index(place)?)?))))
        .collect();
    let cursor = |(place, _): &(usize, Value)| Value::from(format!("place-{place}"));
    let mut products = json!({
        "pageInfo": {
            "hasNextPage": index(end).is_some(),
            "hasPreviousPage": start > 0,
            "startCursor": nodes.first().map(cursor),
            "endCursor": nodes.last().map(cursor),
        },
    });
    if has_field(query, "edges") {
        let edges = nodes
            .iter()
            .map(|it| json!({"cursor": cursor(it), "node": it.1}));
        products["edges"] = edges.collect();
    }
    if has_field(query, "nodes") {
        products["nodes"] = nodes.into_iter().map(|(_, node)| node).collect();
    }
    json!({"data": {"products": products}, "extensions": {"cost": {"requestedQueryCost": arguments.first}}})
}

fn node(query: &str, product: &Value) -> Value {
    let variants = product["variants"].as_array();
    let is_available = variants.is_some_and(|it| it.iter().any(|it| it["available"] == true));
    let all = [
        (
            "id",
            format!("gid://shopify/Product/{}", product["id"]).into(),
        ),
        ("handle", product["handle"].clone()),
        ("title", product["title"].clone()),
        ("vendor", product["vendor"].clone()),
        ("productType", product["product_type"].clone()),
        ("availableForSale", is_available.into()),
    ];
    let asked = all.into_iter().filter(|(name, _)| has_field(query, name));
    asked
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn has_field(query: &str, name: &str) -> bool {
    let mut words = query.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.any(|word| word == name)
}

fn error(message: &str, code: &str) -> Value {
    json!({"errors": [{
        "message": message,
        "locations": [{"line": 1, "column": 3}],
        "path": ["query", "products"],
        "extensions": {"code": code},
    }]})
}
