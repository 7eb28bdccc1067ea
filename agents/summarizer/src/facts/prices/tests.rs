use catalog::Language;

use super::*;
use crate::facts::Subject;
use crate::facts::testing::{money, row, texts};

/// Returns what is told of products at these prices, each in a shop of its own unless two name one.
fn told(prices: &[(&str, &str)], language: Language) -> Vec<String> {
    let rows: Vec<_> = prices
        .iter()
        .map(|(shop, price)| row(1, "Lamp", shop, price))
        .collect();
    of_rows(&rows, language)
}

fn of_rows(rows: &[ProductRow], language: Language) -> Vec<String> {
    let mut sheet = Sheet::new(language);
    add(
        &mut sheet,
        rows.iter(),
        &[String::new(), String::new()],
        None,
    );
    texts(&sheet.finish(&Subject::TopK, String::new()))
}

#[test]
fn the_highest_price_is_that_of_the_dearest_variant() {
    let mut rows = [
        row(1, "Lamp", "a.example", "49"),
        row(2, "Rug", "a.example", "60"),
    ];
    rows[0].price_max = Some(money("300"));
    assert_eq!(
        of_rows(&rows, Language::En),
        ["price: The prices run from 49.00 EUR to 300.00 EUR."]
    );
    assert_eq!(
        of_rows(&rows[..1], Language::Fr),
        ["price: Les prix vont de 49,00 EUR à 300,00 EUR."]
    );
}

#[test]
fn the_currency_of_most_products_comes_first_and_none_is_dropped_in_silence() {
    let prices = [
        ("a.example", "3 AUD"),
        ("a.example", "5 CAD"),
        ("a.example", "6 CHF"),
        ("a.example", "7 USD"),
        ("a.example", "9 USD"),
    ];
    assert_eq!(
        told(&prices, Language::En),
        [
            "currencies: The products are sold in 4 currencies.",
            "price: The prices in USD run from 7.00 USD to 9.00 USD.",
            "price: The only price in AUD is 3.00 AUD.",
            "price: The only price in CAD is 5.00 CAD.",
        ]
    );
    assert_eq!(
        told(&prices, Language::Fr)[..3],
        [
            "currencies: Les produits sont vendus en 4 monnaies.",
            "price: Les prix en USD vont de 7,00 USD à 9,00 USD.",
            "price: Le seul prix en AUD est 3,00 AUD.",
        ]
    );
}

#[test]
fn unknown_currencies_of_two_shops_are_not_one() {
    let prices = [
        ("a.example", "3 XXX"),
        ("a.example", "5 XXX"),
        ("b.example", "900 XXX"),
        ("c.example", "7"),
    ];
    assert_eq!(
        told(&prices, Language::En),
        [
            "price: The prices of a.example run from 3.00 to 5.00 (unknown currency).",
            "price: The only price in EUR is 7.00 EUR.",
            "price: The only price of b.example is 900.00 (unknown currency).",
            "currency: It is not known in which currency 3 of 4 products are sold.",
        ]
    );
    assert_eq!(
        told(&prices[..1], Language::Fr),
        [
            "price: Le seul prix est 3,00 (monnaie inconnue).",
            "currency: On ne sait pas dans quelle monnaie 1 produit sur 1 est vendu.",
        ]
    );
}
