//! What all pictures share: the sheet, its text and its colours.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The sheet that is drawn on, or a part of it.
pub(super) type Sheet<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), Failure>;
pub(super) type Failure = DrawingAreaErrorKind<std::io::Error>;

pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(super) const SOFT_INK: RGBColor = RGBColor(0x55, 0x55, 0x55);
pub(super) const GRID: RGBColor = RGBColor(0xE4, 0xE4, 0xE4);

/// Beyond this many characters a text of the user's is cut.
const MAX_NAME_CHARS: usize = 40;

/// Returns the SVG text of what `draw` draws on a white sheet of the given width and height in pixels.
pub(super) fn svg(size: (u32, u32), draw: impl FnOnce(&Sheet<'_>) -> Drawn) -> String {
    let mut text = String::new();
    {
        let sheet = SVGBackend::with_string(&mut text, size).into_drawing_area();
        let drawn = sheet.fill(&WHITE).and_then(|()| draw(&sheet));
        drawn
            .and_then(|()| sheet.present())
            .expect("memory can be written to");
    }
    text
}

/// Writes the title and, below it, lines that say how to read the picture.
pub(super) fn head(sheet: &Sheet<'_>, title: &str, lines: &[&str]) -> Drawn {
    sheet.draw_text(title, &style(20, INK, HPos::Left), (24, 28))?;
    for (n, line) in (0..).zip(lines) {
        sheet.draw_text(line, &style(14, SOFT_INK, HPos::Left), (24, 56 + 20 * n))?;
    }
    Ok(())
}

/// The style of a text `size_px` high that stands left of, around or right of its point, at half its height.
pub(super) fn style(size_px: u32, colour: RGBColor, from: HPos) -> TextStyle<'static> {
    // The backend divides by this number what it is given.
    let size = f64::from(size_px) * 1.24;
    ("sans-serif", size)
        .into_font()
        .color(&colour)
        .pos(Pos::new(from, VPos::Center))
}

/// Writes a number with separators: "20,000".
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a number with fixed decimals, a true minus, and no minus before a zero.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|it| matches!(it, b'0' | b'.')) => zero.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// Writes a count of things: "1 product", "20,000 products".
pub(super) fn counted(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(n))
}

/// Writes a small count as a word.
pub(super) fn count_word(n: usize) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    WORDS
        .get(n)
        .map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// Returns a name that came from outside as it can stand in a title: not too long, no control characters,
/// which XML forbids.
pub(super) fn name(text: &str) -> String {
    let mut chars = text.chars().map(|it| {
        if it.is_control() || matches!(it, '\u{FFFE}' | '\u{FFFF}') {
            ' '
        } else {
            it
        }
    });
    let mut short: String = chars.by_ref().take(MAX_NAME_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(counted(1_234_567, "product"), "1,234,567 products");
        assert_eq!(counted(1, "product"), "1 product");
    }

    #[test]
    fn numbers_have_a_true_minus_and_zero_has_none() {
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(-0.25, 2), "−0.25");
        assert_eq!(number(1.0, 1), "1.0");
    }

    #[test]
    fn foreign_names_are_short_and_printable() {
        assert_eq!(name("a\u{0}b\nc"), "a b c");
        assert_eq!(name(&"é".repeat(50)), "é".repeat(40) + "…");
    }
}
