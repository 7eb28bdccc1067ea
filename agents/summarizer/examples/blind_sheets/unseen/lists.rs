//! The rankings, shops, segments and spans of time.

use catalog::{Language, ListStability, Money, ObservedRow, PopularitySource, ProductRow};
use summarizer::facts::{FactSheet, SegmentInput, ShopInput, changes, segment, shop, top_k};

use super::products::{ALL, named};
use crate::goods::{Goods, at, ranking};
use crate::lists::status;

/// Returns the sheets of all lists.
pub(super) fn sheets(language: Language) -> Vec<(String, FactSheet)> {
    let lists = [
        ("top_autumn", top_autumn(language)),
        ("top_turned", top_turned(language)),
        (
            "shop_otonami",
            shop_sheet("otonami.example", (2, 0, "JPY"), language),
        ),
        (
            "shop_grainworks",
            shop_sheet("grainworks.example", (26, 4, "CAD"), language),
        ),
        ("segment_home", segment_home(language)),
        (
            "changes_summer",
            changes_of(("2026-06-01", "2026-08-08"), language),
        ),
        (
            "changes_autumn",
            changes_of(("2026-08-10", "2026-09-30"), language),
        ),
    ];
    lists.map(|(name, sheet)| (name.to_owned(), sheet)).into()
}

fn top_autumn(language: Language) -> FactSheet {
    let list = ranking(
        "2026-10-01",
        240,
        &[
            (named("tripod"), [0.1, 0.3, 0.2, 0.0], 1.0),
            (named("dress"), [0.3, 0.25, 0.0, 0.0], 1.0),
            (named("speaker"), [0.0, 0.3, 0.1, 0.0], 1.0),
            (named("cooker"), [0.2, 0.0, 0.3, 0.1], 1.0),
        ],
    );
    let observed: Vec<ObservedRow> = ALL.iter().flat_map(Goods::observed).collect();
    top_k(&list, None, &observed, language)
}

fn top_turned(language: Language) -> FactSheet {
    let low = [0.2, 0.0, 0.1, 0.0];
    let row = |name| (named(name), low, 1.0);
    let before = ["watch", "chair", "rug", "candle"].map(row);
    let now = ["chair", "watch", "candle", "board"].map(row);
    let mut list = ranking("2026-09-21", 64, &now);
    list.popularity_source = PopularitySource::Simulated;
    list.stability = Some(ListStability {
        draws: 200,
        overlap_mean: 0.74,
        overlap_min: 0.5,
    });
    top_k(
        &list,
        Some(&ranking("2026-09-14", 64, &before)),
        &[],
        language,
    )
}

fn shop_sheet(key: &str, counts: (u64, u64, &str), language: Language) -> FactSheet {
    let of_shop = || ALL.iter().filter(|it| it.shop == key);
    let products: Vec<ProductRow> = of_shop().map(Goods::row).collect();
    let observed: Vec<ObservedRow> = of_shop().flat_map(Goods::observed).collect();
    let adds = [0.2, 0.1, 0.0, 0.0];
    let placed = ["tripod", "speaker", "board", "dress", "cooker"].map(|it| (named(it), adds, 1.0));
    let input = ShopInput {
        status: &status(key, counts, at("2026-10-01")),
        products: &products,
        ranking: Some(&ranking("2026-10-01", 240, &placed)),
        observed: &observed,
    };
    shop(&input, language)
}

fn segment_home(language: Language) -> FactSheet {
    let typical = [named("rug").row(), named("chair").row()];
    let amount = |text| {
        let currency = catalog::Currency::parse("EUR").expect("a currency");
        Money::parse(text, currency).expect("an amount")
    };
    let input = SegmentInput {
        name: "home",
        n_products: 73,
        n_all: 412,
        prices: Some((amount("32"), amount("720"))),
        types: &[("Fauteuils".to_owned(), 21), ("Tapis".to_owned(), 16)],
        brands: &[
            ("Atelier Onde".to_owned(), 18),
            ("Maison Sud".to_owned(), 13),
        ],
        features: &[
            ("discount".to_owned(), 0.58, 0.33),
            ("listing".to_owned(), 0.77, 0.61),
            ("availability".to_owned(), 0.42, 0.69),
        ],
        typical: &[&typical[0], &typical[1]],
        at: at("2026-10-01"),
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
