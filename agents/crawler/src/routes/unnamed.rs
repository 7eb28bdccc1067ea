//! Products that a sitemap does not name though the shop has them: it hides some from search engines.

use std::collections::HashSet;

use catalog::{Outcome, ProductId, Route, StoreError};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::census::Census;
use super::ends_pass;
use super::list::WALL;
use super::missed::{MAX_ASKED, MAX_TIME};
use super::singles::{Batch, MAX_FAILED, turn_of};
use crate::pass::{Ended, NewPage, Pass, behind};

/// What some of the products that nothing names answered.
#[derive(Default)]
struct Asked {
    ids: HashSet<ProductId>,
    found: Batch,
    n_there: usize,
    n_gone: usize,
    /// Asked for behind the last one that was shown, and have no page.
    unsure: Vec<ProductId>,
    /// Asked for, and nobody can tell.
    silent: HashSet<ProductId>,
}

impl Pass<'_> {
    /// Asks for known products that a pass did not meet though it `ended` with all that `census` names. One that has no page is
    /// gone. One that has is stored as any that is read by itself.
    ///
    /// Of many some are asked for, others in the next pass. Where none of these has a page and other products have, none is
    /// there. Else those that were not asked for are stored as present; so are, for one pass, those of which nobody can tell.
    pub(super) async fn look_for_unnamed(
        &mut self,
        base: &Url,
        census: &Census,
        ended: Ended,
    ) -> Result<Ended, StoreError> {
        if self.begun.n_known == 0 {
            return Ok(ended);
        }
        let store = self.crawl.store;
        let mut missing = store.missing_products(&self.begun.ticket, WALL).await?;
        let are_all = missing.len() < WALL;
        // What is named was asked for.
        missing.retain(|(_, handle)| !census.names(self.seen.number_of(handle)));
        let mut asked = match self.ask_for_some(base, &missing).await {
            Ok(asked) => asked,
            Err(outcome) => return Ok(Ended::by(outcome)),
        };
        // That they have no page tells something only where others have one.
        if !asked.unsure.is_empty() {
            match self.shows_what_was_met(base).await? {
                Ok(true) => asked.n_gone += asked.unsure.len(),
                Ok(false) => asked.silent.extend(asked.unsure.drain(..)),
                Err(outcome) => return Ok(Ended::by(outcome)),
            }
        }
        let were_all_asked = asked.ids.len() == missing.len().min(MAX_ASKED);
        if were_all_asked && asked.n_there == 0 && asked.silent.is_empty() {
            return Ok(ended);
        }
        self.keep_unnamed(missing, asked, are_all, ended).await
    }

    /// Asks for some of `missing`, from all over them, and others than the calls before. The error ends the pass.
    async fn ask_for_some(
        &self,
        base: &Url,
        missing: &[(ProductId, String)],
    ) -> Result<Asked, Outcome> {
        let n = missing.len();
        let n_asked = n.min(MAX_ASKED);
        let turn = turn_of(self.begun.ticket.epoch, n);
        let until = Instant::now() + MAX_TIME;
        let mut asked = Asked::default();
        let mut n_failed = 0;
        for nth in 0..n_asked {
            let (id, handle) = &missing[(turn + nth * n / n_asked) % n];
            asked.ids.insert(id.clone());
            let Ok(answer) = timeout_at(until, self.single(base, handle)).await else {
                asked.silent.insert(id.clone());
                break;
            };
            n_failed = if answer.is_err() { n_failed + 1 } else { 0 };
            match answer {
                Ok(Some((page, bytes))) => {
                    if page.products.iter().any(|it| it.id == *id) {
                        asked.n_there += 1;
                        asked.found.add(page, bytes);
                    } else {
                        asked.n_gone += 1;
                    }
                    asked.n_gone += asked.unsure.drain(..).len();
                }
                Ok(None) => asked.unsure.push(id.clone()),
                Err(outcome) if ends_pass(&outcome) => return Err(outcome),
                Err(_) => {
                    asked.silent.insert(id.clone());
                }
            }
            if n_failed == MAX_FAILED {
                break;
            }
        }
        Ok(asked)
    }

    async fn keep_unnamed(
        &mut self,
        missing: Vec<(ProductId, String)>,
        asked: Asked,
        are_all: bool,
        mut ended: Ended,
    ) -> Result<Ended, StoreError> {
        let n_missing = missing.len();
        let Asked {
            ids,
            found,
            n_there,
            n_gone,
            unsure: _,
            silent,
        } = asked;
        // Where one has a page, so may those that were not asked for. Else nobody can tell.
        let is_unknown =
            |id: &ProductId| silent.contains(id) || (n_there == 0 && !ids.contains(id));
        let kept_before = self.kept_by_the_last_pass().await?;
        let (mut unasked, mut unknown) = (Vec::new(), Vec::new());
        for known in missing {
            if is_unknown(&known.0) {
                unknown.extend((!kept_before.contains(&known.0)).then_some(known));
            } else if !ids.contains(&known.0) {
                unasked.push(known);
            }
        }
        ended.tell_last(&format!(
            "known products that nothing names: {n_missing}; {n_there} have a page, {n_gone} have none, {} are kept",
            unasked.len() + unknown.len()
        ));
        if n_there > 0 {
            if let Some(over) = self.over_budget(self.next_page) {
                return Ok(over);
            }
            self.store_batch(found).await?;
        }
        for (kept, is_for_one_pass) in [(unasked, false), (unknown, true)] {
            if kept.is_empty() {
                continue;
            }
            let number = self.next_page;
            if let Some(over) = self.over_budget(number) {
                return Ok(over);
            }
            if is_for_one_pass {
                self.notes.kept_page = Some(number);
            }
            for (id, handle) in &kept {
                self.seen.add_one(id, handle);
            }
            let new = NewPage {
                present: kept.into_iter().map(|(id, _)| id).collect(),
                next: Some(behind(number, Route::Sitemap, 0, 0)),
                ..NewPage::default()
            };
            self.store(number, new).await?;
        }
        Ok(match are_all {
            true => ended,
            false => Ended::not_all(ended.detail),
        })
    }
}
