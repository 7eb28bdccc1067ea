//! What the balanced score takes of each product: the scan, and the filling of files of earlier versions.

use catalog::{Currency, FeatureInputs, FeatureRow, ProductFilter, ProductId, UnixMs};
use rusqlite::{Row, Transaction, params};

use super::codec::{
    BEFORE_ALL_IDS, LIST_COLUMNS, METRICS_COLUMNS, Ms, Native, ShopRow, Word, native_sql,
    product_row, time,
};
use super::fault::Fault;
use super::read::{first_behind, is_by_shop_alone, product_of, shops_from};

/// The columns of [`feature_row`] behind the native id.
const COLUMNS: &str = "p.currency, p.first_seen_at, p.stored_at, p.published_at, p.discount, p.mean_price, \
     p.availability, p.visible_chars, p.distinct_tags, p.num_images, p.num_variants, p.type_key";

/// The number of columns that `product_row` reads.
const N_LIST_COLUMNS: usize = 18;

pub(super) fn features(
    tx: &Transaction<'_>,
    filter: &ProductFilter,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Vec<FeatureRow>, Fault> {
    let is_narrow = is_by_shop_alone(filter);
    let (columns, texts, first) = if is_narrow {
        ("p.native_id".to_owned(), "", 1)
    } else {
        let columns = format!("p.native_id, {METRICS_COLUMNS}, {LIST_COLUMNS}");
        let texts = "LEFT JOIN product_texts t ON t.product_id = p.id";
        (columns, texts, N_LIST_COLUMNS)
    };
    let mut scan = tx.prepare_cached(&format!(
        "SELECT {columns}, {COLUMNS} FROM products p {texts}
         WHERE p.shop_id = ?1 AND p.native_id > ?2 AND p.gone_at IS NULL
         ORDER BY p.native_id"
    ))?;
    let mut found = Vec::new();
    for shop in shops_from(tx, filter, after)? {
        let mut rows = scan.query(params![shop.id, first_behind(after, &shop)])?;
        while found.len() < limit
            && let Some(row) = rows.next()?
        {
            if is_narrow || filter.matches(&product_row(&shop, row)?) {
                found.push(feature_row(&shop, row, first)?);
            }
        }
    }
    Ok(found)
}

/// Reads the columns from `first` on, of a product that is not gone.
fn feature_row(shop: &ShopRow, row: &Row<'_>, first: usize) -> Result<FeatureRow, Fault> {
    let currency = row.get::<_, Option<Word<Currency>>>(first)?;
    let stored_at = row.get::<_, Ms>(first + 2)?.0;
    Ok(FeatureRow {
        id: shop.product_id(row.get::<_, Native>(0)?.0),
        currency: currency.map_or(shop.currency, |Word(currency)| currency),
        first_seen_at: row.get::<_, Ms>(first + 1)?.0,
        confirmed_at: shop.confirmed_at(stored_at, false),
        inputs: FeatureInputs {
            published_at: time(row, first + 3)?,
            discount: row.get(first + 4)?,
            price: row.get(first + 5)?,
            availability: row.get(first + 6)?,
            visible_chars: row.get(first + 7)?,
            distinct_tags: row.get(first + 8)?,
            num_images: row.get(first + 9)?,
            num_variants: row.get(first + 10)?,
            type_key: row.get::<_, i64>(first + 11)?.cast_unsigned(),
        },
    })
}

/// Products that are worked out at a time.
const BLOCK: usize = 500;

/// Works out the numbers of every product of a store that has none yet.
pub(super) fn fill_all(tx: &Transaction<'_>) -> Result<(), Fault> {
    let mut block = tx.prepare(
        "SELECT native_id, id FROM products WHERE shop_id = ?1 AND native_id > ?2
         ORDER BY native_id LIMIT ?3",
    )?;
    let mut fill = tx.prepare(
        "UPDATE products SET published_at = ?3, discount = ?4, mean_price = ?5, availability = ?6,
             visible_chars = ?7, distinct_tags = ?8, num_variants = ?9, type_key = ?10
         WHERE shop_id = ?1 AND native_id = ?2",
    )?;
    for shop in shops_from(tx, &ProductFilter::default(), None)? {
        let mut last: Option<ProductId> = None;
        loop {
            // Nobody may change the table that a scan is in the middle of.
            let behind = last
                .as_ref()
                .map_or(BEFORE_ALL_IDS, |id| native_sql(&id.native));
            let rows = block.query_map(params![shop.id, behind, BLOCK], |row| {
                Ok((shop.product_id(row.get::<_, Native>(0)?.0), row.get(1)?))
            })?;
            let rows: Vec<(ProductId, i64)> = rows.collect::<Result<_, _>>()?;
            for (id, row_id) in &rows {
                let product = product_of(tx, id, *row_id)?;
                let inputs = FeatureInputs::of(&product);
                fill.execute(params![
                    shop.id,
                    native_sql(&id.native),
                    inputs.published_at.map(UnixMs::ms),
                    inputs.discount,
                    inputs.price,
                    inputs.availability,
                    inputs.visible_chars,
                    inputs.distinct_tags,
                    inputs.num_variants,
                    inputs.type_key.cast_signed(),
                ])?;
            }
            match rows.into_iter().next_back() {
                Some((id, _)) => last = Some(id),
                None => break,
            }
        }
    }
    Ok(())
}
