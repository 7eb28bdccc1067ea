//! What goes wrong, one answer for each fault.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::json;

use crate::Fault;

use super::super::connection::Drip;
use super::super::{Serving, body};
use super::http::{HTML, JSON, TEXT, XML, encode, redirect, respond, set, split};
use super::{Asked, ListQuery, Plain, bomb, endpoint, healthy, pages, sitemap};

/// Answers a request that meets `fault`; waits where that says so.
pub(super) async fn faulty(
    fault: &Fault,
    serving: &Serving,
    asked: &Asked<'_>,
    drip: &Drip,
) -> Response {
    let plain = || endpoint(serving, asked);
    let encoded = |plain: Plain| encode(plain, &asked.parts.headers);
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
        Fault::Challenge(code) => {
            let mut response = encoded(Plain::new(*code, HTML, pages::CHALLENGE));
            let challenge = HeaderValue::from_static("challenge");
            response.headers_mut().insert("cf-mitigated", challenge);
            response
        }
        Fault::NotShopify => {
            let not_a_catalogue = json!({"items": [{"sku": "A-1", "label": "Lamp"}], "total": 1});
            encoded(Plain::new(200, JSON, not_a_catalogue.to_string()))
        }
        Fault::Redirect(location) => redirect(302, location),
        Fault::RedirectLoop => redirect(302, &asked.parts.uri.to_string()),
        Fault::MovedHome(base) => redirect(301, base),
        Fault::Moved(base) => redirect(301, &format!("{base}{}", asked.parts.uri)),
        Fault::Empty(code) => respond(*code, None, Body::empty()),
        Fault::Currency(currency) => {
            let catalogue = (*serving.catalogue).clone().with_currency(Some(currency));
            encoded(pages::of_currency(&catalogue, asked).unwrap_or_else(plain))
        }
        Fault::SitemapLoop => encoded(Plain::new(200, XML, sitemap::loop_of(asked))),
        Fault::XmlBomb(bomb) => encoded(bomb::xml(*bomb, asked)),
        Fault::SlowHead { chunk_size, delay } => {
            drip.set(Some((*chunk_size, *delay)));
            encoded(plain())
        }
        Fault::Delay(delay) => {
            tokio::time::sleep(*delay).await;
            healthy(serving, asked)
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
            let list = asked.list.map(|list| ListQuery { page: 1, ..list });
            encoded(endpoint(serving, &Asked { list, ..*asked }))
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
