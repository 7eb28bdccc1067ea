//! The rankings, shops, segments and spans of time.

use catalog::{
    Currency, CurrencySource, Language, ListStability, ObservedRow, Platform, PopularitySource,
    ProductRow, Shop, ShopStatus, UnixMs,
};
use summarizer::facts::{FactSheet, SegmentInput, ShopInput, changes, segment, shop, top_k};

use super::goods::{Goods, at, ranking};
use super::products::{ALL, named};

/// Returns the sheets of all lists.
pub(crate) fn sheets(language: Language) -> Vec<(String, FactSheet)> {
    let lists = [
        ("top_mixed", top_mixed(language)),
        ("top_moved", top_moved(language)),
        ("top_few", top_few(language)),
        (
            "shop_denki",
            shop_sheet("denki.example", (4, 1, "USD"), language),
        ),
        (
            "shop_boltyard",
            shop_sheet("boltyard.example", (2, 3, "USD"), language),
        ),
        (
            "shop_laine",
            shop_sheet("laineandsons.example", (37, 0, "GBP"), language),
        ),
        ("segment_dear", segment_dear(language)),
        ("segment_plain", segment_plain(language)),
        (
            "changes_spring",
            changes_of(("2026-03-01", "2026-04-30"), language),
        ),
        (
            "changes_may",
            changes_of(("2026-05-10", "2026-05-31"), language),
        ),
    ];
    lists.map(|(name, sheet)| (name.to_owned(), sheet)).into()
}

fn top_mixed(language: Language) -> FactSheet {
    let list = ranking(
        "2026-06-01",
        180,
        &[
            (named("tent"), [0.3, 0.2, 0.1, 0.0], 1.0),
            (named("hub"), [0.0, 0.0, 0.3, 0.1], 1.0),
            (named("coffee"), [0.2, 0.0, 0.0, 0.1], 1.0),
            (named("headphones"), [0.0, 0.25, 0.1, 0.1], 1.0),
        ],
    );
    let observed: Vec<ObservedRow> = ALL.iter().flat_map(Goods::observed).collect();
    top_k(&list, None, &observed, language)
}

fn top_moved(language: Language) -> FactSheet {
    let low = [0.1, 0.2, 0.0, 0.0];
    let row = |name| (named(name), low, 1.0);
    let before = ["jumper", "sneaker", "jeans", "bike"].map(row);
    let now = ["bike", "jumper", "cream", "jeans", "lamp"].map(row);
    let before = ranking("2026-05-18", 96, &before);
    top_k(
        &ranking("2026-05-25", 96, &now),
        Some(&before),
        &[],
        language,
    )
}

fn top_few(language: Language) -> FactSheet {
    let mut list = ranking(
        "2026-06-01",
        12,
        &[
            (named("novel"), [0.3, 0.0, 0.1, 0.0], 1.0),
            (named("ring"), [0.1, 0.0, 0.2, 0.0], 1.0),
            (named("mug"), [0.2, 0.0, 0.1, 0.0], 1.0),
        ],
    );
    list.popularity_source = PopularitySource::Simulated;
    list.stability = Some(ListStability {
        draws: 100,
        overlap_mean: 0.81,
        overlap_min: 0.6,
    });
    top_k(&list, None, &[], language)
}

fn shop_sheet(key: &str, counts: (u64, u64, &str), language: Language) -> FactSheet {
    let of_shop = || ALL.iter().filter(|it| it.shop == key);
    let products: Vec<ProductRow> = of_shop().map(Goods::row).collect();
    let observed: Vec<ObservedRow> = of_shop().flat_map(Goods::observed).collect();
    let adds = [0.2, 0.1, 0.0, 0.0];
    let placed =
        ["tent", "hub", "jeans", "headphones", "jumper", "lamp"].map(|it| (named(it), adds, 1.0));
    let input = ShopInput {
        status: &status(key, counts, at("2026-06-01")),
        products: &products,
        ranking: Some(&ranking("2026-06-01", 180, &placed)),
        observed: &observed,
    };
    shop(&input, language)
}

/// Returns a shop with so many products, so many that left, and its currency.
pub(crate) fn status(
    key: &str,
    (n_products, n_gone, currency): (u64, u64, &str),
    read_at: UnixMs,
) -> ShopStatus {
    ShopStatus {
        shop: Shop {
            key: key.parse().expect("a shop"),
            platform: Platform::Shopify,
            url: String::new(),
            currency: Currency::parse(currency).expect("a currency"),
            currency_source: CurrencySource::Shop,
        },
        n_products,
        n_gone,
        last_crawl: None,
        last_complete_at: Some(read_at),
        is_paused: false,
        is_added: false,
        lease: None,
    }
}

fn segment_dear(language: Language) -> FactSheet {
    let typical = [named("bike").row(), named("tent").row()];
    let amount = |text| {
        catalog::Money::parse(text, Currency::parse("EUR").expect("a currency")).expect("an amount")
    };
    let input = SegmentInput {
        name: "C",
        n_products: 48,
        n_all: 310,
        prices: Some((amount("189"), amount("2399"))),
        types: &[("Bicycles".to_owned(), 19), ("Tents".to_owned(), 11)],
        brands: &[("Northwheel".to_owned(), 9)],
        features: &[
            ("listing".to_owned(), 0.81, 0.54),
            ("discount".to_owned(), 0.22, 0.37),
            ("freshness".to_owned(), 0.46, 0.50),
        ],
        typical: &[&typical[0], &typical[1]],
        at: at("2026-06-01"),
    };
    segment(&input, language)
}

fn segment_plain(language: Language) -> FactSheet {
    let typical = [
        named("oil").row(),
        named("tea").row(),
        named("puzzle").row(),
    ];
    let input = SegmentInput {
        name: "everyday",
        n_products: 127,
        n_all: 310,
        prices: None,
        types: &[("Tea".to_owned(), 41)],
        brands: &[("TeeHaus".to_owned(), 23), ("Moulin Vert".to_owned(), 17)],
        features: &[
            ("freshness".to_owned(), 0.63, 0.50),
            ("listing".to_owned(), 0.31, 0.54),
        ],
        typical: &[&typical[0], &typical[1], &typical[2]],
        at: at("2026-06-01"),
    };
    segment(&input, language)
}

fn changes_of((since, until): (&str, &str), language: Language) -> FactSheet {
    let (since, until) = (at(since), at(until));
    let all = ALL.iter().flat_map(Goods::observed);
    let observed: Vec<ObservedRow> = all
        .filter(|it| it.observation.at >= since && it.observation.at < until)
        .collect();
    changes(&observed, since, until, language)
}
