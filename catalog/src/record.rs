//! Everything that a store holds, one record at a time, to take it to another store.
//!
//! Leases are left out: they belong to processes that use one store.

use serde::{Deserialize, Serialize};

use crate::{
    CrawlKey, CrawlReport, NativeId, Observation, Problem, ProblemKind, Product, ProductId,
    Ranking, RobotsRecord, Shop, ShopKey, Summary, UnixMs, Validators,
};

/// One record of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A shop.
    Shop(ShopRecord),
    /// A product with its history.
    Product(Box<ProductRecord>),
    /// A pass with its pages and problems.
    Crawl(Box<CrawlRecord>),
    /// A ranking.
    Ranking(Box<Ranking>),
    /// A summary.
    Summary(Box<Summary>),
    /// A robots.txt.
    Robots(Box<RobotsRecord>),
}

/// The kinds of records, in the order in which they are restored: a product needs its shop, a pass its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// [`Record::Shop`].
    Shop,
    /// [`Record::Product`].
    Product,
    /// [`Record::Crawl`].
    Crawl,
    /// [`Record::Ranking`].
    Ranking,
    /// [`Record::Summary`].
    Summary,
    /// [`Record::Robots`].
    Robots,
}

/// What names a record; ordered by kind, then as the variants' fields are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// A shop's key.
    Shop(ShopKey),
    /// A product's id.
    Product(ProductId),
    /// A pass's key.
    Crawl(CrawlKey),
    /// A ranking's time and preset.
    Ranking(UnixMs, String),
    /// A summary's subject, language and input hash.
    Summary(String, String, String),
    /// The origin of a robots.txt.
    Robots(String),
}

/// A shop as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopRecord {
    /// The shop.
    pub shop: Shop,
    /// Whether `crawl --all` leaves it out.
    pub is_paused: bool,
    /// Whether an operator added it; not in records of earlier versions.
    #[serde(default)]
    pub is_added: bool,
    /// The newest epoch of its lease; a restored one never makes it smaller.
    pub epoch: u64,
    /// When its newest complete pass ended.
    pub last_complete_at: Option<UnixMs>,
}

/// A product as stored, with its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductRecord {
    /// The product.
    pub product: Product,
    /// When it was first stored.
    pub first_seen_at: UnixMs,
    /// When it was last stored.
    pub stored_at: UnixMs,
    /// Since when a complete pass does not find it.
    pub gone_at: Option<UnixMs>,
    /// Its history: the number of each row, which only grows, and the row.
    pub observations: Vec<(u64, Observation)>,
}

/// A pass as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlRecord {
    /// The pass.
    pub report: CrawlReport,
    /// Products known and not gone before the pass.
    pub n_known: u64,
    /// What its pages held, by page; only the newest and the last complete pass of a shop have them.
    pub pages: Vec<PageRecord>,
    /// The problems kept, by page, then index.
    pub problems: Vec<Problem>,
}

/// What one page of a pass held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRecord {
    /// The page, from 1.
    pub page: u32,
    /// Products on it.
    pub n_products: u64,
    /// Its size on the wire.
    pub bytes: u64,
    /// The number of problems of each kind, by kind.
    pub problems: Vec<(ProblemKind, u64)>,
    /// The ids seen on it, in order.
    pub seen: Vec<NativeId>,
    /// What its answer said of its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validators: Option<Validators>,
}

impl RecordKind {
    /// All kinds, in the order in which they are restored.
    pub const ALL: [Self; 6] = [
        Self::Shop,
        Self::Product,
        Self::Crawl,
        Self::Ranking,
        Self::Summary,
        Self::Robots,
    ];

    /// Returns the plural that messages use.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Shop => "shops",
            Self::Product => "products",
            Self::Crawl => "crawls",
            Self::Ranking => "rankings",
            Self::Summary => "summaries",
            Self::Robots => "robots.txt files",
        }
    }
}

impl Record {
    /// Returns what names the record.
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Shop(it) => RecordKey::Shop(it.shop.key.clone()),
            Self::Product(it) => RecordKey::Product(it.product.id.clone()),
            Self::Crawl(it) => RecordKey::Crawl(it.report.key.clone()),
            Self::Ranking(it) => RecordKey::Ranking(it.at, it.preset.clone()),
            Self::Summary(it) => RecordKey::Summary(
                it.subject.clone(),
                it.language.clone(),
                it.input_hash.clone(),
            ),
            Self::Robots(it) => RecordKey::Robots(it.origin.clone()),
        }
    }
}

impl RecordKey {
    /// Returns the kind of the record that it names.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Shop(_) => RecordKind::Shop,
            Self::Product(_) => RecordKind::Product,
            Self::Crawl(_) => RecordKind::Crawl,
            Self::Ranking(..) => RecordKind::Ranking,
            Self::Summary(..) => RecordKind::Summary,
            Self::Robots(_) => RecordKind::Robots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: &str) -> ShopKey {
        host.parse().unwrap()
    }

    #[test]
    fn keys_are_ordered_by_kind_as_it_is_restored_then_by_their_parts() {
        let crawl = |host, n| RecordKey::Crawl(CrawlKey { shop: key(host), n });
        let product = |id: &str| RecordKey::Product(id.parse().unwrap());
        let ranking = |ms, preset: &str| RecordKey::Ranking(UnixMs::new(ms), preset.into());
        let summary = |it: [&str; 3]| {
            let [subject, language, hash] = it.map(ToOwned::to_owned);
            RecordKey::Summary(subject, language, hash)
        };
        let sorted = [
            RecordKey::Shop(key("a.example")),
            RecordKey::Shop(key("b.example")),
            product("shopify:a.example:9"),
            product("shopify:a.example:10"),
            product("shopify:a.example:007"),
            product("shopify:b.example:1"),
            crawl("a.example", 2),
            crawl("a.example", 10),
            crawl("b.example", 1),
            ranking(-1, "z"),
            ranking(1, "a"),
            ranking(1, "b"),
            summary(["a", "en", "9"]),
            summary(["a", "fr", "1"]),
            summary(["b", "en", "1"]),
            RecordKey::Robots("http://a.example".into()),
        ];
        assert!(sorted.is_sorted_by(|one, two| one < two));
        let mut kinds: Vec<_> = sorted.iter().map(RecordKey::kind).collect();
        kinds.dedup();
        assert_eq!(kinds, RecordKind::ALL);
    }

    #[test]
    fn a_record_is_the_same_after_a_trip_through_json() {
        let robots = RobotsRecord {
            origin: "https://a.example".into(),
            status: 200,
            body: "User-agent: *\r\n\0\u{e9}".into(),
            fetched_at: UnixMs::new(1_700_000_000_123),
        };
        let observation = r#"{"product":"shopify:a.example:1","variant":null,"kind":"ranked",
            "at":"2026-01-31T12:00:00.001Z","crawl":{"shop":"a.example","n":1},
            "before":null,"after":null,"content_hash":null,"rank":4294967295}"#;
        let observation: Observation = serde_json::from_str(observation).unwrap();
        let product = Product {
            id: "shopify:a.example:$where".parse().unwrap(),
            title: "{$gt: 1}".into(),
            handle: String::new(),
            vendor: String::new(),
            product_type: String::new(),
            body_html: String::new(),
            tags: vec!["a.b".into()],
            options: vec![],
            variants: vec![],
            images: vec![],
            url: String::new(),
            created_at: Some(UnixMs::new(-1)),
            published_at: None,
            updated_at: None,
        };
        let product = ProductRecord {
            product,
            first_seen_at: UnixMs::new(1),
            stored_at: UnixMs::new(2),
            gone_at: None,
            observations: vec![(7, observation)],
        };
        for record in [
            Record::Robots(Box::new(robots)),
            Record::Product(Box::new(product)),
        ] {
            let json = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
        }
    }
}
