//! Products and observations as documents, written straight as bytes: a crawl makes them by the thousand.

use catalog::{
    Availability, FeatureInputs, Metrics, Money, Observation, ObservationKind, Offer, Product,
    RankSource, UnixMs, Variant, search_words,
};
use mongodb::bson::raw::{BindRawBsonRef, CStr, cstr};
use mongodb::bson::{DateTime, RawArrayBuf, RawBson, RawDocumentBuf};
use serde::Serialize;

use super::fault::Fault;
use super::features;
use super::keys::{native, observation_key, product_key};

/// The most bytes of a document that MongoDB stores.
pub(super) const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// What the store knows of a product beside what its shop says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) first_seen_at: UnixMs,
    pub(super) stored_at: UnixMs,
    pub(super) gone_at: Option<UnixMs>,
    /// The number of its newest observation; rows above it do not count.
    pub(super) n_observations: u64,
    /// The place in the shop's best-selling order that was observed last.
    pub(super) last_rank: Option<u32>,
    /// Where that place was read.
    pub(super) last_source: Option<RankSource>,
}

/// Returns the document of a product; `hash` is its content hash as text.
pub(super) fn encode_product(product: &Product, hash: &str, facts: &Facts) -> RawDocumentBuf {
    let metrics = Metrics::of(product);
    let prices = product.price_range();
    let mut document = RawDocumentBuf::new();
    let it = &mut document;
    it.append(cstr!("_id"), product_key(&product.id).as_str());
    it.append(cstr!("platform"), product.id.platform.name());
    it.append(cstr!("shop"), product.id.shop.as_str());
    it.append(cstr!("native"), native(&product.id.native));
    it.append(cstr!("hash"), hash);
    it.append(cstr!("first_seen_at"), date(facts.first_seen_at));
    it.append(cstr!("stored_at"), date(facts.stored_at));
    match facts.gone_at {
        Some(gone_at) => it.append(cstr!("gone_at"), date(gone_at)),
        None => it.append(cstr!("gone_at"), RawBson::Null),
    }
    it.append(cstr!("n_observations"), whole(facts.n_observations));
    some(it, cstr!("last_rank"), facts.last_rank.map(i64::from));
    some(
        it,
        cstr!("last_source"),
        facts.last_source.map(RankSource::name),
    );
    it.append(cstr!("available_ratio"), metrics.available_ratio);
    it.append(cstr!("num_tags"), i64::from(metrics.num_tags));
    it.append(cstr!("avg_price"), metrics.avg_price);
    it.append(cstr!("num_images"), i64::from(metrics.num_images));
    it.append(
        cstr!("description_length"),
        i64::from(metrics.description_length),
    );
    features::append(it, &FeatureInputs::of(product));
    it.append(cstr!("in_stock"), product.in_stock() == Some(true));
    if let Some((least, greatest)) = prices {
        it.append(cstr!("currency"), least.currency().code());
        it.append(cstr!("price_min"), least.minor());
        it.append(cstr!("price_max"), greatest.minor());
    }
    let listed_at = product.published_at.or(product.created_at);
    some(it, cstr!("listed_at"), listed_at.map(date));
    it.append(cstr!("title"), product.title.as_str());
    it.append(cstr!("handle"), product.handle.as_str());
    it.append(cstr!("vendor"), product.vendor.as_str());
    it.append(cstr!("product_type"), product.product_type.as_str());
    it.append(cstr!("url"), product.url.as_str());
    let image_url = product.images.first().map_or("", String::as_str);
    it.append(cstr!("image_url"), image_url);
    it.append(cstr!("search_tokens"), texts(&search_words(product)));
    it.append(cstr!("tags"), texts(&product.tags));
    it.append(cstr!("options"), texts(&product.options));
    it.append(cstr!("images"), texts(&product.images));
    let variants: RawArrayBuf = product.variants.iter().map(encode_variant).collect();
    it.append(cstr!("variants"), variants);
    it.append(cstr!("body_html"), product.body_html.as_str());
    some(it, cstr!("shop_created_at"), product.created_at.map(date));
    some(
        it,
        cstr!("shop_published_at"),
        product.published_at.map(date),
    );
    some(it, cstr!("shop_updated_at"), product.updated_at.map(date));
    it.append(cstr!("created_at"), date(facts.first_seen_at));
    it.append(cstr!("updated_at"), date(facts.stored_at));
    document
}

fn encode_variant(variant: &Variant) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    let it = &mut document;
    it.append(cstr!("id"), variant.id.as_str());
    it.append(cstr!("title"), variant.title.as_str());
    it.append(cstr!("options"), texts(&variant.options));
    some(it, cstr!("sku"), variant.sku.as_deref());
    append_money(it, variant.price, variant.compare_at);
    let availability = match variant.availability {
        Availability::Unknown | Availability::Former(_) => "unknown",
        Availability::Stated(true) => "stated_yes",
        Availability::Stated(false) => "stated_no",
        Availability::Derived(true) => "derived_yes",
        Availability::Derived(false) => "derived_no",
    };
    it.append(cstr!("availability"), availability);
    if let Availability::Former(said) = variant.availability {
        it.append(cstr!("last_said"), said);
    }
    some(it, cstr!("quantity"), variant.quantity);
    document
}

/// Returns the document of row `n` of the history of the product with the key `product`.
pub(super) fn encode_observation(
    product: &str,
    n: u64,
    observation: &Observation,
) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    let it = &mut document;
    it.append(cstr!("_id"), observation_key(product, n).as_str());
    it.append(cstr!("product"), product);
    it.append(cstr!("shop"), observation.product.shop.as_str());
    it.append(cstr!("n"), whole(n));
    it.append(cstr!("at"), date(observation.at));
    it.append(cstr!("kind"), kind_word(observation.kind));
    some(it, cstr!("variant"), observation.variant.as_deref());
    it.append(cstr!("crawl_n"), whole(observation.crawl.n));
    some(
        it,
        cstr!("before"),
        observation.before.as_ref().map(encode_offer),
    );
    some(
        it,
        cstr!("after"),
        observation.after.as_ref().map(encode_offer),
    );
    if let Some(stock) = observation.stock {
        it.append(cstr!("stock_before"), stock.before);
        it.append(cstr!("stock_after"), stock.after);
    }
    if let Some(hash) = observation.content_hash {
        it.append(cstr!("hash"), hash.to_string().as_str());
    }
    some(it, cstr!("rank"), observation.rank.map(i64::from));
    some(
        it,
        cstr!("source"),
        observation.source.map(RankSource::name),
    );
    some(it, cstr!("n_places"), observation.n_places.map(i64::from));
    if let Some(said) = observation.said_before {
        it.append(cstr!("said_before"), said);
    }
    it.append(cstr!("created_at"), date(observation.at));
    it.append(cstr!("updated_at"), date(observation.at));
    document
}

pub(super) const fn kind_word(kind: ObservationKind) -> &'static str {
    match kind {
        ObservationKind::New => "new",
        ObservationKind::Changed => "changed",
        ObservationKind::Gone => "gone",
        ObservationKind::Back => "back",
        ObservationKind::Ranked => "ranked",
    }
}

fn encode_offer(offer: &Offer) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    append_money(&mut document, offer.price, offer.compare_at);
    some(&mut document, cstr!("available"), offer.available);
    document
}

fn append_money(document: &mut RawDocumentBuf, price: Option<Money>, compare_at: Option<Money>) {
    if let Some(price) = price {
        document.append(cstr!("price"), price.minor());
        document.append(cstr!("price_currency"), price.currency().code());
    }
    if let Some(compare_at) = compare_at {
        document.append(cstr!("compare_at"), compare_at.minor());
        document.append(cstr!("compare_at_currency"), compare_at.currency().code());
    }
}

/// Appends a value where there is one; where there is none, there is no field.
pub(super) fn some(document: &mut RawDocumentBuf, key: &CStr, value: Option<impl BindRawBsonRef>) {
    if let Some(value) = value {
        document.append(key, value);
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> RawArrayBuf {
    texts.into_iter().map(String::as_str).collect()
}

pub(super) const fn date(time: UnixMs) -> DateTime {
    DateTime::from_millis(time.ms())
}

/// Returns a count as the database keeps it; no count ever comes near the limit.
pub(super) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns the one word that a type is in JSON.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, Fault> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(Fault::Failed("a value is not one word in JSON".to_owned())),
    }
}
