//! Statements of commands that write, and how many of them one command takes.

use mongodb::bson::raw::cstr;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};

use super::fault::Fault;

/// The most bytes of one command: a server refuses more than 16 MiB.
const MAX_COMMAND_BYTES: usize = 16_000_000;

/// The most statements or documents of one command.
const MAX_STATEMENTS: usize = 100_000;

/// One statement of an `update` command.
pub(super) struct Update(pub(super) RawDocumentBuf);

impl Update {
    /// Stores `document` in place of the one with this id, or as a new one.
    pub(super) fn put(id: &str, document: &RawDocument) -> Self {
        let mut query = RawDocumentBuf::new();
        query.append(cstr!("_id"), id);
        let mut statement = RawDocumentBuf::new();
        statement.append(cstr!("q"), query);
        statement.append(cstr!("u"), document);
        statement.append(cstr!("upsert"), true);
        Self(statement)
    }

    /// Changes one document that passes `filter`.
    pub(super) fn one(filter: Document, operators: Document) -> Result<Self, Fault> {
        Self::of(&doc! { "q": filter, "u": operators })
    }

    /// Changes all documents that pass `filter`.
    pub(super) fn many(filter: Document, operators: Document) -> Result<Self, Fault> {
        Self::of(&doc! { "q": filter, "u": operators, "multi": true })
    }

    /// Changes one document that passes `filter`, or makes one.
    pub(super) fn upsert(filter: Document, operators: Document) -> Result<Self, Fault> {
        Self::of(&doc! { "q": filter, "u": operators, "upsert": true })
    }

    /// Makes a statement of its own kind; see the server's description of `update`.
    pub(super) fn of(statement: &Document) -> Result<Self, Fault> {
        Ok(Self(RawDocumentBuf::try_from(statement)?))
    }
}

/// Puts statements together, as many as one command may have.
pub(super) fn batches(
    statements: impl Iterator<Item = RawDocumentBuf>,
) -> impl Iterator<Item = Vec<RawDocumentBuf>> {
    /// Type, key and terminator of an element in the list.
    const ELEMENT_BYTES: usize = 9;
    let mut statements = statements.peekable();
    std::iter::from_fn(move || {
        let mut batch = vec![statements.next()?];
        let mut size = batch[0].as_bytes().len();
        while batch.len() < MAX_STATEMENTS
            && let Some(statement) = statements.next_if(|statement| {
                size + statement.as_bytes().len() + ELEMENT_BYTES <= MAX_COMMAND_BYTES
            })
        {
            size += statement.as_bytes().len() + ELEMENT_BYTES;
            batch.push(statement);
        }
        Some(batch)
    })
}
