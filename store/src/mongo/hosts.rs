//! What is remembered of the hosts that were asked.

use std::collections::HashMap;

use catalog::{HostRecord, StoreError, UnixMs};
use mongodb::bson::{RawDocument, doc};
use serde::Deserialize;

use super::MongoStore;
use super::decode::{Ms, fields, time};
use super::fault::Fault;
use super::product::{date, whole};
use super::steps::{FindArgs, Steps, Update};
use crate::rules::HOSTS_KEPT_MS;

pub(super) async fn save(store: &MongoStore, hosts: &[HostRecord]) -> Result<(), StoreError> {
    let Some(newest) = hosts.iter().map(|host| host.at.ms()).max() else {
        return Ok(());
    };
    let oldest = UnixMs::new(newest.saturating_sub(HOSTS_KEPT_MS));
    store
        .write("save what hosts taught", |steps| {
            Box::pin(put(steps, hosts, oldest))
        })
        .await
}

async fn put(steps: &mut Steps<'_>, hosts: &[HostRecord], oldest: UnixMs) -> Result<(), Fault> {
    let mut updates = Vec::with_capacity(hosts.len());
    for host in hosts {
        let change = doc! {
            "$set": {
                "gap_ms": host.gap_ms.map(whole),
                "refused_gap_ms": host.refused_gap_ms.map(whole),
                "not_before": host.not_before.map(date),
                "n_failures": i64::from(host.n_failures),
                "at": date(host.at),
            },
            "$setOnInsert": { "created_at": date(host.at) },
            // By the server's clock, which decides when the document goes: a recorded time may be any.
            "$currentDate": { "updated_at": true },
        };
        updates.push(Update::upsert(doc! { "_id": &host.name }, change)?);
    }
    steps.update("hosts", updates).await?;
    let older = doc! { "at": { "$lt": date(oldest) } };
    steps.delete("hosts", older).await?;
    Ok(())
}

pub(super) async fn hosts(
    store: &MongoStore,
    names: &[String],
) -> Result<Vec<HostRecord>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    store
        .read("look up hosts", |steps| Box::pin(find(steps, names)))
        .await
}

async fn find(steps: &mut Steps<'_>, names: &[String]) -> Result<Vec<HostRecord>, Fault> {
    let query = doc! { "_id": { "$in": names } };
    let mut known = HashMap::new();
    for document in steps.find("hosts", query, FindArgs::default()).await? {
        let host = host(&document)?;
        known.insert(host.name.clone(), host);
    }
    Ok(names
        .iter()
        .filter_map(|name| known.get(name).cloned())
        .collect())
}

fn host(document: &RawDocument) -> Result<HostRecord, Fault> {
    #[derive(Deserialize)]
    struct HostDocument {
        #[serde(rename = "_id")]
        name: String,
        gap_ms: Option<u64>,
        refused_gap_ms: Option<u64>,
        not_before: Option<Ms>,
        n_failures: u32,
        at: Ms,
    }
    let read: HostDocument = fields(document, "a host")?;
    Ok(HostRecord {
        name: read.name,
        gap_ms: read.gap_ms,
        refused_gap_ms: read.refused_gap_ms,
        not_before: time(read.not_before),
        n_failures: read.n_failures,
        at: read.at.0,
    })
}
