//! Addresses of documents: read strictly, since they come from models, which may have them from strangers.
//!
//! Every part has the characters that it may have, and nothing is decoded but the colon, which templates encode.

use catalog::ShopKey;

use crate::run_id;

/// What all addresses begin with.
const SCHEME: &str = "trouvaille://";

/// A longer address names nothing.
const MAX_BYTES: usize = 400;

/// The longest handle.
const MAX_HANDLE_BYTES: usize = 100;

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Status,
    Scoring,
    ProductSchema,
    Shops,
    Shop(ShopKey),
    Product { shop: ShopKey, handle: String },
    History { shop: ShopKey, handle: String },
    Ranking(Run),
    RankingCsv(Run),
}

/// Which ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Run {
    Latest,
    /// As [`run_id::format`] writes it.
    Named(String),
}

/// Returns what an address names; `None` for all that is not exactly one of ours.
pub(super) fn parse(uri: &str) -> Option<Address> {
    if uri.len() > MAX_BYTES {
        return None;
    }
    let parts: Vec<&str> = uri.strip_prefix(SCHEME)?.split('/').collect();
    Some(match parts.as_slice() {
        ["status"] => Address::Status,
        ["docs", "scoring"] => Address::Scoring,
        ["schema", "product"] => Address::ProductSchema,
        ["shops"] => Address::Shops,
        ["shops", key] => Address::Shop(shop(key)?),
        ["products", key, name] => Address::Product {
            shop: shop(key)?,
            handle: handle(name)?,
        },
        ["products", key, name, "history"] => Address::History {
            shop: shop(key)?,
            handle: handle(name)?,
        },
        ["rankings", id] => match id.strip_suffix(".csv") {
            Some(id) => Address::RankingCsv(run(id)?),
            None => Address::Ranking(run(id)?),
        },
        _ => return None,
    })
}

/// Reads a shop's host in lower case, with its port behind `%3A` or `:`.
fn shop(text: &str) -> Option<ShopKey> {
    let text = with_colons(text);
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text.as_str(), None),
    };
    let is_letter = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_".contains(&it);
    let is_name = |it: &str| !it.is_empty() && it.bytes().all(is_letter);
    let is_port =
        |it: &str| (1..=5).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    if !host.split('.').all(is_name) || !port.is_none_or(is_port) {
        return None;
    }
    ShopKey::encode(&text).ok()
}

/// Reads a handle of plain characters, which cannot be taken for a way up.
fn handle(text: &str) -> Option<String> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    let is_handle = (1..=MAX_HANDLE_BYTES).contains(&text.len())
        && text.bytes().all(is_plain)
        && !text.starts_with('.')
        && !text.contains("..");
    is_handle.then(|| text.to_owned())
}

fn run(text: &str) -> Option<Run> {
    if text == "latest" {
        return Some(Run::Latest);
    }
    let id = with_colons(text);
    run_id::parse(&id).map(|_| Run::Named(id))
}

/// Clients that fill a template in write a colon as `%3A`.
fn with_colons(text: &str) -> String {
    text.replace("%3A", ":").replace("%3a", ":")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the address of something as templates write it.
    fn shown(address: &Address) -> String {
        let run = |run: &Run| match run {
            Run::Latest => "latest".to_owned(),
            Run::Named(id) => id.clone(),
        };
        let path = match address {
            Address::Status => "status".to_owned(),
            Address::Scoring => "docs/scoring".to_owned(),
            Address::ProductSchema => "schema/product".to_owned(),
            Address::Shops => "shops".to_owned(),
            Address::Shop(shop) => format!("shops/{shop}"),
            Address::Product { shop, handle } => format!("products/{shop}/{handle}"),
            Address::History { shop, handle } => format!("products/{shop}/{handle}/history"),
            Address::Ranking(it) => format!("rankings/{}", run(it)),
            Address::RankingCsv(it) => format!("rankings/{}.csv", run(it)),
        };
        format!("{SCHEME}{path}")
    }

    #[test]
    fn an_address_reads_back_as_written() {
        for uri in [
            "trouvaille://status",
            "trouvaille://docs/scoring",
            "trouvaille://schema/product",
            "trouvaille://shops",
            "trouvaille://shops/lamps.example",
            "trouvaille://shops/127.0.0.1%3A8080",
            "trouvaille://products/lamps.example/brass-lamp_1.2",
            "trouvaille://products/lamps.example/history",
            "trouvaille://products/lamps.example/brass-lamp/history",
            "trouvaille://rankings/latest",
            "trouvaille://rankings/latest.csv",
            "trouvaille://rankings/2026-11-21T09:00:00Z_balanced",
            "trouvaille://rankings/2026-11-21T09:00:00Z_my~20own.csv",
        ] {
            assert_eq!(shown(&parse(uri).unwrap()), uri);
        }
        let encoded = parse("trouvaille://rankings/2026-11-21T09%3A00%3a00Z_balanced");
        assert_eq!(
            shown(&encoded.unwrap()),
            "trouvaille://rankings/2026-11-21T09:00:00Z_balanced"
        );
    }

    #[test]
    fn nothing_else_is_an_address() {
        let long = format!("trouvaille://products/lamps.example/{}", "a".repeat(101));
        for uri in [
            "",
            "trouvaille://",
            "trouvaille:status",
            "TROUVAILLE://status",
            "https://status",
            "file:///etc/passwd",
            " trouvaille://status",
            "trouvaille://status/",
            "trouvaille://status?x",
            "trouvaille://status#x",
            "trouvaille://nothing",
            "trouvaille://shops/",
            "trouvaille://shops//",
            "trouvaille://shops/..",
            "trouvaille://shops/a..b",
            "trouvaille://shops/.example",
            "trouvaille://shops/a b",
            "trouvaille://shops/a%2eexample",
            "trouvaille://shops/Lamps.example",
            "trouvaille://shops/a.example%3A",
            "trouvaille://shops/a.example%3A123456",
            "trouvaille://shops/user@a.example",
            "trouvaille://products/../../etc/passwd",
            "trouvaille://products/a.example/..",
            "trouvaille://products/a.example/%2e%2e",
            "trouvaille://products/a.example/.env",
            "trouvaille://products/a.example/a..b",
            "trouvaille://products/a.example/a\u{0}",
            "trouvaille://products/a.example/a\n",
            "trouvaille://products/a.example/caf\u{e9}",
            "trouvaille://products/a.example/\u{202e}a",
            "trouvaille://products/a.example/a/future",
            "trouvaille://products/a.example",
            "trouvaille://rankings",
            "trouvaille://rankings/LATEST",
            "trouvaille://rankings/2026_x",
            "trouvaille://rankings/.csv",
            "trouvaille://rankings/2026-11-21T09:00:00Z_a%2Fb",
            long.as_str(),
        ] {
            assert_eq!(parse(uri), None, "{uri:?}");
        }
    }

    proptest! {
        #[test]
        fn no_address_is_too_odd_and_none_means_two_things(
            path in "(status|docs|schema|shops|products|rankings|latest|history|[a-zA-Z0-9.%:/_~ \\\\-]{0,30}|.{0,5}){0,5}",
        ) {
            let uri = format!("{SCHEME}{path}");
            if let Some(address) = parse(&uri) {
                prop_assert_eq!(parse(&shown(&address)), Some(address));
                prop_assert!(!uri.contains("..") && uri.is_ascii());
            }
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,80}|.{0,80}") {
            if let Some(address) = parse(&text) {
                prop_assert_eq!(parse(&shown(&address)), Some(address));
            }
        }
    }
}
