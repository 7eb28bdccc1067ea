//! The shops that are crawled meanwhile, and what must be stored of them in the end.

use std::time::Duration;

use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use super::UNDISTURBED;
use crate::agents::pages_asked;
use crate::program::Home;

/// What each answer takes at least.
const LATENCY: Duration = Duration::from_millis(20);

pub(super) struct Shops {
    shops: Vec<(FakeShop, Catalogue)>,
}

impl Shops {
    /// Starts shops of so many products each.
    pub(super) async fn start(sizes: &[usize]) -> Self {
        let mut shops = Vec::new();
        for (seed, &n_products) in (1..).zip(sizes) {
            let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, seed);
            let shop = FakeShop::start(catalogue.clone(), FaultPlan::none().latency(LATENCY));
            shops.push((shop.await.unwrap(), catalogue));
        }
        Self { shops }
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.shops.iter().map(|(shop, _)| shop.url()).collect()
    }

    /// Has the pages behind the first take this long.
    pub(super) fn hold(&self, time: Duration) {
        let held = (2..=6).fold(FaultPlan::none().latency(LATENCY), |plan, page| {
            plan.fault(On::page(page), Fault::Delay(time))
        });
        self.follow(&held);
    }

    /// Has each answer take this long.
    pub(super) fn slow_down(&self, time: Duration) {
        self.follow(&FaultPlan::none().latency(time));
    }

    /// Has all answers come soon again.
    pub(super) fn go_on(&self) {
        self.slow_down(LATENCY);
    }

    fn follow(&self, plan: &FaultPlan) {
        for (shop, _) in &self.shops {
            shop.set_plan(plan.clone());
        }
    }

    /// Changes prices, takes products away and adds one: another change for each `n`, on every page.
    pub(super) fn change(&mut self, n: usize) {
        for (shop, catalogue) in &mut self.shops {
            for index in (n..catalogue.len()).step_by(41) {
                catalogue.edit(index, |product| {
                    product["variants"][0]["price"] = format!("{}.70", 70 + n).into();
                });
            }
            let mut new = catalogue.remove(n % catalogue.len());
            new["id"] = (new["id"].as_u64().unwrap() + 1).into();
            catalogue.push(&new);
            shop.set_catalogue(catalogue.clone());
        }
    }

    /// Waits until each shop has received so many.
    pub(super) async fn wait_for_requests(&self, n_requests: usize) {
        for (shop, _) in &self.shops {
            shop.wait_for_requests(n_requests).await;
        }
    }

    /// Returns how many requests there were in all.
    pub(super) fn n_requests(&self) -> usize {
        self.shops.iter().map(|(shop, _)| shop.n_requests()).sum()
    }

    /// Returns how many pages were asked for in all.
    pub(super) fn n_pages_asked(&self) -> usize {
        let asked = self.shops.iter().map(|(shop, _)| pages_asked(shop).len());
        asked.sum()
    }

    /// Returns how many pages were asked for again in the one pass there was, at most `most` of one shop.
    pub(super) fn n_pages_again(&self, most: usize) -> usize {
        let again = self.shops.iter().map(|(shop, catalogue)| {
            let (asked, n_pages) = (pages_asked(shop), catalogue.len().div_ceil(250));
            assert!(asked.is_sorted(), "{asked:?}");
            assert!(asked.len() <= n_pages + most, "{asked:?}");
            asked.len() - n_pages
        });
        again.sum()
    }
}

/// Checks that what is exported of the store is what undisturbed crawls gave.
pub(super) fn assert_same(home: &Home, store: &str) {
    for list in ["products", "crawls", "history", "problems"] {
        let [one, two] =
            [store, UNDISTURBED].map(|store| home.ok(["export", list, "--store", store]));
        // Too long to be shown whole.
        let lines = one.lines().zip(two.lines());
        for (n, (one, two)) in (1..).zip(lines) {
            assert_eq!(one, two, "{list}, line {n}");
        }
        assert!(one == two, "{list}: {} and {} bytes", one.len(), two.len());
    }
}
