//! Stores one product of a page, and what changed in it.

use std::collections::{HashMap, HashSet};

use catalog::{Metrics, Money, ObservationKind, Offer, PageCounts, Product, UnixMs, Variant};
use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::codec::{Word, native_sql, offer_columns};
use super::detail;
use super::fault::Fault;

/// Where and when a product is stored.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    pub(super) shop_id: i64,
    pub(super) crawl_n: u64,
    pub(super) at: UnixMs,
}

/// The statements that run for each product.
pub(super) struct Statements<'tx> {
    find: CachedStatement<'tx>,
    put_texts: CachedStatement<'tx>,
    put_numbers: CachedStatement<'tx>,
    put_details: CachedStatement<'tx>,
    observe: CachedStatement<'tx>,
}

impl<'tx> Statements<'tx> {
    pub(super) fn prepare(tx: &'tx Transaction<'_>) -> Result<Self, Fault> {
        Ok(Self {
            find: tx.prepare_cached(
                "SELECT id, hash, gone_at IS NOT NULL FROM products
                 WHERE shop_id = ?1 AND native_id = ?2",
            )?,
            put_texts: tx.prepare_cached(
                "INSERT OR REPLACE INTO product_texts
                     (product_id, title, handle, vendor, product_type, url, image_url)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            put_numbers: tx.prepare_cached(
                "INSERT INTO products
                     (shop_id, native_id, id, hash, first_seen_at, stored_at, available_ratio, num_tags,
                      avg_price, num_images, description_length, in_stock, currency, price_min, price_max)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT DO UPDATE SET
                     hash = excluded.hash, stored_at = excluded.stored_at, gone_at = NULL,
                     available_ratio = excluded.available_ratio, num_tags = excluded.num_tags,
                     avg_price = excluded.avg_price, num_images = excluded.num_images,
                     description_length = excluded.description_length, in_stock = excluded.in_stock,
                     currency = excluded.currency, price_min = excluded.price_min,
                     price_max = excluded.price_max",
            )?,
            put_details: tx.prepare_cached(
                "INSERT OR REPLACE INTO product_details
                     (product_id, created_at, published_at, updated_at, detail, body_html)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            observe: tx.prepare_cached(
                "INSERT INTO observations
                     (product_id, n, kind, variant, at, crawl_n,
                      before_available, before_currency, before_price, before_compare_at,
                      after_available, after_currency, after_price, after_compare_at)
                 VALUES (?1, (SELECT COALESCE(MAX(n), 0) + 1 FROM observations WHERE product_id = ?1),
                         ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?,
        })
    }

    fn observe(
        &mut self,
        sight: Sight,
        product_id: i64,
        kind: ObservationKind,
        (variant, before, after): (Option<&str>, Option<Offer>, Option<Offer>),
    ) -> Result<(), Fault> {
        let (before, after) = (
            offer_columns(before.as_ref()),
            offer_columns(after.as_ref()),
        );
        self.observe.execute(params![
            product_id,
            Word(kind),
            variant,
            sight.at.ms(),
            sight.crawl_n,
            before.0,
            before.1,
            before.2,
            before.3,
            after.0,
            after.1,
            after.2,
            after.3,
        ])?;
        Ok(())
    }
}

/// Stores `product` if its content is new, and returns its row id.
pub(super) fn store_product(
    tx: &Transaction<'_>,
    statements: &mut Statements<'_>,
    sight: Sight,
    product: &Product,
    hash: &[u8; 16],
    counts: &mut PageCounts,
) -> Result<i64, Fault> {
    let known = statements
        .find
        .query_row(
            params![sight.shop_id, native_sql(&product.id.native)],
            |row| {
                let is_same = row.get_ref(1)?.as_blob()? == hash;
                Ok((row.get::<_, i64>(0)?, is_same, row.get::<_, bool>(2)?))
            },
        )
        .optional()?;
    let Some((id, is_same, is_gone)) = known else {
        counts.new += 1;
        let id = put(statements, sight, None, product, hash)?;
        let offers = (None, None, Some(summary(product)));
        statements.observe(sight, id, ObservationKind::New, offers)?;
        return Ok(id);
    };
    if is_gone {
        counts.back += 1;
        let offers = (None, None, Some(summary(product)));
        statements.observe(sight, id, ObservationKind::Back, offers)?;
    }
    if !is_same {
        counts.changed += 1;
        let before = stored_variants(tx, id)?;
        put(statements, sight, Some(id), product, hash)?;
        for (variant, before, after) in changed_offers(&before, &product.variants) {
            let offers = (Some(variant), before, after);
            statements.observe(sight, id, ObservationKind::Changed, offers)?;
        }
        return Ok(id);
    }
    counts.unchanged += 1;
    if is_gone {
        tx.prepare_cached(
            "UPDATE products SET gone_at = NULL, stored_at = ?3 WHERE shop_id = ?1 AND native_id = ?2",
        )?
        .execute(params![
            sight.shop_id,
            native_sql(&product.id.native),
            sight.at.ms()
        ])?;
    }
    Ok(id)
}

/// Writes all of `product`, and returns its row id: `known`, or a new one.
fn put(
    statements: &mut Statements<'_>,
    sight: Sight,
    known: Option<i64>,
    product: &Product,
    hash: &[u8; 16],
) -> Result<i64, Fault> {
    let id = statements.put_texts.insert(params![
        known,
        product.title,
        product.handle,
        product.vendor,
        product.product_type,
        product.url,
        product.images.first().map_or("", String::as_str),
    ])?;
    let metrics = Metrics::of(product);
    let prices = product.price_range();
    statements.put_numbers.execute(params![
        sight.shop_id,
        native_sql(&product.id.native),
        id,
        hash,
        sight.at.ms(),
        metrics.available_ratio,
        metrics.num_tags,
        metrics.avg_price,
        metrics.num_images,
        metrics.description_length,
        product.in_stock(),
        prices.as_ref().map(|(least, _)| Word(least.currency())),
        prices.map(|(least, _)| least.minor()),
        prices.map(|(_, greatest)| greatest.minor()),
    ])?;
    statements.put_details.execute(params![
        id,
        product.created_at.map(UnixMs::ms),
        product.published_at.map(UnixMs::ms),
        product.updated_at.map(UnixMs::ms),
        detail::encode(product)?,
        product.body_html,
    ])?;
    Ok(id)
}

/// What the product as a whole offers: its least price, and whether some variant is available.
fn summary(product: &Product) -> Offer {
    Offer {
        price: product
            .price_range()
            .map(|(least, _): (Money, Money)| least),
        compare_at: None,
        available: Some(product.in_stock()),
    }
}

fn stored_variants(tx: &Transaction<'_>, id: i64) -> Result<Vec<Variant>, Fault> {
    let mut find = tx.prepare_cached("SELECT detail FROM product_details WHERE product_id = ?1")?;
    let mut rows = find.query([id])?;
    let Some(row) = rows.next()? else {
        return Err(Fault::Damaged(format!("product {id} has no detail")));
    };
    let detail = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    detail::decode(detail)?.take_variants()
}

/// Returns the variants whose offers differ: those of `new` in their order, then those that disappeared.
///
/// Of variants that share an id, which no platform should send, the first counts.
fn changed_offers<'a>(
    old: &'a [Variant],
    new: &'a [Variant],
) -> Vec<(&'a str, Option<Offer>, Option<Offer>)> {
    let mut before: HashMap<&str, Offer> = HashMap::with_capacity(old.len());
    for variant in old {
        before
            .entry(&variant.id)
            .or_insert_with(|| Offer::of(variant));
    }
    let mut handled = HashSet::with_capacity(new.len());
    let mut changes = Vec::new();
    for variant in new {
        if !handled.insert(variant.id.as_str()) {
            continue;
        }
        let (before, after) = (before.get(variant.id.as_str()), Offer::of(variant));
        if before.is_none_or(|before| !before.same(&after)) {
            changes.push((variant.id.as_str(), before.copied(), Some(after)));
        }
    }
    for variant in old {
        if handled.insert(&variant.id) {
            changes.push((&variant.id, Some(Offer::of(variant)), None));
        }
    }
    changes
}
