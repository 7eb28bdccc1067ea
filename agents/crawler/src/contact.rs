//! The first answers of a shop: robots.txt and `/meta.json`. Is anybody there, where, and in which currency?

use std::time::Duration;

use catalog::{
    Currency, CurrencySource, Outcome, Reason, RobotsRecord, Shop, Start, Stop, Store, StoreError,
    UnixMs,
};
use url::{Host, Url};

use crate::crawl::Crawl;
use crate::fetch::{FetchError, Fetcher, Pace, RobotsAnswer};
use crate::outcome::{interrupted, outcome_of_fetch};
use crate::platforms::shopify;

/// RFC 9309, 2.4: a robots.txt is not used for longer than a day.
const MAX_ROBOTS_AGE_MS: i64 = 24 * 3_600_000;

/// What the first answers of a shop told.
pub(crate) struct Contact {
    /// The shop, with its currency where known.
    pub(crate) shop: Shop,
    /// Where it really is, after redirects.
    pub(crate) base: Url,
    /// Whether `/meta.json` does not exist any more either.
    pub(crate) has_no_meta: bool,
}

/// Asks for robots.txt, unless the store has one of today, and for `/meta.json`.
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
    let mut places = likely_places(&base);
    if crawl.options.start != Start::Fresh {
        recall_robots(&places, crawl.fetcher, crawl.store, (crawl.now)()).await?;
    }
    // Biased: behind a cancellation no request leaves.
    let contact = tokio::select! {
        biased;
        () = crawl.cancel.cancelled() => Err(interrupted()),
        contact = ask_for_meta(base, crawl) => contact,
    };
    if let Ok(contact) = &contact {
        // A redirect may have led to a host of which nothing was recalled yet.
        let base = std::slice::from_ref(&contact.base);
        recall_hosts(base, crawl.fetcher, crawl.store, (crawl.now)()).await?;
        places.push(contact.base.clone());
    }
    keep_robots(&places, crawl.fetcher, crawl.store, (crawl.now)()).await?;
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

/// Gives the fetcher what the hosts answered less than a day ago when they were asked for robots.txt.
pub(crate) async fn recall_robots(
    places: &[Url],
    fetcher: &Fetcher,
    store: &dyn Store,
    now: UnixMs,
) -> Result<(), StoreError> {
    let since = UnixMs::new(now.ms() - MAX_ROBOTS_AGE_MS + 1);
    for place in places {
        let origin = place.origin().ascii_serialization();
        let Some(record) = store.robots(&origin, since).await? else {
            continue;
        };
        // A clock that went back says nothing about its age.
        let Ok(age_ms) = u64::try_from(now.ms() - record.fetched_at.ms()) else {
            continue;
        };
        let answer = RobotsAnswer {
            status: record.status,
            text: record.body,
        };
        let age = Duration::from_millis(age_ms);
        fetcher.remember_robots(place, &answer, age).await;
    }
    Ok(())
}

/// Stores what the hosts answered when they were asked for robots.txt.
pub(crate) async fn keep_robots(
    places: &[Url],
    fetcher: &Fetcher,
    store: &dyn Store,
    now: UnixMs,
) -> Result<(), StoreError> {
    for place in places {
        if let Some(answer) = fetcher.take_robots(place).await {
            let record = RobotsRecord {
                origin: place.origin().ascii_serialization(),
                status: answer.status,
                body: answer.text,
                fetched_at: now,
            };
            store.save_robots(&record).await?;
        }
    }
    Ok(())
}

/// Gives the fetcher what earlier crawls learned of the hosts' limits and of their platform's.
pub(crate) async fn recall_hosts(
    places: &[Url],
    fetcher: &Fetcher,
    store: &dyn Store,
    now: UnixMs,
) -> Result<(), StoreError> {
    for record in store.hosts(&Fetcher::names_to_remember(places)).await? {
        fetcher.remember_host(&record, now);
    }
    Ok(())
}

/// Stores what the hosts that were asked at `pace` taught of their limits.
pub(crate) async fn keep_hosts(
    pace: &Pace,
    fetcher: &Fetcher,
    store: &dyn Store,
    now: UnixMs,
) -> Result<(), StoreError> {
    let records = fetcher.take_hosts(&pace.hosts(), now);
    if records.is_empty() {
        return Ok(());
    }
    store.save_hosts(&records).await
}

async fn ask_for_meta(base: Url, crawl: &Crawl<'_>) -> Result<Contact, Outcome> {
    let shop = crawl.shop;
    let meta_url = base
        .join("/meta.json")
        .expect("an absolute path joins any http URL");
    let answer = crawl.fetcher.get_at(&meta_url, crawl.pace).await;
    let mut contact = Contact {
        shop: shop.clone(),
        base,
        has_no_meta: false,
    };
    let mut stated = None;
    match answer {
        Ok(response) => {
            contact.has_no_meta = matches!(response.status, 404 | 410);
            if response.url.path() == "/meta.json" {
                contact.base = response.url.clone();
            }
            if response.status == 200 {
                stated = shopify::read_meta(&response.body);
            }
        }
        // Whatever else is wrong with this small file, the product list itself decides.
        Err(
            error @ (FetchError::Unreachable { .. }
            | FetchError::NoRobots(_)
            | FetchError::LeftAlone { .. }
            | FetchError::RefusedAddress { .. }),
        ) => {
            return Err(outcome_of_fetch(&error));
        }
        Err(error) => tracing::debug!(shop = %shop.key, "no /meta.json: {error}"),
    }
    let (currency, source) = match (stated, crawl.options.currency) {
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
