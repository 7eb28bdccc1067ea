//! The HTTP client below the library: no redirects, no proxy of the environment, nothing twice.

use super::{EndpointConfig, EndpointError};

/// Returns a client; without certificates of authorities it is one for plain http alone.
pub(super) fn client(config: &EndpointConfig) -> Result<reqwest::Client, EndpointError> {
    // A second installation in one process is refused, and then the first one serves.
    drop(rustls::crypto::ring::default_provider().install_default());
    let failed = |error| EndpointError(format!("cannot set up the HTTP client: {error}"));
    builder(config)?.build().or_else(|error| {
        tracing::warn!(
            "{error}: no https endpoint can be verified; install the system's CA certificates (ca-certificates)"
        );
        let without = builder(config)?.tls_certs_only([]);
        without.build().map_err(failed)
    })
}

/// Returns a client that follows no redirect (a key is for one host), uses no proxy but the configured one, and tries
/// nothing twice.
fn builder(config: &EndpointConfig) -> Result<reqwest::ClientBuilder, EndpointError> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("trouvaille/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(config.attempt_timeout)
        .pool_max_idle_per_host(config.in_flight);
    Ok(match config.proxy()? {
        Some(proxy) => builder.proxy(proxy),
        None => builder,
    })
}
