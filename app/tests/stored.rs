//! All that a store holds, to compare two of them.

use catalog::{
    CrawlReport, Observation, Platform, Problem, Product, ProductId, ShopKey, ShopStatus,
};
use store::OpenMode;
use testkit::Catalogue;

use crate::program::Home;

/// More than any list has here.
const ALL: usize = 100_000;

/// All that a store holds, and what is exported of it.
pub(crate) struct Stored {
    shops: Vec<ShopStatus>,
    crawls: Vec<CrawlReport>,
    problems: Vec<Vec<Problem>>,
    products: Vec<Option<Product>>,
    observations: Vec<Vec<Observation>>,
    products_csv: String,
    crawls_csv: String,
}

impl Stored {
    /// Reads `db` in the folder of `home`: the products `ids`, gone or not, and all the rest.
    pub(crate) async fn of(home: &Home, db: &str, ids: &[ProductId]) -> Self {
        let uri = format!("sqlite:{}", home.path().join(db).display());
        let [products_csv, crawls_csv] = exports(home, &uri);
        let store = store::open(&uri, OpenMode::Existing).await.unwrap();
        let mut crawls = store.crawls(None, ALL).await.unwrap();
        let (mut problems, mut products, mut observations) = (vec![], vec![], vec![]);
        for crawl in &crawls {
            problems.push(store.problems(&crawl.key, ALL).await.unwrap());
        }
        for id in ids {
            products.push(store.product(id).await.unwrap());
            observations.push(store.observations(id, ALL).await.unwrap());
        }
        let mut shops = without_leases(store.shops().await.unwrap());
        let passes = shops.iter_mut().filter_map(|it| it.last_crawl.as_mut());
        // A killed process tells nobody what it asked.
        for pass in passes.chain(&mut crawls) {
            pass.notes.traffic = None;
            pass.notes.read_whole_at = None;
        }
        Self {
            shops,
            crawls,
            problems,
            products,
            observations,
            products_csv,
            crawls_csv,
        }
    }

    /// Leaves out how many passes it took.
    pub(crate) fn without_passes(mut self) -> Self {
        self.crawls.clear();
        self.crawls_csv.clear();
        self.problems.truncate(1);
        for shop in &mut self.shops {
            shop.last_crawl = None;
        }
        for observation in self.observations.iter_mut().flatten() {
            observation.crawl.n = 1;
        }
        self
    }

    /// Leaves out what came over the wire: a run that goes on reads its last page again, whole.
    pub(crate) fn without_bytes(mut self) -> Self {
        let of_shops = self
            .shops
            .iter_mut()
            .filter_map(|it| it.last_crawl.as_mut());
        for pass in of_shops.chain(&mut self.crawls) {
            pass.counts.bytes = 0;
        }
        // Its other columns are those of the passes.
        self.crawls_csv.clear();
        self
    }

    pub(crate) fn assert_same(&self, other: &Self, seed: u64) {
        assert_eq!(self.shops, other.shops, "seed {seed}");
        assert_eq!(self.crawls, other.crawls, "seed {seed}");
        assert_eq!(self.problems, other.problems, "seed {seed}");
        // Too long to be shown whole.
        for (one, two) in self.products.iter().zip(&other.products) {
            assert_eq!(one, two, "seed {seed}");
        }
        for (one, two) in self.observations.iter().zip(&other.observations) {
            assert_eq!(one, two, "seed {seed}");
        }
        let is_same = self.products_csv == other.products_csv;
        assert!(is_same, "seed {seed}: export products differs");
        assert_eq!(self.crawls_csv, other.crawls_csv, "seed {seed}");
    }
}

/// Leaves out leases, which outlive a process that was killed between the end of a pass and the lease's.
fn without_leases(mut shops: Vec<ShopStatus>) -> Vec<ShopStatus> {
    for shop in &mut shops {
        shop.lease = None;
    }
    shops
}

/// Returns the lists of products and of crawls.
pub(crate) fn exports(home: &Home, store: &str) -> [String; 2] {
    ["products", "crawls"].map(|list| home.ok(["export", list, "--store", store]))
}

pub(crate) fn ids_of(catalogue: &Catalogue, shop: &ShopKey) -> Vec<ProductId> {
    let ids = (0..catalogue.len()).map(|index| native_id(catalogue, index));
    ids.map(|native| product_id(shop, native)).collect()
}

pub(crate) fn native_id(catalogue: &Catalogue, index: usize) -> u64 {
    catalogue.product(index).unwrap()["id"].as_u64().unwrap()
}

pub(crate) fn product_id(shop: &ShopKey, native: u64) -> ProductId {
    ProductId {
        platform: Platform::Shopify,
        shop: shop.clone(),
        native: native.into(),
    }
}
