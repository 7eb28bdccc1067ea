//! `/collections/<handle>.atom`: the newest products, with Shopify's own names for what Atom has not.

use serde_json::Value;

use crate::{Catalogue, Surface};

use super::super::Serving;
use super::http::ATOM;
use super::pages::escaped;
use super::sitemap::percent_encoded;
use super::{Asked, Plain};

/// Products in a feed.
const MOST_ENTRIES: usize = 50;

/// Returns the feed of all products; `None` where `path` is another.
pub(super) fn answer(serving: &Serving, asked: &Asked<'_>, path: &str) -> Option<Plain> {
    if path != "/collections/all.atom" || serving.is_closed(Surface::Atom) {
        return None;
    }
    let catalogue = &serving.catalogue;
    let base = escaped(&format!("http://{}", asked.host));
    // Ids ascend, so the highest are the newest.
    let by_id = serving.by_id.get_or_init(|| catalogue.by_id());
    let newest = by_id.iter().rev().take(MOST_ENTRIES);
    let entries: String = newest
        .filter_map(|(_, index)| catalogue.product(*index))
        .map(|product| entry(catalogue, &base, &product))
        .collect();
    let feed = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <feed xml:lang=\"en-US\" xmlns=\"http://www.w3.org/2005/Atom\" \
         xmlns:s=\"http://jadedpixel.com/-/spec/shopify\">\n  \
         <id>{base}/collections/all.atom</id>\n  \
         <link rel=\"alternate\" type=\"text/html\" href=\"{base}/collections/all\"/>\n  \
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{base}/collections/all.atom\"/>\n  \
         <title>{name}</title>\n  <updated>2025-05-30T09:00:00-04:00</updated>\n  \
         <author>\n    <name>{name}</name>\n  </author>\n{entries}</feed>\n",
        name = escaped(&catalogue.name),
    );
    Some(Plain::new(200, ATOM, feed))
}

fn entry(catalogue: &Catalogue, base: &str, product: &Value) -> String {
    let text = |name: &str| escaped(product[name].as_str().unwrap_or_default());
    let handle = percent_encoded(product["handle"].as_str().unwrap_or_default());
    // A section of characters cannot hold its own end.
    let summary = product["body_html"].as_str().unwrap_or_default();
    let summary = summary.replace("]]>", "]]]]><![CDATA[>");
    let tags = product["tags"].as_array().into_iter().flatten();
    let tags: String = tags
        .filter_map(Value::as_str)
        .map(|tag| format!("    <s:tag>{}</s:tag>\n", escaped(tag)))
        .collect();
    let variants = product["variants"].as_array().into_iter().flatten();
    let variants: String = variants.map(|it| variant(catalogue, base, it)).collect();
    format!(
        "  <entry>\n    <id>{base}/products/{id}</id>\n    \
         <published>{published}</published>\n    <updated>{updated}</updated>\n    \
         <link rel=\"alternate\" type=\"text/html\" href=\"{base}/products/{handle}\"/>\n    \
         <title>{title}</title>\n    <s:type>{kind}</s:type>\n    <s:vendor>{vendor}</s:vendor>\n    \
         <summary type=\"html\"><![CDATA[{summary}]]></summary>\n{tags}{variants}  </entry>\n",
        id = product["id"],
        published = text("published_at"),
        updated = text("updated_at"),
        title = text("title"),
        kind = text("product_type"),
        vendor = text("vendor"),
    )
}

fn variant(catalogue: &Catalogue, base: &str, variant: &Value) -> String {
    let text = |name: &str| escaped(variant[name].as_str().unwrap_or_default());
    let currency = catalogue.currency.as_deref().unwrap_or("USD");
    format!(
        "    <s:variant>\n      <id>{base}/products/{id}</id>\n      <title>{title}</title>\n      \
         <s:price currency=\"{currency}\">{price}</s:price>\n      <s:sku>{sku}</s:sku>\n      \
         <s:grams>{grams}</s:grams>\n    </s:variant>\n",
        id = variant["id"],
        title = text("title"),
        price = text("price"),
        sku = text("sku"),
        grams = variant["grams"],
    )
}
