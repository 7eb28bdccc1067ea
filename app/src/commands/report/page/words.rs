//! Texts, numbers and links as the report shows them. Whatever a shop wrote goes through here.

use catalog::{ProductRow, UnixMs};
use maud::{Markup, html};
use url::Url;

use crate::output::{printable, shortened};

/// The most characters of a title that are shown.
const TITLE_CHARS: usize = 140;

/// The most characters of any other text of a shop's that are shown.
const NAME_CHARS: usize = 60;

/// A longer address is no link: no browser promises to follow it.
const URL_CHARS: usize = 2_000;

/// Returns a product's title, or its id where it has none.
pub(super) fn title(product: &ProductRow) -> Markup {
    match product.title.trim() {
        "" => foreign(&product.id.to_string(), TITLE_CHARS),
        title => foreign(title, TITLE_CHARS),
    }
}

/// Returns a vendor, a type, or another short text of a shop's.
pub(super) fn name(text: &str) -> Markup {
    foreign(text, NAME_CHARS)
}

/// Sets a foreign text apart from what stands around it: whatever its direction, it turns nothing else.
pub(super) fn foreign(text: &str, most: usize) -> Markup {
    html! { bdi { (shortened(&printable(text), most)) } }
}

/// Returns `text` as a link, unless the address is none of http or https.
pub(super) fn link(address: &str, text: &Markup) -> Markup {
    match web_address(address) {
        Some(url) => html! { a href=(url) rel="noopener noreferrer nofollow" { (text) } },
        None => text.clone(),
    }
}

/// Returns an address that leads to a web page and hides neither a password nor another scheme.
pub(super) fn web_address(address: &str) -> Option<Url> {
    if address.len() > URL_CHARS {
        return None;
    }
    let url = Url::parse(address).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && is_plain).then_some(url)
}

/// Returns `12.90 EUR`, `12.90–19.90 EUR`, or a dash.
pub(super) fn price(product: &ProductRow) -> String {
    crate::output::price(product).unwrap_or_else(|| "–".to_owned())
}

/// Returns a share as [`output::percent`](crate::output::percent) does, on one line with its sign.
pub(super) fn percent(share: f64) -> String {
    crate::output::percent(share).replace(' ', "\u{a0}")
}

/// Returns a contribution with its sign, a true minus, and four decimals.
pub(super) fn signed(value: f64) -> String {
    let digits = format!("{:.4}", value.abs());
    match digits.bytes().all(|it| matches!(it, b'0' | b'.')) {
        true => digits,
        false if value < 0.0 => format!("−{digits}"),
        false => format!("+{digits}"),
    }
}

/// Returns `2026-11-21 08:52 UTC`.
pub(super) fn time(at: UnixMs) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

/// Returns `2026-11-21`.
pub(super) fn day(at: UnixMs) -> String {
    let text = at.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// Returns how long before `now` something was, such as `3 hours`, in the largest unit of which there are two.
pub(super) fn age(at: UnixMs, now: UnixMs) -> String {
    let minutes = (now.ms() - at.ms()).max(0) / 60_000;
    let (n, unit) = match minutes {
        0 => return "less than a minute".to_owned(),
        ..120 => (minutes, "minute"),
        120..2_880 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    crate::output::counted(n.unsigned_abs(), unit)
}

/// Returns a feature's name in words.
pub(super) fn feature(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_become_links() {
        let text = html! { "lamp" };
        for address in [
            "https://shop.example/products/lamp",
            "HTTP://shop.example/a\"b<c>",
        ] {
            let link = link(address, &text).into_string();
            assert!(link.starts_with("<a href=\"http"), "{link}");
            assert_eq!(link.matches('"').count(), 4, "{link}");
        }
        for address in [
            "",
            "javascript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "//shop.example/lamp",
            "/products/lamp",
            "ftp://shop.example/lamp",
            "https://user:secret@shop.example/lamp",
            &format!("https://shop.example/{}", "a".repeat(3_000)),
        ] {
            assert_eq!(link(address, &text).into_string(), "lamp", "{address}");
        }
    }

    #[test]
    fn foreign_text_is_escaped_cut_and_kept_apart() {
        assert_eq!(
            name("<script>alert(1)</script>").into_string(),
            "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"
        );
        assert_eq!(
            name("a\u{202e}b\0c\u{7}").into_string(),
            "<bdi>ab\u{fffd}c\u{fffd}</bdi>"
        );
        assert_eq!(name(&"é".repeat(99)).into_string().chars().count(), 60 + 11);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(signed(-0.03125), "−0.0312");
        assert_eq!(signed(0.000_01), "0.0000");
        assert_eq!(signed(0.1), "+0.1000");
        assert_eq!([0.0, 0.785].map(percent), ["0\u{a0}%", "79\u{a0}%"]);
        let at = |text| UnixMs::parse(text).unwrap();
        let now = at("2026-11-21T12:30:00Z");
        assert_eq!(time(now), "2026-11-21 12:30 UTC");
        for (then, words) in [
            ("2026-11-21T12:29:00Z", "1 minute"),
            ("2026-11-21T10:31:00Z", "119 minutes"),
            ("2026-11-20T12:30:00Z", "24 hours"),
            ("2026-11-01T12:30:00Z", "20 days"),
            ("2027-01-01T00:00:00Z", "less than a minute"),
        ] {
            assert_eq!(age(at(then), now), words);
        }
    }
}
