//! A soap shop that states no currency.

use super::{Department, PriceLadder, ShopOption, ShopProfile};

/// A soap shop on the far side of the world whose `/meta.json` is missing: nobody states a currency.
pub const SALTMARSH_BATHHOUSE: ShopProfile = ShopProfile {
    name: "Saltmarsh Bathhouse",
    domain: "saltmarsh-bathhouse.example",
    country: "NZ",
    currency: None,
    utc_offsets_min: (780, 720),
    vendors: &["Saltmarsh Bathhouse", "Mudlark Botanicals"],
    title_forms: &[
        "{series} {noun}",
        "{adjective} {series} {noun}",
        "{noun} with {material}",
    ],
    adjectives: &["Gentle", "Overnight", "Unscented", "Morning"],
    series: &[
        "Kelp",
        "Sea Fennel",
        "Driftwood",
        "Samphire",
        "Tide Pool",
        "Wild Thyme",
        "Clary",
    ],
    departments: &[
        Department {
            product_type: "Soap",
            nouns: &["Soap Bar", "Shampoo Bar", "Shaving Soap", "Hand Wash"],
            materials: &["Oat Milk", "Grey Clay", "Sea Salt", "Honey"],
            tags: &["soap", "vegan", "plastic-free", "sensitive skin"],
            options: &[ShopOption {
                name: "Scent",
                values: &["Kelp", "Clary", "Unscented"],
            }],
            price_range: (6, 28),
            grams_range: (90, 320),
        },
        Department {
            product_type: "Bath",
            nouns: &["Bath Salts", "Body Oil", "Foot Balm", "Hand Cream"],
            materials: &["Magnesium", "Calendula", "Hemp Seed", "Beeswax"],
            tags: &["bath", "gift", "refill", "Bath"],
            options: &[ShopOption {
                name: "Size",
                values: &["30 ml", "100 ml", "250 ml"],
            }],
            price_range: (12, 64),
            grams_range: (40, 480),
        },
    ],
    sentences: &[
        "We stir every batch by hand, which is why it sometimes runs out on a Tuesday.",
        "{material} softens the water and leaves very little behind.",
        "{series} smells of the shore an hour after the tide has gone.",
        "No colourings, no foam boosters, nothing that we would not pour back into the marsh.",
        "A little is plenty; a bar lasts about six weeks if it can dry between uses.",
        "Send the jar back and we fill it again for less.",
    ],
    heading: "Inside",
    points: &[
        "{material}",
        "Cold-pressed oils",
        "For external use only",
        "Patch-test first",
        "Best within 18 months",
    ],
    prices: PriceLadder {
        step: 1,
        endings: &[0, 50],
    },
};
