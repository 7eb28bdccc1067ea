//! Finds products by words. The order is that of explicit keys; products of the same place stand by their ids.

use std::collections::{BTreeSet, HashMap, HashSet};

use catalog::{
    Currency, MAX_TOTAL, ProductId, ProductRow, SearchCursor, SearchOrder, SearchPage, SearchPlace,
    SearchQuery, StoreError, UnixMs, query_words,
};
use mongodb::bson::{Document, RawDocument, doc};
use serde::Deserialize;

use super::MongoStore;
use super::decode::{self, Ms, ROW_FIELDS, Shops};
use super::fault::Fault;
use super::keys::product_key;
use super::product::date;
use super::rankings;
use super::read::{BLOCK, projection, shops_of};
use super::scan::{is_pushed_down, pushed_down};
use super::steps::{FindArgs, Steps, number};

/// So many products are looked at for one page, and as many to count the matches where the server cannot.
const MOST_LOOKED_AT: usize = 20_000;

pub(super) async fn search(
    store: &MongoStore,
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, StoreError> {
    search_within(store, MOST_LOOKED_AT, query, after, limit).await
}

/// Searches with a look at `most` products.
pub(super) async fn search_within(
    store: &MongoStore,
    most: usize,
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, StoreError> {
    store
        .read("search", |steps| {
            Box::pin(find_page(steps, most, query, after, limit))
        })
        .await
}

async fn find_page(
    steps: &mut Steps<'_>,
    most: usize,
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    let shops = shops_of(steps, &query.filter).await?;
    let mut search = Search {
        query,
        matching: matching(query, &shops),
        shops,
        // One more than wanted tells whether there is a next page.
        wanted: limit.saturating_add(1),
        left: most,
        stopped: None,
    };
    let mut found = match query.order {
        SearchOrder::Rank => search.by_rank(steps, after).await?,
        SearchOrder::Cheapest => search.by_price(steps, after, false).await?,
        SearchOrder::Dearest => search.by_price(steps, after, true).await?,
        SearchOrder::Newest => search.by_date(steps, after).await?,
    };
    let is_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| is_more).map(|last| SearchCursor {
        place: last.place,
        id: last.row.id.clone(),
    });
    // To look at as many again for their number would take as long again.
    let (total, is_total_exact) = match search.stopped.is_some() && !search.is_pushed_down() {
        true => (found.len() as u64, false),
        false => search.total(steps, most).await?,
    };
    let next = last.or(search.stopped);
    Ok(SearchPage {
        total,
        is_total_exact,
        places: found.iter().map(|found| found.place).collect(),
        rows: found.into_iter().map(|found| found.row).collect(),
        next,
    })
}

/// Returns the part of a search that the server itself can check.
fn matching(query: &SearchQuery, shops: &Shops) -> Document {
    let mut conditions = vec![pushed_down(&query.filter, shops)];
    for word in query_words(&query.text) {
        let end = format!("{word}\u{10FFFF}");
        conditions.push(doc! { "search_tokens": { "$elemMatch": { "$gte": word, "$lt": end } } });
    }
    for word in query.whole_words() {
        conditions.push(doc! { "search_tokens": word });
    }
    if !query.filter.shops.is_empty() {
        let keys: Vec<&str> = shops.keys().map(|key| key.as_str()).collect();
        conditions.push(doc! { "shop": { "$in": keys } });
    }
    doc! { "$and": conditions }
}

/// A search and what is known for it.
struct Search<'a> {
    query: &'a SearchQuery,
    matching: Document,
    shops: Shops,
    wanted: usize,
    /// So many products may still be looked at.
    left: usize,
    /// Where the look ended because there were that many.
    stopped: Option<SearchCursor>,
}

/// One product of the result.
struct Found {
    place: SearchPlace,
    row: ProductRow,
}

/// A part of an order in which one sort of the server's holds.
#[derive(Clone, Copy)]
enum Stretch {
    Ids,
    Prices { dearest_first: bool },
    Dates,
}

/// Where a document stands in every stretch.
#[derive(Default, Deserialize)]
struct Spot {
    #[serde(rename = "_id")]
    key: String,
    currency: Option<String>,
    price_min: Option<i64>,
    listed_at: Option<Ms>,
}

impl Search<'_> {
    /// Returns whether `matching` says all that the query does.
    fn is_pushed_down(&self) -> bool {
        self.query.tag.is_none() && is_pushed_down(&self.query.filter)
    }

    fn fields(&self) -> Document {
        let mut fields = projection(&ROW_FIELDS);
        fields.insert("listed_at", 1);
        if self.query.tag.is_some() {
            fields.insert("tags", 1);
        }
        fields
    }

    /// Returns whether a document is a match of which the server checked what it can.
    fn passes(&self, document: &RawDocument, row: &ProductRow) -> Result<bool, Fault> {
        #[derive(Deserialize)]
        struct Tagged {
            tags: Vec<String>,
        }
        if !self.query.filter.matches(row) {
            return Ok(false);
        }
        if self.query.tag.is_none() {
            return Ok(true);
        }
        let Tagged { tags } = decode::fields(document, "a product")?;
        Ok(self.query.has_tag(&tags))
    }

    /// Returns the place of a product that no ranking has.
    fn place(&self, row: &ProductRow, listed_at: Option<UnixMs>) -> SearchPlace {
        match self.query.order {
            SearchOrder::Rank => SearchPlace::Rank(None),
            SearchOrder::Cheapest | SearchOrder::Dearest => {
                SearchPlace::Price(row.currency, row.price_min.map(|price| price.minor()))
            }
            SearchOrder::Newest => SearchPlace::Listed(listed_at),
        }
    }

    /// Returns whether more is wanted and may be looked for.
    fn goes_on(&self, n_found: usize) -> bool {
        n_found < self.wanted && self.stopped.is_none()
    }

    /// Finds those that the latest ranking has, then the others.
    async fn by_rank(
        &mut self,
        steps: &mut Steps<'_>,
        after: Option<&SearchCursor>,
    ) -> Result<Vec<Found>, Fault> {
        let mut places = rankings::latest_places(steps).await?;
        places.sort();
        let ranked: HashSet<ProductId> = places.iter().map(|(_, id)| id.clone()).collect();
        let mut found = Vec::new();
        let mut others_from = None;
        match after.map(|after| (after.place, &after.id)) {
            None => {}
            Some((SearchPlace::Rank(Some(rank)), id)) => {
                places.retain(|place| (place.0, &place.1) > (rank, id));
            }
            Some((SearchPlace::Rank(None), id)) => {
                places.clear();
                others_from = Some(Spot::at(id));
            }
            Some(_) => return Err(of_another_order(self.query.order)),
        }
        for places in places.chunks(self.left.clamp(1, BLOCK)) {
            if !self.goes_on(found.len()) {
                break;
            }
            found.extend(self.ranked(steps, places).await?);
            self.left = self.left.saturating_sub(places.len());
            let last = places.last().filter(|_| self.left == 0);
            self.stopped = last.map(|(rank, id)| SearchCursor {
                place: SearchPlace::Rank(Some(*rank)),
                id: id.clone(),
            });
        }
        if self.goes_on(found.len()) {
            let others = self
                .read(steps, Stretch::Ids, doc! {}, others_from, &ranked)
                .await?;
            found.extend(others.into_iter().map(|(row, _)| Found {
                place: SearchPlace::Rank(None),
                row,
            }));
        }
        Ok(found)
    }

    async fn ranked(
        &self,
        steps: &mut Steps<'_>,
        places: &[(u32, ProductId)],
    ) -> Result<Vec<Found>, Fault> {
        let keys: Vec<String> = places.iter().map(|(_, id)| product_key(id)).collect();
        let query = doc! { "$and": [&self.matching, { "_id": { "$in": keys } }] };
        let args = FindArgs {
            projection: Some(self.fields()),
            ..FindArgs::default()
        };
        let mut rows = HashMap::new();
        for document in steps.find("products", query, args).await? {
            if let Some(row) = decode::product_row(&document, &self.shops)?
                && self.passes(&document, &row)?
            {
                rows.insert(row.id.clone(), row);
            }
        }
        let found = places.iter().filter_map(|(rank, id)| {
            Some(Found {
                place: SearchPlace::Rank(Some(*rank)),
                row: rows.remove(id)?,
            })
        });
        Ok(found.collect())
    }

    /// Finds those with a price, then those without.
    async fn by_price(
        &mut self,
        steps: &mut Steps<'_>,
        after: Option<&SearchCursor>,
        dearest_first: bool,
    ) -> Result<Vec<Found>, Fault> {
        let none_left_out = HashSet::new();
        let mut found = Vec::new();
        let after = match after.map(|after| (after.place, &after.id)) {
            None => None,
            Some((SearchPlace::Price(currency, price), id)) => Some((currency, price, id)),
            Some(_) => return Err(of_another_order(self.query.order)),
        };
        if after.is_none_or(|(_, price, _)| price.is_some()) {
            let from = after.map(|(currency, price, id)| Spot {
                currency: Some(currency.code().to_owned()),
                price_min: price,
                ..Spot::at(id)
            });
            let stretch = Stretch::Prices { dearest_first };
            let with_price = doc! { "currency": { "$gt": "" } };
            found = self
                .read(steps, stretch, with_price, from, &none_left_out)
                .await?;
        }
        let behind = after.filter(|(_, price, _)| price.is_none());
        for currency in self.currencies_of_shops() {
            let from = match behind {
                Some((of, ..)) if currency < of => continue,
                Some((of, _, id)) if currency == of => Some(Spot::at(id)),
                _ => None,
            };
            if self.goes_on(found.len()) {
                let shops = self.shops_with(currency);
                let without = doc! { "currency": null, "shop": { "$in": shops } };
                let more = self
                    .read(steps, Stretch::Ids, without, from, &none_left_out)
                    .await?;
                found.extend(more);
            }
        }
        found.truncate(self.wanted);
        Ok(found.into_iter().map(|(row, _)| priced_at(row)).collect())
    }

    fn currencies_of_shops(&self) -> BTreeSet<Currency> {
        self.shops.values().map(|shop| shop.shop.currency).collect()
    }

    fn shops_with(&self, currency: Currency) -> Vec<&str> {
        let shops = self.shops.values();
        let shops = shops.filter(|shop| shop.shop.currency == currency);
        shops.map(|shop| shop.shop.key.as_str()).collect()
    }

    async fn by_date(
        &mut self,
        steps: &mut Steps<'_>,
        after: Option<&SearchCursor>,
    ) -> Result<Vec<Found>, Fault> {
        let from = match after.map(|after| (after.place, &after.id)) {
            None => None,
            Some((SearchPlace::Listed(listed_at), id)) => {
                let mut spot = Spot::at(id);
                spot.listed_at = listed_at.map(Ms);
                Some(spot)
            }
            Some(_) => return Err(of_another_order(self.query.order)),
        };
        let rows = self
            .read(steps, Stretch::Dates, doc! {}, from, &HashSet::new())
            .await?;
        let rows = rows.into_iter();
        let found = rows.map(|(row, listed_at)| Found {
            place: SearchPlace::Listed(listed_at),
            row,
        });
        Ok(found.collect())
    }

    /// Returns the first matches of a stretch that also pass `condition` and stand behind `from`, each with its
    /// date, but for those to leave out; fewer where it [stopped](Self::stopped).
    async fn read(
        &mut self,
        steps: &mut Steps<'_>,
        stretch: Stretch,
        condition: Document,
        mut from: Option<Spot>,
        leave_out: &HashSet<ProductId>,
    ) -> Result<Vec<(ProductRow, Option<UnixMs>)>, Fault> {
        let mut found = Vec::new();
        let mut last = None;
        while found.len() < self.wanted {
            let block = if self.is_pushed_down() && leave_out.is_empty() {
                BLOCK.min(self.wanted - found.len())
            } else {
                BLOCK.min(self.left.max(1))
            };
            let mut conditions = vec![self.matching.clone(), condition.clone()];
            conditions.extend(from.as_ref().map(|from| stretch.behind(from)));
            let args = FindArgs {
                projection: Some(self.fields()),
                sort: Some(stretch.sort()),
                limit: Some(block),
                batch_size: u32::try_from(block).ok(),
            };
            let query = doc! { "$and": conditions };
            let documents = steps.find("products", query, args).await?;
            let is_last = documents.len() < block;
            self.left = self.left.saturating_sub(documents.len());
            for document in documents {
                let spot: Spot = decode::fields(&document, "a product")?;
                if let Some(row) = decode::product_row(&document, &self.shops)? {
                    let listed_at = decode::time(spot.listed_at);
                    last = Some(SearchCursor {
                        place: self.place(&row, listed_at),
                        id: row.id.clone(),
                    });
                    if self.passes(&document, &row)? && !leave_out.contains(&row.id) {
                        found.push((row, listed_at));
                    }
                }
                from = Some(spot);
            }
            if is_last {
                break;
            }
            if self.left == 0 && last.is_some() {
                self.stopped = last;
                break;
            }
        }
        found.truncate(self.wanted);
        Ok(found)
    }

    /// Returns the number of all matches, counted up to [`MAX_TOTAL`] and with a look at `most` products, and whether
    /// that is all.
    async fn total(&self, steps: &mut Steps<'_>, most: usize) -> Result<(u64, bool), Fault> {
        if self.is_pushed_down() {
            let count = vec![
                doc! { "$match": &self.matching },
                doc! { "$limit": i64::try_from(MAX_TOTAL).unwrap_or(i64::MAX) },
                doc! { "$count": "n" },
            ];
            let total = match steps.aggregate("products", count).await?.first() {
                Some(counted) => number(counted, "n")?,
                None => 0,
            };
            return Ok((total, total < MAX_TOTAL));
        }
        let mut all = Search {
            query: self.query,
            matching: self.matching.clone(),
            shops: self.shops.clone(),
            wanted: usize::try_from(MAX_TOTAL).unwrap_or(usize::MAX),
            left: most,
            stopped: None,
        };
        let none_left_out = HashSet::new();
        let found = all
            .read(steps, Stretch::Ids, doc! {}, None, &none_left_out)
            .await?;
        let total = found.len() as u64;
        Ok((total, all.stopped.is_none() && total < MAX_TOTAL))
    }
}

impl Stretch {
    fn sort(self) -> Document {
        match self {
            Self::Ids => doc! { "_id": 1 },
            Self::Prices { dearest_first } => {
                let direction = if dearest_first { -1 } else { 1 };
                doc! { "currency": 1, "price_min": direction, "_id": 1 }
            }
            Self::Dates => doc! { "listed_at": -1, "_id": 1 },
        }
    }

    fn behind(self, spot: &Spot) -> Document {
        let same_place = doc! { "_id": { "$gt": &spot.key } };
        match self {
            Self::Ids => same_place,
            Self::Prices { dearest_first } => {
                let beyond = if dearest_first { "$lt" } else { "$gt" };
                let (currency, price) = (&spot.currency, spot.price_min);
                doc! { "$or": [
                    { "currency": { "$gt": currency } },
                    { "currency": currency, "price_min": { beyond: price } },
                    { "$and": [{ "currency": currency, "price_min": price }, same_place] },
                ] }
            }
            Self::Dates => match spot.listed_at {
                None => doc! { "$and": [{ "listed_at": null }, same_place] },
                Some(Ms(listed_at)) => doc! { "$or": [
                    { "listed_at": { "$lt": date(listed_at) } },
                    { "$and": [{ "listed_at": date(listed_at) }, same_place] },
                    { "listed_at": null },
                ] },
            },
        }
    }
}

impl Spot {
    /// Returns the place of a product whose other keys are those of its stretch.
    fn at(id: &ProductId) -> Self {
        Self {
            key: product_key(id),
            ..Self::default()
        }
    }
}

fn priced_at(row: ProductRow) -> Found {
    let minor = row.price_min.map(|price| price.minor());
    Found {
        place: SearchPlace::Price(row.currency, minor),
        row,
    }
}

fn of_another_order(order: SearchOrder) -> Fault {
    Fault::Failed(format!("the cursor is of another order than {order:?}"))
}
