//! Shops that lead elsewhere: in circles, over and over, to another name, to a page instead of a file.

use crawler::fetch::{FetchError, Fetcher};
use testkit::{Fault, FaultPlan, On};
use url::Url;

use crate::fetch::{feed, get, paths, quick, shop};

#[tokio::test]
async fn two_hosts_that_lead_to_each_other_are_asked_five_times_more() {
    let (one, other) = (shop(FaultPlan::none()).await, shop(FaultPlan::none()).await);
    one.set_plan(FaultPlan::none().fault(On::feed(), Fault::Moved(other.url())));
    other.set_plan(FaultPlan::none().fault(On::feed(), Fault::Moved(one.url())));
    let error = get(&one, quick()).await.unwrap_err();
    let is_told = matches!(error, FetchError::TooManyRedirects { .. });
    assert!(is_told, "{error}");
    let n_asked = |shop| paths(shop).iter().filter(|it| *it != "/robots.txt").count();
    assert_eq!((n_asked(&one), n_asked(&other)), (3, 3));
}

#[tokio::test]
async fn a_robots_txt_that_leads_in_a_circle_over_two_hosts_forbids_everything() {
    let (one, other) = (shop(FaultPlan::none()).await, shop(FaultPlan::none()).await);
    one.set_plan(FaultPlan::none().fault(On::path("/robots.txt"), Fault::Moved(other.url())));
    other.set_plan(FaultPlan::none().fault(On::path("/robots.txt"), Fault::Moved(one.url())));
    assert!(get(&one, quick()).await.is_err());
    let asked = [paths(&one), paths(&other)].concat();
    assert!(asked.iter().all(|it| it == "/robots.txt"), "{asked:?}");
    assert!(asked.len() <= 12, "{asked:?}");
}

#[tokio::test]
async fn a_shop_that_has_moved_answers_from_its_new_address() {
    let new = shop(FaultPlan::none()).await;
    let old = shop(FaultPlan::none().fault(On::any(), Fault::Moved(new.url()))).await;
    let response = get(&old, quick()).await.unwrap();
    assert_eq!((response.status, response.url), (200, feed(&new)));
}

#[tokio::test]
async fn a_robots_txt_of_ten_megabytes_counts_by_its_beginning() {
    let rules = "User-agent: *\nDisallow: /meta.json\n";
    let filling = "# nothing but words, and many of them, to make somebody tired of reading\n";
    let file = format!("{rules}{}", filling.repeat(10_000_000 / filling.len()));
    let packed = FaultPlan::none().robots(file.clone());
    let plain = Fault::Custom(200, "text/plain", file.into_bytes());
    let plain = FaultPlan::none().fault(On::path("/robots.txt"), plain);
    for plan in [packed, plain] {
        let shop = shop(plan).await;
        let fetcher = Fetcher::new(quick()).unwrap();
        assert_eq!(fetcher.get(&feed(&shop)).await.unwrap().status, 200);
        let meta = Url::parse(&format!("{}/meta.json", shop.url())).unwrap();
        let error = fetcher.get(&meta).await.unwrap_err();
        let is_told = matches!(error, FetchError::RefusedByRobots { .. });
        assert!(is_told, "{error}");
    }
}
