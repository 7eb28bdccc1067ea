//! `/sitemap.xml` and its files: product pages by ranges of ids, with the time of their last change.

use std::fmt::Write;

use crate::Surface;

use super::super::Serving;
use super::http::{HTML, XML};
use super::pages::{NOT_FOUND, escaped};
use super::{Asked, Plain};

const HEADER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
const IMAGES: &str = "http://www.google.com/schemas/sitemap-image/1.1";

/// Returns the index or one of its files; `None` where `path` is neither.
pub(super) fn answer(serving: &Serving, asked: &Asked<'_>, path: &str) -> Option<Plain> {
    if serving.is_closed(Surface::Sitemap) {
        return None;
    }
    let (folder, name) = path.rsplit_once('/')?;
    let is_locale = |it: &String| folder.strip_prefix('/') == Some(it.as_str());
    if !folder.is_empty() && !serving.plan.locales.iter().any(is_locale) {
        return None;
    }
    let file = name.strip_prefix("sitemap")?;
    match file {
        ".xml" => Some(Plain::new(200, XML, index(serving, asked))),
        "_pages_1.xml" | "_blogs_1.xml" => Some(Plain::new(200, XML, urls(&home(asked)))),
        "_agentic_discovery.xml" => {
            let page = format!("http://{}/agents.md", escaped(asked.host));
            Some(Plain::new(200, XML, urls(&url(&page, None, None))))
        }
        "_collections_1.xml" => Some(Plain::new(200, XML, collections(serving, asked))),
        _ => {
            let number = file.strip_prefix("_products_")?.strip_suffix(".xml")?;
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| products(serving, asked, folder))
        }
    }
}

/// Returns an index whose only file is the address that was asked for.
pub(super) fn loop_of(asked: &Asked<'_>) -> String {
    let own = format!("http://{}{}", asked.host, asked.parts.uri);
    format!(
        "{HEADER}<sitemapindex xmlns=\"{NAMESPACE}\">\n{}</sitemapindex>\n",
        file(&own)
    )
}

fn index(serving: &Serving, asked: &Asked<'_>) -> String {
    let by_id = serving.by_id.get_or_init(|| serving.catalogue.by_id());
    let base = format!("http://{}", asked.host);
    let mut files = String::new();
    let no_locale = String::new();
    let locales = serving.plan.locales.iter().map(|it| format!("/{it}"));
    for prefix in [no_locale].into_iter().chain(locales) {
        let chunks = by_id.chunks(serving.plan.sitemap_file_size.max(1));
        for (chunk, number) in chunks.zip(1..) {
            let (Some((from, _)), Some((to, _))) = (chunk.first(), chunk.last()) else {
                continue;
            };
            let name = format!("sitemap_products_{number}.xml?from={from}&to={to}");
            files.push_str(&file(&format!("{base}{prefix}/{name}")));
        }
        for name in [
            "sitemap_pages_1.xml?from=1&to=9",
            "sitemap_collections_1.xml?from=1&to=9",
            "sitemap_blogs_1.xml",
        ] {
            files.push_str(&file(&format!("{base}{prefix}/{name}")));
        }
    }
    files.push_str(&file(&format!("{base}/sitemap_agentic_discovery.xml")));
    format!("{HEADER}<sitemapindex xmlns=\"{NAMESPACE}\">\n{files}</sitemapindex>\n")
}

fn file(address: &str) -> String {
    format!(
        "  <sitemap>\n    <loc>{}</loc>\n  </sitemap>\n",
        escaped(address)
    )
}

fn products(serving: &Serving, asked: &Asked<'_>, prefix: &str) -> Plain {
    let (Some(from), Some(to)) = (asked.number("from"), asked.number("to")) else {
        return Plain::new(400, HTML, NOT_FOUND);
    };
    let by_id = serving.by_id.get_or_init(|| serving.catalogue.by_id());
    let start = by_id.partition_point(|(id, _)| *id < from);
    let range = by_id[start..].iter().take_while(|(id, _)| *id <= to);
    let mut entries = home(asked);
    for (_, index) in range {
        if let Some(card) = serving.catalogue.card(*index) {
            let page = format!(
                "http://{}{prefix}/products/{}",
                asked.host,
                percent_encoded(&card.handle)
            );
            entries.push_str(&url(&page, Some(&card.updated_at), Some(&card.title)));
        }
    }
    Plain::new(200, XML, urls(&entries))
}

fn collections(serving: &Serving, asked: &Asked<'_>) -> String {
    let mut entries = home(asked);
    for collection in serving.catalogue.collections() {
        let page = format!("http://{}/collections/{}", asked.host, collection.handle);
        entries.push_str(&url(&page, Some("2025-05-30T09:00:00-04:00"), None));
    }
    urls(&entries)
}

fn home(asked: &Asked<'_>) -> String {
    url(&format!("http://{}/", asked.host), None, None)
}

fn urls(entries: &str) -> String {
    format!("{HEADER}<urlset xmlns=\"{NAMESPACE}\" xmlns:image=\"{IMAGES}\">\n{entries}</urlset>\n")
}

fn url(page: &str, last_change: Option<&str>, image_title: Option<&str>) -> String {
    let page = escaped(page);
    let mut entry = format!("  <url>\n    <loc>{page}</loc>\n");
    let written = last_change
        .map_or(Ok(()), |time| {
            writeln!(entry, "    <lastmod>{time}</lastmod>")
        })
        .and_then(|()| writeln!(entry, "    <changefreq>daily</changefreq>"))
        .and_then(|()| match image_title {
            None => Ok(()),
            Some(title) => writeln!(
                entry,
                "    <image:image>\n      <image:loc>{page}.jpg</image:loc>\n      \
                 <image:title>{}</image:title>\n    </image:image>",
                escaped(title)
            ),
        });
    debug_assert!(written.is_ok(), "writing to a text does not fail");
    entry.push_str("  </url>\n");
    entry
}

/// Returns a handle as it stands in an address.
pub(super) fn percent_encoded(handle: &str) -> String {
    let mut encoded = String::with_capacity(handle.len());
    for byte in handle.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
