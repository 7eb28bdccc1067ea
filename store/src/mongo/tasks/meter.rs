//! Counts what the work of a task used: one conditional step on the task's document, which goes with it.
//!
//! Most steps have room, and are counted as they are, beside any number of others. Only those that have not are worked
//! out from what was read, by the same rules as on the other database.

use catalog::{Meter, MeterLimits, MeterStep, Metered, TaskId};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocument, doc};
use serde::Deserialize;

use crate::mongo::decode::fields;
use crate::mongo::fault::Fault;
use crate::mongo::product::whole;
use crate::mongo::steps::{Change, FindAndModify, Steps};
use crate::task_rules::{self, TaskFault};

/// Tries before others are given a moment.
const MAX_TRIES: u32 = 16;

/// Calls that a task remembers. Of one that is tried again, many more others may have been counted in between than of
/// an entry.
const MAX_CALLS: i32 = 256;

/// The names of the totals within `used`, in the order of [`parts`].
const TOTALS: [&str; 4] = ["requests", "tokens", "cost_nanos", "n_done"];

/// Counts a step; the same `call` again counts nothing more.
pub(in crate::mongo) async fn meter(
    steps: &mut Steps<'_>,
    task: &TaskId,
    (step, limits): (&MeterStep, &MeterLimits),
    call: ObjectId,
) -> Result<Metered, Fault> {
    let changes = parts(step).iter().any(|part| *part != 0);
    if changes && let Some(totals) = add(steps, task, (step, limits), call).await? {
        return Ok(Metered::Counted(totals));
    }
    for _ in 0..MAX_TRIES {
        let used = used(steps, task).await?;
        if !changes || used.calls.contains(&call) {
            return Ok(Metered::Counted(used.totals()));
        }
        let added = match task_rules::metered(used.totals(), step, limits) {
            Metered::Over(totals) => return Ok(Metered::Over(totals)),
            Metered::Counted(added) => added,
        };
        if put(steps, task, (used.totals(), added), call).await? {
            return Ok(Metered::Counted(added));
        }
    }
    Err(Fault::overtaken())
}

/// What a task's work used, as it stands in the task.
#[derive(Debug, Default, Deserialize)]
struct Used {
    #[serde(default)]
    requests: u64,
    #[serde(default)]
    tokens: u64,
    #[serde(default)]
    cost_nanos: u64,
    #[serde(default)]
    n_done: u64,
    /// The newest calls that were counted.
    #[serde(default)]
    calls: Vec<ObjectId>,
}

impl Used {
    /// Reads it out of its task; a task whose work used nothing yet has none.
    fn read(task: &RawDocument) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct TaskDocument {
            #[serde(default)]
            used: Used,
        }
        let read: TaskDocument = fields(task, "what a task used")?;
        Ok(read.used)
    }

    const fn totals(&self) -> Meter {
        Meter {
            requests: self.requests,
            tokens: self.tokens,
            cost_nanos: self.cost_nanos,
            n_done: self.n_done,
        }
    }
}

async fn used(steps: &mut Steps<'_>, task: &TaskId) -> Result<Used, Fault> {
    let named = doc! { "_id": task.as_str() };
    let found = steps.find_one("tasks", named, Some(doc! { "used": 1 }));
    let found = found
        .await?
        .ok_or_else(|| TaskFault::Unknown(task.clone()))?;
    Used::read(&found)
}

/// Adds a step where every total has room for it, and returns the totals.
async fn add(
    steps: &mut Steps<'_>,
    task: &TaskId,
    (step, limits): (&MeterStep, &MeterLimits),
    call: ObjectId,
) -> Result<Option<Meter>, Fault> {
    let limits = [limits.requests, limits.tokens, limits.cost_nanos, None];
    let mut filter = doc! { "_id": task.as_str(), "used.calls": { "$ne": call } };
    let mut increments = doc! {};
    for ((name, part), limit) in TOTALS.into_iter().zip(parts(step)).zip(limits) {
        if part == 0 {
            continue;
        }
        let Some(room) = room(part, limit) else {
            return Ok(None);
        };
        filter.insert(format!("used.{name}"), room);
        increments.insert(format!("used.{name}"), part);
    }
    let change = doc! { "$inc": increments, "$push": pushed(call) };
    let added = change_used(steps, filter, change).await?;
    Ok(added.map(|used| used.totals()))
}

/// Returns what a total must be so that a step can be added as it is; `None` if none is.
fn room(part: i64, limit: Option<u64>) -> Option<Document> {
    if part < 0 {
        return Some(doc! { "$gte": part.checked_neg()? });
    }
    let most = whole(limit.unwrap_or(u64::MAX)).checked_sub(part)?;
    // A total that is not there yet is 0, and not greater either.
    (most >= 0).then(|| doc! { "$not": { "$gt": most } })
}

/// Writes other totals in the place of those that were read; returns whether they still were those.
async fn put(
    steps: &mut Steps<'_>,
    task: &TaskId,
    (read, added): (Meter, Meter),
    call: ObjectId,
) -> Result<bool, Fault> {
    let mut filter = doc! { "_id": task.as_str(), "used.calls": { "$ne": call } };
    let mut set = doc! {};
    for ((name, read), added) in TOTALS.into_iter().zip(totals(read)).zip(totals(added)) {
        let unchanged: Bson = match read {
            // Null stands for what is not there.
            0 => doc! { "$in": [0_i64, Bson::Null] }.into(),
            read => read.into(),
        };
        filter.insert(format!("used.{name}"), unchanged);
        set.insert(format!("used.{name}"), added);
    }
    let change = doc! { "$set": set, "$push": pushed(call) };
    Ok(change_used(steps, filter, change).await?.is_some())
}

async fn change_used(
    steps: &mut Steps<'_>,
    filter: Document,
    change: Document,
) -> Result<Option<Used>, Fault> {
    let changed = FindAndModify {
        filter,
        change: Change::Operators(change),
        upsert: false,
        returns_new: true,
        projection: Some(doc! { "used": 1 }),
    };
    let changed = steps.find_and_modify("tasks", changed).await?;
    changed.map(|task| Used::read(&task)).transpose()
}

fn pushed(call: ObjectId) -> Document {
    doc! { "used.calls": { "$each": [call], "$slice": -MAX_CALLS } }
}

const fn parts(step: &MeterStep) -> [i64; 4] {
    [step.requests, step.tokens, step.cost_nanos, step.n_done]
}

fn totals(meter: Meter) -> [i64; 4] {
    [meter.requests, meter.tokens, meter.cost_nanos, meter.n_done].map(whole)
}
