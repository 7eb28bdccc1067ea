//! The demo's shops.

use std::collections::HashSet;

use testkit::{demo_shops, start_demo};
use tokio::net::TcpStream;

use crate::client::{get, get_with};

#[tokio::test]
async fn every_demo_shop_serves_its_products_under_its_own_address() {
    let shops = demo_shops();
    let demo = start_demo(&shops).await.unwrap();
    let addresses: Vec<_> = demo.addresses().collect();
    assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), 6);
    for (shop, (host, addr)) in shops.iter().zip(&addresses) {
        assert_eq!((shop.host, demo.shop(host).unwrap().addr()), (*host, *addr));
        let page = get_with(*addr, "/products.json?limit=250", "").await;
        assert_eq!(page.ids().len(), shop.n_products.min(250), "{host}");
    }
    demo.stop().await;
    for (_, addr) in addresses {
        assert!(TcpStream::connect(addr).await.is_err());
    }
}

#[tokio::test]
async fn the_busy_demo_shop_asks_once_to_wait_a_second() {
    let demo = start_demo(&demo_shops()).await.unwrap();
    let busy = demo.shop("scree-and-summit.example").unwrap();
    let mut statuses = vec![];
    for page in [1, 2, 2, 3, 4] {
        let answer = get(busy, &format!("/products.json?limit=250&page={page}")).await;
        statuses.push((
            answer.status,
            answer.header("retry-after").map(str::to_string),
        ));
    }
    let fine = || (200, None);
    assert_eq!(
        statuses,
        [fine(), (429, Some("1".into())), fine(), fine(), fine()]
    );
}

#[test]
fn demo_shops_differ_in_currency_and_one_states_none() {
    let shops = demo_shops();
    let currencies: HashSet<_> = shops.iter().map(|shop| shop.profile.currency).collect();
    assert_eq!(
        currencies,
        [Some("GBP"), Some("EUR"), Some("JPY"), Some("USD"), None].into()
    );
    assert!(shops.iter().all(|shop| shop.host.ends_with(".example")));
}
