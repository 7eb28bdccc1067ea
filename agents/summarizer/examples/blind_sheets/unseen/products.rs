//! The products: one sheet each, some with a place in a ranking.

use catalog::Language;
use summarizer::facts::{FactSheet, ProductInput, product};

use crate::goods::{Goods, at, ranking};
use crate::products::BARE;

pub(super) const ALL: [Goods; 18] = [
    Goods {
        name: "kettle",
        shop: "brewline.example",
        title: "Gooseneck Kettle 0.9 L",
        vendor: "Brewline",
        kind: "Kettles",
        body: "<p>Stainless steel kettle with a wooden handle. The best pour of your life!</p>",
        tags: &["kettle", "pour over"],
        options: &["Colour"],
        currency: "USD",
        variants: &["Matte Black | 64.00 | 80.00 | yes", "Steel | 72.00 | | yes"],
        n_images: 7,
        published: Some("2025-09-15"),
        history: &[
            "2025-09-18 | new",
            "2026-08-21 | Matte Black | 80.00 yes | 64.00 yes",
        ],
    },
    Goods {
        name: "rug",
        shop: "maison-sud.example",
        title: "Tapis berbère Azilal 160 × 230",
        vendor: "Maison Sud",
        kind: "Tapis",
        body: "<p>Noué à la main en laine de mouton, motifs losanges.</p>",
        tags: &["laine", "berbère", "salon"],
        currency: "EUR",
        variants: &["Default Title | 680.00 | 920.00 | yes"],
        n_images: 8,
        published: Some("2026-01-20"),
        history: &[
            "2026-01-22 | new",
            "2026-07-06 | Default Title | 920.00 yes | 680.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "backpack",
        shop: "ridgeway.example",
        title: "Trail Pack 28",
        vendor: "Ridgeway",
        kind: "Backpacks",
        body: "<p>Recycled nylon, two side pockets, rain cover included.</p>",
        tags: &["hiking", "28l"],
        options: &["Colour"],
        currency: "GBP",
        variants: &[
            "Moss | 95.00 | | yes",
            "Rust | 95.00 | | no",
            "Navy | 95.00 | | yes",
        ],
        n_images: 9,
        published: Some("2026-03-02"),
        history: &[
            "2026-03-05 | new",
            "2026-06-18 | Navy | 95.00 yes | 95.00 no",
            "2026-07-09 | Navy | 95.00 no | 95.00 yes",
            "2026-08-30 | Rust | 95.00 yes | 95.00 no",
        ],
    },
    Goods {
        name: "serum",
        shop: "alpenglow.example",
        title: "Vitamin C Serum 10 %",
        vendor: "Alpenglow",
        kind: "Serums",
        body: "<p>With 10 % ascorbic acid. Visibly younger skin in 7 days, guaranteed!</p>",
        tags: &["vitamin c", "serum"],
        options: &["Volume"],
        currency: "CHF",
        variants: &["15 ml | 29.00 | | yes", "30 ml | 48.00 | | yes"],
        n_images: 3,
        published: Some("2026-05-11"),
        ..BARE
    },
    Goods {
        name: "board",
        shop: "grainworks.example",
        title: "Walnut Chopping Board No. 5",
        vendor: "Grainworks",
        kind: "Kitchenware",
        body: "<p>End grain walnut, 40 × 30 cm, finished with mineral oil.</p>",
        tags: &["walnut", "kitchen"],
        currency: "CAD",
        variants: &["Default Title | 118.00 | | yes"],
        n_images: 4,
        published: Some("2025-06-10"),
        history: &[
            "2025-06-12 | new",
            "2026-07-27 | Default Title | 104.00 yes | 118.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "speaker",
        shop: "otonami.example",
        title: "Portable Speaker PS-12",
        vendor: "Otonami",
        kind: "Speakers",
        body: "<p>12 W, 18 hours of play, splash proof.</p>",
        tags: &["bluetooth", "portable"],
        options: &["Colour"],
        currency: "JPY",
        variants: &["Sand | 9800 | 12800 | yes", "Ink | 9800 | 12800 | no"],
        n_images: 6,
        history: &[
            "2026-02-14 | new",
            "2026-09-01 | Sand | 12800 yes | 9800 yes",
            "2026-09-01 | Ink | 12800 yes | 9800 yes",
            "2026-09-20 | Ink | 9800 yes | 9800 no",
        ],
        ..BARE
    },
    Goods {
        name: "candle",
        shop: "cire-et-lin.example",
        title: "Bougie parfumée « Figuier »",
        vendor: "Cire & Lin",
        kind: "Bougies",
        body: "<p>Cire de soja, mèche en coton, 45 heures de combustion.</p>",
        tags: &["figuier", "soja"],
        currency: "EUR",
        variants: &["Default Title | 32.00 | | yes"],
        n_images: 2,
        published: Some("2026-02-03"),
        history: &["2026-02-05 | new"],
        ..BARE
    },
    Goods {
        name: "gloves",
        shop: "nordhand.example",
        title: "Lapland Winter Gloves",
        vendor: "Nordhand",
        kind: "Gloves",
        body: "<p>Deerskin with a wool lining.</p>",
        tags: &["winter", "leather"],
        options: &["Size"],
        currency: "GBP",
        variants: &[
            "7 | 58.00 | | no",
            "8 | 58.00 | | no",
            "9 | 58.00 | | no",
            "10 | 58.00 | | no",
        ],
        n_images: 5,
        published: Some("2024-10-07"),
        history: &[
            "2024-10-09 | new",
            "2026-01-12 | 8 | 58.00 yes | 58.00 no",
            "2026-02-02 | 9 | 58.00 yes | 58.00 no",
        ],
    },
    Goods {
        name: "notebook",
        shop: "papeterie-nord.example",
        title: "Dot Grid Notebook A5",
        vendor: "Papeterie Nord",
        kind: "Notebooks",
        body: "<p>192 pages of 90 g paper, thread bound.</p>",
        tags: &["a5", "dot grid"],
        options: &["Cover"],
        currency: "EUR",
        variants: &["Linen | 18.50 | | ?", "Kraft | 14.00 | | ?"],
        n_images: 3,
        published: Some("2025-08-04"),
        history: &["2025-08-06 | new"],
    },
    Goods {
        name: "chair",
        shop: "atelier-onde.example",
        title: "Fauteuil Lounge 58",
        vendor: "Atelier Onde",
        kind: "Fauteuils",
        body: "<p>Structure en frêne, assise en bouclette.</p>",
        tags: &["frêne", "bouclette", "salon"],
        options: &["Tissu"],
        currency: "EUR",
        variants: &[
            "Écru | 530.00 | 720.00 | yes",
            "Terracotta | 620.00 | 720.00 | yes",
            "Olive | 720.00 | | no",
            "Anthracite | 720.00 | | yes",
        ],
        n_images: 11,
        published: Some("2025-11-24"),
        history: &[
            "2025-11-26 | new",
            "2026-08-12 | Écru | 720.00 yes | 530.00 yes",
        ],
    },
    Goods {
        name: "honey",
        shop: "rucher-blanc.example",
        title: "Miel de lavande, 500 g",
        vendor: "Rucher Blanc",
        kind: "Miels",
        body: "<p>Récolté en Provence par un apiculteur. Le meilleur miel de France !</p>",
        tags: &["miel", "lavande"],
        currency: "EUR",
        variants: &["Default Title | 12.80 | | yes"],
        n_images: 1,
        published: Some("2025-07-30"),
        history: &["2025-08-01 | new", "2026-02-16 | gone", "2026-06-29 | back"],
        ..BARE
    },
    Goods {
        name: "watch",
        shop: "meridian.example",
        title: "Field Watch 38",
        vendor: "Meridian",
        kind: "Watches",
        body: "<p>Hand-wound, sapphire glass, canvas strap.</p>",
        tags: &["watch", "field"],
        currency: "USD",
        variants: &["Default Title | 345.00 | | yes"],
        n_images: 6,
        published: Some("2025-12-01"),
        history: &[
            "2025-12-03 | new",
            "2026-03-17 | Default Title | 299.00 yes | 320.00 yes",
            "2026-09-08 | Default Title | 320.00 yes | 345.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "tripod",
        shop: "lumengear.example",
        title: "Carbon Tripod T-240",
        vendor: "Lumengear",
        kind: "Tripods",
        body: "<p>Carbon fibre, 1.3 kg, carries 8 kg.</p>",
        tags: &["carbon", "travel"],
        currency: "GBP",
        variants: &["Default Title | 179.00 | 240.00 | yes"],
        n_images: 5,
        history: &[
            "2026-01-30 | new",
            "2026-05-19 | Default Title | 240.00 yes | 210.00 yes",
            "2026-08-25 | Default Title | 210.00 yes | 179.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "vase",
        shop: "terre-crue.example",
        title: "Vase Dune",
        vendor: "Terre Crue",
        kind: "Vases",
        body: "<p>Grès émaillé, hauteur 21 cm.</p>",
        tags: &["grès"],
        currency: "XXX",
        variants: &["Default Title | 24.00 | | yes"],
        n_images: 2,
        published: Some("2026-04-14"),
        history: &[
            "2026-04-16 | new",
            "2026-07-14 | Default Title | 28.00 yes | 24.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "dress",
        shop: "linea.example",
        title: "Linen Dress Amalfi",
        vendor: "Linea",
        kind: "Dresses",
        body: "<p>Pure linen, two pockets, midi length.</p>",
        tags: &["linen", "summer", "midi"],
        options: &["Size"],
        currency: "EUR",
        variants: &[
            "36 | 99.00 | 129.00 | yes",
            "38 | 99.00 | 129.00 | yes",
            "40 | 129.00 | | no",
            "42 | 129.00 | | no",
        ],
        n_images: 10,
        published: Some("2026-04-22"),
        history: &[
            "2026-04-24 | new",
            "2026-05-30 | rank 15",
            "2026-08-03 | 36 | 129.00 yes | 99.00 yes",
            "2026-08-03 | 38 | 129.00 yes | 99.00 yes",
            "2026-08-10 | 42 | 129.00 yes | 129.00 no",
            "2026-09-14 | rank 6",
        ],
    },
    Goods {
        name: "cable",
        shop: "brewline.example",
        title: "Replacement Cable 1.2 m",
        currency: "USD",
        variants: &["Default Title | 9.50 | | no"],
        n_images: 1,
        ..BARE
    },
    Goods {
        name: "dogbed",
        shop: "grainworks.example",
        title: "Dog Bed Cosy",
        vendor: "Pawfield",
        kind: "Pet Beds",
        body: "<p>Washable cover, memory foam.</p>",
        tags: &["dog", "washable"],
        options: &["Size"],
        currency: "CAD",
        variants: &["M | 79.00 | | yes", "L | 109.00 | | yes"],
        n_images: 4,
        published: Some("2025-10-13"),
        history: &["2025-10-15 | new", "2026-09-22 | gone"],
    },
    Goods {
        name: "cooker",
        shop: "otonami.example",
        title: "Rice Cooker RC-05",
        vendor: "Otonami",
        kind: "Rice Cookers",
        body: "<p>5 cups, 6 programmes, inner pot of cast iron.</p>",
        tags: &["rice", "kitchen"],
        currency: "JPY",
        variants: &["Default Title | 15400 | | yes"],
        n_images: 8,
        history: &[
            "2026-03-23 | new",
            "2026-06-11 | Default Title | 14200 yes | 15400 yes",
            "2026-07-02 | rank 3",
            "2026-09-17 | rank 8",
        ],
        ..BARE
    },
];

/// Returns the sheets of all products.
pub(super) fn sheets(language: Language) -> Vec<(String, FactSheet)> {
    let placed = [
        (named("tripod"), [0.1, 0.3, 0.2, 0.1], 1.0),
        (named("backpack"), [0.25, -0.1, 0.1, -0.2], 1.0),
        (named("kettle"), [-0.1, 0.2, 0.15, 0.1], 0.8),
        (named("honey"), [-0.2, -0.1, -0.15, 0.1], 1.0),
        (named("cooker"), [0.2, -0.05, 0.3, 0.1], 0.75),
    ];
    let ranking = ranking("2026-10-01", 240, &placed);
    let sheet = |goods: &Goods| {
        let (of, observations) = (goods.product(), goods.history());
        let input = ProductInput {
            product: &of,
            crawled_at: Some(at("2026-10-01")),
            observations: &observations,
            ranking: Some(&ranking),
        };
        (goods.name.to_owned(), product(&input, language))
    };
    ALL.iter().map(sheet).collect()
}

/// Returns a product by its name here.
pub(super) fn named(name: &str) -> &'static Goods {
    ALL.iter()
        .find(|it| it.name == name)
        .expect("a product of the list")
}
