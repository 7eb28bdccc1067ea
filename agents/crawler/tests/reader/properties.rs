//! Whatever a shop sends, the reader answers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{read, read_meta};

const ANSWERS: [&[u8]; 7] = [
    include_bytes!("../../testdata/shopify/storefront.json"),
    include_bytes!("../../testdata/shopify/admin.json"),
    include_bytes!("../../testdata/shopify/listings.json"),
    include_bytes!("../../testdata/shopify/map.json"),
    include_bytes!("../../testdata/shopify/ajax.json"),
    include_bytes!("../../testdata/shopify/camel.json"),
    include_bytes!("../../testdata/shopify/faults.json"),
];

/// Pieces that change the meaning of JSON where they are put in.
const PIECES: [&str; 16] = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud83d", "null", "-1", "1e999", "\"id\":", "[[[[",
    "\u{0}", "\u{feff}",
];

/// Reads `body` and checks what holds for every page.
pub(crate) fn check(body: &[u8]) -> Result<(), TestCaseError> {
    drop(read_meta(body));
    let Ok(page) = read(body) else {
        return Ok(());
    };
    let mut ids: Vec<_> = page.products.iter().map(|it| &it.id).collect();
    ids.sort();
    ids.dedup();
    prop_assert_eq!(ids.len(), page.products.len());
    prop_assert!(page.products.len() <= page.n_listed);
    prop_assert!(page.problems.len() <= 1_003);
    for problem in &page.problems {
        prop_assert!(problem.detail.len() < 1_000);
        prop_assert!(!problem.detail.contains('\n'));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in vec(any::<u8>(), 0..300)) {
        check(&body)?;
    }

    #[test]
    fn any_json_like_text_is_answered(pieces in vec(select(&PIECES[..]), 0..40)) {
        check(pieces.concat().as_bytes())?;
        check(format!("{{\"products\":[{}]}}", pieces.concat()).as_bytes())?;
    }

    #[test]
    fn any_change_of_an_answer_is_answered(
        answer in select(&ANSWERS[..]),
        changes in vec((any::<Index>(), 0..12_usize, select(&PIECES[..])), 1..6),
    ) {
        let mut body = answer.to_vec();
        for (at, n_removed, piece) in changes {
            let start = at.index(body.len() + 1);
            let end = (start + n_removed).min(body.len());
            body.splice(start..end, piece.bytes());
        }
        check(&body)?;
    }

    #[test]
    fn any_value_in_any_field_keeps_the_product(
        field in select(&["title", "handle", "vendor", "product_type", "body_html", "tags", "options", "images", "variants", "created_at"][..]),
        value in select(&["null", "true", "-1", "1.5", "\"x\"", "[]", "{}", "[null,1,\"a\",[],{}]", "{\"a\":{\"b\":[1]}}", "[[[1]]]"][..]),
    ) {
        let page = read(format!("{{\"products\":[{{\"id\":5,\"{field}\":{value}}},{{\"id\":6}}]}}")).unwrap();
        prop_assert_eq!(page.products.len(), 2);
    }
}
