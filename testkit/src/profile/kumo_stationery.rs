//! A Japanese stationery shop.

use super::{Department, PriceLadder, ShopOption, ShopProfile};

const COLOUR: ShopOption = ShopOption {
    name: "カラー",
    values: &["生成り", "藍", "墨", "若草", "桜"],
};

/// A Japanese stationery shop: whole yen written as `1200.00`, Japanese titles and handles, option `サイズ`.
pub const KUMO_STATIONERY: ShopProfile = ShopProfile {
    name: "雲文具店",
    domain: "kumo-stationery.example",
    country: "JP",
    currency: Some("JPY"),
    utc_offsets_min: (540, 540),
    vendors: &[
        "雲文具店",
        "Kumo Paper Works",
        "みずたま製本所",
        "工房ほしぞら",
    ],
    title_forms: &[
        "{material}の{noun}「{series}」",
        "{noun} {series}",
        "{adjective}{noun} {series}",
        "【{series}】{material} {noun}",
    ],
    adjectives: &["小さな", "丈夫な", "書きやすい", "薄型", "手帳用"],
    series: &[
        "朝霧",
        "夕凪",
        "小径",
        "初雪",
        "木漏れ日",
        "渡り鳥",
        "三日月",
        "若葉",
        "波音",
        "Kumo No.7",
    ],
    departments: &[
        Department {
            product_type: "ノート",
            nouns: &[
                "ノート",
                "スケッチブック",
                "メモパッド",
                "手帳カバー",
                "便箋",
            ],
            materials: &["和紙", "再生紙", "方眼紙", "コットン紙", "革"],
            tags: &["ノート", "紙もの", "ギフト", "新入荷", "人気"],
            options: &[
                ShopOption {
                    name: "サイズ",
                    values: &["A6", "A5", "B5", "A4"],
                },
                COLOUR,
            ],
            price_range: (300, 4800),
            grams_range: (60, 620),
        },
        Department {
            product_type: "筆記具",
            nouns: &["万年筆", "ボールペン", "色鉛筆セット", "筆ペン", "鉛筆削り"],
            materials: &["真鍮", "木軸", "アルミ", "漆塗り"],
            tags: &["筆記具", "日本製", "限定", "名入れ可"],
            options: &[COLOUR],
            price_range: (180, 28000),
            grams_range: (8, 240),
        },
        Department {
            product_type: "雑貨",
            nouns: &[
                "ペンケース",
                "しおり",
                "マスキングテープ",
                "封筒セット",
                "はんこ",
            ],
            materials: &["帆布", "フェルト", "紙", "木"],
            tags: &["雑貨", "プチギフト", "送料無料"],
            options: &[],
            price_range: (150, 3600),
            grams_range: (5, 300),
        },
    ],
    sentences: &[
        "{series}シリーズは、坂の上の小さな作業場で生まれました。",
        "{material}のやわらかな手ざわりを、そのまま残しています。",
        "毎日使うものだから、開きやすさと軽さにこだわりました。",
        "インクがにじみにくく、裏うつりもほとんどありません。",
        "一つひとつ手作業で仕上げるため、色や形に少し違いがあります。",
        "机の上でも、旅先でも、すぐに書き始められます。",
        "贈りものには、無料の薄紙包みをお選びください。",
        "季節ごとに新しい色を少しだけ作ります。",
    ],
    heading: "商品について",
    points: &[
        "素材：{material}",
        "日本国内で製造",
        "水ぬれにご注意ください",
        "シリーズ：{series}",
        "替え芯は別売りです",
    ],
    prices: PriceLadder {
        step: 10,
        endings: &[0],
    },
};
