//! Where a product stands in the ranking, and what that place owes to what.

use catalog::{FactSource, PopularitySource, ProductId, RankedRow, Ranking};

use crate::facts::sheet::Sheet;
use crate::facts::wording::{self, feature};

/// So many strong features are named, and so many weak ones.
const MAX_FEATURES: usize = 3;

/// Among so many first products a place is told to be.
const TIERS: [u32; 8] = [3, 10, 25, 50, 100, 250, 500, 1000];

/// Nothing but rounding.
const NOTHING: f64 = 1e-9;

pub(super) fn add(sheet: &mut Sheet, ranking: &Ranking, id: &ProductId) {
    let Some(row) = ranking.rows.iter().find(|row| row.product.id == *id) else {
        return;
    };
    let from = (FactSource::Ranking, Some(ranking.at));
    let preset = sheet.quoted(&ranking.preset, 40).unwrap_or_default();
    let sentences = match tier(ranking, row) {
        Some(n) => [
            format!("It is among the first {n} products of the ranking (preset {preset})."),
            format!("Il est parmi les {n} premiers produits du classement (préréglage {preset})."),
        ],
        None => [
            format!("It has a place in the ranking (preset {preset})."),
            format!("Il a une place dans le classement (préréglage {preset})."),
        ],
    };
    sheet.add("rank", from, sentences);
    features(sheet, ranking, row);
    if row.coverage < 1.0 {
        let share = wording::share(sheet.language, row.coverage);
        let sentences = [
            format!("{share} of what counts in the ranking is known of it."),
            format!("{share} de ce qui compte dans le classement est connu pour ce produit."),
        ];
        sheet.add("coverage", from, sentences);
    }
    simulated(sheet, ranking);
}

/// Returns among how many first products a row is, of steps that its place seldom leaves; `None` behind the last step,
/// and where all that were ranked are so few.
///
/// The place itself and the length of the list would make a new sheet, and so a text to pay for, of each product
/// whenever another one moves.
fn tier(ranking: &Ranking, row: &RankedRow) -> Option<u32> {
    let reached = TIERS.into_iter().find(|&n| row.rank <= n);
    reached.filter(|&n| u64::from(n) < ranking.n_ranked)
}

/// Says that the popularity is made up, where it is.
pub(in crate::facts) fn simulated(sheet: &mut Sheet, ranking: &Ranking) {
    if ranking.popularity_source == PopularitySource::Simulated {
        let sentences = [
            "The popularity in the ranking is simulated and says nothing about sales.".to_owned(),
            "La popularité dans le classement est simulée et ne dit rien des ventes.".to_owned(),
        ];
        sheet.add(
            "simulated",
            (FactSource::Ranking, Some(ranking.at)),
            sentences,
        );
    }
}

fn features(sheet: &mut Sheet, ranking: &Ranking, row: &RankedRow) {
    let from = (FactSource::Ranking, Some(ranking.at));
    let strong = strong(ranking, row);
    let weak = contributions(ranking, row).into_iter().rev();
    let weak = weak.filter(|(_, it)| *it < -NOTHING).map(|(name, _)| name);
    let names = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .map(|name| feature(sheet.language, name))
            .collect()
    };
    let strong = names(&strong);
    let weak = names(&weak.take(MAX_FEATURES).collect::<Vec<_>>());
    if !strong.is_empty() {
        let list = sheet.list(&strong);
        let sentences = match strong.len() {
            1 => [
                format!("Its strong point in the ranking is {list}."),
                format!("Son point fort dans le classement est {list}."),
            ],
            _ => [
                format!("Its strong points in the ranking are {list}."),
                format!("Ses points forts dans le classement sont {list}."),
            ],
        };
        sheet.add("strengths", from, sentences);
    }
    if !weak.is_empty() {
        let list = sheet.list(&weak);
        let sentences = match weak.len() {
            1 => [
                format!("Its weak point in the ranking is {list}."),
                format!("Son point faible dans le classement est {list}."),
            ],
            _ => [
                format!("Its weak points in the ranking are {list}."),
                format!("Ses points faibles dans le classement sont {list}."),
            ],
        };
        sheet.add("weaknesses", from, sentences);
    }
}

/// Returns the names of the features that add most to a row's score, most first.
pub(in crate::facts) fn strong<'a>(ranking: &'a Ranking, row: &RankedRow) -> Vec<&'a str> {
    let strong = contributions(ranking, row).into_iter();
    let strong = strong.filter(|(_, it)| *it > NOTHING).map(|(name, _)| name);
    strong.take(MAX_FEATURES).collect()
}

/// Returns each feature and what it adds, most first; equals in the ranking's order.
fn contributions<'a>(ranking: &'a Ranking, row: &RankedRow) -> Vec<(&'a str, f64)> {
    let names = ranking.features.iter().map(String::as_str);
    let mut all: Vec<(&str, f64)> = names.zip(row.contributions.iter().copied()).collect();
    all.sort_by(|one, two| two.1.total_cmp(&one.1));
    all
}
