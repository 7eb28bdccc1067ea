//! `trouvaille prune`: thins out old observations, and keeps every change of a price.

use anyhow::Result;
use catalog::{
    Observation, ObservationFilter, ObservationOrder, ObservedRow, ProductId, Store, StoreError,
    UnixMs, superseded,
};
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use store::OpenMode;
use tokio_util::sync::CancellationToken;

use super::open_store;
use crate::App;
use crate::exit::Exit;
use crate::moment::Age;
use crate::output::{self, counted, grouped};

/// Products whose observations are thinned out in one step.
const BLOCK_PRODUCTS: usize = 200;

/// Observations that are asked of the store at a time.
const BLOCK_ROWS: usize = 2_000;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille prune --keep 90d --dry-run     what would go
  trouvaille prune --keep 90d               thin out what is older than 90 days
  trouvaille prune --keep 52w --json

Of observations older than --keep, one a day is kept where only the availability or stock of a \
variant, or the place in the shop's best-selling order, changed several times on that day (UTC); of stock-outs and \
restocks so many that they come in turns. Every change \
of a price or a compare-at price stays, and so does all that begins or ends something: new, gone, \
back, variants that appear or disappear. Of stock that moved several times a day the last move is left, \
so that units_out_28_days tells too little where --keep is under 28 days.

It goes in small steps, beside a crawl if need be. Interrupted, it goes on when called again.

Exit codes: 0 done, 1 an error, 2 wrong usage, 3 interrupted.")]
pub(crate) struct PruneArgs {
    /// How old an observation must be to be thinned out: 90d, 12w; at least 1d
    #[arg(long, value_name = "AGE", value_parser = keep)]
    keep: Age,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// What was looked at and removed.
#[derive(Debug, Serialize)]
struct Outcome {
    /// Only what was observed before this time was looked at.
    before: UnixMs,
    dry_run: bool,
    interrupted: bool,
    /// Observations in the store before.
    observations: u64,
    /// Those of them that are old enough, as far as they were looked at.
    old: u64,
    /// Those of them that were removed, or would be.
    removed: u64,
}

pub(crate) async fn run(args: &PruneArgs, app: &App) -> Result<Exit> {
    let store = open_store(app, OpenMode::Existing).await?;
    let mut outcome = Outcome {
        before: args.keep.before(app.clock.now()),
        dry_run: args.dry_run,
        interrupted: false,
        observations: store.stats().await?.n_observations,
        old: 0,
        removed: 0,
    };
    let bar = app.screen.line("observations".to_owned());
    if args.dry_run {
        rehearse(store.as_ref(), &mut outcome, &bar, &app.cancel).await?;
    } else {
        prune(store.as_ref(), &mut outcome, &bar, &app.cancel).await?;
    }
    bar.finish_and_clear();
    tell(&outcome, store.as_ref(), app)?;
    Ok(match outcome.interrupted {
        true => Exit::Some,
        false => Exit::All,
    })
}

async fn prune(
    store: &dyn Store,
    outcome: &mut Outcome,
    bar: &ProgressBar,
    cancel: &CancellationToken,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        if cancel.is_cancelled() {
            outcome.interrupted = true;
            return Ok(());
        }
        let pruned = store
            .prune(outcome.before, after.as_ref(), BLOCK_PRODUCTS)
            .await?;
        outcome.add(pruned.n_old, pruned.n_removed, bar);
        after = pruned.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Counts what [`prune`] would remove, product by product, and writes nothing.
async fn rehearse(
    store: &dyn Store,
    outcome: &mut Outcome,
    bar: &ProgressBar,
    cancel: &CancellationToken,
) -> Result<(), StoreError> {
    let filter = ObservationFilter {
        until: Some(outcome.before),
        ..ObservationFilter::default()
    };
    let mut after = None;
    let mut history = Vec::new();
    loop {
        if cancel.is_cancelled() {
            outcome.interrupted = true;
            return Ok(());
        }
        let rows = store
            .observed(
                &filter,
                ObservationOrder::ByProduct,
                after.as_ref(),
                BLOCK_ROWS,
            )
            .await?;
        after = rows.last().map(ObservedRow::key);
        let is_last = rows.len() < BLOCK_ROWS;
        for row in rows {
            if product_of(&history).is_some_and(|id| *id != row.observation.product) {
                outcome.add_history(&history, bar);
                history.clear();
            }
            history.push(row.observation);
        }
        if is_last {
            outcome.add_history(&history, bar);
            return Ok(());
        }
    }
}

fn product_of(history: &[Observation]) -> Option<&ProductId> {
    history.first().map(|observation| &observation.product)
}

impl Outcome {
    fn add(&mut self, n_old: u64, n_removed: u64, bar: &ProgressBar) {
        self.old += n_old;
        self.removed += n_removed;
        bar.set_message(format!(
            "{} old ones of {}, {} removed",
            grouped(self.old),
            grouped(self.observations),
            grouped(self.removed)
        ));
    }

    /// Adds the old observations of one product, oldest first.
    fn add_history(&mut self, history: &[Observation], bar: &ProgressBar) {
        let removable = superseded(history, self.before);
        let n_removable = removable.into_iter().filter(|may_go| *may_go).count();
        self.add(history.len() as u64, n_removable as u64, bar);
    }
}

fn tell(outcome: &Outcome, store: &dyn Store, app: &App) -> Result<()> {
    if app.global.json {
        let mut json = serde_json::to_value(outcome)?;
        json["store"] = store.location().into();
        output::print_json(&json)?;
    } else {
        let removed = match outcome.dry_run {
            true => "would remove",
            false => "removed",
        };
        output::print(&format!(
            "looked at {} of {} in {}, {removed} {}; every change of a price was kept",
            counted(outcome.old, "old observation"),
            grouped(outcome.observations),
            store.location(),
            grouped(outcome.removed),
        ))?;
    }
    if outcome.interrupted {
        app.screen.note("interrupted: call it again to go on");
    }
    Ok(())
}

fn keep(text: &str) -> Result<Age, String> {
    match Age::parse(text)? {
        age if age < Age::of_days(1) => Err("expected an age of at least 1d".to_owned()),
        age => Ok(age),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_day_is_never_thinned_out() {
        assert_eq!(keep("24h"), Ok(Age::of_days(1)));
        for text in ["23h", "0d", "", "1"] {
            assert!(keep(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn an_interrupt_ends_it_before_the_next_step() {
        let store = store::open("sqlite::memory:", OpenMode::Create).await;
        let (store, cancel) = (store.unwrap(), CancellationToken::new());
        let bar = ProgressBar::hidden();
        let mut outcome = Outcome {
            before: UnixMs::new(0),
            dry_run: false,
            interrupted: false,
            observations: 0,
            old: 0,
            removed: 0,
        };
        for is_interrupted in [false, true] {
            if is_interrupted {
                cancel.cancel();
            }
            for is_rehearsal in [false, true] {
                outcome.interrupted = false;
                let store = store.as_ref();
                match is_rehearsal {
                    true => rehearse(store, &mut outcome, &bar, &cancel).await,
                    false => prune(store, &mut outcome, &bar, &cancel).await,
                }
                .unwrap();
                assert_eq!(outcome.interrupted, is_interrupted);
            }
        }
    }
}
