//! Walks the newest ranking, then all other rows in the order in which they were stored first.

use catalog::{SearchCursor, SearchPlace};

use super::LOOK;
use super::look::Look;
use super::page::Pager;
use super::places::Placed;
use super::source::Source;
use crate::sqlite::fault::Fault;

pub(super) fn walk(
    look: &Look<'_>,
    source: &Source,
    places: Option<&Placed>,
    after: Option<&SearchCursor>,
    pager: &mut Pager,
) -> Result<(), Fault> {
    let others_after = match after {
        Some(after) if after.place == SearchPlace::Rank(None) => Some(look.row_id(&after.id)?),
        _ => None,
    };
    if others_after.is_none()
        && let Some(places) = places
    {
        let is_full = ranked(look, places, after, pager)?;
        if is_full {
            return Ok(());
        }
    }
    let mut last = others_after.flatten();
    loop {
        let room = pager.room();
        let ids = source.ids_behind(look, last, room)?;
        for &row_id in &ids {
            last = Some(row_id);
            pager.spend(LOOK);
            let Some(seen) = look.texts(row_id)? else {
                continue;
            };
            let is_ranked = places.is_some_and(|places| places.rank(&seen.id).is_some());
            let mut matches = false;
            if seen.matches && !is_ranked {
                pager.spend(LOOK);
                let numbers = look.numbers(seen.shop_id, &seen.id.native)?;
                let shop = look.shops.get(&seen.shop_id);
                matches = numbers
                    .zip(shop)
                    .is_some_and(|((_, numbers), shop)| look.has_numbers(shop, &seen.id, &numbers));
            }
            if pager
                .take(SearchPlace::Rank(None), seen.id, matches)
                .is_break()
            {
                return Ok(());
            }
        }
        if ids.len() < room {
            return Ok(());
        }
    }
}

/// Walks the places of a ranking; returns whether that was enough.
fn ranked(
    look: &Look<'_>,
    places: &Placed,
    after: Option<&SearchCursor>,
    pager: &mut Pager,
) -> Result<bool, Fault> {
    let from = match after.map(|after| (after.place, &after.id)) {
        Some((SearchPlace::Rank(Some(rank)), id)) => places
            .order
            .partition_point(|place| (place.0, &place.1) <= (rank, id)),
        _ => 0,
    };
    for (rank, id) in places.order.iter().skip(from) {
        // A product that stands in a ranking twice has its first place alone.
        if places.rank(id) != Some(*rank) {
            continue;
        }
        let mut matches = false;
        if let Some(shop) = look.shop_of(id)
            && look.wants(shop.id)
        {
            pager.spend(LOOK);
            if let Some((row_id, numbers)) = look.numbers(shop.id, &id.native)?
                && look.has_numbers(shop, id, &numbers)
            {
                pager.spend(LOOK);
                matches = look.texts(row_id)?.is_some_and(|seen| seen.matches);
            }
        }
        pager.spend(1);
        if pager
            .take(SearchPlace::Rank(Some(*rank)), id.clone(), matches)
            .is_break()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
