//! One item, subject by subject, until all of them have an end.

use std::sync::Arc;
use std::time::Duration;

use catalog::{ClaimedItem, Fallback, ItemEnd, Language, StoreError, SummarySource};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::plan::Payload;
use super::progress;
use super::shared::OfTask;
use super::{ANY, Ask, Context, End, ItemReport, SubjectEnd};
use crate::Purse;
use crate::facts::FactSheet;
use crate::facts::load::product_sheet;
use crate::openai::Endpoint;
use crate::shelf::{keep, tried};
use crate::write::{NoAnswer, Stop, Wrote, write};

/// The shortest time for which an item is put off.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// The pause behind a request that had no answer after all tries.
const NO_ANSWER_PAUSE: Duration = Duration::from_secs(30);

/// How long a task waits for its endpoint, from its beginning.
const MAX_WAIT_MS: i64 = 24 * 3_600_000;

/// Does an item that the caller holds, until it is done or `cancel`; see [`ItemEnd`].
///
/// Its subjects are done one after the other, and each is stored before the next one is begun. Once `cancel` says so no
/// subject and no request is begun, but the answer to one under way is waited for, and stored. When the endpoint
/// cannot be asked any more, what is in the store already is still found, and the rest is left.
///
/// Cancel-safe: a dropped call loses what was under way alone.
///
/// # Errors
/// When the store fails, or the item is no longer this holder's.
pub async fn run_item(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    let Some(payload) = Payload::of(&claimed.item.payload) else {
        let failed = json!({ "failed": "its payload cannot be read" });
        return Ok(ItemEnd::Done(failed));
    };
    let mut run = Run {
        claimed,
        context,
        cancel,
        payload: &payload,
        task: context.tally.shared.of(&claimed.item.task),
        stopped: None,
        n_found: 0,
    };
    let mut report = ItemReport::default();
    let mut is_put_off = false;
    for (ask, language) in payload.parts() {
        let subject = ask.subject();
        let end = match run.one(ask, &subject, language).await? {
            Turn::End(end) => {
                context.tally.count(&end);
                end
            }
            Turn::Before(end) => end,
            Turn::NoAnswer => {
                is_put_off = true;
                continue;
            }
            Turn::Later(wait) => {
                run.count(&subject, 0, true).await?;
                return Ok(ItemEnd::Later(wait.max(MIN_PAUSE)));
            }
            Turn::Cancelled => return run.stop().await,
        };
        report.ends.push(SubjectEnd {
            subject,
            language,
            end,
        });
    }
    let last = report.ends.last().map_or("", |it| it.subject.as_str());
    if is_put_off {
        run.count(last, 0, true).await?;
        return Ok(ItemEnd::Later(NO_ANSWER_PAUSE));
    }
    run.count(last, run.n_found, true).await?;
    Ok(ItemEnd::Done(json!(report)))
}

/// The doing of one item.
struct Run<'a> {
    claimed: &'a ClaimedItem,
    context: &'a Context,
    cancel: &'a CancellationToken,
    payload: &'a Payload,
    task: Arc<OfTask>,
    /// Why nothing more is asked of the endpoint.
    stopped: Option<Fallback>,
    /// Subjects that had their summary already.
    n_found: u64,
}

/// What came of one subject's turn.
enum Turn {
    End(End),
    /// It had its end in an earlier turn of the item.
    Before(End),
    /// The item is to be put off for so long.
    Later(Duration),
    /// The same, for this subject alone.
    NoAnswer,
    Cancelled,
}

impl Run<'_> {
    async fn one(
        &mut self,
        ask: &Ask,
        subject: &str,
        language: Language,
    ) -> Result<Turn, StoreError> {
        if self.cancel.is_cancelled() {
            return Ok(Turn::Cancelled);
        }
        let Some(sheet) = self.sheet(ask, language).await? else {
            let detail = format!("{subject} is not in the store; crawl its shop first");
            return Ok(Turn::End(left("unknown_subject", &detail)));
        };
        if sheet.facts.is_empty() {
            return Ok(Turn::End(left(
                "no_facts",
                "nothing is known that could be said",
            )));
        }
        if let Some(end) = self.done_before(&sheet).await? {
            return Ok(Turn::Before(end));
        }
        if let Some(why) = self.stopped.clone().or_else(|| self.task.stopped()) {
            let kept = keep(&sheet, self.context).await?;
            self.n_found += u64::from(kept.is_some());
            return Ok(Turn::End(kept.map_or(End::Left(why), |_| End::Kept)));
        }
        self.write(&sheet).await
    }

    /// Returns what an earlier holder of this item made of a sheet; what that paid for is not asked for again.
    async fn done_before(&self, sheet: &FactSheet) -> Result<Option<End>, StoreError> {
        if self.claimed.lease.epoch < 2 {
            return Ok(None);
        }
        let tried = tried(sheet, self.context, self.claimed.task.created_at).await?;
        Ok(tried.map(|source| match source {
            SummarySource::Llm(_) => End::Written,
            SummarySource::Extractive { instead } => End::Extractive(instead),
        }))
    }

    async fn write(&mut self, sheet: &FactSheet) -> Result<Turn, StoreError> {
        let (context, item) = (self.context, &self.claimed.item);
        let price = context
            .endpoint
            .as_deref()
            .and_then(Endpoint::price)
            .cloned();
        let counted = (&context.tasks, &item.task);
        let mut purse = Purse::of_task(counted, self.payload.limits, &self.task.open, price);
        let no_answer = match item.kind == ANY {
            true => NoAnswer::Waits,
            false => NoAnswer::FixedForm,
        };
        let wrote = write(sheet, context, (&mut purse, no_answer), self.cancel).await;
        context.tally.paid(&purse);
        match wrote? {
            Wrote::Stored(End::Kept) => {
                self.n_found += 1;
                Ok(Turn::End(End::Kept))
            }
            Wrote::Stored(end) => {
                if end == End::Written {
                    self.task.answered();
                }
                self.count(&sheet.subject, 1, false).await?;
                Ok(Turn::End(end))
            }
            Wrote::Stopped {
                stop: Stop::Closed(wait),
                ..
            } if self.waits() => Ok(Turn::Later(wait)),
            Wrote::Stopped {
                stop: Stop::Failed, ..
            } if self.waits() => Ok(Turn::NoAnswer),
            Wrote::Stopped { why, stop } => {
                if self.task.stops(&why, stop) {
                    self.stopped = Some(why.clone());
                }
                Ok(Turn::End(End::Left(why)))
            }
            Wrote::Cancelled => Ok(Turn::Cancelled),
        }
    }

    /// Returns whether a better time is waited for: for a day, where no person waits beside it.
    fn waits(&self) -> bool {
        let ms = (self.context.now)().ms() - self.claimed.task.created_at.ms();
        self.claimed.item.kind == ANY && ms < MAX_WAIT_MS
    }

    /// Returns the facts of a subject; `None` for a product that is not in the store.
    async fn sheet(&self, ask: &Ask, language: Language) -> Result<Option<FactSheet>, StoreError> {
        let id = match ask {
            Ask::Sheet(sheet) => return Ok(Some(FactSheet::clone(sheet))),
            Ask::Product(id) => id,
        };
        let ranking = self.task.ranking(self.context.store.as_ref()).await?;
        let store = self.context.store.as_ref();
        product_sheet(store, id, ranking.as_deref(), language).await
    }

    /// Counts subjects as done, and tells the task's readers, where that is due.
    async fn count(&self, subject: &str, n: u64, is_end: bool) -> Result<(), StoreError> {
        let Some(n_done) = self.task.done(n, is_end) else {
            return Ok(());
        };
        let totals = progress::count(n_done, self.claimed, self.context).await?;
        progress::tell(
            subject,
            (totals, self.payload.n_in_task),
            self.claimed,
            self.context,
        )
        .await
    }

    /// Counts what was done so far; the task may have ended, so that it is told nothing.
    async fn stop(&self) -> Result<ItemEnd, StoreError> {
        if let Some(n_done) = self.task.done(0, true) {
            progress::count(n_done, self.claimed, self.context).await?;
        }
        Ok(ItemEnd::Unfinished)
    }
}

fn left(code: &str, detail: &str) -> End {
    End::Left(Fallback {
        code: code.to_owned(),
        detail: detail.to_owned(),
    })
}
