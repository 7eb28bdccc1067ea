//! Where shops find the public key that the program's requests are signed with. Anybody may ask, without a token and by
//! any name: what is served is public, and signed for the operator's own address alone.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use crawler::fetch::{Identity, Operator};

/// Where the draft of Web Bot Auth has it, at the root of the operator's address.
pub(crate) const DIRECTORY_PATH: &str = "/.well-known/http-message-signatures-directory";

const MEDIA_TYPE: &str = "application/http-message-signatures-directory+json";

/// Less than the signature is good for.
const CACHED: &str = "max-age=1800";

/// Returns the router of the directory; without a key there is none.
pub(crate) fn router(identity: Option<Arc<Identity>>) -> Router {
    match identity.filter(|it| it.operator().is_some()) {
        None => Router::new(),
        Some(identity) => Router::new()
            .route(DIRECTORY_PATH, get(directory))
            .with_state(identity),
    }
}

async fn directory(State(identity): State<Arc<Identity>>) -> Response {
    match identity.operator().map(Operator::directory) {
        Some(Ok(directory)) => {
            let headers = [
                (CONTENT_TYPE, MEDIA_TYPE.to_owned()),
                (CACHE_CONTROL, CACHED.to_owned()),
                (
                    HeaderName::from_static("signature-input"),
                    directory.signed.signature_input,
                ),
                (
                    HeaderName::from_static("signature"),
                    directory.signed.signature,
                ),
            ];
            (headers, directory.body).into_response()
        }
        Some(Err(error)) => {
            tracing::error!("cannot sign the directory of keys: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
