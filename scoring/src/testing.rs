//! What the tests of several modules share: the fixture of 200 products, and scikit-learn's view of it.

use catalog::{Metrics, MetricsRow, NativeId, Platform, ProductId, ShopKey};
use proptest::prelude::*;

/// Returns the products of `testdata/classic_200.csv`.
pub(crate) fn fixture() -> Vec<MetricsRow> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/classic_200.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let number = |column: usize| record[column].parse::<f64>().unwrap();
        row(&record[0], [2, 3, 4, 5, 6].map(number))
    });
    rows.collect()
}

/// Returns scikit-learn's numbers for [`fixture`], as `testdata/segments_200.py` wrote them.
pub(crate) fn scikit_learn() -> serde_json::Value {
    serde_json::from_str(include_str!("../testdata/segments_200.json")).unwrap()
}

pub(crate) fn row(id: &str, metrics: [f64; 5]) -> MetricsRow {
    MetricsRow {
        id: ProductId {
            platform: Platform::Shopify,
            shop: ShopKey::encode("a.example").unwrap(),
            native: NativeId::from(id),
        },
        metrics: Metrics {
            available_ratio: metrics[0],
            num_tags: metrics[1] as u32,
            avg_price: metrics[2],
            num_images: metrics[3] as u32,
            description_length: metrics[4] as u32,
        },
    }
}

/// Up to 60 points of few different values, so that there are equal ones and constant columns.
pub(crate) fn points() -> impl Strategy<Value = Vec<[f64; 6]>> {
    let coordinate = || prop_oneof![Just(0.0), Just(1.0), 0.0_f64..1.0];
    let point = [(); 6].map(|()| coordinate());
    prop_oneof![
        prop::collection::vec(point, 0..60),
        prop::collection::vec(prop::array::uniform6(Just(0.5)), 0..9),
        prop::collection::vec((0_u8..3).prop_map(|n| [f64::from(n) / 2.0; 6]), 0..60),
    ]
}
