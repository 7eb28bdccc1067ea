//! The correlations as a table of colours.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Drawn, GRID, INK, SOFT_INK, Sheet, counted, head, name, number, style, svg};
use super::map::is_simulated;

/// What metrics are called whose names say too little, in two lines.
const NAMES: [(&str, [&str; 2]); 9] = [
    ("available_ratio", ["availability", "of variants"]),
    ("num_tags", ["number of", "tags"]),
    ("avg_price", ["average", "price"]),
    ("num_images", ["number of", "images"]),
    ("description_length", ["description", "length"]),
    ("popularity_score", ["popularity", "(simulated)"]),
    ("demand", ["units", "sold"]),
    ("stockout", ["stock-outs,", "restocks"]),
    ("price_position", ["how usual", "the price is"]),
];

/// The upper left corner of the table.
const CORNER: (i32, i32) = (166, 112);
/// How much of the sheet is right of the table, and below it.
const MARGINS: (i32, i32) = (182, 106);
/// A sheet has room for its title.
const MIN_WIDTH: i32 = 900;
/// From the table to the colour bar, and the bar's width.
const BAR_GAP: i32 = 48;
const BAR_WIDTH: i32 = 24;
const BAR_STEP: i32 = 6;

/// The ends of the scale, the blue and the red of `ColorBrewer`'s "RdBu": told apart by colour-blind people too.
const NEGATIVE: RGBColor = RGBColor(0x21, 0x66, 0xAC);
const POSITIVE: RGBColor = RGBColor(0xB2, 0x18, 0x2B);
const NONE: RGBColor = RGBColor(0xD9, 0xD9, 0xD9);

/// A table of square cells.
#[derive(Debug, Clone, Copy)]
struct Grid {
    cell: i32,
    /// The width and height of all cells.
    side: i32,
}

/// Draws the correlations of `metrics` over `n_products` products; grey where there is none.
pub fn heatmap_correlation(
    correlation: &[Vec<Option<f64>>],
    metrics: &[String],
    n_products: usize,
) -> String {
    let grid = Grid::of(metrics.len());
    svg(grid.size(), |sheet| {
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
        cells(sheet, grid, correlation)?;
        names(sheet, grid, metrics)?;
        bar(sheet, grid)?;
        let mut notes = Vec::new();
        if is_simulated(metrics) {
            notes.push(
                "Popularity is simulated from the product's id: it says nothing about demand.",
            );
        }
        if correlation.iter().flatten().any(Option::is_none) {
            notes.push("Grey: a metric that is the same for all products has no correlation.");
        }
        let first = CORNER.1 + grid.side + 64;
        for (y, note) in (first..).step_by(20).zip(notes) {
            sheet.draw_text(note, &style(13, SOFT_INK, HPos::Left), (24, y))?;
        }
        Ok(())
    })
}

impl Grid {
    /// Makes the cells of many metrics smaller. The height of the bar is a multiple of its steps.
    fn of(n_metrics: usize) -> Self {
        let cell = if n_metrics > 6 { 78 } else { 92 };
        // A matrix has few columns.
        let side = cell * n_metrics as i32;
        Self { cell, side }
    }

    fn size(self) -> (u32, u32) {
        let width = (CORNER.0 + self.side + MARGINS.0).max(MIN_WIDTH);
        let height = CORNER.1 + self.side + MARGINS.1;
        (width as u32, height as u32)
    }
}

fn cells(sheet: &Sheet<'_>, grid: Grid, correlation: &[Vec<Option<f64>>]) -> Drawn {
    let width = grid.cell;
    let step = width as usize;
    for (y, row) in (CORNER.1..).step_by(step).zip(correlation) {
        for (x, &value) in (CORNER.0..).step_by(step).zip(row) {
            let cell = [(x + 1, y + 1), (x + width - 1, y + width - 1)];
            let fill = value.map_or(NONE, colour);
            sheet.draw(&Rectangle::new(cell, fill.filled()))?;
            sheet.draw(&Rectangle::new(cell, GRID))?;
            let ink = if value.is_some_and(|it| it.abs() > 0.55) {
                WHITE
            } else {
                INK
            };
            let middle = (x + width / 2, y + width / 2);
            let text = value.map_or_else(|| "none".to_owned(), |it| number(it, 2));
            sheet.draw_text(&text, &style(16, ink, HPos::Center), middle)?;
        }
    }
    Ok(())
}

fn names(sheet: &Sheet<'_>, grid: Grid, metrics: &[String]) -> Drawn {
    for (n, metric) in (0..).zip(metrics) {
        let lines = lines(metric);
        let height = if lines.len() > 1 { 9 } else { 0 };
        for (at, line) in [-height, height].into_iter().zip(&lines) {
            let middle = grid.cell * n + grid.cell / 2 + at;
            let left = (CORNER.0 - 10, CORNER.1 + middle);
            sheet.draw_text(line, &style(14, INK, HPos::Right), left)?;
            let below = (CORNER.0 + middle - at, CORNER.1 + grid.side + 20 + at);
            // Less room than on the left.
            sheet.draw_text(line, &style(12, INK, HPos::Center), below)?;
        }
    }
    Ok(())
}

/// Returns what a metric is called, in one line or two.
fn lines(metric: &str) -> Vec<String> {
    let known = NAMES.iter().find(|(known, _)| *known == metric);
    match known {
        Some((_, lines)) => lines.map(str::to_owned).to_vec(),
        None => metric
            .splitn(2, '_')
            .map(|it| name(&it.replace('_', " ")))
            .collect(),
    }
}

/// The scale from 1 at the top to -1 at the bottom, whatever the values are.
fn bar(sheet: &Sheet<'_>, grid: Grid) -> Drawn {
    let height = grid.side;
    let left = CORNER.0 + grid.side + BAR_GAP;
    let right = left + BAR_WIDTH;
    let n_steps = height / BAR_STEP;
    for n in 0..n_steps {
        let value = 1.0 - 2.0 * (f64::from(n) + 0.5) / f64::from(n_steps);
        let y = CORNER.1 + n * BAR_STEP;
        let rectangle = [(left, y), (right, y + BAR_STEP)];
        sheet.draw(&Rectangle::new(rectangle, colour(value).filled()))?;
    }
    let frame = [(left, CORNER.1), (right, CORNER.1 + height)];
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
        sheet.draw(&PathElement::new([(right, y), (right + 5, y)], SOFT_INK))?;
        sheet.draw_text(text, &style(13, INK, HPos::Left), (right + 10, y))?;
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
        let names: Vec<_> = ["a", "num_tags", "shelf_life_days"]
            .map(str::to_owned)
            .to_vec();
        let svg = heatmap_correlation(&vec![vec![None; 3]; 3], &names, 0);
        assert_eq!(svg.matches(">\nnone\n</text>").count(), 9);
        assert!(svg.contains("Grey: a metric that is the same"), "{svg}");
        assert!(svg.contains("shelf\n") && svg.contains("life days\n"));
        let svg = heatmap_correlation(&vec![vec![Some(0.5); 3]; 3], &names, 9);
        assert!(!svg.contains("Grey"));
    }
}
