//! Looks up rankings by their names, and a product's places in them.

use catalog::{PlaceInRanking, ProductId, Ranking, RankingHead, StoreError, UnixMs};
use mongodb::bson::doc;

use super::MongoStore;
use super::decode::fields;
use super::fault::Fault;
use super::rankings::{self, Head, MAX_READINGS, rows_of, with_rows, without_rows};
use super::steps::{FindArgs, Steps};
use crate::brief::Places;

pub(super) async fn ranking_heads(
    store: &MongoStore,
    limit: usize,
) -> Result<Vec<RankingHead>, StoreError> {
    store
        .read("list the rankings", |steps| {
            Box::pin(async move {
                let mut heads = rankings::heads(steps, None).await?;
                heads.truncate(limit);
                let name = |head: Head| RankingHead {
                    at: head.at.0,
                    n_places: head.n_rows as u64,
                    stamp: head.stamp(),
                    preset: head.preset,
                };
                Ok(heads.into_iter().map(name).collect())
            })
        })
        .await
}

pub(super) async fn ranking(
    store: &MongoStore,
    at: UnixMs,
    preset: &str,
) -> Result<Option<Ranking>, StoreError> {
    store
        .read("read a ranking", |steps| {
            Box::pin(find_ranking(steps, at, preset))
        })
        .await
}

pub(super) async fn places_of(
    store: &MongoStore,
    id: &ProductId,
    since: UnixMs,
    limit: usize,
) -> Result<Vec<PlaceInRanking>, StoreError> {
    store
        .read("look up places in rankings", |steps| {
            Box::pin(find_places(steps, id, since, limit))
        })
        .await
}

async fn find_ranking(
    steps: &mut Steps<'_>,
    at: UnixMs,
    preset: &str,
) -> Result<Option<Ranking>, Fault> {
    let id = rankings::id(at, preset);
    for _ in 0..MAX_READINGS {
        let head = steps
            .find_one("rankings", doc! { "_id": &id }, None)
            .await?;
        let Some(head) = head else {
            return Ok(None);
        };
        if let Some(ranking) = with_rows(steps, fields(&head, "a ranking")?).await? {
            return Ok(Some(ranking));
        }
    }
    Err(without_rows(&id))
}

async fn find_places(
    steps: &mut Steps<'_>,
    id: &ProductId,
    since: UnixMs,
    limit: usize,
) -> Result<Vec<PlaceInRanking>, Fault> {
    let mut found = Vec::new();
    for head in rankings::heads(steps, None).await? {
        if head.at.0 < since || found.len() >= limit {
            break;
        }
        // The rows stand by the thousand in a document: the server sends those with the product alone.
        let mut query = rows_of(&head.id);
        query.insert("version", &head.version);
        query.insert("rows.product.id", id.to_string());
        let args = FindArgs {
            projection: Some(doc! { "rows.rank": 1, "rows.score": 1, "rows.product.id": 1 }),
            limit: Some(1),
            ..FindArgs::default()
        };
        for document in steps.find("ranking_rows", query, args).await? {
            let places: Places = fields(&document, "the rows of a ranking")?;
            found.extend(places.of(id).map(|(rank, score)| PlaceInRanking {
                at: head.at.0,
                preset: head.preset.clone(),
                rank,
                score,
            }));
        }
    }
    Ok(found)
}
