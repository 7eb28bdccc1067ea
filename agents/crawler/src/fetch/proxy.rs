//! A proxy between the program and the shops, where an operator sets one. None comes from the environment.
//!
//! It resolves the names of shops itself, so that the guard of addresses sees only hosts that are numbers: what a name
//! must not lead to is then the proxy's to refuse.

use std::fmt;

use url::Url;

/// A proxy's address.
#[derive(Clone)]
pub struct ShopProxy {
    url: Url,
    proxy: reqwest::Proxy,
}

/// A text that is no address of a proxy. It may hold a password, and is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected the address of a proxy such as http://proxy.example:3128")]
pub struct ProxyError;

impl ShopProxy {
    /// Reads `http://[user:password@]host[:port]`, or the same with https.
    ///
    /// # Errors
    /// [`ProxyError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let url = Url::parse(text).map_err(|_| ProxyError)?;
        let is_fine = matches!(url.scheme(), "http" | "https")
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        let proxy = reqwest::Proxy::all(text).map_err(|_| ProxyError)?;
        is_fine.then_some(Self { url, proxy }).ok_or(ProxyError)
    }

    /// Returns its host where that is a name.
    pub(super) fn host_name(&self) -> Option<String> {
        self.url.domain().map(str::to_owned)
    }

    pub(super) fn for_client(&self) -> reqwest::Proxy {
        self.proxy.clone()
    }
}

impl fmt::Debug for ShopProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proxy")
    }
}
