//! Shops as a person names them: on the command line, in a file, in the configuration.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use catalog::{Shop, ShopStatus, Store};

use crate::App;
use crate::exit::UsageError;
use crate::output;

/// The most bytes of a list of shops.
const MAX_LIST_BYTES: u64 = 16 << 20;

/// Returns the shops at `addresses` and in the list `from`, one per line; `-` is standard input.
pub(crate) fn named(addresses: &[String], from: Option<&Path>) -> Result<Vec<Shop>, UsageError> {
    let mut shops = Vec::new();
    for address in addresses {
        shops.push(crawler::shop_at(address).map_err(|error| UsageError(error.to_string()))?);
    }
    let Some(path) = from else {
        return Ok(shops);
    };
    let text = read_list(path).map_err(|error| UsageError(format!("{error:#}")))?;
    let n_named = shops.len();
    let text = text.trim_start_matches('\u{feff}');
    for (line, number) in text.lines().zip(1..) {
        let address = line.split('#').next().unwrap_or_default().trim();
        if !address.is_empty() {
            let shop = crawler::shop_at(address);
            let place = || format!("{} line {number}", path.display());
            shops.push(shop.map_err(|error| UsageError(format!("{}: {error}", place())))?);
        }
    }
    if shops.len() == n_named {
        return Err(UsageError(format!("{} names no shops", path.display())));
    }
    Ok(shops)
}

fn read_list(path: &Path) -> Result<String> {
    let mut text = String::new();
    let context = || format!("cannot read the list of shops {}", path.display());
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(MAX_LIST_BYTES)
            .read_to_string(&mut text)
    } else {
        File::open(path)
            .with_context(context)?
            .take(MAX_LIST_BYTES)
            .read_to_string(&mut text)
    }
    .with_context(context)?;
    Ok(text)
}

/// Stores the configured shops that are not stored yet, and returns all that are.
pub(crate) async fn stored_and_configured(store: &dyn Store, app: &App) -> Result<Vec<ShopStatus>> {
    let stored = store.shops().await?;
    let is_stored = |shop: &Shop| stored.iter().any(|status| status.shop.key == shop.key);
    let mut n_added = 0;
    for shop in app.config.shops().iter().filter(|shop| !is_stored(shop)) {
        n_added += u64::from(store.add_shop(shop, app.clock.now()).await?);
    }
    if n_added == 0 {
        return Ok(stored);
    }
    let added = output::counted(n_added, "shop");
    app.screen
        .note(&format!("added {added} of the configuration"));
    Ok(store.shops().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_begin_with_a_byte_order_mark_and_have_lines_of_windows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shops.txt");
        let list = "\u{feff}https://a.example\r\n\r\n# none\r\nhttps://b.example # two\r\n";
        std::fs::write(&path, list).unwrap();
        let shops = named(&[], Some(&path)).unwrap();
        let keys: Vec<&str> = shops.iter().map(|shop| shop.key.as_str()).collect();
        assert_eq!(keys, ["a.example", "b.example"]);
    }
}
