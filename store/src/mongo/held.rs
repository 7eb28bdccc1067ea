//! What a page holds: what was read on it, what it held before, and what is known to be there without being read.

use std::collections::{BTreeMap, HashSet};

use catalog::{NativeId, PageCounts, PageWrite, Problem, ProblemKind, ProductId, Validators};

use super::fault::Fault;
use super::keys::{parse_product_key, product_key};
use super::product::whole;
use super::read::products_by_key;
use super::sight::Sights;
use super::steps::Steps;
use super::versions::HeldPage;

/// What a page holds, and what storing it changed.
pub(super) struct Held {
    pub(super) n_products: u64,
    /// In their order, those that only this database has included.
    pub(super) problems: Vec<Problem>,
    pub(super) kinds: BTreeMap<ProblemKind, u64>,
    pub(super) seen: Vec<NativeId>,
    pub(super) validators: Option<Validators>,
    pub(super) counts: PageCounts,
}

impl Held {
    pub(super) fn given(page: &PageWrite, sights: &Sights) -> Self {
        let refused = sights.refused.iter().map(|problem| Problem {
            page: page.page,
            ..problem.clone()
        });
        let mut problems: Vec<Problem> = page.problems.iter().cloned().chain(refused).collect();
        problems.sort_by_key(|problem| problem.index);
        let mut kinds = BTreeMap::new();
        for problem in &problems {
            *kinds.entry(problem.kind).or_default() += 1;
        }
        Self {
            n_products: page.products.len() as u64,
            problems,
            kinds,
            seen: sights.seen.clone(),
            validators: page.validators.clone(),
            counts: sights.counts,
        }
    }

    /// Adds what an earlier pass read of the page, which is still the same.
    pub(super) fn take_over(&mut self, earlier: HeldPage) {
        let HeldPage { page, problems } = earlier;
        self.n_products += page.n_products;
        self.counts.unchanged += page.n_products;
        self.problems.extend(problems);
        self.problems.sort_by_key(|problem| problem.index);
        for (kind, n) in page.problems {
            *self.kinds.entry(kind).or_default() += n;
        }
        self.seen.extend(page.seen);
        self.validators = self.validators.take().or(page.validators);
    }

    /// Adds products that are known to be there without being read.
    pub(super) fn add_present(&mut self, present: Vec<NativeId>) {
        let mut handled: HashSet<NativeId> = self.seen.iter().cloned().collect();
        for native in present {
            if handled.insert(native.clone()) {
                self.seen.push(native);
                self.n_products += 1;
                self.counts.unchanged += 1;
            }
        }
    }

    pub(super) fn n_problems(&self) -> i64 {
        whole(self.kinds.values().sum())
    }
}

/// Returns which of these products are stored and not gone, in no order.
pub(super) async fn present(
    steps: &mut Steps<'_>,
    ids: &[ProductId],
) -> Result<Vec<NativeId>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<String> = ids.iter().map(product_key).collect();
    let mut found = Vec::with_capacity(keys.len());
    for document in products_by_key(steps, &keys, &["gone_at"]).await? {
        if document.get_datetime("gone_at").is_err() {
            found.push(parse_product_key(document.get_str("_id")?)?.native);
        }
    }
    Ok(found)
}
