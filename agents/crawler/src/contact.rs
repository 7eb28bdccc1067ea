//! The first answers of a shop: robots.txt and `/meta.json`. Is anybody there, where, and in which currency?

use catalog::{Currency, CurrencySource, Outcome, Reason, Shop, Stop, StoreError};
use url::{Host, Url};

use crate::crawl::Crawl;
use crate::fetch::{FetchError, Response};
use crate::outcome::{interrupted, outcome_of_fetch};
use crate::platforms::shopify::{self, Meta};

/// What the first answers of a shop told.
pub(crate) struct Contact {
    /// The shop, with its currency where known.
    pub(crate) shop: Shop,
    /// Where it really is, after redirects.
    pub(crate) base: Url,
    /// Whether `/meta.json` does not exist any more either.
    pub(crate) has_no_meta: bool,
    /// How many products the shop says that it has.
    pub(crate) n_products: Option<u64>,
}

/// Asks for robots.txt, unless the store has one of today, and for `/meta.json`; stores the first.
///
/// The shop's own failures are the inner result.
pub(crate) async fn first_contact(
    crawl: &Crawl<'_>,
) -> Result<Result<Contact, Outcome>, StoreError> {
    let base = match Url::parse(&crawl.shop.url) {
        Ok(base) => base,
        Err(error) => {
            let detail = format!("{:?}: {error}", crawl.shop.url);
            let reason = Reason::new(Stop::RefusedAddress, detail);
            return Ok(Err(Outcome::Failed(reason)));
        }
    };
    // Biased: behind a cancellation no request leaves.
    let contact = tokio::select! {
        biased;
        () = crawl.cancel.cancelled() => Err(interrupted()),
        contact = ask_for_meta(base, crawl) => contact,
    };
    crawl.memory().keep_robots().await?;
    Ok(contact)
}

/// Returns a shop's address, and the one with or without `www.` to which it may well redirect.
pub(crate) fn likely_places(base: &Url) -> Vec<Url> {
    let mut twin = base.clone();
    let twin_host = match base.host() {
        Some(Host::Domain(host)) => Some(host.strip_prefix("www.").map_or_else(
            || format!("www.{host}"),
            |without_www| without_www.to_owned(),
        )),
        _ => None,
    };
    let has_twin = twin_host.is_some_and(|host| twin.set_host(Some(&host)).is_ok());
    let mut places = vec![base.clone()];
    places.extend(has_twin.then_some(twin));
    places
}

fn meta_of(base: &Url) -> Url {
    base.join("/meta.json")
        .expect("an absolute path joins any http URL")
}

/// Returns whether the answer is the home page of another origin, to which `asked` was moved for good: many who move a
/// shop send all its old paths there.
fn is_new_home(response: &Response, asked: &Url) -> bool {
    response.has_moved && response.url.path() == "/" && response.url.origin() != asked.origin()
}

/// Returns whether the answer is another host's, to which the shop at `base` is not known to lead for good.
fn is_elsewhere_for_a_while(response: &Response, base: &Url) -> bool {
    let is_at = |place: &Url| {
        place.host_str() == response.url.host_str() && place.port() == response.url.port()
    };
    !response.has_moved && !likely_places(base).iter().any(is_at)
}

/// Returns whether `url` is of another origin than `base`.
fn is_elsewhere(url: &str, base: &Url) -> bool {
    Url::parse(url).is_ok_and(|it| it.origin() != base.origin())
}

async fn ask_for_meta(base: Url, crawl: &Crawl<'_>) -> Result<Contact, Outcome> {
    let shop = crawl.shop;
    let meta_url = meta_of(&base);
    let mut answer = crawl.fetcher.get_at(&meta_url, crawl.pace).await;
    if let Ok(response) = &answer
        && is_elsewhere_for_a_while(response, &base)
    {
        tracing::warn!(url = %meta_url, "leads to {} for a while; asking once more", response.url);
        answer = crawl.fetcher.get_at(&meta_url, crawl.pace).await;
    }
    let mut contact = Contact {
        shop: shop.clone(),
        base,
        has_no_meta: false,
        n_products: None,
    };
    let mut has_moved = false;
    if let Ok(response) = &answer
        && is_new_home(response, &meta_url)
    {
        has_moved = true;
        contact.base = response.url.clone();
        answer = crawl
            .fetcher
            .get_at(&meta_of(&contact.base), crawl.pace)
            .await;
    }
    let mut stated = Meta::default();
    match answer {
        Ok(response) => {
            // What another page answers, to which a shop redirects for a while, says nothing of this one.
            if response.url.path() == "/meta.json" {
                contact.base = response.url.clone();
                contact.has_no_meta = !has_moved && matches!(response.status, 404 | 410);
            }
            if response.status == 200 {
                stated = shopify::read_meta(&response.body).unwrap_or_default();
            }
        }
        // Where this small file leads says nothing of the product list, and whatever else is wrong with it neither.
        Err(
            error @ (FetchError::Unreachable { .. }
            | FetchError::NoRobots(_)
            | FetchError::LeftAlone { .. }
            | FetchError::RefusedAddress { .. }),
        ) if !error
            .url()
            .is_some_and(|it| is_elsewhere(it, &contact.base)) =>
        {
            return Err(outcome_of_fetch(&error));
        }
        Err(error) => tracing::debug!(shop = %shop.key, "no /meta.json: {error}"),
    }
    contact.n_products = stated.n_products;
    let (currency, source) = match (stated.currency, crawl.options.currency) {
        (Some(currency), _) => (currency, CurrencySource::Shop),
        (None, Some(currency)) => (currency, CurrencySource::Config),
        (None, None) => (Currency::UNKNOWN, CurrencySource::Unknown),
    };
    contact.shop.currency = currency;
    contact.shop.currency_source = source;
    Ok(contact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_likely_to_redirect_to_or_from_www() {
        for (base, twin) in [
            ("https://shop.example", Some("https://www.shop.example/")),
            ("https://www.shop.example", Some("https://shop.example/")),
            ("http://127.0.0.1:80", None),
        ] {
            let base = Url::parse(base).unwrap();
            let places = likely_places(&base);
            assert_eq!(places[0], base);
            assert_eq!(places.get(1).map(Url::as_str), twin);
        }
    }
}
