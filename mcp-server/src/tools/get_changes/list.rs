//! Single changes, newest or largest first: keeps no more than one page of them, however many there are.

use std::collections::BTreeMap;

use catalog::{ProductId, Store, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Sort;
use super::event::{Event, Kind};
use crate::answer::Amount;
use crate::{ToolError, products, untrusted};

/// Where an answer goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Behind {
    /// It begins.
    Start,
    /// Behind this change.
    Change(Key),
    /// Behind so many groups.
    Groups(usize),
}

/// A change's place in the list, which begins with the greatest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    size: u64,
    at: UnixMs,
    product: ProductId,
    kind: Kind,
}

/// The page that is being made.
#[derive(Debug)]
pub(super) struct List {
    sort: Sort,
    behind: Behind,
    limit: usize,
    kept: BTreeMap<Key, Event>,
}

/// A change as it is told.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangeLine {
    #[schemars(with = "String")]
    at: UnixMs,
    kind: Kind,
    id: String,
    /// The variant, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    /// How many variants, where they were several; the prices are those of the greatest move.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_variants: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_before: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_after: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_before: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_source: Option<&'static str>,
    /// Where there is no rank after: it is not among so many places that were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    places_read: Option<u32>,
    untrusted: Named,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Named {
    title: String,
}

impl List {
    pub(super) const fn new(sort: Sort, behind: Behind, limit: usize) -> Self {
        Self {
            sort,
            behind,
            limit,
            kept: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, event: Event) {
        let key = Key {
            size: match self.sort {
                Sort::Newest => 0,
                Sort::Largest => size(&event),
            },
            at: event.at,
            product: event.product.clone(),
            kind: event.kind,
        };
        if matches!(&self.behind, Behind::Change(last) if key >= *last) {
            return;
        }
        self.kept.insert(key, event);
        if self.kept.len() > self.limit + 1 {
            self.kept.pop_first();
        }
    }

    /// Returns the page, each change with the place behind it, and whether the list goes on.
    pub(super) async fn finish(
        mut self,
        store: &dyn Store,
    ) -> Result<(Vec<(ChangeLine, Behind)>, bool), ToolError> {
        let has_more = self.kept.len() > self.limit;
        if has_more {
            self.kept.pop_first();
        }
        let ids: Vec<ProductId> = self.kept.values().map(|it| it.product.clone()).collect();
        let rows = store.product_rows(&ids).await?;
        let names: BTreeMap<&ProductId, String> = rows
            .iter()
            .map(|row| (&row.id, products::reference(row)))
            .collect();
        let lines = self.kept.into_iter().rev().map(|(key, event)| {
            let name = names.get(&event.product).cloned();
            (line(event, name), Behind::Change(key))
        });
        Ok((lines.collect(), has_more))
    }
}

/// Returns how large a change is: the percent of a price, the places won; 0 for all else.
fn size(event: &Event) -> u64 {
    let places = event
        .places
        .and_then(|(before, after)| Some(f64::from(before?.saturating_sub(after?))));
    let size = event.percent.map(f64::abs).or(places).unwrap_or_default();
    // A whole number, so that a cursor names exactly this place; `as` holds what is too large at the end.
    (size * 10.0).round() as u64
}

fn line(event: Event, name: Option<String>) -> ChangeLine {
    let is_price = matches!(event.kind, Kind::Cheaper | Kind::Dearer | Kind::Discounted);
    let price_after = event
        .price_after
        .filter(|_| is_price || matches!(event.kind, Kind::New | Kind::Back | Kind::Restocked));
    let price_before = event
        .price_before
        .filter(|_| is_price || event.kind == Kind::Gone);
    ChangeLine {
        at: event.at,
        kind: event.kind,
        id: name.unwrap_or_else(|| event.product.to_string()),
        variant: event.variant.filter(|it| untrusted::is_plain(it)),
        n_variants: Some(event.n_variants).filter(|n| *n > 1),
        price_before: price_before.map(Amount::from),
        price_after: price_after.map(Amount::from),
        percent: event.percent,
        rank_before: event.places.and_then(|(before, _)| before),
        rank_after: event.places.and_then(|(_, after)| after),
        rank_source: event.rank_source.map(catalog::RankSource::name),
        places_read: event.places_read,
        untrusted: Named {
            title: untrusted::name(&event.title),
        },
    }
}
