//! Keeps summaries, and the robots.txt files of hosts.

use catalog::{Claim, Fact, RobotsRecord, StoreError, Summary, SummarySource, UnixMs};
use mongodb::bson::{RawDocument, RawDocumentBuf, doc, serialize_to_bson};
use serde::Deserialize;

use super::MongoStore;
use super::decode::{Ms, fields};
use super::fault::Fault;
use super::product::date;
use super::steps::{FindArgs, Steps, Update};
use crate::rules::ROBOTS_KEPT_MS;

pub(super) async fn save_summary(store: &MongoStore, summary: &Summary) -> Result<(), StoreError> {
    store
        .write("save a summary", |steps| {
            Box::pin(put_summaries(steps, std::slice::from_ref(summary)))
        })
        .await
}

pub(super) async fn summary(
    store: &MongoStore,
    subject: &str,
    language: &str,
) -> Result<Option<Summary>, StoreError> {
    store
        .read("read a summary", |steps| {
            Box::pin(newest_summary(steps, subject, language))
        })
        .await
}

pub(super) async fn summary_of_input(
    store: &MongoStore,
    key: [&str; 3],
) -> Result<Option<Summary>, StoreError> {
    store
        .read("read a summary", |steps| {
            Box::pin(async move {
                let same = doc! { "_id": summary_key(key) };
                let found = steps.find_one("summaries", same, None).await?;
                found.map(|found| read_summary(&found)).transpose()
            })
        })
        .await
}

pub(super) async fn put_summaries(
    steps: &mut Steps<'_>,
    summaries: &[Summary],
) -> Result<(), Fault> {
    let mut updates = Vec::with_capacity(summaries.len());
    for summary in summaries {
        let key = summary_key([&summary.subject, &summary.language, &summary.input_hash]);
        let at = date(summary.at);
        let document = RawDocumentBuf::try_from(&doc! {
            "_id": &key,
            "subject": &summary.subject,
            "language": &summary.language,
            "input_hash": &summary.input_hash,
            "source": serialize_to_bson(&summary.source)?,
            "headline": &summary.headline,
            "text": &summary.text,
            "claims": serialize_to_bson(&summary.claims)?,
            "cautions": &summary.cautions,
            "facts": serialize_to_bson(&summary.facts)?,
            "facts_hash": &summary.facts_hash,
            "at": at,
            "created_at": at,
            "updated_at": at,
        })?;
        updates.push(Update::put(&key, &document));
    }
    steps.update("summaries", updates).await?;
    Ok(())
}

/// Returns an id whose order by bytes is that of the parts, one after the other.
///
/// The character between them comes before all others, since those that do not are written as two.
pub(super) fn summary_key(parts: [&str; 3]) -> String {
    let mut key = String::new();
    for (place, part) in parts.into_iter().enumerate() {
        if place > 0 {
            key.push('\u{1}');
        }
        for char in part.chars() {
            match char {
                '\0' => key.push_str("\u{2}0"),
                '\u{1}' => key.push_str("\u{2}1"),
                '\u{2}' => key.push_str("\u{2}2"),
                _ => key.push(char),
            }
        }
    }
    key
}

async fn newest_summary(
    steps: &mut Steps<'_>,
    subject: &str,
    language: &str,
) -> Result<Option<Summary>, Fault> {
    let first = summary_key([subject, language, ""]);
    let end = format!("{}\u{2}", &first[..first.len() - 1]);
    let args = FindArgs {
        sort: Some(doc! { "at": -1, "input_hash": 1 }),
        limit: Some(1),
        ..FindArgs::default()
    };
    let query = doc! { "_id": { "$gte": first, "$lt": end } };
    let found = steps.find("summaries", query, args).await?;
    found.first().map(|found| read_summary(found)).transpose()
}

/// Returns up to `limit` summaries behind an id in the order of their ids.
pub(super) async fn list_summaries(
    steps: &mut Steps<'_>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Summary>, Fault> {
    let found = behind(steps, "summaries", after, limit).await?;
    found.iter().map(|found| read_summary(found)).collect()
}

fn read_summary(document: &RawDocument) -> Result<Summary, Fault> {
    #[derive(Deserialize)]
    struct SummaryDocument {
        subject: String,
        language: String,
        input_hash: String,
        source: SummarySource,
        headline: String,
        text: String,
        claims: Vec<Claim>,
        cautions: Vec<String>,
        #[serde(default)]
        facts: Vec<Fact>,
        #[serde(default)]
        facts_hash: String,
        at: Ms,
    }
    let read: SummaryDocument = fields(document, "a summary")?;
    Ok(Summary {
        subject: read.subject,
        language: read.language,
        source: read.source,
        input_hash: read.input_hash,
        headline: read.headline,
        text: read.text,
        claims: read.claims,
        cautions: read.cautions,
        facts: read.facts,
        facts_hash: read.facts_hash,
        at: read.at.0,
    })
}

pub(super) async fn save_robots(
    store: &MongoStore,
    robots: &RobotsRecord,
) -> Result<(), StoreError> {
    store
        .write("save a robots.txt", |steps| {
            Box::pin(async move {
                put_robots(steps, std::slice::from_ref(robots)).await?;
                let oldest = robots.fetched_at.ms().saturating_sub(ROBOTS_KEPT_MS);
                let older = doc! { "fetched_at": { "$lt": date(UnixMs::new(oldest)) } };
                steps.delete("robots", older).await?;
                Ok(())
            })
        })
        .await
}

pub(super) async fn robots(
    store: &MongoStore,
    origin: &str,
    since: UnixMs,
) -> Result<Option<RobotsRecord>, StoreError> {
    store
        .read("read a robots.txt", |steps| {
            Box::pin(find_robots(steps, origin, since))
        })
        .await
}

pub(super) async fn put_robots(
    steps: &mut Steps<'_>,
    robots: &[RobotsRecord],
) -> Result<(), Fault> {
    let mut updates = Vec::with_capacity(robots.len());
    for robots in robots {
        let fetched_at = date(robots.fetched_at);
        let change = doc! {
            "$set": {
                "status": i32::from(robots.status),
                "body": &robots.body,
                "fetched_at": fetched_at,
                "created_at": fetched_at,
            },
            // By the server's clock, which decides when the document goes: a recorded time may be any.
            "$currentDate": { "updated_at": true },
        };
        updates.push(Update::upsert(doc! { "_id": &robots.origin }, change)?);
    }
    steps.update("robots", updates).await?;
    Ok(())
}

async fn find_robots(
    steps: &mut Steps<'_>,
    origin: &str,
    since: UnixMs,
) -> Result<Option<RobotsRecord>, Fault> {
    let query = doc! { "_id": origin, "fetched_at": { "$gte": date(since) } };
    let found = steps.find_one("robots", query, None).await?;
    found.map(|found| read_robots(&found)).transpose()
}

/// Returns up to `limit` robots.txt files behind an origin in the order of their origins.
pub(super) async fn list_robots(
    steps: &mut Steps<'_>,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<RobotsRecord>, Fault> {
    let found = behind(steps, "robots", after, limit).await?;
    found.iter().map(|found| read_robots(found)).collect()
}

fn read_robots(document: &RawDocument) -> Result<RobotsRecord, Fault> {
    #[derive(Deserialize)]
    struct RobotsDocument {
        #[serde(rename = "_id")]
        origin: String,
        status: u16,
        body: String,
        fetched_at: Ms,
    }
    let read: RobotsDocument = fields(document, "a robots.txt")?;
    Ok(RobotsRecord {
        origin: read.origin,
        status: read.status,
        body: read.body,
        fetched_at: read.fetched_at.0,
    })
}

/// Returns up to `limit` documents behind an id in the order of their ids.
pub(super) async fn behind(
    steps: &mut Steps<'_>,
    collection: &str,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<RawDocumentBuf>, Fault> {
    let query = match after {
        Some(after) => doc! { "_id": { "$gt": after } },
        None => doc! {},
    };
    let args = FindArgs {
        sort: Some(doc! { "_id": 1 }),
        limit: Some(limit),
        ..FindArgs::default()
    };
    steps.find(collection, query, args).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_ids_is_the_order_of_their_parts() {
        let texts = [
            "", "\0", "\0\0", "\u{1}", "\u{1}a", "\u{2}", "\u{2}1", "\u{3}", "a", "ab", "é",
        ];
        let mut parts = Vec::new();
        for one in texts {
            for two in texts {
                parts.push([one, two, "x"]);
            }
        }
        parts.sort_unstable();
        let keys: Vec<String> = parts.iter().map(|parts| summary_key(*parts)).collect();
        assert!(keys.is_sorted_by(|one, two| one < two));
    }
}
