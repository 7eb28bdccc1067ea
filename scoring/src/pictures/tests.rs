use catalog::MetricsRow;

use super::*;
use crate::classic;
use crate::kmeans::DEFAULT_K;
use crate::matrix::Matrix;
use crate::testing::{fixture, row};

fn of(rows: &[MetricsRow], k: usize) -> Pictures {
    let top: Vec<_> = classic::rank(rows, &classic::WEIGHTS, k)
        .iter()
        .map(|it| it.index)
        .collect();
    drawn(rows, &top, "classic")
}

fn drawn(rows: &[MetricsRow], top: &[usize], preset: &str) -> Pictures {
    let analysis = Analysis::of(Matrix::of(rows), DEFAULT_K);
    pictures(&analysis, top, preset, MAX_POINTS)
}

/// Checks what holds for every picture: one `svg` element, whose tags are all closed, and true numbers alone.
fn assert_sound(pictures: &Pictures) {
    for svg in [&pictures.heatmap, &pictures.clusters, &pictures.top_k] {
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{svg}"
        );
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        for number in ["NaN", "inf\"", "inf ", "-inf", "infinity"] {
            assert!(!svg.contains(number), "{number} in {svg}");
        }
        assert!(svg.len() < 2_000_000, "{} bytes", svg.len());
    }
}

#[test]
fn the_pictures_say_what_they_show() {
    let rows = fixture();
    let pictures = of(&rows, 20);
    assert_sound(&pictures);
    assert!(pictures.heatmap.contains("200 products"));
    assert!(pictures.heatmap.contains("simulated"));
    assert!(pictures.clusters.contains("200 products in 5 groups"));
    assert!(pictures.clusters.contains("\nA: "));
    assert!(
        pictures
            .top_k
            .contains("top 20 of 200 products, preset classic, popularity simulated")
    );
    let share = format!(
        "component 1 ({:.1} % of the variance)",
        100.0 * pca(&Matrix::of(&rows).moments()).share[0]
    );
    assert!(pictures.clusters.contains(&share) && pictures.top_k.contains(&share));
    // A diamond for each of the top and one for the legend.
    assert_eq!(pictures.top_k.matches("<polygon").count(), 21);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    assert_eq!(of(&fixture(), 20), of(&fixture(), 20));
}

#[test]
fn few_products_and_more_asked_for_than_there_are() {
    let rows = fixture();
    for n in 0..4 {
        let pictures = of(&rows[..n], 10);
        assert_sound(&pictures);
        for svg in [&pictures.heatmap, &pictures.clusters, &pictures.top_k] {
            let is_nothing = svg.contains("A picture needs three products at least.");
            assert_eq!(is_nothing, n < 3, "{n}");
        }
    }
    assert_sound(&of(&rows, 200));
    assert_sound(&drawn(&rows, &[], "classic"));
    assert_sound(&drawn(&rows, &[7, 7_000], "classic"));
}

#[test]
fn products_that_are_all_alike() {
    let pictures = of(&vec![row("1", [1.0; 5]); 50], 10);
    assert_sound(&pictures);
    assert!(pictures.heatmap.contains("Grey: a metric that is the same"));
    assert!(pictures.clusters.contains("50 products in 1 group"));
    assert!(pictures.clusters.contains("the products do not differ"));
}

#[test]
fn the_name_of_a_preset_is_escaped() {
    let pictures = drawn(&fixture(), &[0], "<script>\u{1}&\"");
    assert!(
        pictures
            .top_k
            .contains("preset &lt;script&gt; &amp;&quot;, popularity")
    );
}

#[test]
fn many_products_are_sampled_to_less_than_two_megabytes() {
    // Spread over the whole picture, so that hardly two dots are on one place.
    let spread = |n: u32, factor: u32| f64::from(n.wrapping_mul(factor) % 10_007) / 10_006.0;
    let rows: Vec<_> = (0..25_000)
        .map(|n| {
            let metrics = [spread(n, 7_919), 3.0, spread(n / 3, 104_729), 4.0, 5.0];
            row(&(u64::from(n) * 1_000_003).to_string(), metrics)
        })
        .collect();
    let pictures = of(&rows, 5_000);
    assert_sound(&pictures);
    assert!(pictures.clusters.contains("Drawn are 20,000 of 25,000."));
    assert!(pictures.top_k.contains("Drawn are 20,000 of 25,000."));
    assert!(
        pictures
            .top_k
            .contains("the top 5,000, of which the first 1,000 are drawn")
    );
    assert!(
        pictures.clusters.len() > 1_500_000,
        "{}",
        pictures.clusters.len()
    );
}

#[test]
fn any_number_of_columns_and_points_is_drawn() {
    let numbers = |j: usize| (0..200).map(move |n| ((n * (j + 3)) % 97) as f64 / 96.0);
    for n_columns in [0, 1, 2, 10, 16] {
        let names = (0..n_columns).map(|j| format!("long_name_{j}")).collect();
        let columns = (0..n_columns).map(|j| numbers(j).collect()).collect();
        let matrix = Matrix::new(200, names, columns).unwrap();
        let analysis = Analysis::of(matrix, DEFAULT_K);
        for max_points in [0, 1, 50, 500] {
            let pictures = pictures(&analysis, &[3, 1], "mine", max_points);
            assert_sound(&pictures);
            let is_nothing = pictures.top_k.contains("Nothing to draw of 200 products");
            assert_eq!(is_nothing, n_columns == 0);
            assert!(
                !pictures.top_k.contains("simulated") && !pictures.heatmap.contains("imulated")
            );
            let n_circles = pictures.clusters.matches("<circle").count();
            // Each group has a letter of two circles, and one circle in the legend.
            assert!(n_circles <= max_points + 3 * DEFAULT_K, "{n_circles}");
        }
    }
}

#[test]
fn the_words_name_the_columns_that_are_there() {
    let names = ["freshness", "listing"].map(str::to_owned).to_vec();
    let columns = vec![vec![0.0, 0.1, 0.9, 1.0], vec![0.5, 0.4, 0.5, 0.4]];
    let matrix = Matrix::new(4, names, columns).unwrap();
    let pictures = pictures(
        &Analysis::of(matrix, DEFAULT_K),
        &[0],
        "balanced",
        MAX_POINTS,
    );
    assert!(pictures.clusters.contains("to the right: fresh\n"));
    assert!(pictures.clusters.contains("k-means in all two metrics"));
}
