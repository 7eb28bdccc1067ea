//! What the observations up to a moment say of each product: stock-outs and restocks, units that left, days observed,
//! places in the best-selling order.

use std::collections::HashMap;

use catalog::{
    Certainty, FeatureRow, NativeId, Observation, ObservationKind, Platform, Popularity, ProductId,
    RankSource, ShopKey, UnixMs,
};

#[cfg(test)]
mod tests;
mod trend;
mod units;

pub(crate) use self::units::Units;

/// How many weeks a trend looks back.
pub(crate) const WEEKS: usize = 12;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// The histories of many products, each reduced to the few numbers that features need.
#[derive(Debug, Clone)]
pub struct Histories {
    now: UnixMs,
    shops: HashMap<(Platform, ShopKey), Shop>,
}

/// The products of one shop that have a history.
#[derive(Debug, Clone, Default)]
struct Shop {
    stocks: HashMap<NativeId, Stock>,
    /// Of products whose stock moved; few shops publish it.
    units: HashMap<NativeId, Units>,
    ranked: HashMap<NativeId, Ranked>,
    /// When a product was last seen at a place of a source.
    holders: HashMap<(Source, u32), UnixMs>,
    /// When its best-selling order was last observed to move, and where.
    newest: Option<(UnixMs, Source)>,
    /// The last looks at that order.
    looks: Vec<Look>,
}

/// A look at a shop's best-selling order, which confirms the places that it read, also those that did not move.
#[derive(Debug, Clone, Copy)]
struct Look {
    source: Source,
    at: UnixMs,
    n_places: u64,
}

/// Where a place was read; nobody says of those that early versions observed.
type Source = Option<RankSource>;

/// A product's places, all of one source: a place of another one begins anew, since the two cannot be compared.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    source: Source,
    /// When the latest was first observed.
    at: UnixMs,
    weeks: Weeks,
}

/// A product's place so many weeks ago, now first, as if each place held until the next; 0 before the first.
type Weeks = [u32; WEEKS];

/// How often a product's variants went out of stock or came back, and when there were others than now. There may be
/// a million of these: 32 bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Stock {
    n_events: u32,
    /// Variants that disappeared less those that appeared.
    n_others: i16,
    is_gone: bool,
    /// The sum of the times at which variants disappeared, less those at which they appeared.
    others_ms: i64,
    /// How long the product was gone before it came back.
    gone_ms: i64,
    /// When it went last.
    went_ms: i64,
}

/// A product's places in the best-selling order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    /// The place observed last.
    pub(crate) latest: u32,
    /// When the product came to it.
    pub(crate) since: UnixMs,
    /// When it was last read, or where no look is known, when the shop's order last moved: places hold until then.
    pub(crate) ranked_at: UnixMs,
    /// Where all of them were read.
    pub(crate) source: Source,
    /// The place so many weeks ago, now first; 0 where it is not known.
    weeks: Weeks,
}

/// How long and how eventfully a product's stock was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Stock-outs and restocks of single variants.
    pub(crate) n_events: u32,
    /// Milliseconds, each counted once per variant that was there. A whole number, so that the sum over many
    /// products does not depend on their order.
    pub(crate) variant_ms: u64,
}

impl Histories {
    /// Returns no histories yet; what is observed after `now` will be left out.
    pub fn new(now: UnixMs) -> Self {
        Self {
            now,
            shops: HashMap::new(),
        }
    }

    /// Returns the moment behind which nothing is taken in.
    pub const fn now(&self) -> UnixMs {
        self.now
    }

    /// Takes in one observation. Those of one product must come oldest first; products may come in any order.
    ///
    /// Needs no [`ObservationKind::New`]. Keeps the same few bytes per product however
    /// many observations there are.
    pub fn add(&mut self, observation: &Observation) {
        if observation.at > self.now || observation.kind == ObservationKind::New {
            return;
        }
        let ProductId {
            platform,
            shop,
            native,
        } = &observation.product;
        let shop = self.shops.entry((*platform, shop.clone())).or_default();
        if observation.kind != ObservationKind::Ranked {
            let stock = shop.stocks.entry(native.clone()).or_default();
            stock.add(observation);
            if let Some(moved) = observation.stock {
                let units = shop.units.entry(native.clone()).or_default();
                units.add(moved, observation.at, self.now);
            }
        } else if let Some(place) = observation.rank.filter(|it| *it > 0) {
            shop.add_place(native, place, observation, self.now);
        } else if observation.lost_its_place() {
            shop.lose_place(native, observation);
        }
    }

    /// Takes in what a pass learned of a shop's best sellers, in any order: a place that did not move was not observed anew.
    pub fn looked(&mut self, platform: Platform, shop: &ShopKey, popularity: &Popularity) {
        let known = self.shops.get_mut(&(platform, shop.clone()));
        if let Some(shop) =
            known.filter(|_| popularity.source.is_some() && popularity.at <= self.now)
        {
            shop.looks.push(Look {
                source: popularity.source,
                at: popularity.at,
                n_places: popularity.n_places,
            });
        }
    }

    /// Returns the shops of which places were observed.
    pub fn ranked_shops(&self) -> impl Iterator<Item = &(Platform, ShopKey)> {
        let ranked = self.shops.iter().filter(|(_, shop)| shop.newest.is_some());
        ranked.map(|(key, _)| key)
    }

    /// Returns whether a best-selling order of a product's shop was ever read.
    pub(crate) fn has_order(&self, id: &ProductId) -> bool {
        let shop = self.shop(id);
        shop.is_some_and(|it| it.newest.is_some() || !it.looks.is_empty())
    }

    /// Returns whether anything was observed of a product besides its first sight.
    pub fn has(&self, id: &ProductId) -> bool {
        self.shop(id).is_some_and(|shop| {
            shop.stocks.contains_key(&id.native) || shop.ranked.contains_key(&id.native)
        })
    }

    /// Returns how long and how eventfully the stock of `row` was watched.
    ///
    /// The variants of now, times the days since the product was first seen; variants that came and went, and time
    /// in which the whole product was gone, are made good.
    pub(crate) fn watched(&self, row: &FeatureRow) -> Watched {
        let (from, to) = (row.first_seen_at, row.confirmed_at.min(self.now));
        let stock = self
            .shop(&row.id)
            .and_then(|shop| shop.stocks.get(&row.id.native))
            .copied()
            .unwrap_or_default();
        let there_ms = to.ms() - from.ms() - stock.gone_ms(to);
        // Where nobody says anything of the stock, nobody saw that it stayed as it was.
        if row.inputs.availability.is_none() && stock.n_events == 0 {
            return Watched {
                n_events: 0,
                variant_ms: 0,
            };
        }
        // Far dates times many variants pass 64 bits.
        let variant_ms = i128::from(row.inputs.num_variants) * i128::from(there_ms)
            + i128::from(stock.others_ms)
            - i128::from(stock.n_others) * i128::from(from.ms());
        Watched {
            n_events: stock.n_events,
            variant_ms: u64::try_from(variant_ms.max(0)).unwrap_or(u64::MAX),
        }
    }

    /// Returns the places of a product in its shop's best-selling order, as read at the newest source; `None` where it
    /// never was in that, is in it no more, as far as it was read, or where nobody has read it for 12 weeks. Earlier
    /// versions did not observe who left: there a place that another product has by now is not known.
    ///
    /// To be asked when all observations are in: what was observed of other products tells how long a place held.
    pub(crate) fn places(&self, id: &ProductId) -> Option<Places> {
        let shop = self.shop(id)?;
        let (_, source) = shop.newest?;
        let ranked = shop
            .ranked
            .get(&id.native)
            .filter(|it| it.source == source)?;
        let ranked_at = shop.read_at(ranked)?;
        if self.now.ms().saturating_sub(ranked_at.ms()) > WEEKS as i64 * 7 * DAY_MS {
            return None;
        }
        let mut weeks = ranked.weeks;
        let latest = weeks[0];
        if shop
            .holders
            .get(&(source, latest))
            .is_some_and(|at| *at > ranked.at)
        {
            return None;
        }
        for (place, week) in weeks.iter_mut().zip(weeks_ago(self.now)) {
            if week > ranked_at {
                *place = 0;
            }
        }
        Some(Places {
            latest,
            since: ranked.at,
            ranked_at,
            source,
            weeks,
        })
    }

    /// Returns what moved in a product's stock in 28 days; `None` where nothing ever did.
    pub(crate) fn units(&self, id: &ProductId) -> Option<Units> {
        self.shop(id)?.units.get(&id.native).copied()
    }

    fn shop(&self, id: &ProductId) -> Option<&Shop> {
        self.shops.get(&(id.platform, id.shop.clone()))
    }
}

impl Shop {
    fn add_place(&mut self, native: &NativeId, place: u32, seen: &Observation, now: UnixMs) {
        let (source, at) = (seen.source, seen.at);
        let fresh = Ranked {
            source,
            at,
            weeks: Weeks::default(),
        };
        let ranked = self.ranked.entry(native.clone()).or_insert(fresh);
        if ranked.source != source {
            *ranked = fresh;
        }
        ranked.at = at;
        add_place(&mut ranked.weeks, place, at, now);
        let holder = self.holders.entry((source, place)).or_insert(at);
        *holder = at.max(*holder);
        self.look(source, at);
    }

    /// Forgets the places of a product that is not in the order any more: one that comes back begins anew.
    fn lose_place(&mut self, native: &NativeId, seen: &Observation) {
        let is_of_source = |it: &Ranked| it.source == seen.source;
        if self.ranked.get(native).is_some_and(is_of_source) {
            self.ranked.remove(native);
        }
        self.look(seen.source, seen.at);
    }

    /// Returns when the latest place of a product was last read: a look that broke off before it says nothing of it.
    fn read_at(&self, ranked: &Ranked) -> Option<UnixMs> {
        let of_source = |it: &&Look| it.source == ranked.source;
        let mut looks = self.looks.iter().filter(of_source).peekable();
        if looks.peek().is_none() {
            return self.newest.map(|(at, _)| at);
        }
        let got_as_far = looks.filter(|it| it.n_places >= u64::from(ranked.weeks[0]));
        let last = got_as_far.map(|it| it.at).max();
        Some(last.map_or(ranked.at, |at| at.max(ranked.at)))
    }

    /// Notes that the order was observed.
    fn look(&mut self, source: Source, at: UnixMs) {
        let is_newer = |(known_at, known): (UnixMs, Source)| {
            (at, strength(source)) > (known_at, strength(known))
        };
        if self.newest.is_none_or(is_newer) {
            self.newest = Some((at, source));
        }
    }
}

/// Returns which of two sources counts that were read at the same time.
const fn strength(source: Source) -> u8 {
    match source {
        Some(RankSource::StorefrontApi) => 3,
        Some(RankSource::SortedList) => 2,
        Some(RankSource::Collection) => 1,
        None => 0,
    }
}

impl Watched {
    pub(crate) fn variant_days(self) -> f64 {
        self.variant_ms as f64 / DAY_MS as f64
    }
}

impl Stock {
    fn add(&mut self, observation: &Observation) {
        let at = observation.at;
        match observation.kind {
            ObservationKind::Changed => match (&observation.before, &observation.after) {
                (Some(_), Some(_)) => {
                    let is_event = u32::from(is_event(observation));
                    self.n_events = self.n_events.saturating_add(is_event);
                }
                (None, Some(_)) => self.another(-1, at),
                (Some(_), None) => self.another(1, at),
                (None, None) => (),
            },
            ObservationKind::Gone => self.gone(true, at),
            ObservationKind::Back => self.gone(false, at),
            ObservationKind::New | ObservationKind::Ranked => (),
        }
    }

    /// Counts a variant that disappeared (1) or appeared (-1).
    fn another(&mut self, sign: i16, at: UnixMs) {
        self.n_others = self.n_others.saturating_add(sign);
        self.others_ms = self.others_ms.saturating_add(i64::from(sign) * at.ms());
    }

    /// Notes that the product went or came back. One that went twice went the first time.
    fn gone(&mut self, is_gone: bool, at: UnixMs) {
        match (self.is_gone, is_gone) {
            (false, true) => self.went_ms = at.ms(),
            (true, false) => self.gone_ms += at.ms() - self.went_ms,
            _ => (),
        }
        self.is_gone = is_gone;
    }

    /// Returns how long the product was gone up to `to`.
    fn gone_ms(self, to: UnixMs) -> i64 {
        if self.is_gone {
            self.gone_ms + (to.ms() - self.went_ms).max(0)
        } else {
            self.gone_ms
        }
    }
}

/// Returns whether a variant went out of stock or came back.
fn is_event(observation: &Observation) -> bool {
    let is_available = observation.after.and_then(|after| after.available);
    matches!((observation.was_available(), is_available), (Some(before), Some(after)) if before != after)
}

/// Puts a place into all weeks from `at` on.
fn add_place(weeks: &mut Weeks, place: u32, at: UnixMs, now: UnixMs) {
    for (known, week) in weeks.iter_mut().zip(weeks_ago(now)) {
        if at <= week {
            *known = place;
        }
    }
}

/// Returns the moments of [`Weeks`].
fn weeks_ago(now: UnixMs) -> impl Iterator<Item = UnixMs> {
    (0..).map(move |week| UnixMs::new(now.ms() - week * 7 * DAY_MS))
}

impl Places {
    /// Returns how the places are known.
    pub(crate) fn certainty(&self) -> Certainty {
        self.source
            .map_or(Certainty::Observed, RankSource::certainty)
    }

    /// Returns the place so many weeks ago, where it is known.
    pub(crate) fn weeks_ago(&self, n_weeks: usize) -> Option<u32> {
        self.weeks.get(n_weeks).copied().filter(|it| *it > 0)
    }

    /// Returns the slope of `-ln(place)` per week, 0 where it may be chance; `None` under eight known weeks, and of an
    /// order that may be made by hand: to be moved in it is no climb.
    pub(crate) fn trend(&self) -> Option<f64> {
        if self.certainty() != Certainty::Observed {
            return None;
        }
        let known = self.weeks.iter().rev().filter(|it| **it > 0);
        let values: Vec<f64> = known.map(|place| -f64::from(*place).ln()).collect();
        trend::slope(&values)
    }

    /// Returns the number of weeks whose place is known.
    pub(crate) fn n_weeks(&self) -> usize {
        self.weeks.iter().filter(|it| **it > 0).count()
    }
}
