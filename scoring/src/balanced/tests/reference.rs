use super::*;

/// A line of `testdata/balanced_48.csv`: a product, and what the reference program for the definition of the score
/// made of it.
struct Line {
    row: FeatureRow,
    rank: usize,
    score: f64,
    coverage: f64,
    contributions: [f64; 5],
}

/// Made-up products of four shops, with ties, without types, prices or dates, with and without reductions.
fn lines() -> Vec<Line> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/balanced_48.csv");
    let mut reader = csv::Reader::from_path(file).unwrap();
    let lines = reader.records().map(|record| {
        let record = record.unwrap();
        let number = |column: usize| record[column].parse::<f64>().ok();
        let count = |column: usize| record[column].parse::<u32>().unwrap();
        let mut row = product(&record[1], &record[0]);
        row.inputs = FeatureInputs {
            published_at: record[3].parse().ok().map(UnixMs::new),
            discount: number(4),
            price: number(5),
            availability: number(6),
            visible_chars: count(7),
            distinct_tags: count(8),
            num_images: count(9),
            num_variants: count(10),
            type_key: FeatureInputs::type_key(&record[2]),
        };
        Line {
            row,
            rank: record[11].parse().unwrap(),
            score: number(12).unwrap(),
            coverage: number(13).unwrap(),
            contributions: [14, 15, 16, 17, 18].map(|it| number(it).unwrap()),
        }
    });
    lines.collect()
}

#[test]
fn scores_order_and_contributions_are_those_of_the_reference() {
    let lines = lines();
    let now = UnixMs::parse("2026-01-01T00:00:00Z").unwrap();
    let settings = balanced();
    let mut table = Table::new(now, &settings);
    let histories = Histories::new(now);
    for Line { row, .. } in &lines {
        table.push(row, &histories);
    }
    let scores = Scores::of(table, &settings);
    let list = scores.top(lines.len());
    assert_eq!(list.places.len(), 48);
    for (place, at) in list.places.iter().zip(1..) {
        let line = &lines[place.index];
        assert_eq!(line.rank, at, "rank of {}", line.row.id);
        assert!((place.score - line.score).abs() <= 1e-12);
        assert!((place.coverage - line.coverage).abs() <= 1e-6);
        for (part, expected) in place.contributions[5..].iter().zip(line.contributions) {
            assert!((part - expected).abs() <= 1e-12, "{part} is not {expected}");
        }
    }
}
