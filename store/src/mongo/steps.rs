//! The commands that the store sends to the server: this module alone sends any.

use std::future::{Future, IntoFuture};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use mongodb::bson::raw::{CStr, cstr};
use mongodb::bson::{
    Bson, Document, RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc,
};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor, SessionRawBatchCursor};
use mongodb::{ClientSession, Collection, Database};

use super::fault::Fault;
pub(super) use super::statements::Update;
use super::statements::batches;

/// Commands that belong together: those of one transaction, where the server has any.
pub(super) struct Steps<'a> {
    database: &'a Database,
    session: Option<ClientSession>,
    limit: Duration,
    has_leftovers: bool,
}

/// How a list is read. The default reads all of all documents in no order.
#[derive(Default)]
pub(super) struct FindArgs {
    pub(super) projection: Option<Document>,
    pub(super) sort: Option<Document>,
    pub(super) limit: Option<usize>,
    pub(super) batch_size: Option<u32>,
}

/// What an `update` command met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Updated {
    pub(super) n_matched: u64,
    pub(super) n_upserted: u64,
}

/// A change of at most one document that also returns it.
pub(super) struct FindAndModify {
    pub(super) filter: Document,
    /// Update operators, or the stages of a pipeline.
    pub(super) change: Change,
    pub(super) upsert: bool,
    /// Returns the document as it is afterwards, not as it was.
    pub(super) returns_new: bool,
    pub(super) projection: Option<Document>,
}

pub(super) enum Change {
    Operators(Document),
    Pipeline(Vec<Document>),
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        database: &'a Database,
        session: Option<ClientSession>,
        limit: Duration,
    ) -> Self {
        Self {
            database,
            session,
            limit,
            has_leftovers: false,
        }
    }

    /// Expects documents in the place of new ones.
    pub(super) fn expect_leftovers(mut self) -> Self {
        self.has_leftovers = true;
        self
    }

    /// Returns whether what is new may be inserted, which is faster than to put it in the place of something.
    ///
    /// A document that is there after all ends the steps, and they are taken again without this.
    pub(super) const fn may_insert(&self) -> bool {
        !self.has_leftovers
    }

    /// Returns whether all of the steps take effect together or not at all.
    pub(super) const fn are_atomic(&self) -> bool {
        self.session.is_some()
    }

    /// Returns all documents that pass `filter`.
    pub(super) async fn find(
        &mut self,
        collection: &str,
        filter: Document,
        args: FindArgs,
    ) -> Result<Vec<RawDocumentBuf>, Fault> {
        let collection: Collection<RawDocumentBuf> = self.database.collection(collection);
        let mut find = collection.find(filter);
        if let Some(projection) = args.projection {
            find = find.projection(projection);
        }
        if let Some(sort) = args.sort {
            find = find.sort(sort);
        }
        if let Some(limit) = args.limit {
            // Zero means "no limit" to the server.
            if limit == 0 {
                return Ok(Vec::new());
            }
            find = find.limit(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        if let Some(batch_size) = args.batch_size {
            find = find.batch_size(batch_size);
        }
        match &mut self.session {
            Some(session) => {
                let cursor = within(self.limit, find.session(&mut *session).batch()).await?;
                drain_with(cursor, session, self.limit).await
            }
            None => drain(within(self.limit, find.batch()).await?, self.limit).await,
        }
    }

    /// Returns a document that passes `filter`.
    pub(super) async fn find_one(
        &mut self,
        collection: &str,
        filter: Document,
        projection: Option<Document>,
    ) -> Result<Option<RawDocumentBuf>, Fault> {
        let args = FindArgs {
            projection,
            limit: Some(1),
            ..FindArgs::default()
        };
        Ok(self.find(collection, filter, args).await?.pop())
    }

    /// Returns all results of a pipeline.
    pub(super) async fn aggregate(
        &mut self,
        collection: &str,
        pipeline: Vec<Document>,
    ) -> Result<Vec<RawDocumentBuf>, Fault> {
        let collection: Collection<RawDocumentBuf> = self.database.collection(collection);
        let aggregate = collection.aggregate(pipeline);
        match &mut self.session {
            Some(session) => {
                let cursor = within(self.limit, aggregate.session(&mut *session).batch()).await?;
                drain_with(cursor, session, self.limit).await
            }
            None => drain(within(self.limit, aggregate.batch()).await?, self.limit).await,
        }
    }

    /// Returns all results of a pipeline that is written as bytes; they come in batches of this many.
    pub(super) async fn aggregate_raw(
        &mut self,
        collection: &str,
        pipeline: RawArrayBuf,
        batch_size: usize,
    ) -> Result<Vec<RawDocumentBuf>, Fault> {
        let batch_size = i32::try_from(batch_size).unwrap_or(i32::MAX);
        let mut command = RawDocumentBuf::new();
        command.append(cstr!("aggregate"), collection);
        command.append(cstr!("pipeline"), pipeline);
        command.append(cstr!("cursor"), rawdoc! { "batchSize": batch_size });
        let run = self.database.run_raw_cursor_command(command);
        match &mut self.session {
            Some(session) => {
                let cursor = within(self.limit, run.session(&mut *session).batch()).await?;
                drain_with(cursor, session, self.limit).await
            }
            None => drain(within(self.limit, run.batch()).await?, self.limit).await,
        }
    }

    /// Returns the number of documents that pass `filter`.
    pub(super) async fn count(&mut self, collection: &str, filter: Document) -> Result<u64, Fault> {
        let pipeline = vec![doc! { "$match": filter }, doc! { "$count": "n" }];
        match self.aggregate(collection, pipeline).await?.first() {
            Some(counted) => number(counted, "n"),
            None => Ok(0),
        }
    }

    /// Makes changes in the given order, in one command unless they are too many or too big for that.
    pub(super) async fn update(
        &mut self,
        collection: &str,
        updates: Vec<Update>,
    ) -> Result<Updated, Fault> {
        let mut updated = Updated::default();
        let statements = updates.into_iter().map(|Update(statement)| statement);
        for batch in batches(statements) {
            let reply = self
                .write(collection, cstr!("update"), cstr!("updates"), &batch)
                .await?;
            let n_upserted = reply.get_array("upserted").map_or(0, Vec::len) as u64;
            updated.n_upserted += n_upserted;
            // The server counts documents that it made among those that it found.
            updated.n_matched += reply_number(&reply)?.saturating_sub(n_upserted);
        }
        Ok(updated)
    }

    /// Stores new documents.
    pub(super) async fn insert(
        &mut self,
        collection: &str,
        documents: Vec<RawDocumentBuf>,
    ) -> Result<(), Fault> {
        for batch in batches(documents.into_iter()) {
            self.write(collection, cstr!("insert"), cstr!("documents"), &batch)
                .await?;
        }
        Ok(())
    }

    /// Removes all documents that pass `filter`, and returns their number.
    pub(super) async fn delete(
        &mut self,
        collection: &str,
        filter: Document,
    ) -> Result<u64, Fault> {
        self.delete_each(collection, vec![filter]).await
    }

    /// Removes all documents that pass one of `filters`, and returns their number; for many ranges, since servers
    /// do not all use an index for alternatives.
    pub(super) async fn delete_each(
        &mut self,
        collection: &str,
        filters: Vec<Document>,
    ) -> Result<u64, Fault> {
        let statement = |filter| RawDocumentBuf::try_from(&doc! { "q": filter, "limit": 0 });
        let statements: Vec<RawDocumentBuf> = filters
            .into_iter()
            .map(statement)
            .collect::<Result<_, _>>()?;
        let mut n_removed = 0;
        for batch in batches(statements.into_iter()) {
            let reply = self
                .write(collection, cstr!("delete"), cstr!("deletes"), &batch)
                .await?;
            n_removed += reply_number(&reply)?;
        }
        Ok(n_removed)
    }

    /// Changes at most one document and returns it.
    pub(super) async fn find_and_modify(
        &mut self,
        collection: &str,
        args: FindAndModify,
    ) -> Result<Option<RawDocumentBuf>, Fault> {
        let mut command = doc! {
            "findAndModify": collection,
            "query": args.filter,
            "upsert": args.upsert,
            "new": args.returns_new,
        };
        match args.change {
            Change::Operators(operators) => command.insert("update", operators),
            Change::Pipeline(stages) => command.insert("update", stages),
        };
        if let Some(projection) = args.projection {
            command.insert("fields", projection);
        }
        let mut command = RawDocumentBuf::try_from(&command)?;
        self.add_concern(&mut command);
        let reply = self.run(command).await?;
        match reply.get_document("value") {
            Ok(value) => Ok(Some(RawDocumentBuf::try_from(value)?)),
            Err(_) => Ok(None),
        }
    }

    /// Runs any other command, outside of every transaction.
    pub(super) async fn command(&mut self, command: Document) -> Result<Document, Fault> {
        within(self.limit, self.database.run_command(command).into_future()).await
    }

    async fn write(
        &mut self,
        collection: &str,
        name: &CStr,
        list: &CStr,
        statements: &[RawDocumentBuf],
    ) -> Result<Document, Fault> {
        let mut array = RawArrayBuf::new();
        for statement in statements {
            array.push(&**statement);
        }
        let mut command = RawDocumentBuf::new();
        command.append(name, collection);
        command.append(cstr!("ordered"), true);
        self.add_concern(&mut command);
        command.append(list, array);
        let reply = self.run(command).await?;
        match Fault::of_write(&reply) {
            Some(fault) => Err(fault),
            None => Ok(reply),
        }
    }

    /// Asks for an answer only when most servers have the write in their logs; a transaction's commit does it itself.
    fn add_concern(&self, command: &mut RawDocumentBuf) {
        if self.session.is_none() {
            let mut concern = RawDocumentBuf::new();
            concern.append(cstr!("w"), "majority");
            concern.append(cstr!("j"), true);
            command.append(cstr!("writeConcern"), concern);
        }
    }

    async fn run(&mut self, command: RawDocumentBuf) -> Result<Document, Fault> {
        let run = self.database.run_raw_command(command);
        match &mut self.session {
            Some(session) => within(self.limit, run.session(session).into_future()).await,
            None => within(self.limit, run.into_future()).await,
        }
    }

    /// Returns the id of the session of all these steps.
    pub(super) fn session_id(&self) -> Option<Bson> {
        self.session.as_ref()?.id().get("id").cloned()
    }

    pub(super) fn into_session(self) -> Option<ClientSession> {
        self.session
    }
}

async fn drain(mut cursor: RawBatchCursor, limit: Duration) -> Result<Vec<RawDocumentBuf>, Fault> {
    let mut found = Vec::new();
    while let Some(batch) = next_batch(&mut cursor, limit).await? {
        take_documents(&batch, &mut found)?;
    }
    Ok(found)
}

async fn drain_with(
    mut cursor: SessionRawBatchCursor,
    session: &mut ClientSession,
    limit: Duration,
) -> Result<Vec<RawDocumentBuf>, Fault> {
    let mut found = Vec::new();
    let mut batches = cursor.stream(session);
    while let Some(batch) = next_batch(&mut batches, limit).await? {
        take_documents(&batch, &mut found)?;
    }
    Ok(found)
}

async fn next_batch(
    batches: &mut (impl Stream<Item = mongodb::error::Result<RawBatch>> + Unpin + Send),
    limit: Duration,
) -> Result<Option<RawBatch>, Fault> {
    within(limit, async { batches.next().await.transpose() }).await
}

fn take_documents(batch: &RawBatch, found: &mut Vec<RawDocumentBuf>) -> Result<(), Fault> {
    for document in batch.doc_slices()? {
        if let RawBsonRef::Document(document) = document? {
            found.push(document.to_owned());
        }
    }
    Ok(())
}

/// Waits for the server's answer, though not for ever.
pub(super) async fn within<T>(
    limit: Duration,
    command: impl Future<Output = mongodb::error::Result<T>> + Send,
) -> Result<T, Fault> {
    match tokio::time::timeout(limit, command).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(Fault::Silent(limit)),
    }
}

/// Returns the number `n` of a reply.
fn reply_number(reply: &Document) -> Result<u64, Fault> {
    number(
        &RawDocumentBuf::try_from(&doc! { "n": reply.get("n").cloned() })?,
        "n",
    )
}

/// Returns a whole number, however the server stores it.
pub(super) fn number(document: &RawDocument, field: &str) -> Result<u64, Fault> {
    use RawBsonRef::{Double, Int32, Int64};
    let read = match document.get(field)? {
        Some(Int32(number)) => u64::try_from(number).ok(),
        Some(Int64(number)) => u64::try_from(number).ok(),
        Some(Double(number)) if number >= 0.0 && number.fract() == 0.0 => Some(number as u64),
        _ => None,
    };
    read.ok_or_else(|| Fault::Damaged(format!("{field} is no whole number")))
}
