//! Shops with more products than a list shows, of which little says so.

use catalog::{Outcome, Route, RouteEnd, Stop};
use testkit::{Collection, Fault, FaultPlan, On};

use crate::crawling::{World, stop};
use crate::routes::{n_asked, small, small_of, used};

fn json(text: &str) -> Fault {
    Fault::Custom(200, "application/json", text.as_bytes().to_vec())
}

/// A sitemap of one file that names the first `n` products.
fn naming(plan: FaultPlan, n: usize) -> FaultPlan {
    let url = |it| format!("<url><loc>/products/p-{it}</loc></url>");
    let urls: String = (1..=n).map(url).collect();
    let file = format!("<urlset>{urls}</urlset>");
    plan.fault(
        On::path("/sitemap.xml"),
        Fault::Custom(200, "application/xml", file.into_bytes()),
    )
}

#[tokio::test]
async fn an_empty_page_at_the_wall_is_no_end() {
    for refusal in [
        r#"{"errors": "Page * Limit exceeds the 25000 limit.", "products": []}"#,
        r#"{"products": []}"#,
    ] {
        let rest = Collection::new("rest", 25_000..25_200);
        let catalogue = small(25_200).with_collections(vec![rest]);
        let plan = FaultPlan::none().fault(On::page(101), json(refusal));
        let world = World::with(catalogue, plan).await;
        let report = world.crawl().await;
        assert_eq!(report.outcome, Some(Outcome::Complete));
        assert_eq!(world.n_stored().await, 25_200);
        assert_eq!(used(&report)[0], (Route::List, 25_000, RouteEnd::Wall));
    }
}

/// It is a day old, or cut: what it does not name is no sign that nothing is there.
#[tokio::test]
async fn a_sitemap_that_names_no_more_than_the_list_shows_makes_nothing_gone() {
    let rest = Collection::new("rest", 25_000..25_200);
    let catalogue = || small(25_200).with_collections(vec![rest.clone()]);
    let world = World::with(catalogue(), FaultPlan::none()).await;
    assert_eq!(world.crawl().await.outcome, Some(Outcome::Complete));
    world.fake.set_plan(naming(FaultPlan::none(), 25_000));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!((report.counts.products, report.counts.gone), (25_200, 0));
    let said = report.outcome.unwrap().to_string();
    assert!(
        said.contains("the sitemap names no others: 25200 were found"),
        "{said}"
    );

    // Nor where the collections show nothing more, and the shop alone says that there is.
    world
        .fake
        .set_catalogue(small(25_200).with_collections(vec![Collection::new("few", 0..9)]));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(report.counts.gone, 0);
}

/// As where the shop hides some of its products from search engines.
#[tokio::test]
async fn what_a_short_sitemap_names_beside_the_list_is_read_all_the_same() {
    let rest = Collection::new("rest", 25_000..25_200);
    let catalogue = small(25_300).with_collections(vec![rest]);
    let last = (25_101..=25_300).map(|it| format!("<url><loc>/products/p-{it}</loc></url>"));
    let file = format!("<urlset>{}</urlset>", last.collect::<String>());
    let sitemap = Fault::Custom(200, "application/xml", file.into_bytes());
    let plan = FaultPlan::none().fault(On::path("/sitemap.xml"), sitemap);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(world.n_stored().await, 25_300);
    assert_eq!(n_asked(&world, "/products/p-"), 100);
}

#[tokio::test]
async fn a_shop_of_which_all_agree_that_it_has_just_what_the_list_shows_is_complete() {
    let meta = json(r#"{"currency": "EUR"}"#);
    let plan = FaultPlan::none().fault(On::path("/meta.json"), meta);
    let catalogue = small(25_000).with_collections(vec![Collection::new("few", 0..9)]);
    let world = World::with(catalogue, plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!(n_asked(&world, "/collections/few/"), 1);

    // Five left, and five came.
    let few = || vec![Collection::new("few", 0..9)];
    world
        .fake
        .set_catalogue(small_of(6..=25_005).with_collections(few()));
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.new, report.counts.gone), (5, 5));
    assert_eq!(n_asked(&world, "/products/p-"), 6);
}

/// A number that counts no further than the list shows, and no collection with what is behind it: the products are there.
#[tokio::test]
async fn what_is_known_and_still_has_a_page_is_not_gone_though_nothing_names_it() {
    let meta = json(r#"{"currency": "EUR", "published_products_count": 25000}"#);
    let plan = || FaultPlan::none().fault(On::path("/meta.json"), meta.clone());
    let few = vec![Collection::new("few", 0..9)];
    let world = World::with(small(25_200).with_collections(few), plan()).await;
    assert_eq!(world.crawl().await.counts.products, 25_200);
    world.fake.set_plan(naming(plan(), 25_000));
    let report = world.crawl().await;
    assert_eq!(stop(&report), ("partial", Some(Stop::Wall)));
    assert_eq!(report.counts.gone, 0);
}

#[tokio::test]
async fn what_a_whole_sitemap_leaves_out_of_what_the_shop_says_is_told() {
    let meta = json(r#"{"currency": "EUR", "published_products_count": 40000}"#);
    let plan = FaultPlan::none().fault(On::path("/meta.json"), meta);
    let world = World::with(small(25_060), plan).await;
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    let told = &report.notes.routes.last().unwrap().detail;
    assert!(
        told.ends_with("; the shop says that it has 40000 products, and this pass found 25060"),
        "{told}"
    );
}
