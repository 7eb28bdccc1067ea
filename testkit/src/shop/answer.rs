//! The storefront's endpoints, healthy and faulty.

mod pages;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header, response};
use axum::response::Response;
use serde_json::json;

use crate::{Fault, Wall};

use super::{Serving, body};

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer before it is encoded.
struct Plain {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Plain {
    fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            body: body.into(),
        }
    }
}

/// Answers one request; waits where the plan says so.
pub(super) async fn answer(serving: &Serving, request: &Parts) -> Response {
    // Even a sleep of no time waits for the timer's next tick.
    if !serving.plan.latency.is_zero() {
        tokio::time::sleep(serving.plan.latency).await;
    }
    let asked = FeedQuery::of(request);
    match due_fault(serving, request, asked) {
        None => healthy(serving, request, asked),
        Some(fault) => faulty(fault, serving, request, asked).await,
    }
}

/// Counts the request for every fault and returns the first one that is due.
fn due_fault<'s>(
    serving: &'s Serving,
    request: &Parts,
    asked: Option<FeedQuery>,
) -> Option<&'s Fault> {
    let path = request.uri.path();
    let page = asked.map(|asked| asked.page);
    let mut due = None;
    for ((on, fault), n_matched) in serving.plan.faults.iter().zip(&serving.n_matched) {
        if on.matches(path, page) {
            let n_before = n_matched.fetch_add(1, Ordering::Relaxed);
            if due.is_none() && on.is_due(n_before + 1) {
                due = Some(fault);
            }
        }
    }
    due
}

fn healthy(serving: &Serving, request: &Parts, asked: Option<FeedQuery>) -> Response {
    let plain = endpoint(serving, request, asked);
    if !serving.plan.has_validators || plain.status != 200 {
        return encode(plain, &request.headers);
    }
    let mut hasher = DefaultHasher::new();
    plain.body.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    let sent_back = request.headers.get(header::IF_NONE_MATCH);
    let mut response = if sent_back.is_some_and(|it| it.as_bytes() == etag.as_bytes()) {
        respond(304, None, Body::empty())
    } else {
        encode(plain, &request.headers)
    };
    set(&mut response, header::ETAG, &etag);
    response
}

async fn faulty(
    fault: &Fault,
    serving: &Serving,
    request: &Parts,
    asked: Option<FeedQuery>,
) -> Response {
    let plain = || endpoint(serving, request, asked);
    let encoded = |plain: Plain| encode(plain, &request.headers);
    match fault {
        Fault::Status(code, retry_after) => {
            let mut response = encoded(Plain::new(*code, TEXT, format!("Status {code}\n")));
            if let Some(retry_after) = retry_after {
                set(&mut response, header::RETRY_AFTER, retry_after);
            }
            response
        }
        Fault::Custom(code, content_type, bytes) => {
            respond(*code, Some(content_type), bytes.clone().into())
        }
        Fault::Html => encoded(Plain::new(200, HTML, pages::NOT_A_FEED)),
        Fault::Challenge => {
            let mut response = encoded(Plain::new(403, HTML, pages::CHALLENGE));
            let challenge = HeaderValue::from_static("challenge");
            response.headers_mut().insert("cf-mitigated", challenge);
            response
        }
        Fault::NotShopify => {
            let not_a_catalogue = json!({"items": [{"sku": "A-1", "label": "Lamp"}], "total": 1});
            encoded(Plain::new(200, JSON, not_a_catalogue.to_string()))
        }
        Fault::Redirect(location) => redirect(location),
        Fault::RedirectLoop => redirect(&request.uri.to_string()),
        Fault::Delay(delay) => {
            tokio::time::sleep(*delay).await;
            healthy(serving, request, asked)
        }
        Fault::SlowBody { chunk_size, delay } => {
            let (parts, bytes) = split(encoded(plain())).await;
            Response::from_parts(parts, body::slow(bytes, *chunk_size, *delay))
        }
        Fault::Hang => std::future::pending().await,
        Fault::Truncated => {
            let mut plain = plain();
            plain.body.truncate(plain.body.len() / 2);
            encoded(plain)
        }
        Fault::CutConnection => {
            let (parts, bytes) = split(encoded(plain())).await;
            let announced = bytes.len();
            let mut response = Response::from_parts(parts, body::cut(bytes));
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, announced.into());
            response
        }
        Fault::Bom => {
            let mut plain = plain();
            plain.body.splice(..0, *b"\xEF\xBB\xBF");
            encoded(plain)
        }
        Fault::GzipWithoutHeader => {
            let plain = plain();
            respond(
                plain.status,
                Some(plain.content_type),
                body::gzip(&plain.body).into(),
            )
        }
        Fault::WrongTypes => {
            let mut plain = plain();
            plain.body = pages::with_wrong_types(&plain.body);
            encoded(plain)
        }
        Fault::EndlessPages => {
            let first = asked.map(|asked| FeedQuery { page: 1, ..asked });
            encoded(endpoint(serving, request, first))
        }
        Fault::GzipBomb { inflated_bytes } => {
            let mut response = respond(200, Some(JSON), body::gzip_of_zeros(*inflated_bytes));
            set(&mut response, header::CONTENT_ENCODING, "gzip");
            response
        }
        Fault::EndlessGzip => {
            let mut response = respond(200, Some(JSON), body::endless_gzip());
            set(&mut response, header::CONTENT_ENCODING, "gzip");
            response
        }
        Fault::Huge { bytes } => {
            let mut response = respond(200, Some(JSON), body::huge(*bytes));
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, (*bytes).into());
            response
        }
    }
}

fn endpoint(serving: &Serving, request: &Parts, asked: Option<FeedQuery>) -> Plain {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Plain::new(405, TEXT, "Method not allowed\n");
    }
    if let Some(asked) = asked {
        return feed(serving, asked);
    }
    let catalogue = &serving.catalogue;
    let path = pages::percent_decoded(request.uri.path());
    match path.as_str() {
        "/" => Plain::new(200, HTML, pages::index(catalogue)),
        "/robots.txt" => Plain::new(200, TEXT, serving.plan.robots.clone()),
        "/meta.json" => match pages::meta(catalogue) {
            Some(meta) => Plain::new(200, JSON, meta.to_string()),
            None => not_found(),
        },
        _ => {
            let Some(name) = path.strip_prefix("/products/") else {
                return not_found();
            };
            let handle = name.strip_suffix(".json").unwrap_or(name);
            let product = serving
                .by_handle
                .get(handle)
                .and_then(|index| catalogue.product(*index));
            match product {
                None => not_found(),
                Some(product) if name == handle => {
                    Plain::new(200, HTML, pages::product(catalogue, &product))
                }
                Some(product) => {
                    let product = json!({"product": pages::in_admin_shape(product)});
                    Plain::new(200, JSON, product.to_string())
                }
            }
        }
    }
}

fn not_found() -> Plain {
    Plain::new(404, HTML, pages::NOT_FOUND)
}

fn feed(serving: &Serving, FeedQuery { page, limit }: FeedQuery) -> Plain {
    const WALL: &str = r#"{"errors":"Page * Limit exceeds the 25000 limit."}"#;
    let is_over = page.saturating_mul(limit) > 25_000;
    match serving.plan.wall {
        Wall::BadRequest if is_over => Plain::new(400, JSON, WALL),
        Wall::Ok if is_over => Plain::new(200, JSON, WALL),
        _ => Plain::new(
            200,
            JSON,
            serving.catalogue.page_json(page as usize, limit as usize),
        ),
    }
}

/// What a request to `/products.json` asks for, after the endpoint's own corrections.
#[derive(Clone, Copy)]
struct FeedQuery {
    page: u64,
    limit: u64,
}

impl FeedQuery {
    fn of(request: &Parts) -> Option<Self> {
        if request.uri.path() != "/products.json" {
            return None;
        }
        let query = request.uri.query().unwrap_or_default();
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.rfind(|(key, _)| *key == name)?;
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| value.parse().unwrap_or(u64::MAX))
        };
        Some(Self {
            page: number("page").unwrap_or(1).max(1),
            limit: number("limit")
                .filter(|limit| *limit >= 1)
                .unwrap_or(30)
                .min(250),
        })
    }
}

/// Returns the response, as gzip where the client takes it.
fn encode(plain: Plain, headers: &HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    let takes_gzip = accepted.is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("gzip")));
    if !takes_gzip {
        return respond(plain.status, Some(plain.content_type), plain.body.into());
    }
    let bytes = body::gzip(&plain.body);
    let mut response = respond(plain.status, Some(plain.content_type), bytes.into());
    set(&mut response, header::CONTENT_ENCODING, "gzip");
    set(&mut response, header::VARY, "Accept-Encoding");
    response
}

fn redirect(location: &str) -> Response {
    let mut response = respond(
        302,
        Some(HTML),
        Body::from("<p>You are being redirected.</p>\n"),
    );
    set(&mut response, header::LOCATION, location);
    response
}

/// Returns a response; a number that is no status becomes 500.
fn respond(status: u16, content_type: Option<&str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        set(&mut response, header::CONTENT_TYPE, content_type);
    }
    response
}

/// Sets a header; a value that HTTP forbids is left out.
fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

async fn split(response: Response) -> (response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    (parts, bytes.expect("a body in memory does not fail"))
}
