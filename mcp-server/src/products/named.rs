//! What a caller's text names, before anybody looks whether there is such a product.

use catalog::ProductId;

use super::shop::host_of;

/// A name of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A product id.
    Id(ProductId),
    /// A platform's own number.
    Number(u64),
    /// A handle in a shop, whose host is as the caller wrote it.
    InShop { host: String, handle: String },
    /// A handle of some shop.
    Handle(String),
}

/// Longer texts name nothing.
const MAX_BYTES: usize = 2_048;

/// Returns what `text` names; `None` for a text that can't be a name.
pub(super) fn named(text: &str) -> Option<Named> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_BYTES {
        return None;
    }
    if let Ok(id) = text.parse() {
        return Some(Named::Id(id));
    }
    // What a storefront's interface calls a product, and what a resource is called here.
    let text = text.strip_prefix("gid://shopify/Product/").unwrap_or(text);
    let text = text.strip_prefix("trouvaille://products/").unwrap_or(text);
    if let Ok(number) = text.parse() {
        return Some(Named::Number(number));
    }
    let is_url = text.contains("://");
    let path = path_of(text);
    if !is_url && path.is_empty() {
        return Some(Named::Handle(text.to_owned()));
    }
    Some(Named::InShop {
        host: host_of(text).to_owned(),
        handle: handle_of(path, is_url)?.to_owned(),
    })
}

/// Returns the ways in which a shop may write a handle that a caller writes so, the likeliest first.
pub(super) fn spellings(handle: &str) -> Vec<String> {
    let decoded = percent_decoded(handle);
    let lower = decoded.to_lowercase();
    let bare = [".json", ".js"]
        .iter()
        .find_map(|it| decoded.strip_suffix(it))
        .map(ToOwned::to_owned);
    let mut spellings = vec![handle.to_owned(), decoded, lower];
    spellings.extend(bare);
    spellings.dedup();
    spellings
}

/// Returns what stands behind the host, without query and fragment.
fn path_of(text: &str) -> &str {
    let behind_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = behind_scheme
        .find(['?', '#'])
        .unwrap_or(behind_scheme.len());
    let path = &behind_scheme[..end];
    path.find('/').map_or("", |at| path[at..].trim_matches('/'))
}

/// Returns the handle in the path of a product's page, with whatever locale and collection before it. Behind a shop
/// that is no URL, the last part alone will do.
fn handle_of(path: &str, is_url: bool) -> Option<&str> {
    let mut parts = path.split('/').filter(|it| !it.is_empty());
    let last = parts.clone().next_back();
    match parts.find(|&it| it == "products") {
        Some(_) => parts.next(),
        None if is_url => None,
        None => last,
    }
}

/// Returns `text` with the bytes that `%41` and the like stand for; what is no UTF-8 then stays as it was.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = hex
            .filter(|_| *first == b'%')
            .and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_shop(host: &str, handle: &str) -> Option<Named> {
        Some(Named::InShop {
            host: host.to_owned(),
            handle: handle.to_owned(),
        })
    }

    #[test]
    fn pages_are_known_whatever_stands_around_the_handle() {
        for url in [
            "https://lamps.example/products/brass-lamp",
            "https://lamps.example/products/brass-lamp/",
            "https://lamps.example/products/brass-lamp?variant=11&utm_source=x",
            "https://lamps.example/products/brass-lamp#reviews",
            "https://lamps.example/fr/products/brass-lamp",
            "https://lamps.example/en-gb/collections/all/products/brass-lamp",
            "lamps.example/products/brass-lamp",
            "lamps.example/brass-lamp",
            "https://lamps.example/products/brass-lamp/reviews",
            "trouvaille://products/lamps.example/brass-lamp",
        ] {
            assert_eq!(named(url), in_shop("lamps.example", "brass-lamp"), "{url}");
        }
        let with_port = "http://user@127.0.0.1:8080/products/hat";
        assert_eq!(named(with_port), in_shop("127.0.0.1:8080", "hat"));
    }

    #[test]
    fn numbers_ids_and_handles_are_told_apart() {
        let id = "shopify:lamps.example:1";
        assert_eq!(named(id), Some(Named::Id(id.parse().unwrap())));
        assert_eq!(named(" 123 "), Some(Named::Number(123)));
        assert_eq!(named("gid://shopify/Product/123"), Some(Named::Number(123)));
        assert_eq!(
            named("brass-lamp"),
            Some(Named::Handle("brass-lamp".to_owned()))
        );
        for text in [
            "",
            " ",
            "https://lamps.example",
            "https://lamps.example/pages/about",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
        assert_eq!(named(&"x".repeat(3_000)), None);
    }

    #[test]
    fn a_handle_is_looked_for_as_it_is_written_and_as_it_is_meant() {
        assert_eq!(spellings("lamp"), ["lamp"]);
        assert_eq!(spellings("%C3%A9t%C3%A9"), ["%C3%A9t%C3%A9", "été"]);
        assert_eq!(spellings("Lamp.json"), ["Lamp.json", "lamp.json", "Lamp"]);
        assert_eq!(spellings("50%-off%ff"), ["50%-off%ff"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}", tail in "[%/:?#.a-f0-9é]{0,30}") {
            for it in [&text, &tail, &format!("{text}/{tail}"), &format!("https://{tail}")] {
                if let Some(Named::InShop { handle, .. } | Named::Handle(handle)) = named(it) {
                    prop_assert!(!spellings(&handle).is_empty());
                }
            }
        }
    }
}
