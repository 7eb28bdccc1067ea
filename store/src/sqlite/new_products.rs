//! Stores the new products of a page.

use std::collections::HashSet;

use catalog::{NativeId, ObservationKind, Product, search_text};

use super::fault::Fault;
use super::product::{NewRow, Sight, Statements};
use crate::seen_again::whole_offer;

/// New products of a page, which are stored together.
///
/// Each table takes all of them before the next one's turn, so that its statement and its leaves stay in the processor's
/// caches: a tenth of what storing costs.
#[derive(Default)]
pub(super) struct NewProducts<'p> {
    products: Vec<NewProduct<'p>>,
    ids: HashSet<&'p NativeId>,
}

struct NewProduct<'p> {
    product: &'p Product,
    hash: &'p [u8; 16],
    words: String,
}

impl<'p> NewProducts<'p> {
    /// Returns whether `product` is one of these.
    pub(super) fn has(&self, product: &Product) -> bool {
        self.ids.contains(&product.id.native)
    }

    pub(super) fn add(&mut self, product: &'p Product, hash: &'p [u8; 16]) {
        self.ids.insert(&product.id.native);
        self.products.push(NewProduct {
            product,
            hash,
            words: search_text(product),
        });
    }

    /// Stores them in their order, adds their row ids to `row_ids`, and holds none any more.
    pub(super) fn store(
        &mut self,
        statements: &mut Statements<'_>,
        sight: Sight,
        row_ids: &mut Vec<i64>,
    ) -> Result<(), Fault> {
        let first = row_ids.len();
        for new in &self.products {
            row_ids.push(statements.put_texts(sight, None, new.product, &new.words)?);
        }
        let all = || self.products.iter().zip(&row_ids[first..]);
        for (new, row_id) in all() {
            statements.put_numbers(sight, *row_id, new.product, new.hash)?;
        }
        for (new, row_id) in all() {
            statements.put_details(*row_id, new.product)?;
        }
        for (new, row_id) in all() {
            let row = NewRow {
                n: Some(1),
                after: Some(whole_offer(new.product)),
                hash: Some(new.hash),
                ..NewRow::of(ObservationKind::New)
            };
            statements.observe(sight, *row_id, &row)?;
        }
        for (new, row_id) in all() {
            statements.index.add(*row_id, &new.words)?;
        }
        self.products.clear();
        self.ids.clear();
        Ok(())
    }
}
