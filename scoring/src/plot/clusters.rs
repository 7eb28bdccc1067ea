//! The products in the colours of their groups.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::canvas::{Drawn, INK, SOFT_INK, Sheet, count_word, counted, head, style, svg};
use super::labels::{RADIUS, on};
use super::map::{FRAME, LEGEND_LINE, LEGEND_Y, Map, Point, axes, dots, how_many, size};
use crate::sample::sample;

/// The colours of Okabe and Ito ("Color Universal Design", 2008) that stand out from white, in an order that
/// sets the first ones far apart; more groups than colours begin again, and the letters still tell them apart.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x00, 0x00, 0x00),
];
/// A group of products on a [`Map`].
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// How many products are in it.
    pub size: usize,
    /// What marks it, in words.
    pub marks: String,
    /// The place of its centre.
    pub place: [f64; 2],
}

/// Draws the products in the colours of their `groups`, with a legend that says what marks each.
pub fn pca_clusters(map: &Map, groups: &[Group]) -> String {
    let n = map.places.len();
    let drawn = sample(&map.groups, map.max_points);
    svg(size(groups.len() + 1), |sheet| {
        let title = format!(
            "Groups of similar products: {} in {}",
            counted(n, "product"),
            counted(groups.len(), "group"),
        );
        let reading = format!(
            "Each dot is a product; dots close together have similar metrics. {}",
            how_many(drawn.len(), n),
        );
        let method = format!(
            "Colours are groups found by k-means in all {} metrics, which may overlap in two; \
             a letter is a group's centre.",
            count_word(map.metrics.len()),
        );
        head(sheet, &title, &[&reading, &method])?;
        let at = axes(sheet, map)?;
        let of_products = drawn.iter().map(|&index| {
            let colour = colour(map.groups[index]);
            (at(map.places[index]), colour.mix(0.6))
        });
        dots(sheet, of_products.collect())?;
        let centres: Vec<_> = groups.iter().map(|group| at(group.place)).collect();
        letters(sheet, &centres)?;
        for (line, (n, group)) in (0..).zip(groups.iter().enumerate()) {
            let y = LEGEND_Y + LEGEND_LINE * line;
            sheet.draw(&Circle::new((FRAME[0] + 12, y), 7, colour(n).filled()))?;
            let text = format!(
                "{}: {}; {}",
                letter(n),
                counted(group.size, "product"),
                group.marks
            );
            sheet.draw_text(&text, &style(14, INK, HPos::Left), (FRAME[0] + 34, y))?;
        }
        let last = LEGEND_Y + LEGEND_LINE * groups.len() as i32 + 4;
        let simulated = match map.is_simulated() {
            true => " Popularity is simulated from the product's id.",
            false => "",
        };
        let note =
            &format!("The words compare a group's mean with that of all products.{simulated}");
        sheet.draw_text(note, &style(13, SOFT_INK, HPos::Left), (FRAME[0], last))
    })
}

/// Writes each group's letter at its centre.
fn letters(sheet: &Sheet<'_>, centres: &[Point]) -> Drawn {
    let labels = on(centres);
    for (&centre, &label) in centres.iter().zip(&labels) {
        sheet.draw(&PathElement::new([centre, label], INK))?;
    }
    for (group, label) in labels.into_iter().enumerate() {
        sheet.draw(&Circle::new(label, RADIUS, WHITE.filled()))?;
        sheet.draw(&Circle::new(label, RADIUS, colour(group).stroke_width(3)))?;
        sheet.draw_text(&letter(group), &style(12, INK, HPos::Center), label)?;
    }
    Ok(())
}

const fn colour(group: usize) -> RGBColor {
    COLOURS[group % COLOURS.len()]
}

/// Returns what a group is called: A to Z, then numbers.
pub fn letter(group: usize) -> String {
    u8::try_from(group).ok().filter(|&it| it < 26).map_or_else(
        || (group + 1).to_string(),
        |it| char::from(b'A' + it).to_string(),
    )
}
