//! What was seen of a product over time, each value with where it comes from and how far it can be trusted.
//!
//! Nothing is made up: what nobody saw is unavailable, with the reason. Scores are not made of these values but of the
//! same [`Histories`].

use catalog::{
    Certainty, ChangeKind, FeatureRow, Observation, Popularity, RankSource, UnixMs, Variant,
    changes_of,
};
use serde::Serialize;

use crate::history::{DAY_MS, Histories, Places};

mod moves;
mod sell_out;
#[cfg(test)]
mod tests;
mod units;

/// Why nothing is known of a product's stock.
pub(crate) const NOT_SAID: &str = "the shop does not say what is available";

/// Where a value comes from that several crawls together tell.
const OBSERVATIONS: &str = "observations";

/// A value with its provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    /// Its name, such as `bestseller_place`.
    pub name: &'static str,
    /// The value; `None` where unavailable.
    pub value: Option<f64>,
    /// What it is counted in, such as `days`.
    pub unit: &'static str,
    /// `storefront_api`, `collection`, `sorted_list` or `observations`; `None` where there is none.
    pub source: Option<&'static str>,
    /// When it was last confirmed; `None` where nobody ever looked.
    pub at: Option<UnixMs>,
    /// How it is known.
    pub certainty: Certainty,
    /// What stands behind it, or why it is unavailable; may be empty, and may quote a shop.
    pub detail: String,
}

/// A product with all that was seen of it.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// What the scores take of it.
    pub row: &'a FeatureRow,
    /// Its variants as they are now.
    pub variants: &'a [Variant],
    /// Its observations, oldest first.
    pub history: &'a [Observation],
    /// What the newest pass that looked learned of the shop's best sellers; `None` where none did.
    pub popularity: Option<&'a Popularity>,
}

/// Returns a product's signals, always the same ones in the same order. `histories` has its whole shop's.
pub fn signals(watched: Watched<'_>, histories: &Histories) -> Vec<Signal> {
    let now = histories.now();
    let n_known = watched.history.iter().take_while(|it| it.at <= now).count();
    let watched = Watched {
        history: &watched.history[..n_known],
        popularity: watched.popularity.filter(|it| it.at <= now),
        ..watched
    };
    let places = histories.places(&watched.row.id);
    vec![
        place(watched, places.as_ref()),
        places_won("places_won_7_days", 1, watched, places.as_ref()),
        places_won("places_won_28_days", 4, watched, places.as_ref()),
        units::out(watched, histories.units(&watched.row.id)),
        moves::availability(watched),
        sell_out::signal(watched),
        moves::prices(watched),
        moves::discounts(watched),
    ]
}

fn place(watched: Watched<'_>, places: Option<&Places>) -> Signal {
    let Some(places) = places else {
        return no_place("bestseller_place", "place", watched);
    };
    let detail = match places.source {
        Some(RankSource::StorefrontApi) => "in the platform's own order by sales",
        Some(RankSource::SortedList) => "in the shop's product list by sales",
        Some(RankSource::Collection) => {
            "in a collection that the shop calls its best sellers; its order may be made by hand"
        }
        None => "in the shop's best-selling order",
    };
    Signal {
        name: "bestseller_place",
        value: Some(places.latest.into()),
        unit: "place",
        source: Some(source(places)),
        at: Some(places.ranked_at),
        certainty: places.certainty(),
        detail: detail.to_owned(),
    }
}

/// Returns how many places were won since so many weeks ago; less than 0 for lost ones.
fn places_won(
    name: &'static str,
    n_weeks: usize,
    watched: Watched<'_>,
    places: Option<&Places>,
) -> Signal {
    let Some(places) = places else {
        return no_place(name, "places", watched);
    };
    let then = places.weeks_ago(n_weeks);
    Signal {
        name,
        value: then.map(|then| f64::from(then) - f64::from(places.latest)),
        unit: "places",
        source: Some(source(places)),
        at: Some(places.ranked_at),
        certainty: then.map_or(Certainty::Unavailable, |_| places.certainty()),
        detail: match then {
            Some(then) => format!("from {then} to {}", places.latest),
            None => format!(
                "no place of the same source is known of {} days ago",
                7 * n_weeks
            ),
        },
    }
}

/// Says why there is no place.
fn no_place(name: &'static str, unit: &'static str, watched: Watched<'_>) -> Signal {
    let lost = watched.history.iter().rev().find(|it| it.lost_its_place());
    let detail = match (watched.popularity, lost) {
        (Some(it), _) if it.source.is_none() => it.detail.clone(),
        (Some(it), _) => format!("not among the {} places that were read", it.n_places),
        (None, Some(lost)) => {
            let n_places = lost.n_places.unwrap_or_default();
            format!("not among the {n_places} places that were read")
        }
        (None, None) => "no crawl has looked at the shop's best-selling order".to_owned(),
    };
    let source = match (watched.popularity, lost) {
        (Some(it), _) => it.source,
        (None, lost) => lost.and_then(|it| it.source),
    };
    Signal {
        name,
        value: None,
        unit,
        source: source.map(RankSource::name),
        at: watched.popularity.map(|it| it.at).or(lost.map(|it| it.at)),
        certainty: Certainty::Unavailable,
        detail,
    }
}

/// Returns the name of where places were read.
pub(crate) fn source(places: &Places) -> &'static str {
    places.source.map_or(OBSERVATIONS, RankSource::name)
}

/// Changes of a product in its history, with their times.
fn changes<'a>(
    watched: Watched<'a>,
    kinds: &'a [ChangeKind],
) -> impl Iterator<Item = (UnixMs, catalog::Change)> + 'a {
    let all = watched
        .history
        .iter()
        .flat_map(|it| changes_of(it).into_iter().map(|change| (it.at, change)));
    all.filter(|(_, change)| kinds.contains(&change.kind))
}

impl Watched<'_> {
    /// Returns whether it was ever said what of the product can be bought.
    fn says_stock(&self) -> bool {
        let is_said = |it: &Observation| {
            let offers = [it.before, it.after].into_iter().flatten();
            it.said_before.is_some() || offers.into_iter().any(|it| it.available.is_some())
        };
        let mut variants = self.variants.iter();
        variants.any(|it| it.availability.last_said().is_some()) || self.history.iter().any(is_said)
    }

    /// Returns the days from the first sight to the last.
    fn days(&self) -> f64 {
        let watched_ms = self.row.confirmed_at.ms() - self.row.first_seen_at.ms();
        watched_ms.max(0) as f64 / DAY_MS as f64
    }

    /// Returns a value that crawls saw by comparing; it needs two of them.
    fn seen(
        &self,
        name: &'static str,
        unit: &'static str,
        value: Option<f64>,
        detail: String,
    ) -> Signal {
        let is_seen_once = self.days() == 0.0;
        let value = value.filter(|_| !is_seen_once);
        Signal {
            name,
            value,
            unit,
            source: Some(OBSERVATIONS),
            at: Some(self.row.confirmed_at),
            certainty: match value {
                Some(_) => Certainty::Observed,
                None => Certainty::Unavailable,
            },
            detail: match is_seen_once {
                true => "seen once so far".to_owned(),
                false => detail,
            },
        }
    }
}
