//! Finds products by words. The order is that of explicit keys; products of the same place stand by their ids.

use std::collections::{BTreeSet, HashMap, HashSet};

use catalog::{
    Currency, MAX_TOTAL, ProductFilter, ProductId, ProductRow, SearchCursor, SearchOrder,
    SearchPage, SearchPlace, SearchQuery, StoreError, UnixMs, query_words,
};
use mongodb::bson::{Document, doc};
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

pub(super) async fn search(
    store: &MongoStore,
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, StoreError> {
    store
        .read("search", |steps| {
            Box::pin(find_page(steps, query, after, limit))
        })
        .await
}

async fn find_page(
    steps: &mut Steps<'_>,
    query: &SearchQuery,
    after: Option<&SearchCursor>,
    limit: usize,
) -> Result<SearchPage, Fault> {
    let shops = shops_of(steps, &query.filter).await?;
    let search = Search {
        order: query.order,
        matching: matching(query, &shops),
        filter: &query.filter,
        shops,
        // One more than wanted tells whether there is a next page.
        wanted: limit.saturating_add(1),
    };
    let mut found = match query.order {
        SearchOrder::Rank => search.by_rank(steps, after).await?,
        SearchOrder::Cheapest => search.by_price(steps, after, false).await?,
        SearchOrder::Dearest => search.by_price(steps, after, true).await?,
        SearchOrder::Newest => search.by_date(steps, after).await?,
    };
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|last| SearchCursor {
        place: last.place,
        id: last.row.id.clone(),
    });
    Ok(SearchPage {
        total: search.total(steps).await?,
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
    if !query.filter.shops.is_empty() {
        let keys: Vec<&str> = shops.keys().map(|key| key.as_str()).collect();
        conditions.push(doc! { "shop": { "$in": keys } });
    }
    doc! { "$and": conditions }
}

/// A search and what is known for it.
struct Search<'a> {
    order: SearchOrder,
    matching: Document,
    filter: &'a ProductFilter,
    shops: Shops,
    wanted: usize,
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
    /// Finds those that the latest ranking has, then the others.
    async fn by_rank(
        &self,
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
            Some(_) => return Err(of_another_order(self.order)),
        }
        for places in places.chunks(BLOCK) {
            if found.len() < self.wanted {
                found.extend(self.ranked(steps, places).await?);
            }
        }
        if found.len() < self.wanted {
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
            projection: Some(projection(&ROW_FIELDS)),
            ..FindArgs::default()
        };
        let mut rows = HashMap::new();
        for document in steps.find("products", query, args).await? {
            if let Some(row) = decode::product_row(&document, &self.shops)?
                && self.filter.matches(&row)
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
        &self,
        steps: &mut Steps<'_>,
        after: Option<&SearchCursor>,
        dearest_first: bool,
    ) -> Result<Vec<Found>, Fault> {
        let none_left_out = HashSet::new();
        let mut found = Vec::new();
        let after = match after.map(|after| (after.place, &after.id)) {
            None => None,
            Some((SearchPlace::Price(currency, price), id)) => Some((currency, price, id)),
            Some(_) => return Err(of_another_order(self.order)),
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
            if found.len() < self.wanted {
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
        &self,
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
            Some(_) => return Err(of_another_order(self.order)),
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
    /// date, but for those to leave out.
    async fn read(
        &self,
        steps: &mut Steps<'_>,
        stretch: Stretch,
        condition: Document,
        mut from: Option<Spot>,
        leave_out: &HashSet<ProductId>,
    ) -> Result<Vec<(ProductRow, Option<UnixMs>)>, Fault> {
        let mut fields = ROW_FIELDS.to_vec();
        fields.push("listed_at");
        let mut found = Vec::new();
        while found.len() < self.wanted {
            let block = if is_pushed_down(self.filter) && leave_out.is_empty() {
                BLOCK.min(self.wanted - found.len())
            } else {
                BLOCK
            };
            let mut conditions = vec![self.matching.clone(), condition.clone()];
            conditions.extend(from.as_ref().map(|from| stretch.behind(from)));
            let args = FindArgs {
                projection: Some(projection(&fields)),
                sort: Some(stretch.sort()),
                limit: Some(block),
                batch_size: u32::try_from(block).ok(),
            };
            let query = doc! { "$and": conditions };
            let documents = steps.find("products", query, args).await?;
            let is_last = documents.len() < block;
            for document in documents {
                let spot: Spot = decode::fields(&document, "a product")?;
                if let Some(row) = decode::product_row(&document, &self.shops)?
                    && self.filter.matches(&row)
                    && !leave_out.contains(&row.id)
                {
                    found.push((row, decode::time(spot.listed_at)));
                }
                from = Some(spot);
            }
            if is_last {
                break;
            }
        }
        found.truncate(self.wanted);
        Ok(found)
    }

    /// Returns the number of all matches, counted up to [`MAX_TOTAL`].
    async fn total(&self, steps: &mut Steps<'_>) -> Result<u64, Fault> {
        if is_pushed_down(self.filter) {
            let count = vec![
                doc! { "$match": &self.matching },
                doc! { "$limit": i64::try_from(MAX_TOTAL).unwrap_or(i64::MAX) },
                doc! { "$count": "n" },
            ];
            return match steps.aggregate("products", count).await?.first() {
                Some(counted) => number(counted, "n"),
                None => Ok(0),
            };
        }
        let all = Search {
            order: self.order,
            matching: self.matching.clone(),
            filter: self.filter,
            shops: self.shops.clone(),
            wanted: usize::try_from(MAX_TOTAL).unwrap_or(usize::MAX),
        };
        let none_left_out = HashSet::new();
        let found = all
            .read(steps, Stretch::Ids, doc! {}, None, &none_left_out)
            .await?;
        Ok(found.len() as u64)
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
