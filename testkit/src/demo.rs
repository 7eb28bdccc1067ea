//! The shops of `trouvaille demo`: fixed names, seeds and sizes.

use std::io;
use std::net::SocketAddr;

use crate::{
    ATELIER_LUMEN, Catalogue, FakeShop, Fault, FaultPlan, KUMO_STATIONERY, NORTH_LOFT, On,
    SALTMARSH_BATHHOUSE, SCREE_AND_SUMMIT, ShopProfile, WALDKAUZ_WERKSTATT,
};

/// One shop of the demo.
#[derive(Debug, Clone)]
pub struct DemoShop {
    /// The host under which it is crawled; no such host exists (RFC 2606).
    pub host: &'static str,
    /// What it sells.
    pub profile: ShopProfile,
    /// How many products it has.
    pub n_products: usize,
    /// What its products are made from.
    pub seed: u64,
    /// What goes wrong in it.
    pub plan: FaultPlan,
}

/// The running shops of the demo; dropping it stops them.
#[derive(Debug)]
pub struct Demo {
    shops: Vec<(&'static str, FakeShop)>,
}

/// Returns the six shops of the demo.
///
/// Five state a currency (GBP, EUR, JPY, USD, EUR) and one states none. `scree-and-summit.example` needs three
/// pages of 250 and refuses the second request for products once, with `Retry-After: 1`; the rest are healthy.
pub fn demo_shops() -> Vec<DemoShop> {
    let busy = FaultPlan::none().fault(On::feed().nth(2), Fault::retry_after(429, "1"));
    let healthy = FaultPlan::none();
    [
        (NORTH_LOFT, 240, healthy.clone()),
        (ATELIER_LUMEN, 120, healthy.clone()),
        (KUMO_STATIONERY, 90, healthy.clone()),
        (SCREE_AND_SUMMIT, 580, busy),
        (WALDKAUZ_WERKSTATT, 160, healthy.clone()),
        (SALTMARSH_BATHHOUSE, 48, healthy),
    ]
    .into_iter()
    .zip(1..)
    .map(|((profile, n_products, plan), seed)| DemoShop {
        host: profile.domain,
        profile,
        n_products,
        seed,
        plan,
    })
    .collect()
}

/// Starts `shops`, each on its own port of 127.0.0.1.
///
/// # Errors
/// When no port can be bound; the shops already started are stopped.
pub async fn start_demo(shops: &[DemoShop]) -> io::Result<Demo> {
    let mut running = Vec::with_capacity(shops.len());
    for shop in shops {
        let fake_shop = FakeShop::start(shop.catalogue(), shop.plan.clone()).await?;
        running.push((shop.host, fake_shop));
    }
    Ok(Demo { shops: running })
}

impl DemoShop {
    /// Returns the shop's catalogue.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::generate(&self.profile, self.n_products, self.seed)
    }
}

impl Demo {
    /// Returns each host's address, in the order of the shops.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        self.shops.iter().map(|(host, shop)| (*host, shop.addr()))
    }

    /// Returns the shop behind `host`.
    pub fn shop(&self, host: &str) -> Option<&FakeShop> {
        let found = self.shops.iter().find(|(it, _)| *it == host);
        found.map(|(_, shop)| shop)
    }

    /// Stops all shops and waits until their connections have ended.
    pub async fn stop(self) {
        for (_, shop) in self.shops {
            shop.stop().await;
        }
    }
}
