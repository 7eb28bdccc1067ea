//! What keeps a list from being as long as was asked, or from saying how sure it is.

use catalog::Ranking;
use scoring::balanced::Scores;
use scoring::preset::Method;

use super::Wanted;
use crate::output::grouped;

/// Something that leaves products out of a list.
#[derive(Debug)]
pub(super) struct Limit {
    /// The setting's name.
    pub(super) name: &'static str,
    words: String,
}

/// Returns what left products out of a list that has fewer places than were asked for and could be filled.
pub(super) fn of_short_list(ranking: &Ranking, wanted: &Wanted<'_>) -> Vec<Limit> {
    let n_listed = ranking.rows.len();
    let is_short = n_listed < wanted.k && (n_listed as u64) < ranking.n_ranked;
    let Method::Quantiles(settings) = &wanted.preset.method else {
        return vec![];
    };
    let cap = |name, most: u32, what: &str| {
        let words = format!("the preset's cap of {} per {what}", grouped(most.into()));
        (most > 0).then_some(Limit { name, words })
    };
    let limits = [
        cap("max_per_store", settings.max_per_store, "shop"),
        cap(
            "max_per_category",
            settings.max_per_category,
            "product type",
        ),
        (wanted.min_coverage > 0.0).then(|| Limit {
            name: "min_coverage",
            words: format!("--min-coverage {}", wanted.min_coverage),
        }),
    ];
    limits.into_iter().flatten().filter(|_| is_short).collect()
}

/// Returns why there are fewer places than asked for.
pub(super) fn short_words(limits: &[Limit], n_listed: usize, k: usize) -> Option<String> {
    let names: Vec<&str> = limits.iter().map(|it| it.words.as_str()).collect();
    let leave = match names.len() {
        0 => return None,
        1 => "leaves",
        _ => "leave",
    };
    let [n_listed, k] = [n_listed, k].map(|it| grouped(it as u64));
    let names = names.join(" and ");
    Some(format!(
        "{n_listed} of {k} places: {names} {leave} out the rest"
    ))
}

/// Returns why a list does not say how sure it is, though its preset draws weights.
pub(super) fn unsure_words(
    ranking: &Ranking,
    scores: &Scores,
    wanted: &Wanted<'_>,
) -> Option<String> {
    let most = scores.most_places_drawn(wanted.min_coverage)?;
    (ranking.stability.is_none() && !ranking.rows.is_empty()).then(|| {
        format!(
            "no p_top_k, rank_p5 and rank_p95: with these draws of the weights, a list of up to {} places has them",
            grouped(most as u64)
        )
    })
}
