//! Makes tasks: each with its items and its event 1 by one insert, of which every server lets only one succeed.

use catalog::{CreatedTask, Idempotency, NewTask, Task, TaskEvent, UnixMs};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::document::{Request, StoredTask, encode_event, json, state_fields};
use super::items::{encode_new_items, move_items};
use crate::mongo::fault::{DUPLICATE_KEY, Fault};
use crate::mongo::product::{date, whole};
use crate::mongo::steps::{FindArgs, Steps};
use crate::task_rules::{check_new, first_of};

/// Tries before others are given a moment.
const MAX_TRIES: u32 = 16;

/// Makes a task; the same `call` again makes nothing more, and comes to the same.
pub(in crate::mongo) async fn create(
    steps: &mut Steps<'_>,
    new: &NewTask,
    call: ObjectId,
) -> Result<CreatedTask, Fault> {
    check_new(new).map_err(Fault::Failed)?;
    for _ in 0..MAX_TRIES {
        match try_create(steps, new, call).await {
            // The same task, or another one of the same request, was made in this moment.
            Err(fault) if fault.code() == Some(DUPLICATE_KEY) => {}
            created => return created,
        }
    }
    Err(Fault::overtaken())
}

async fn try_create(
    steps: &mut Steps<'_>,
    new: &NewTask,
    call: ObjectId,
) -> Result<CreatedTask, Fault> {
    let (task, event) = first_of(new);
    if let Some(stored) = find(steps, doc! { "_id": new.id.as_str() }, None).await? {
        if stored.calls.iter().all(|it| it.id != call) {
            return Ok(CreatedTask::Same(stored.into_task()?));
        }
        move_items(steps, &new.id).await?;
        return Ok(CreatedTask::New(task));
    }
    let mut document = encode(new, &task, &event, call)?;
    if let Some(idempotency) = &new.idempotency {
        let n_before = match newest_request(steps, new, idempotency).await? {
            None => 0,
            Some((request, _)) if request.until.0 <= new.at => request.n,
            Some((request, _)) if request.hash != idempotency.request_hash => {
                return Ok(CreatedTask::KeyTaken);
            }
            Some((_, stored)) => return Ok(CreatedTask::Same(stored.into_task()?)),
        };
        document.insert("request", encode_request(new, idempotency, n_before + 1));
    }
    let document = RawDocumentBuf::try_from(&document)?;
    steps.insert("tasks", vec![document]).await?;
    move_items(steps, &new.id).await?;
    Ok(CreatedTask::New(task))
}

async fn find(
    steps: &mut Steps<'_>,
    query: Document,
    sort: Option<Document>,
) -> Result<Option<StoredTask>, Fault> {
    let args = FindArgs {
        projection: Some(doc! { "recent": 0, "new_items": 0, "used": 0 }),
        sort,
        limit: Some(1),
        batch_size: None,
    };
    let found = steps.find("tasks", query, args).await?;
    let read = |found: &RawDocumentBuf| StoredTask::read(found);
    found.first().map(read).transpose()
}

/// Returns the newest request of the same name and its task.
///
/// One that holds no more keeps its name, and the next one gets the next number: not every server lets go of a value
/// of a unique index before its document is removed.
async fn newest_request(
    steps: &mut Steps<'_>,
    new: &NewTask,
    idempotency: &Idempotency,
) -> Result<Option<(Request, StoredTask)>, Fault> {
    let named = doc! { "caller": &new.caller, "request.key": &idempotency.key };
    let newest_first = doc! { "request.n": -1 };
    let Some(mut stored) = find(steps, named, Some(newest_first)).await? else {
        return Ok(None);
    };
    let Some(request) = stored.request.take() else {
        return Err(Fault::Damaged(format!("the request of {}", stored.id)));
    };
    Ok(Some((request, stored)))
}

fn encode_request(new: &NewTask, idempotency: &Idempotency, n: u64) -> Document {
    let until = new.at.ms().saturating_add_unsigned(idempotency.kept_ms);
    doc! {
        "key": &idempotency.key,
        "n": whole(n),
        "hash": &idempotency.request_hash,
        "until": date(UnixMs::new(until)),
    }
}

fn encode(
    new: &NewTask,
    task: &Task,
    event: &TaskEvent,
    call: ObjectId,
) -> Result<Document, Fault> {
    let messages: Vec<String> = task.messages.iter().map(json).collect::<Result<_, _>>()?;
    let mut document = doc! {
        "_id": task.id.as_str(),
        "agent": &task.agent,
        "caller": &task.caller,
        "context": &task.context,
        "created_at": date(task.created_at),
        "updated_at": date(task.created_at),
        "seq": whole(event.seq),
        "newest_at": date(event.at),
        "rev": 0_i64,
        "calls": [{ "id": call, "seq": whole(event.seq) }],
        "holders": {},
        "recent": [encode_event(event)?],
        "messages": messages,
        "artifacts": [],
        "n_items": whole(new.items.len() as u64),
    };
    document.extend(state_fields(event)?);
    if !new.items.is_empty() {
        document.insert("new_items", encode_new_items(0, &new.items)?);
    }
    Ok(document)
}
