use catalog::{Currency, CurrencySource, Platform, Shop};

use super::*;
use crate::facts::testing::{at, ranking, row, texts};

fn status(n_products: u64, n_gone: u64) -> ShopStatus {
    ShopStatus {
        shop: Shop {
            key: "a.example".parse().unwrap(),
            platform: Platform::Shopify,
            url: String::new(),
            currency: Currency::parse("EUR").unwrap(),
            currency_source: CurrencySource::Shop,
        },
        n_products,
        n_gone,
        last_crawl: None,
        last_complete_at: Some(at("2026-05-12")),
        is_paused: false,
        is_added: false,
        lease: None,
    }
}

fn told(
    status: &ShopStatus,
    products: &[ProductRow],
    ranking: Option<&Ranking>,
    language: Language,
) -> Vec<String> {
    let input = ShopInput {
        status,
        products,
        ranking,
        observed: &[],
    };
    texts(&shop(&input, language))
        .iter()
        .map(|it| it.replace('\u{202f}', "_"))
        .collect()
}

#[test]
fn a_shop_without_products_says_so() {
    assert_eq!(
        told(&status(0, 1), &[], None, Language::En),
        [
            "shop_name: The shop a.example has no products.",
            "gone: 1 product has left its list so far."
        ]
    );
    assert_eq!(
        told(&status(0, 2), &[], None, Language::Fr),
        [
            "shop_name: La boutique a.example n’a aucun produit.",
            "gone: 2 produits ont quitté sa liste jusqu’ici."
        ]
    );
}

#[test]
fn a_shop_has_its_prices_types_brands_and_places() {
    let mut rows = vec![
        row(1, "Lamp", "a.example", "49"),
        row(2, "Rug", "a.example", "120"),
    ];
    rows[1].product_type = "Rugs".to_owned();
    rows[1].in_stock = Some(false);
    let mut of_others = rows.clone();
    of_others[0] = row(9, "Vase", "b.example", "20");
    let ranking = ranking("2026-05-12", of_others);
    assert_eq!(
        told(&status(3, 0), &rows, Some(&ranking), Language::En),
        [
            "shop_name: The shop a.example has 3 products.",
            "sample: Prices, stock, types and brands were worked out from 2 of its 3 products.",
            "price: The prices of 2 products looked at run from 49.00 EUR to 120.00 EUR.",
            "availability: 1 of 2 products is known to be available.",
            "by_type: 1 of 2 products is of the type “Lamps”.",
            "by_type: 1 of 2 products is of the type “Rugs”.",
            "by_brand: 2 of 2 products are of the brand “Acme”.",
            "rank: 1 of 2 places of the ranking goes to a.example.",
            "place: “Rug” from a.example has place 2.",
        ]
    );
    assert_eq!(
        told(&status(2, 0), &rows, Some(&ranking), Language::Fr),
        [
            "shop_name: La boutique a.example a 2 produits.",
            "price: Les prix vont de 49,00 EUR à 120,00 EUR.",
            "availability: 1 produit sur 2 est disponible à notre connaissance.",
            "by_type: 1 produit sur 2 est du type «_Lamps_».",
            "by_type: 1 produit sur 2 est du type «_Rugs_».",
            "by_brand: 2 produits sur 2 sont de la marque «_Acme_».",
            "rank: 1 place sur 2 du classement revient à a.example.",
            "place: «_Rug_» chez a.example occupe la place 2.",
        ]
    );
}
