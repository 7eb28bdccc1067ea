//! The ground of both maps: products as dots on the two principal components.

use std::collections::HashSet;

use plotters::coord::CoordTranslate;
use plotters::prelude::*;
use plotters::style::FontTransform;
use plotters::style::text_anchor::HPos;

use super::canvas::{Drawn, Failure, GRID, INK, SOFT_INK, Sheet, grouped, number, style};

pub(super) type Point = (i32, i32);

const WIDTH: i32 = 1000;
/// Where the dots are: left, top, right and bottom.
pub(super) const FRAME: [i32; 4] = [110, 118, 976, 678];
pub(super) const LEGEND_Y: i32 = 762;
pub(super) const LEGEND_LINE: i32 = 23;

/// Where the products of a set lie on its two principal components.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// Each product's place.
    pub places: Vec<[f64; 2]>,
    /// Each product's group, counted from 0; as long as `places`.
    pub groups: Vec<usize>,
    /// The share of the variance that each component has, from 0 to 1.
    pub shares: [f64; 2],
    /// What there is more and less of along each component, in words; may be empty.
    pub directions: [String; 2],
    /// The names of the metrics that span the space.
    pub metrics: Vec<String>,
    /// The most products that are drawn.
    pub max_points: usize,
}

impl Map {
    /// Returns whether one of the metrics is the simulated popularity.
    pub(super) fn is_simulated(&self) -> bool {
        is_simulated(&self.metrics)
    }
}

/// Returns whether one of these metrics is the simulated popularity of the classic score.
pub(super) fn is_simulated(metrics: &[String]) -> bool {
    metrics.iter().any(|it| it == "popularity_score")
}

/// The size of a sheet with that many lines of legend.
pub(super) fn size(n_lines: usize) -> (u32, u32) {
    let height = LEGEND_Y + LEGEND_LINE * n_lines as i32 + 6;
    (WIDTH as u32, height as u32)
}

pub(super) fn how_many(n_drawn: usize, n: usize) -> String {
    match n_drawn < n {
        true => format!("Drawn are {} of {}.", grouped(n_drawn), grouped(n)),
        false => String::new(),
    }
}

/// Draws the frame with its scales and returns where a place is on the sheet.
pub(super) fn axes(
    sheet: &Sheet<'_>,
    map: &Map,
) -> Result<impl Fn([f64; 2]) -> Point + use<>, Failure> {
    let [left, top, right, bottom] = FRAME;
    let (width, height) = sheet.dim_in_pixel();
    let [x, y] = [0, 1].map(|axis| range(map.places.iter().map(|place| place[axis])));
    let mut chart = ChartBuilder::on(sheet)
        .margin_left(left - 40)
        .margin_top(top)
        .margin_right(width as i32 - right)
        .margin_bottom(height as i32 - bottom - 24)
        .x_label_area_size(24)
        .y_label_area_size(40)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
    let tick = |value: &f64| number(*value, 1);
    chart
        .configure_mesh()
        .x_label_formatter(&tick)
        .y_label_formatter(&tick)
        .label_style(style(12, SOFT_INK, HPos::Left))
        .axis_style(SOFT_INK)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    axis_names(sheet, map)?;
    let coordinates = chart.as_coord_spec().clone();
    Ok(move |place: [f64; 2]| coordinates.translate(&(place[0], place[1])))
}

fn axis_names(sheet: &Sheet<'_>, map: &Map) -> Drawn {
    let [left, top, right, bottom] = FRAME;
    let middle = (i32::midpoint(left, right), i32::midpoint(top, bottom));
    let text = style(14, INK, HPos::Center);
    for (axis, lead) in ["to the right", "upwards"].into_iter().enumerate() {
        let percent = number(100.0 * map.shares[axis], 1);
        let name = format!("component {} ({percent} % of the variance)", axis + 1);
        let direction = match map.directions[axis].as_str() {
            "" => "the products do not differ".to_owned(),
            direction => format!("{lead}: {direction}"),
        };
        for (line, words) in (0..).zip([name, direction]) {
            let (style, at) = match axis {
                0 => (text.clone(), (middle.0, bottom + 36 + 19 * line)),
                _ => (
                    text.transform(FontTransform::Rotate270),
                    (left - 84 + 19 * line, middle.1),
                ),
            };
            sheet.draw_text(&words, &style, at)?;
        }
    }
    Ok(())
}

/// Draws dots, the smaller the more there are. A dot exactly on one of its colour is left out.
pub(super) fn dots(sheet: &Sheet<'_>, mut dots: Vec<(Point, RGBAColor)>) -> Drawn {
    let radius = match dots.len() {
        ..300 => 5,
        300..3_000 => 3,
        _ => 2,
    };
    let mut drawn = HashSet::with_capacity(dots.len());
    dots.retain(|&(at, colour)| drawn.insert((at, colour.rgb())));
    for (at, colour) in dots {
        sheet.draw(&Circle::new(at, radius, colour.filled()))?;
    }
    Ok(())
}

/// Returns the ends of an axis: somewhat beyond the values, and never both at one point.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), it| {
        (lo.min(it), hi.max(it))
    });
    if lo > hi {
        return (-0.5, 0.5);
    }
    // The metrics are scaled to 0..=1, so that less than this is next to nothing.
    let margin = (0.04 * (hi - lo)).max(0.5 - (hi - lo) / 2.0);
    (lo - margin, hi + margin)
}
