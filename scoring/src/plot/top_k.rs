//! The top of a ranking among all products.

use std::collections::HashSet;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Drawn, INK, Sheet, counted, grouped, head, name, style, svg};
use super::labels::{RADIUS, beside};
use super::map::{FRAME, LEGEND_LINE, LEGEND_Y, Map, Point, axes, dots, how_many, size};
use crate::sample::sample;

/// The most products that are marked as top, at about twice the bytes of a dot.
const MAX_MARKS: usize = 1_000;
/// How many of the top have their rank written beside them.
const N_RANKS: usize = 10;

/// Half the width and height of a diamond.
const HALF: i32 = 6;

const PALE: RGBColor = RGBColor(0xC4, 0xCA, 0xD0);
const TOP: RGBColor = RGBColor(0xC0, 0x3A, 0x00);

/// Draws all products pale, and those of `top` (indices, best first) in another shape and colour on them.
///
/// The first ten have their rank beside them. Indices beyond the end are passed over.
pub fn pca_topk(map: &Map, top: &[usize], preset: &str) -> String {
    let n = map.places.len();
    let marked: Vec<usize> = top
        .iter()
        .copied()
        .filter(|&it| it < n)
        .take(MAX_MARKS.min(map.max_points / 2))
        .collect();
    // Where a diamond stands, a dot would only be hidden.
    let is_marked: HashSet<usize> = marked.iter().copied().collect();
    let others: Vec<usize> = (0..n).filter(|it| !is_marked.contains(it)).collect();
    let groups: Vec<usize> = others.iter().map(|&it| map.groups[it]).collect();
    let drawn = sample(&groups, map.max_points - is_marked.len());
    svg(size(2), |sheet| {
        let simulated = match map.is_simulated() {
            true => ", popularity simulated",
            false => "",
        };
        let title = format!(
            "Where the best stand: top {} of {}, preset {}{simulated}",
            grouped(top.len()),
            counted(n, "product"),
            name(preset),
        );
        let reading = format!(
            "Each dot is a product; dots close together have similar metrics. {}",
            how_many(drawn.len() + is_marked.len(), n),
        );
        head(
            sheet,
            &title,
            &[
                &reading,
                "Diamonds are the top of the ranking, with their rank up to the tenth. \
                 Where they crowd, the best are alike.",
            ],
        )?;
        let at = axes(sheet, map)?;
        let of_products = drawn
            .iter()
            .map(|&index| (at(map.places[others[index]]), PALE.to_rgba()));
        dots(sheet, of_products.collect())?;
        let marks: Vec<_> = marked.iter().map(|&index| at(map.places[index])).collect();
        // The best come last and so lie on top.
        for &mark in marks.iter().rev() {
            diamond(sheet, mark)?;
        }
        ranks(sheet, &marks)?;
        sheet.draw(&Circle::new((FRAME[0] + 12, LEGEND_Y), 4, PALE.filled()))?;
        diamond(sheet, (FRAME[0] + 12, LEGEND_Y + LEGEND_LINE))?;
        let of_marks = match marked.len() < top.len() {
            true => format!(", of which the first {} are drawn", grouped(marked.len())),
            false => String::new(),
        };
        let texts = [
            format!("all {}", counted(n, "product")),
            format!("the top {}{of_marks}", grouped(top.len())),
        ];
        for (y, text) in (LEGEND_Y..).step_by(LEGEND_LINE as usize).zip(texts) {
            sheet.draw_text(&text, &style(14, INK, HPos::Left), (FRAME[0] + 34, y))?;
        }
        Ok(())
    })
}

fn diamond(sheet: &Sheet<'_>, (x, y): Point) -> Drawn {
    let corners = [(x, y - HALF), (x + HALF, y), (x, y + HALF), (x - HALF, y)];
    sheet.draw(&Polygon::new(corners, TOP.filled()))?;
    let outline = corners.into_iter().chain([corners[0]]);
    sheet.draw(&PathElement::new(outline.collect::<Vec<_>>(), WHITE))
}

/// Writes the first ranks beside their marks.
fn ranks(sheet: &Sheet<'_>, marks: &[Point]) -> Drawn {
    let labelled = &marks[..marks.len().min(N_RANKS)];
    let labels = beside(labelled, marks, HALF);
    for (&mark, &label) in labelled.iter().zip(&labels) {
        sheet.draw(&PathElement::new([mark, label], INK))?;
    }
    for (rank, label) in (1..).zip(labels) {
        sheet.draw(&Circle::new(label, RADIUS, WHITE.filled()))?;
        sheet.draw(&Circle::new(label, RADIUS, INK))?;
        sheet.draw_text(&format!("{rank}"), &style(12, INK, HPos::Center), label)?;
    }
    Ok(())
}
