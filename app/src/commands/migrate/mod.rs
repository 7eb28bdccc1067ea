//! `trouvaille migrate`: all that one store has into another, with proof.

mod lockstep;
mod refuse;
mod verify;

use anyhow::{Result, bail};
use catalog::{RecordKind, Store, StoreError};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use indicatif::ProgressBar;
use store::OpenMode;

use self::lockstep::Lockstep;
use self::verify::Verified;
use super::open_store_at;
use crate::App;
use crate::exit::{Exit, UsageError};
use crate::output::{self, grouped};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille migrate --from sqlite:./trouvaille.db --to mongodb://user@db.example/trouvaille
  trouvaille migrate --from mongodb://user@db.example/trouvaille --to sqlite:./copy.db
  trouvaille migrate --from sqlite:old.db --to sqlite:new.db --json

Copies shops, products with their history, crawls, rankings, summaries and robots.txt files, in \
either direction. What the target has already is not written again, so that a migration which was \
interrupted or cut off goes on when it is called again. Then everything is read back from both \
sides and compared by number and digest; shops that only the target has stay as they are and do \
not count.

Nothing is written where the target has newer crawls of one of the shops. A shop that is being \
crawled meanwhile can differ in the end: migrate again when its crawl is done. A password comes \
from the configuration, as for --store.

Exit codes: 0 the copy is equal, 1 refused, failed or not equal, 2 wrong usage, 3 interrupted.")]
pub(crate) struct MigrateArgs {
    /// The store to copy
    #[arg(long, value_name = "URI", value_parser = NonEmptyStringValueParser::new())]
    from: String,
    /// The store that gets the copy; it is made if it is not there
    #[arg(long, value_name = "URI", value_parser = NonEmptyStringValueParser::new())]
    to: String,
}

pub(crate) async fn run(args: &MigrateArgs, app: &App) -> Result<Exit> {
    if app.global.store.is_some() {
        let words = "migrate takes --from and --to, and no --store";
        return Err(UsageError(words.to_owned()).into());
    }
    let source = open_store_at(Some(&args.from), OpenMode::Existing, app).await?;
    let target = open_store_at(Some(&args.to), OpenMode::Create, app).await?;
    let (source, target) = (source.as_ref(), target.as_ref());
    refuse::same_store(source, target)?;
    refuse::newer_target(source, target, app).await?;
    let Some(n_written) = copy(source, target, app).await? else {
        return Ok(interrupted("the copy is not complete", app));
    };
    let Some(verified) = verify::verify(source, target, app).await? else {
        return Ok(interrupted("the copy is not verified", app));
    };
    tell(&verified, n_written, source, target, app)?;
    match verified.iter().find_map(|it| it.first_difference.as_ref()) {
        None => Ok(Exit::All),
        Some(key) => bail!(
            "the copy in {} is not equal, first at {}: call it again, after the crawls of {} if \
             there are any under way",
            target.location(),
            lockstep::key_words(key),
            source.location()
        ),
    }
}

fn interrupted(what: &str, app: &App) -> Exit {
    let note = format!("interrupted: {what}; call it again to go on");
    app.screen.note(&note);
    Exit::Some
}

/// Copies what the target does not have, kind by kind, and returns how many records of each kind that were; `None`
/// if the user stopped it.
async fn copy(
    source: &dyn Store,
    target: &dyn Store,
    app: &App,
) -> Result<Option<Vec<u64>>, StoreError> {
    let mut n_written = Vec::new();
    for kind in RecordKind::ALL {
        let bar = progress(kind, "copied", source, app).await?;
        let written = copy_kind(kind, source, target, &bar, app).await?;
        bar.finish_and_clear();
        match written {
            Some(n) => n_written.push(n),
            None => return Ok(None),
        }
    }
    Ok(Some(n_written))
}

async fn copy_kind(
    kind: RecordKind,
    source: &dyn Store,
    target: &dyn Store,
    bar: &ProgressBar,
    app: &App,
) -> Result<Option<u64>, StoreError> {
    let mut lockstep = Lockstep::new(kind, source, target);
    let (mut n_read, mut n_written) = (0, 0);
    loop {
        if app.cancel.is_cancelled() {
            return Ok(None);
        }
        let block = lockstep.next_block().await?;
        if block.is_empty() {
            break;
        }
        n_read += block.len() as u64;
        let missing = block.into_iter().filter(|pair| !pair.is_equal());
        let missing: Vec<_> = missing.map(|pair| pair.record).collect();
        if !missing.is_empty() {
            n_written += missing.len() as u64;
            target.put_records(missing).await?;
        }
        bar.set_position(n_read);
        bar.set_message(format!(
            "{} read, {} written",
            grouped(n_read),
            grouped(n_written)
        ));
    }
    tracing::info!(
        n_read,
        n_written,
        "{}: {} read, {} written",
        kind.plural(),
        grouped(n_read),
        grouped(n_written)
    );
    Ok(Some(n_written))
}

/// Returns a bar that counts the records of one kind, as far as their number is known.
async fn progress(
    kind: RecordKind,
    doing: &str,
    source: &dyn Store,
    app: &App,
) -> Result<ProgressBar, StoreError> {
    let what = format!("{} {doing}", kind.plural());
    Ok(match kind {
        RecordKind::Product => {
            let stats = source.stats().await?;
            app.screen.bar(stats.n_products + stats.n_gone, &what)
        }
        _ => app.screen.line(what),
    })
}

/// Prints one line per kind.
fn tell(
    verified: &[Verified],
    n_written: Vec<u64>,
    source: &dyn Store,
    target: &dyn Store,
    app: &App,
) -> Result<()> {
    let kinds = verified.iter().zip(n_written);
    if app.global.json {
        let first = verified.iter().find_map(|it| it.first_difference.as_ref());
        let kinds = kinds.map(|(it, n_written)| {
            serde_json::json!({
                "kind": it.kind,
                "source": it.n_source,
                "target": it.n_target,
                "written": n_written,
                "source_digest": it.source_digest,
                "target_digest": it.target_digest,
                "equal": it.is_equal(),
            })
        });
        return output::print_json(&serde_json::json!({
            "from": source.location(),
            "to": target.location(),
            "kinds": kinds.collect::<Vec<_>>(),
            "first_difference": first.map(lockstep::key_words),
        }));
    }
    let rows = kinds.map(|(it, n_written)| {
        let digest = if it.is_equal() { "equal" } else { "not equal" };
        [
            it.kind.plural().to_owned(),
            grouped(it.n_source),
            grouped(it.n_target),
            grouped(n_written),
            digest.to_owned(),
        ]
    });
    let header = ["kind", "source", "target", "written", "digest"];
    output::print(&output::table(header, &[1, 2, 3], rows.collect()))?;
    app.screen.note(&format!("stored in {}", target.location()));
    Ok(())
}
