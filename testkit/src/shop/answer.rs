//! Which answer a request gets: a refusal, a fault, or what its endpoint has.

mod atom;
mod bomb;
mod faulty;
mod http;
mod lists;
mod pages;
mod query;
mod sitemap;
mod storefront;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::Response;
use serde_json::json;

use crate::{Fault, Refusal, Surface};

use self::http::{HTML, JSON, TEXT, encode, redirect, respond, set};
use self::query::{Asked, ListQuery};
use super::Serving;
use super::connection::Drip;

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
pub(super) async fn answer(serving: &Serving, parts: &Parts, body: &[u8], drip: &Drip) -> Response {
    drip.set(None);
    // Even a sleep of no time waits for the timer's next tick.
    if !serving.plan.latency.is_zero() {
        tokio::time::sleep(serving.plan.latency).await;
    }
    if let Err(refusal) = pass(serving) {
        return refused(&refusal);
    }
    let asked = Asked::new(parts, body);
    let due = due_fault(serving, &asked).or_else(|| closed_list(serving, &asked));
    match due {
        None => healthy(serving, &asked),
        Some(fault) => faulty::faulty(fault, serving, &asked, drip).await,
    }
}

/// Asks the shop's own limit and then the one that it shares.
fn pass(serving: &Serving) -> Result<(), Refusal> {
    let own = serving.bucket.iter();
    own.chain(&serving.plan.shared_throttle)
        .try_for_each(|bucket| bucket.pass())
}

fn refused(refusal: &Refusal) -> Response {
    let text = format!("Status {}\n", refusal.status);
    let mut response = respond(refusal.status, Some(TEXT), Body::from(text));
    if let Some(retry_after) = &refusal.retry_after {
        set(&mut response, header::RETRY_AFTER, retry_after);
    }
    response
}

/// Counts the request for every fault and returns the first one that is due.
fn due_fault<'s>(serving: &'s Serving, asked: &Asked<'_>) -> Option<&'s Fault> {
    let page = asked.list.map(|list| list.page);
    let mut due = None;
    for ((on, fault), n_matched) in serving.plan.faults.iter().zip(&serving.n_matched) {
        if on.matches(asked.path(), asked.host, page) {
            let n_before = n_matched.fetch_add(1, Ordering::Relaxed);
            if due.is_none() && on.is_due(n_before + 1) {
                due = Some(fault);
            }
        }
    }
    due
}

fn closed_list<'s>(serving: &'s Serving, asked: &Asked<'_>) -> Option<&'s Fault> {
    let is_closed = asked.list.is_some() && !asked.is_at(&serving.catalogue.platform_domain);
    serving.plan.closed_list.as_ref().filter(|_| is_closed)
}

fn healthy(serving: &Serving, asked: &Asked<'_>) -> Response {
    if serving.plan.has_password && !matches!(asked.path(), "/password" | "/robots.txt") {
        return redirect(302, "/password");
    }
    let plain = endpoint(serving, asked);
    let headers = &asked.parts.headers;
    let (has_etags, has_dates) = (serving.plan.has_validators, serving.plan.has_dates);
    if !(has_etags || has_dates) || plain.status != 200 {
        return encode(plain, headers);
    }
    let mut hasher = DefaultHasher::new();
    plain.body.hash(&mut hasher);
    let hash = hasher.finish();
    let (asked_by, name, version) = match has_etags {
        true => (
            header::IF_NONE_MATCH,
            header::ETAG,
            format!("\"{hash:016x}\""),
        ),
        false => (
            header::IF_MODIFIED_SINCE,
            header::LAST_MODIFIED,
            long_ago(hash),
        ),
    };
    let sent_back = headers.get(asked_by);
    let mut response = if sent_back.is_some_and(|it| it.as_bytes() == version.as_bytes()) {
        respond(304, None, Body::empty())
    } else {
        encode(plain, headers)
    };
    set(&mut response, name, &version);
    response
}

/// Returns a date of the 1990s that stands for a content.
fn long_ago(hash: u64) -> String {
    let since = Duration::from_secs(700_000_000 + hash % 100_000_000);
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}

fn endpoint(serving: &Serving, asked: &Asked<'_>) -> Plain {
    if let Some(version) = storefront::version(asked.path()) {
        return storefront::answer(serving, asked, version);
    }
    if !matches!(asked.parts.method, Method::GET | Method::HEAD) {
        return Plain::new(405, TEXT, "Method not allowed\n");
    }
    if let Some(list) = asked.list {
        return lists::products(serving, list);
    }
    let catalogue = &serving.catalogue;
    let path = pages::percent_decoded(asked.path());
    match path.as_str() {
        "/" => Plain::new(200, HTML, pages::index(catalogue)),
        "/robots.txt" => Plain::new(200, TEXT, serving.plan.robots.clone()),
        "/password" => Plain::new(200, HTML, pages::PASSWORD),
        "/meta.json" => match pages::meta(catalogue) {
            Some(meta) => Plain::new(200, JSON, meta.to_string()),
            None => not_found(),
        },
        _ => sitemap::answer(serving, asked, &path)
            .or_else(|| lists::answer(serving, asked, &path))
            .or_else(|| atom::answer(serving, asked, &path))
            .or_else(|| product(serving, &path))
            .unwrap_or_else(not_found),
    }
}

/// Returns a product in one of its three forms: a page, the Admin's JSON, or the theme's.
fn product(serving: &Serving, path: &str) -> Option<Plain> {
    let in_shop = serving
        .plan
        .locales
        .iter()
        .find_map(|locale| path.strip_prefix('/')?.strip_prefix(locale.as_str()));
    let name = in_shop.unwrap_or(path).strip_prefix("/products/")?;
    let (handle, form) = match name.rsplit_once('.') {
        Some((handle, form @ ("json" | "js"))) => (handle, form),
        _ => (name, "html"),
    };
    let catalogue = &serving.catalogue;
    let index = serving.by_handle.get(handle).copied();
    let product = catalogue.product(index.or_else(|| catalogue.made_at(handle))?)?;
    match form {
        "html" => return Some(Plain::new(200, HTML, pages::product(catalogue, &product))),
        _ if serving.is_closed(Surface::ProductJson) => return None,
        "js" => {
            let product = pages::in_theme_shape(product);
            return Some(Plain::new(200, JSON, product.to_string()));
        }
        _ => {}
    }
    let product = pages::in_admin_shape(product, serving.plan.has_inventory);
    Some(Plain::new(
        200,
        JSON,
        json!({"product": product}).to_string(),
    ))
}

fn not_found() -> Plain {
    Plain::new(404, HTML, pages::NOT_FOUND)
}

impl Serving {
    fn is_closed(&self, surface: Surface) -> bool {
        self.plan.closed.contains(&surface)
    }
}
