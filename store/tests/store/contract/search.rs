//! Search: what matches.

use catalog::{Product, ProductFilter, SearchOrder, SearchPage, SearchQuery, Start, Store};

use crate::made::{apply, begin, crawl, eur, id, key, page, product, products, variant};

pub(super) const ORDERS: [SearchOrder; 4] = [
    SearchOrder::Rank,
    SearchOrder::Cheapest,
    SearchOrder::Dearest,
    SearchOrder::Newest,
];

pub(super) fn query(text: &str) -> SearchQuery {
    SearchQuery {
        tag: None,
        text: text.into(),
        filter: ProductFilter::default(),
        order: SearchOrder::Rank,
    }
}

pub(super) fn ordered(text: &str, order: SearchOrder) -> SearchQuery {
    SearchQuery {
        tag: None,
        order,
        ..query(text)
    }
}

pub(super) async fn search(store: &dyn Store, query: &SearchQuery) -> SearchPage {
    store.search(query, None, usize::MAX).await.unwrap()
}

/// The native ids found, in their order, as one text.
pub(super) async fn found(store: &dyn Store, query: &SearchQuery) -> String {
    let page = search(store, query).await;
    assert_eq!(page.total, page.rows.len() as u64);
    assert_eq!(page.next, None);
    natives(&page)
}

pub(super) fn natives(page: &SearchPage) -> String {
    let natives = page.rows.iter().map(|row| row.id.native.to_string());
    natives.collect::<Vec<_>>().join(" ")
}

/// A product with these texts and nothing else that could be found.
fn named(native: u64, title: &str, vendor: &str, product_type: &str, tags: &[&str]) -> Product {
    Product {
        title: title.into(),
        vendor: vendor.into(),
        product_type: product_type.into(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..product("a.example", native)
    }
}

async fn store_all(store: &dyn Store, products: Vec<Product>) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products)).await;
}

pub(super) async fn words_of_title_vendor_type_and_tags_are_found_and_no_others(store: &dyn Store) {
    let mut other = named(5, "Hat", "Maker", "Kind", &["label", "two words"]);
    other.body_html = "hidden".into();
    other.handle = "hidden".into();
    other.variants[0].title = "hidden".into();
    let named = [
        named(1, "Red shoe", "", "", &[]),
        named(2, "", "Red Star", "", &[]),
        named(3, "", "", "red wine", &[]),
        named(4, "Blue", "x", "y", &["z", "dark-red"]),
    ];
    store_all(store, [named.as_slice(), &[other]].concat()).await;
    assert_eq!(found(store, &query("red")).await, "1 2 3 4");
    for text in ["hat", "maker", "kind", "label", "two", "words"] {
        assert_eq!(found(store, &query(text)).await, "5", "{text}");
    }
    assert_eq!(found(store, &query("hidden")).await, "");
    assert_eq!(found(store, &query("reds")).await, "");
    assert_eq!(
        found(store, &query("ed")).await,
        "",
        "no beginning of a word"
    );
}

pub(super) async fn case_accents_and_apostrophes_do_not_count_in_a_search(store: &dyn Store) {
    store_all(
        store,
        vec![
            named(1, "L'\u{c9}t\u{e9} \u{e0} la plage", "", "", &[]),
            named(2, "STRASSE", "", "", &[]),
            named(3, "Stra\u{df}e", "", "", &[]),
            named(
                4,
                "\u{65e5}\u{672c} \u{43d}\u{43e}\u{447}\u{44c}",
                "",
                "",
                &[],
            ),
            named(5, "\u{3a3}\u{39f}\u{3a6}\u{39f}\u{3a3}", "", "", &[]),
        ],
    )
    .await;
    for (text, natives) in [
        ("lete", "1"),
        ("L\u{2019}E\u{301}TE\u{301}", "1"),
        ("l'\u{e9}t", "1"),
        ("\u{e9}t\u{e9}", ""),
        ("PLAGE", "1"),
        ("stra\u{df}e", "2 3"),
        ("Strasse", "2 3"),
        ("\u{65e5}", "4"),
        ("\u{672c}", ""),
        ("\u{41d}\u{41e}", "4"),
        ("\u{3c3}\u{3bf}\u{3c6}\u{3bf}\u{3c2}", "5"),
    ] {
        assert_eq!(found(store, &query(text)).await, natives, "{text}");
    }
}

pub(super) async fn every_word_must_begin_a_word(store: &dyn Store) {
    store_all(
        store,
        vec![
            named(1, "Blue running shoes", "Acme", "", &[]),
            named(2, "Blue shirt", "Acme", "", &["run"]),
            named(3, "Red shoes", "Other", "", &["blue"]),
        ],
    )
    .await;
    for (text, natives) in [
        ("blue", "1 2 3"),
        ("blue shoe", "1 3"),
        ("sho blu", "1 3"),
        ("blue shoe acme", "1"),
        ("run", "1 2"),
        ("running runn r", "1"),
        ("blue, blue; BLUE!", "1 2 3"),
        ("blue nothing", ""),
        ("", "1 2 3"),
        (" -- ' ", "1 2 3"),
    ] {
        assert_eq!(found(store, &query(text)).await, natives, "{text}");
    }
}

pub(super) async fn words_that_look_like_operators_are_words(store: &dyn Store) {
    store_all(
        store,
        vec![
            named(
                1,
                "$where NOT near",
                "a.b",
                "{$gt: 1}",
                &["\"quoted\"*", "x OR y"],
            ),
            named(2, "where", "", "", &["^start", "col:umn", "(a", "--"]),
            named(3, "\0nul", "", "", &["%_"]),
        ],
    )
    .await;
    for (text, natives) in [
        ("$where", "1 2"),
        ("NOT", "1"),
        ("where NOT", "1"),
        ("where AND near", ""),
        ("a.b", "1"),
        ("{$gt: 1}", "1"),
        ("\"quoted", "1"),
        ("quo*", "1"),
        ("x OR y", "1"),
        ("x OR start", ""),
        ("^start", "2"),
        ("col:umn", "2"),
        ("words:where", ""),
        ("NEAR(where near)", "1"),
        ("nul", "3"),
        ("%_", "1 2 3"),
    ] {
        assert_eq!(found(store, &query(text)).await, natives, "{text}");
    }
}

pub(super) async fn long_words_and_many_words_are_found_as_far_as_they_count(store: &dyn Store) {
    let long = "\u{e9}".repeat(100);
    let tags: Vec<String> = (0..300).map(|n| format!("t{n:03}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    store_all(store, vec![named(1, &long, "", "", &tags)]).await;
    for (text, is_found) in [
        (long.as_str(), true),
        (&"e".repeat(40), true),
        (&"e".repeat(70), true),
        ("t000", true),
        // One word is the title's.
        ("t254", true),
        ("t255", false),
    ] {
        let natives = found(store, &query(text)).await;
        assert_eq!(natives == "1", is_found, "{text}");
    }
}

pub(super) async fn gone_products_are_found_again_when_they_are_back(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 1).await;
    for text in ["product", "0", ""] {
        let shown = found(store, &query(text)).await;
        assert_eq!(shown, if text == "0" { "" } else { "1 2 3" });
    }
    crawl(store, "a.example", products("a.example", 0..4), 2).await;
    assert_eq!(found(store, &query("0")).await, "0");
}

pub(super) async fn a_changed_product_is_found_by_its_new_words_alone(store: &dyn Store) {
    let change = async |now: i64, change: &(dyn Fn(&mut Product) + Sync)| {
        let mut product = named(1, "Old title", "Old vendor", "Old type", &["oldtag"]);
        change(&mut product);
        crawl(store, "a.example", vec![product], now).await;
    };
    change(0, &|_| {}).await;
    for text in ["title", "vendor", "type", "oldtag"] {
        assert_eq!(found(store, &query(text)).await, "1");
    }
    change(1, &|it| it.variants[0].price = Some(eur(1))).await;
    assert_eq!(found(store, &query("old title")).await, "1");
    change(2, &|it| it.title = "Fresh".into()).await;
    assert_eq!(found(store, &query("fresh")).await, "1");
    assert_eq!(found(store, &query("title")).await, "");
    change(3, &|it| it.vendor = "Acme".into()).await;
    assert_eq!(found(store, &query("fresh")).await, "");
    assert_eq!(found(store, &query("old acme title")).await, "1");
    change(4, &|it| it.product_type = String::new()).await;
    assert_eq!(found(store, &query("type")).await, "");
    change(5, &|it| it.tags = vec!["newtag".into()]).await;
    assert_eq!(found(store, &query("oldtag")).await, "");
    assert_eq!(found(store, &query("newtag type")).await, "1");
}

pub(super) async fn matches_are_counted_up_to_a_thousand(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    for n in 0..4 {
        let natives = u64::from(n) * 300..u64::from(n) * 300 + 300;
        apply(store, &begun, page(n + 1, products("a.example", natives))).await;
        let page = store.search(&query("vendor"), None, 2).await.unwrap();
        let total = [300, 600, 900, 1000][n as usize];
        assert_eq!((page.rows.len(), page.total), (2, total));
        assert_eq!(page.is_total_exact, total < 1000);
        assert!(page.next.is_some());
    }
    let all = search(store, &query("vendor")).await;
    assert_eq!((all.rows.len(), all.total), (1200, 1000));
}

pub(super) async fn a_search_is_paged_while_pages_are_written(store: &dyn Store) {
    crawl(store, "b.example", products("b.example", 0..20), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 1).await;
    let mut shown = vec![];
    let mut after = None;
    for n in 0..5 {
        let query = ordered("product", SearchOrder::Cheapest);
        // Cheaper than all others: they come before what was listed already.
        let mut cheap = product("a.example", u64::from(n));
        cheap.variants = vec![variant("1", 1, true)];
        let (found, _) = futures_util::future::join(
            store.search(&query, after.as_ref(), 4),
            apply(store, &begun, page(n + 1, vec![cheap])),
        )
        .await;
        let found = found.unwrap();
        after = found.next;
        shown.extend(found.rows.into_iter().map(|row| row.id));
    }
    let of_b = |id: &&catalog::ProductId| id.shop == key("b.example");
    let listed: Vec<_> = shown.iter().filter(of_b).cloned().collect();
    let expected: Vec<_> = (0..20_u64).map(|native| id("b.example", native)).collect();
    assert!(expected.starts_with(&listed) && listed.len() >= 16);
}

pub(super) async fn an_empty_store_has_no_matches(store: &dyn Store) {
    for order in ORDERS {
        for text in ["", "a", "$where"] {
            assert_eq!(found(store, &ordered(text, order)).await, "");
        }
    }
}
