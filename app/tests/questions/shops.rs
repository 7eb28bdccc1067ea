//! Three shops and their three weeks, small enough to know every answer by hand.
//!
//! Crawled on the mornings of 1, 14, 18 and 20 November. What happens is written beside each product.

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, On};

use crate::past::run_at;
use crate::program::Home;

/// When the shops were crawled.
const MORNINGS: [&str; 4] = [
    "2026-11-01T08:00:00Z",
    "2026-11-14T08:00:00Z",
    "2026-11-18T08:00:00Z",
    "2026-11-20T08:00:00Z",
];

/// When the questions are asked.
pub(super) const NOW: &str = "2026-11-21T12:00:00Z";

/// The shops, by the names that the questions have for them.
#[derive(Debug)]
pub(super) struct Shops {
    shops: [(&'static str, FakeShop); 3],
}

/// A product on the four mornings.
struct Offer {
    id: u64,
    handle: &'static str,
    vendor: &'static str,
    product_type: &'static str,
    tags: &'static [&'static str],
    /// The price, `of` the compare-at price, `out` of stock; empty where the shop does not list it.
    mornings: [&'static str; 4],
}

impl Shops {
    /// Crawls the shops on their mornings into the store of `home`, and ranks them on the second and the last.
    pub(super) async fn crawled(home: &Home) -> Self {
        let shops = [
            ("lamps", LAMPS, "EUR"),
            ("hats", HATS, "USD"),
            ("mugs", MUGS, "EUR"),
        ];
        let mut running = Vec::new();
        for (name, _, _) in shops {
            let shop = FakeShop::start(
                Catalogue::from_json(b"{\"products\":[]}").unwrap(),
                FaultPlan::none(),
            );
            running.push((name, shop.await.unwrap()));
        }
        let it = Self {
            shops: running.try_into().expect("three shops"),
        };
        for (morning, now) in MORNINGS.into_iter().enumerate() {
            for ((_, shop), (name, offers, currency)) in it.shops.iter().zip(shops) {
                shop.set_catalogue(catalogue(offers, currency, morning));
                let is_closed = name == "mugs" && morning == 3;
                if is_closed {
                    shop.set_plan(FaultPlan::none().fault(On::any(), Fault::status(403)));
                }
                let args = [
                    "crawl",
                    &shop.url(),
                    "--rps",
                    "unlimited",
                    "--allow-private",
                    "127.0.0.0/8",
                ];
                let run = run_at(now, home, args);
                assert_eq!(run.code, Some(i32::from(is_closed)), "{run:#?}");
            }
            if morning % 2 == 1 {
                let run = run_at(now, home, ["rank", "-k", "20", "--out", "-"]);
                assert_eq!(run.code, Some(0), "{run:#?}");
            }
        }
        it
    }

    /// Returns `text` with the shops' keys for `{lamps}`, `{hats}` and `{mugs}`.
    pub(super) fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, shop) in &self.shops {
            let key = shop.addr().to_string().replace(':', "%3A");
            text = text.replace(&format!("{{{name}}}"), &key);
        }
        text
    }
}

/// `lamps`, in euros.
#[rustfmt::skip]
const LAMPS: &[Offer] = &[
    // Cheaper on the 18th by 18.3 %, and discounted.
    offer(1, "brass-lamp",  "Nord",   "Lamp",  &["gift", "brass"], ["60.00", "60.00", "49.00 of 60.00", "49.00 of 60.00"]),
    // Sold out on the 18th.
    offer(2, "oak-lamp",    "Nord",   "Lamp",  &["oak"],           ["80.00", "80.00", "80.00 out", "80.00 out"]),
    // Gone on the 20th.
    offer(3, "paper-lamp",  "Papier", "Lamp",  &[],                ["20.00", "20.00", "20.00", ""]),
    // Dearer on the 20th by 20 %.
    offer(4, "floor-lamp",  "Nord",   "Lamp",  &["gift"],          ["100.00", "100.00", "100.00", "120.00"]),
    // New on the 18th.
    offer(5, "desk-lamp",   "Papier", "Lamp",  &["oak"],           ["", "", "45.00", "45.00"]),
    // Cheaper on the 20th by 10 %.
    offer(6, "wall-lamp",   "Nord",   "Lamp",  &["brass"],         ["70.00", "70.00", "70.00", "63.00"]),
    offer(7, "linen-shade", "Papier", "Shade", &["linen"],         ["15.00", "15.00", "15.00", "15.00"]),
    offer(8, "oak-table",   "Nord",   "Table", &["oak"],           ["300.00", "300.00", "300.00", "300.00"]),
];

/// `hats`, in dollars: four cuts of prices in the week before the questions, each of 20 % or more.
#[rustfmt::skip]
const HATS: &[Offer] = &[
    // Cheaper on the 18th by 20 % and on the 20th by 25 %.
    offer(1, "straw-hat",   "Sol",    "Hat",   &["summer"],        ["50.00", "50.00", "40.00", "30.00"]),
    offer(2, "felt-hat",    "Sol",    "Hat",   &["winter"],        ["60.00", "60.00", "60.00", "60.00"]),
    // Sold out on the 14th, back in stock on the 18th.
    offer(3, "rain-hat",    "Sol",    "Hat",   &["winter"],        ["25.00", "25.00 out", "25.00", "25.00"]),
    // Cheaper on the 20th by 25 %.
    offer(4, "wool-cap",    "Mini",   "Cap",   &["winter"],        ["20.00", "20.00", "20.00", "15.00"]),
    // Cheaper on the 18th by 20 %, and discounted.
    offer(5, "sun-hat",     "Mini",   "Hat",   &["summer"],        ["35.00", "35.00", "28.00 of 35.00", "28.00 of 35.00"]),
    // Sold out on the 18th, back in stock on the 20th.
    offer(6, "fur-hat",     "Sol",    "Hat",   &["winter"],        ["200.00", "200.00", "200.00 out", "200.00"]),
    offer(7, "baby-cap",    "Mini",   "Cap",   &["gift"],          ["12.00", "12.00", "12.00", "12.00"]),
];

/// `mugs`, in euros, whose door is closed on the 20th.
#[rustfmt::skip]
const MUGS: &[Offer] = &[
    offer(1, "tea-mug",     "Ton",    "Mug",   &["gift"],          ["9.00", "9.00", "9.00", ""]),
    offer(2, "milk-jug",    "Ton",    "Jug",   &[],                ["18.00", "18.00", "18.00", ""]),
];

const fn offer(
    id: u64,
    handle: &'static str,
    vendor: &'static str,
    product_type: &'static str,
    tags: &'static [&'static str],
    mornings: [&'static str; 4],
) -> Offer {
    Offer {
        id,
        handle,
        vendor,
        product_type,
        tags,
        mornings,
    }
}

fn catalogue(offers: &[Offer], currency: &str, morning: usize) -> Catalogue {
    let products: Vec<Value> = offers
        .iter()
        .filter_map(|it| product(it, morning))
        .collect();
    let document = json!({ "products": products }).to_string();
    Catalogue::from_json(document.as_bytes())
        .unwrap()
        .with_currency(Some(currency))
}

fn product(offer: &Offer, morning: usize) -> Option<Value> {
    let mut words = offer.mornings[morning].split(' ');
    let price = words.next().filter(|it| !it.is_empty())?;
    let (kind, compare_at) = (words.next(), words.next());
    let title = offer.handle.replace('-', " ");
    Some(json!({
        "id": offer.id,
        "title": title,
        "handle": offer.handle,
        "vendor": offer.vendor,
        "product_type": offer.product_type,
        "body_html": format!("<p>A fine {title} that <b>lasts</b>.</p>"),
        "tags": offer.tags,
        "images": [],
        "options": [{"name": "Title", "position": 1, "values": ["Default Title"]}],
        "published_at": format!("2026-10-{:02}T08:00:00Z", 10 + offer.id),
        "variants": [{
            "id": offer.id * 10 + 1,
            "title": "Default Title",
            "option1": "Default Title",
            "sku": offer.handle.to_uppercase(),
            "price": price,
            "compare_at_price": compare_at,
            "available": kind != Some("out"),
        }],
    }))
}
