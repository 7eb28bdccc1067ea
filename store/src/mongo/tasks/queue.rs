//! The items that are open, oldest first, and which of them may be taken.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalog::{TaskState, UnixMs, WorkStats};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde::Deserialize;

use super::document::StoredTask;
use crate::mongo::decode::fields;
use crate::mongo::fault::Fault;
use crate::mongo::lease::{is_over, is_past};
use crate::mongo::steps::{FindArgs, Steps, number};

/// Items that are looked at together.
pub(super) const BLOCK: usize = 128;

/// An open item, as far as it matters for whether it may be taken.
#[derive(Debug, Deserialize)]
pub(super) struct OpenItem {
    #[serde(rename = "_id")]
    pub(super) id: String,
    pub(super) task: String,
    pub(super) n: u32,
    pub(super) kind: String,
    pub(super) key: String,
    is_last: bool,
    pub(super) order: ObjectId,
}

/// How an open item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Free,
    /// Somebody has it or its key, or it waits for its task's caller or for other items.
    Waits,
    /// Its task ended, or is forgotten: whoever saw to that was cut off.
    Over,
}

/// Returns the oldest open items that pass `wanted` and are not put off, behind a place.
pub(super) async fn open_items(
    steps: &mut Steps<'_>,
    wanted: &Document,
    behind: Option<ObjectId>,
) -> Result<Vec<OpenItem>, Fault> {
    let mut query = wanted.clone();
    query.insert("is_open", true);
    let is_due = doc! { "$expr": is_past("$not_before") };
    query.insert(
        "$or",
        vec![doc! { "not_before": { "$exists": false } }, is_due],
    );
    if let Some(behind) = behind {
        query.insert("order", doc! { "$gt": behind });
    }
    let fields_read = doc! { "task": 1, "n": 1, "kind": 1, "key": 1, "is_last": 1, "order": 1 };
    let args = FindArgs {
        projection: Some(fields_read),
        sort: Some(doc! { "order": 1 }),
        limit: Some(BLOCK),
        ..FindArgs::default()
    };
    let found = steps.find("work_items", query, args).await?;
    found.iter().map(|it| fields(it, "a work item")).collect()
}

/// Returns how each item stands for who makes a claim, or for anybody.
pub(super) async fn judge(
    steps: &mut Steps<'_>,
    items: &[OpenItem],
    claim: Option<ObjectId>,
) -> Result<Vec<Standing>, Fault> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let tasks = tasks_of(steps, items).await?;
    let held = held_rights(steps, items, claim).await?;
    let undone = undone(steps, items).await?;
    let judge = |item: &OpenItem| {
        let Some((state, has_new)) = tasks.get(&item.task) else {
            return Standing::Over;
        };
        if state.is_terminal() {
            return Standing::Over;
        }
        let waits_for_others = item.is_last
            && (*has_new || undone.get(&item.task).is_some_and(|it| it.precedes(item)));
        let waits = state.is_interrupted() || waits_for_others || held.contains(&item.key);
        if waits {
            Standing::Waits
        } else {
            Standing::Free
        }
    };
    Ok(items.iter().map(judge).collect())
}

/// Returns the states of the items' tasks, and whether they have items that were not moved yet.
async fn tasks_of(
    steps: &mut Steps<'_>,
    items: &[OpenItem],
) -> Result<HashMap<String, (TaskState, bool)>, Fault> {
    let ids: HashSet<&str> = items.iter().map(|it| it.task.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let args = FindArgs {
        projection: Some(doc! { "state": 1, "seq": 1, "new_items.n": 1 }),
        ..FindArgs::default()
    };
    let query = doc! { "_id": { "$in": ids } };
    let mut tasks = HashMap::new();
    for found in steps.find("tasks", query, args).await? {
        let has_new = found.get_array("new_items").is_ok();
        let task = StoredTask::read(&found)?;
        tasks.insert(task.id, (task.state, has_new));
    }
    Ok(tasks)
}

/// Returns the keys of the items that somebody has, by another claim than this one.
async fn held_rights(
    steps: &mut Steps<'_>,
    items: &[OpenItem],
    claim: Option<ObjectId>,
) -> Result<HashSet<String>, Fault> {
    let keys: HashSet<&str> = items.iter().map(|it| it.key.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let pipeline = vec![
        doc! { "$match": { "_id": { "$in": keys } } },
        doc! { "$project": { "claim": 1, "is_over": is_over() } },
    ];
    let mut held = HashSet::new();
    for found in steps.aggregate("work_rights", pipeline).await? {
        let is_ours = claim.is_some() && found.get_object_id("claim").ok() == claim;
        if !is_ours && !found.get_bool("is_over")? {
            held.insert(found.get_str("_id")?.to_owned());
        }
    }
    Ok(held)
}

/// What is not done of a task.
#[derive(Default)]
struct Undone {
    has_others: bool,
    /// The first of the items that wait for others.
    first_last: Option<u64>,
}

impl Undone {
    fn precedes(&self, item: &OpenItem) -> bool {
        self.has_others
            || self
                .first_last
                .is_some_and(|first| first < u64::from(item.n))
    }
}

/// Returns what is not done of the tasks of items that wait for others.
async fn undone(
    steps: &mut Steps<'_>,
    items: &[OpenItem],
) -> Result<HashMap<String, Undone>, Fault> {
    let last = items.iter().filter(|it| it.is_last);
    let tasks: HashSet<&str> = last.map(|it| it.task.as_str()).collect();
    if tasks.is_empty() {
        return Ok(HashMap::new());
    }
    let tasks: Vec<&str> = tasks.into_iter().collect();
    let pipeline = vec![
        doc! { "$match": { "task": { "$in": tasks }, "is_open": true } },
        doc! { "$group": {
            "_id": { "task": "$task", "is_last": "$is_last" },
            "first": { "$min": "$n" },
        } },
    ];
    let mut undone: HashMap<String, Undone> = HashMap::new();
    for found in steps.aggregate("work_items", pipeline).await? {
        let group = found.get_document("_id")?;
        let it = undone.entry(group.get_str("task")?.to_owned()).or_default();
        if group.get_bool("is_last")? {
            it.first_last = Some(number(&found, "first")?);
        } else {
            it.has_others = true;
        }
    }
    Ok(undone)
}

pub(super) async fn work_stats(steps: &mut Steps<'_>) -> Result<Vec<WorkStats>, Fault> {
    let mut kinds = BTreeMap::new();
    let mut behind = None;
    loop {
        let block = open_items(steps, &doc! {}, behind).await?;
        let standings = judge(steps, &block, None).await?;
        let standing = block.iter().zip(standings);
        let free = standing.filter(|(_, standing)| *standing == Standing::Free);
        let free: Vec<&OpenItem> = free.map(|(item, _)| item).collect();
        let made = times_made(steps, &free).await?;
        let lapsed = lapsed_rights(steps, &free).await?;
        for item in free {
            let stats = of_kind(&mut kinds, &item.kind);
            stats.n_waiting += 1;
            let made = made.get(&item.task).copied();
            stats.oldest_at = stats.oldest_at.into_iter().chain(made).min();
            stats.lapsed_ms = stats.lapsed_ms.max(lapsed.get(&item.key).copied());
        }
        match block.last() {
            Some(last) if block.len() == BLOCK => behind = Some(last.order),
            _ => break,
        }
    }
    for found in steps.aggregate("work_rights", count_held("$kind")).await? {
        of_kind(&mut kinds, found.get_str("_id")?).n_held = number(&found, "n")?;
    }
    Ok(kinds.into_values().collect())
}

fn of_kind<'a>(kinds: &'a mut BTreeMap<String, WorkStats>, kind: &str) -> &'a mut WorkStats {
    kinds
        .entry(kind.to_owned())
        .or_insert_with_key(|kind| WorkStats {
            kind: kind.clone(),
            n_waiting: 0,
            n_held: 0,
            oldest_at: None,
            lapsed_ms: None,
        })
}

/// Returns when the tasks of items were made.
async fn times_made(
    steps: &mut Steps<'_>,
    items: &[&OpenItem],
) -> Result<HashMap<String, UnixMs>, Fault> {
    if items.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: HashSet<&str> = items.iter().map(|it| it.task.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let args = FindArgs {
        projection: Some(doc! { "created_at": 1 }),
        ..FindArgs::default()
    };
    let mut made = HashMap::new();
    for found in steps
        .find("tasks", doc! { "_id": { "$in": ids } }, args)
        .await?
    {
        let at = found.get_datetime("created_at")?.timestamp_millis();
        made.insert(found.get_str("_id")?.to_owned(), UnixMs::new(at));
    }
    Ok(made)
}

/// Returns how long ago the rights to the keys of items ran out that nobody gave back, by key.
async fn lapsed_rights(
    steps: &mut Steps<'_>,
    items: &[&OpenItem],
) -> Result<HashMap<String, u64>, Fault> {
    if items.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: HashSet<&str> = items.iter().map(|it| it.key.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let left = doc! { "_id": { "$in": keys }, "expires_at": { "$gt": DateTime::from_millis(0) } };
    let pipeline = vec![
        doc! { "$match": left },
        doc! { "$project": { "expires_at": 1, "now": "$$NOW" } },
    ];
    let mut lapsed = HashMap::new();
    for found in steps.aggregate("work_rights", pipeline).await? {
        let at = |field| found.get_datetime(field).map(|it| it.timestamp_millis());
        let lapsed_ms = u64::try_from(at("now")?.saturating_sub(at("expires_at")?));
        if let Ok(lapsed_ms) = lapsed_ms {
            lapsed.insert(found.get_str("_id")?.to_owned(), lapsed_ms);
        }
    }
    Ok(lapsed)
}

/// Returns the tasks that have items with a holder, those with the fewest first, each with their number; not counted is
/// what a claim itself took when it was tried before.
pub(super) async fn tasks_with_held(
    steps: &mut Steps<'_>,
    claim: ObjectId,
) -> Result<Vec<(String, u64)>, Fault> {
    let mut pipeline = count_held("$task");
    pipeline.insert(0, doc! { "$match": { "claim": { "$ne": claim } } });
    let mut tasks = Vec::new();
    for found in steps.aggregate("work_rights", pipeline).await? {
        tasks.push((found.get_str("_id")?.to_owned(), number(&found, "n")?));
    }
    tasks.sort_by_key(|(_, n_held)| *n_held);
    Ok(tasks)
}

/// Counts the rights that somebody has by a field.
fn count_held(field: &str) -> Vec<Document> {
    vec![
        // Most were given back, which the index knows; the others are few.
        doc! { "$match": { "expires_at": { "$gt": DateTime::from_millis(0) } } },
        doc! { "$project": { "by": field, "is_over": is_over() } },
        doc! { "$match": { "is_over": false } },
        doc! { "$group": { "_id": "$by", "n": { "$sum": 1 } } },
    ]
}
