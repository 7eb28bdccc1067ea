//! Results: to standard output, or to a file that is replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use catalog::ProductRow;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde::Serialize;

/// One line under the header and no others.
const TABLE_STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Writes a result and a line end to standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end())
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

/// Writes a result as JSON to standard output.
pub(crate) fn print_json(result: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string(result)?)
}

/// Writes a line to standard error. Nothing can be done if even that fails.
pub(crate) fn complain(text: &str) {
    for line in text.lines() {
        drop(writeln!(io::stderr(), "{}", printable(line)));
    }
}

/// Writes to `path` by `write`, or to standard output for `-`.
///
/// Parent folders are made. A regular file appears whole under its name, or stays what it was.
pub(crate) fn write_to(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let result = if path == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out).and_then(|()| out.flush())
    } else if fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        // A pipe or a device cannot be replaced.
        File::create(path).and_then(|mut file| write(&mut file))
    } else {
        replace(path, write)
    };
    result.with_context(|| match path == Path::new("-") {
        true => "cannot write to standard output".to_owned(),
        false => format!("cannot write {}", path.display()),
    })
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    if is_database(path) {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it is a SQLite database, perhaps a store, and is not replaced; name another file",
        ));
    }
    let parent = path.parent().unwrap_or_else(|| Path::new(""));
    fs::create_dir_all(parent)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = parent.join(format!(".{name}.{}.partial", std::process::id()));
    let mut file = BufWriter::new(File::create(&partial)?);
    let written = write(&mut file)
        .and_then(|()| file.flush())
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        drop(fs::remove_file(&partial));
    }
    written
}

fn is_database(path: &Path) -> bool {
    const BEGIN: [u8; 16] = *b"SQLite format 3\0";
    let mut begin = [0; BEGIN.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == BEGIN
}

/// Returns the absolute form of a path, for messages.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns a table with the given header; the columns of `numbers` are set to the right.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    numbers: &[usize],
    rows: Vec<[String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE).set_header(header);
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| printable(&cell))));
    for &index in numbers {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// Returns `text` on one line, without control characters and marks that turn or hide text: a shop's text must not
/// steer the terminal, nor forge a line of a table.
pub(crate) fn printable(text: &str) -> String {
    let is_mark = |it: char| matches!(it, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars()
        .filter(|&it| !is_mark(it))
        .map(|it| if it.is_whitespace() { ' ' } else { it })
        .map(|it| if it.is_control() { '\u{fffd}' } else { it })
        .collect()
}

/// Returns at most `most` characters of `text`, the last one `…` where something is left out.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Returns `1 row`, or `2,500 rows`.
pub(crate) fn counted(n: u64, what: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {what}{ending}", grouped(n))
}

/// Returns a share of 1 as whole percent, halves upwards: `31 %`. What is not all is never shown as 100, nor what is
/// something as 0.
pub(crate) fn percent(share: f64) -> String {
    let percent = (share * 100.0).round();
    let shown = match share {
        it if it < 1.0 && percent >= 100.0 => 99.0,
        it if it > 0.0 && percent <= 0.0 => 1.0,
        _ => percent,
    };
    format!("{shown:.0} %")
}

/// Returns a count with thin groups of three digits: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns `12.90 EUR`, or `12.90–1,299.00 EUR`; `None` for an unknown price.
pub(crate) fn price(product: &ProductRow) -> Option<String> {
    let code = match product.currency.is_known() {
        true => format!(" {}", product.currency),
        false => String::new(),
    };
    let least = grouped_decimal(&product.price_min?.to_string());
    Some(match product.price_max {
        Some(most) if product.price_min != Some(most) => {
            format!("{least}–{}{code}", grouped_decimal(&most.to_string()))
        }
        _ => format!("{least}{code}"),
    })
}

/// Sets commas between the thousands of a decimal number.
fn grouped_decimal(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    match whole.parse::<u64>() {
        Ok(whole) => format!("{}{rest}", grouped(whole)),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(
            [0, 12, 123, 1234, 1_234_567].map(grouped),
            ["0", "12", "123", "1,234", "1,234,567"]
        );
        assert_eq!(grouped_decimal("1234567.50"), "1,234,567.50");
    }

    #[test]
    fn shares_are_whole_percent() {
        assert_eq!(
            [0.0, 0.001, 0.424, 0.785, 0.805, 0.999, 1.0].map(percent),
            ["0 %", "1 %", "42 %", "79 %", "81 %", "99 %", "100 %"]
        );
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        write_to(&path, |out| out.write_all(b"old")).unwrap();
        let error = write_to(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(format!("{:#}", error.unwrap_err()).ends_with("list.csv: disk full"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_shops_text_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{7}"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(printable("one\n 2 two\u{202e}\u{61c}x"), "one  2 twox");
    }
}
