//! From numbers to a ranking: both ways of scoring, and what they have in common.

use anyhow::{Result, bail};
use catalog::{
    ListStability, MetricsRow, PopularitySource, ProductId, ProductRow, RankedRow, Ranking,
    Stability,
};
use scoring::balanced::Scores;
use scoring::classic;
use scoring::feature::Feature;
use scoring::matrix::Matrix;
use scoring::preset::{Method, Preset, Quantiles};

use super::Wanted;
use super::limits::{self, Limit};
use crate::App;
use crate::output::percent;

/// A ranking, with the numbers of all products that it was made of.
#[derive(Debug)]
pub(crate) struct Ranked {
    pub(crate) ranking: Ranking,
    /// How many places were asked for.
    pub(super) k: usize,
    /// What leaves products out of a list that is shorter than that.
    pub(super) left_out_by: Vec<Limit>,
    /// Features that are known of no product.
    pub(crate) unknown: Vec<&'static str>,
    /// The relative standard deviation of a drawn weight of a fifth.
    pub(super) spread: f64,
    pub(super) numbers: Numbers,
    /// The places of the ranking's rows in `numbers`.
    pub(crate) top: Vec<usize>,
}

/// What a ranking was made of.
#[derive(Debug)]
pub(super) enum Numbers {
    Metrics(Vec<MetricsRow>),
    Scores(Box<Scores>),
}

/// The first places of a ranking, before anybody looked up the products.
#[derive(Debug)]
pub(super) struct Chosen {
    numbers: Numbers,
    places: Vec<Place>,
    stability: Option<ListStability>,
}

#[derive(Debug)]
struct Place {
    index: usize,
    score: f64,
    coverage: f64,
    contributions: Vec<f64>,
    rank_uncapped: Option<u32>,
    stability: Option<Stability>,
    popularity: Option<PopularitySource>,
}

impl Chosen {
    /// Takes the best `k` of `rows` as the classic score has them.
    pub(super) fn of_metrics(rows: Vec<MetricsRow>, weights: &[f64; 6], k: usize) -> Self {
        let scored = classic::rank(&rows, weights, k);
        let places = scored.into_iter().map(|it| Place {
            index: it.index,
            score: it.score,
            coverage: 1.0,
            contributions: it.contributions.to_vec(),
            rank_uncapped: None,
            stability: None,
            popularity: None,
        });
        Self {
            places: places.collect(),
            numbers: Numbers::Metrics(rows),
            stability: None,
        }
    }

    /// Takes the best places that are covered as wanted.
    pub(super) fn of_scores(scores: Scores, wanted: &Wanted<'_>) -> Result<Self> {
        let list = scores.top_covered(wanted.k, wanted.min_coverage);
        if list.places.is_empty()
            && let Some(first) = scores.top(1).places.first()
        {
            bail!(
                "no product has a coverage of {} or more; the first one's is {}: lower --min-coverage",
                percent(wanted.min_coverage),
                percent(first.coverage)
            );
        }
        let places = list.places.into_iter().map(|it| Place {
            popularity: Some(scores.popularity(it.index)),
            index: it.index,
            score: it.score,
            coverage: it.coverage,
            contributions: it.contributions.to_vec(),
            rank_uncapped: Some(it.rank_uncapped),
            stability: it.stability,
        });
        Ok(Self {
            places: places.collect(),
            numbers: Numbers::Scores(Box::new(scores)),
            stability: list.stability,
        })
    }

    /// Returns where the chosen stand among all products, best first.
    pub(super) fn indices(&self) -> Vec<usize> {
        self.places.iter().map(|it| it.index).collect()
    }

    /// Returns the ids of the chosen, best first.
    pub(super) fn ids(&self) -> Vec<ProductId> {
        let places = self.places.iter();
        places.map(|it| self.numbers.id(it.index)).collect()
    }

    /// Joins the places with their products, which come in the same order; notes what keeps the list short or unsure.
    pub(super) fn ranking(
        self,
        products: Vec<ProductRow>,
        wanted: &Wanted<'_>,
        app: &App,
    ) -> Ranked {
        let top = self.indices();
        let rows = self.places.into_iter().zip(products).zip(1..);
        let rows: Vec<RankedRow> = rows
            .map(|((place, product), rank)| RankedRow {
                rank,
                score: place.score,
                coverage: place.coverage,
                contributions: place.contributions,
                rank_uncapped: place.rank_uncapped,
                stability: place.stability,
                popularity: place.popularity,
                product,
            })
            .collect();
        let facts = Facts::of(wanted.preset);
        let ranking = Ranking {
            at: app.clock.now(),
            preset: wanted.preset.name.clone(),
            features: facts.features,
            weights: facts.weights,
            n_ranked: self.numbers.len() as u64,
            popularity_source: best_popularity(&rows).unwrap_or(facts.popularity_source),
            filter: Some(wanted.filter.clone()),
            stability: self.stability,
            rows,
        };
        let left_out_by = limits::of_short_list(&ranking, wanted);
        let short = limits::short_words(&left_out_by, ranking.rows.len(), wanted.k);
        let unsure = match &self.numbers {
            Numbers::Scores(scores) => limits::unsure_words(&ranking, scores, wanted),
            Numbers::Metrics(_) => None,
        };
        for words in [short, unsure].into_iter().flatten() {
            app.screen.note(&words);
        }
        Ranked {
            ranking,
            k: wanted.k,
            left_out_by,
            unknown: unknown(wanted.preset, |feature| self.numbers.knows(feature)),
            spread: facts.spread,
            top,
            numbers: self.numbers,
        }
    }
}

impl Ranked {
    /// Returns the id of a product by its place in the numbers.
    pub(crate) fn id(&self, index: usize) -> ProductId {
        self.numbers.id(index)
    }

    /// Returns the numbers of all products that were ranked, as the pictures take them.
    pub(crate) fn matrix(&self) -> Matrix {
        match &self.numbers {
            Numbers::Metrics(rows) => Matrix::of(rows),
            Numbers::Scores(scores) => scores.utilities(),
        }
    }
}

impl Numbers {
    fn id(&self, index: usize) -> ProductId {
        match self {
            Self::Metrics(rows) => rows[index].id.clone(),
            Self::Scores(scores) => scores.id(index),
        }
    }

    /// Returns whether a feature is known of some product.
    fn knows(&self, feature: Feature) -> bool {
        match self {
            Self::Metrics(_) => true,
            Self::Scores(scores) => scores.knows(feature),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Metrics(rows) => rows.len(),
            Self::Scores(scores) => scores.len(),
        }
    }
}

/// Returns the features that `preset` weighs and that `is_known` knows of no product.
pub(crate) fn unknown(preset: &Preset, is_known: impl Fn(Feature) -> bool) -> Vec<&'static str> {
    let Method::Quantiles(settings) = &preset.method else {
        return vec![];
    };
    let features = Feature::ALL.into_iter().zip(settings.weights);
    features
        .filter(|(feature, weight)| *weight > 0.0 && !is_known(*feature))
        .map(|(feature, _)| feature.name())
        .collect()
}

/// Returns the best source of a popularity that a row has; `None` where no row says.
fn best_popularity(rows: &[RankedRow]) -> Option<PopularitySource> {
    use PopularitySource::{Estimated, Observed, Unavailable};
    let has = |wanted: &PopularitySource| rows.iter().any(|row| row.popularity == Some(*wanted));
    [Observed, Estimated, Unavailable].into_iter().find(has)
}

/// What a ranking says of its preset.
struct Facts {
    features: Vec<String>,
    weights: Vec<f64>,
    popularity_source: PopularitySource,
    spread: f64,
}

impl Facts {
    fn of(preset: &Preset) -> Self {
        match &preset.method {
            Method::MinMax(weights) => Self {
                features: classic::FEATURES.map(str::to_owned).to_vec(),
                weights: weights.to_vec(),
                popularity_source: PopularitySource::Simulated,
                spread: 0.0,
            },
            Method::Quantiles(settings) => Self {
                features: Feature::ALL.map(|it| it.name().to_owned()).to_vec(),
                weights: settings.weights.to_vec(),
                popularity_source: PopularitySource::Unavailable,
                spread: spread(settings),
            },
        }
    }
}

/// Returns the relative standard deviation of a weight of a fifth under the Dirichlet distribution:
/// `sqrt((1 - s) / (s (c + 1)))`.
fn spread(settings: &Quantiles) -> f64 {
    (0.8 / (0.2 * (settings.concentration + 1.0))).sqrt()
}
