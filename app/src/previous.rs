//! Finds the ranking that another one is compared with.

use catalog::{
    ProductFilter, Ranking, Record, RecordKey, RecordKind, ShopStatus, Store, StoreError, UnixMs,
};

const DAY_MS: i64 = 86_400_000;

/// Returns the newest stored ranking of the same preset, weights and filter that was made from an earlier state of the
/// data: before the newest crawl of `shops` ended. Where there is none, the newest one before `new`.
pub(crate) async fn ranking(
    store: &dyn Store,
    new: &Ranking,
    shops: &[ShopStatus],
) -> Result<Option<Ranking>, StoreError> {
    let ends = shops
        .iter()
        .filter_map(|it| it.last_crawl.as_ref()?.finished_at);
    let newest_end = ends.max().filter(|&end| end < new.at);
    if let Some(end) = newest_end
        && let Some(found) = newest_before(store, end, new).await?
    {
        return Ok(Some(found));
    }
    newest_before(store, new.at, new).await
}

/// Returns the newest ranking before `end` with the preset, the weights and the filter of `like`.
///
/// A store gives them oldest first and may have thousands, each with thousands of rows: this looks at the last day,
/// then at the two days before, then at the four before these, and has two in memory at most.
async fn newest_before(
    store: &dyn Store,
    end: UnixMs,
    like: &Ranking,
) -> Result<Option<Ranking>, StoreError> {
    let mut end = end;
    let mut span_ms = DAY_MS;
    loop {
        let begin = UnixMs::new(end.ms().saturating_sub(span_ms));
        let found = newest_between(store, begin, end, like).await?;
        // The calendar ends there.
        if found.is_some() || begin == UnixMs::new(i64::MIN) {
            return Ok(found);
        }
        end = begin;
        span_ms = span_ms.saturating_mul(2);
    }
}

async fn newest_between(
    store: &dyn Store,
    begin: UnixMs,
    end: UnixMs,
    like: &Ranking,
) -> Result<Option<Ranking>, StoreError> {
    let mut newest = None;
    let mut after = RecordKey::Ranking(begin, String::new());
    loop {
        let records = store.records(RecordKind::Ranking, Some(&after), 1).await?;
        let Some(Record::Ranking(ranking)) = records.into_iter().next() else {
            return Ok(newest);
        };
        if ranking.at >= end {
            return Ok(newest);
        }
        after = RecordKey::Ranking(ranking.at, ranking.preset.clone());
        if is_same_way(&ranking, like) {
            newest = Some(*ranking);
        }
    }
}

/// Returns whether both rankings were made with one preset, of what passes one filter: a file may keep its name and
/// change its weights.
fn is_same_way(one: &Ranking, two: &Ranking) -> bool {
    one.preset == two.preset
        && one.features == two.features
        && one.weights == two.weights
        && filter(one) == filter(two)
}

/// Returns a ranking's filter, the same for all that pass the same products. Rankings of old do not tell theirs: they are
/// taken for those of all products.
fn filter(ranking: &Ranking) -> ProductFilter {
    let mut filter = ranking.filter.clone().unwrap_or_default();
    filter.shops.sort();
    filter.shops.dedup();
    for text in [&mut filter.product_type, &mut filter.vendor] {
        *text = text.as_ref().map(|it| it.trim().to_lowercase());
    }
    filter
}

#[cfg(test)]
mod tests {
    use catalog::PopularitySource;
    use store::OpenMode;

    use super::*;

    fn ranking_of(preset: &str, at: &str) -> Ranking {
        Ranking {
            at: UnixMs::parse(at).unwrap(),
            preset: preset.to_owned(),
            features: vec![],
            weights: vec![],
            n_ranked: 0,
            popularity_source: PopularitySource::Unavailable,
            filter: None,
            stability: None,
            rows: vec![],
        }
    }

    #[tokio::test]
    async fn the_newest_of_the_preset_is_found_however_old_it_is() {
        let store = store::open("sqlite::memory:", OpenMode::Create)
            .await
            .unwrap();
        let found = async |end: &str, preset: &str| {
            let end = UnixMs::parse(end).unwrap();
            let like = ranking_of(preset, "2026-11-21T09:00:00Z");
            let found = newest_before(store.as_ref(), end, &like).await.unwrap();
            found.map(|it| it.at.to_string())
        };
        assert_eq!(found("2026-11-21T09:00:00Z", "balanced").await, None);
        for (preset, at) in [
            ("balanced", "1994-02-03T00:00:00Z"),
            ("balanced", "2026-11-19T08:00:00Z"),
            ("balanced", "2026-11-19T09:00:00Z"),
            ("classic", "2026-11-20T09:00:00Z"),
            ("balanced", "2026-11-21T09:00:00Z"),
        ] {
            store.save_ranking(&ranking_of(preset, at)).await.unwrap();
        }
        for (end, preset, at) in [
            (
                "2026-11-21T09:00:00.001Z",
                "balanced",
                "2026-11-21T09:00:00Z",
            ),
            ("2026-11-21T09:00:00Z", "balanced", "2026-11-19T09:00:00Z"),
            ("2026-11-19T09:00:00Z", "balanced", "2026-11-19T08:00:00Z"),
            ("2026-11-19T08:00:00Z", "balanced", "1994-02-03T00:00:00Z"),
            ("2026-11-21T09:00:00Z", "classic", "2026-11-20T09:00:00Z"),
        ] {
            assert_eq!(found(end, preset).await.as_deref(), Some(at), "{end}");
        }
        assert_eq!(found("1994-02-03T00:00:00Z", "balanced").await, None);
        let mut like = ranking_of("balanced", "2026-11-22T09:00:00Z");
        like.features = vec!["listing".to_owned()];
        like.weights = vec![0.1];
        let newest = async |like: &Ranking| newest_before(store.as_ref(), like.at, like).await;
        assert_eq!(newest(&like).await.unwrap(), None, "other features");
        store.save_ranking(&like).await.unwrap();
        like.at = UnixMs::parse("2026-11-23T09:00:00Z").unwrap();
        assert!(newest(&like).await.unwrap().is_some());
        like.weights = vec![0.3];
        assert_eq!(newest(&like).await.unwrap(), None, "other weights");
    }

    #[test]
    fn rankings_of_other_products_are_not_compared() {
        let of = |shops: &[&str], product_type: Option<&str>| Ranking {
            filter: Some(ProductFilter {
                shops: shops.iter().map(|it| it.parse().unwrap()).collect(),
                product_type: product_type.map(str::to_owned),
                ..ProductFilter::default()
            }),
            ..ranking_of("balanced", "2026-11-21T09:00:00Z")
        };
        let of_old = ranking_of("balanced", "2026-11-20T09:00:00Z");
        let all = of(&[], None);
        let (north, south) = ("north.example", "south.example");
        assert!(is_same_way(&of_old, &all) && is_same_way(&all, &all));
        assert!(!is_same_way(&of_old, &of(&[north], None)));
        assert!(!is_same_way(&all, &of(&[north], None)));
        assert!(!is_same_way(&of(&[south], None), &of(&[north], None)));
        assert!(!is_same_way(
            &of(&[north], Some("Lamp")),
            &of(&[north], None)
        ));
        let both = [of(&[north, south], None), of(&[south, north], None)];
        assert!(is_same_way(&both[0], &both[1]));
        assert!(is_same_way(&of(&[], Some("Lamp")), &of(&[], Some("lamp "))));
    }
}
