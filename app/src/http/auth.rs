//! Who calls: a bearer token says it, of which the configuration has the SHA-256 alone.

use std::sync::Arc;

use a2a::CARD_PATH;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use catalog::Principal;
use ring::{digest, hmac};

use super::{audit_refused, loopback, refusal};
use crate::config::HttpConfig;

/// Who is let in: callers with a token, or where there are none, whoever is on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    tokens: Arc<[Token]>,
}

#[derive(Debug)]
struct Token {
    caller: Principal,
    tag: hmac::Tag,
}

impl Auth {
    pub(crate) fn from_config(config: &HttpConfig) -> Self {
        let tokens = config.tokens().iter().map(|token| Token {
            caller: Principal {
                id: token.caller.clone(),
                scopes: token.scopes.clone(),
            },
            tag: hmac::sign(&key(), &token.sha256),
        });
        Self {
            tokens: tokens.collect(),
        }
    }

    /// Returns whether callers are asked for a token.
    pub(crate) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Returns `router` behind the question of who calls, which comes before anything else.
    pub(super) fn guard(&self, router: Router) -> Router {
        match self.has_tokens() {
            true => router.layer(from_fn_with_state(self.clone(), authenticate)),
            false => router.layer(from_fn(loopback::only_this_machine)),
        }
    }

    fn caller(&self, headers: &HeaderMap) -> Option<&Principal> {
        let token = bearer(headers)?;
        let digest = digest::digest(&digest::SHA256, token.as_bytes());
        let mut caller = None;
        // All are compared, and each in constant time: the answer's delay says nothing about any of them.
        for token in self.tokens.iter() {
            if token.matches(digest.as_ref()) {
                caller = Some(&token.caller);
            }
        }
        caller
    }
}

impl Token {
    fn matches(&self, sha256: &[u8]) -> bool {
        hmac::verify(&key(), sha256, self.tag.as_ref()).is_ok()
    }
}

/// Returns a key that keeps nothing secret: `hmac::verify` is what ring offers to compare in constant time.
fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"trouvaille http.tokens")
}

async fn authenticate(State(auth): State<Auth>, mut request: Request, next: Next) -> Response {
    let caller = auth.caller(request.headers()).cloned();
    // Rooms learn who calls, never by which token.
    request.headers_mut().remove(AUTHORIZATION);
    match caller {
        Some(caller) => drop(request.extensions_mut().insert(caller)),
        None if is_public(&request) => {}
        None => {
            audit_refused(&request, "UNAUTHENTICATED", "a call without a valid token");
            return unauthorized();
        }
    }
    next.run(request).await
}

fn unauthorized() -> Response {
    let message = "a valid token is needed: send it as Authorization: Bearer TOKEN";
    let mut response = refusal(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message);
    let bearer = HeaderValue::from_static("Bearer realm=\"trouvaille\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    response
}

/// Returns the one token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn is_public(request: &Request) -> bool {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return false;
    }
    match request.uri().path().strip_suffix(CARD_PATH) {
        Some("") => true,
        Some(before) => before
            .strip_prefix("/agents/")
            .is_some_and(|name| !name.contains('/')),
        None => false,
    }
}
