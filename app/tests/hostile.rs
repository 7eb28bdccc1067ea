//! A hostile shop and hostile files through the program as a whole: told, stored, exported, and nothing is lost.

mod shops;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use crate::program::Home;

/// Products that hurt, and two good ones around them.
const PAGE: &[u8] = br#"{"products":[
    {"id":1,"title":"first","variants":[{"id":1,"price":"1.00","available":true}]},
    {"id":18446744073709551616,"title":"beyond 64 bits"},
    {"id":3,"title":"nul \u0000 and half \ud83d","handle":"a\u0000b","tags":["\u001b[31mred"]},
    {"id":4,"title":"dear","variants":[{"id":2,"price":"1234567890123456789012345678901234567890"}]},
    {"id":18446744073709551615,"title":"last","variants":[{"id":3,"price":"2.00","available":true}]}
]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_page_is_crawled_stored_exported_and_ranked() {
    let answer = Fault::Custom(200, "application/json", PAGE.to_vec());
    let plan = FaultPlan::none().fault(On::feed(), answer);
    let shop = FakeShop::start(Catalogue::generate(&NORTH_LOFT, 5, 5), plan)
        .await
        .unwrap();
    let home = Home::new();
    let store = ["--store", "sqlite:shop.db"];
    let crawl = [
        "crawl",
        &shop.url(),
        "--allow-private",
        "127.0.0.0/8",
        "--rps",
        "unlimited",
    ];
    let report = home.ok([&crawl[..], &store].concat());
    assert!(report.contains("complete"), "{report}");

    let exported = home.ok([&["export", "products"][..], &store].concat());
    for title in ["first", "nul ", "dear", "last"] {
        assert_eq!(exported.matches(title).count(), 1, "{exported:?}");
    }
    assert!(exported.contains("18446744073709551615"), "{exported:?}");
    assert!(!exported.contains("beyond"), "{exported:?}");
    let ranked = home.ok([&["rank", "--out", "-"][..], &store].concat());
    assert_eq!(ranked.lines().count(), 1 + 4, "{ranked:?}");
    let shown = home.ok([&["rank"][..], &store].concat());
    assert!(!shown.contains(['\0', '\u{1b}']), "{shown:?}");

    home.write("page.json", PAGE);
    let report = home.ok(["import", "page.json", "--store", "sqlite:other.db"]);
    assert!(report.contains("complete"), "{report}");
}

#[test]
fn saved_gigabytes_of_zeros_are_refused_at_the_limit_of_a_document() {
    let home = Home::new();
    let mut bomb = GzEncoder::new(vec![], Compression::fast());
    for _ in 0..257 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    home.write("bomb.jsonl.gz", bomb.finish().unwrap());
    home.run(["rank", "bomb.jsonl.gz", "--out", "-"])
        .assert_fails(
            1,
            &["cannot read bomb.jsonl.gz: a line is larger than 256 MiB"],
        );
}
