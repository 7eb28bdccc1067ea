//! Shops that are added, paused and forgotten; summaries and robots.txt files.

use catalog::{
    Checkpoint, Claim, Cost, Currency, CurrencySource, Fact, FactSource, Fallback, Forgotten,
    LeaseAnswer, PageWrite, PopularitySource, RESTING, Ranking, RobotsRecord, SearchQuery, Shop,
    Start, Store, StoreError, Summary, SummarySource, Written,
};

use crate::made::{
    apply, at, begin, begin_shop, crawl, granted, id, key, page, problem, product, products, shop,
    state,
};

const DAY: i64 = 86_400_000;

pub(super) async fn an_added_shop_is_listed_and_one_that_is_stored_stays_as_it_is(
    store: &dyn Store,
) {
    let added = Shop {
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        ..shop("a.example")
    };
    assert!(store.add_shop(&added, at(0)).await.unwrap());
    assert!(!store.add_shop(&shop("a.example"), at(1)).await.unwrap());
    let listed = store.shops().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].shop, added);
    assert_eq!((listed[0].n_products, listed[0].n_gone), (0, 0));
    assert_eq!(
        (&listed[0].last_crawl, listed[0].last_complete_at),
        (&None, None)
    );
    assert_eq!((listed[0].is_paused, &listed[0].lease), (false, &None));
    let begun = begin(store, "a.example", Start::Fresh, 2).await;
    assert_eq!(begun.ticket.crawl.n, 1);
    assert_eq!(begun.previous_currency, Currency::UNKNOWN);
    assert!(!store.add_shop(&added, at(3)).await.unwrap());
    assert_eq!(store.shops().await.unwrap()[0].shop, shop("a.example"));
    crawl(store, "b.example", products("b.example", 0..2), 4).await;
    let are_added = async || {
        let shops = store.shops().await.unwrap();
        shops.iter().map(|it| it.is_added).collect::<Vec<_>>()
    };
    assert_eq!(are_added().await, [true, false]);
    assert!(!store.add_shop(&shop("b.example"), at(5)).await.unwrap());
    crawl(store, "b.example", products("b.example", 0..2), 6).await;
    assert_eq!(are_added().await, [true, true]);
}

pub(super) async fn a_paused_shop_stays_paused_until_it_is_resumed(store: &dyn Store) {
    assert!(!store.pause_shop(&key("a.example"), true).await.unwrap());
    assert_eq!(store.is_paused(&key("a.example")).await.unwrap(), None);
    assert_eq!(store.shops().await.unwrap(), []);
    crawl(store, "a.example", products("a.example", 0..2), 0).await;
    crawl(store, "b.example", products("b.example", 0..2), 0).await;
    for is_paused in [true, true, false, false] {
        assert!(
            store
                .pause_shop(&key("a.example"), is_paused)
                .await
                .unwrap()
        );
        let shops = store.shops().await.unwrap();
        assert_eq!((shops[0].is_paused, shops[1].is_paused), (is_paused, false));
        let found = store.is_paused(&key("a.example")).await.unwrap();
        assert_eq!(found, Some(is_paused));
    }
    store.pause_shop(&key("a.example"), true).await.unwrap();
    crawl(store, "a.example", products("a.example", 0..2), 1).await;
    assert!(
        store.shops().await.unwrap()[0].is_paused,
        "a crawl of it alone is allowed"
    );
}

pub(super) async fn a_forgotten_shop_is_gone_with_all_that_belongs_to_it(store: &dyn Store) {
    assert_eq!(store.forget_shop(&key("a.example")).await.unwrap(), None);
    crawl(store, "b.example", products("b.example", 0..4), 0).await;
    let before = state(store).await;
    crawl(store, "a.example", products("a.example", 0..4), 0).await;
    crawl(store, "a.example", products("a.example", 1..4), 1).await;
    let begun = begin(store, "a.example", Start::Fresh, 2).await;
    let mut changed = page(1, products("a.example", 2..4));
    changed.products[0].variants[0].price = None;
    changed.problems = vec![problem(catalog::ProblemKind::Price, 1, Some(0))];
    apply(store, &begun, changed).await;
    let forgotten = store.forget_shop(&key("a.example")).await.unwrap();
    let expected = Forgotten {
        n_products: 4,
        n_observations: 6,
        n_crawls: 3,
    };
    assert_eq!(forgotten, Some(expected));
    assert_eq!(state(store).await, before);
    assert_eq!(store.product(&id("a.example", 1)).await.unwrap(), None);
    let query = SearchQuery {
        tag: None,
        text: "product".into(),
        filter: catalog::ProductFilter::default(),
        order: catalog::SearchOrder::Newest,
    };
    assert_eq!(store.search(&query, None, 99).await.unwrap().total, 4);
    assert_eq!(store.forget_shop(&key("a.example")).await.unwrap(), None);
}

pub(super) async fn tickets_and_leases_of_a_forgotten_shop_are_fenced_for_ever(store: &dyn Store) {
    let lease = granted(
        store
            .lease_shop(&key("a.example"), "one", 3_600_000, None)
            .await
            .unwrap(),
    );
    let begun = store
        .begin_crawl(&lease, &shop("a.example"), Start::Fresh, at(0))
        .await
        .unwrap();
    apply(store, &begun, page(1, products("a.example", 0..2))).await;
    store.forget_shop(&key("a.example")).await.unwrap();
    let is_fenced = |refused: StoreError| matches!(refused, StoreError::Fenced { .. });
    let shop = shop("a.example");
    let again = store.begin_crawl(&lease, &shop, Start::Fresh, at(1)).await;
    assert!(is_fenced(again.unwrap_err()));
    // The lease is free at once, and the shop begins anew, with a greater epoch.
    let answer = store.lease_shop(&key("a.example"), "two", 0, None).await;
    let LeaseAnswer::Granted(next) = answer.unwrap() else {
        panic!("the lease went with the shop");
    };
    assert!(next.epoch > lease.epoch);
    let anew = begin_shop(store, &shop, Start::Resume { max_age_ms: 1000 }, 2).await;
    assert_eq!(
        (anew.ticket.crawl.n, anew.n_known, anew.resumed),
        (1, 0, false)
    );
    let page_2 = page(2, products("a.example", 2..4));
    let refused = store.apply_page(&begun.ticket, page_2).await;
    assert!(is_fenced(refused.unwrap_err()));
    let counts = apply(store, &anew, page(1, vec![product("a.example", 1)])).await;
    assert_eq!(counts.new, 1);
}

pub(super) async fn a_pass_ends_when_its_shop_is_paused_and_goes_on_later(store: &dyn Store) {
    let shop = shop("a.example");
    let lease = granted(
        store
            .lease_shop(&shop.key, "one", 3_600_000, None)
            .await
            .unwrap(),
    );
    let begun = store
        .begin_crawl(&lease, &shop, Start::Fresh, at(0))
        .await
        .unwrap();
    let next = |number| PageWrite {
        next: Some(Checkpoint::page(number + 1)),
        ..page(
            number,
            products("a.example", number.into()..u64::from(number) + 1),
        )
    };
    apply(store, &begun, next(1)).await;
    assert!(store.pause_shop(&shop.key, false).await.unwrap());
    apply(store, &begun, next(2)).await;
    assert!(store.pause_shop(&shop.key, true).await.unwrap());
    let is_fenced = |refused: StoreError| matches!(refused, StoreError::Fenced { .. });
    let refused = store.apply_page(&begun.ticket, next(3)).await;
    assert!(is_fenced(refused.unwrap_err()));
    assert!(is_fenced(
        store.renew_lease(&lease, 1_000).await.unwrap_err()
    ));
    // Nobody else comes before the lease would have ended: the shop was asked just now.
    let answer = store.lease_shop(&shop.key, "two", 1_000, None).await;
    let LeaseAnswer::Held(holder) = answer.unwrap() else {
        panic!("the shop has not rested");
    };
    assert_eq!(holder.owner, RESTING);
    let answer = store.lease_shop(&shop.key, "two", 0, Some(RESTING)).await;
    assert!(matches!(answer.unwrap(), LeaseAnswer::Granted(_)));
    // Whoever names it may crawl it all the same, and goes on.
    let again = begin_shop(store, &shop, Start::Resume { max_age_ms: 1_000 }, 1).await;
    assert_eq!(
        (
            again.resumed,
            again.ticket.crawl.n,
            again.checkpoint.next_page
        ),
        (true, 1, 3)
    );
    apply(store, &again, next(3)).await;
    assert!(!store.pause_shop(&key("b.example"), true).await.unwrap());
}

pub(super) async fn rankings_and_summaries_outlive_a_forgotten_shop(store: &dyn Store) {
    crawl(store, "a.example", products("a.example", 0..2), 0).await;
    let ranking = Ranking {
        at: at(0),
        preset: "classic".into(),
        features: vec![],
        weights: vec![],
        n_ranked: 2,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: vec![],
    };
    store.save_ranking(&ranking).await.unwrap();
    let summary = summary("shop:a.example", "en", "1", 0);
    store.save_summary(&summary).await.unwrap();
    store.forget_shop(&key("a.example")).await.unwrap();
    assert_eq!(store.latest_ranking().await.unwrap(), Some(ranking));
    let kept = store.summary("shop:a.example", "en").await.unwrap();
    assert_eq!(kept, Some(summary));
}

pub(super) fn summary(subject: &str, language: &str, input_hash: &str, now: i64) -> Summary {
    Summary {
        subject: subject.into(),
        language: language.into(),
        source: SummarySource::Llm(Box::new(Written {
            model: "m\u{1f600}".into(),
            prompt_version: "2".into(),
            input_tokens: Some(7),
            cost: Some(Cost {
                nanos: 1_050,
                currency: "USD".into(),
            }),
            ..Written::default()
        })),
        input_hash: input_hash.into(),
        headline: format!("The {now}th"),
        text: "L'\u{e9}t\u{e9}\0 {$gt: 1}\n".into(),
        claims: vec![Claim {
            text: "10.00 EUR".into(),
            fact_ids: vec!["$where".into(), "a.b".into()],
        }],
        cautions: vec![String::new()],
        facts: vec![Fact {
            id: "F1".into(),
            topic: "price".into(),
            text: "$1.x".into(),
            source: FactSource::Catalogue,
            at: Some(at(3)),
        }],
        facts_hash: "f".into(),
        at: at(now),
    }
}

pub(super) async fn the_newest_summary_of_a_subject_in_a_language_is_found(store: &dyn Store) {
    assert_eq!(store.summary("a", "en").await.unwrap(), None);
    let subject = "product:shopify:a.example:$1.x";
    for (language, hash, now) in [
        ("en", "h2", 12),
        ("en", "h1", 5),
        ("fr", "h3", 20),
        ("en", "h4", 7),
    ] {
        let saved = summary(subject, language, hash, now);
        store.save_summary(&saved).await.unwrap();
    }
    store
        .save_summary(&summary("other", "en", "h2", 99))
        .await
        .unwrap();
    let newest = summary(subject, "en", "h2", 12);
    assert_eq!(store.summary(subject, "en").await.unwrap(), Some(newest));
    let french = summary(subject, "fr", "h3", 20);
    assert_eq!(store.summary(subject, "fr").await.unwrap(), Some(french));
    assert_eq!(store.summary(subject, "de").await.unwrap(), None);
    // The same input again replaces what was there, also by an older one.
    let replaced = Summary {
        source: SummarySource::Extractive { instead: None },
        ..summary(subject, "en", "h2", 6)
    };
    for _ in 0..2 {
        store.save_summary(&replaced).await.unwrap();
        let newest = summary(subject, "en", "h4", 7);
        assert_eq!(store.summary(subject, "en").await.unwrap(), Some(newest));
    }
}

pub(super) async fn a_summary_is_found_by_its_exact_input(store: &dyn Store) {
    let subject = "product:shopify:a.example:$1.x";
    let inputs = [
        (subject, "en", "h1", 1),
        (subject, "en", "h2", 2),
        (subject, "fr", "h1", 3),
        ("other", "en", "h1", 4),
        (subject, "en", "", 5),
    ];
    for (subject, language, hash, now) in inputs {
        let saved = summary(subject, language, hash, now);
        store.save_summary(&saved).await.unwrap();
    }
    for (subject, language, hash, now) in inputs {
        let found = store.summary_of_input(subject, language, hash).await;
        let expected = summary(subject, language, hash, now);
        assert_eq!(found.unwrap(), Some(expected));
    }
    for (subject, language, hash) in [
        (subject, "de", "h1"),
        (subject, "en", "h"),
        (subject, "en", "h11"),
        ("othe", "en", "h1"),
        ("", "", ""),
        ("$where", "{$gt: 1}", "\0"),
    ] {
        let found = store.summary_of_input(subject, language, hash).await;
        assert_eq!(found.unwrap(), None, "{subject} {language} {hash}");
    }
}

pub(super) async fn every_summary_reads_back_as_given(store: &dyn Store) {
    let sources = [
        SummarySource::Llm(Box::default()),
        SummarySource::Llm(Box::new(Written {
            model: "m:8b".into(),
            prompt_version: "2".into(),
            requested_model: "$m".into(),
            schema_version: "1".into(),
            endpoint: "llm.example:8443".into(),
            input_tokens: Some(0),
            output_tokens: Some(i64::MAX.unsigned_abs()),
            cost: Some(Cost {
                nanos: 5_000_000_000,
                currency: "USD".into(),
            }),
            requests: u32::MAX,
            latency_ms: 1 << 40,
            repaired: true,
        })),
        SummarySource::Extractive { instead: None },
        SummarySource::Extractive {
            instead: Some(Fallback {
                code: "number_not_in_facts".into(),
                detail: "\u{ab}19,90\u{a0}EUR\u{bb}\0".into(),
            }),
        },
    ];
    let of_source = |source: FactSource, n: i64| Fact {
        id: format!("F{n}"),
        topic: "$a.b".into(),
        text: format!("\u{201c}{n} \u{1f600}\u{201d}"),
        source,
        at: (n % 2 == 0).then(|| at(n)),
    };
    let facts = [
        FactSource::Catalogue,
        FactSource::Seller,
        FactSource::Observations,
        FactSource::Ranking,
        FactSource::Derived,
    ];
    let facts: Vec<Fact> = facts
        .into_iter()
        .zip(1..)
        .map(|(it, n)| of_source(it, n))
        .collect();
    for (n, source) in sources.into_iter().enumerate() {
        let saved = Summary {
            source,
            facts: facts[n..].to_vec(),
            facts_hash: format!("facts {n}"),
            ..summary("s", "en", &n.to_string(), 1)
        };
        store.save_summary(&saved).await.unwrap();
        let found = store.summary_of_input("s", "en", &n.to_string()).await;
        assert_eq!(found.unwrap(), Some(saved));
    }
}

pub(super) fn robots(origin: &str, now: i64) -> RobotsRecord {
    RobotsRecord {
        origin: origin.into(),
        status: 200,
        body: format!("User-agent: *\r\nDisallow: /$where\n# {now} \u{e9}\0"),
        fetched_at: at(now),
    }
}

pub(super) async fn a_robots_txt_is_found_while_it_is_young_enough(store: &dyn Store) {
    let origin = "https://a.example:8443";
    assert_eq!(store.robots(origin, at(0)).await.unwrap(), None);
    store.save_robots(&robots(origin, 100)).await.unwrap();
    let other = RobotsRecord {
        status: 404,
        ..robots("http://a.example", 300)
    };
    store.save_robots(&other).await.unwrap();
    let stored = Some(robots(origin, 100));
    assert_eq!(store.robots(origin, at(100)).await.unwrap(), stored);
    assert_eq!(store.robots(origin, at(-999)).await.unwrap(), stored);
    assert_eq!(store.robots(origin, at(101)).await.unwrap(), None);
    let stored = store.robots("http://a.example", at(0)).await.unwrap();
    assert_eq!(stored, Some(other));
    for _ in 0..2 {
        store.save_robots(&robots(origin, 200)).await.unwrap();
        let stored = store.robots(origin, at(101)).await.unwrap();
        assert_eq!(stored, Some(robots(origin, 200)));
    }
}

pub(super) async fn a_robots_txt_lives_at_least_a_day(store: &dyn Store) {
    store
        .save_robots(&robots("https://a.example", 0))
        .await
        .unwrap();
    store
        .save_robots(&robots("https://b.example", DAY))
        .await
        .unwrap();
    let kept = store.robots("https://a.example", at(0)).await.unwrap();
    assert_eq!(kept, Some(robots("https://a.example", 0)));
}
