//! What a report says, as plain data: everything is worked out before a line of HTML is written.

use catalog::{Language, ProductRow, Ranking, ShopStatus, UnixMs};
use scoring::explain::Explanation;
use scoring::preset::Method;
use scoring::signals::Signal;

/// All that stands in a report.
#[derive(Debug)]
pub(super) struct ReportData {
    /// The heading that the user wants; `None` for one of ours.
    pub(super) title: Option<String>,
    /// Where the products are stored, without the folders: the file may be sent to anybody.
    pub(super) store: String,
    /// The command that makes this report again.
    pub(super) command: String,
    /// Which products were ranked, in words such as `in stock`; empty for all.
    pub(super) filters: Vec<String>,
    /// How the products were scored.
    pub(super) method: Method,
    /// The list. Its time is that of the report.
    pub(super) ranking: Ranking,
    /// Why each row has its place, row by row; empty where the preset has no such explanation.
    pub(super) explanations: Vec<Explanation>,
    /// What was seen of each of the first rows over time, row by row; empty where the explanations are.
    pub(super) signals: Vec<Vec<Signal>>,
    /// The stored summary of each row, row by row, where there is one.
    pub(super) texts: Vec<Option<ProductText>>,
    /// Features that are unknown of every row, for the same reason.
    pub(super) unknown_of_all: Vec<&'static str>,
    /// The shops whose products were ranked.
    pub(super) shops: Vec<ShopStatus>,
    /// What differs from an earlier list; `None` where there is none.
    pub(super) changes: Option<Changes>,
    /// Whole SVG files, each with a title and a sentence for those who cannot see it.
    pub(super) pictures: Vec<Picture>,
    /// Groups of similar products, the greatest first.
    pub(super) segments: Vec<Segment>,
    /// Products that are unlike all others, the most unlike first.
    pub(super) outliers: Vec<Outlier>,
    /// What goes with what, the strongest first; `None` where nobody looked, since it would have taken too long.
    pub(super) rules: Option<Vec<Rule>>,
}

/// Returns the features that are unknown of every product, for the same reason.
pub(super) fn unknown_of_all(explanations: &[Explanation]) -> Vec<&'static str> {
    let Some((first, others)) = explanations.split_first() else {
        return vec![];
    };
    let is_common = |index: usize| {
        let unknown = first.features[index].unknown;
        let same = |other: &Explanation| other.features[index].unknown == unknown;
        unknown.is_some() && others.iter().all(same)
    };
    let features = first.features.iter().enumerate();
    let common = features.filter(|(index, _)| is_common(*index));
    common.map(|(_, it)| it.feature).collect()
}

/// What differs between a list and an earlier one.
#[derive(Debug, PartialEq)]
pub(super) struct Changes {
    /// When the earlier list was made.
    pub(super) since: UnixMs,
    /// How many products were ranked then.
    pub(super) n_ranked: u64,
    /// How many places of both lists are compared: the shorter one's.
    pub(super) n_places: usize,
    /// Each row's place in the earlier list, row by row, as far as that list went: also behind the places compared.
    pub(super) old_ranks: Vec<Option<u32>>,
    /// Indices of the rows that were not among the places compared, best first.
    pub(super) entered: Vec<usize>,
    /// Indices of the rows with another place than before, the greatest move first.
    pub(super) moved: Vec<usize>,
    /// Products that are no longer among the places compared, with their old place, best first.
    pub(super) left: Vec<(u32, ProductRow)>,
}

/// The stored summary of a product.
#[derive(Debug)]
pub(super) struct ProductText {
    pub(super) language: Language,
    pub(super) headline: String,
    pub(super) text: String,
    pub(super) cautions: Vec<String>,
    /// Who wrote it, in its language.
    pub(super) by: String,
    /// What a caution begins with, in its language.
    pub(super) careful: &'static str,
    /// That it was made from other facts than are known now, in its language; `None` for one of these.
    pub(super) earlier: Option<&'static str>,
    pub(super) at: UnixMs,
}

/// A picture of the whole set.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    /// Our own drawing: the one text that is not escaped.
    pub(super) svg: String,
}

/// A group of similar products.
#[derive(Debug)]
pub(super) struct Segment {
    /// Its letter in the pictures.
    pub(super) letter: String,
    pub(super) n_products: usize,
    /// How many of its products are in the list.
    pub(super) n_listed: usize,
    /// What marks it.
    pub(super) words: String,
    /// The products nearest to its middle.
    pub(super) typical: Vec<ProductRow>,
}

/// A product that is unlike all others.
#[derive(Debug)]
pub(super) struct Outlier {
    pub(super) product: ProductRow,
    /// What is unusual about it.
    pub(super) words: String,
}

/// What goes with what.
#[derive(Debug)]
pub(super) struct Rule {
    /// Where these are …
    pub(super) given: String,
    /// … that is found more often than elsewhere.
    pub(super) found: String,
    pub(super) n_products: u64,
    pub(super) n_shops: u64,
    /// The share of the products with the first that have the second.
    pub(super) confidence: f64,
    /// How many times more often than among all products.
    pub(super) lift: f64,
}

impl ReportData {
    /// Returns whether scores are 0.5 and what the features add to it or take from it.
    pub(super) const fn is_around_half(&self) -> bool {
        matches!(self.method, Method::Quantiles(_))
    }
}

impl Changes {
    /// Compares `new` with `old`, over as many places as both have.
    pub(super) fn between(old: &Ranking, new: &Ranking) -> Self {
        let n_places = old.rows.len().min(new.rows.len());
        let old_ranks: std::collections::HashMap<_, _> = old
            .rows
            .iter()
            .map(|row| (&row.product.id, row.rank))
            .collect();
        let new_ids: std::collections::HashSet<_> = new.rows[..n_places]
            .iter()
            .map(|row| &row.product.id)
            .collect();
        let old_rank = |row: &catalog::RankedRow| old_ranks.get(&row.product.id).copied();
        let is_within = |rank: u32| rank as usize <= n_places;
        let distance = |index: &usize| {
            let row = &new.rows[*index];
            old_rank(row).map_or(0, |old| old.abs_diff(row.rank))
        };
        let entered =
            (0..n_places).filter(|&index| !old_rank(&new.rows[index]).is_some_and(is_within));
        let mut moved: Vec<usize> = (0..n_places)
            .filter(|index| old_rank(&new.rows[*index]).is_some_and(is_within))
            .filter(|index| distance(index) > 0)
            .collect();
        moved.sort_by_key(|index| std::cmp::Reverse(distance(index)));
        let left = old.rows[..n_places]
            .iter()
            .filter(|row| !new_ids.contains(&row.product.id))
            .map(|row| (row.rank, row.product.clone()));
        Self {
            since: old.at,
            n_ranked: old.n_ranked,
            n_places,
            entered: entered.collect(),
            moved,
            left: left.collect(),
            old_ranks: new.rows.iter().map(old_rank).collect(),
        }
    }
}
