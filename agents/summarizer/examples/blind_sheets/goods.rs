//! Products, histories and rankings out of short lines of text.

use catalog::{
    Availability, CrawlKey, Currency, Money, Observation, ObservationKind, ObservedRow, Offer,
    PopularitySource, Product, ProductRow, RankedRow, Ranking, UnixMs, Variant,
};

/// A product as it is written down here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goods {
    /// What its sheet is called.
    pub(crate) name: &'static str,
    pub(crate) shop: &'static str,
    pub(crate) title: &'static str,
    pub(crate) vendor: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: &'static str,
    pub(crate) tags: &'static [&'static str],
    pub(crate) options: &'static [&'static str],
    pub(crate) currency: &'static str,
    /// `title | price | price before or nothing | yes, no or ?`.
    pub(crate) variants: &'static [&'static str],
    pub(crate) n_images: usize,
    pub(crate) published: Option<&'static str>,
    /// `day | new`, `gone`, `back` or `rank 3`, or `day | variant | price and stock before | after`.
    pub(crate) history: &'static [&'static str],
}

impl Goods {
    pub(crate) fn product(&self) -> Product {
        let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect();
        Product {
            id: format!("shopify:{}:{}", self.shop, self.name)
                .parse()
                .expect("an id"),
            title: self.title.to_owned(),
            handle: self.name.to_owned(),
            vendor: self.vendor.to_owned(),
            product_type: self.kind.to_owned(),
            body_html: self.body.to_owned(),
            tags: words(self.tags),
            options: words(self.options),
            variants: self.variants.iter().map(|it| self.variant(it)).collect(),
            images: vec![String::new(); self.n_images],
            url: String::new(),
            created_at: None,
            published_at: self.published.map(at),
            updated_at: None,
        }
    }

    pub(crate) fn history(&self) -> Vec<Observation> {
        self.history.iter().map(|it| self.observation(it)).collect()
    }

    pub(crate) fn row(&self) -> ProductRow {
        let currency = Currency::parse(self.currency).expect("a currency");
        ProductRow::of(&self.product(), currency, at("2026-06-01"))
    }

    /// Returns its history as lines of a list of changes.
    pub(crate) fn observed(&self) -> Vec<ObservedRow> {
        let product = self.product();
        let row = |observation| ObservedRow {
            n: 1,
            observation,
            title: product.title.clone(),
            vendor: product.vendor.clone(),
            product_type: product.product_type.clone(),
            url: String::new(),
        };
        self.history().into_iter().map(row).collect()
    }

    fn money(&self, text: &str) -> Option<Money> {
        let currency = Currency::parse(self.currency).expect("a currency");
        (!text.is_empty()).then(|| Money::parse(text, currency).expect("an amount"))
    }

    fn variant(&self, line: &str) -> Variant {
        let parts = parts(line);
        Variant {
            id: parts[0].to_owned(),
            title: parts[0].to_owned(),
            options: parts[0].split(" / ").map(str::to_owned).collect(),
            sku: None,
            price: self.money(parts[1]),
            compare_at: self.money(parts[2]),
            availability: match parts[3] {
                "yes" => Availability::Stated(true),
                "no" => Availability::Stated(false),
                _ => Availability::Unknown,
            },
            quantity: None,
        }
    }

    fn observation(&self, line: &str) -> Observation {
        let parts = parts(line);
        let (kind, rank) = match parts[1] {
            "new" => (ObservationKind::New, None),
            "gone" => (ObservationKind::Gone, None),
            "back" => (ObservationKind::Back, None),
            rank if rank.starts_with("rank ") => (ObservationKind::Ranked, rank[5..].parse().ok()),
            _ => (ObservationKind::Changed, None),
        };
        let is_changed = kind == ObservationKind::Changed;
        let product = self.product().id;
        Observation {
            variant: is_changed.then(|| parts[1].to_owned()),
            kind,
            at: at(parts[0]),
            crawl: CrawlKey {
                shop: product.shop.clone(),
                n: 1,
            },
            before: is_changed.then(|| self.offer(parts[2])),
            after: is_changed.then(|| self.offer(parts[3])),
            stock: None,
            content_hash: None,
            rank,
            source: None,
            n_places: None,
            said_before: None,
            product,
        }
    }

    fn offer(&self, text: &str) -> Offer {
        let (price, stock) = text.split_once(' ').expect("a price and the stock");
        Offer {
            price: self.money(price),
            compare_at: None,
            available: Some(stock == "yes"),
        }
    }
}

fn parts(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).collect()
}

pub(crate) fn at(day: &str) -> UnixMs {
    UnixMs::parse(&format!("{day}T10:30:00Z")).expect("a day")
}

/// A row of a ranking: who, what each feature adds, and how much is known.
pub(crate) type Placed<'a> = (&'a Goods, [f64; 4], f64);

/// Returns a ranking of so many products in which these have the first places, with the features freshness, reduction,
/// presentation and availability.
pub(crate) fn ranking(day: &str, n_ranked: u64, placed: &[Placed<'_>]) -> Ranking {
    let rows = placed
        .iter()
        .zip(1..)
        .map(|((goods, adds, coverage), rank)| RankedRow {
            rank,
            score: 0.5,
            coverage: *coverage,
            contributions: adds.to_vec(),
            rank_uncapped: None,
            popularity: None,
            stability: None,
            product: goods.row(),
        });
    Ranking {
        at: at(day),
        preset: "balanced".to_owned(),
        features: ["freshness", "discount", "listing", "availability"]
            .map(str::to_owned)
            .to_vec(),
        weights: vec![0.25; 4],
        n_ranked,
        popularity_source: PopularitySource::Unavailable,
        filter: None,
        stability: None,
        rows: rows.collect(),
    }
}
