//! The command that makes a report again, and its filters in words.

use std::path::Path;

use catalog::ProductFilter;

use super::ReportArgs;
use crate::App;
use crate::commands::rank::Wanted;
use crate::output::percent;
use crate::presets;

/// Returns the command line that makes the same report: with what the configuration gave, and the time.
pub(super) fn line(args: &ReportArgs, wanted: &Wanted<'_>, location: &str, app: &App) -> String {
    let mut words = vec!["trouvaille".to_owned(), "report".to_owned()];
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), quoted(&value)]);
    // A report is sent on: it tells neither a password nor the folders of who made it.
    if let Some(uri) = &app.global.store {
        match uri.strip_prefix("sqlite:") {
            Some(path) => add("--store", format!("sqlite:{}", shown(path))),
            None => add("--store", location.to_owned()),
        }
    }
    if let Some(config) = &app.global.config {
        add("--config", shown(&config.to_string_lossy()));
    }
    add(
        "--preset",
        shown(&presets::flag(app, args.preset.as_deref())),
    );
    add("-k", wanted.k.to_string());
    if wanted.min_coverage > 0.0 {
        add("--min-coverage", wanted.min_coverage.to_string());
    }
    let ProductFilter {
        shops,
        product_type,
        vendor,
        currency,
        in_stock,
        price_min,
        price_max,
    } = wanted.filter;
    for shop in shops {
        add("--shop", shop.as_str().to_owned());
    }
    for (flag, text) in [("--type", product_type), ("--vendor", vendor)] {
        if let Some(text) = text {
            add(flag, text.clone());
        }
    }
    if let Some(currency) = currency {
        add("--currency", currency.to_string());
    }
    for (flag, price) in [("--price-min", price_min), ("--price-max", price_max)] {
        if let Some(price) = price {
            add(flag, price.to_string());
        }
    }
    if let Some(title) = &args.title {
        add("--title", title.clone());
    }
    if *in_stock {
        words.push("--in-stock".to_owned());
    }
    words.join(" ")
}

/// Returns what limits the products that were ranked, in words.
pub(super) fn filters(wanted: &Wanted<'_>) -> Vec<String> {
    let filter = wanted.filter;
    let shops: Vec<String> = filter.shops.iter().map(|it| it.shown()).collect();
    let parts = [
        (!shops.is_empty()).then(|| format!("of {}", shops.join(" or "))),
        filter
            .product_type
            .as_ref()
            .map(|it| format!("of the type “{it}”")),
        filter
            .vendor
            .as_ref()
            .map(|it| format!("of the vendor “{it}”")),
        filter.currency.map(|it| format!("priced in {it}")),
        filter.in_stock.then(|| "that can be bought".to_owned()),
        filter.price_min.map(|it| format!("from {it}")),
        filter.price_max.map(|it| format!("up to {it}")),
        (wanted.min_coverage > 0.0).then(|| {
            format!(
                "with a coverage of {} or more",
                percent(wanted.min_coverage)
            )
        }),
    ];
    parts.into_iter().flatten().collect()
}

/// Returns a path as others may read it: one that begins at the root tells whose it is, so only its end is kept.
fn shown(path: &str) -> String {
    match Path::new(path).is_relative() {
        true => path.to_owned(),
        false => file_name(path),
    }
}

/// Returns what stands behind the last folder of a path.
pub(super) fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(|| path.to_owned(), |it| it.to_string_lossy().into_owned())
}

/// Quotes a word for a POSIX shell where that is needed.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:%,+@=".contains(it);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("shop.example"), "shop.example");
        assert_eq!(quoted("Tea & Co"), "'Tea & Co'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn paths_from_the_root_are_cut_to_their_names() {
        assert_eq!(shown("presets/mine.toml"), "presets/mine.toml");
        assert_eq!(shown("/home/someone/mine.toml"), "mine.toml");
        assert_eq!(shown("///home/someone/far.db"), "far.db");
        assert_eq!(shown("balanced"), "balanced");
    }
}
