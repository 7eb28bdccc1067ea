//! Changes counted by what they have in common, with the depth of price moves.

use std::collections::{BTreeMap, HashMap, HashSet};

use catalog::{ProductId, Store};
use schemars::JsonSchema;
use serde::Serialize;

use super::event::{Event, Kind};
use super::{GroupBy, Sort};
use crate::products::folded;
use crate::{ToolError, untrusted};

/// The tags of so many products are read, those with the most changes first.
const MAX_TAGGED: usize = 1_000;
/// So many groups are counted.
const MAX_GROUPS: usize = 20_000;
/// So many tags of a product count.
const MAX_TAGS: usize = 50;

/// The groups that are being counted.
#[derive(Debug)]
pub(super) struct Groups {
    by: GroupBy,
    /// By what is compared.
    groups: HashMap<String, Group>,
    /// Of products whose tags are still to be read.
    untagged: HashMap<ProductId, Vec<Counted>>,
}

#[derive(Debug)]
struct Group {
    /// As it is first written.
    shown: String,
    counts: BTreeMap<Kind, u64>,
    n_rows: u64,
    products: HashSet<ProductId>,
    cuts: Vec<f64>,
    rises: Vec<f64>,
}

/// What is counted of a change.
#[derive(Debug, Clone, Copy)]
struct Counted {
    kind: Kind,
    percent: Option<f64>,
    n_rows: u64,
}

/// A group as it is told.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GroupLine {
    /// The shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop: Option<String>,
    /// The category, the vendor or the tag, in the shops' words.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted: Option<Key>,
    /// All changes, of products.
    n: u64,
    /// The same, one for each variant.
    n_of_variants: u64,
    counts: BTreeMap<Kind, u64>,
    /// Products with changes.
    products: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_cuts: Option<Moves>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_rises: Option<Moves>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Key {
    key: String,
}

/// How far prices moved, in percent of the price before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
struct Moves {
    n: usize,
    median_percent: f64,
    mean_percent: f64,
    greatest_percent: f64,
}

impl Groups {
    pub(super) fn new(by: GroupBy) -> Self {
        Self {
            by,
            groups: HashMap::new(),
            untagged: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, event: &Event) {
        let counted = Counted {
            kind: event.kind,
            percent: event.percent,
            n_rows: event.n_rows(),
        };
        let key = match self.by {
            GroupBy::None => return,
            GroupBy::Shop => event.product.shop.as_str(),
            GroupBy::Category => &event.product_type,
            GroupBy::Vendor => &event.vendor,
            GroupBy::Tag => {
                let of_product = self.untagged.entry(event.product.clone()).or_default();
                of_product.push(counted);
                return;
            }
        };
        count(&mut self.groups, key, &event.product, counted);
    }

    /// Reads the tags of products and counts their changes, each under every tag; says so where that are too many.
    pub(super) async fn resolve_tags(
        &mut self,
        store: &dyn Store,
    ) -> Result<Option<String>, ToolError> {
        let mut untagged: Vec<_> = self.untagged.drain().collect();
        untagged.sort_by(|(one, of_one), (two, of_two)| {
            of_two.len().cmp(&of_one.len()).then_with(|| one.cmp(two))
        });
        let n_all = untagged.len();
        for (id, changes) in untagged.into_iter().take(MAX_TAGGED) {
            let Some(product) = store.product(&id).await? else {
                continue;
            };
            let mut counted = HashSet::new();
            for tag in product.tags.iter().take(MAX_TAGS) {
                if counted.insert(folded(tag)) {
                    for &change in &changes {
                        count(&mut self.groups, tag, &id, change);
                    }
                }
            }
        }
        Ok((n_all > MAX_TAGGED).then(|| {
            format!("tags are counted of the {MAX_TAGGED} products with the most changes, out of {n_all}")
        }))
    }

    /// Returns the groups, those with the most changes first, or those with the deepest price cuts in the middle.
    pub(super) fn finish(self, sort: Sort) -> Vec<GroupLine> {
        let by = self.by;
        let mut groups: Vec<(String, Group, Option<Moves>)> = self
            .groups
            .into_iter()
            .map(|(key, mut group)| {
                let cuts = moves(&mut group.cuts);
                (key, group, cuts)
            })
            .collect();
        let depth = |cuts: &Option<Moves>| cuts.map_or(0.0, |it| it.median_percent);
        groups.sort_by(|(one, of_one, cuts_one), (two, of_two, cuts_two)| {
            let by_count = || of_two.n().cmp(&of_one.n()).then_with(|| one.cmp(two));
            match sort {
                Sort::Newest => by_count(),
                Sort::Largest => depth(cuts_one)
                    .total_cmp(&depth(cuts_two))
                    .then_with(by_count),
            }
        });
        let lines = groups
            .into_iter()
            .map(|(_, group, price_cuts)| line(by, group, price_cuts));
        lines.collect()
    }
}

impl Group {
    fn n(&self) -> u64 {
        self.counts.values().sum()
    }
}

fn count(
    groups: &mut HashMap<String, Group>,
    key: &str,
    product: &ProductId,
    Counted {
        kind,
        percent,
        n_rows,
    }: Counted,
) {
    let compared = folded(key);
    if groups.len() >= MAX_GROUPS && !groups.contains_key(&compared) {
        return;
    }
    let group = groups.entry(compared).or_insert_with(|| Group {
        shown: key.to_owned(),
        counts: BTreeMap::new(),
        n_rows: 0,
        products: HashSet::new(),
        cuts: Vec::new(),
        rises: Vec::new(),
    });
    *group.counts.entry(kind).or_default() += 1;
    group.n_rows += n_rows;
    if !group.products.contains(product) {
        group.products.insert(product.clone());
    }
    match (kind, percent) {
        (Kind::Cheaper, Some(percent)) => group.cuts.push(percent),
        (Kind::Dearer, Some(percent)) => group.rises.push(percent),
        _ => {}
    }
}

fn line(by: GroupBy, mut group: Group, price_cuts: Option<Moves>) -> GroupLine {
    let is_shop = by == GroupBy::Shop;
    let key = || Key {
        key: untrusted::name(&group.shown),
    };
    GroupLine {
        untrusted: (!is_shop).then(key),
        n: group.n(),
        n_of_variants: group.n_rows,
        products: group.products.len(),
        price_cuts,
        price_rises: moves(&mut group.rises),
        shop: is_shop.then_some(group.shown),
        counts: group.counts,
    }
}

/// Returns how far prices moved; percents of several currencies are compared, amounts never are.
fn moves(percents: &mut [f64]) -> Option<Moves> {
    percents.sort_by(f64::total_cmp);
    let n = percents.len();
    let (&least, &most) = percents.first().zip(percents.last())?;
    let (&low, &high) = percents.get((n - 1) / 2).zip(percents.get(n / 2))?;
    let rounded = |percent: f64| (percent * 10.0).round() / 10.0;
    Some(Moves {
        n,
        median_percent: rounded(f64::midpoint(low, high)),
        mean_percent: rounded(percents.iter().sum::<f64>() / n as f64),
        greatest_percent: if least.abs() > most.abs() {
            least
        } else {
            most
        },
    })
}
