//! The products: one sheet each, some with a place in a ranking.

use catalog::Language;
use summarizer::facts::{FactSheet, ProductInput, product};

use super::goods::{Goods, at, ranking};

/// A product of which little is known.
pub(crate) const BARE: Goods = Goods {
    name: "bare",
    shop: "odds.example",
    title: "",
    vendor: "",
    kind: "",
    body: "",
    tags: &[],
    options: &["Title"],
    currency: "EUR",
    variants: &[],
    n_images: 0,
    published: None,
    history: &[],
};

pub(crate) const ALL: [Goods; 20] = [
    Goods {
        name: "jumper",
        shop: "laineandsons.example",
        title: "MERINO CREW-NECK “HEBRIDES 1948” – 200 g",
        vendor: "Laine & Sons",
        kind: "Knitwear",
        body: "<p>The warmest jumper you will ever own: 100% merino, knitted in 1 piece.</p>",
        tags: &["merino", "knit"],
        options: &["Size"],
        currency: "GBP",
        variants: &[
            "S | 84.00 | 120.00 | yes",
            "M | 84.00 | 120.00 | yes",
            "L | 84.00 | 120.00 | no",
        ],
        n_images: 6,
        published: Some("2025-10-02"),
        history: &[
            "2025-10-04 | new",
            "2026-01-09 | S | 120.00 yes | 84.00 yes",
            "2026-01-09 | M | 120.00 yes | 84.00 yes",
            "2026-01-09 | L | 120.00 yes | 84.00 yes",
            "2026-02-17 | L | 84.00 yes | 84.00 no",
        ],
    },
    Goods {
        name: "drill",
        shop: "boltyard.example",
        title: "18V Cordless Drill DD-450X Kit (2 × 4.0 Ah)",
        vendor: "Torkel",
        kind: "Power Tools",
        body: "<p>Brushless motor, 65 Nm, two batteries and a case. 3 year warranty.</p>",
        tags: &["18V", "brushless", "kit"],
        currency: "USD",
        variants: &["Default Title | 189.00 | | yes"],
        n_images: 9,
        published: Some("2025-05-21"),
        history: &[
            "2025-06-02 | new",
            "2026-04-13 | Default Title | 169.00 yes | 189.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "oil",
        shop: "moulin-vert.example",
        title: "Chef's Choice Olive Oil, 500 ml",
        vendor: "Moulin Vert",
        kind: "Oils",
        body: "<p>Cold pressed from Picholine olives. Best oil of the valley, 0.3% acidity.</p>",
        tags: &["olive", "vegan"],
        currency: "EUR",
        variants: &["Default Title | 14.90 | | yes"],
        n_images: 2,
        published: Some("2026-01-12"),
        history: &[
            "2026-01-15 | new",
            "2026-03-02 | Default Title | 14.90 yes | 14.90 no",
            "2026-03-19 | Default Title | 14.90 no | 14.90 yes",
        ],
        ..BARE
    },
    Goods {
        name: "novel",
        shop: "pages.example",
        title: "L’Été des 400 coups",
        vendor: "Éditions du Quai",
        kind: "Books",
        body: "<p>A novel of 312 pages about a summer in Lausanne.</p>",
        currency: "CHF",
        variants: &["Paperback | 24.50 | | yes", "Hardcover | 39.00 | | yes"],
        options: &["Format"],
        n_images: 1,
        published: Some("2026-05-01"),
        ..BARE
    },
    Goods {
        name: "cream",
        shop: "argane.example",
        title: "Crème N°7 à l’huile d’argan",
        vendor: "Argane",
        kind: "Face Care",
        body: "<p>Our miracle cream, loved by 10,000 customers! Argan oil, shea butter, vitamin E. Now 50% off!!!</p>",
        tags: &["argan", "face", "cream", "shea"],
        currency: "EUR",
        variants: &["30 ml | 22.00 | | yes", "50 ml | 34.00 | | no"],
        options: &["Volume"],
        n_images: 4,
        history: &[
            "2026-02-08 | new",
            "2026-05-06 | 50 ml | 34.00 yes | 34.00 no",
        ],
        ..BARE
    },
    Goods {
        name: "bike",
        shop: "northwheel.example",
        title: "Gravel Bike R-700",
        vendor: "Northwheel",
        kind: "Bicycles",
        body: "<p>Aluminium frame, carbon fork, 2 × 11 gears, 9.8 kg.</p>",
        tags: &["gravel", "aluminium"],
        options: &["Frame", "Colour"],
        currency: "CAD",
        variants: &[
            "54 cm / Sand | 1899.00 | 2399.00 | yes",
            "56 cm / Sand | 1899.00 | 2399.00 | no",
            "56 cm / Slate | 2099.00 | 2399.00 | yes",
            "58 cm / Slate | 2399.00 | | yes",
        ],
        n_images: 12,
        published: Some("2025-03-30"),
        history: &[
            "2025-04-01 | new",
            "2026-05-20 | 54 cm / Sand | 2399.00 yes | 1899.00 yes",
            "2026-05-20 | 56 cm / Sand | 2399.00 yes | 1899.00 yes",
        ],
    },
    Goods {
        name: "hub",
        shop: "denki.example",
        title: "USB-C Hub 7-in-1 HB-70",
        vendor: "Kumo",
        kind: "Adapters",
        body: "<p>7 ports, 100 W charging, 4K at 60 Hz.</p>",
        tags: &["usb-c", "hub", "4k"],
        currency: "JPY",
        variants: &["Default Title | 6480 | | yes"],
        n_images: 5,
        published: Some("2025-11-11"),
        history: &[
            "2025-11-12 | new",
            "2026-02-01 | Default Title | 5980 yes | 5480 yes",
            "2026-04-01 | Default Title | 5480 yes | 6480 yes",
        ],
        ..BARE
    },
    Goods {
        name: "mug",
        shop: "claystudio.example",
        title: "Hand-Thrown Mug “Tide”",
        vendor: "Clay Studio",
        kind: "Tableware",
        body: "<p>Each mug is different. Holds 350 ml, dishwasher safe.</p>",
        tags: &["stoneware"],
        currency: "XXX",
        variants: &["Default Title | 28.00 | | yes"],
        n_images: 3,
        published: Some("2026-02-20"),
        history: &[
            "2026-02-22 | new",
            "2026-05-03 | Default Title | 24.00 yes | 28.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "box",
        title: "Mystery Box 3",
        currency: "USD",
        variants: &["Default Title | 35.00 | | no"],
        n_images: 1,
        ..BARE
    },
    Goods {
        name: "ring",
        shop: "opaline.example",
        title: "Bague Aurore 585/1000",
        vendor: "Opaline",
        kind: "Rings",
        currency: "EUR",
        variants: &["52 | 410.00 | | yes", "54 | 410.00 | | yes"],
        options: &["Size"],
        n_images: 4,
        published: Some("2025-12-05"),
        history: &["2025-12-06 | new", "2026-04-27 | gone"],
        ..BARE
    },
    Goods {
        name: "coffee",
        shop: "roastery21.example",
        title: "Yirgacheffe Natural – 250 g / whole bean",
        vendor: "Roastery 21",
        kind: "Coffee",
        body: "<p>Notes of blueberry and cocoa. Grown at 2,100 m.</p>",
        tags: &["ethiopia", "filter"],
        currency: "GBP",
        variants: &["Default Title | 13.50 | | yes"],
        n_images: 2,
        history: &[
            "2026-03-01 | new",
            "2026-03-08 | rank 9",
            "2026-05-24 | rank 2",
        ],
        ..BARE
    },
    Goods {
        name: "puzzle",
        shop: "jeuxdujeudi.example",
        title: "Puzzle 1000 pièces : La Grande Vague",
        vendor: "Jeux du Jeudi",
        kind: "Puzzles",
        body: "<p>Format 68 × 48 cm, dès 10 ans.</p>",
        tags: &["puzzle", "art"],
        currency: "EUR",
        variants: &["Default Title | 17.90 | | yes"],
        n_images: 3,
        history: &["2025-09-14 | new", "2026-01-07 | gone", "2026-03-25 | back"],
        ..BARE
    },
    Goods {
        name: "tent",
        shop: "basecamp.example",
        title: "Fjell 2P Tent",
        vendor: "Fjell",
        kind: "Tents",
        body: "<p>Two doors, 1.9 kg, 3000 mm water column.</p>",
        tags: &["tent", "trekking"],
        currency: "EUR",
        variants: &[
            "Green | 299.00 | 349.00 | yes",
            "Orange | 299.00 | 349.00 | yes",
        ],
        options: &["Colour"],
        n_images: 8,
        published: Some("2026-04-10"),
        ..BARE
    },
    Goods {
        name: "sneaker",
        shop: "halfpace.example",
        title: "Court Low 77",
        vendor: "Half Pace",
        kind: "Shoes",
        body: "<p>Leather upper, rubber sole.</p>",
        tags: &["leather", "low", "court"],
        currency: "USD",
        variants: &[
            "40 | 70.00 | 100.00 | yes",
            "41 | 80.00 | 100.00 | no",
            "42 | 95.00 | 100.00 | yes",
            "43 | 100.00 | | no",
            "44 | 100.00 | | no",
        ],
        options: &["Size"],
        n_images: 7,
        ..BARE
    },
    Goods {
        name: "strings",
        shop: "sixth-string.example",
        title: "Nickel Strings .010–.046 (3-Pack)",
        vendor: "Ferro",
        kind: "Strings",
        body: "<p>Nickel-plated steel, 6 strings per set.</p>",
        tags: &["electric", "nickel"],
        currency: "CAD",
        variants: &["Default Title | 21.99 | | ?"],
        n_images: 1,
        published: Some("2024-08-19"),
        ..BARE
    },
    Goods {
        name: "headphones",
        shop: "denki.example",
        title: "Over-Ear Headphones OE-3",
        vendor: "Kumo",
        kind: "Audio",
        body: "<p>40 hours of battery, Bluetooth 5.3.</p>",
        tags: &["bluetooth", "anc"],
        options: &["Colour"],
        currency: "USD",
        variants: &[
            "Black | 129.00 | 149.00 | yes",
            "White | 139.00 | 149.00 | yes",
        ],
        n_images: 10,
        history: &[
            "2025-12-01 | new",
            "2026-01-15 | Black | 149.00 yes | 139.00 yes",
            "2026-03-10 | White | 149.00 yes | 139.00 yes",
            "2026-05-28 | Black | 139.00 yes | 129.00 yes",
        ],
        ..BARE
    },
    Goods {
        name: "tea",
        shop: "thehaus.example",
        title: "Sencha Nr. 12, 100 g tin",
        vendor: "TeeHaus",
        kind: "Tea",
        body: "<p>Japanese green tea, first flush.</p>",
        tags: &["green tea"],
        currency: "CHF",
        variants: &["Default Title | 19.80 | | no"],
        n_images: 2,
        history: &[
            "2025-10-20 | new",
            "2026-02-26 | Default Title | 18.00 yes | 19.80 yes",
            "2026-05-11 | Default Title | 19.80 yes | 19.80 no",
        ],
        ..BARE
    },
    Goods {
        name: "lamp",
        shop: "atelier-halo.example",
        title: "Lampe « Nébuleuse » XL",
        vendor: "Atelier Halo",
        kind: "Lamps",
        body: "<p>Verre soufflé, hauteur 62 cm, livrée avec une ampoule LED de 8 W.</p>",
        tags: &["verre", "led"],
        options: &["Couleur"],
        currency: "EUR",
        variants: &[
            "Ambre | 245.00 | | yes",
            "Fumé | 245.00 | | yes",
            "Opale | 265.00 | | yes",
        ],
        n_images: 5,
        published: Some("2026-03-16"),
        history: &[
            "2026-03-18 | new",
            "2026-05-14 | Opale | 245.00 yes | 265.00 yes",
        ],
    },
    Goods {
        name: "blade",
        shop: "boltyard.example",
        title: "Circular Saw Blade 190 mm / 48T",
        vendor: "Torkel",
        kind: "Blades",
        body: "<p>48 carbide teeth for clean cuts in plywood.</p>",
        tags: &["190mm", "wood"],
        options: &["Bore"],
        currency: "USD",
        variants: &[
            "16 mm | 32.40 | | yes",
            "20 mm | 32.40 | | ?",
            "30 mm | 32.40 | | no",
        ],
        n_images: 3,
        history: &[
            "2026-04-04 | new",
            "2026-05-02 | 30 mm | 32.40 yes | 32.40 no",
            "2026-05-18 | 16 mm | 32.40 no | 32.40 yes",
        ],
        ..BARE
    },
    Goods {
        name: "jeans",
        shop: "laineandsons.example",
        title: "Selvedge Jean No. 3 'Slim'",
        vendor: "Laine & Sons",
        kind: "Denim",
        body: "<p>14 oz denim, woven on shuttle looms.</p>",
        tags: &["selvedge", "denim", "slim"],
        options: &["Waist"],
        currency: "GBP",
        variants: &[
            "30 | 110.00 | | yes",
            "32 | 110.00 | | yes",
            "34 | 110.00 | | no",
        ],
        n_images: 6,
        published: Some("2025-08-28"),
        history: &[
            "2025-09-01 | new",
            "2025-11-23 | rank 4",
            "2026-05-10 | rank 11",
            "2026-05-22 | 30 | 98.00 yes | 110.00 yes",
            "2026-05-22 | 32 | 98.00 yes | 110.00 yes",
        ],
    },
];

/// Returns the sheets of all products.
pub(crate) fn sheets(language: Language) -> Vec<(String, FactSheet)> {
    let adds = [0.2, 0.1, -0.1, 0.05];
    let placed = [
        (named("bike"), [0.05, 0.3, 0.1, -0.2], 1.0),
        (named("tent"), [0.3, 0.2, 0.1, 0.0], 0.8),
        (named("lamp"), adds, 1.0),
        (named("jeans"), [-0.2, 0.0, 0.2, -0.1], 0.75),
    ];
    let ranking = ranking("2026-06-01", 180, &placed);
    let sheet = |goods: &Goods| {
        let (of, observations) = (goods.product(), goods.history());
        let input = ProductInput {
            product: &of,
            crawled_at: Some(at("2026-06-01")),
            observations: &observations,
            ranking: Some(&ranking),
        };
        (goods.name.to_owned(), product(&input, language))
    };
    ALL.iter().map(sheet).collect()
}

/// Returns a product by its name here.
pub(crate) fn named(name: &str) -> &'static Goods {
    ALL.iter()
        .find(|it| it.name == name)
        .expect("a product of the list")
}
