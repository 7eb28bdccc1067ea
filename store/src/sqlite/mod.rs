//! A store in one SQLite file, or in memory.
//!
//! One thread writes and two read, each with a connection of its own; SQLite's log lets them, and other
//! processes, go on side by side. The tables are described in `schema.sql`.

mod codec;
mod crawl;
mod detail;
mod fault;
mod page;
mod product;
mod read;
mod records;
mod schema;
#[cfg(test)]
mod tests;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use catalog::{
    BegunCrawl, CrawlKey, CrawlReport, CrawlTicket, Currency, MetricsRow, Observation, Outcome,
    PageCounts, PageWrite, Problem, Product, ProductFilter, ProductId, ProductRow, Ranking, Shop,
    ShopKey, ShopStatus, Start, Store, StoreError, StoreStats, UnixMs,
};
use rusqlite::Transaction;

use self::fault::Fault;
use self::page::HashedPage;
use self::worker::Worker;
use crate::OpenMode;

#[derive(Debug)]
pub(crate) struct SqliteStore {
    location: String,
    /// `None` in memory.
    path: Option<PathBuf>,
    // Before the writer, so that they close first: the last connection moves the log into the file, and one
    // that only reads could not.
    readers: Vec<Worker>,
    next_reader: AtomicUsize,
    writer: Worker,
}

impl SqliteStore {
    pub(crate) async fn open(path: &str, mode: OpenMode) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|error| StoreError::Open {
            location: path.to_owned(),
            detail: error.to_string(),
        })?;
        let opened = tokio::task::spawn_blocking(move || {
            let location = path.display().to_string();
            let connections = schema::open_file(&path, &location, mode)?;
            let start = |connection| Worker::start("store-read", connection);
            let readers: Result<Vec<_>, _> = connections.readers.into_iter().map(start).collect();
            let started = readers.and_then(|readers| {
                Ok((readers, Worker::start("store-write", connections.writer)?))
            });
            let (readers, writer) = started.map_err(|error| no_thread(&error, &location))?;
            Ok(Self {
                location,
                path: Some(path),
                readers,
                next_reader: AtomicUsize::new(0),
                writer,
            })
        });
        opened.await.map_err(|error| StoreError::Open {
            location: "of this run".to_owned(),
            detail: error.to_string(),
        })?
    }

    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let location = ":memory:".to_owned();
        let opened = schema::open_memory();
        let connection = opened.map_err(|fault| fault.during("set up the schema", &location))?;
        let writer = Worker::start("store", connection);
        Ok(Self {
            path: None,
            readers: Vec::new(),
            next_reader: AtomicUsize::new(0),
            writer: writer.map_err(|error| no_thread(&error, &location))?,
            location,
        })
    }

    /// Runs `work` in one transaction that other writers wait for.
    ///
    /// Cancel-safe: see [`Worker::run`].
    async fn write<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let answer = self.writer.run(move |connection| {
            let tx = schema::begin_write(connection)?;
            let written = work(&tx)?;
            tx.commit()?;
            Ok(written)
        });
        answer
            .await
            .map_err(|fault: Fault| fault.during(doing, &self.location))
    }

    /// Runs `work` on one state of the store. Cancel-safe: it changes nothing.
    async fn read<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let reader = match self.readers.len() {
            0 => &self.writer,
            n_readers => &self.readers[turn % n_readers],
        };
        let answer = reader.run(move |connection| work(&connection.transaction()?));
        answer
            .await
            .map_err(|fault: Fault| fault.during(doing, &self.location))
    }
}

fn no_thread(error: &std::io::Error, location: &str) -> StoreError {
    StoreError::Open {
        location: location.to_owned(),
        detail: format!("cannot start a thread: {error}"),
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn location(&self) -> &str {
        &self.location
    }

    async fn begin_crawl(
        &self,
        shop: &Shop,
        start: Start,
        now: UnixMs,
    ) -> Result<BegunCrawl, StoreError> {
        let shop = shop.clone();
        self.write("begin a crawl", move |tx| {
            crawl::begin(tx, &shop, start, now)
        })
        .await
    }

    async fn apply_page(
        &self,
        ticket: &CrawlTicket,
        page: PageWrite,
    ) -> Result<PageCounts, StoreError> {
        let ticket = ticket.clone();
        let hashes = page.products.iter().map(Product::content_hash).collect();
        let hashed = Arc::new(HashedPage { page, hashes });
        // Shared, so that the many texts of a page are freed here and not while other writers wait.
        let shared = Arc::clone(&hashed);
        self.write("store a page", move |tx| page::apply(tx, &ticket, &shared))
            .await
    }

    async fn finish_crawl(
        &self,
        ticket: &CrawlTicket,
        outcome: Outcome,
        now: UnixMs,
    ) -> Result<CrawlReport, StoreError> {
        let ticket = ticket.clone();
        self.write("end a crawl", move |tx| {
            crawl::finish(tx, &ticket, outcome, now)
        })
        .await
    }

    async fn shops(&self) -> Result<Vec<ShopStatus>, StoreError> {
        self.read("list the shops", records::shops).await
    }

    async fn crawls(
        &self,
        shop: Option<&ShopKey>,
        limit: usize,
    ) -> Result<Vec<CrawlReport>, StoreError> {
        let shop = shop.cloned();
        self.read("list the crawls", move |tx| {
            records::crawls(tx, shop.as_ref(), limit)
        })
        .await
    }

    async fn problems(&self, crawl: &CrawlKey, limit: usize) -> Result<Vec<Problem>, StoreError> {
        let crawl = crawl.clone();
        self.read("list the problems", move |tx| {
            records::problems(tx, &crawl, limit)
        })
        .await
    }

    async fn products(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<ProductRow>, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.read("list the products", move |tx| {
            read::products(tx, &filter, after.as_ref(), limit)
        })
        .await
    }

    async fn product_rows(&self, ids: &[ProductId]) -> Result<Vec<ProductRow>, StoreError> {
        let ids = ids.to_vec();
        self.read("look up products", move |tx| read::product_rows(tx, &ids))
            .await
    }

    async fn product(&self, id: &ProductId) -> Result<Option<Product>, StoreError> {
        let id = id.clone();
        self.read("look up a product", move |tx| read::product(tx, &id))
            .await
    }

    async fn observations(
        &self,
        id: &ProductId,
        limit: usize,
    ) -> Result<Vec<Observation>, StoreError> {
        let id = id.clone();
        self.read("list the observations", move |tx| {
            read::observations(tx, &id, limit)
        })
        .await
    }

    async fn metrics(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<MetricsRow>, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.read("read the metrics", move |tx| {
            read::metrics_rows(tx, &filter, after.as_ref(), limit)
        })
        .await
    }

    async fn currencies(&self, filter: &ProductFilter) -> Result<Vec<Currency>, StoreError> {
        let filter = filter.clone();
        self.read("list the currencies", move |tx| {
            read::currencies(tx, &filter)
        })
        .await
    }

    async fn save_ranking(&self, ranking: &Ranking) -> Result<(), StoreError> {
        let ranking = ranking.clone();
        self.write("save a ranking", move |tx| {
            records::save_ranking(tx, &ranking)
        })
        .await
    }

    async fn latest_ranking(&self) -> Result<Option<Ranking>, StoreError> {
        self.read("read the latest ranking", records::latest_ranking)
            .await
    }

    async fn stats(&self) -> Result<StoreStats, StoreError> {
        let path = self.path.clone();
        self.read("count what is there", move |tx| {
            let mut stats = records::stats(tx)?;
            stats.size_bytes = path.map(|path| {
                let size = |path| std::fs::metadata(path).map_or(0, |it| it.len());
                size(schema::beside(&path, "-wal")) + size(path)
            });
            Ok(stats)
        })
        .await
    }
}
