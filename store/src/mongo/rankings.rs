//! Keeps rankings. Their rows stand in documents of their own, since they may be more than one document can hold.

use std::hash::{DefaultHasher, Hash, Hasher};

use catalog::{
    ListStability, MAX_RANKINGS, PopularitySource, ProductFilter, ProductId, RankedRow, Ranking,
    StoreError, UnixMs,
};
use mongodb::bson::raw::cstr;
use mongodb::bson::{
    Document, RawArrayBuf, RawDocument, RawDocumentBuf, doc, serialize_to_bson,
    serialize_to_raw_document_buf,
};
use serde::Deserialize;

use super::MongoStore;
use super::decode::{Ms, fields};
use super::fault::Fault;
use super::product::date;
use super::steps::{FindArgs, Steps, Update};
use crate::brief::BriefRow;

/// The bytes of rows from which on a document takes no more.
const ENOUGH_BYTES: usize = 4_000_000;

/// How often a ranking is read that another process replaces in the meantime.
pub(super) const MAX_READINGS: usize = 5;

pub(super) async fn save_ranking(store: &MongoStore, ranking: &Ranking) -> Result<(), StoreError> {
    store
        .write("save a ranking", |steps| {
            Box::pin(async move {
                put(steps, ranking).await?;
                forget_oldest(steps).await
            })
        })
        .await
}

pub(super) async fn latest_ranking(store: &MongoStore) -> Result<Option<Ranking>, StoreError> {
    store
        .read("read the latest ranking", |steps| Box::pin(latest(steps)))
        .await
}

pub(super) async fn latest_ranking_in_brief(
    store: &MongoStore,
) -> Result<Option<Ranking>, StoreError> {
    store
        .read("read the latest ranking", |steps| {
            Box::pin(latest_in_brief(steps))
        })
        .await
}

/// Stores a ranking: the rows first, then the document that names them, then the earlier rows go.
pub(super) async fn put(steps: &mut Steps<'_>, ranking: &Ranking) -> Result<(), Fault> {
    let rows = encode_rows(ranking)?;
    let id = id(ranking.at, &ranking.preset);
    let version = version(&rows);
    let at = date(ranking.at);
    let mut updates = Vec::new();
    for (place, rows) in in_documents(&rows).into_iter().enumerate() {
        let key = format!("{}{version} {place:06}", rows_prefix(&id));
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), key.as_str());
        document.append(cstr!("ranking"), id.as_str());
        document.append(cstr!("version"), version.as_str());
        document.append(cstr!("rows"), rows);
        document.append(cstr!("created_at"), at);
        document.append(cstr!("updated_at"), at);
        updates.push(Update::put(&key, &document));
    }
    steps.update("ranking_rows", updates).await?;
    let head = RawDocumentBuf::try_from(&doc! {
        "_id": &id,
        "at": at,
        "preset": &ranking.preset,
        "features": &ranking.features,
        "weights": &ranking.weights,
        "n_ranked": i64::try_from(ranking.n_ranked).unwrap_or(i64::MAX),
        "popularity_source": serialize_to_bson(&ranking.popularity_source)?,
        "filter": serialize_to_bson(&ranking.filter)?,
        "stability": serialize_to_bson(&ranking.stability)?,
        "n_rows": i64::try_from(rows.len()).unwrap_or(i64::MAX),
        "version": &version,
        "created_at": at,
        "updated_at": at,
    })?;
    steps
        .update("rankings", vec![Update::put(&id, &head)])
        .await?;
    let mut earlier = rows_of(&id);
    earlier.insert("version", doc! { "$ne": version });
    steps.delete("ranking_rows", earlier).await?;
    Ok(())
}

pub(super) fn id(at: UnixMs, preset: &str) -> String {
    format!("{} {preset}", at.ms())
}

fn rows_prefix(id: &str) -> String {
    format!("{id}\u{1}")
}

/// Returns a query for the rows of a ranking. The field alone would do; the ids are in an index.
pub(super) fn rows_of(id: &str) -> Document {
    doc! {
        "_id": { "$gte": rows_prefix(id), "$lt": format!("{id}\u{2}") },
        "ranking": id,
    }
}

/// Returns the rows as documents, after a look whether they can be read back.
fn encode_rows(ranking: &Ranking) -> Result<Vec<RawDocumentBuf>, Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::Failed(error.to_string());
    let is_finite = |row: &RankedRow| {
        let metrics = &row.product.metrics;
        let numbers = [
            row.score,
            row.coverage,
            metrics.available_ratio,
            metrics.avg_price,
        ];
        numbers
            .iter()
            .chain(&row.contributions)
            .chain(row.stability.as_ref().map(|it| &it.p_top_k))
            .all(|it| it.is_finite())
    };
    let of_list = ranking.stability.as_ref();
    let of_list = of_list.map_or([0.0; 2], |it| [it.overlap_mean, it.overlap_min]);
    let all_finite = ranking
        .weights
        .iter()
        .chain(&of_list)
        .all(|it| it.is_finite());
    if !all_finite || !ranking.rows.iter().all(is_finite) {
        let detail = "a number of the ranking is not finite".to_owned();
        return Err(Fault::Failed(detail));
    }
    let mut encoded = Vec::with_capacity(ranking.rows.len());
    for row in &ranking.rows {
        let document = serialize_to_raw_document_buf(row).map_err(|error| failed(&error))?;
        let read: RankedRow = fields(&document, "a row")
            .map_err(|_| Fault::Failed(format!("{} cannot be ranked", row.product.id)))?;
        if read != *row {
            return Err(failed(&format!("{} cannot be ranked", row.product.id)));
        }
        encoded.push(document);
    }
    Ok(encoded)
}

/// Names rows by what they hold, so that those of two rankings never mix, and the same ones are stored once.
fn version(rows: &[RawDocumentBuf]) -> String {
    let mut hasher = DefaultHasher::new();
    for row in rows {
        row.as_bytes().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn in_documents(rows: &[RawDocumentBuf]) -> Vec<RawArrayBuf> {
    let mut documents = Vec::new();
    let mut rows = rows.iter().peekable();
    while rows.peek().is_some() {
        let mut document = RawArrayBuf::new();
        while document.as_bytes().len() < ENOUGH_BYTES
            && let Some(row) = rows.next()
        {
            document.push(&**row);
        }
        documents.push(document);
    }
    documents
}

async fn forget_oldest(steps: &mut Steps<'_>) -> Result<(), Fault> {
    let heads = heads(steps, None).await?;
    for head in heads.iter().skip(MAX_RANKINGS as usize) {
        steps.delete("rankings", doc! { "_id": &head.id }).await?;
        steps.delete("ranking_rows", rows_of(&head.id)).await?;
    }
    Ok(())
}

/// A ranking without its rows.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    #[serde(rename = "_id")]
    pub(super) id: String,
    pub(super) at: Ms,
    pub(super) preset: String,
    features: Vec<String>,
    weights: Vec<f64>,
    n_ranked: u64,
    popularity_source: PopularitySource,
    // Both are missing in rankings of old.
    #[serde(default)]
    filter: Option<ProductFilter>,
    #[serde(default)]
    stability: Option<ListStability>,
    pub(super) n_rows: usize,
    pub(super) version: String,
}

impl Head {
    /// Returns a mark of all that the ranking holds: of its rows by their version, and of what stands beside them.
    pub(super) fn stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let (list, filter) = (&self.stability, &self.filter);
        let beside = (&self.features, &self.weights, self.n_ranked, list, filter);
        format!("{beside:?} {:?}", self.popularity_source).hash(&mut hasher);
        self.version.hash(&mut hasher);
        hasher.finish()
    }

    fn with(self, rows: Vec<RankedRow>) -> Ranking {
        Ranking {
            at: self.at.0,
            preset: self.preset,
            features: self.features,
            weights: self.weights,
            n_ranked: self.n_ranked,
            popularity_source: self.popularity_source,
            filter: self.filter,
            stability: self.stability,
            rows,
        }
    }
}

/// Returns what there is of rankings but their rows, newest first.
pub(super) async fn heads(steps: &mut Steps<'_>, limit: Option<usize>) -> Result<Vec<Head>, Fault> {
    let args = FindArgs {
        sort: Some(doc! { "at": -1, "preset": 1 }),
        limit,
        ..FindArgs::default()
    };
    let heads = steps.find("rankings", doc! {}, args).await?;
    heads.iter().map(|head| fields(head, "a ranking")).collect()
}

async fn latest(steps: &mut Steps<'_>) -> Result<Option<Ranking>, Fault> {
    for _ in 0..MAX_READINGS {
        let Some(head) = heads(steps, Some(1)).await?.pop() else {
            return Ok(None);
        };
        if let Some(ranking) = with_rows(steps, head).await? {
            return Ok(Some(ranking));
        }
    }
    Err(without_rows("the latest ranking"))
}

async fn latest_in_brief(steps: &mut Steps<'_>) -> Result<Option<Ranking>, Fault> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<BriefRow>,
    }
    for _ in 0..MAX_READINGS {
        let Some(head) = heads(steps, Some(1)).await?.pop() else {
            return Ok(None);
        };
        let mut only = doc! { "rows.product.id": 1 };
        for field in [
            "rank",
            "score",
            "coverage",
            "contributions",
            "rank_uncapped",
            "stability",
        ] {
            only.insert(format!("rows.{field}"), 1);
        }
        let mut rows = Vec::with_capacity(head.n_rows);
        for document in row_documents(steps, &head, Some(only)).await? {
            let read: Rows = fields(&document, "the rows of a ranking")?;
            rows.extend(read.rows.into_iter().map(RankedRow::from));
        }
        if rows.len() == head.n_rows {
            return Ok(Some(head.with(rows)));
        }
    }
    Err(without_rows("the latest ranking"))
}

/// Returns up to `limit` rankings behind `after` in the order of time and preset.
pub(super) async fn list(
    steps: &mut Steps<'_>,
    after: Option<(UnixMs, &str)>,
    limit: usize,
) -> Result<Vec<Ranking>, Fault> {
    let mut heads = heads(steps, None).await?;
    heads.sort_by(|one, two| (one.at.0, &one.preset).cmp(&(two.at.0, &two.preset)));
    heads.retain(|head| after.is_none_or(|after| (head.at.0, head.preset.as_str()) > after));
    let mut found = Vec::new();
    for head in heads.into_iter().take(limit) {
        let id = head.id.clone();
        let ranking = with_rows(steps, head).await?;
        found.push(ranking.ok_or_else(|| without_rows(&id))?);
    }
    Ok(found)
}

pub(super) fn without_rows(id: &str) -> Fault {
    Fault::Damaged(format!("not all rows of a ranking are there: {id}"))
}

/// Returns the whole ranking, `None` where it was replaced since.
pub(super) async fn with_rows(steps: &mut Steps<'_>, head: Head) -> Result<Option<Ranking>, Fault> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<RankedRow>,
    }
    let mut rows = Vec::with_capacity(head.n_rows);
    for document in row_documents(steps, &head, None).await? {
        let read: Rows = fields(&document, "the rows of a ranking")?;
        rows.extend(read.rows);
    }
    if rows.len() != head.n_rows {
        return Ok(None);
    }
    Ok(Some(head.with(rows)))
}

async fn row_documents(
    steps: &mut Steps<'_>,
    head: &Head,
    projection: Option<Document>,
) -> Result<Vec<RawDocumentBuf>, Fault> {
    let mut query = rows_of(&head.id);
    query.insert("version", &head.version);
    let args = FindArgs {
        projection,
        sort: Some(doc! { "_id": 1 }),
        ..FindArgs::default()
    };
    steps.find("ranking_rows", query, args).await
}

/// Returns the places of the latest ranking, in its order; none without a ranking.
pub(super) async fn latest_places(steps: &mut Steps<'_>) -> Result<Vec<(u32, ProductId)>, Fault> {
    for _ in 0..MAX_READINGS {
        let Some(head) = heads(steps, Some(1)).await?.pop() else {
            return Ok(Vec::new());
        };
        let only = doc! { "rows.rank": 1, "rows.product.id": 1 };
        let mut places = Vec::with_capacity(head.n_rows);
        for document in row_documents(steps, &head, Some(only)).await? {
            places.extend(places_of(&document)?);
        }
        if places.len() == head.n_rows {
            return Ok(places);
        }
    }
    Err(without_rows("the latest ranking"))
}

fn places_of(document: &RawDocument) -> Result<Vec<(u32, ProductId)>, Fault> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        rank: u32,
        product: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        id: ProductId,
    }
    let read: Rows = fields(document, "the rows of a ranking")?;
    let places = read.rows.into_iter();
    Ok(places.map(|row| (row.rank, row.product.id)).collect())
}
