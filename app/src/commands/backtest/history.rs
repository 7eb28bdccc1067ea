//! The store's own past: which moments a back-test can have, and the products as they were at one of them.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail};
use catalog::{
    CrawlReport, Currency, ProductFilter, ProductRecord, ProductRow, Record, RecordKind, ShopKey,
    ShopStatus, Store, UnixMs,
};
use scoring::backtest::{Known, Outcome, Outcomes, Products, freeze, outcomes, past};

use crate::App;
use crate::exit::UsageError;

/// Passes that are asked of the store: twenty years of daily passes over a hundred shops.
const MAX_PASSES: usize = 1_000_000;

/// Products with their histories that are asked of the store at a time.
const BLOCK_RECORDS: usize = 100;

/// The passes that saw products, by shop, oldest first.
#[derive(Debug)]
pub(super) struct Passes {
    by_shop: HashMap<ShopKey, Vec<Pass>>,
    /// The end of the first pass, and the beginning of the last.
    span: (UnixMs, UnixMs),
}

#[derive(Debug, Clone, Copy)]
struct Pass {
    started_at: UnixMs,
    finished_at: UnixMs,
}

/// The products at a moment, and what happened to them behind it.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) products: Products,
    /// What happened behind [`Products::at`], by product.
    outcomes: Vec<Outcomes>,
    /// The last moment at which outcomes count.
    until: UnixMs,
    /// Shops whose best-selling order was observed by the moment.
    ordered_shops: HashSet<ShopKey>,
    /// Products known at the moment, of shops that no pass looked at behind it.
    pub(super) n_unwatched: u64,
}

impl Passes {
    /// Reads the passes of the shops that pass `filter`.
    pub(super) async fn read(store: &dyn Store, filter: &ProductFilter) -> Result<Self> {
        let reports = store.crawls(None, MAX_PASSES).await?;
        let mut by_shop: HashMap<ShopKey, Vec<Pass>> = HashMap::new();
        let mut span: Option<(UnixMs, UnixMs)> = None;
        for report in reports.iter().rev() {
            let shop = &report.key.shop;
            let is_wanted = filter.shops.is_empty() || filter.shops.contains(shop);
            let (true, Some(pass)) = (is_wanted, Pass::of(report)) else {
                continue;
            };
            by_shop.entry(shop.clone()).or_default().push(pass);
            span = Some(match span {
                None => (pass.finished_at, pass.started_at),
                Some((first, last)) => (first.min(pass.finished_at), last.max(pass.started_at)),
            });
        }
        let span = span.with_context(|| {
            format!(
                "there is no history in {}: crawl some shops first",
                store.location()
            )
        })?;
        Ok(Self { by_shop, span })
    }

    /// Returns the moment to freeze at, and why it was chosen.
    pub(super) fn moment(
        &self,
        wanted: Option<UnixMs>,
        horizon_ms: i64,
        now: UnixMs,
    ) -> Result<(UnixMs, &'static str)> {
        let (first, last) = self.span;
        if !self.by_shop.values().any(|it| is_repeated(it)) {
            bail!(
                "too little history: each shop was looked at only once, so that nobody knows what happened later; \
                 crawl again after some days, best every day, and come back"
            );
        }
        let is_possible = |at: UnixMs| first <= at && at < last;
        if let Some(at) = wanted {
            if !is_possible(at) {
                return Err(self.outside(at).into());
            }
            return Ok((at, "as asked for"));
        }
        let at = before(now, horizon_ms);
        if is_possible(at) {
            return Ok((at, "one horizon ago"));
        }
        let middle = UnixMs::new(first.ms() + (last.ms() - first.ms()) / 2);
        Ok((
            middle,
            "the middle of the history, which has no whole horizon behind it",
        ))
    }

    /// Returns the moment one horizon before `at`.
    pub(super) fn earlier(&self, at: UnixMs, horizon_ms: i64) -> Result<UnixMs, UsageError> {
        let earlier = before(at, horizon_ms);
        match self.span.0 <= earlier {
            true => Ok(earlier),
            false => {
                let UsageError(text) = self.outside(earlier);
                Err(UsageError(format!(
                    "--fit learns from the horizon before --at, which begins outside of the history: {text}"
                )))
            }
        }
    }

    /// Returns when the last pass behind `at` began, not behind `until`: what came later nobody saw by then.
    pub(super) fn last_within(&self, at: UnixMs, until: UnixMs) -> Option<UnixMs> {
        let begins = self.by_shop.values().flatten().map(|it| it.started_at);
        begins.filter(|begin| at < *begin && *begin <= until).max()
    }

    fn outside(&self, at: UnixMs) -> UsageError {
        let (first, last) = self.span;
        UsageError(format!(
            "nothing is stored to go back to {at}: possible moments lie between {first}, the end of the first \
             pass, and {last}, the beginning of the last one"
        ))
    }

    /// Returns the end of the shop's last pass by `at`.
    fn last_by(&self, shop: &ShopKey, at: UnixMs) -> Option<UnixMs> {
        let passes = self.by_shop.get(shop)?.iter();
        let ends = passes.map(|pass| pass.finished_at);
        ends.filter(|end| *end <= at).max()
    }

    /// Returns whether some pass over the shop began behind `at` and not behind `until`.
    fn is_watched(&self, shop: &ShopKey, at: UnixMs, until: UnixMs) -> bool {
        let mut passes = self.by_shop.get(shop).into_iter().flatten();
        passes.any(|pass| pass.started_at > at && pass.started_at <= until)
    }
}

impl Pass {
    /// Returns a pass that saw products and ended.
    fn of(report: &CrawlReport) -> Option<Self> {
        let has_seen = report.counts.products > 0;
        has_seen.then_some(Self {
            started_at: report.started_at,
            finished_at: report.finished_at?,
        })
    }
}

impl Frame {
    fn new(at: UnixMs, until: UnixMs) -> Self {
        Self {
            products: Products::new(at, true),
            outcomes: Vec::new(),
            until,
            ordered_shops: HashSet::new(),
            n_unwatched: 0,
        }
    }

    /// Takes in a product, and returns whether it was known then and watched later.
    fn take(&mut self, record: &ProductRecord, currency: Currency, passes: &Passes) -> bool {
        let (shop, at) = (&record.product.id.shop, self.products.at);
        let confirmed_at = passes.last_by(shop, at).unwrap_or(at);
        let Some(frozen) = freeze(record, currency, confirmed_at, at) else {
            return false;
        };
        if self.until > at && !passes.is_watched(shop, at, self.until) {
            self.n_unwatched += 1;
            return false;
        }
        for row in past(record, at) {
            if row.rank.is_some() {
                self.ordered_shops.insert(shop.clone());
            }
            self.products.histories.add(row);
        }
        let outcomes = outcomes(record, &frozen, at, self.until);
        self.outcomes.push(outcomes);
        self.products.rows.push(frozen.row);
        self.products.metrics.push(frozen.metrics);
        true
    }

    /// Returns the products to which `outcome` could happen, and whether it did.
    pub(super) fn known(&self, outcome: Outcome) -> Known<bool> {
        let mut known = Known::default();
        for (index, (row, outcomes)) in self.products.rows.iter().zip(&self.outcomes).enumerate() {
            let is_observed =
                outcome != Outcome::BestsellerEntry || self.ordered_shops.contains(&row.id.shop);
            if let (true, Some(happened)) = (is_observed, outcomes[outcome as usize]) {
                known.push(index, happened);
            }
        }
        known
    }
}

/// Reads the products that pass `filter` as they were at each of `moments`, with what happened from there up to the
/// second time of each pair; calls `seen` with every product that the first frame has.
///
/// Type and vendor are as stored now; other filters would look ahead and are left out.
pub(super) async fn frames(
    store: &dyn Store,
    filter: &ProductFilter,
    passes: &Passes,
    moments: &[(UnixMs, UnixMs)],
    app: &App,
    mut seen: impl FnMut(&ProductRecord) -> Result<()>,
) -> Result<Vec<Frame>> {
    let shops: HashMap<ShopKey, ShopStatus> = store
        .shops()
        .await?
        .into_iter()
        .map(|status| (status.shop.key.clone(), status))
        .collect();
    let n_products = shops.values().map(|it| it.n_products + it.n_gone).sum();
    let bar = app.screen.bar(n_products, "products read");
    let frame = |&(at, until): &(UnixMs, UnixMs)| Frame::new(at, until);
    let mut frames: Vec<Frame> = moments.iter().map(frame).collect();
    let mut after = None;
    loop {
        let records = store
            .records(RecordKind::Product, after.as_ref(), BLOCK_RECORDS)
            .await?;
        let is_last = records.len() < BLOCK_RECORDS;
        after = records.last().map(Record::key);
        bar.inc(records.len() as u64);
        for record in records {
            let Record::Product(record) = record else {
                continue;
            };
            let shop = shops.get(&record.product.id.shop);
            let currency = shop.map_or(Currency::UNKNOWN, |status| status.shop.currency);
            let row = ProductRow::of(&record.product, currency, record.stored_at);
            if !filter.matches(&row) {
                continue;
            }
            for (n, frame) in frames.iter_mut().enumerate() {
                if frame.take(&record, currency, passes) && n == 0 {
                    seen(&record)?;
                }
            }
        }
        if is_last {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(frames)
}

/// Returns whether some pass began behind the end of another.
fn is_repeated(passes: &[Pass]) -> bool {
    let first_end = passes.iter().map(|it| it.finished_at).min();
    first_end.is_some_and(|end| passes.iter().any(|it| it.started_at > end))
}

const fn before(at: UnixMs, horizon_ms: i64) -> UnixMs {
    UnixMs::new(at.ms().saturating_sub(horizon_ms))
}
