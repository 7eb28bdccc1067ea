//! What a task is told by a page of a crawl.
//!
//! The entry is stored in the document of the pass, by the same change as the page's counters: with transactions in
//! the same one as everything of the page, and on a single server beside the checkpoint that follows. At once behind
//! that it is told to the task, and taken out of the pass; a process that is killed in between leaves it to the next
//! holder of an item of the task. So no entry is lost, none is told without its page, and none twice.
//!
//! The task itself is no part of the page's transaction: a process that is killed within it would keep everybody else
//! from the task until the server gives it up, and pages of many shops would get in each other's way.

use catalog::{TaskEntry, TaskId};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use serde::Deserialize;

use super::append::{append, check};
use super::document::{json, parse};
use crate::mongo::decode::fields;
use crate::mongo::fault::Fault;
use crate::mongo::steps::{FindArgs, Steps, Update};
use crate::task_rules::{check_entry, check_only_at, is_left_out};

/// Passes with entries that one claim looks at.
const MAX_PASSES: usize = 64;

/// A page's entry, and the call by which it is told.
#[derive(Debug)]
pub(in crate::mongo) struct PageEntry<'a> {
    entry: &'a TaskEntry,
    call: ObjectId,
}

impl<'a> PageEntry<'a> {
    pub(in crate::mongo) fn new(entry: &'a TaskEntry) -> Self {
        Self {
            entry,
            call: ObjectId::new(),
        }
    }

    /// Refuses an entry that cannot be told, and returns what is stored of it with the page; `None` if nothing has to
    /// be told.
    pub(in crate::mongo) async fn admit(
        &self,
        steps: &mut Steps<'_>,
    ) -> Result<Option<Document>, Fault> {
        let entry = self.entry;
        check_entry(entry).map_err(Fault::Failed)?;
        let task = check(steps, &entry.task, entry.holder.as_ref()).await?;
        check_only_at(entry, task.seq)?;
        let newest_at = task.newest_at;
        let is_left_out = newest_at.is_some_and(|it| is_left_out(entry, task.state, it.0));
        if is_left_out && entry.message.is_none() && entry.items.is_empty() {
            return Ok(None);
        }
        Ok(Some(doc! {
            "call": self.call,
            "task": entry.task.as_str(),
            "entry": json(entry)?,
        }))
    }

    /// Tells the task, behind the page.
    pub(in crate::mongo) async fn tell(&self, steps: &mut Steps<'_>) -> Result<(), Fault> {
        tell_left(steps, &self.entry.task).await
    }
}

/// Tells a task what pages left for it.
pub(super) async fn tell_left(steps: &mut Steps<'_>, task: &TaskId) -> Result<(), Fault> {
    let args = FindArgs {
        projection: Some(doc! { "entries": 1 }),
        limit: Some(MAX_PASSES),
        ..FindArgs::default()
    };
    let left = doc! { "entries.task": task.as_str() };
    for pass in steps.find("crawls", left, args).await? {
        let pass: Pass = fields(&pass, "a pass")?;
        for left in pass.entries.iter().filter(|it| it.task == task.as_str()) {
            let told = match parse::<TaskEntry>(&left.entry, "an entry of a page") {
                Ok(entry) => append(steps, &entry, left.call).await,
                // Told to nobody, it would keep everybody from the task.
                Err(damaged) => Err(Fault::Failed(damaged.in_plain_words())),
            };
            match told {
                // It ended, or another one has the item: the page is stored, and there is nobody to tell.
                Ok(_) | Err(Fault::Task(_)) => {}
                Err(Fault::Failed(detail)) => {
                    tracing::warn!(%task, "a page is not told to the task {task}: {detail}");
                }
                Err(fault) => return Err(fault),
            }
            let told = doc! { "$pull": { "entries": { "call": left.call } } };
            let told = Update::one(doc! { "_id": &pass.id }, told)?;
            steps.update("crawls", vec![told]).await?;
        }
    }
    Ok(())
}

/// Removes what pages left for tasks that nobody works on any more.
pub(super) async fn forget_entries(steps: &mut Steps<'_>, tasks: &[&str]) -> Result<(), Fault> {
    let pulled = doc! { "$pull": { "entries": { "task": { "$in": tasks } } } };
    let pulled = Update::many(doc! { "entries.task": { "$in": tasks } }, pulled)?;
    steps.update("crawls", vec![pulled]).await?;
    Ok(())
}

/// A document of `crawls`, as far as it has to do with tasks.
#[derive(Debug, Deserialize)]
struct Pass {
    #[serde(rename = "_id")]
    id: String,
    entries: Vec<Left>,
}

#[derive(Debug, Deserialize)]
struct Left {
    call: ObjectId,
    task: String,
    entry: String,
}
