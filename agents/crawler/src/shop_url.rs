//! From what a person types to a shop.

use catalog::{Currency, CurrencySource, IdError, Platform, Shop, ShopKey};
use url::Url;

/// Why a text is no shop's address.
#[derive(Debug, thiserror::Error)]
pub enum ShopUrlError {
    /// Not a URL, or one without a host.
    #[error("not a shop's address (expected one such as https://shop.example): {0:?}")]
    NotUrl(String),
    /// Another scheme than http or https.
    #[error("only http and https shops can be crawled: {0:?}")]
    Scheme(String),
    /// A user name or password in the URL.
    #[error("a shop's address must not hold a user name or password")]
    Credentials,
    /// A host that makes no shop key.
    #[error(transparent)]
    Key(#[from] IdError),
}

/// Returns the Shopify shop at `address`: a URL, or a bare host, which means https.
///
/// Path, query and fragment are dropped: the shop is its host. The currency is unknown yet.
///
/// # Errors
/// When `address` is no http(s) URL with a host, or holds credentials.
pub fn shop_at(address: &str) -> Result<Shop, ShopUrlError> {
    let address = address.trim();
    let not_url = || ShopUrlError::NotUrl(address.chars().take(200).collect());
    // A slash that got lost makes no host of a scheme.
    let has = |scheme: &str| {
        let start = address.get(..scheme.len());
        start.is_some_and(|it| it.eq_ignore_ascii_case(scheme))
    };
    let with_scheme = if address.contains("://") || has("http:") || has("https:") {
        address.to_owned()
    } else {
        format!("https://{address}")
    };
    let mut url = Url::parse(&with_scheme).map_err(|_| not_url())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ShopUrlError::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ShopUrlError::Credentials);
    }
    // The root of all names: the same host, and not to be asked twice as often.
    if let Some(host) = url.host_str().and_then(|it| it.strip_suffix('.')) {
        let host = host.to_owned();
        url.set_host(Some(&host)).map_err(|_| not_url())?;
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(not_url)?;
    let key = match url.port() {
        Some(port) => ShopKey::encode(&format!("{host}:{port}"))?,
        None => ShopKey::encode(host)?,
    };
    Ok(Shop {
        key,
        platform: Platform::Shopify,
        url: url.origin().ascii_serialization(),
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_urls_name_the_same_shop() {
        for address in [
            "shop.example",
            "https://Shop.Example/",
            "shop.example.",
            " https://shop.example/collections/all?page=2#top ",
            "https://shop.example:443",
            "https:/shop.example",
            "HTTPS:shop.example",
        ] {
            let shop = shop_at(address).unwrap();
            assert_eq!(
                (shop.key.as_str(), shop.url.as_str()),
                ("shop.example", "https://shop.example")
            );
        }
        let shop = shop_at("http://127.0.0.1:8080").unwrap();
        assert_eq!(shop.key.as_str(), "127.0.0.1%3A8080");
        assert_eq!(shop.url, "http://127.0.0.1:8080");
    }

    #[test]
    fn what_is_no_shop_is_refused() {
        for address in [
            "",
            "https://",
            "ftp://shop.example",
            "https://user:pw@shop.example",
            "a b",
            "file:///etc/passwd",
        ] {
            assert!(shop_at(address).is_err(), "{address:?}");
        }
    }
}
