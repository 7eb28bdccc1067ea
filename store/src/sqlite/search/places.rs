//! The places of the newest ranking, kept until there is another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use catalog::{ProductId, UnixMs};
use rusqlite::{OptionalExtension, Transaction};

use crate::brief::{Place, Places};
use crate::sqlite::codec::{Ms, from_json};
use crate::sqlite::fault::Fault;
use crate::sqlite::rankings::with_text;

/// The places of one ranking, best first.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) order: Vec<(u32, ProductId)>,
    ranks: HashMap<ProductId, u32>,
}

impl Placed {
    pub(super) fn rank(&self, id: &ProductId) -> Option<u32> {
        self.ranks.get(id).copied()
    }
}

/// A ranking's time, preset and stamp.
type Name = (UnixMs, String, i64);

/// The places of the ranking that was the newest when somebody searched last.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct PlacesCache(Arc<Mutex<Kept>>);

type Kept = Option<(Name, Arc<Placed>)>;

impl PlacesCache {
    pub(super) fn newest(&self, tx: &Transaction<'_>) -> Result<Option<Arc<Placed>>, Fault> {
        let newest = "SELECT at, preset, stamp FROM ranking_heads ORDER BY at DESC, preset LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, Ms>(0)?.0,
                row.get::<_, String>(1)?,
                row.get(2)?,
            ))
        };
        let found = tx.prepare_cached(newest)?.query_row([], read).optional()?;
        let Some(name) = found else {
            return Ok(None);
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, places)) = &*kept
            && *of == name
        {
            return Ok(Some(Arc::clone(places)));
        }
        let read = |json: &str| from_json::<Places>(json, "the latest ranking");
        let Some(places) = with_text(tx, name.0, &name.1, read)? else {
            return Ok(None);
        };
        let mut order: Vec<_> = places.rows.into_iter().map(Place::into_key).collect();
        order.sort();
        let ranks = order.iter().rev().map(|(rank, id)| (id.clone(), *rank));
        let places = Arc::new(Placed {
            ranks: ranks.collect(),
            order,
        });
        *kept = Some((name, Arc::clone(&places)));
        Ok(Some(places))
    }
}
