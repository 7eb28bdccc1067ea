//! The trait: every method is one transaction, whose work stands in the module that it names; but for `places_of`, which
//! is one for each ranking.

use std::sync::Arc;

use async_trait::async_trait;
use catalog::{
    BegunCrawl, CrawlKey, CrawlReport, CrawlTicket, Currency, FeatureRow, Forgotten, HostRecord,
    KnownPage, Lease, LeaseAnswer, MetricsRow, Observation, ObservationFilter, ObservationKey,
    ObservationOrder, ObservedRow, Outcome, PageCounts, PageWrite, PassNotes, PlaceInRanking,
    Problem, Product, ProductFilter, ProductId, ProductRow, Pruned, RankSource, Ranking,
    RankingHead, Record, RecordKey, RecordKind, RobotsRecord, SearchCursor, SearchPage,
    SearchQuery, Shop, ShopKey, ShopStatus, Start, Store, StoreError, StoreStats, Summary, UnixMs,
};

use super::page::HashedPage;
use super::{
    SqliteStore, admin, archive, crawl, features, finish, hosts, leases, observed, page, rankings,
    ranks, read, records, restore, schema, search, versions,
};

#[async_trait]
impl Store for SqliteStore {
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
        let (shop, owner) = (shop.clone(), owner.to_owned());
        let dead_owner = dead_owner.map(ToOwned::to_owned);
        self.write("lease a shop", move |tx| {
            leases::lease_shop(tx, &shop, &owner, ttl_ms, dead_owner.as_deref())
        })
        .await
    }

    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<Lease, StoreError> {
        let lease = lease.clone();
        self.write("renew a lease", move |tx| leases::renew(tx, &lease, ttl_ms))
            .await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.write("release a lease", move |tx| leases::release(tx, &lease))
            .await
    }

    async fn lease_owners(&self) -> Result<Vec<String>, StoreError> {
        self.read("read who crawls", leases::owners).await
    }

    async fn begin_crawl(
        &self,
        lease: &Lease,
        shop: &Shop,
        start: Start,
        now: UnixMs,
    ) -> Result<BegunCrawl, StoreError> {
        let (lease, shop) = (lease.clone(), shop.clone());
        self.write("begin a crawl", move |tx| {
            crawl::begin(tx, &lease, &shop, start, now)
        })
        .await
    }

    async fn apply_page(
        &self,
        ticket: &CrawlTicket,
        page: PageWrite,
    ) -> Result<PageCounts, StoreError> {
        let ticket = ticket.clone();
        let hashes = page
            .products
            .iter()
            .map(|product| product.content_hash().0)
            .collect();
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
            finish::finish(tx, &ticket, outcome.clone(), now)
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

    async fn features(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<FeatureRow>, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.read("read the features", move |tx| {
            features::features(tx, &filter, after.as_ref(), limit)
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
            rankings::save_ranking(tx, &ranking)
        })
        .await
    }

    async fn latest_ranking(&self) -> Result<Option<Ranking>, StoreError> {
        self.read("read the latest ranking", rankings::latest_ranking)
            .await
    }

    async fn latest_ranking_in_brief(&self) -> Result<Option<Ranking>, StoreError> {
        let read = rankings::latest_ranking_in_brief;
        self.read("read the latest ranking", read).await
    }

    async fn page_validators(&self, ticket: &CrawlTicket) -> Result<Vec<KnownPage>, StoreError> {
        let ticket = ticket.clone();
        self.read("look up the versions of pages", move |tx| {
            versions::known_pages(tx, &ticket)
        })
        .await
    }

    async fn products_on_page(
        &self,
        crawl: &CrawlKey,
        page: u32,
    ) -> Result<Vec<(ProductId, String)>, StoreError> {
        let crawl = crawl.clone();
        self.read("read a page of a crawl", move |tx| {
            read::products_on_page(tx, &crawl, page)
        })
        .await
    }

    async fn missing_products(
        &self,
        ticket: &CrawlTicket,
        limit: usize,
    ) -> Result<Vec<(ProductId, String)>, StoreError> {
        let ticket = ticket.clone();
        self.read("look up what a crawl did not find", move |tx| {
            finish::missing_products(tx, &ticket, limit)
        })
        .await
    }

    async fn note_pass(&self, ticket: &CrawlTicket, notes: &PassNotes) -> Result<(), StoreError> {
        let (ticket, notes) = (ticket.clone(), notes.clone());
        self.write("note what a crawl tells", move |tx| {
            crawl::note(tx, &ticket, &notes)
        })
        .await
    }

    async fn save_hosts(&self, hosts: &[HostRecord]) -> Result<(), StoreError> {
        if hosts.is_empty() {
            return Ok(());
        }
        let hosts = hosts.to_vec();
        self.write("save what hosts taught", move |tx| hosts::save(tx, &hosts))
            .await
    }

    async fn hosts(&self, names: &[String]) -> Result<Vec<HostRecord>, StoreError> {
        let names = names.to_vec();
        self.read("look up hosts", move |tx| hosts::hosts(tx, &names))
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
        let (ticket, ranks) = (ticket.clone(), ranks.to_vec());
        self.write("observe ranks", move |tx| {
            ranks::observe_ranks(tx, &ticket, (&ranks, n_read), source, at)
        })
        .await
    }

    async fn add_shop(&self, shop: &Shop, _now: UnixMs) -> Result<bool, StoreError> {
        let shop = shop.clone();
        self.write("add a shop", move |tx| admin::add_shop(tx, &shop))
            .await
    }

    async fn pause_shop(&self, shop: &ShopKey, is_paused: bool) -> Result<bool, StoreError> {
        let shop = shop.clone();
        self.write("pause a shop", move |tx| {
            admin::pause_shop(tx, &shop, is_paused)
        })
        .await
    }

    async fn is_paused(&self, shop: &ShopKey) -> Result<Option<bool>, StoreError> {
        let shop = shop.clone();
        self.read("look at a shop", move |tx| admin::is_paused(tx, &shop))
            .await
    }

    async fn forget_shop(&self, shop: &ShopKey) -> Result<Option<Forgotten>, StoreError> {
        let shop = shop.clone();
        self.write("forget a shop", move |tx| admin::forget_shop(tx, &shop))
            .await
    }

    async fn observed(
        &self,
        filter: &ObservationFilter,
        order: ObservationOrder,
        after: Option<&ObservationKey>,
        limit: usize,
    ) -> Result<Vec<ObservedRow>, StoreError> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.read("list what was observed", move |tx| {
            observed::observed(tx, &filter, order, after.as_ref(), limit)
        })
        .await
    }

    async fn search(
        &self,
        query: &SearchQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<SearchPage, StoreError> {
        let (query, after) = (query.clone(), after.cloned());
        let places = self.places.clone();
        self.read("search", move |tx| {
            let how = (&places, search::Limits::default());
            search::search(tx, how, &query, after.as_ref(), limit)
        })
        .await
    }

    async fn prune(
        &self,
        before: UnixMs,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Pruned, StoreError> {
        let after = after.cloned();
        self.write("prune the history", move |tx| {
            admin::prune(tx, before, after.as_ref(), limit)
        })
        .await
    }

    async fn ranking_heads(&self, limit: usize) -> Result<Vec<RankingHead>, StoreError> {
        self.read("list the rankings", move |tx| rankings::heads(tx, limit))
            .await
    }

    async fn ranking(&self, at: UnixMs, preset: &str) -> Result<Option<Ranking>, StoreError> {
        let preset = preset.to_owned();
        self.read("read a ranking", move |tx| {
            rankings::ranking(tx, at, &preset)
        })
        .await
    }

    async fn places_of(
        &self,
        id: &ProductId,
        since: UnixMs,
        limit: usize,
    ) -> Result<Vec<PlaceInRanking>, StoreError> {
        const DOING: &str = "look up places in rankings";
        let heads = self.read(DOING, |tx| rankings::heads(tx, usize::MAX));
        let mut found = Vec::new();
        for head in heads.await? {
            if head.at < since || found.len() >= limit {
                break;
            }
            // Each ranking on its own: all of them together would keep a connection from others for seconds.
            let id = id.clone();
            let place = self.read(DOING, move |tx| rankings::place_in(tx, head, &id));
            found.extend(place.await?);
        }
        Ok(found)
    }

    async fn products_of_handle(
        &self,
        handle: &str,
        shop: Option<&ShopKey>,
        limit: usize,
    ) -> Result<Vec<ProductRow>, StoreError> {
        let (handle, shop) = (handle.to_owned(), shop.cloned());
        self.read("look up a handle", move |tx| {
            read::products_of_handle(tx, &handle, shop.as_ref(), limit)
        })
        .await
    }

    async fn save_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        let summary = summary.clone();
        self.write("save a summary", move |tx| {
            records::save_summary(tx, &summary)
        })
        .await
    }

    async fn summary(&self, subject: &str, language: &str) -> Result<Option<Summary>, StoreError> {
        let (subject, language) = (subject.to_owned(), language.to_owned());
        self.read("read a summary", move |tx| {
            records::newest_summary(tx, &subject, &language)
        })
        .await
    }

    async fn summary_of_input(
        &self,
        subject: &str,
        language: &str,
        input_hash: &str,
    ) -> Result<Option<Summary>, StoreError> {
        let key = [subject, language, input_hash].map(str::to_owned);
        self.read("read a summary", move |tx| {
            records::summary_of_input(tx, &key)
        })
        .await
    }

    async fn save_robots(&self, robots: &RobotsRecord) -> Result<(), StoreError> {
        let robots = robots.clone();
        self.write("save a robots.txt", move |tx| {
            records::save_robots(tx, &robots)
        })
        .await
    }

    async fn robots(
        &self,
        origin: &str,
        since: UnixMs,
    ) -> Result<Option<RobotsRecord>, StoreError> {
        let origin = origin.to_owned();
        self.read("read a robots.txt", move |tx| {
            records::robots(tx, &origin, since)
        })
        .await
    }

    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let after = after.cloned();
        self.read("read records", move |tx| {
            archive::records(tx, kind, after.as_ref(), limit)
        })
        .await
    }

    async fn put_records(&self, records: Vec<Record>) -> Result<(), StoreError> {
        self.write("store records", move |tx| {
            restore::put_records(tx, &records)
        })
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
