//! The items of tasks. New ones come with their task, in the same step, and are moved to where they are taken from.

use catalog::{NewItem, TaskId, WorkItem};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use serde::Deserialize;

use super::document::{item_key, json, parse, range, task_id};
use crate::mongo::decode::fields;
use crate::mongo::fault::{DUPLICATE_KEY, Fault};
use crate::mongo::product::whole;
use crate::mongo::steps::{FindArgs, Steps, Update, number};

/// Tries before others are given a moment.
const MAX_TRIES: u32 = 16;

/// Tasks whose new items one claim moves.
const MAX_UNMOVED: usize = 16;

/// Returns new items as they stand in their task, numbered behind the `n_before` that it has.
pub(super) fn encode_new_items(n_before: u32, items: &[NewItem]) -> Result<Vec<Document>, Fault> {
    let numbered = (n_before + 1..).zip(items);
    let encode = |(n, item): (u32, &NewItem)| {
        Ok(doc! {
            "n": i64::from(n),
            "kind": &item.kind,
            "key": &item.key,
            "payload": json(&item.payload)?,
            "is_last": item.is_last,
            // Grows with every item that a process makes.
            "order": ObjectId::new(),
        })
    };
    numbered.map(encode).collect()
}

/// Moves the new items of a task to `work_items`; those that are there stay as they are.
pub(super) async fn move_items(steps: &mut Steps<'_>, task: &TaskId) -> Result<(), Fault> {
    let named = doc! { "_id": task.as_str() };
    let wanted = doc! { "new_items": 1, "n_items": 1, "is_ended": 1 };
    for _ in 0..MAX_TRIES {
        let found = steps.find_one("tasks", named.clone(), Some(wanted.clone()));
        let Some(found) = found.await? else {
            return Ok(());
        };
        let new = new_items(&found)?;
        if new.is_empty() {
            return Ok(());
        }
        let is_open = !found.get_bool("is_ended").unwrap_or_default();
        let documents = new.iter().map(|item| item.document(task, is_open));
        insert_missing(steps, documents.collect::<Result<_, _>>()?).await?;
        // Every further item changes the number of all.
        let n_items = number(&found, "n_items")?;
        let same = doc! { "_id": task.as_str(), "n_items": whole(n_items) };
        let moved = Update::one(same, doc! { "$unset": { "new_items": "" } })?;
        if steps.update("tasks", vec![moved]).await?.n_matched > 0 {
            return Ok(());
        }
    }
    Err(Fault::overtaken())
}

/// Moves the items that a process left in their tasks when it was cut off.
pub(super) async fn move_all_items(steps: &mut Steps<'_>) -> Result<(), Fault> {
    let args = FindArgs {
        projection: Some(doc! { "_id": 1 }),
        limit: Some(MAX_UNMOVED),
        ..FindArgs::default()
    };
    let unmoved = doc! { "new_items.n": { "$gte": 1 } };
    for found in steps.find("tasks", unmoved, args).await? {
        move_items(steps, &task_id(found.get_str("_id")?)?).await?;
    }
    Ok(())
}

/// Closes what is open of a task that ended.
pub(super) async fn close_items(steps: &mut Steps<'_>, task: &TaskId) -> Result<(), Fault> {
    let open = doc! { "_id": range(task.as_str()), "is_open": true };
    let closed = Update::many(open, doc! { "$set": { "is_open": false } })?;
    steps.update("work_items", vec![closed]).await?;
    Ok(())
}

pub(super) async fn items(steps: &mut Steps<'_>, task: &TaskId) -> Result<Vec<WorkItem>, Fault> {
    let named = doc! { "_id": task.as_str() };
    let wanted = doc! { "new_items": 1 };
    let unmoved = steps.find_one("tasks", named, Some(wanted)).await?;
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        ..FindArgs::default()
    };
    let moved = doc! { "_id": range(task.as_str()) };
    let found = steps.find("work_items", moved, args).await?;
    let mut items: Vec<WorkItem> = found
        .iter()
        .map(|document| StoredItem::read(document)?.into_item())
        .collect::<Result<_, _>>()?;
    // Looked at before the others, so that what was moved in between is in both, never in none.
    let n_moved = items.last().map_or(0, |item| item.n);
    for new in unmoved.iter().map(|it| new_items(it)) {
        for item in new?.into_iter().filter(|item| item.n > n_moved) {
            let document = item.document(task, true)?;
            items.push(StoredItem::read(&document)?.into_item()?);
        }
    }
    Ok(items)
}

/// A document of `work_items`.
#[derive(Debug, Deserialize)]
pub(super) struct StoredItem {
    pub(super) task: String,
    pub(super) n: u32,
    pub(super) kind: String,
    pub(super) key: String,
    payload: String,
    is_last: bool,
    attempts: u32,
    failures: u32,
    pub(super) epoch: u64,
    /// Names the claim by which it was taken last.
    pub(super) claim: Option<ObjectId>,
    result: Option<String>,
}

impl StoredItem {
    pub(super) fn read(document: &RawDocument) -> Result<Self, Fault> {
        fields(document, "a work item")
    }

    pub(super) const fn is_done(&self) -> bool {
        self.result.is_some()
    }

    pub(super) fn into_item(self) -> Result<WorkItem, Fault> {
        let what = "a work item";
        let result = self.result.as_deref().map(|json| parse(json, what));
        Ok(WorkItem {
            task: task_id(&self.task)?,
            n: self.n,
            kind: self.kind,
            key: self.key,
            payload: parse(&self.payload, what)?,
            is_last: self.is_last,
            attempts: self.attempts,
            failures: self.failures,
            result: result.transpose()?,
        })
    }
}

/// An item as it stands in its task.
#[derive(Debug, Deserialize)]
struct UnmovedItem {
    n: u32,
    kind: String,
    key: String,
    payload: String,
    is_last: bool,
    order: ObjectId,
}

impl UnmovedItem {
    fn document(&self, task: &TaskId, is_open: bool) -> Result<RawDocumentBuf, Fault> {
        Ok(RawDocumentBuf::try_from(&doc! {
            "_id": item_key(task, self.n),
            "task": task.as_str(),
            "n": i64::from(self.n),
            "kind": &self.kind,
            "key": &self.key,
            "payload": &self.payload,
            "is_last": self.is_last,
            "order": self.order,
            "is_open": is_open,
            "attempts": 0_i64,
            "failures": 0_i64,
            "epoch": 0_i64,
            "owner": "",
        })?)
    }
}

fn new_items(task: &RawDocument) -> Result<Vec<UnmovedItem>, Fault> {
    #[derive(Deserialize)]
    struct Unmoved {
        #[serde(default)]
        new_items: Vec<UnmovedItem>,
    }
    let read: Unmoved = fields(task, "a task")?;
    Ok(read.new_items)
}

/// Stores those items that are not there: another process may be moving the same.
async fn insert_missing(
    steps: &mut Steps<'_>,
    mut documents: Vec<RawDocumentBuf>,
) -> Result<(), Fault> {
    for _ in 0..MAX_TRIES {
        match steps.insert("work_items", documents.clone()).await {
            Err(fault) if fault.code() == Some(DUPLICATE_KEY) => {}
            inserted => return inserted,
        }
        let ids: Vec<&str> = documents
            .iter()
            .map(|document| document.get_str("_id"))
            .collect::<Result<_, _>>()?;
        let args = FindArgs {
            projection: Some(doc! { "_id": 1 }),
            ..FindArgs::default()
        };
        let there = doc! { "_id": { "$in": ids } };
        let there = steps.find("work_items", there, args).await?;
        let there: Vec<&str> = there
            .iter()
            .map(|document| document.get_str("_id"))
            .collect::<Result<_, _>>()?;
        documents.retain(|document| document.get_str("_id").is_ok_and(|id| !there.contains(&id)));
    }
    Err(Fault::overtaken())
}
