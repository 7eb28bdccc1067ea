//! Columns and rows as `catalog`'s types. A value that does not fit is an error, never a panic.

use catalog::{
    Checkpoint, ContentHash, CrawlCounts, CrawlKey, CrawlReport, Currency, Metrics, Money,
    NativeId, Observation, Offer, Outcome, PassNotes, Place, Platform, ProductId, ProductRow,
    Reason, ShopKey, StockMove, Stop, UnixMs, Validators,
};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::{Serialize, de::DeserializeOwned};

use super::fault::Fault;
use crate::rules::bounded_notes;

/// A type that is one word in JSON, stored as that word.
pub(super) struct Word<T>(pub(super) T);

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word: StrDeserializer<'_, WordError> = value.as_str()?.into_deserializer();
        let read = T::deserialize(word).map_err(FromSqlError::other)?;
        Ok(Self(read))
    }
}

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            _ => Err(rusqlite::Error::ToSqlConversionFailure(
                "not one word in JSON".into(),
            )),
        }
    }
}

/// A time as milliseconds.
pub(super) struct Ms(pub(super) UnixMs);

impl FromSql for Ms {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(UnixMs::new).map(Self)
    }
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixMs>> {
    let ms: Option<Ms> = row.get(column)?;
    Ok(ms.map(|Ms(time)| time))
}

/// A platform's id: an INTEGER or a TEXT, of which SQLite puts the same ones first as [`NativeId`] does.
pub(super) struct Native(pub(super) NativeId);

impl FromSql for Native {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Integer(number) => Ok(Self(NativeId::Number(number))),
            _ => Ok(Self(NativeId::Text(value.as_str()?.into()))),
        }
    }
}

pub(super) fn native_sql(id: &NativeId) -> ToSqlOutput<'_> {
    match id {
        NativeId::Number(number) => ToSqlOutput::Owned(Value::Integer(*number)),
        NativeId::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
    }
}

/// Comes before every id: numbers sort by value, and integers and texts are greater than minus infinity.
pub(super) const BEFORE_ALL_IDS: ToSqlOutput<'_> =
    ToSqlOutput::Owned(Value::Real(f64::NEG_INFINITY));

/// What the rows of one shop have in common.
pub(super) struct ShopRow {
    pub(super) id: i64,
    pub(super) platform: Platform,
    pub(super) key: ShopKey,
    pub(super) currency: Currency,
    pub(super) last_complete_at: Option<UnixMs>,
}

impl ShopRow {
    pub(super) const COLUMNS: &str = "id, platform, key, currency, last_complete_at";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            platform: row.get::<_, Word<_>>(1)?.0,
            key: row.get::<_, Word<_>>(2)?.0,
            currency: row.get::<_, Word<_>>(3)?.0,
            last_complete_at: time(row, 4)?,
        })
    }

    /// Returns when the state of a product was last confirmed that was stored at `stored_at`.
    pub(super) fn confirmed_at(&self, stored_at: UnixMs, is_gone: bool) -> UnixMs {
        match self.last_complete_at {
            Some(at) if !is_gone => at.max(stored_at),
            Some(_) | None => stored_at,
        }
    }

    pub(super) fn product_id(&self, native: NativeId) -> ProductId {
        ProductId {
            platform: self.platform,
            shop: self.key.clone(),
            native,
        }
    }
}

/// The columns of [`metrics`].
pub(super) const METRICS_COLUMNS: &str =
    "p.available_ratio, p.num_tags, p.avg_price, p.num_images, p.description_length";

pub(super) fn metrics(row: &Row<'_>, first: usize) -> rusqlite::Result<Metrics> {
    Ok(Metrics {
        available_ratio: row.get(first)?,
        num_tags: row.get(first + 1)?,
        avg_price: row.get(first + 2)?,
        num_images: row.get(first + 3)?,
        description_length: row.get(first + 4)?,
    })
}

/// The columns of [`product_row`] behind the native id and the metrics.
pub(super) const LIST_COLUMNS: &str = "p.currency, p.price_min, p.price_max, iif(p.availability IS NULL, NULL, p.in_stock), p.stored_at, \
     p.gone_at, t.title, t.handle, t.vendor, t.product_type, t.url, t.image_url";

pub(super) fn product_row(shop: &ShopRow, row: &Row<'_>) -> Result<ProductRow, Fault> {
    let currency = row.get::<_, Option<Word<Currency>>>(6)?;
    let currency = currency.map_or(shop.currency, |Word(currency)| currency);
    let price = |column| -> Result<Option<Money>, Fault> {
        let minor: Option<i64> = row.get(column)?;
        Ok(minor.map(|minor| Money::new(minor, currency)))
    };
    let stored_at = row.get::<_, Ms>(10)?.0;
    let is_gone = time(row, 11)?.is_some();
    Ok(ProductRow {
        id: shop.product_id(row.get::<_, Native>(0)?.0),
        metrics: metrics(row, 1)?,
        currency,
        price_min: price(7)?,
        price_max: price(8)?,
        in_stock: row.get(9)?,
        crawled_at: shop.confirmed_at(stored_at, is_gone),
        title: row.get(12)?,
        handle: row.get(13)?,
        vendor: row.get(14)?,
        product_type: row.get(15)?,
        url: row.get(16)?,
        image_url: row.get(17)?,
    })
}

/// The columns of [`crawl_report`], of a table or alias `c`.
pub(super) const CRAWL_COLUMNS: &str = "c.n, c.outcome, c.stop, c.detail, c.currency, c.currency_source, \
     c.started_at, c.finished_at, c.next_page, c.pages, c.products, c.new, c.changed, c.back, c.gone, \
     c.problems, c.bytes, c.place, c.notes";

pub(super) fn crawl_report(shop: ShopKey, row: &Row<'_>) -> Result<CrawlReport, Fault> {
    let checkpoint = match row.get(8)? {
        None => None,
        Some(next_page) => Some(Checkpoint {
            next_page,
            place: place(row, 17)?,
        }),
    };
    let notes: Option<String> = row.get(18)?;
    let notes = notes.map(|notes| from_json(&notes, "the notes of a crawl"));
    Ok(CrawlReport {
        key: CrawlKey {
            shop,
            n: row.get(0)?,
        },
        outcome: outcome(row)?,
        counts: CrawlCounts {
            pages: row.get(9)?,
            products: row.get(10)?,
            new: row.get(11)?,
            changed: row.get(12)?,
            back: row.get(13)?,
            gone: row.get(14)?,
            problems: row.get(15)?,
            bytes: row.get(16)?,
        },
        currency: row.get::<_, Word<_>>(4)?.0,
        currency_source: row.get::<_, Word<_>>(5)?.0,
        started_at: row.get::<_, Ms>(6)?.0,
        finished_at: time(row, 7)?,
        checkpoint,
        notes: notes.transpose()?.unwrap_or_default(),
    })
}

/// Reads where a route stands, as [`place_json`] wrote it.
pub(super) fn place(row: &Row<'_>, column: usize) -> Result<Place, Fault> {
    let place: Option<String> = row.get(column)?;
    let place = place.map(|place| from_json(&place, "the place of a crawl"));
    Ok(place.transpose()?.unwrap_or_default())
}

pub(super) fn place_json(place: &Place) -> Result<Option<String>, Fault> {
    (!place.is_start()).then(|| to_json(place)).transpose()
}

/// Returns what a pass tells of itself as it is stored.
pub(super) fn notes_json(notes: &PassNotes) -> Result<Option<String>, Fault> {
    let notes = bounded_notes(notes);
    (!notes.is_empty()).then(|| to_json(&notes)).transpose()
}

pub(super) fn validators_json(validators: Option<&Validators>) -> Result<Option<String>, Fault> {
    validators.map(to_json).transpose()
}

pub(super) fn validators(json: Option<&str>) -> Result<Option<Validators>, Fault> {
    let read = |json| from_json(json, "the version of a page");
    json.map(read).transpose()
}

fn outcome(row: &Row<'_>) -> Result<Option<Outcome>, Fault> {
    let Some(word) = row.get::<_, Option<String>>(1)? else {
        return Ok(None);
    };
    if word == "complete" {
        return Ok(Some(Outcome::Complete));
    }
    let reason = Reason {
        stop: row.get::<_, Word<Stop>>(2)?.0,
        detail: row.get(3)?,
    };
    match word.as_str() {
        "partial" => Ok(Some(Outcome::Partial(reason))),
        "blocked" => Ok(Some(Outcome::Blocked(reason))),
        "gone" => Ok(Some(Outcome::Gone(reason))),
        "failed" => Ok(Some(Outcome::Failed(reason))),
        _ => Err(Fault::Damaged(format!("the outcome of a crawl: {word:?}"))),
    }
}

/// An offer as its four columns: available, currency, price, compare-at price.
pub(super) type OfferColumns = (Option<i64>, Option<String>, Option<i64>, Option<i64>);

/// Stands for "there was an offer, and nobody said whether it was available".
const NOBODY_SAID: i64 = -1;

pub(super) fn offer_columns(offer: Option<&Offer>) -> OfferColumns {
    let Some(offer) = offer else {
        return (None, None, None, None);
    };
    let currency = offer.price.or(offer.compare_at).map(Money::currency);
    (
        Some(offer.available.map_or(NOBODY_SAID, i64::from)),
        currency.map(|currency| currency.code().to_owned()),
        offer.price.map(Money::minor),
        offer.compare_at.map(Money::minor),
    )
}

pub(super) fn offer(row: &Row<'_>, first: usize) -> Result<Option<Offer>, Fault> {
    let available = match row.get::<_, Option<i64>>(first)? {
        None => return Ok(None),
        Some(NOBODY_SAID) => None,
        Some(0) => Some(false),
        Some(1) => Some(true),
        Some(other) => {
            return Err(Fault::Damaged(format!(
                "the availability of an observation: {other}"
            )));
        }
    };
    let currency = row.get::<_, Option<Word<Currency>>>(first + 1)?;
    let money = |column| -> Result<Option<Money>, Fault> {
        match (row.get::<_, Option<i64>>(column)?, &currency) {
            (None, _) => Ok(None),
            (Some(minor), Some(Word(currency))) => Ok(Some(Money::new(minor, *currency))),
            (Some(minor), None) => Err(Fault::Damaged(format!(
                "a price without a currency in an observation: {minor}"
            ))),
        }
    };
    Ok(Some(Offer {
        price: money(first + 2)?,
        compare_at: money(first + 3)?,
        available,
    }))
}

/// The columns of [`observation`], of a table or alias `o`.
pub(super) const OBSERVATION_COLUMNS: &str = "o.kind, o.variant, o.at, o.crawl_n, \
     o.before_available, o.before_currency, o.before_price, o.before_compare_at, \
     o.after_available, o.after_currency, o.after_price, o.after_compare_at, o.hash, o.rank, \
     o.source, o.stock_before, o.stock_after, o.said_before";

/// Reads an observation of `product` from the first columns of `row`.
pub(super) fn observation(product: ProductId, row: &Row<'_>) -> Result<Observation, Fault> {
    let hash: Option<[u8; 16]> = row.get(12)?;
    let (rank, n_places) = rank(row, 13)?;
    Ok(Observation {
        kind: row.get::<_, Word<_>>(0)?.0,
        variant: row.get(1)?,
        at: row.get::<_, Ms>(2)?.0,
        crawl: CrawlKey {
            shop: product.shop.clone(),
            n: row.get(3)?,
        },
        before: offer(row, 4)?,
        after: offer(row, 8)?,
        stock: (row.get::<_, Option<i64>>(15)?.zip(row.get(16)?))
            .map(|(before, after)| StockMove { before, after }),
        content_hash: hash.map(ContentHash),
        rank,
        source: row.get::<_, Option<Word<_>>>(14)?.map(|Word(it)| it),
        n_places,
        said_before: row.get(17)?,
        product,
    })
}

/// Returns the column of a place, or of the number of places that were read where a product has none: less than 0.
pub(super) fn rank_column(rank: Option<u32>, n_places: Option<u32>) -> Option<i64> {
    rank.map(i64::from)
        .or_else(|| Some(-i64::from(n_places.filter(|it| *it > 0)?)))
}

/// Reads what [`rank_column`] wrote.
fn rank(row: &Row<'_>, column: usize) -> Result<(Option<u32>, Option<u32>), Fault> {
    let Some(stored) = row.get::<_, Option<i64>>(column)? else {
        return Ok((None, None));
    };
    let number = u32::try_from(stored.unsigned_abs());
    let number =
        number.map_err(|_| Fault::Damaged(format!("the rank of an observation: {stored}")))?;
    match stored < 0 {
        true => Ok((None, Some(number))),
        false => Ok((Some(number), None)),
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Failed(error.to_string()))
}

/// Reads stored JSON; `what` it is goes into the error.
pub(super) fn from_json<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::Damaged(format!("{what}: {error}")))
}
