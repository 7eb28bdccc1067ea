//! In place of a picture: why there is none.

use super::canvas::{counted, head, svg};

/// Says why nothing is drawn of so many products.
pub fn nothing(n_products: usize, why: &str) -> String {
    svg((1_000, 100), |sheet| {
        let title = format!("Nothing to draw of {}", counted(n_products, "product"));
        head(sheet, &title, &[why])
    })
}
