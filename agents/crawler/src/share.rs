//! The budget of one address: who else crawls with the same store has an equal part of what may be sent.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use catalog::{Store, StoreError};

use crate::fetch::Fetcher;
use crate::lease::{LeaseTerms, process_of};

/// How often a crawl asks for a count, which the fetcher has done once for all crawls of the process, and more seldom.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Does `work`, for which the others were counted and are again and again.
///
/// Cancel-safe as far as `work` is.
///
/// # Errors
/// Those of `work`, and when the store cannot tell at the beginning: more might be asked than all together may.
pub(crate) async fn beside<T, E: From<StoreError>>(
    fetcher: &Fetcher,
    store: &dyn Store,
    terms: &LeaseTerms<'_>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    fetcher.share_budget(count_others(store, terms)).await?;
    tokio::select! {
        biased;
        done = work => done,
        never = count_again(fetcher, store, terms) => match never {},
    }
}

async fn count_again(fetcher: &Fetcher, store: &dyn Store, terms: &LeaseTerms<'_>) -> Infallible {
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        if let Err(error) = fetcher.share_budget(count_others(store, terms)).await {
            tracing::debug!("{error}; the parts of all processes stay as they are");
        }
    }
}

/// Returns how many other processes have leases of shops.
async fn count_others(store: &dyn Store, terms: &LeaseTerms<'_>) -> Result<u32, StoreError> {
    let owners = store.lease_owners().await?;
    let alive = owners.iter().filter(|owner| !(terms.is_dead)(owner));
    let processes: HashSet<_> = alive.filter_map(|owner| process_of(owner)).collect();
    let is_counted = process_of(terms.owner).is_some_and(|own| processes.contains(own));
    Ok(u32::try_from(processes.len() - usize::from(is_counted)).unwrap_or(u32::MAX))
}
