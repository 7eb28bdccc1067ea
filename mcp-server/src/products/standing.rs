//! A product's place in a ranking, as tools show it.

use catalog::ProductId;
use schemars::JsonSchema;
use serde::Serialize;

use super::rounded;
use crate::rankings::Standings;

/// A product's place.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Standing {
    /// The place, from 1.
    pub(crate) rank: u32,
    /// Of how many products.
    pub(crate) n_ranked: u64,
    pub(crate) score: f64,
    /// The share of the weights whose feature is known, 0 to 1.
    pub(crate) coverage: f64,
    /// The ranking.
    pub(crate) run_id: String,
    /// What features add to the score, the most first; those that add nothing are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) contributions: Vec<Contribution>,
}

/// What a feature adds to a score.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Contribution {
    pub(crate) feature: String,
    pub(crate) weight: f64,
    pub(crate) contribution: f64,
}

impl Standing {
    /// Returns a product's place in `standings`; `None` where it has none in the list as stored.
    pub(crate) fn of(standings: &Standings, id: &ProductId) -> Option<Self> {
        let ranking = &standings.ranking;
        let place = standings.place_of(id)?;
        let features = ranking.features.iter().zip(&ranking.weights);
        let mut contributions: Vec<Contribution> = features
            .zip(&place.contributions)
            .map(|((feature, weight), contribution)| Contribution {
                feature: feature.clone(),
                weight: rounded(*weight),
                contribution: rounded(*contribution),
            })
            .filter(|it| it.contribution.abs() > 0.0)
            .collect();
        contributions.sort_by(|one, two| two.contribution.abs().total_cmp(&one.contribution.abs()));
        Some(Self {
            rank: place.rank,
            n_ranked: ranking.n_ranked,
            score: rounded(place.score),
            coverage: rounded(place.coverage),
            run_id: standings.run_id(),
            contributions,
        })
    }

    /// Returns the same without what each feature adds.
    pub(crate) fn brief(self) -> Self {
        Self {
            contributions: Vec::new(),
            ..self
        }
    }
}
