//! The lists in JSON: all products, all collections, the products of one.

use serde_json::{Value, json};

use crate::{Collection, Surface, Wall};

use super::super::Serving;
use super::http::JSON;
use super::{Asked, ListQuery, Plain};

/// Returns a page of `/products.json`.
pub(super) fn products(serving: &Serving, list: ListQuery) -> Plain {
    wall(serving, list).unwrap_or_else(|| {
        let (page, limit) = (list.page as usize, list.limit as usize);
        Plain::new(200, JSON, serving.catalogue.page_json(page, limit))
    })
}

/// Returns `/collections.json` or a page of a collection's products; `None` where `path` is neither.
pub(super) fn answer(serving: &Serving, asked: &Asked<'_>, path: &str) -> Option<Plain> {
    if serving.is_closed(Surface::Collections) {
        return None;
    }
    let list = asked.page();
    if path == "/collections.json" {
        return Some(wall(serving, list).unwrap_or_else(|| collections(serving, list)));
    }
    let name = path.strip_prefix("/collections/")?;
    let handle = name.strip_suffix("/products.json")?;
    let (page, limit) = (list.page as usize, list.limit as usize);
    let document = serving.catalogue.collection_page(handle, page, limit)?;
    if let Some(answer) = wall(serving, list) {
        return Some(answer);
    }
    let document = if serving.plan.has_empty_collections {
        br#"{"products":[]}"#.to_vec()
    } else {
        document
    };
    Some(Plain::new(200, JSON, document))
}

fn wall(serving: &Serving, list: ListQuery) -> Option<Plain> {
    const TEXT: &str = r#"{"errors":"Page * Limit exceeds the 25000 limit."}"#;
    let status = match serving.plan.wall {
        Wall::BadRequest => 400,
        Wall::Ok => 200,
        Wall::None => return None,
    };
    list.is_over_the_wall()
        .then(|| Plain::new(status, JSON, TEXT))
}

fn collections(serving: &Serving, list: ListQuery) -> Plain {
    let start = (list.page - 1).saturating_mul(list.limit) as usize;
    let listed = serving.catalogue.collections();
    let page = listed.iter().enumerate().skip(start);
    let page: Vec<Value> = page
        .take(list.limit as usize)
        .map(|(index, collection)| wire(serving, index, collection))
        .collect();
    Plain::new(200, JSON, json!({"collections": page}).to_string())
}

fn wire(serving: &Serving, index: usize, collection: &Collection) -> Value {
    json!({
        "id": 400_000_000_001_u64 + index as u64,
        "title": collection.title,
        "handle": collection.handle,
        "description": "",
        "published_at": "2024-03-01T09:00:00-05:00",
        "updated_at": "2025-05-30T09:00:00-04:00",
        "image": null,
        "products_count": collection.len(&serving.catalogue),
    })
}
