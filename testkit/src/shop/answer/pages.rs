//! The texts of the endpoints: HTML, `/meta.json`, the single product, the damaged page.

use serde_json::{Value, json};

use crate::Catalogue;

pub(super) const NOT_FOUND: &str =
    "<!doctype html><title>Not found</title><p>There is nothing here.</p>\n";
pub(super) const NOT_A_FEED: &str =
    "<!doctype html><title>Welcome</title><p>Our shop is a page now, not a feed.</p>\n";
pub(super) const CHALLENGE: &str =
    "<!doctype html><title>One moment</title><p>Are you a person?</p>\n";

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
        "myshopify_domain": platform_domain(catalogue),
        "money_format": "{{amount}}",
        "ships_to_countries": [catalogue.country],
        "published_products_count": catalogue.len(),
    }))
}

/// Returns the shop's front page, which names the currency as themes do.
pub(super) fn index(catalogue: &Catalogue) -> String {
    let name = escaped(&catalogue.name);
    let shop = platform_domain(catalogue);
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

/// Returns a product as `/products/<handle>.json` shows it: tags in one text, no word on availability.
pub(super) fn in_admin_shape(mut product: Value) -> Value {
    if let Some(tags) = product["tags"].as_array() {
        let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
        product["tags"] = tags.join(", ").into();
    }
    for variant in product["variants"].as_array_mut().into_iter().flatten() {
        if let Some(variant) = variant.as_object_mut() {
            variant.remove("available");
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

fn platform_domain(catalogue: &Catalogue) -> String {
    let label = catalogue.domain.split('.').next().unwrap_or_default();
    format!("{label}.myshopify.example")
}

fn escaped(text: &str) -> String {
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
