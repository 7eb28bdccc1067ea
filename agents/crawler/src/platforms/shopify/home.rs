//! What the HTML of a shop's pages says of the shop: the name that Shopify gave it, and whether it asks for a password.

use std::sync::LazyLock;

use scraper::{Html, Selector};

use crate::platforms::html::head_matter;

/// What a page says of its shop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// Whether Shopify made the page.
    pub is_shopify: bool,
    /// The shop's host under `myshopify.com`.
    pub myshopify: Option<String>,
    /// Whether the page asks for the shop's password and shows nothing else.
    pub asks_for_password: bool,
}

/// Names of the platform that stand on its pages, in scripts and in addresses of their files.
const MARKS: [&str; 3] = ["Shopify.shop", "Shopify.theme", "cdn.shopify.com"];

/// Behind these stands the shop's own host, in scripts of its pages. The first one found counts.
const BEFORE_NAME: [&str; 3] = ["Shopify.shop", "\"myshopifyDomain\"", "\"shop_domain\""];

/// Reads a page. Only tags that hold facts of the shop are looked at, and of these at most half a megabyte.
pub fn read_home(body: &[u8]) -> Home {
    static SCRIPTS: LazyLock<Selector> = LazyLock::new(|| selector("script"));
    static META: LazyLock<Selector> = LazyLock::new(|| selector("meta[name^='shopify-']"));
    static PASSWORD: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "form[action$='/password'] , body[class~='template-password'] , body[id='password']",
        )
    });

    let page = Html::parse_document(&head_matter(&String::from_utf8_lossy(body)));
    let scripts: Vec<String> = page
        .select(&SCRIPTS)
        .map(|it| it.text().collect::<String>() + it.attr("src").unwrap_or_default())
        .collect();
    let names = BEFORE_NAME.iter().flat_map(|before| {
        scripts
            .iter()
            .filter_map(move |script| host_behind(script, before))
    });
    let is_marked = scripts
        .iter()
        .any(|script| MARKS.iter().any(|mark| script.contains(mark)));
    let mut names = names;
    let myshopify = names.next();
    Home {
        is_shopify: is_marked || myshopify.is_some() || page.select(&META).next().is_some(),
        myshopify,
        asks_for_password: page.select(&PASSWORD).next().is_some(),
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a selector that is written here is one")
}

/// Returns the host that stands as a text behind `before`, such as `Shopify.shop = "x.myshopify.com"`.
fn host_behind(script: &str, before: &str) -> Option<String> {
    let places = script.match_indices(before).take(8);
    places
        .map(|(at, _)| &script[at + before.len()..])
        .find_map(|rest| {
            let rest = rest.trim_start().strip_prefix(['=', ':'])?.trim_start();
            let quote = rest.chars().next().filter(|it| matches!(it, '"' | '\''))?;
            let (host, _) = rest[1..].split_once(quote)?;
            is_name(host).then(|| host.to_ascii_lowercase())
        })
}

/// Returns whether `host` is one that Shopify gives: a single label under `myshopify.com`.
fn is_name(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host.strip_suffix(".myshopify.com").is_some_and(|label| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(is_letter) && !label.starts_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Home {
        read_home(html.as_bytes())
    }

    #[test]
    fn the_name_stands_in_scripts_of_several_kinds() {
        for html in [
            r#"<script>var Shopify = Shopify || {}; Shopify.shop = "north-loft.myshopify.com";</script>"#,
            r#"<b><SCRIPT type='x'>Shopify.shop='North-Loft.myshopify.com'</SCRIPT>"#,
            r#"<p>a<script>{"a":1,"myshopifyDomain":"north-loft.myshopify.com"}</script>"#,
        ] {
            let home = read(html);
            assert_eq!(
                home.myshopify.as_deref(),
                Some("north-loft.myshopify.com"),
                "{html}"
            );
            assert!(home.is_shopify && !home.asks_for_password);
        }
    }

    #[test]
    fn no_other_host_is_taken_for_a_name() {
        for html in [
            r#"<script>Shopify.shop = "evil.example";</script>"#,
            r#"<script>Shopify.shop = "a.b.myshopify.com";</script>"#,
            r#"<script>Shopify.shop = "x.myshopify.com.evil.example";</script>"#,
            r#"<script>Shopify.shop = "127.0.0.1/.myshopify.com";</script>"#,
            r#"<script>Shopify.shop = ".myshopify.com";</script>"#,
            r#"<script>Shopify.shop = "x.myshopify.com</script>"#,
            r#"<p>Shopify.shop = "x.myshopify.com";</p>"#,
            r#"<!-- <script>Shopify.shop = "x.myshopify.com";</script> -->"#,
        ] {
            assert_eq!(read(html).myshopify, None, "{html}");
        }
    }

    #[test]
    fn a_page_that_asks_for_the_password_is_told_from_one_that_does_not() {
        for html in [
            r#"<body class="gradient template-password x"><h1>Opening soon</h1>"#,
            r#"<form method="post" action="/password" id="login_form"><input type="password">"#,
            r#"<form action="https://shop.example/password"></form>"#,
        ] {
            assert!(read(html).asks_for_password, "{html}");
        }
        for html in [
            "",
            "<form action='/cart'>",
            "<body class='template-index'>",
            "\u{0}<",
        ] {
            assert_eq!(read(html), Home::default(), "{html}");
        }
    }
}
