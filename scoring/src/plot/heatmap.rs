//! The correlations as a table of colours.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Drawn, GRID, INK, SOFT_INK, Sheet, counted, head, number, style, svg};

/// What the metrics are called, in one or two lines.
const NAMES: [[&str; 2]; 6] = [
    ["availability", "of variants"],
    ["number of", "tags"],
    ["average", "price"],
    ["number of", "images"],
    ["description", "length"],
    ["popularity", "(simulated)"],
];

const SIZE: (u32, u32) = (900, 770);
const CELL: i32 = 92;
/// The upper left corner of the table.
const CORNER: (i32, i32) = (166, 112);
/// Where the colour bar begins, and how wide it is.
const BAR_X: (i32, i32) = (766, 790);
const BAR_STEPS: i32 = 92;

/// The ends of the scale, the blue and the red of `ColorBrewer`'s "RdBu": told apart by colour-blind people too.
const NEGATIVE: RGBColor = RGBColor(0x21, 0x66, 0xAC);
const POSITIVE: RGBColor = RGBColor(0xB2, 0x18, 0x2B);
const NONE: RGBColor = RGBColor(0xD9, 0xD9, 0xD9);

/// Draws the correlations of the six metrics of `n_products` products; grey where there is none.
pub fn heatmap_correlation(correlation: &[[Option<f64>; 6]; 6], n_products: usize) -> String {
    svg(SIZE, |sheet| {
        let title = format!(
            "Which metrics go together? {}",
            counted(n_products, "product")
        );
        head(
            sheet,
            &title,
            &[
                "Red: both rise together. Blue: one falls where the other rises. White: neither tells anything",
                "about the other. The number is Pearson's correlation, from −1 to 1.",
            ],
        )?;
        cells(sheet, correlation)?;
        names(sheet)?;
        bar(sheet)?;
        let any_none = correlation.as_flattened().iter().any(Option::is_none);
        let notes = [
            "Popularity is simulated from the product's id: it says nothing about demand.",
            "Grey: a metric that is the same for all products has no correlation.",
        ];
        let last = if any_none { 2 } else { 1 };
        for (y, note) in (728..).step_by(20).zip(&notes[..last]) {
            sheet.draw_text(note, &style(13, SOFT_INK, HPos::Left), (24, y))?;
        }
        Ok(())
    })
}

fn cells(sheet: &Sheet<'_>, correlation: &[[Option<f64>; 6]; 6]) -> Drawn {
    for (y, row) in (CORNER.1..).step_by(CELL as usize).zip(correlation) {
        for (x, &value) in (CORNER.0..).step_by(CELL as usize).zip(row) {
            let cell = [(x + 1, y + 1), (x + CELL - 1, y + CELL - 1)];
            let fill = value.map_or(NONE, colour);
            sheet.draw(&Rectangle::new(cell, fill.filled()))?;
            sheet.draw(&Rectangle::new(cell, GRID))?;
            let ink = if value.is_some_and(|it| it.abs() > 0.55) {
                WHITE
            } else {
                INK
            };
            let middle = (x + CELL / 2, y + CELL / 2);
            let text = value.map_or_else(|| "none".to_owned(), |it| number(it, 2));
            sheet.draw_text(&text, &style(16, ink, HPos::Center), middle)?;
        }
    }
    Ok(())
}

fn names(sheet: &Sheet<'_>) -> Drawn {
    for (n, lines) in (0..).zip(NAMES) {
        for (at, line) in [-9, 9].into_iter().zip(lines) {
            let middle = CELL * n + CELL / 2 + at;
            let left = (CORNER.0 - 10, CORNER.1 + middle);
            sheet.draw_text(line, &style(14, INK, HPos::Right), left)?;
            let below = (CORNER.0 + middle - at, CORNER.1 + 6 * CELL + 20 + at);
            // Less room than on the left.
            sheet.draw_text(line, &style(12, INK, HPos::Center), below)?;
        }
    }
    Ok(())
}

/// The scale from 1 at the top to -1 at the bottom, whatever the values are.
fn bar(sheet: &Sheet<'_>) -> Drawn {
    let height = 6 * CELL;
    let step = height / BAR_STEPS;
    for n in 0..BAR_STEPS {
        let value = 1.0 - 2.0 * (f64::from(n) + 0.5) / f64::from(BAR_STEPS);
        let y = CORNER.1 + n * step;
        let rectangle = [(BAR_X.0, y), (BAR_X.1, y + step)];
        sheet.draw(&Rectangle::new(rectangle, colour(value).filled()))?;
    }
    let frame = [(BAR_X.0, CORNER.1), (BAR_X.1, CORNER.1 + height)];
    sheet.draw(&Rectangle::new(frame, SOFT_INK))?;
    let ticks = [
        (0, "1  together"),
        (1, "0.5"),
        (2, "0  unrelated"),
        (3, "−0.5"),
        (4, "−1  opposed"),
    ];
    for (quarter, text) in ticks {
        let y = CORNER.1 + quarter * height / 4;
        sheet.draw(&PathElement::new(
            [(BAR_X.1, y), (BAR_X.1 + 5, y)],
            SOFT_INK,
        ))?;
        sheet.draw_text(text, &style(13, INK, HPos::Left), (BAR_X.1 + 10, y))?;
    }
    Ok(())
}

/// Returns the colour of a correlation: white at 0.
fn colour(value: f64) -> RGBColor {
    let end = if value < 0.0 { NEGATIVE } else { POSITIVE };
    let towards = |end: u8| (255.0 + (f64::from(end) - 255.0) * value.abs()).round() as u8;
    RGBColor(towards(end.0), towards(end.1), towards(end.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_white_in_the_middle() {
        assert_eq!(colour(0.0), WHITE);
        assert_eq!(colour(1.0), POSITIVE);
        assert_eq!(colour(-1.0), NEGATIVE);
    }

    #[test]
    fn a_table_without_correlations_is_grey_and_says_why() {
        let svg = heatmap_correlation(&[[None; 6]; 6], 0);
        assert_eq!(svg.matches(">\nnone\n</text>").count(), 36);
        assert!(svg.contains("Grey: a metric that is the same"), "{svg}");
        assert!(!heatmap_correlation(&[[Some(0.5); 6]; 6], 9).contains("Grey"));
    }
}
