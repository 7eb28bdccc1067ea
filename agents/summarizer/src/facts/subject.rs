//! What a summary can be about, and how that is written down.

use std::fmt;
use std::str::FromStr;

use catalog::{ProductId, ShopKey};

/// What a summary is about, shown as [`Summary::subject`](catalog::Summary::subject) has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A product: `product:shopify:shop.example:1`.
    Product(ProductId),
    /// The latest ranking: `top-k`.
    TopK,
    /// A shop: `shop:shop.example`.
    Shop(ShopKey),
    /// A group of similar products, by its name: `segment:A`.
    Segment(String),
    /// A product type, in a shop's spelling: `category:Lamps`.
    Category(String),
    /// What changed lately: `changes`.
    Changes,
}

/// A text that names nothing a summary can be about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a subject such as product:shopify:shop.example:1, shop:shop.example, segment:A, top-k or changes: {0:?}"
)]
pub struct SubjectError(String);

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(id) => write!(f, "product:{id}"),
            Self::TopK => f.write_str("top-k"),
            Self::Shop(key) => write!(f, "shop:{key}"),
            Self::Segment(name) => write!(f, "segment:{name}"),
            Self::Category(name) => write!(f, "category:{name}"),
            Self::Changes => f.write_str("changes"),
        }
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SubjectError(text.chars().take(80).collect());
        match text.split_once(':') {
            Some(("product", id)) => id.parse().map(Self::Product).map_err(|_| wrong()),
            Some(("shop", key)) => key.parse().map(Self::Shop).map_err(|_| wrong()),
            Some(("segment", name)) if !name.is_empty() => Ok(Self::Segment(name.to_owned())),
            Some(("category", name)) if !name.is_empty() => Ok(Self::Category(name.to_owned())),
            None if text == "top-k" => Ok(Self::TopK),
            None if text == "changes" => Ok(Self::Changes),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_as_written() {
        for text in [
            "product:shopify:shop.example:1",
            "product:shopify:127.0.0.1%3A8080:a:b c",
            "top-k",
            "shop:shop.example",
            "segment:A",
            "segment:low price: few images",
            "category:Lamps",
            "changes",
        ] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for text in [
            "",
            "product:",
            "product:1",
            "shop:",
            "shop:a b",
            "segment:",
            "top-k:",
            "weather",
        ] {
            let error = text.parse::<Subject>().unwrap_err().to_string();
            assert!(error.starts_with("not a subject such as"), "{error}");
        }
    }
}
