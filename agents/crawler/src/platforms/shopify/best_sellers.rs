//! A shop's products by sales, as its Storefront API tells without a token: the question, and the reader of the answer.
//!
//! Asks for nothing but ids. Which answer is worth another try is not for here to say.

use catalog::NativeId;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};
use serde_json::json;

use super::lenient::{FromObject, List, Scalar};
use super::{shortened, without_mark};

/// Where the API answers. A version that Shopify no longer keeps is answered by the oldest that it does
/// (shopify.dev, "API versioning").
pub const STOREFRONT_API: &str = "/api/2026-07/graphql.json";

/// Products of one answer: the most that the API gives.
pub const BEST_SELLERS_PER_PAGE: usize = 250;

/// Longer cursors are not sent back.
const MAX_CURSOR_BYTES: usize = 1 << 10;

/// The prefix of a product's id.
const PRODUCT: &str = "gid://shopify/Product/";

/// Without a token a query may cost 1,000 points and have no `tags` (shopify.dev, "Storefront API"). A product with two
/// plain fields costs one or two of them.
const QUERY: &str = "query BestSellers($after: String) { \
    products(first: 250, sortKey: BEST_SELLING, after: $after) { \
    nodes { id handle } pageInfo { hasNextPage endCursor } } }";

/// One answer of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BestSellers {
    /// The products, best first; `None` for one whose id could not be read, which has its place all the same.
    pub products: Vec<Option<NativeId>>,
    /// Where the next answer begins; `None` behind the last.
    pub next: Option<String>,
    /// Whether all that the answer lists could be read, and it is known what comes behind: who is missing is not there.
    pub is_whole: bool,
}

/// Why an answer has no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BestSellersError {
    /// Not JSON, or JSON of another shape.
    #[error("no answer of the Storefront API: {0}")]
    NotAnAnswer(String),
    /// Too much was asked in too short a time: another time there may be one.
    #[error("the Storefront API is busy (THROTTLED)")]
    Throttled,
    /// The API refuses the question.
    #[error("the Storefront API answers with errors: {0}")]
    Errors(String),
}

/// Returns the question for the products by sales, behind `after` where one is given.
pub fn best_sellers_query(after: Option<&str>) -> String {
    json!({ "query": QUERY, "variables": { "after": after } }).to_string()
}

/// Reads one answer. At most [`BEST_SELLERS_PER_PAGE`] products of it count.
///
/// # Errors
/// [`BestSellersError`] when it has no order. One without products is no error.
pub fn read_best_sellers(body: &[u8]) -> Result<BestSellers, BestSellersError> {
    let answer: Answer<'_> = serde_json::from_slice(without_mark(body))
        .map_err(|error| BestSellersError::NotAnAnswer(error.to_string()))?;
    if let Some(error) = answer.errors.and_then(said) {
        return Err(error);
    }
    let no_products = || BestSellersError::NotAnAnswer("JSON without products".to_owned());
    let products = answer.data.and_then(|it| it.products);
    let products = products.ok_or_else(no_products)?;
    if products.nodes.instead.is_some() {
        return Err(no_products());
    }
    let nodes = products.nodes.entries.iter().take(BEST_SELLERS_PER_PAGE);
    let PageInfo {
        has_next_page,
        end_cursor,
    } = products.page_info;
    let is_last = matches!(has_next_page, Scalar::Boolean(false));
    let next = match (has_next_page, end_cursor) {
        (Scalar::Boolean(true), Scalar::Text(cursor)) => Some(cursor.into_owned()),
        _ => None,
    };
    let next = next.filter(|it| !it.is_empty() && it.len() <= MAX_CURSOR_BYTES);
    let n_missed = products.nodes.n_unreadable + products.nodes.n_left_out;
    let is_read = n_missed == 0 && products.nodes.entries.len() <= BEST_SELLERS_PER_PAGE;
    let products: Vec<Option<NativeId>> = nodes.map(|node| product_id(&node.0)).collect();
    Ok(BestSellers {
        is_whole: is_read && products.iter().all(Option::is_some) && (is_last || next.is_some()),
        products,
        next,
    })
}

/// Returns the number behind `gid://shopify/Product/`.
fn product_id(id: &Scalar<'_>) -> Option<NativeId> {
    let Scalar::Text(id) = id else {
        return None;
    };
    let number: u64 = id.strip_prefix(PRODUCT)?.parse().ok()?;
    Some(number.into())
}

/// Returns what the list of errors says; nothing where it is empty.
fn said(errors: List<GraphError<'_>>) -> Option<BestSellersError> {
    if let Some(kind) = errors.instead {
        return Some(BestSellersError::Errors(format!("{kind} as errors")));
    }
    let is_throttled =
        |it: &GraphError<'_>| matches!(&it.code, Scalar::Text(code) if code == "THROTTLED");
    if errors.entries.iter().any(is_throttled) {
        return Some(BestSellersError::Throttled);
    }
    let first = errors.entries.into_iter().next();
    match first {
        Some(GraphError {
            message: Scalar::Text(message),
            ..
        }) => Some(BestSellersError::Errors(format!(
            "{:?}",
            shortened(&message)
        ))),
        Some(_) => Some(BestSellersError::Errors("no message".to_owned())),
        None if errors.n_unreadable > 0 => Some(BestSellersError::Errors("no message".to_owned())),
        None => None,
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
    #[serde(borrow, default)]
    errors: Option<List<GraphError<'a>>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    products: Option<Products<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Products<'a> {
    #[serde(borrow)]
    nodes: List<Node<'a>>,
    #[serde(borrow, default)]
    page_info: PageInfo<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo<'a> {
    #[serde(borrow, default)]
    has_next_page: Scalar<'a>,
    #[serde(borrow, default)]
    end_cursor: Scalar<'a>,
}

/// The id of a product.
struct Node<'a>(Scalar<'a>);

impl<'de: 'a, 'a> FromObject<'de> for Node<'a> {
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut id = Scalar::Missing;
        while let Some(key) = members.next_key::<Scalar<'de>>()? {
            match key {
                Scalar::Text(key) if key == "id" => id = members.next_value()?,
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Self(id))
    }
}

struct GraphError<'a> {
    message: Scalar<'a>,
    code: Scalar<'a>,
}

impl<'de: 'a, 'a> FromObject<'de> for GraphError<'a> {
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        #[derive(Default, Deserialize)]
        struct Extensions<'a> {
            #[serde(borrow, default)]
            code: Scalar<'a>,
        }

        let (mut message, mut extensions) = (Scalar::Missing, Extensions::default());
        while let Some(key) = members.next_key::<Scalar<'de>>()? {
            match key {
                Scalar::Text(key) if key == "message" => message = members.next_value()?,
                Scalar::Text(key) if key == "extensions" => {
                    let stated: Option<Extensions<'_>> = members.next_value()?;
                    extensions = stated.unwrap_or_default();
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Self {
            message,
            code: extensions.code,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::feed_hostile_bytes;

    const ANSWERS: [&[u8]; 3] = [
        include_bytes!("../../../testdata/hostile/best_sellers/page.json"),
        include_bytes!("../../../testdata/hostile/best_sellers/throttled.json"),
        include_bytes!("../../../testdata/hostile/best_sellers/errors.json"),
    ];

    #[test]
    fn places_are_those_of_the_answer_whatever_cannot_be_read() {
        let read = read_best_sellers(ANSWERS[0]).unwrap();
        let ids: Vec<Option<u64>> = read
            .products
            .iter()
            .map(|it| it.as_ref().map(NativeId::to_u64))
            .collect();
        assert_eq!(ids, [Some(1003), Some(1001), None, Some(1002)]);
        assert_eq!(read.next.as_deref(), Some("eyJsYXN0X2lkIjoxMDAyfQ=="));
        assert!(!read.is_whole);
    }

    #[test]
    fn the_last_answer_has_no_next() {
        for (info, is_whole) in [
            (r#"{"hasNextPage":false,"endCursor":"x"}"#, true),
            (r#"{"hasNextPage":true,"endCursor":null}"#, false),
            (r#"{"hasNextPage":true,"endCursor":""}"#, false),
            ("{}", false),
        ] {
            let body = format!(r#"{{"data":{{"products":{{"nodes":[],"pageInfo":{info}}}}}}}"#);
            let read = read_best_sellers(body.as_bytes()).unwrap();
            let expected = BestSellers {
                is_whole,
                ..BestSellers::default()
            };
            assert_eq!(read, expected, "{info}");
        }
    }

    #[test]
    fn an_endless_cursor_is_not_sent_back() {
        let cursor = "c".repeat(MAX_CURSOR_BYTES + 1);
        let body = format!(
            r#"{{"data":{{"products":{{"nodes":[],"pageInfo":{{"hasNextPage":true,"endCursor":"{cursor}"}}}}}}}}"#
        );
        let read = read_best_sellers(body.as_bytes()).unwrap();
        assert_eq!((read.next, read.is_whole), (None, false));
    }

    #[test]
    fn an_answer_that_leaves_nobody_out_is_whole() {
        let whole = |nodes: &str| {
            let body = format!(
                r#"{{"data":{{"products":{{"nodes":[{nodes}],"pageInfo":{{"hasNextPage":true,"endCursor":"c"}}}}}}}}"#
            );
            read_best_sellers(body.as_bytes()).unwrap().is_whole
        };
        let node = r#"{"id":"gid://shopify/Product/7"}"#;
        assert!(whole(node));
        for other in ["null", "7", r#"{"id":"gid://shopify/Collection/7"}"#, "{}"] {
            assert!(!whole(&format!("{node},{other}")), "{other}");
        }
        assert!(!whole(&vec![node; BEST_SELLERS_PER_PAGE + 1].join(",")));
    }

    #[test]
    fn errors_are_told_apart_by_what_helps() {
        assert_eq!(
            read_best_sellers(ANSWERS[1]),
            Err(BestSellersError::Throttled)
        );
        let refused = read_best_sellers(ANSWERS[2]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the Storefront API answers with errors: \"Field 'products' doesn't exist on type 'QueryRoot'\""
        );
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"data":null}"#,
            r#"{"data":{"products":{"nodes":7}}}"#,
        ] {
            let error = read_best_sellers(body.as_bytes()).unwrap_err();
            assert!(
                matches!(error, BestSellersError::NotAnAnswer(_)),
                "{body}: {error}"
            );
        }
        let other = read_best_sellers(br#"{"errors":"Not Found"}"#).unwrap_err();
        assert_eq!(
            other,
            BestSellersError::Errors("a text as errors".to_owned())
        );
    }

    #[test]
    fn a_cursor_with_quotes_stays_one_text() {
        let query = best_sellers_query(Some("a\"} evil"));
        let read: serde_json::Value = serde_json::from_str(&query).unwrap();
        assert_eq!(read["variables"]["after"], "a\"} evil");
        let first: serde_json::Value = serde_json::from_str(&best_sellers_query(None)).unwrap();
        assert!(first["variables"]["after"].is_null());
    }

    #[test]
    fn a_list_of_any_length_counts_as_one_page() {
        let node = r#"{"id":"gid://shopify/Product/7"},"#.repeat(20_000);
        let body = format!(r#"{{"data":{{"products":{{"nodes":[{node}null]}}}}}}"#);
        let read = read_best_sellers(body.as_bytes()).unwrap();
        assert_eq!(read.products.len(), BEST_SELLERS_PER_PAGE);
    }

    #[test]
    fn hostile_answers_are_read_or_refused() {
        feed_hostile_bytes("best_sellers", &ANSWERS, |body| {
            if let Ok(read) = read_best_sellers(body) {
                assert!(read.products.len() <= BEST_SELLERS_PER_PAGE);
                assert!(read.next.is_none_or(|it| it.len() <= MAX_CURSOR_BYTES));
            }
        });
    }
}
