//! Walks products by price or by date.

use std::collections::BTreeSet;

use catalog::{Currency, SearchCursor, SearchOrder, SearchPlace, UnixMs};

use super::LOOK;
use super::look::{Look, Numbers};
use super::merge::{Entry, Merge, Stretch, next_currency};
use super::page::{Pager, is_descending};
use super::source::Source;
use crate::sqlite::codec::ShopRow;
use crate::sqlite::fault::Fault;

pub(super) fn walk(
    look: &Look<'_>,
    source: &Source,
    after: Option<&SearchCursor>,
    pager: &mut Pager,
) -> Result<(), Fault> {
    let mut walk = Walk {
        look,
        generations: source.generations(look)?,
        among: match source {
            Source::Few(ids) | Source::Some(ids) => Some(ids.as_slice()),
            Source::Words(_) | Source::Shops(_) | Source::All => None,
        },
        behind: after.map(|after| place_behind(look, after)).transpose()?,
    };
    match look.query.order {
        SearchOrder::Newest | SearchOrder::Rank => {
            for stretch in [Stretch::Dated, Stretch::Undated] {
                if walk.stretch(stretch, pager)? {
                    return Ok(());
                }
            }
            Ok(())
        }
        SearchOrder::Cheapest | SearchOrder::Dearest => walk.by_price(pager),
    }
}

/// A walk through the stretches of an order.
struct Walk<'a> {
    look: &'a Look<'a>,
    generations: Vec<i64>,
    /// The rows that may match, in their order; `None` where that may be any.
    among: Option<&'a [i64]>,
    /// In which stretch, and behind which number and row of it, the walk begins; `None` once it did.
    behind: Option<(Stretch, (i64, i64))>,
}

impl Walk<'_> {
    fn by_price(&mut self, pager: &mut Pager) -> Result<(), Fault> {
        let only = self.look.query.filter.currency;
        let mut after = match self.behind {
            Some((Stretch::Priced(currency), _)) => {
                if self.stretch(Stretch::Priced(currency), pager)? {
                    return Ok(());
                }
                Some(Some(currency))
            }
            Some(_) => None,
            None => Some(None),
        };
        while let Some(behind) = after {
            let code = behind.map_or_else(String::new, |it: Currency| it.code().to_owned());
            pager.spend(self.generations.len() * LOOK / 2);
            after = match (only, behind) {
                (Some(currency), None) => Some(Some(currency)),
                (Some(_), Some(_)) => None,
                (None, _) => next_currency(self.look.tx, &self.generations, &code)?.map(Some),
            };
            if let Some(Some(currency)) = after
                && self.stretch(Stretch::Priced(currency), pager)?
            {
                return Ok(());
            }
        }
        let filter = &self.look.query.filter;
        if filter.price_min.is_some() || filter.price_max.is_some() {
            return Ok(());
        }
        let of_shops: BTreeSet<Currency> = self.look.shops.values().map(|it| it.currency).collect();
        let from = match self.behind {
            Some((Stretch::Unpriced(currency), _)) => Some(currency),
            _ => None,
        };
        for currency in of_shops {
            if from.is_none_or(|from| currency >= from)
                && only.is_none_or(|only| currency == only)
                && self.stretch(Stretch::Unpriced(currency), pager)?
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Walks one stretch; returns whether that was enough.
    fn stretch(&mut self, stretch: Stretch, pager: &mut Pager) -> Result<bool, Fault> {
        let is_descending = is_descending(
            self.look.query.order,
            matches!(stretch, Stretch::Priced(_) | Stretch::Dated),
        );
        let behind = match self.behind {
            Some((of, behind)) if of == stretch => {
                self.behind = None;
                behind
            }
            // The cursor is in a later stretch.
            Some((Stretch::Undated, _)) if stretch == Stretch::Dated => return Ok(false),
            _ if is_descending => (i64::MAX, i64::MAX),
            _ => (i64::MIN, i64::MIN),
        };
        let bounds = self.bounds(stretch);
        let behind = match bounds {
            Some((least, _)) if !is_descending && behind.0 < least => (least, i64::MIN),
            Some((_, most)) if is_descending && behind.0 > most => (most, i64::MAX),
            _ => behind,
        };
        let tx = self.look.tx;
        let mut merge = Merge::begin(tx, (stretch, is_descending), &self.generations, behind)?;
        let mut steps = 0;
        while let Some(entry) = merge.next()? {
            pager.spend(1 + merge.steps - steps);
            steps = merge.steps;
            if let (Some((least, most)), Some(number)) = (bounds, entry.number)
                && !(least..=most).contains(&number)
            {
                return Ok(false);
            }
            let Some(shop) = self.look.shops.get(&entry.shop_id) else {
                continue;
            };
            let place = place(stretch, &entry);
            let id = shop.product_id(entry.native.clone());
            let matches = is_in(stretch, shop) && self.matches(stretch, shop, &entry, pager)?;
            if pager.take(place, id, matches).is_break() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns bounds of the numbers of all matches; they may be wider than the filter's.
    fn bounds(&self, stretch: Stretch) -> Option<(i64, i64)> {
        let Stretch::Priced(currency) = stretch else {
            return None;
        };
        let filter = &self.look.query.filter;
        let scale = 10_f64.powi(i32::try_from(currency.exponent()).unwrap_or(0));
        // A float beyond all integers becomes the nearest one.
        let least = filter.price_min.map_or(i64::MIN, |price| {
            ((price * scale).floor() as i64).saturating_sub(2)
        });
        let most = filter.price_max.map_or(i64::MAX, |price| {
            ((price * scale).ceil() as i64).saturating_add(2)
        });
        Some((least, most))
    }

    fn matches(
        &self,
        stretch: Stretch,
        shop: &ShopRow,
        entry: &Entry,
        pager: &mut Pager,
    ) -> Result<bool, Fault> {
        let look = self.look;
        if !look.wants(shop.id)
            || (look.query.filter.in_stock && !entry.in_stock)
            || self
                .among
                .is_some_and(|among| among.binary_search(&entry.row_id).is_err())
        {
            return Ok(false);
        }
        if look.is_about_numbers() {
            let numbers = match stretch {
                Stretch::Priced(currency) => Some(Numbers {
                    currency: Some(currency),
                    price_min: entry.number,
                    listed_at: None,
                    in_stock: entry.in_stock,
                }),
                Stretch::Unpriced(_) => Some(Numbers {
                    currency: None,
                    price_min: None,
                    listed_at: None,
                    in_stock: entry.in_stock,
                }),
                Stretch::Dated | Stretch::Undated => {
                    pager.spend(LOOK);
                    look.numbers(shop.id, &entry.native)?
                        .map(|(_, numbers)| numbers)
                }
            };
            let id = shop.product_id(entry.native.clone());
            if !numbers.is_some_and(|numbers| look.has_numbers(shop, &id, &numbers)) {
                return Ok(false);
            }
        }
        if !look.is_about_texts() {
            return Ok(true);
        }
        pager.spend(LOOK);
        Ok(look.texts(entry.row_id)?.is_some_and(|seen| seen.matches))
    }
}

fn is_in(stretch: Stretch, shop: &ShopRow) -> bool {
    match stretch {
        Stretch::Unpriced(currency) => shop.currency == currency,
        Stretch::Priced(_) | Stretch::Dated | Stretch::Undated => true,
    }
}

const fn place(stretch: Stretch, entry: &Entry) -> SearchPlace {
    match stretch {
        Stretch::Priced(currency) | Stretch::Unpriced(currency) => {
            SearchPlace::Price(currency, entry.number)
        }
        Stretch::Dated | Stretch::Undated => SearchPlace::Listed(match entry.number {
            Some(number) => Some(UnixMs::new(number)),
            None => None,
        }),
    }
}

/// Returns where the walk begins behind a cursor.
///
/// A cursor at a product that is not there any more begins with all that are at its place.
fn place_behind(look: &Look<'_>, after: &SearchCursor) -> Result<(Stretch, (i64, i64)), Fault> {
    let row_id = look.row_id(&after.id)?;
    let (stretch, number) = match after.place {
        SearchPlace::Price(currency, Some(price)) => (Stretch::Priced(currency), Some(price)),
        SearchPlace::Price(currency, None) => (Stretch::Unpriced(currency), None),
        SearchPlace::Listed(Some(at)) => (Stretch::Dated, Some(at.ms())),
        SearchPlace::Listed(None) | SearchPlace::Rank(_) => (Stretch::Undated, None),
    };
    let first = match is_descending(look.query.order, number.is_some()) {
        true => i64::MAX,
        false => i64::MIN,
    };
    Ok((stretch, (number.unwrap_or(0), row_id.unwrap_or(first))))
}
