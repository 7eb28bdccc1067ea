//! Stores one product of a page, and what changed in it.

use catalog::{
    FeatureInputs, Metrics, ObservationKind, Offer, PageCounts, Product, RankSource, StockMove,
    UnixMs, Variant, search_text,
};
use rusqlite::{CachedStatement, OptionalExtension, Transaction, params};

use super::codec::{Word, native_sql, offer_columns, rank_column};
use super::detail;
use super::fault::Fault;
use super::new_products::NewProducts;
use super::search::{Index, index_again};
use crate::seen_again::{changed_offers, over, whole_offer};

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
    pub(super) index: Index<'tx>,
}

impl<'tx> Statements<'tx> {
    pub(super) fn prepare(tx: &'tx Transaction<'_>) -> Result<Self, Fault> {
        Ok(Self {
            find: tx.prepare_cached(
                "SELECT id, hash, gone_at IS NOT NULL FROM products
                 WHERE shop_id = ?1 AND native_id = ?2",
            )?,
            put_texts: tx.prepare_cached(
                // Not OR REPLACE: with an index on the table that costs 16 microseconds a row.
                "INSERT INTO product_texts
                     (product_id, title, handle, vendor, product_type, url, image_url, shop_id, native_id,
                      words)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT DO UPDATE SET
                     title = excluded.title, handle = excluded.handle, vendor = excluded.vendor,
                     product_type = excluded.product_type, url = excluded.url,
                     image_url = excluded.image_url, shop_id = excluded.shop_id,
                     native_id = excluded.native_id, words = excluded.words",
            )?,
            put_numbers: tx.prepare_cached(
                "INSERT INTO products
                     (shop_id, native_id, id, hash, first_seen_at, stored_at, available_ratio, num_tags,
                      avg_price, num_images, description_length, in_stock, currency, price_min, price_max,
                      listed_at, published_at, discount, mean_price, availability, visible_chars,
                      distinct_tags, num_variants, type_key)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
                      ?19, ?20, ?21, ?22, ?23)
                 ON CONFLICT DO UPDATE SET
                     hash = excluded.hash, stored_at = excluded.stored_at, gone_at = NULL,
                     available_ratio = excluded.available_ratio, num_tags = excluded.num_tags,
                     avg_price = excluded.avg_price, num_images = excluded.num_images,
                     description_length = excluded.description_length, in_stock = excluded.in_stock,
                     currency = excluded.currency, price_min = excluded.price_min,
                     price_max = excluded.price_max, listed_at = excluded.listed_at,
                     published_at = excluded.published_at, discount = excluded.discount,
                     mean_price = excluded.mean_price, availability = excluded.availability,
                     visible_chars = excluded.visible_chars, distinct_tags = excluded.distinct_tags,
                     num_variants = excluded.num_variants, type_key = excluded.type_key",
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
                      after_available, after_currency, after_price, after_compare_at, hash, rank, source,
                      stock_before, stock_after, said_before)
                 VALUES (?1, COALESCE(?2, (SELECT COALESCE(MAX(n), 0) + 1 FROM observations WHERE product_id = ?1)),
                         ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
            )?,
            index: Index::prepare(tx)?,
        })
    }

    pub(super) fn observe(
        &mut self,
        sight: Sight,
        product_id: i64,
        row: &NewRow<'_>,
    ) -> Result<(), Fault> {
        let (before, after) = (
            offer_columns(row.before.as_ref()),
            offer_columns(row.after.as_ref()),
        );
        self.observe.execute(params![
            product_id,
            row.n,
            Word(row.kind),
            row.variant,
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
            row.hash,
            rank_column(row.rank, row.n_places),
            row.source.map(Word),
            row.stock.map(|it| it.before),
            row.stock.map(|it| it.after),
            row.said_before,
        ])?;
        Ok(())
    }
}

/// A row to append to a product's history.
#[derive(Clone, Copy)]
pub(super) struct NewRow<'a> {
    pub(super) kind: ObservationKind,
    /// The row's number; the next one of the product if `None`.
    pub(super) n: Option<u64>,
    pub(super) variant: Option<&'a str>,
    pub(super) before: Option<Offer>,
    pub(super) after: Option<Offer>,
    pub(super) stock: Option<StockMove>,
    pub(super) hash: Option<&'a [u8; 16]>,
    pub(super) rank: Option<u32>,
    pub(super) source: Option<RankSource>,
    pub(super) n_places: Option<u32>,
    pub(super) said_before: Option<bool>,
}

impl NewRow<'_> {
    pub(super) const fn of(kind: ObservationKind) -> Self {
        Self {
            kind,
            n: None,
            variant: None,
            before: None,
            after: None,
            stock: None,
            hash: None,
            rank: None,
            source: None,
            n_places: None,
            said_before: None,
        }
    }
}

/// Stores `product` if its content is not what is known of it, and returns its row id; `None` where nothing is known: it is
/// added to `new`.
pub(super) fn store_product<'p>(
    tx: &Transaction<'_>,
    statements: &mut Statements<'_>,
    sight: Sight,
    product: &'p Product,
    hash: &'p [u8; 16],
    new: &mut NewProducts<'p>,
    counts: &mut PageCounts,
) -> Result<Option<i64>, Fault> {
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
        new.add(product, hash);
        return Ok(None);
    };
    if is_gone {
        counts.back += 1;
        let back = NewRow {
            after: Some(whole_offer(product)),
            hash: Some(hash),
            ..NewRow::of(ObservationKind::Back)
        };
        statements.observe(sight, id, &back)?;
    }
    if !is_same {
        counts.changed += 1;
        let before = Before::read(tx, id)?;
        let product = &*over(&before.variants, product);
        let words = search_text(product);
        put(statements, sight, Some(id), product, hash, &words)?;
        for changed in changed_offers(&before.variants, &product.variants) {
            let row = NewRow {
                variant: Some(changed.variant),
                before: changed.before,
                after: changed.after,
                stock: changed.stock,
                said_before: changed.said_before,
                hash: Some(hash),
                ..NewRow::of(ObservationKind::Changed)
            };
            statements.observe(sight, id, &row)?;
        }
        // Prices change more often than words, and words cost more to store.
        if !before.has_words_of(product) {
            index_again(tx, id, &words)?;
        }
        return Ok(Some(id));
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
    Ok(Some(id))
}

/// Writes all of `product`, whose words are `words`, and returns its row id: `known`, or a new one.
pub(super) fn put(
    statements: &mut Statements<'_>,
    sight: Sight,
    known: Option<i64>,
    product: &Product,
    hash: &[u8; 16],
    words: &str,
) -> Result<i64, Fault> {
    let id = statements.put_texts(sight, known, product, words)?;
    statements.put_numbers(sight, id, product, hash)?;
    statements.put_details(id, product)?;
    Ok(id)
}

impl Statements<'_> {
    /// Returns the row id: `known`, or a new one.
    pub(super) fn put_texts(
        &mut self,
        sight: Sight,
        known: Option<i64>,
        product: &Product,
        words: &str,
    ) -> Result<i64, Fault> {
        let inserted = self.put_texts.insert(params![
            known,
            product.title,
            product.handle,
            product.vendor,
            product.product_type,
            product.url,
            product.images.first().map_or("", String::as_str),
            sight.shop_id,
            native_sql(&product.id.native),
            words,
        ])?;
        Ok(known.unwrap_or(inserted))
    }

    pub(super) fn put_numbers(
        &mut self,
        sight: Sight,
        id: i64,
        product: &Product,
        hash: &[u8; 16],
    ) -> Result<(), Fault> {
        let metrics = Metrics::of(product);
        let inputs = FeatureInputs::of(product);
        let prices = product.price_range();
        self.put_numbers.execute(params![
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
            product.in_stock() == Some(true),
            prices.as_ref().map(|(least, _)| Word(least.currency())),
            prices.map(|(least, _)| least.minor()),
            prices.map(|(_, greatest)| greatest.minor()),
            product.published_at.or(product.created_at).map(UnixMs::ms),
            inputs.published_at.map(UnixMs::ms),
            inputs.discount,
            inputs.price,
            inputs.availability,
            inputs.visible_chars,
            inputs.distinct_tags,
            inputs.num_variants,
            inputs.type_key.cast_signed(),
        ])?;
        Ok(())
    }

    pub(super) fn put_details(&mut self, id: i64, product: &Product) -> Result<(), Fault> {
        self.put_details.execute(params![
            id,
            product.created_at.map(UnixMs::ms),
            product.published_at.map(UnixMs::ms),
            product.updated_at.map(UnixMs::ms),
            detail::encode(product)?,
            product.body_html,
        ])?;
        Ok(())
    }
}

/// What a change of a stored product is measured by.
struct Before {
    /// Title, vendor and type.
    texts: [String; 3],
    tags: Vec<String>,
    variants: Vec<Variant>,
}

impl Before {
    fn read(tx: &Transaction<'_>, id: i64) -> Result<Self, Fault> {
        let mut find = tx.prepare_cached(
            "SELECT t.title, t.vendor, t.product_type, d.detail
             FROM product_texts t JOIN product_details d ON d.product_id = t.product_id
             WHERE t.product_id = ?1",
        )?;
        let mut rows = find.query([id])?;
        let Some(row) = rows.next()? else {
            return Err(Fault::Damaged(format!("product {id} has no detail")));
        };
        let detail = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
        let mut detail = detail::decode(detail)?;
        Ok(Self {
            texts: [row.get(0)?, row.get(1)?, row.get(2)?],
            variants: detail.take_variants()?,
            tags: detail.tags,
        })
    }

    /// Returns whether `product` is found by the same words.
    fn has_words_of(&self, product: &Product) -> bool {
        let [title, vendor, product_type] = &self.texts;
        (title, vendor, product_type, &self.tags)
            == (
                &product.title,
                &product.vendor,
                &product.product_type,
                &product.tags,
            )
    }
}
