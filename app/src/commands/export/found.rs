//! `export products --search` and `--sort`: products by words, in a reader's order.

use std::path::Path;

use anyhow::Result;
use catalog::csv::Format;
use catalog::{SearchOrder, SearchQuery, Store};
use clap::{Args, ValueEnum};

use super::blocks::{BLOCK_ROWS, write_blocks};
use super::write_products;

#[derive(Debug, Args)]
#[command(next_help_heading = "Search")]
pub(super) struct SearchArgs {
    /// products: only those with these words in title, vendor, type or tags; 'wool sho' finds wool shoes
    #[arg(long, value_name = "WORDS")]
    pub(super) search: Option<String>,
    /// products: another order than that of their ids
    #[arg(long, value_name = "ORDER")]
    pub(super) sort: Option<Sort>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Sort {
    /// By the place in the latest ranking, the others behind
    Rank,
    /// By currency, then cheapest first
    Cheapest,
    /// By currency, then dearest first
    Dearest,
    /// By the shop's own date, newest first
    Newest,
}

impl SearchArgs {
    pub(super) const fn is_given(&self) -> bool {
        self.search.is_some() || self.sort.is_some()
    }

    pub(super) fn order(&self) -> SearchOrder {
        match self.sort {
            Some(Sort::Rank) | None => SearchOrder::Rank,
            Some(Sort::Cheapest) => SearchOrder::Cheapest,
            Some(Sort::Dearest) => SearchOrder::Dearest,
            Some(Sort::Newest) => SearchOrder::Newest,
        }
    }
}

/// Writes the products that `query` finds, in its order, and returns their number.
pub(super) async fn write(
    store: &dyn Store,
    query: &SearchQuery,
    format: Format,
    path: &Path,
) -> Result<usize> {
    let mut after = None;
    let mut is_over = false;
    let next_block = async || {
        // A short page is not the last one, and a short block is.
        let mut rows = Vec::new();
        while !is_over && rows.len() < BLOCK_ROWS {
            let n_missing = BLOCK_ROWS - rows.len();
            let page = store.search(query, after.as_ref(), n_missing).await?;
            is_over = page.next.is_none();
            after = page.next;
            rows.extend(page.rows);
        }
        Ok(rows)
    };
    write_blocks(path, next_block, move |rows, out| {
        write_products(rows, format, out)
    })
    .await
}
