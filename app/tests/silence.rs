//! Routes that say less than the list: single products do not tell whether they can be bought.

use catalog::{
    Availability, ChangeKind, ObservationKind, Outcome, ProductId, ProductRow, Route, changes_of,
};
use testkit::{Catalogue, Fault, FaultPlan, NORTH_LOFT, Surface};

use crate::crawling::World;

/// A shop whose first product's first variant can be bought as told.
fn with_first(is_available: bool) -> Catalogue {
    let mut catalogue = Catalogue::generate(&NORTH_LOFT, 40, 3);
    catalogue.edit(0, |product| {
        product["variants"][0]["available"] = is_available.into();
    });
    catalogue
}

/// Crawls while the shop answers by `plan`, and returns how many products changed and which route brought them.
async fn crawl(world: &World, plan: FaultPlan) -> (u64, Route) {
    world.fake.set_plan(plan);
    let report = world.crawl().await;
    assert_eq!(report.outcome, Some(Outcome::Complete));
    assert_eq!((report.counts.products, report.counts.gone), (40, 0));
    let routes = report.notes.routes.iter();
    let main = routes.max_by_key(|it| it.products).unwrap();
    (report.counts.changed, main.route)
}

async fn events(world: &World, id: &ProductId) -> Vec<ChangeKind> {
    let rows = world.store.observations(id, 99).await.unwrap();
    let changed = rows
        .iter()
        .filter(|it| it.kind == ObservationKind::Changed)
        .flat_map(changes_of);
    changed.map(|change| change.kind).collect()
}

#[tokio::test]
async fn what_sold_out_while_the_list_was_closed_is_told_when_it_opens() {
    let singles = || {
        FaultPlan::none()
            .closed_list(Fault::status(404))
            .without(Surface::Collections)
            .without(Surface::Atom)
    };
    let world = World::with(with_first(true), FaultPlan::none()).await;
    assert_eq!(crawl(&world, FaultPlan::none()).await.1, Route::List);
    let rows = world.rows().await;
    let n_in_stock = rows.iter().filter(|it| it.in_stock == Some(true)).count();
    assert!(n_in_stock > 20);
    let first = with_first(true).product(0).unwrap()["id"].to_string();
    let is_first = |row: &&ProductRow| row.id.native.to_string() == first;
    let first = rows.iter().find(is_first).unwrap().id.clone();

    // Nobody says what can be bought, and nothing is made up.
    assert_eq!(crawl(&world, singles()).await, (40, Route::Sitemap));
    assert!(world.rows().await.iter().all(|it| it.in_stock.is_none()));
    assert_eq!(events(&world, &first).await, []);
    world.fake.set_catalogue(with_first(false));
    assert_eq!(crawl(&world, singles()).await, (0, Route::Sitemap));
    let stored = world.store.product(&first).await.unwrap().unwrap();
    assert_eq!(stored.variants[0].availability, Availability::Former(true));

    assert_eq!(crawl(&world, FaultPlan::none()).await, (40, Route::List));
    for row in &rows {
        let expected: &[ChangeKind] = match row.id == first {
            true => &[ChangeKind::SoldOut],
            false => &[],
        };
        assert_eq!(events(&world, &row.id).await, expected);
    }
}
