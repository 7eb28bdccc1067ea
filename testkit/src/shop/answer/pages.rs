//! The texts of the endpoints: HTML, `/meta.json`, the single product, the damaged page.

use serde_json::{Value, json};

use crate::Catalogue;

use super::http::{HTML, JSON};
use super::{Asked, Plain};

pub(super) const NOT_FOUND: &str =
    "<!doctype html><title>Not found</title><p>There is nothing here.</p>\n";
pub(super) const NOT_A_FEED: &str =
    "<!doctype html><title>Welcome</title><p>Our shop is a page now, not a feed.</p>\n";
pub(super) const CHALLENGE: &str =
    "<!doctype html><title>One moment</title><p>Are you a person?</p>\n";

pub(super) const PASSWORD: &str = "<!doctype html><title>Opening soon</title>\
    <form action=\"/password\" method=\"post\"><input type=\"password\" name=\"password\"></form>\n";

/// Returns `/meta.json`; `None` for a shop without a currency.
pub(super) fn meta(catalogue: &Catalogue) -> Option<Value> {
    let currency = catalogue.currency.as_deref()?;
    Some(json!({
        "id": 42_000_042,
        "name": catalogue.name,
        "country": catalogue.country,
        "currency": currency,
        "domain": catalogue.domain,
        "url": format!("https://{}", catalogue.domain),
        "myshopify_domain": catalogue.platform_domain,
        "money_format": "{{amount}}",
        "ships_to_countries": [catalogue.country],
        "published_products_count": catalogue.len(),
    }))
}

/// Returns the shop's front page, which names the currency as themes do.
pub(super) fn index(catalogue: &Catalogue) -> String {
    let name = escaped(&catalogue.name);
    let shop = &catalogue.platform_domain;
    let currency = catalogue
        .currency
        .as_ref()
        .map_or_else(String::new, |currency| {
            format!("Shopify.currency = {{\"active\":\"{currency}\",\"rate\":\"1.0\"}};\n")
        });
    format!(
        "<!doctype html>\n<title>{name}</title>\n<script>\nvar Shopify = Shopify || {{}};\n\
         Shopify.shop = \"{shop}\";\n{currency}</script>\n<h1>{name}</h1>\n"
    )
}

/// Returns a product's page.
pub(super) fn product(catalogue: &Catalogue, product: &Value) -> String {
    let title = escaped(product["title"].as_str().unwrap_or_default().trim());
    let name = escaped(&catalogue.name);
    let body_html = product["body_html"].as_str().unwrap_or_default();
    format!(
        "<!doctype html>\n<title>{title} – {name}</title>\n\
         <meta property=\"og:title\" content=\"{title}\">\n<h1>{title}</h1>\n{body_html}\n"
    )
}

/// Returns those pages that name the currency, for another one than `catalogue` has; `None` for any other address.
pub(super) fn of_currency(catalogue: &Catalogue, asked: &Asked<'_>) -> Option<Plain> {
    match asked.path() {
        "/" => Some(Plain::new(200, HTML, index(catalogue))),
        "/meta.json" => Some(Plain::new(200, JSON, meta(catalogue)?.to_string())),
        _ => None,
    }
}

/// Returns a product as `/products/<handle>.json` shows it: tags in one text, no word on availability, and how many
/// there are only where the shop tells: as many as the catalogue says, else some.
pub(super) fn in_admin_shape(mut product: Value, has_inventory: bool) -> Value {
    if let Some(tags) = product["tags"].as_array() {
        let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
        product["tags"] = tags.join(", ").into();
    }
    for variant in product["variants"].as_array_mut().into_iter().flatten() {
        if let Some(variant) = variant.as_object_mut() {
            let is_available = variant.remove("available").is_some_and(|it| it == true);
            if has_inventory {
                let id = variant["id"].as_u64().unwrap_or_default();
                let n_there = if is_available { id % 90 + 1 } else { 0 };
                let quantity = variant.entry("inventory_quantity");
                quantity.or_insert_with(|| n_there.into());
                variant.insert("inventory_policy".into(), "deny".into());
                variant.insert("inventory_management".into(), "shopify".into());
            }
        }
    }
    product
}

/// Returns a product as `/products/<handle>.js` shows it: prices in hundredths, availability, no names but the theme's.
pub(super) fn in_theme_shape(mut product: Value) -> Value {
    let hundredths = |price: &Value| {
        let digits = price.as_str().unwrap_or_default().replace('.', "");
        digits.parse::<u64>().map_or(Value::Null, Value::from)
    };
    let mut is_available = false;
    for variant in product["variants"].as_array_mut().into_iter().flatten() {
        is_available |= variant["available"] == true;
        for name in ["price", "compare_at_price"] {
            let price = hundredths(&variant[name]);
            variant[name] = price;
        }
    }
    product["price"] = product["variants"][0]["price"].clone();
    product["available"] = is_available.into();
    for (name, theirs) in [("body_html", "description"), ("product_type", "type")] {
        let value = product[name].take();
        product[theirs] = value;
        if let Some(product) = product.as_object_mut() {
            product.remove(name);
        }
    }
    product
}

/// Returns the page with its second, fourth… product damaged, each in another way in turn.
pub(super) fn with_wrong_types(page: &[u8]) -> Vec<u8> {
    let mut page: Value = serde_json::from_slice(page).unwrap_or_default();
    let products = page["products"].as_array_mut().into_iter().flatten();
    for (turn, product) in products.skip(1).step_by(2).enumerate() {
        match turn % 8 {
            0 => product["id"] = json!({"value": 1}),
            1 => product["variants"] = "none".into(),
            2 => product["title"] = json!(["a", "list"]),
            3 => *product = Value::Null,
            4 => product["variants"][0]["price"] = "call us".into(),
            5 => product["tags"] = 7.into(),
            6 => product["images"] = false.into(),
            _ => product["handle"] = Value::Null,
        }
    }
    page.to_string().into_bytes()
}

/// Returns `path` with `%XX` decoded; what is not UTF-8 then becomes U+FFFD.
pub(super) fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let decoded = after
            .first_chunk::<2>()
            .filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns a text as it stands in HTML and XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once_and_bad_escapes_stay() {
        assert_eq!(
            percent_decoded("/products/alder%E2%84%A2%2541"),
            "/products/alder™%41"
        );
        assert_eq!(percent_decoded("/100%/%zz%4"), "/100%/%zz%4");
    }

    #[test]
    fn damage_leaves_every_second_product_alone() {
        let page = json!({"products": [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]});
        let damaged: Value =
            serde_json::from_slice(&with_wrong_types(page.to_string().as_bytes())).unwrap();
        assert_eq!(damaged["products"][0], json!({"id": 1}));
        assert_eq!(damaged["products"][1], json!({"id": {"value": 1}}));
        assert_eq!(damaged["products"][2], json!({"id": 3}));
        assert_eq!(damaged["products"][3], json!({"id": 4, "variants": "none"}));
    }
}
