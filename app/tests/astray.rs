//! Single answers that lead astray: each says nothing of the others, and is no end of a list.

use catalog::{Outcome, Stop, UnixMs};
use testkit::{Collection, FakeShop, Fault, FaultPlan, On, Surface, early_requests};

use crate::crawling::{World, list_alone, stop};
use crate::routes::{closed, n_asked, singles, small, small_of};

/// A rule of forwarding may keep the path alone. What a shop lists by default is no page of ours, and its end no end.
#[tokio::test]
async fn a_redirect_that_loses_the_pages_number_ends_no_list() {
    let to_the_beginning = Fault::Redirect("/products.json".to_owned());
    for (faulty, n_stored) in [(On::page(4).nth(1), 1_000), (On::page(4), 750)] {
        let plan = list_alone().fault(faulty, to_the_beginning.clone());
        let world = World::with(small(1_000), plan).await;
        let report = world.crawl().await;
        assert_eq!(world.n_stored().await, n_stored);
        match report.outcome.unwrap() {
            Outcome::Complete => assert_eq!(n_stored, 1_000),
            outcome => {
                assert_eq!((outcome.word(), n_stored), ("partial", 750), "{outcome}");
                let detail = &outcome.reason().unwrap().detail;
                assert!(detail.contains("not that page of the list"), "{detail}");
            }
        }
    }
}

/// The clock stands still while anybody works, and jumps when all wait.
#[tokio::test(start_paused = true)]
async fn one_collection_that_never_answers_keeps_nobody_from_the_others() {
    let collections = (0..4).map(|n| {
        let products = n * 10..(40 - n).max(n * 10 + 10);
        Collection::new(&format!("c{n}"), products)
    });
    let catalogue = small(40).with_collections(collections.collect());
    let plan = closed(404)
        .without(Surface::Sitemap)
        .without(Surface::Atom)
        .fault(On::path("/collections/c0/products.json"), Fault::Hang);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(world.n_stored().await, 30, "{report:?}");
}

#[tokio::test]
async fn one_product_that_leads_to_a_host_that_is_not_there_keeps_nobody_from_the_others() {
    let nowhere = Fault::Redirect("http://127.0.0.1:9/products/p-7.json".to_owned());
    let plan = singles(30)
        .without(Surface::Atom)
        .fault(On::path("/products/p-7.json"), nowhere);
    let world = World::with(small(30), plan).await;
    let report = world.crawl().await;
    assert_eq!(world.n_stored().await, 29, "{report:?}");
    assert_eq!(report.outcome.unwrap().word(), "partial");
}

/// The clock stands still while anybody works, and jumps when all wait.
#[tokio::test(start_paused = true)]
async fn a_pause_that_a_closed_list_asks_for_is_kept_by_what_is_asked_instead() {
    for seconds in ["1", "90"] {
        let plan = FaultPlan::none().closed_list(Fault::retry_after(403, seconds));
        let world = World::with(small(40), plan).await;
        let report = world.crawl().await;
        assert_eq!(report.counts.products, 40, "{seconds}");
        let requests = world.fake.requests();
        assert!(n_asked(&world, "/collections/") > 0);
        assert!(early_requests(&requests).is_empty(), "{requests:#?}");
    }
}

/// Five refusals in a row ended the route, though none of them was a request.
#[tokio::test]
async fn what_robots_txt_closes_ends_no_route_for_the_others() {
    let rules = "User-agent: *\nDisallow: /products/p-1\nDisallow: /collections/c0\n";
    let rules = Fault::Custom(200, "text/plain", rules.into());
    let singles = singles(30)
        .without(Surface::Atom)
        .fault(On::path("/robots.txt"), rules.clone());
    let world = World::with(small(30), singles).await;
    let report = world.crawl().await;
    // All but p-1 and p-10 to p-19.
    assert_eq!(world.n_stored().await, 19, "{report:?}");
    assert_eq!(report.outcome.as_ref().unwrap().word(), "partial");
    let detail = &report.notes.routes.last().unwrap().detail;
    assert!(detail.contains("11 as robots.txt"), "{detail}");
    assert_eq!(n_asked(&world, "/products/p-1"), 0);

    // The biggest come first.
    let collections = (0..20).map(|n| {
        let others = if n < 10 { 0..n * 2 } else { 0..0 };
        Collection::new(
            &format!("c{n:02}"),
            [n * 2, n * 2 + 1].into_iter().chain(others),
        )
    });
    let catalogue = small(40).with_collections(collections.collect());
    let plan = closed(404)
        .without(Surface::Sitemap)
        .without(Surface::Atom)
        .fault(On::path("/robots.txt"), rules);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(world.n_stored().await, 20, "{report:?}");
    assert_eq!(n_asked(&world, "/collections/c0"), 0);
}

#[tokio::test]
async fn a_page_that_leads_to_another_shop_for_a_while_is_no_page_of_this_one() {
    let world = World::with(small(600), FaultPlan::none()).await;
    world.crawl().await;
    let other = FakeShop::start(small_of(9_000..9_020), FaultPlan::none()).await;
    let other = other.unwrap();
    let elsewhere = Fault::Redirect(format!("{}/products.json?limit=250&page=3", other.url()));
    let plan = list_alone().fault(On::page(3), elsewhere);
    world.fake.set_plan(plan);
    let report = world.crawl().await;
    assert_eq!(report.outcome.unwrap().word(), "partial");
    assert_eq!((report.counts.gone, report.counts.new), (0, 0));
    world.fake.set_plan(FaultPlan::none());
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.gone, report.counts.new), (0, 0));
}

#[tokio::test]
async fn a_sitemap_may_name_paths_and_what_cannot_be_read_of_it_is_not_all() {
    let urls = |from: usize, to: usize| {
        let urls = (from..=to).map(|n| format!("<url><loc>/products/p-{n}</loc></url>"));
        format!("<urlset>{}</urlset>", urls.collect::<String>())
    };
    let xml = |text: String| Fault::Custom(200, "application/xml", text.into());
    for (more, word) in [
        ("", "complete"),
        ("<sitemap><loc>http://[</loc></sitemap>", "partial"),
    ] {
        let index = format!(
            "<sitemapindex><sitemap><loc>/a.xml</loc></sitemap>\
             <sitemap><loc>b.xml</loc></sitemap>{more}</sitemapindex>"
        );
        let plan = closed(404)
            .without(Surface::Collections)
            .without(Surface::Atom)
            .fault(On::path("/sitemap.xml"), xml(index))
            .fault(On::path("/a.xml"), xml(urls(1, 20)))
            .fault(On::path("/b.xml"), xml(urls(21, 40)));
        let world = World::with(small(40), plan).await;
        let report = world.crawl().await;
        assert_eq!(world.n_stored().await, 40, "{report:?}");
        assert_eq!(report.outcome.unwrap().word(), word);
    }
}

/// A page that is empty once would be the end of a list, and the rest of the shop unknown or gone.
#[tokio::test]
async fn a_list_that_ends_before_what_the_shop_says_it_has_is_asked_once_more() {
    let meta = br#"{"currency": "EUR", "published_products_count": 1000}"#;
    let stated = Fault::Custom(200, "application/json", meta.to_vec());
    let empty = Fault::Custom(200, "application/json", br#"{"products": []}"#.to_vec());
    for (faulty, n_stored, told) in [
        (On::page(3).nth(1), 1_000, ""),
        (
            On::page(3),
            500,
            "the shop says that it has 1000 products, its list shows 500",
        ),
    ] {
        let plan = list_alone()
            .fault(On::path("/meta.json"), stated.clone())
            .fault(faulty, empty.clone());
        let world = World::with(small(1_000), plan).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(world.n_stored().await, n_stored);
        assert_eq!(report.notes.routes[0].detail, told);
        assert_eq!(n_asked(&world, "page=3"), 2);
        assert_eq!(n_asked(&world, "page=2"), 1);
    }
}

/// A fault behind the list, which a second try does not get over, would be hundreds of products gone and back.
#[tokio::test]
async fn a_list_of_which_the_shop_says_that_it_is_not_all_is_believed_half_a_day_later() {
    let empty = Fault::Custom(200, "application/json", br#"{"products": []}"#.to_vec());
    let cut = list_alone().fault(On::page(4), empty);
    let mut world = World::with(small(1_000), list_alone()).await;
    world.crawl().await;
    world.fake.set_plan(cut);
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Shrunk)));
    assert_eq!(report.counts.gone, 0);
    world.options.started_at = UnixMs::new(13 * 3_600_000);
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(report.counts.gone, 250);
}

/// Of a shop that does not say how many products it has, what is known counts.
#[tokio::test]
async fn a_list_that_ends_far_before_what_is_known_is_asked_once_more() {
    let json = |text: &str| Fault::Custom(200, "application/json", text.as_bytes().to_vec());
    let silent = list_alone().fault(On::path("/meta.json"), json(r#"{"currency": "EUR"}"#));
    let world = World::with(small(1_100), silent.clone()).await;
    world.crawl().await;
    let once_empty = On::page(4).nth(1);
    world
        .fake
        .set_plan(silent.fault(once_empty, json(r#"{"products": []}"#)));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (1_100, 0));
}

#[tokio::test]
async fn one_page_that_is_something_else_for_a_moment_ends_no_list() {
    let elsewhere = FakeShop::start(small(1), FaultPlan::none().fault(On::any(), Fault::Html));
    let elsewhere = elsewhere.await.unwrap();
    for moment in [
        Fault::Html,
        Fault::NotShopify,
        Fault::status(404),
        Fault::Redirect(format!("{}/maintenance", elsewhere.url())),
    ] {
        let plan = list_alone().fault(On::page(2).nth(1), moment.clone());
        let world = World::with(small(600), plan).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{moment:?}");
        assert_eq!(world.n_stored().await, 600);
        assert_eq!(n_asked(&world, "page=2"), 2);
    }
}

#[tokio::test]
async fn a_first_answer_that_leads_to_another_shop_for_a_while_takes_no_pass_there() {
    let other = FakeShop::start(small(7), FaultPlan::none()).await.unwrap();
    let there = Fault::Redirect(format!("{}/meta.json", other.url().trim_end_matches('/')));
    let plan = list_alone().fault(On::path("/meta.json").nth(1), there);
    let world = World::with(small(30), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(world.n_stored().await, 30);
    let asked: Vec<_> = other.requests().into_iter().map(|it| it.path).collect();
    assert!(
        asked.iter().all(|path| !path.contains("products")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_first_answer_that_leads_to_where_nobody_may_go_keeps_nobody_from_the_list() {
    for target in [
        "http://10.0.0.1/",
        "http://127.0.0.1:9/",
        "gopher://a.example/",
    ] {
        let there = Fault::Redirect(target.to_owned());
        let plan = list_alone().fault(On::path("/meta.json"), there);
        let world = World::with(small(30), plan).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete), "{target}");
        assert_eq!(world.n_stored().await, 30);
    }
}

#[tokio::test]
async fn a_first_answer_that_leads_to_a_host_without_a_robots_txt_keeps_nobody_from_the_list() {
    let failing = FaultPlan::none().fault(On::path("/robots.txt"), Fault::status(503));
    let other = FakeShop::start(small(7), failing).await.unwrap();
    let there = Fault::Redirect(format!("{}/meta.json", other.url().trim_end_matches('/')));
    let plan = list_alone().fault(On::path("/meta.json"), there);
    let world = World::with(small(30), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(world.n_stored().await, 30);
}

#[tokio::test]
async fn an_answer_that_neither_gives_nor_refuses_is_no_closed_list() {
    for fault in [
        Fault::Empty(204),
        Fault::status(202),
        Fault::status(408),
        Fault::status(425),
    ] {
        for (faulty, word) in [(On::page(1).nth(1), "complete"), (On::page(1), "failed")] {
            let plan = list_alone().fault(faulty, fault.clone());
            let world = World::with(small(30), plan).await;
            let report = world.crawl().await;
            let outcome = report.outcome.unwrap();
            assert_eq!(outcome.word(), word, "{fault:?}: {outcome}");
            assert_eq!(n_asked(&world, "page=1"), 2, "{fault:?}");
        }
    }
}
