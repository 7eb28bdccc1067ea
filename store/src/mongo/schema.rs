//! Sets up the collections, and tells whose a database is and which version it has.

use catalog::StoreError;
use mongodb::bson::{Document, doc};

use super::MongoStore;
use super::fault::Fault;
use super::steps::{FindArgs, Steps, Update, number};
use super::upgrade;
use crate::OpenMode;

/// The newest version of the schema.
pub(super) const SCHEMA_VERSION: u32 = 5;

/// The version of a database that is being set up.
const BEGUN: u32 = 0;

/// Marks a database as ours.
const APPLICATION: &str = "trouvaille";

/// How long robots.txt files are kept, in seconds.
const ROBOTS_KEPT_S: i32 = 86_400;

/// How long is remembered what hosts taught, in seconds.
const HOSTS_KEPT_S: i32 = 30 * 86_400;

/// How long a right to a key is kept after it is over, in seconds.
const RIGHTS_KEPT_S: i32 = 86_400;

/// Whose a database is.
enum Identity {
    Empty,
    Ours(u32),
    Foreign,
}

/// Sets up an empty database, or checks that this one is ours and understood, and brings it to the newest version.
pub(super) async fn ensure(store: &MongoStore, mode: OpenMode) -> Result<(), StoreError> {
    let identity = store
        .read("see what is there", |steps| Box::pin(identify(steps)))
        .await?;
    match identity {
        Identity::Ours(SCHEMA_VERSION) => return Ok(()),
        Identity::Ours(found) if found > SCHEMA_VERSION => {
            return Err(StoreError::NewerSchema {
                location: store.location.clone(),
                found,
                known: SCHEMA_VERSION,
            });
        }
        Identity::Empty if mode == OpenMode::Existing => {
            return Err(StoreError::Missing {
                location: store.location.clone(),
            });
        }
        Identity::Foreign => {
            let detail = "it is a database of another program; use another database";
            return Err(refused(store, detail));
        }
        Identity::Ours(version @ 1..) => return upgrade::from_version(store, version).await,
        Identity::Ours(BEGUN) | Identity::Empty => {}
    }
    // Not in a transaction: servers make no indexes in one. What was begun is simply done again.
    store
        .read("set up the schema", |steps| Box::pin(begin(steps)))
        .await
}

async fn identify(steps: &mut Steps<'_>) -> Result<Identity, Fault> {
    if let Some(identity) = stored_identity(steps).await? {
        return Ok(identity);
    }
    let listed = doc! { "listCollections": 1, "nameOnly": true, "authorizedCollections": true };
    let reply = steps.command(listed).await?;
    let collections = reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"));
    let is_foreign = collections.is_ok_and(|collections| {
        collections
            .iter()
            .filter_map(|it| it.as_document()?.get_str("name").ok())
            .any(|name| !name.starts_with("system."))
    });
    if !is_foreign {
        return Ok(Identity::Empty);
    }
    // Whoever sets it up in this moment began with the version.
    Ok(stored_identity(steps).await?.unwrap_or(Identity::Foreign))
}

async fn stored_identity(steps: &mut Steps<'_>) -> Result<Option<Identity>, Fault> {
    let args = FindArgs {
        limit: Some(1),
        ..FindArgs::default()
    };
    let found = steps.find("meta", doc! { "_id": "schema" }, args).await?;
    let Some(meta) = found.first() else {
        return Ok(None);
    };
    if !meta
        .get_str("application")
        .is_ok_and(|application| application == APPLICATION)
    {
        return Ok(Some(Identity::Foreign));
    }
    let version = u32::try_from(number(meta, "version")?);
    Ok(Some(Identity::Ours(version.unwrap_or(u32::MAX))))
}

/// Sets up an empty database, or one that somebody began with.
async fn begin(steps: &mut Steps<'_>) -> Result<(), Fault> {
    // First of all, so that nobody takes a half made database for another program's.
    write_version(steps, BEGUN).await?;
    set_up(steps).await
}

/// Makes what is missing of all collections and indexes, and writes the newest version behind it: until then, others
/// read and write a database of an earlier version.
pub(super) async fn set_up(steps: &mut Steps<'_>) -> Result<(), Fault> {
    for collection in [
        "shops",
        "leases",
        "crawls",
        "pages",
        "products",
        "observations",
        "rankings",
        "ranking_rows",
        "summaries",
        "robots",
        "hosts",
        "tasks",
        "task_events",
        "task_chunks",
        "work_items",
        "work_rights",
    ] {
        // Made here, since not every server makes collections within a transaction.
        match steps.command(doc! { "create": collection }).await {
            Err(fault) if fault.code() == Some(COLLECTION_EXISTS) => {}
            made => drop(made?),
        }
    }
    for (collection, indexes) in indexes() {
        steps
            .command(doc! { "createIndexes": collection, "indexes": indexes })
            .await?;
    }
    write_version(steps, SCHEMA_VERSION).await
}

const COLLECTION_EXISTS: i32 = 48;

/// Returns the indexes beside those on `_id`, which have the products, histories, passes and pages of a shop side by
/// side already. Each one more would cost every page.
fn indexes() -> [(&'static str, Vec<Document>); 9] {
    let index = |name: &str, key: Document| doc! { "name": name, "key": key };
    let with = |mut index: Document, options: Document| {
        index.extend(options);
        index
    };
    let kept = |key: &str, seconds: i32| {
        let index = index("kept", doc! { key: 1 });
        with(index, doc! { "expireAfterSeconds": seconds })
    };
    let of_open = |index| {
        with(
            index,
            doc! { "partialFilterExpression": { "is_open": true } },
        )
    };
    let of_some = |index| with(index, doc! { "sparse": true });
    let requests = with(
        index(
            "request",
            doc! { "caller": 1, "request.key": 1, "request.n": -1 },
        ),
        doc! {
            "unique": true,
            "partialFilterExpression": { "request.key": { "$exists": true } },
        },
    );
    [
        (
            "products",
            vec![
                index("words", doc! { "search_tokens": 1 }),
                index("gone", doc! { "shop": 1, "gone_at": 1 }),
                index("handle", doc! { "handle": 1 }),
            ],
        ),
        (
            "observations",
            vec![index("time", doc! { "at": 1, "product": 1, "n": 1 })],
        ),
        (
            "crawls",
            vec![
                index("start", doc! { "started_at": -1, "shop": 1 }),
                of_some(index("entries", doc! { "entries.task": 1 })),
            ],
        ),
        ("rankings", vec![index("time", doc! { "at": -1 })]),
        ("robots", vec![kept("updated_at", ROBOTS_KEPT_S)]),
        ("hosts", vec![kept("updated_at", HOSTS_KEPT_S)]),
        (
            "tasks",
            vec![
                index("caller", doc! { "caller": 1, "state_at": -1, "_id": -1 }),
                index("time", doc! { "state_at": -1, "_id": -1 }),
                requests,
                of_some(index("new_items", doc! { "new_items.n": 1 })),
            ],
        ),
        (
            "work_items",
            vec![
                of_open(index("order", doc! { "order": 1 })),
                of_open(index("task", doc! { "task": 1 })),
            ],
        ),
        ("work_rights", vec![kept("expires_at", RIGHTS_KEPT_S)]),
    ]
}

/// Writes the version unless a newer one is there.
pub(super) async fn write_version(steps: &mut Steps<'_>, version: u32) -> Result<(), Fault> {
    let made = Update::of(&doc! {
        "q": { "_id": "schema" },
        "u": [{ "$set": {
            "application": APPLICATION,
            "version": { "$max": ["$version", i64::from(version)] },
            "created_at": { "$ifNull": ["$created_at", "$$NOW"] },
            "updated_at": "$$NOW",
        } }],
        "upsert": true,
    })?;
    match steps.update("meta", vec![made]).await {
        // Two that begin at once; the other one made it.
        Err(fault) if fault.code() == Some(super::fault::DUPLICATE_KEY) => Ok(()),
        written => written.map(drop),
    }
}

fn refused(store: &MongoStore, detail: &str) -> StoreError {
    StoreError::Open {
        location: store.location.clone(),
        detail: detail.to_owned(),
    }
}
