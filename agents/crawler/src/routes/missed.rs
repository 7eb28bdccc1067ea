//! Products that a list did not show though the shop has them.
//!
//! A product that leaves the list while it is read moves the others up by one place: what stood first on the next page
//! then stands last on the one that was read before. It would be taken as gone, and be back one pass later.

use std::collections::HashSet;
use std::time::Duration;

use catalog::{Outcome, ProductId, Reason, Stop, StoreError};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::list::List;
use crate::pass::{Ended, NewPage, Pass};

/// Known products that were not met, up to which each is asked for. Where more are missing, the list's word counts.
pub(super) const MAX_ASKED: usize = 25;

/// A shop that takes longer for these few answers is asked no more.
pub(super) const MAX_TIME: Duration = Duration::from_secs(120);

impl Pass<'_> {
    /// Asks for the page of each product that a list, which `ended` complete, did not show, if they are few. Those that
    /// have one still are stored as present, without what it says: it does not tell what can be bought. So are those of
    /// which nobody can tell, since no answer is no sign that a product is gone.
    ///
    /// Where more are missing, or nobody may ask, and the list was read from `first_page` on, since a pass went on there, those
    /// on the pages before may have gone meanwhile and others have taken their places, unread: the pass is not complete then.
    ///
    /// That is for one pass: a product that the list does not show in the next one either is not on its way from page to
    /// page. Nobody may ask where the pass is to store no more pages.
    pub(super) async fn look_for_missed(
        &mut self,
        list: &List,
        first_page: u32,
        mut ended: Ended,
    ) -> Result<Ended, StoreError> {
        // On a single page nothing moves over an edge.
        let n_pages = self.next_page - 1;
        if n_pages < 2 || self.begun.n_known == 0 {
            return Ok(ended);
        }
        let store = self.crawl.store;
        // Twice as many, since as many may have been kept before.
        let missing = store.missing_products(&self.begun.ticket, 2 * MAX_ASKED + 1);
        let mut missing = missing.await?;
        if missing.is_empty() {
            return Ok(ended);
        }
        let kept_before = self.kept_by_the_last_pass().await?;
        missing.retain(|(id, _)| !kept_before.contains(id));
        let may_ask = self.over_budget(self.next_page).is_none();
        if missing.len() > MAX_ASKED || !may_ask && !missing.is_empty() {
            return Ok(match first_page {
                1 => ended,
                _ => Ended::by(moved_meanwhile(first_page)),
            });
        }
        let mut found = self.still_there(&list.base, &missing).await?;
        let Some(kept) = found.kept() else {
            return Ok(ended);
        };
        ended.tell_last(&format!(
            "known products not on the list: {}; kept for one more crawl: {kept}",
            missing.len()
        ));
        found.there.append(&mut found.unknown);
        let number = self.next_page;
        self.notes.kept_page = Some(number);
        let new = NewPage {
            present: found.there,
            bytes: found.bytes,
            // A pass that goes on reads the last page of the list again, and not one behind it.
            next: Some(list.behind(n_pages - 1)),
            ..NewPage::default()
        };
        self.store(number, new).await?;
        Ok(ended)
    }

    /// Returns the products that the last complete pass took as present though its list did not show them.
    pub(super) async fn kept_by_the_last_pass(&self) -> Result<HashSet<ProductId>, StoreError> {
        let Some(last) = self.crawl.newest_complete(self.begun).await? else {
            return Ok(HashSet::new());
        };
        let Some(page) = last.notes.kept_page else {
            return Ok(HashSet::new());
        };
        let kept = self.crawl.store.products_on_page(&last.key, page).await?;
        Ok(kept.into_iter().map(|(id, _)| id).collect())
    }

    /// Asks for the pages of `missing`, up to the first that is neither there nor gone: a shop whose products cannot be
    /// asked for is not asked again and again. One without a page is not known to be gone either where others have none.
    async fn still_there(
        &self,
        base: &Url,
        missing: &[(ProductId, String)],
    ) -> Result<Found, StoreError> {
        let until = Instant::now() + MAX_TIME;
        let mut found = Found::default();
        // Behind the last one that was shown.
        let mut unsure = Vec::new();
        for (place, (id, handle)) in missing.iter().enumerate() {
            let answer = timeout_at(until, self.single(base, handle)).await;
            match answer {
                Ok(Ok(Some((page, bytes)))) => {
                    if page.products.iter().any(|it| it.id == *id) {
                        found.bytes += bytes;
                        found.there.push(id.clone());
                    }
                    unsure.clear();
                }
                Ok(Ok(None)) => unsure.push(id.clone()),
                Ok(Err(_)) | Err(_) => {
                    let others = missing[place..].iter();
                    found.unknown = others.map(|(id, _)| id.clone()).collect();
                    break;
                }
            }
        }
        if !unsure.is_empty() {
            let is_shown = found.unknown.is_empty()
                && match timeout_at(until, self.shows_what_was_met(base)).await {
                    Ok(shown) => matches!(shown?, Ok(true)),
                    Err(_) => false,
                };
            if !is_shown {
                found.unknown.append(&mut unsure);
            }
        }
        Ok(found)
    }
}

fn moved_meanwhile(first_page: u32) -> Outcome {
    let detail = format!(
        "this pass went on at page {first_page}, and known products are not on the list: some may have moved \
         to pages that were read before; the next pass begins at page 1"
    );
    Outcome::Partial(Reason::new(Stop::Damaged, detail))
}

/// What the pages of missing products told; of the others, that they are gone.
#[derive(Default)]
struct Found {
    there: Vec<ProductId>,
    unknown: Vec<ProductId>,
    bytes: u64,
}

impl Found {
    /// Returns what is told of those that are kept, if there are any.
    fn kept(&self) -> Option<String> {
        let kept = [
            (self.there.len(), "with a page still"),
            (self.unknown.len(), "that could not be looked up"),
        ];
        let kept = kept.iter().filter(|(n, _)| *n > 0);
        let kept: Vec<String> = kept.map(|(n, why)| format!("{n} {why}")).collect();
        (!kept.is_empty()).then(|| kept.join(", "))
    }
}
