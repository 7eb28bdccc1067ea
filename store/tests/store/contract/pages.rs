//! Pages: what changed, what was observed, and the same page again.

use catalog::{
    Availability, Checkpoint, Currency, CurrencySource, Money, ObservationKind, Offer, Outcome,
    PageCounts, ProblemKind, Shop, Start, Store,
};

use crate::made::{
    apply, at, begin, begin_shop, crawl, currency, eur, finish, id, last_page, page, problem,
    product, products, shop, state, variant,
};

const fn offer(price: Money, available: bool) -> Option<Offer> {
    Some(Offer {
        price: Some(price),
        compare_at: None,
        available: Some(available),
    })
}

pub(super) async fn a_page_counts_what_it_changed(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 1).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let mut page = page(1, products("a.example", 0..5));
    page.products[1].title = "Changed".into();
    page.problems = vec![problem(ProblemKind::Price, 1, Some(3))];
    let counts = apply(store, &begun, page).await;
    let expected = PageCounts {
        new: 1,
        changed: 1,
        back: 1,
        unchanged: 3,
    };
    assert_eq!(counts, expected);
    let report = finish(store, &begun, Outcome::Complete, 11).await;
    let counts = report.counts;
    assert_eq!((counts.pages, counts.products, counts.bytes), (1, 5, 100));
    assert_eq!((counts.new, counts.changed, counts.back), (1, 1, 1));
    assert_eq!((counts.gone, counts.problems), (0, 1));
}

pub(super) async fn the_same_page_again_changes_nothing(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 1).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let mut page = page(1, products("a.example", 0..6));
    page.products[2].variants[0].price = Some(eur(900));
    page.problems = vec![problem(ProblemKind::Date, 1, None)];
    apply(store, &begun, page.clone()).await;
    let before = state(store).await;
    let counts = apply(store, &begun, page.clone()).await;
    let expected = PageCounts {
        unchanged: 6,
        ..PageCounts::default()
    };
    assert_eq!(counts, expected);
    assert_eq!(state(store).await, before);
    finish(store, &begun, Outcome::Complete, 11).await;
    let before = state(store).await;
    apply(store, &begun, page).await;
    assert_eq!(state(store).await, before, "after the end too");
}

pub(super) async fn a_page_read_again_replaces_its_share_of_the_counts(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, products("a.example", 0..3))).await;
    let mut first = page(2, products("a.example", 3..6));
    first.problems = vec![problem(ProblemKind::Price, 2, Some(0)); 4];
    apply(store, &begun, first).await;
    let mut again = page(2, products("a.example", 4..8));
    again.bytes = 150;
    again.problems = vec![problem(ProblemKind::Field, 2, None)];
    apply(store, &begun, again).await;
    let counts = store.crawls(None, 1).await.unwrap()[0].counts;
    assert_eq!((counts.pages, counts.products, counts.new), (2, 7, 8));
    assert_eq!((counts.bytes, counts.problems), (250, 1));
    let problems = store.problems(&begun.ticket.crawl, 9).await.unwrap();
    assert_eq!(problems, [problem(ProblemKind::Field, 2, None)]);
}

pub(super) async fn an_old_page_again_does_not_move_the_checkpoint_back(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    for n in 1..=3 {
        apply(
            store,
            &begun,
            page(n, vec![product("a.example", u64::from(n))]),
        )
        .await;
    }
    let checkpoint = async || store.crawls(None, 1).await.unwrap()[0].checkpoint;
    assert_eq!(checkpoint().await, Some(Checkpoint::page(4)));
    apply(store, &begun, page(1, vec![product("a.example", 1)])).await;
    assert_eq!(checkpoint().await, Some(Checkpoint::page(4)));
    apply(store, &begun, last_page(4, vec![])).await;
    apply(store, &begun, page(1, vec![product("a.example", 1)])).await;
    assert_eq!(checkpoint().await, None);
    apply(store, &begun, page(4, vec![])).await;
    assert_eq!(checkpoint().await, Some(Checkpoint::page(5)));
}

pub(super) async fn what_is_no_content_is_no_change(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..1), 0).await;
    let mut touched = product("a.example", 0);
    touched.updated_at = Some(at(99));
    touched.images[0] = "https://cdn.example/1.jpg?v=2".into();
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let counts = apply(store, &begun, page(1, vec![touched])).await;
    assert_eq!((counts.unchanged, counts.changed), (1, 0));
    let stored = store.product(&id("a.example", 0)).await.unwrap();
    assert_eq!(stored, Some(product("a.example", 0)));
}

pub(super) async fn a_first_sight_is_one_observation(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let mut bare = product("a.example", 2);
    bare.variants.clear();
    apply(store, &begun, page(1, vec![product("a.example", 1), bare])).await;
    let history = store.observations(&id("a.example", 1), 9).await.unwrap();
    assert_eq!(history.len(), 1);
    let first = &history[0];
    assert_eq!(first.product, id("a.example", 1));
    assert_eq!((first.kind, &first.variant), (ObservationKind::New, &None));
    assert_eq!((first.before, first.after), (None, offer(eur(1000), true)));
    assert_eq!((first.at, &first.crawl), (at(1), &begun.ticket.crawl));
    let bare = store.observations(&id("a.example", 2), 9).await.unwrap();
    let nothing = Offer {
        price: None,
        compare_at: None,
        available: None,
    };
    assert_eq!(bare[0].after, Some(nothing));
}

pub(super) async fn each_changed_variant_is_one_observation(store: &dyn Store) {
    let mut product = product("a.example", 1);
    product.variants.push(variant("3", 3000, true));
    product.variants.push(variant("4", 4000, true));
    crawl(store, "a.example", vec![product.clone()], 0).await;
    product.variants[0].compare_at = Some(eur(1200));
    product.variants[1].availability = Availability::Unknown;
    product.variants.remove(2);
    product.variants.push(variant("5", 5000, false));
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    apply(store, &begun, page(7, vec![product])).await;
    let history = store.observations(&id("a.example", 1), 99).await.unwrap();
    let changes: Vec<_> = history[1..]
        .iter()
        .map(|it| (it.kind, it.variant.as_deref().unwrap(), it.before, it.after))
        .collect();
    let reduced = Offer {
        compare_at: Some(eur(1200)),
        ..offer(eur(1000), true).unwrap()
    };
    let unknown = Offer {
        available: None,
        ..offer(eur(2000), false).unwrap()
    };
    use ObservationKind::Changed;
    let expected = [
        (Changed, "1", offer(eur(1000), true), Some(reduced)),
        (Changed, "2", offer(eur(2000), false), Some(unknown)),
        (Changed, "5", None, offer(eur(5000), false)),
        (Changed, "3", offer(eur(3000), true), None),
    ];
    assert_eq!(changes, expected);
    assert!(
        history[1..]
            .iter()
            .all(|it| it.at == at(7) && it.crawl.n == 2)
    );
}

pub(super) async fn a_change_without_another_offer_is_no_observation(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..1), 0).await;
    let mut changed = product("a.example", 0);
    changed.body_html.push_str("<p>More</p>");
    changed.variants[0].quantity = Some(3);
    changed.variants[1].availability = Availability::Derived(false);
    changed.variants.reverse();
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let counts = apply(store, &begun, page(1, vec![changed])).await;
    assert_eq!(counts.changed, 1);
    let history = store.observations(&id("a.example", 0), 9).await.unwrap();
    assert_eq!(history.len(), 1);
}

pub(super) async fn learning_the_currency_is_no_observation(store: &dyn Store) {
    let unknown = Shop {
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        ..shop("a.example")
    };
    let mut unpriced = product("a.example", 0);
    for variant in &mut unpriced.variants {
        let price = variant.price.unwrap();
        variant.price = Some(Money::new(price.minor(), Currency::UNKNOWN));
        variant.compare_at = Some(Money::new(9900, Currency::UNKNOWN));
    }
    let mut priced = unpriced.clone();
    for variant in &mut priced.variants {
        let yen = |money: Money| Money::new(money.minor() / 100, currency("JPY"));
        variant.price = variant.price.map(yen);
        variant.compare_at = variant.compare_at.map(yen);
    }
    let begun = begin_shop(store, &unknown, Start::Fresh, 0).await;
    apply(store, &begun, last_page(1, vec![unpriced])).await;
    finish(store, &begun, Outcome::Complete, 1).await;
    let known = Shop {
        currency: currency("JPY"),
        ..shop("a.example")
    };
    let begun = begin_shop(store, &known, Start::Fresh, 2).await;
    assert_eq!(begun.previous_currency, Currency::UNKNOWN);
    apply(store, &begun, last_page(1, vec![priced.clone()])).await;
    let product = id("a.example", 0);
    assert_eq!(store.observations(&product, 9).await.unwrap().len(), 1);
    assert_eq!(store.product(&product).await.unwrap(), Some(priced));
    let row = store.product_rows(&[product]).await.unwrap().remove(0);
    assert_eq!(row.currency, currency("JPY"));
    assert_eq!(row.price_min, Some(Money::new(10, currency("JPY"))));
}

pub(super) async fn a_page_with_a_product_of_another_shop_is_refused_whole(store: &dyn Store) {
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let before = state(store).await;
    let mixed = vec![product("a.example", 1), product("b.example", 2)];
    let refused = store.apply_page(&begun.ticket, page(1, mixed)).await;
    let error = refused.unwrap_err().to_string();
    assert!(
        error.contains("shopify:b.example:2 is no product of a.example"),
        "{error}"
    );
    assert_eq!(state(store).await, before);
}

pub(super) async fn observations_are_bounded_and_oldest_first(store: &dyn Store) {
    for n in 0..5 {
        let mut product = product("a.example", 1);
        product.variants[0].price = Some(eur(100 + n));
        crawl(store, "a.example", vec![product], n).await;
    }
    let product = id("a.example", 1);
    let all = store.observations(&product, usize::MAX).await.unwrap();
    let times: Vec<_> = all.iter().map(|it| it.at).collect();
    assert_eq!(times, [at(0), at(1), at(2), at(3), at(4)]);
    assert_eq!(store.observations(&product, 2).await.unwrap(), all[..2]);
    assert_eq!(store.observations(&product, 0).await.unwrap(), []);
}

pub(super) async fn variants_that_share_an_id_do_not_change_by_themselves(store: &dyn Store) {
    let mut product = product("a.example", 1);
    product.variants[1].id = "1".into();
    crawl(store, "a.example", vec![product.clone()], 0).await;
    product.title = "Changed".into();
    crawl(store, "a.example", vec![product], 1).await;
    let history = store.observations(&id("a.example", 1), 9).await.unwrap();
    assert_eq!(history.len(), 1);
}

pub(super) async fn a_page_knows_its_products_and_their_handles(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..9), 0).await;
    let begun = begin(store, "a.example", Start::Fresh, 10).await;
    let mut first = page(1, vec![product("a.example", 12), product("a.example", 3)]);
    first.present = vec![id("a.example", 7), id("a.example", 3)];
    apply(store, &begun, first).await;
    let on_page = async |n| {
        store
            .products_on_page(&begun.ticket.crawl, n)
            .await
            .unwrap()
    };
    let named = |n| (id("a.example", n), product("a.example", n).handle);
    assert_eq!(on_page(1).await, [3, 7, 12].map(named));
    assert_eq!(on_page(2).await, []);
    let unknown = catalog::CrawlKey {
        shop: shop("b.example").key,
        n: 1,
    };
    assert_eq!(store.products_on_page(&unknown, 1).await.unwrap(), []);
}
