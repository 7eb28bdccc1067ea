//! The document around the content: one file, its own style and script, and a policy that allows nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("../report.css");
const SCRIPT: &str = include_str!("../report.js");

/// Returns the whole document.
pub(super) fn document(title: &str, content: &Markup) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(concat!("Trouvaille ", env!("CARGO_PKG_VERSION")));
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (content)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    document.into_string()
}

/// Returns the policy: this very style, this very script, no request to anywhere.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         connect-src 'none'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser would take as the end of the element ends it, whatever the language inside says.
    #[test]
    fn neither_style_nor_script_ends_early() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--") && !text.contains('\r'));
        }
    }

    #[test]
    fn the_policy_names_the_bytes_that_are_in_the_document() {
        let document = document("t", &html! {});
        for (tag, text) in [("style", STYLE), ("script", SCRIPT)] {
            assert!(
                document.contains(&format!("<{tag}>{text}</{tag}>")),
                "{tag}"
            );
        }
        assert_eq!(document.matches("'sha256-").count(), 2);
        // The hash of an empty text, as the standard's examples have it.
        assert_eq!(
            STANDARD.encode(digest(&SHA256, b"")),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }
}
