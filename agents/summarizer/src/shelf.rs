//! The place of a sheet in the store: what is there already, and what is put there.

use catalog::{Fact, Fallback, StoreError, Summary, SummarySource, UnixMs, Written};

use crate::facts::FactSheet;
use crate::input::input_hash;
use crate::openai::Endpoint;
use crate::validate::stands;
use crate::{Context, Draft, extractive};

/// Returns the stored summary that a run would keep, and changes nothing: what a run would not pay for.
///
/// # Errors
/// When the store fails.
pub async fn stored(sheet: &FactSheet, context: &Context) -> Result<Option<Summary>, StoreError> {
    Shelf::of(sheet, context)
        .await?
        .find(context.endpoint.as_deref())
        .await
}

/// Returns the stored summary that a run would keep, and makes it the newest of its subject if it is not.
pub(crate) async fn keep(
    sheet: &FactSheet,
    context: &Context,
) -> Result<Option<Summary>, StoreError> {
    let shelf = Shelf::of(sheet, context).await?;
    shelf.keep(context.endpoint.as_deref()).await
}

/// Returns how the newest summary of a sheet was made, if that was since `since` and asking again would be for nothing:
/// it is the one that is asked for, or stands for a model's text that was refused.
pub(crate) async fn tried(
    sheet: &FactSheet,
    context: &Context,
    since: UnixMs,
) -> Result<Option<SummarySource>, StoreError> {
    let newest = Shelf::of(sheet, context).await?.newest;
    let endpoint = context.endpoint.as_deref();
    let is_it = |it: &Summary| {
        let is_fallback = matches!(it.source, SummarySource::Extractive { instead: Some(_) });
        let asked = endpoint.filter(|_| !is_fallback);
        it.at >= since
            && (endpoint.is_some() || !is_fallback)
            && it.input_hash == input_hash(sheet, asked)
            && stands(it, sheet)
    };
    Ok(newest.filter(is_it).map(|it| it.source))
}

/// Returns a sheet in the fixed form, as it would be stored; with the reason where a model was asked.
pub fn extractive_summary(sheet: &FactSheet, instead: Option<Fallback>, now: UnixMs) -> Summary {
    let source = SummarySource::Extractive { instead };
    summary(
        sheet,
        extractive(sheet),
        source,
        input_hash(sheet, None),
        now,
    )
}

/// Returns whether a stored summary says what is known today: it was made from the facts of `sheet`, and would not be
/// refused now.
pub fn is_current(summary: &Summary, sheet: &FactSheet) -> bool {
    summary.facts_hash == sheet.hash() && stands(summary, sheet)
}

/// The place of a sheet in the store.
#[derive(Debug)]
pub(crate) struct Shelf<'a> {
    sheet: &'a FactSheet,
    context: &'a Context,
    newest: Option<Summary>,
}

impl<'a> Shelf<'a> {
    pub(crate) async fn of(sheet: &'a FactSheet, context: &'a Context) -> Result<Self, StoreError> {
        let newest = context.store.summary(&sheet.subject, sheet.language.code());
        Ok(Self {
            sheet,
            context,
            newest: newest.await?,
        })
    }

    /// Returns the summary that was made from the same input, and makes it the newest one.
    pub(crate) async fn keep(
        &self,
        endpoint: Option<&Endpoint>,
    ) -> Result<Option<Summary>, StoreError> {
        let Some(found) = self.find(endpoint).await? else {
            return Ok(None);
        };
        if self
            .newest
            .as_ref()
            .is_some_and(|it| it.input_hash == found.input_hash)
        {
            return Ok(Some(found));
        }
        let kept = Summary {
            at: self.time(),
            ..found
        };
        self.context.store.save_summary(&kept).await?;
        Ok(Some(kept))
    }

    /// Returns the summary that was made from the same input, unless it would be refused today: its input does not
    /// change with the checks.
    async fn find(&self, endpoint: Option<&Endpoint>) -> Result<Option<Summary>, StoreError> {
        let hash = input_hash(self.sheet, endpoint);
        // What stands for a model's text is none that was asked for as it is.
        let is_asked_for = |it: &Summary| {
            !matches!(it.source, SummarySource::Extractive { instead: Some(_) })
                && stands(it, self.sheet)
        };
        if let Some(newest) = self.newest.as_ref().filter(|it| it.input_hash == hash) {
            return Ok(Some(newest.clone()).filter(is_asked_for));
        }
        let (subject, language) = (&self.sheet.subject, self.sheet.language.code());
        let found = self
            .context
            .store
            .summary_of_input(subject, language, &hash);
        Ok(found.await?.filter(is_asked_for))
    }

    /// Returns the time to record: behind the newest summary's, also where a clock was set back or stands still.
    fn time(&self) -> UnixMs {
        let behind = (self.newest.as_ref()).map(|it| UnixMs::new(it.at.ms().saturating_add(1)));
        let now = (self.context.now)();
        behind.map_or(now, |behind| behind.max(now))
    }

    /// Puts a model's text there.
    pub(crate) async fn store_text(
        &self,
        draft: Draft,
        written: Written,
        endpoint: &Endpoint,
    ) -> Result<(), StoreError> {
        let hash = input_hash(self.sheet, Some(endpoint));
        let source = SummarySource::Llm(Box::new(written));
        let summary = summary(self.sheet, draft, source, hash, self.time());
        self.context.store.save_summary(&summary).await
    }

    /// Puts the fixed form there, under a hash of its own: it keeps no later run from asking a model.
    pub(crate) async fn store_extractive(
        &self,
        instead: Option<Fallback>,
    ) -> Result<(), StoreError> {
        let summary = extractive_summary(self.sheet, instead, self.time());
        self.context.store.save_summary(&summary).await
    }
}

fn summary(
    sheet: &FactSheet,
    draft: Draft,
    source: SummarySource,
    input_hash: String,
    at: UnixMs,
) -> Summary {
    let is_named = |fact: &&Fact| {
        let mut claims = draft.claims.iter();
        claims.any(|claim| claim.fact_ids.contains(&fact.id))
    };
    Summary {
        subject: sheet.subject.clone(),
        language: sheet.language.code().to_owned(),
        source,
        input_hash,
        facts: sheet.facts.iter().filter(is_named).cloned().collect(),
        facts_hash: sheet.hash(),
        headline: draft.headline,
        text: draft.summary,
        claims: draft.claims,
        cautions: draft.cautions,
        at,
    }
}
