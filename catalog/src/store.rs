//! The contract of a database, in plain data types. Implemented in the room `store` alone.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    Checkpoint, CrawlKey, CrawlReport, Currency, FeatureRow, HostRecord, Lease, LeaseAnswer,
    LeaseHolder, MetricsRow, Observation, ObservationFilter, ObservationKey, ObservationOrder,
    ObservedRow, Outcome, PassNotes, PlaceInRanking, Problem, ProblemKind, Product, ProductId,
    ProductRow, RankSource, Ranking, RankingHead, Record, RecordKey, RecordKind, RobotsRecord,
    SearchCursor, SearchPage, SearchQuery, Shop, ShopKey, Summary, TaskEntry, TaskId, TaskState,
    UnixMs, Validators,
};

/// A database of shops, products and their history.
///
/// Every method is idempotent: called again with the same arguments it leaves the same state and gives the
/// same answer. Every list is bounded by its `limit` and has the order that its method states. Reads see
/// whole pages only. All times are arguments.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Returns where the data is, for messages: an absolute path, or a URI without secrets.
    fn location(&self) -> &str;

    /// Takes the lease of `shop`, which need not be stored, for `ttl_ms` from now by the store's own clock.
    ///
    /// It is granted when nobody has it, when it expired, or when its owner is `dead_owner`, whom the caller
    /// knows to be gone. Then its epoch is one more than ever before, which fences off every earlier ticket of
    /// the shop. The owner who has it already gets the same one, prolonged.
    async fn lease_shop(
        &self,
        shop: &ShopKey,
        owner: &str,
        ttl_ms: u64,
        dead_owner: Option<&str>,
    ) -> Result<LeaseAnswer, StoreError>;

    /// Prolongs a lease to `ttl_ms` from now, also one that expired and that nobody else took.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another owner took it.
    async fn renew_lease(&self, lease: &Lease, ttl_ms: u64) -> Result<Lease, StoreError>;

    /// Gives a lease back, so that anybody may have the next one; does nothing when another owner took it.
    ///
    /// Its tickets can still write until then.
    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Returns who has leases now by the store's own clock: each owner once, by name.
    async fn lease_owners(&self) -> Result<Vec<String>, StoreError>;

    /// Begins a pass over `shop`, or goes on with an unfinished one.
    ///
    /// The shop is stored, or its URL and, where known, its currency are brought up to date. A known currency is
    /// never replaced by an unknown one, nor one that the shop itself stated by a configured one. With [`Start::Resume`], a pass that did not end, or that ended for
    /// a reason that [`Stop::is_resumable`](crate::Stop::is_resumable), goes on under its old key if it began
    /// at most `max_age_ms` before `now`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another owner took the lease; nothing is written then.
    async fn begin_crawl(
        &self,
        lease: &Lease,
        shop: &Shop,
        start: Start,
        now: UnixMs,
    ) -> Result<BegunCrawl, StoreError>;

    /// Stores one page in one atomic step: changed products, observations, problems, what was seen, checkpoint.
    ///
    /// A product whose content hash is known costs no write. A product's first sight appends one observation,
    /// a change one for each variant whose offer differs, a return one. The same page stored again changes
    /// nothing and counts nothing as new.
    ///
    /// A page that is [not modified](PageWrite::not_modified) takes over what the same page of the shop's last complete
    /// pass held: its products count as seen and unchanged, and its problems, but for one of the currency, which is of
    /// the pass that met it, stand beside those given. Without such a page this fails, and nothing is written.
    ///
    /// What the page's task is told is written with it; see [`TaskStore::append`](crate::TaskStore::append).
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another owner took the shop's lease, and the errors of the task's entry; nothing
    /// is written then.
    async fn apply_page(
        &self,
        ticket: &CrawlTicket,
        page: PageWrite,
    ) -> Result<PageCounts, StoreError>;

    /// Returns the pages of the shop's last complete pass that said something of their versions, by page number.
    ///
    /// Only those that may be asked for by it in this pass, whose products are still as those pages showed them: none of
    /// a shop whose currency is another than it was then, or of which a later pass changed anything, and none up to the
    /// highest page that this pass has stored.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as for `apply_page`.
    async fn page_validators(&self, ticket: &CrawlTicket) -> Result<Vec<KnownPage>, StoreError>;

    /// Returns the products that page `page` of a pass held or found present, each with its handle, in the order of
    /// [`ProductId`]; none of a page that is not stored, or no longer kept.
    async fn products_on_page(
        &self,
        crawl: &CrawlKey,
        page: u32,
    ) -> Result<Vec<(ProductId, String)>, StoreError>;

    /// Returns up to `limit` products that would become gone if the pass ended complete with the pages that it has stored,
    /// however many that are, each with its handle, in the order of [`ProductId`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as for `apply_page`.
    async fn missing_products(
        &self,
        ticket: &CrawlTicket,
        limit: usize,
    ) -> Result<Vec<(ProductId, String)>, StoreError>;

    /// Stores what a pass tells of itself in place of what it told before. Long details are cut.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as for `apply_page`.
    async fn note_pass(&self, ticket: &CrawlTicket, notes: &PassNotes) -> Result<(), StoreError>;

    /// Ends a pass and returns its record.
    ///
    /// After [`Outcome::Complete`], products that were known and on none of its pages become gone, with `now`
    /// as the date; they stay stored. A complete pass that found less than half of the products known and not gone (nine
    /// tenths, where it found less than that of what the shop says that it has: [`PassNotes::n_stated`])
    /// becomes [`Stop::Shrunk`](crate::Stop::Shrunk) instead and removes nothing, as does one without a page; unless one
    /// of at least 12 hours before it and all such passes since found as many products, give or take a tenth, no pass in
    /// between found more, and products that could not be read do not explain what is missing. After [`Outcome::Gone`] all products become gone. Any other outcome removes nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as for `apply_page`.
    async fn finish_crawl(
        &self,
        ticket: &CrawlTicket,
        outcome: Outcome,
        now: UnixMs,
    ) -> Result<CrawlReport, StoreError>;

    /// Appends an observation for each product whose place in the shop's own best-selling order, from 1, is
    /// another than the last one observed, or was read at another source, and for each that lost its place, and returns
    /// their number. Unknown and gone products are left out.
    ///
    /// `n_read` is the number of places that were read, where they were read to the end of the list or to a limit.
    /// Products whose last place was read at `source` and which are not in `ranks` then lost it: nobody may say more than
    /// that they are not among the first `n_read`. `None`, for a reading that broke off, and 0 lose nobody a place.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] as for `apply_page`.
    async fn observe_ranks(
        &self,
        ticket: &CrawlTicket,
        ranks: &[(ProductId, u32)],
        n_read: Option<u32>,
        source: RankSource,
        at: UnixMs,
    ) -> Result<u64, StoreError>;

    /// Stores a shop that an operator wants crawled; one that is stored is only noted as such. Returns whether it is new.
    async fn add_shop(&self, shop: &Shop, now: UnixMs) -> Result<bool, StoreError>;

    /// Sets whether crawls of all shops leave this one out, and agents refuse it. Returns whether the shop is stored.
    ///
    /// Who crawls it when it is paused writes no more, as when another owner takes its lease.
    async fn pause_shop(&self, shop: &ShopKey, is_paused: bool) -> Result<bool, StoreError>;

    /// Returns whether a shop is paused; `None` for one that is not stored.
    async fn is_paused(&self, shop: &ShopKey) -> Result<Option<bool>, StoreError>;

    /// Removes a shop with its products, their history and its passes, and fences off every ticket of it.
    ///
    /// Rankings and summaries keep what they say of it. `None` if the shop is not stored.
    async fn forget_shop(&self, shop: &ShopKey) -> Result<Option<Forgotten>, StoreError>;

    /// Returns every shop with its numbers and its last pass, by key.
    async fn shops(&self) -> Result<Vec<ShopStatus>, StoreError>;

    /// Returns passes, newest first (start, then shop); of one shop if given. At most `limit`.
    async fn crawls(
        &self,
        shop: Option<&ShopKey>,
        limit: usize,
    ) -> Result<Vec<CrawlReport>, StoreError>;

    /// Returns the problems of one pass by page, then index. At most `limit`.
    async fn problems(&self, crawl: &CrawlKey, limit: usize) -> Result<Vec<Problem>, StoreError>;

    /// Returns the products that pass `filter` and are not gone, in the order of [`ProductId`], from the first
    /// behind `after` on. At most `limit`; fewer than `limit` means the end.
    async fn products(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<ProductRow>, StoreError>;

    /// Returns the rows of the given products in the given order; unknown ones are left out.
    async fn product_rows(&self, ids: &[ProductId]) -> Result<Vec<ProductRow>, StoreError>;

    /// Returns one product whole, gone or not.
    async fn product(&self, id: &ProductId) -> Result<Option<Product>, StoreError>;

    /// Returns a product's observations, oldest first. At most `limit`.
    async fn observations(
        &self,
        id: &ProductId,
        limit: usize,
    ) -> Result<Vec<Observation>, StoreError>;

    /// Returns the observations that pass `filter` in the given order, from the first behind `after` on. At most
    /// `limit`; fewer than `limit` means the end.
    ///
    /// Products that are gone have their history too.
    async fn observed(
        &self,
        filter: &ObservationFilter,
        order: ObservationOrder,
        after: Option<&ObservationKey>,
        limit: usize,
    ) -> Result<Vec<ObservedRow>, StoreError>;

    /// Returns a page of the products that are not gone, pass the query's filter, and match all of its words, in
    /// its order.
    ///
    /// A word matches that begins a word of title, vendor, type or tags; how texts become words is
    /// [`search_words`](crate::search_words)' to say. At most `limit`; without `after` from the beginning. A call looks at
    /// a bounded number of products: a page may be short, or empty, and go on all the same. To see all, call it again
    /// behind [`SearchPage::next`] until that is `None`.
    async fn search(
        &self,
        query: &SearchQuery,
        after: Option<&SearchCursor>,
        limit: usize,
    ) -> Result<SearchPage, StoreError>;

    /// Thins out the observations made before `before`, as [`superseded`](crate::superseded) says, of products
    /// behind `after`, until `limit` products with such observations were looked at.
    ///
    /// To thin out all, call it again behind [`Pruned::next`] until that is `None`.
    async fn prune(
        &self,
        before: UnixMs,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Pruned, StoreError>;

    /// Returns the metrics of the same products, in the same order and pages, as [`Store::products`].
    async fn metrics(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<MetricsRow>, StoreError>;

    /// Returns what the balanced score takes of the same products, in the same order and pages, as
    /// [`Store::products`].
    async fn features(
        &self,
        filter: &ProductFilter,
        after: Option<&ProductId>,
        limit: usize,
    ) -> Result<Vec<FeatureRow>, StoreError>;

    /// Returns the distinct currencies of the products that pass `filter` and are not gone, by code.
    async fn currencies(&self, filter: &ProductFilter) -> Result<Vec<Currency>, StoreError>;

    /// Stores a ranking; one with the same time and preset is replaced.
    async fn save_ranking(&self, ranking: &Ranking) -> Result<(), StoreError>;

    /// Returns the ranking with the latest time.
    async fn latest_ranking(&self) -> Result<Option<Ranking>, StoreError>;

    /// Returns the same with rows whose products are [named](ProductRow::named) and no more: of a long list, a fraction
    /// of the memory.
    async fn latest_ranking_in_brief(&self) -> Result<Option<Ranking>, StoreError>;

    /// Returns what rankings are stored, newest first, then by preset. At most `limit`.
    async fn ranking_heads(&self, limit: usize) -> Result<Vec<RankingHead>, StoreError>;

    /// Returns the ranking of a time and a preset.
    async fn ranking(&self, at: UnixMs, preset: &str) -> Result<Option<Ranking>, StoreError>;

    /// Returns the places of a product in the stored rankings made at `since` or later, newest first, then by preset. At
    /// most `limit`.
    async fn places_of(
        &self,
        id: &ProductId,
        since: UnixMs,
        limit: usize,
    ) -> Result<Vec<PlaceInRanking>, StoreError>;

    /// Returns the products with exactly this handle, gone or not, in the order of [`ProductId`]; of one shop if given. At
    /// most `limit`.
    async fn products_of_handle(
        &self,
        handle: &str,
        shop: Option<&ShopKey>,
        limit: usize,
    ) -> Result<Vec<ProductRow>, StoreError>;

    /// Stores a summary; one with the same subject, language and input hash is replaced.
    async fn save_summary(&self, summary: &Summary) -> Result<(), StoreError>;

    /// Returns the newest summary of a subject in a language.
    async fn summary(&self, subject: &str, language: &str) -> Result<Option<Summary>, StoreError>;

    /// Returns the summary of a subject in a language that was made from exactly the same input.
    async fn summary_of_input(
        &self,
        subject: &str,
        language: &str,
        input_hash: &str,
    ) -> Result<Option<Summary>, StoreError>;

    /// Stores a host's robots.txt in place of an earlier one.
    async fn save_robots(&self, robots: &RobotsRecord) -> Result<(), StoreError>;

    /// Returns the robots.txt of an origin that was read at `since` or later.
    ///
    /// What is older than a day may be forgotten.
    async fn robots(&self, origin: &str, since: UnixMs)
    -> Result<Option<RobotsRecord>, StoreError>;

    /// Stores what is remembered of hosts in place of what was, and forgets what is a month older.
    async fn save_hosts(&self, hosts: &[HostRecord]) -> Result<(), StoreError>;

    /// Returns what is remembered of the hosts of these names, in their order; those of which nothing is are left out.
    ///
    /// What is older than a month may be forgotten.
    async fn hosts(&self, names: &[String]) -> Result<Vec<HostRecord>, StoreError>;

    /// Returns the records of one kind in the order of their keys, from the first behind `after` on. At most
    /// `limit`; fewer than `limit` means the end.
    async fn records(
        &self,
        kind: RecordKind,
        after: Option<&RecordKey>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError>;

    /// Stores records of another store, or of an earlier state of this one, in place of those with the same keys.
    ///
    /// What [`Store::records`] returns afterwards equals what was given, but for the epoch of a shop, which
    /// never falls. A product needs its shop, and a pass its shop and the products on its pages.
    async fn put_records(&self, records: Vec<Record>) -> Result<(), StoreError>;

    /// Returns the numbers that describe the whole store.
    async fn stats(&self) -> Result<StoreStats, StoreError>;
}

/// Whether a pass may go on where an earlier one stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Goes on with an unfinished pass that is at most this old.
    Resume {
        /// The greatest age of the pass's beginning, in milliseconds.
        max_age_ms: i64,
    },
    /// Begins at page 1.
    Fresh,
}

/// The right to write one pass. It ends when another owner takes the shop's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlTicket {
    /// The pass.
    pub crawl: CrawlKey,
    /// The epoch of the lease under which the pass began or went on; an older one can't write.
    pub epoch: u64,
}

/// What [`Store::begin_crawl`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunCrawl {
    /// The right to write.
    pub ticket: CrawlTicket,
    /// Where to go on; page 1 of a new pass.
    pub checkpoint: Checkpoint,
    /// Whether an unfinished pass goes on.
    pub resumed: bool,
    /// The shop as stored, with the best currency known so far.
    pub shop: Shop,
    /// The shop's currency before this call; `XXX` for a shop that is new.
    pub previous_currency: Currency,
    /// Products known of this shop and not gone, before the pass.
    pub n_known: u64,
}

/// One page of a shop, read and ready to store.
#[derive(Debug, Clone, PartialEq)]
pub struct PageWrite {
    /// The page's number, from 1.
    pub page: u32,
    /// Its products, each id once.
    pub products: Vec<Product>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Where the pass goes on after this page; `None` if this was the last.
    pub next: Option<Checkpoint>,
    /// The page's size on the wire.
    pub bytes: u64,
    /// When the answer was read.
    pub at: UnixMs,
    /// What the task that crawls is told, in the same atomic step.
    pub task_entry: Option<TaskEntry>,
    /// What the answer said of its version.
    pub validators: Option<Validators>,
    /// Whether the shop said that the page is still the one whose validators were sent: `products` is empty then.
    pub not_modified: bool,
    /// Products of the shop that are known to be there unchanged without being read. Those that are not stored are left
    /// out, and those that are gone, which must be read to be back.
    pub present: Vec<ProductId>,
}

/// A page of a shop's last complete pass, to ask whether it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPage {
    /// The page's number, from 1.
    pub page: u32,
    /// Products that were read on it.
    pub n_products: u64,
    /// Products that the answer listed, those that could not be read or came twice included.
    pub n_listed: u64,
    /// What the answer said of its version.
    pub validators: Validators,
}

/// What storing a page changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// Products stored for the first time.
    pub new: u64,
    /// Products whose content changed.
    pub changed: u64,
    /// Products that were gone and came back.
    pub back: u64,
    /// Products whose content was the same.
    pub unchanged: u64,
}

/// Which products a list is made of. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductFilter {
    /// Shops; empty for all.
    pub shops: Vec<ShopKey>,
    /// The product type, compared without regard to case.
    pub product_type: Option<String>,
    /// The vendor, compared without regard to case.
    pub vendor: Option<String>,
    /// The currency.
    pub currency: Option<Currency>,
    /// Only products with some variant known to be available.
    pub in_stock: bool,
    /// The lowest least price, in major units, inclusive.
    pub price_min: Option<f64>,
    /// The highest least price, in major units, inclusive.
    pub price_max: Option<f64>,
}

impl ProductFilter {
    /// Returns whether a product passes. A product without a price passes no price limit.
    pub fn matches(&self, row: &ProductRow) -> bool {
        let same = |wanted: &Option<String>, value: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.trim().to_lowercase() == value.trim().to_lowercase())
        };
        let price = row.price_min.map(|price| price.to_f64());
        (self.shops.is_empty() || self.shops.contains(&row.id.shop))
            && same(&self.product_type, &row.product_type)
            && same(&self.vendor, &row.vendor)
            && self.currency.is_none_or(|wanted| wanted == row.currency)
            && (!self.in_stock || row.in_stock == Some(true))
            && self
                .price_min
                .is_none_or(|least| price.is_some_and(|price| price >= least))
            && self
                .price_max
                .is_none_or(|most| price.is_some_and(|price| price <= most))
    }
}

/// A shop with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopStatus {
    /// The shop.
    pub shop: Shop,
    /// Products stored and not gone.
    pub n_products: u64,
    /// Products stored and gone.
    pub n_gone: u64,
    /// The newest pass.
    pub last_crawl: Option<CrawlReport>,
    /// When the newest complete pass ended.
    pub last_complete_at: Option<UnixMs>,
    /// Whether crawls of all shops leave it out.
    pub is_paused: bool,
    /// Whether an operator added it, rather than a crawl alone.
    pub is_added: bool,
    /// Who has its lease now.
    pub lease: Option<LeaseHolder>,
}

/// What [`Store::forget_shop`] removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Products, gone ones included.
    pub n_products: u64,
    /// Observations.
    pub n_observations: u64,
    /// Passes.
    pub n_crawls: u64,
}

/// What one call of [`Store::prune`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Observations looked at that were made before the given time.
    pub n_old: u64,
    /// Observations removed.
    pub n_removed: u64,
    /// The last product looked at; `None` if there are no more behind it.
    pub next: Option<ProductId>,
}

/// The numbers that describe a whole store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStats {
    /// The version of the stored schema.
    pub schema_version: u32,
    /// Bytes on disk, write-ahead log included; `None` where it has none.
    pub size_bytes: Option<u64>,
    /// Shops.
    pub n_shops: u64,
    /// Products not gone.
    pub n_products: u64,
    /// Products gone.
    pub n_gone: u64,
    /// Observations.
    pub n_observations: u64,
    /// Problems of each shop's newest pass, by kind.
    pub problems: Vec<(ProblemKind, u64)>,
}

/// What can go wrong with a store, by what a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address of the store is not understood.
    #[error("cannot use the store {uri}: {detail}")]
    BadUri {
        /// The address as given.
        uri: String,
        /// What is wrong, and what would be right.
        detail: String,
    },
    /// The store cannot be opened or is no store of ours.
    #[error("cannot open the store {location}: {detail}")]
    Open {
        /// Where.
        location: String,
        /// What is wrong.
        detail: String,
    },
    /// There is no store yet.
    #[error(
        "cannot open the store {location}: there is no store yet: run `trouvaille crawl` or `trouvaille import` first"
    )]
    Missing {
        /// Where it would be.
        location: String,
    },
    /// Another process keeps the store for itself, for longer than an operation waits.
    #[error(
        "cannot {doing} in the store {location}: another process holds it locked; try again when that one is done"
    )]
    Locked {
        /// What was being done.
        doing: &'static str,
        /// Where.
        location: String,
    },
    /// A newer program wrote the store.
    #[error(
        "the store {location} has schema version {found}, and this program knows up to {known}: \
         use a newer trouvaille, or another --store"
    )]
    NewerSchema {
        /// Where.
        location: String,
        /// The version found.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// Another owner took the lease of the shop.
    #[error("another crawl of {} took over, or the shop was paused or forgotten meanwhile; `trouvaille shops list` tells", shop.shown())]
    Fenced {
        /// The shop.
        shop: ShopKey,
    },
    /// Another holder took the work item, or it is done.
    #[error("another worker took over item {n} of the task {task}")]
    ItemFenced {
        /// The task.
        task: TaskId,
        /// The item's number.
        n: u32,
    },
    /// The task is terminal: nothing more can happen to it.
    #[error("the task {task} is {} already", state.name())]
    TaskEnded {
        /// The task.
        task: TaskId,
        /// Its state.
        state: TaskState,
    },
    /// Something else happened to the task meanwhile.
    #[error("the task {task} moved on meanwhile")]
    TaskMoved {
        /// The task.
        task: TaskId,
    },
    /// There is no such task.
    #[error("there is no task {task}")]
    UnknownTask {
        /// The name asked for.
        task: TaskId,
    },
    /// An operation failed: disk full, connection lost.
    #[error("cannot {doing} in the store {location}: {detail}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// Where.
        location: String,
        /// What the database said.
        detail: String,
    },
    /// A stored value cannot be read: damaged, or written by hand.
    #[error("the store {location} holds a damaged value: {detail}")]
    Damaged {
        /// Where.
        location: String,
        /// Which value.
        detail: String,
    },
}
