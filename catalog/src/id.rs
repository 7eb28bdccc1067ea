//! Who a product is: platform, shop and the platform's own id.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The kind of shop software that a reader exists for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Shopify's storefront `/products.json`.
    Shopify,
}

/// A shop's key: its host in lower case, with `:port` where one is given, percent-encoded.
///
/// The only characters are ASCII letters, digits, `-`, `.`, `_` and `%`, so that the key fits file
/// names, URLs and [`ProductId`] as it is: `shop.example`, `127.0.0.1%3A8080`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShopKey(Arc<str>);

/// A product's id on its own platform.
///
/// Whole numbers from 0 to `i64::MAX` written in plain decimal are [`NativeId::Number`], everything else
/// is [`NativeId::Text`]. Numbers come before texts; numbers are ordered by value, texts by bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NativeId {
    /// A number, as on Shopify.
    Number(i64),
    /// Anything else.
    Text(Box<str>),
}

/// A product's id everywhere in Trouvaille, shown as `platform:shop:native`.
///
/// Ordered by platform, then shop, then native id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductId {
    /// The shop's software.
    pub platform: Platform,
    /// The shop.
    pub shop: ShopKey,
    /// The id on the platform.
    pub native: NativeId,
}

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `platform:shop:native`.
    #[error("not a product id of the form shopify:shop.example:123: {0:?}")]
    NotProductId(String),
    /// An unknown platform.
    #[error("unknown platform (known: shopify): {0:?}")]
    NotPlatform(String),
    /// A shop key with other characters than those allowed, or none.
    #[error("not a shop key such as shop.example: {0:?}")]
    NotShopKey(String),
}

impl Platform {
    /// Returns the name as it stands in ids.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
        }
    }
}

impl ShopKey {
    /// Returns the key of a host, or of a name such as a file's: lower case, other bytes percent-encoded.
    ///
    /// # Errors
    /// When nothing is left, or more than 255 bytes are.
    pub fn encode(host: &str) -> Result<Self, IdError> {
        let mut key = String::with_capacity(host.len());
        for byte in host.trim().to_lowercase().bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => key.push(char::from(byte)),
                _ => key.push_str(&format!("%{byte:02X}")),
            }
        }
        Self::from_str(&key)
    }

    /// Returns the host as a person writes it, for tables and messages: `127.0.0.1:8080`.
    pub fn shown(&self) -> String {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_bytes();
        while let [first, after @ ..] = rest {
            let escaped = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(byte) if *first == b'%' => {
                    bytes.push(byte);
                    rest = &after[2..];
                }
                _ => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShopKey {
    type Err = IdError;

    fn from_str(key: &str) -> Result<Self, IdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte);
        if key.is_empty() || key.len() > 255 || !key.bytes().all(allowed) {
            return Err(IdError::NotShopKey(key.chars().take(80).collect()));
        }
        Ok(Self(key.into()))
    }
}

impl NativeId {
    /// Returns the classic score's `u64` of this id: the number, a decimal text's number, or else a hash.
    pub fn to_u64(&self) -> u64 {
        match self {
            Self::Number(number) => number.unsigned_abs(),
            Self::Text(text) => text
                .parse()
                .unwrap_or_else(|_| xxhash_rust::xxh3::xxh3_64(text.as_bytes())),
        }
    }
}

impl From<u64> for NativeId {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| Self::Text(number.to_string().into()), Self::Number)
    }
}

impl From<&str> for NativeId {
    fn from(text: &str) -> Self {
        match text.parse::<u64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => Self::Text(text.into()),
        }
    }
}

impl FromStr for ProductId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::NotProductId(text.chars().take(80).collect());
        let (platform, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (shop, native) = rest.split_once(':').ok_or_else(wrong)?;
        if native.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            platform: platform.parse()?,
            shop: shop.parse()?,
            native: native.into(),
        })
    }
}

impl FromStr for Platform {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text {
            "shopify" => Ok(Self::Shopify),
            _ => Err(IdError::NotPlatform(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ShopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ShopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NativeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.platform, self.shop, self.native)
    }
}

/// Writes the types that JSON holds as their text.
macro_rules! serde_as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serde_as_text!(ShopKey, ProductId, crate::ContentHash);

impl Serialize for NativeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NativeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_id_reads_back_as_written() {
        for text in [
            "shopify:shop.example:123",
            "shopify:127.0.0.1%3A8080:9223372036854775807",
            "shopify:shop.example:18446744073709551615",
            "shopify:shop.example:0012",
            "shopify:shop.example:a:b c",
        ] {
            assert_eq!(text.parse::<ProductId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_product_id_says_what_is_wrong() {
        for (text, reason) in [
            ("123", "not a product id"),
            ("shopify:shop.example:", "not a product id"),
            ("ebay:shop.example:1", "unknown platform"),
            ("shopify:shop example:1", "not a shop key"),
        ] {
            let error = text.parse::<ProductId>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn shop_keys_are_lower_case_and_percent_encoded() {
        let key = |host| ShopKey::encode(host).unwrap().to_string();
        assert_eq!(key("Shop.Example"), "shop.example");
        assert_eq!(key("127.0.0.1:8080"), "127.0.0.1%3A8080");
        assert_eq!(key("[::1]:80"), "%5B%3A%3A1%5D%3A80");
        assert!(ShopKey::encode("  ").is_err());
        for host in [
            "shop.example",
            "127.0.0.1:8080",
            "[::1]:80",
            "mega furniture é",
        ] {
            assert_eq!(ShopKey::encode(host).unwrap().shown(), host);
        }
        assert_eq!("a%zz%4".parse::<ShopKey>().unwrap().shown(), "a%zz%4");
    }

    #[test]
    fn numbers_come_first_and_by_value() {
        let mut ids = ["b", "10", "9", "18446744073709551615", "007"].map(NativeId::from);
        ids.sort();
        assert_eq!(
            ids.map(|id| id.to_string()),
            ["9", "10", "007", "18446744073709551615", "b"]
        );
    }

    #[test]
    fn the_number_of_an_id_beyond_63_bits_is_kept() {
        assert_eq!(NativeId::from(u64::MAX).to_u64(), u64::MAX);
    }
}
