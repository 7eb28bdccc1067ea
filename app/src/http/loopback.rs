//! Who calls where nobody is asked: programs of this machine, and no web page that a browser on it has open.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::{audit_refused, refusal};

/// Refuses what a browser would send on behalf of a foreign page: its origin, or a name of its own that leads here.
pub(super) async fn only_this_machine(request: Request, next: Next) -> Response {
    match foreign(&request) {
        None => next.run(request).await,
        Some(message) => {
            let name = "PERMISSION_DENIED";
            audit_refused(&request, name, "a call that a web page may have sent");
            refusal(StatusCode::FORBIDDEN, name, message)
        }
    }
}

fn foreign(request: &Request) -> Option<&'static str> {
    let headers = request.headers();
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => only(headers, HOST.as_str()),
    };
    if !host.is_some_and(is_loopback) {
        return Some(
            "without tokens, only a loopback address or localhost is served as Host: set http.tokens to serve another",
        );
    }
    let is_local = |origin: &str| {
        let (_, host) = origin.split_once("://")?;
        Some(is_loopback(host))
    };
    let has_origin = headers.contains_key(ORIGIN);
    let is_foreign = has_origin && only(headers, ORIGIN.as_str()).and_then(is_local) != Some(true);
    is_foreign.then_some(
        "without tokens, requests of web pages from elsewhere are refused: set http.tokens",
    )
}

/// Returns a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    value.to_str().ok()
}

/// Returns whether `host`, with a port or without, names this machine alone.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<axum::http::uri::Authority>() else {
        return false;
    };
    let name = authority.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    !host.contains('@')
        && (name.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8800",
            "127.9.9.9",
            "[::1]:1",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "shop.example",
            "localhost.shop.example",
            "127.0.0.1.shop.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "localhost@shop.example",
            "shop.example@localhost",
            "a b",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
