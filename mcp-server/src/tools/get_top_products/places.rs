//! Which places of a stored list are asked for. Looks at no more of a long list than it has to.

use std::collections::{HashMap, HashSet};

use catalog::{Currency, RankedRow, RankingHead, ShopKey};
use schemars::JsonSchema;
use serde::Serialize;

use super::By;
use crate::ToolError;
use crate::moments::shown_date;
use crate::products::{self, folded};
use crate::rankings::no_ranking;

/// The most places of one answer, of all groups together.
const MAX_PLACES: usize = 100;

/// What a place must be.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) shop: Option<ShopKey>,
    /// In lower case and trimmed.
    pub(super) category: Option<String>,
    pub(super) currency: Option<Currency>,
    pub(super) in_stock: Option<bool>,
}

/// The places of one answer.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) rows: Vec<Place<'a>>,
    /// Whether the list goes on behind them.
    pub(super) has_more: bool,
}

/// Categories in shops' words.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Near {
    near: Vec<String>,
}

/// A place, and where it stands in its group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) row: &'a RankedRow,
    /// `None` where there are no groups.
    pub(super) rank_in_group: Option<usize>,
}

impl Filter {
    /// Returns whether it leaves anything out.
    pub(super) const fn is_any(&self) -> bool {
        self.shop.is_some()
            || self.category.is_some()
            || self.currency.is_some()
            || self.in_stock.is_some()
    }

    fn passes(&self, row: &RankedRow) -> bool {
        let product = &row.product;
        let same_type = |wanted: &String| *wanted == folded(&product.product_type);
        self.shop.as_ref().is_none_or(|it| *it == product.id.shop)
            && self.currency.is_none_or(|it| it == product.currency)
            && self
                .in_stock
                .is_none_or(|it| it == (product.in_stock == Some(true)))
            && self.category.as_ref().is_none_or(same_type)
    }
}

/// Returns the categories of places that are near to one that none has.
pub(super) fn near(rows: &[RankedRow], filter: &Filter, found: &Found<'_>) -> Option<Near> {
    let wanted = filter.category.as_ref().filter(|_| found.rows.is_empty())?;
    let types = || rows.iter().map(|row| row.product.product_type.as_str());
    if types().any(|it| folded(it) == *wanted) {
        return None;
    }
    let near = products::near_names(wanted, types());
    (!near.is_empty()).then_some(Near { near })
}

/// Says of how many shops the list has no place, if of any.
pub(super) fn without_places(rows: &[RankedRow], n_shops: usize) -> Option<String> {
    let shops: HashSet<&ShopKey> = rows.iter().map(|row| &row.product.id.shop).collect();
    let n_without = n_shops.saturating_sub(shops.len());
    (n_without > 0).then(|| {
        format!(
            "{n_without} of {n_shops} shops have none of the {} stored places",
            rows.len()
        )
    })
}

/// Returns the places behind the first `n_before` that pass: the next `k`, or of groups the first `k` of each, a group
/// with the better first place first.
pub(super) fn find<'a>(
    rows: &'a [RankedRow],
    filter: &Filter,
    by: By,
    k: usize,
    n_before: usize,
) -> Found<'a> {
    let passing = rows.iter().filter(|row| filter.passes(row));
    let most = match by {
        By::All => k,
        By::Shop | By::Category => MAX_PLACES,
    };
    let places: Vec<Place<'a>> = match by {
        By::All => {
            let ungrouped = passing.map(|row| Place {
                row,
                rank_in_group: None,
            });
            ungrouped.skip(n_before).take(most + 1).collect()
        }
        By::Shop => grouped(passing, k, |row| row.product.id.shop.to_string())
            .skip(n_before)
            .take(most + 1)
            .collect(),
        By::Category => grouped(passing, k, |row| folded(&row.product.product_type))
            .skip(n_before)
            .take(most + 1)
            .collect(),
    };
    let has_more = places.len() > most;
    let rows = places.into_iter().take(most).collect();
    Found { rows, has_more }
}

fn grouped<'a>(
    rows: impl Iterator<Item = &'a RankedRow>,
    k: usize,
    key: impl Fn(&RankedRow) -> String,
) -> impl Iterator<Item = Place<'a>> {
    let mut group_of: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<Place<'a>>> = Vec::new();
    for row in rows {
        let next = groups.len();
        let at = *group_of.entry(key(row)).or_insert(next);
        if at == next {
            groups.push(Vec::new());
        }
        let Some(group) = groups.get_mut(at).filter(|it| it.len() < k) else {
            continue;
        };
        let rank_in_group = Some(group.len() + 1);
        group.push(Place { row, rank_in_group });
    }
    groups.into_iter().flatten()
}

/// Returns the error of a preset or a date that no stored ranking has.
pub(super) fn none_such(heads: Vec<RankingHead>, of_preset: impl Fn(&str) -> bool) -> ToolError {
    if heads.is_empty() {
        return no_ranking();
    }
    let (of_it, others): (Vec<_>, Vec<_>) = heads.into_iter().partition(|it| of_preset(&it.preset));
    if let Some(oldest) = of_it.last() {
        let message = format!(
            "no ranking was made by then; the oldest stored one is of {}",
            oldest.at
        );
        return ToolError {
            field: Some("as_of".to_owned()),
            ..ToolError::new("no_ranking", message)
        }
        .nearest(vec![shown_date(oldest.at)])
        .next("get_top_products {} has the newest ranking");
    }
    let mut presets: Vec<String> = others.into_iter().map(|it| it.preset).collect();
    presets.sort();
    presets.dedup();
    presets.truncate(10);
    ToolError {
        field: Some("preset".to_owned()),
        ..ToolError::new("no_ranking", "no ranking was made with this preset")
    }
    .nearest(presets)
    .next("trouvaille rank --preset balanced")
}
