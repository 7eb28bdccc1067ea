//! The feed of a shop's newest products, which tells less of each than any other route.
//!
//! It is asked in its turn, and what it brought is stored last, if no other route brought the same.

use catalog::{Outcome, Reason, Route, Stop, StoreError};
use url::Url;

use super::at;
use crate::outcome::{check_status, outcome_of_read};
use crate::pass::{Ended, NewPage, Pass, behind};
use crate::platforms::Page;
use crate::platforms::shopify::{self, Feed};

/// What a feed held, until it is stored.
pub(super) struct Thin {
    feed: Feed,
    bytes: u64,
}

impl Thin {
    /// Returns the handles of its products.
    pub(super) fn handles(&self) -> impl Iterator<Item = &str> {
        self.feed.products.iter().map(|it| it.0.handle.as_str())
    }
}

impl Pass<'_> {
    /// Takes the feed of the shop at `base`.
    pub(super) async fn take_feed(
        &mut self,
        base: &Url,
    ) -> Result<(Ended, Option<Thin>), StoreError> {
        self.begin_route(Route::Atom).await?;
        let (ended, thin) = match self.read_feed(base).await {
            Ok(thin) => {
                let n_products = thin.feed.products.len();
                let detail = format!("names its newest {n_products} products");
                (Ended::not_all(detail), Some(thin))
            }
            Err(outcome) => (Ended::by(outcome), None),
        };
        self.end_route(&ended);
        Ok((ended, thin))
    }

    pub(super) async fn read_feed(&self, base: &Url) -> Result<Thin, Outcome> {
        let url = at(base, "/collections/all.atom");
        let response = self.ask_beside(&url).await?;
        check_status(&response, 1, false)?;
        let feed = shopify::read_atom(&response.body, &self.begun.shop)
            .map_err(|error| outcome_of_read(&error, &response, 1))?;
        if feed.products.is_empty() {
            let detail = format!("{url} names no products");
            return Err(Outcome::Failed(Reason::new(Stop::NotShopify, detail)));
        }
        Ok(Thin {
            feed,
            bytes: response.wire_bytes,
        })
    }

    /// Stores those products of a feed that the pass has not met, over what is known of each.
    pub(super) async fn store_thin(&mut self, thin: Thin) -> Result<Option<Ended>, StoreError> {
        let number = self.next_page;
        if let Some(ended) = self.over_budget(number) {
            return Ok(Some(ended));
        }
        let mut page = Page {
            problems: thin.feed.problems,
            ..Page::default()
        };
        for product in thin.feed.products {
            if self.seen.has(&product.0) {
                continue;
            }
            let known = self.crawl.store.product(&product.0.id).await?;
            page.products.push(match known {
                Some(known) => product.over(known),
                None => product.0,
            });
        }
        if page.products.is_empty() {
            return Ok(None);
        }
        let new = NewPage {
            page,
            bytes: thin.bytes,
            next: Some(behind(number, Route::Sitemap, 0, 0)),
            ..NewPage::default()
        };
        self.store_for(Route::Atom, number, new).await?;
        Ok(None)
    }
}
