//! What a product's variants offered over time, worked out backwards from what they offer now.

use std::collections::BTreeSet;

use catalog::{Currency, Money, Observation, ObservationKind, Offer, Product, UnixMs};

use super::steps::Steps;

/// So many variants are looked at.
const MAX_VARIANTS: usize = 500;

/// A variant, and what it offered; nothing while it was not there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VariantOffers {
    pub(super) id: String,
    /// What its shop calls it; `None` for one that is no more.
    pub(super) title: Option<String>,
    pub(super) offers: Steps<Option<Offer>>,
}

/// Whether something could be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    InStock,
    SoldOut,
    Unknown,
    Gone,
}

/// Returns what each variant offered between two times, those of now first; `rows` are all of the product from the
/// earlier time on, oldest first.
pub(super) fn of_variants(
    product: &Product,
    is_gone: bool,
    rows: &[Observation],
    span: (UnixMs, UnixMs),
) -> Vec<VariantOffers> {
    let presence = presence(is_gone, rows, span);
    let of_now = product.variants.iter().map(|it| it.id.as_str());
    let known: BTreeSet<&str> = of_now.clone().collect();
    let of_rows: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.variant.as_deref())
        .filter(|id| !known.contains(id))
        .collect();
    let ids = of_now.chain(of_rows).take(MAX_VARIANTS);
    let variant = |id: &str| {
        let now = product.variants.iter().find(|it| it.id == id);
        let of_it = || {
            let of_it = |row: &&Observation| {
                row.kind == ObservationKind::Changed && row.variant.as_deref() == Some(id)
            };
            rows.iter().filter(of_it)
        };
        let first = match of_it().next() {
            Some(row) => row.before,
            None => now.map(Offer::of),
        };
        let offers = Steps::new(span, first, of_it().map(|row| (row.at, row.after)));
        VariantOffers {
            id: id.to_owned(),
            title: now.map(|it| it.title.clone()),
            offers: both(&offers, &presence, |offer, is_there| {
                offer.filter(|_| *is_there)
            }),
        }
    };
    let variants = ids.map(variant);
    variants
        .filter(|it| it.title.is_some() || it.offers.steps.iter().any(|(_, offer)| offer.is_some()))
        .collect()
}

/// Returns whether the product was in its shop.
pub(super) fn presence(is_gone: bool, rows: &[Observation], span: (UnixMs, UnixMs)) -> Steps<bool> {
    let changes = || {
        rows.iter().filter_map(|row| match row.kind {
            ObservationKind::Gone => Some((row.at, false)),
            ObservationKind::Back => Some((row.at, true)),
            _ => None,
        })
    };
    let first = changes().next().map_or(!is_gone, |(_, is_there)| !is_there);
    Steps::new(span, first, changes())
}

/// Returns the price in `currency` of one variant, or the least of several.
pub(super) fn least_price(
    variants: &[&VariantOffers],
    currency: Currency,
    span: (UnixMs, UnixMs),
) -> Steps<Option<i64>> {
    merged(variants, span, |offers| {
        let prices = offers.iter().flatten().filter_map(|it| it.price);
        let prices = prices.filter_map(|price| in_currency(price, currency));
        prices.map(Money::minor).min()
    })
}

/// Returns whether one of these variants could be bought.
pub(super) fn stock(
    variants: &[&VariantOffers],
    presence: &Steps<bool>,
    span: (UnixMs, UnixMs),
) -> Steps<State> {
    let some = merged(variants, span, |offers| {
        let known = || offers.iter().flatten().map(|it| it.available);
        match () {
            () if known().any(|it| it == Some(true)) => State::InStock,
            () if known().any(|it| it.is_none()) => State::Unknown,
            () if known().next().is_none() && !variants.is_empty() => State::Gone,
            () if variants.is_empty() => State::Unknown,
            () => State::SoldOut,
        }
    });
    both(&some, presence, |stock, is_there| {
        if *is_there { *stock } else { State::Gone }
    })
}

/// Returns the currencies of all prices, the one of now first. Amounts of an unknown currency count as of the only
/// known one.
pub(super) fn currencies(variants: &[&VariantOffers], now: Currency) -> Vec<Currency> {
    let offers = variants.iter().flat_map(|it| &it.offers.steps);
    let prices = offers.filter_map(|(_, offer)| offer.as_ref()?.price);
    let mut found: Vec<Currency> = Vec::new();
    for currency in prices.map(Money::currency) {
        if !found.contains(&currency) {
            found.push(currency);
        }
    }
    if found.iter().filter(|it| it.is_known()).count() == 1 {
        found.retain(|it| it.is_known());
    }
    found.sort_by_key(|it| *it != now);
    found
}

fn in_currency(price: Money, currency: Currency) -> Option<Money> {
    if price.currency() == currency {
        return Some(price);
    }
    let shown = price.to_string();
    let amount = shown.split(' ').next()?;
    let is_unknown = !price.currency().is_known();
    Money::parse(amount, currency).ok().filter(|_| is_unknown)
}

/// Returns what two values mean together.
fn both<A: PartialEq, B: PartialEq, C: PartialEq>(
    one: &Steps<A>,
    two: &Steps<B>,
    meaning: impl Fn(&A, &B) -> C,
) -> Steps<C> {
    let mut times: Vec<UnixMs> = one.steps.iter().map(|it| it.0).collect();
    times.extend(two.steps.iter().map(|it| it.0));
    times.sort_unstable();
    times.dedup();
    let (mut of_one, mut of_two) = (Walk::new(one), Walk::new(two));
    let mut values = times
        .into_iter()
        .filter_map(|at| Some((at, meaning(of_one.at(at)?, of_two.at(at)?))));
    let Some((since, first)) = values.next() else {
        return Steps {
            steps: Vec::new(),
            until: one.until,
        };
    };
    Steps::new((since, one.until), first, values)
}

/// Returns what the offers of several variants mean together.
fn merged<W: PartialEq>(
    variants: &[&VariantOffers],
    span: (UnixMs, UnixMs),
    meaning: impl Fn(&[Option<Offer>]) -> W,
) -> Steps<W> {
    let mut changes: Vec<(UnixMs, usize, Option<Offer>)> = Vec::new();
    for (n, variant) in variants.iter().enumerate() {
        changes.extend(
            variant
                .offers
                .steps
                .iter()
                .map(|(at, offer)| (*at, n, *offer)),
        );
    }
    changes.sort_by_key(|(at, n, _)| (*at, *n));
    let mut now: Vec<Option<Offer>> = vec![None; variants.len()];
    let mut values: Vec<(UnixMs, W)> = Vec::new();
    let mut rest = changes.as_slice();
    while let Some(&(at, ..)) = rest.first() {
        let n_now = rest.partition_point(|(it, ..)| *it <= at);
        let (of_now, later) = rest.split_at(n_now);
        for (_, n, offer) in of_now {
            if let Some(it) = now.get_mut(*n) {
                *it = *offer;
            }
        }
        values.push((at, meaning(&now)));
        rest = later;
    }
    Steps::new(span, meaning(&vec![None; variants.len()]), values)
}

/// Reads the values of steps at times that rise.
struct Walk<'a, V> {
    steps: &'a [(UnixMs, V)],
}

impl<'a, V> Walk<'a, V> {
    fn new(steps: &'a Steps<V>) -> Self {
        Self {
            steps: &steps.steps,
        }
    }

    fn at(&mut self, at: UnixMs) -> Option<&'a V> {
        while let [_, next, ..] = self.steps
            && next.0 <= at
        {
            self.steps = self.steps.get(1..)?;
        }
        self.steps.first().map(|(_, value)| value)
    }
}
