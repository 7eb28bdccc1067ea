//! The products of a list that `rank` or `export` wrote.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use catalog::ProductId;

use crate::exit::UsageError;
use crate::output::{grouped, printable, shortened};

/// The greatest size of a list.
const MAX_BYTES: u64 = 64 << 20;

/// The most products of a list.
const MAX_ROWS: usize = 100_000;

/// The column that names the products.
const COLUMN: &str = "product_id";

/// Returns the products of the list at `path` in its order, each once, `most` at most.
pub(super) fn products(path: &Path, most: Option<usize>) -> Result<Vec<ProductId>> {
    let context = || format!("cannot read the list {}", path.display());
    let text = text(path).with_context(context)?;
    // As `--format excel` writes it, a list begins with a mark and has other separators.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(',') { b',' } else { b';' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut columns = reader.headers().with_context(context)?.iter();
    let Some(column) = columns.position(|it| it == COLUMN) else {
        return Err(UsageError(format!(
            "{} has no column {COLUMN}: take a list that `trouvaille rank` or `trouvaille export top-k` wrote",
            path.display()
        ))
        .into());
    };
    let mut ids: Vec<ProductId> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for row in reader.records() {
        let row = row.with_context(context)?;
        let cell = row.get(column).unwrap_or_default();
        let Ok(id) = cell.parse::<ProductId>() else {
            let line = row.position().map_or(0, csv::Position::line);
            let cell = shortened(&printable(cell), 60);
            bail!("{}: line {line}: {cell:?} is no {COLUMN}", context());
        };
        if seen.insert(id.clone()) {
            ids.push(id);
        }
        if most.is_some_and(|most| ids.len() >= most) {
            break;
        }
        if ids.len() > MAX_ROWS {
            let most = grouped(MAX_ROWS as u64);
            bail!(
                "{}: more than {most} products; take the first with -k",
                context()
            );
        }
    }
    if ids.is_empty() {
        bail!("{}: it has no rows", context());
    }
    Ok(ids)
}

fn text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("it is larger than {} MB", MAX_BYTES >> 20);
    }
    String::from_utf8(bytes).context("it is no UTF-8 text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], most: Option<usize>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("top_k.csv");
        std::fs::write(&path, bytes).unwrap();
        let ids = products(&path, most).map_err(|it| format!("{it:#}"))?;
        Ok(ids.into_iter().map(|it| it.to_string()).collect())
    }

    #[test]
    fn products_are_read_from_either_form_of_list() {
        let (one, two) = ("shopify:shop.example:1", "shopify:shop.example:2");
        let csv = format!("rank,title,product_id\n1,\"a, b\n c\",{one}\n2,x,{two}\n3,y,{one}\n");
        assert_eq!(read(csv.as_bytes(), None).unwrap(), [one, two]);
        assert_eq!(read(csv.as_bytes(), Some(1)).unwrap(), [one]);
        let excel = format!("\u{feff}rank;product_id\r\n1;{two}\r\n");
        assert_eq!(read(excel.as_bytes(), None).unwrap(), [two]);
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_place() {
        for (bytes, words) in [
            (&b""[..], "no column product_id"),
            (b"rank,id\n1,2\n", "no column product_id"),
            (b"product_id\n", "it has no rows"),
            (
                b"product_id\n\x1b[31mx\n",
                "line 2: \"\u{fffd}[31mx\" is no product_id",
            ),
            (b"rank,product_id\n1\n", "cannot read the list"),
            (b"product_id\n\xff\n", "no UTF-8 text"),
        ] {
            let error = read(bytes, None).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
