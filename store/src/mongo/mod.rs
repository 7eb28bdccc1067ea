//! A store in a MongoDB database.
//!
//! Reads and writes go through `MongoStore::read` and `MongoStore::write`:
//!
//! ```ignore
//! self.write("store a page", |steps| Box::pin(async move { page::apply(steps, ticket, page).await }))
//! ```
//!
//! where what is borrowed outlives the call, so owned values are bound to references first.

mod admin;
mod archive;
mod connect;
mod crawl;
mod decode;
mod decode_history;
mod fault;
mod features;
mod finish;
mod held;
mod hosts;
mod keys;
mod lease;
mod observe;
mod observed;
mod page;
mod places;
mod product;
mod rankings;
mod read;
mod records;
mod restore;
mod scan;
mod schema;
mod search;
mod sessions;
mod sight;
mod statements;
mod steps;
mod summaries;
mod tasks;
#[cfg(test)]
mod tests;
mod upgrade;
mod versions;
mod waiting;

use std::fmt;

use async_trait::async_trait;
use catalog::{
    BegunCrawl, CrawlKey, CrawlReport, CrawlTicket, Currency, FeatureRow, Forgotten, HostRecord,
    KnownPage, Lease, LeaseAnswer, MetricsRow, Observation, ObservationFilter, ObservationKey,
    ObservationOrder, ObservedRow, Outcome, PageCounts, PageWrite, PassNotes, PlaceInRanking,
    Problem, Product, ProductFilter, ProductId, ProductRow, Pruned, RankSource, Ranking,
    RankingHead, Record, RecordKey, RecordKind, RobotsRecord, SearchCursor, SearchPage,
    SearchQuery, Shop, ShopKey, ShopStatus, Start, Store, StoreError, StoreStats, Summary, UnixMs,
};
use mongodb::{Client, Database};

use self::connect::Limits;
use self::page::HashedPage;
use self::sessions::{Sessions, Takeover};

pub(crate) struct MongoStore {
    location: String,
    client: Client,
    database: Database,
    /// Whether the server has transactions: a replica set or a mongos.
    has_transactions: bool,
    limits: Limits,
    sessions: Sessions,
}

/// Shows where the data is, and nothing that the client knows beside that.
impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = &self.location;
        f.debug_struct("MongoStore")
            .field("location", location)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MongoStore {
    fn location(&self) -> &str {
        &self.location
    }

    async fn lease_shop(
        &self,
        shop: &ShopKey,
        owner: &str,
        ttl_ms: u64,
        dead_owner: Option<&str>,
    ) -> Result<LeaseAnswer, StoreError> {
        self.take_lease(Takeover {
            shop,
            owner,
            ttl_ms,
            dead_owner,
        })
        .await
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<Lease, StoreError> {
        self.in_order("renew a lease", |steps| {
            Box::pin(lease::renew(steps, lease, ttl_ms))
        })
        .await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.end_lease(lease).await
    }

    async fn lease_owners(&self) -> Result<Vec<String>, StoreError> {
        self.read("read who crawls", |steps| {
            Box::pin(records::lease_owners(steps))
        })
        .await
    }

    async fn begin_crawl(
        &self,
        lease: &Lease,
        shop: &Shop,
        start: Start,
        now: UnixMs,
    ) -> Result<BegunCrawl, StoreError> {
        self.write_under("begin a crawl", (&lease.shop, lease.epoch), |steps| {
            Box::pin(crawl::begin(steps, lease, shop, start, now))
        })
        .await
    }

    async fn apply_page(
        &self,
        ticket: &CrawlTicket,
        page: PageWrite,
    ) -> Result<PageCounts, StoreError> {
        let hashed = HashedPage::new(&page);
        let hashed = &hashed;
        let counts = self
            .write_under("store a page", lease_of(ticket), |steps| {
                Box::pin(page::apply(steps, ticket, hashed))
            })
            .await?;
        if let Some(entry) = &hashed.entry {
            self.in_order("write to a task", |steps| Box::pin(entry.tell(steps)))
                .await?;
        }
        Ok(counts)
    }

    async fn finish_crawl(
        &self,
        ticket: &CrawlTicket,
        outcome: Outcome,
        now: UnixMs,
    ) -> Result<CrawlReport, StoreError> {
        let outcome = &outcome;
        self.write_under("end a crawl", lease_of(ticket), |steps| {
            Box::pin(finish::finish(steps, ticket, outcome, now))
        })
        .await
    }

    async fn page_validators(&self, ticket: &CrawlTicket) -> Result<Vec<KnownPage>, StoreError> {
        self.read("look up the versions of pages", |steps| {
            Box::pin(versions::known_pages(steps, ticket))
        })
        .await
    }

    async fn products_on_page(
        &self,
        crawl: &CrawlKey,
        page: u32,
    ) -> Result<Vec<(ProductId, String)>, StoreError> {
        read::products_on_page(self, crawl, page).await
    }

    async fn missing_products(
        &self,
        ticket: &CrawlTicket,
        limit: usize,
    ) -> Result<Vec<(ProductId, String)>, StoreError> {
        self.read("look up what a crawl did not find", |steps| {
            Box::pin(finish::missing_products(steps, ticket, limit))
        })
        .await
    }

    async fn note_pass(&self, ticket: &CrawlTicket, notes: &PassNotes) -> Result<(), StoreError> {
        self.write_under("note what a crawl tells", lease_of(ticket), |steps| {
            Box::pin(crawl::note(steps, ticket, notes))
        })
        .await
    }

    async fn observe_ranks(
        &self,
        ticket: &CrawlTicket,
        ranks: &[(ProductId, u32)],
        n_read: Option<u32>,
        source: RankSource,
        at: UnixMs,
    ) -> Result<u64, StoreError> {
        self.write_under("store an order of products", lease_of(ticket), |steps| {
            Box::pin(observe::ranks(steps, ticket, (ranks, n_read), source, at))
        })
        .await
    }

    async fn add_shop(&self, shop: &Shop, now: UnixMs) -> Result<bool, StoreError> {
        admin::add_shop(self, shop, now).await
    }

    async fn pause_shop(&self, shop: &ShopKey, is_paused: bool) -> Result<bool, StoreError> {
        admin::pause_shop(self, shop, is_paused).await
    }

    async fn is_paused(&self, shop: &ShopKey) -> Result<Option<bool>, StoreError> {
        admin::is_paused(self, shop).await
    }

    async fn forget_shop(&self, shop: &ShopKey) -> Result<Option<Forgotten>, StoreError> {
        admin::forget_shop(self, shop).await
    }

    async fn shops(&self) -> Result<Vec<ShopStatus>, StoreError> {
        records::shops(self).await
    }

    async fn crawls(
        &self,
        shop: Option<&ShopKey>,
        limit: usize,
    ) -> Result<Vec<CrawlReport>, StoreError> {
        records::crawls(self, shop, limit).await
    }

    async fn problems(&self, crawl: &CrawlKey, limit: usize) -> Result<Vec<Problem>, StoreError> {
        records::problems(self, crawl, limit).await
    }

    async fn products(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<ProductRow>, StoreError> {
        read::products(self, filter, after, limit).await
    }

    async fn product_rows(&self, ids: &[ProductId]) -> Result<Vec<ProductRow>, StoreError> {
        read::product_rows(self, ids).await
    }

    async fn product(&self, id: &ProductId) -> Result<Option<Product>, StoreError> {
        read::product(self, id).await
    }

    async fn observations(
        &self,
        id: &ProductId,
        limit: usize,
    ) -> Result<Vec<Observation>, StoreError> {
        read::observations(self, id, limit).await
    }

    async fn observed(
        &self,
        filter: &ObservationFilter,
        order: ObservationOrder,
        after: Option<&ObservationKey>,
        limit: usize,
    ) -> Result<Vec<ObservedRow>, StoreError> {
        observed::observed(self, filter, order, after, limit).await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        search::search(self, query, after, limit).await
    }

    async fn prune(
        &self,
        before: UnixMs,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Pruned, StoreError> {
        admin::prune(self, before, after, limit).await
    }

    async fn metrics(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<MetricsRow>, StoreError> {
        read::metrics(self, filter, after, limit).await
    }

    async fn features(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<FeatureRow>, StoreError> {
        features::features(self, filter, after, limit).await
    }

    async fn currencies(&self, filter: &ProductFilter) -> Result<Vec<Currency>, StoreError> {
        read::currencies(self, filter).await
    }

    async fn save_ranking(&self, ranking: &Ranking) -> Result<(), StoreError> {
        rankings::save_ranking(self, ranking).await
    }

    async fn latest_ranking(&self) -> Result<Option<Ranking>, StoreError> {
        rankings::latest_ranking(self).await
    }

    async fn latest_ranking_in_brief(&self) -> Result<Option<Ranking>, StoreError> {
        rankings::latest_ranking_in_brief(self).await
    }

    async fn ranking_heads(&self, limit: usize) -> Result<Vec<RankingHead>, StoreError> {
        places::ranking_heads(self, limit).await
    }

    async fn ranking(&self, at: UnixMs, preset: &str) -> Result<Option<Ranking>, StoreError> {
        places::ranking(self, at, preset).await
    }

    async fn places_of(
        &self,
        id: &ProductId,
        since: UnixMs,
        limit: usize,
    ) -> Result<Vec<PlaceInRanking>, StoreError> {
        places::places_of(self, id, since, limit).await
    }

    async fn products_of_handle(
        &self,
        handle: &str,
        shop: Option<&ShopKey>,
        limit: usize,
    ) -> Result<Vec<ProductRow>, StoreError> {
        read::products_of_handle(self, handle, shop, limit).await
    }

    async fn save_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        summaries::save_summary(self, summary).await
    }

    async fn summary(&self, subject: &str, language: &str) -> Result<Option<Summary>, StoreError> {
        summaries::summary(self, subject, language).await
    }

    async fn summary_of_input(
        &self,
        subject: &str,
        language: &str,
        input_hash: &str,
    ) -> Result<Option<Summary>, StoreError> {
        summaries::summary_of_input(self, [subject, language, input_hash]).await
    }

    async fn save_robots(&self, robots: &RobotsRecord) -> Result<(), StoreError> {
        summaries::save_robots(self, robots).await
    }

    async fn robots(
        &self,
        origin: &str,
        since: UnixMs,
    ) -> Result<Option<RobotsRecord>, StoreError> {
        summaries::robots(self, origin, since).await
    }

    async fn save_hosts(&self, hosts: &[HostRecord]) -> Result<(), StoreError> {
        hosts::save(self, hosts).await
    }

    async fn hosts(&self, names: &[String]) -> Result<Vec<HostRecord>, StoreError> {
        hosts::hosts(self, names).await
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        archive::records(self, kind, after, limit).await
    }

    async fn put_records(&self, records: Vec<Record>) -> Result<(), StoreError> {
        archive::put_records(self, records).await
    }

    async fn stats(&self) -> Result<StoreStats, StoreError> {
        records::stats(self).await
    }
}

/// Returns the shop and the epoch of the lease under which a ticket was given.
fn lease_of(ticket: &CrawlTicket) -> (&ShopKey, u64) {
    (&ticket.crawl.shop, ticket.epoch)
}
