//! When shops were last read whole: an answer about changes is as old as that.

use catalog::{ShopKey, Store, UnixMs};

use crate::{ToolError, products};

/// How many shops are in question, and the longest time ago that one of them was read whole.
#[derive(Debug, Default)]
pub(super) struct Crawled {
    pub(super) n_shops: usize,
    pub(super) oldest: Option<UnixMs>,
}

/// Looks at these shops; without any, at all.
pub(super) async fn crawled(store: &dyn Store, shops: &[ShopKey]) -> Result<Crawled, ToolError> {
    let mut records = products::shop_records(store).await?;
    records.retain(|it| shops.is_empty() || shops.contains(&it.shop.key));
    Ok(Crawled {
        n_shops: records.len(),
        oldest: records.iter().filter_map(|it| it.last_complete_at).min(),
    })
}
