//! Brings a database of an earlier version along. Version 1 did not keep the numbers of the balanced score, version 2
//! no tasks, version 3 had no index of handles, and version 4 remembered no hosts: the last three only need their
//! collections and indexes. What else a version added is a field that a document may be without.
//!
//! A document gets its numbers only while its content is what they were worked out from, so that any number of processes may
//! do this at once, beside crawls, and be cut off: what has its numbers is passed over the next time. A block is one
//! transaction where the server has any: a server that writes every document to its disk at once took eight times as
//! long without. A process of the old version that is still running stores products without numbers; they are read
//! all the same, more slowly.

use catalog::{FeatureInputs, StoreError};
use mongodb::bson::{RawDocument, RawDocumentBuf, doc, rawdoc};

use super::MongoStore;
use super::decode;
use super::fault::{Fault, UNAUTHORIZED, UNAUTHORIZED_ATLAS};
use super::features::{MARK, WHOLE_BLOCK, append};
use super::product::MAX_DOCUMENT_BYTES;
use super::schema::{SCHEMA_VERSION, set_up};
use super::steps::{FindArgs, Steps, Update};

/// What is being done, for messages.
const DOING: &str = "bring the schema up to date";

/// Products between two lines of the log.
const LOGGED_EVERY: u64 = 50_000;

/// More bytes than the numbers take.
const ROOM_BYTES: usize = 1_000;

/// Brings everything to the newest version, which is written last.
pub(super) async fn from_version(store: &MongoStore, version: u32) -> Result<(), StoreError> {
    if version == 1 {
        add_numbers(store).await?;
    }
    // Not in a transaction: servers make no indexes in one.
    store
        .in_order(DOING, |steps| {
            Box::pin(async move { set_up(steps).await.map_err(explained) })
        })
        .await
}

/// Gives their numbers to all products of version 1.
async fn add_numbers(store: &MongoStore) -> Result<(), StoreError> {
    let location = &store.location;
    let (mut last, mut n_done) = (None, 0);
    loop {
        let behind: Option<&str> = last.as_deref();
        let block = store
            .write(DOING, |steps| {
                Box::pin(async move { bring_along(steps, behind).await.map_err(explained) })
            })
            .await?;
        let Some(key) = block.last else {
            return Ok(());
        };
        if n_done == 0 {
            tracing::info!(
                location,
                "the store {location} is brought to schema version {SCHEMA_VERSION}, once"
            );
        }
        if n_done / LOGGED_EVERY < (n_done + block.n) / LOGGED_EVERY {
            let n_products = n_done + block.n;
            tracing::info!(n_products, "{n_products} products are brought along so far");
        }
        n_done += block.n;
        last = Some(key);
    }
}

/// Tells a user who may only read what to do.
fn explained(fault: Fault) -> Fault {
    if !matches!(fault.code(), Some(UNAUTHORIZED | UNAUTHORIZED_ATLAS)) {
        return fault;
    }
    let detail = "an earlier version of the program wrote it, and this user has no right to change it: run one \
        command, such as `trouvaille check`, as a user with the role readWrite on this database";
    Fault::Failed(detail.to_owned())
}

/// What one step looked at.
struct Block {
    n: u64,
    /// The id of its last document; `None` if there was none.
    last: Option<String>,
}

/// Gives their numbers to the next products that have none.
async fn bring_along(steps: &mut Steps<'_>, behind: Option<&str>) -> Result<Block, Fault> {
    let mut query = doc! { MARK: { "$exists": false } };
    query.extend(behind.map_or_else(|| doc! {}, |key| doc! { "_id": { "$gt": key } }));
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        limit: Some(WHOLE_BLOCK),
        ..FindArgs::default()
    };
    let documents = steps.find("products", query, args).await?;
    let mut updates = Vec::with_capacity(documents.len());
    for document in &documents {
        match with_numbers(document) {
            Ok(update) => updates.extend(update),
            // One such document must not keep everybody from the others; whoever reads it is told again.
            Err(Fault::Damaged(detail)) => tracing::warn!("left as it is: {detail}"),
            Err(fault) => return Err(fault),
        }
    }
    steps.update("products", updates).await?;
    let last = documents.last().map(|it| it.get_str("_id")).transpose()?;
    Ok(Block {
        n: documents.len() as u64,
        last: last.map(str::to_owned),
    })
}

/// Returns the change that gives a document its numbers, `None` where the server would have no room for them.
pub(super) fn with_numbers(document: &RawDocument) -> Result<Option<Update>, Fault> {
    if document.as_bytes().len() + ROOM_BYTES > MAX_DOCUMENT_BYTES {
        return Ok(None);
    }
    let inputs = FeatureInputs::of(&decode::product(document)?.product);
    let mut numbers = RawDocumentBuf::new();
    append(&mut numbers, &inputs);
    let (key, hash) = (document.get_str("_id")?, document.get_str("hash")?);
    Ok(Some(Update(rawdoc! {
        "q": { "_id": key, "hash": hash },
        "u": { "$set": numbers },
    })))
}
