//! What counts as a change: a hash over everything stored of a product but `updated_at` and image versions.

use std::fmt;
use std::str::FromStr;

use xxhash_rust::xxh3::Xxh3;

use crate::{Availability, Money, Product, UnixMs};

/// The 128-bit hash of a product's content, shown as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 16]);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for ContentHash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_hash);
        number
            .map(|number| Self(number.to_be_bytes()))
            .ok_or_else(|| format!("not 32 hexadecimal digits: {text:?}"))
    }
}

impl Product {
    /// Returns the content hash (XXH3 of 128 bits, which is stable across machines and versions).
    ///
    /// Two products with one hash are taken as unchanged. `updated_at` is left out, and so is what follows
    /// `?` in image URLs, since shops move both without any change.
    pub fn content_hash(&self) -> ContentHash {
        let mut hash = Fields(Xxh3::new());
        hash.text(&self.title);
        hash.text(&self.handle);
        hash.text(&self.vendor);
        hash.text(&self.product_type);
        hash.text(&self.body_html);
        hash.text(&self.url);
        hash.texts(&self.tags);
        hash.texts(&self.options);
        hash.number(self.images.len() as i64);
        for image in &self.images {
            hash.text(image.split('?').next().unwrap_or_default());
        }
        hash.number(self.created_at.map_or(i64::MIN, UnixMs::ms));
        hash.number(self.published_at.map_or(i64::MIN, UnixMs::ms));
        hash.number(self.variants.len() as i64);
        for variant in &self.variants {
            hash.text(&variant.id);
            hash.text(&variant.title);
            hash.texts(&variant.options);
            hash.text(variant.sku.as_deref().unwrap_or_default());
            hash.money(variant.price);
            hash.money(variant.compare_at);
            hash.number(match variant.availability {
                // What was said earlier is no content of this answer.
                Availability::Unknown | Availability::Former(_) => 0,
                Availability::Stated(false) => 1,
                Availability::Stated(true) => 2,
                Availability::Derived(false) => 3,
                Availability::Derived(true) => 4,
            });
            hash.number(variant.quantity.unwrap_or(i64::MIN));
        }
        ContentHash(hash.0.digest128().to_be_bytes())
    }
}

/// A hash of fields; each text carries its length, so that no two lists of fields give the same bytes.
struct Fields(Xxh3);

impl Fields {
    fn number(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as i64);
        self.0.update(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as i64);
        for text in texts {
            self.text(text);
        }
    }

    fn money(&mut self, money: Option<Money>) {
        self.number(money.map_or(-1, Money::minor));
        if let Some(money) = money {
            self.0.update(money.currency().code().as_bytes());
        }
    }
}
