//! By which names the server is called, and from which pages: what the SDK refuses is noted, and told with the setting
//! that would allow it.

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{HOST, ORIGIN};
use axum::response::Response;

use super::refusal;

/// More than the SDK's words for a refusal.
const MAX_BYTES: usize = 1_000;

/// The most of a header that is logged.
const MAX_LOGGED: usize = 80;

/// How a request names the server, and the page it comes from.
#[derive(Debug)]
pub(super) struct Asked {
    host: String,
    origin: Option<HeaderValue>,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        let header = |name| request.headers().get(name).cloned();
        let host = match request.uri().authority() {
            Some(authority) => printable(authority.as_str().as_bytes()),
            None => header(HOST).map_or(String::new(), |it| printable(it.as_bytes())),
        };
        Self {
            host,
            origin: header(ORIGIN),
        }
    }

    /// Returns the refusal that the SDK gave with this body, in our words. The SDK looks at the host first.
    pub(super) async fn refused(self, body: Body) -> Response {
        let said = axum::body::to_bytes(body, MAX_BYTES).await;
        let is_origin = said.is_ok_and(|it| it.windows(6).any(|it| it == b"Origin"));
        let (what, value) = match self.origin.filter(|_| is_origin) {
            Some(origin) => ("origin", printable(origin.as_bytes())),
            None => ("host", self.host),
        };
        tracing::info!(target: "trouvaille::audit", what, value, "refused a call: its {what} is not allowed: {value}");
        refusal::not_allowed(what).into()
    }
}

/// Returns what a log can hold of a header: the beginning, in signs that do nothing.
fn printable(value: &[u8]) -> String {
    let signs = value.iter().take(MAX_LOGGED).map(|&it| match it {
        b'"' | b'\\' => '?',
        it if it.is_ascii_graphic() => char::from(it),
        _ => '?',
    });
    signs.collect()
}
