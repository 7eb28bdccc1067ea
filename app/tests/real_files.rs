//! The saved answers of real shops: served by fake shops and crawled, they give what an import gives, and what
//! is in the files. They are not part of this repository; without them this test says so and does nothing.

use std::io::Read;
use std::path::{Path, PathBuf};

use catalog::{Product, ProductFilter};
use store::OpenMode;
use testkit::{Catalogue, FakeShop, FaultPlan};

use crate::program::Home;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/shopify/storefront")
}

/// Returns the file's content, inflated.
fn content(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let mut content = Vec::new();
    if path.extension().is_some_and(|it| it == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_end(&mut content)
            .unwrap();
        return content;
    }
    bytes
}

async fn all_products(home: &Home) -> Vec<Product> {
    let path = home.path().join(".local/share/trouvaille/trouvaille.db");
    let store = store::open(&format!("sqlite:{}", path.display()), OpenMode::Existing)
        .await
        .unwrap();
    let rows = store
        .products(&ProductFilter::default(), None, 10_000)
        .await
        .unwrap();
    let mut products = Vec::new();
    for row in rows {
        products.push(store.product(&row.id).await.unwrap().unwrap());
    }
    products
}

#[tokio::test(flavor = "multi_thread")]
async fn real_storefronts_give_the_same_products_crawled_and_imported() {
    if !folder().exists() {
        eprintln!(
            "SKIPPED: {} is not here, so no real storefront was tried",
            folder().display()
        );
        return;
    }
    let mut n_files = 0;
    let mut n_all = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let document = content(&path);
        let expected: serde_json::Value = serde_json::from_slice(&document).unwrap();
        let n_expected = expected["products"].as_array().unwrap().len();
        let shop = FakeShop::start(Catalogue::from_json(&document).unwrap(), FaultPlan::none())
            .await
            .unwrap();
        let (crawled, imported) = (Home::new(), Home::new());
        crawled.ok([
            "crawl",
            &shop.url(),
            "--allow-private",
            "127.0.0.0/8",
            "--rps",
            "unlimited",
        ]);
        imported.ok(["import", path.to_str().unwrap(), "--shop", &shop.url()]);
        let products = all_products(&crawled).await;
        assert_eq!(products.len(), n_expected, "{}", path.display());
        assert_eq!(
            products,
            all_products(&imported).await,
            "{}",
            path.display()
        );
        assert_eq!(
            crawled.ok(["export", "products"]),
            imported.ok(["export", "products"])
        );
        n_files += 1;
        n_all += n_expected;
    }
    assert_eq!((n_files, n_all), (13, 1497));
}
