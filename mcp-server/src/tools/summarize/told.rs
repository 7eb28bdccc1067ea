//! The answer: the text, what it claims, and the facts that it stands on.

use catalog::{Claim, Fact, FactSource, ShopKey, Summary, SummarySource, UnixMs};
use schemars::JsonSchema;
use serde::Serialize;

use super::sheet::Known;
use super::words::Cleaner;
use super::{Chosen, Style};
use crate::answer::DataAge;
use crate::arguments::ResponseFormat;
use crate::economy::{self, Budget};
use crate::untrusted::{Notice, is_of_model};

/// The longest text and the longest of a seller's own words.
const MAX_TEXT_CHARS: usize = 2_000;
const MAX_SELLER_CHARS: usize = 600;

/// So many cautions and claims are told at most; what is stored has fewer.
const MAX_CAUTIONS: usize = 8;
const MAX_CLAIMS: usize = 30;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Told {
    #[serde(rename = "_notice")]
    notice: Notice,
    /// How other tools name what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    subject: Option<String>,
    language: String,
    /// Who wrote it: llm or extractive.
    source: &'static str,
    label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    model: Option<String>,
    #[schemars(with = "String")]
    generated_at: UnixMs,
    inputs_hash: String,
    facts_hash: String,
    /// Whether a text is stored that was made from other facts than today's; it is not told.
    facts_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    gone_since: Option<UnixMs>,
    untrusted: Texts,
    /// The facts that the text stands on; of an analyst's all.
    citations: Vec<Citation>,
    truncated: bool,
    data: DataAge,
}

/// Texts with strangers' words in them.
#[derive(Debug, Serialize, JsonSchema)]
struct Texts {
    title: String,
    headline: String,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cautions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ToldClaim>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ToldClaim {
    text: String,
    fact_ids: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Citation {
    id: String,
    source: FactOrigin,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    at: Option<UnixMs>,
    untrusted: CitedText,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CitedText {
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FactOrigin {
    Catalogue,
    Seller,
    Observations,
    Ranking,
    Derived,
}

impl Told {
    pub(super) fn n_citations(&self) -> usize {
        self.citations.len()
    }
}

/// Returns what is told.
pub(super) fn told(
    known: &Known,
    chosen: &Chosen,
    style: Style,
    shops: &[ShopKey],
    now: UnixMs,
) -> Told {
    let cleaner = Cleaner::new(shops);
    let summary = &chosen.summary;
    let (source, label, model) = writer(summary);
    let facts = match style {
        Style::Brief => cited(summary, &known.sheet.facts),
        Style::Analyst => known.sheet.facts.iter().collect(),
    };
    let citations = facts.into_iter().map(|it| citation(it, &cleaner));
    let mut told = Told {
        notice: cleaner.fence.notice(),
        subject: known.subject.clone(),
        language: known.sheet.language.code().to_owned(),
        source,
        label,
        model,
        generated_at: summary.at,
        inputs_hash: summary.input_hash.clone(),
        facts_hash: known.sheet.hash(),
        facts_changed: chosen.earlier.is_some(),
        note: note(known, chosen),
        gone_since: known.gone_since,
        untrusted: texts(&known.sheet.title, summary, style, &cleaner),
        citations: Vec::new(),
        truncated: false,
        data: DataAge::new(known.as_of, now, known.source.clone()),
    };
    let mut citations: Vec<Citation> = citations.collect();
    let budget = match style {
        Style::Brief => Budget::of(false, ResponseFormat::Concise),
        Style::Analyst => Budget::of(false, ResponseFormat::Detailed),
    };
    told.truncated = economy::cut(&mut citations, &told, budget);
    told.citations = citations;
    told
}

fn writer(summary: &Summary) -> (&'static str, &'static str, Option<String>) {
    match &summary.source {
        SummarySource::Llm(written) => {
            let names = [&written.model, &written.requested_model];
            let model = names.into_iter().find(|it| is_of_model(it)).cloned();
            let label = "written by a language model, each claim checked against the facts";
            ("llm", label, model)
        }
        SummarySource::Extractive { .. } => ("extractive", "made without a language model", None),
    }
}

fn note(known: &Known, chosen: &Chosen) -> Option<String> {
    let mut notes = Vec::new();
    if let Some(at) = chosen.earlier {
        notes.push(format!(
            "a text of {at} is stored, which was made from earlier facts; this one is made from today's"
        ));
    }
    if let Some(refused) = chosen.refused.as_ref().filter(|it| is_of_model(&it.code)) {
        notes.push(format!(
            "a language model's text was not used ({})",
            refused.code
        ));
    }
    if known.is_sample {
        notes.push("the shop is large: only its first products were looked at".to_owned());
    }
    let is_fixed_form = matches!(chosen.summary.source, SummarySource::Extractive { .. });
    if is_fixed_form && let Some(command) = &known.command {
        notes.push(format!(
            "trouvaille summarize {command} stores a language model's text, where one is configured"
        ));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn texts(title: &str, summary: &Summary, style: Style, cleaner: &Cleaner) -> Texts {
    let claims = match style {
        Style::Brief => &[],
        Style::Analyst => summary.claims.as_slice(),
    };
    let cautions = summary.cautions.iter().take(MAX_CAUTIONS);
    Texts {
        title: cleaner.sentence(title),
        headline: cleaner.sentence(&summary.headline),
        text: cleaner.long(&summary.text, MAX_TEXT_CHARS),
        cautions: cautions.map(|it| cleaner.sentence(it)).collect(),
        claims: claims
            .iter()
            .take(MAX_CLAIMS)
            .map(|it| claim(it, cleaner))
            .collect(),
    }
}

fn claim(claim: &Claim, cleaner: &Cleaner) -> ToldClaim {
    ToldClaim {
        text: cleaner.sentence(&claim.text),
        fact_ids: claim.fact_ids.clone(),
    }
}

/// Returns the facts that a summary's claims stand on.
fn cited<'a>(summary: &Summary, facts: &'a [Fact]) -> Vec<&'a Fact> {
    let is_cited = |fact: &&Fact| {
        let mut claims = summary.claims.iter();
        claims.any(|it| it.fact_ids.contains(&fact.id))
    };
    facts.iter().filter(is_cited).collect()
}

fn citation(fact: &Fact, cleaner: &Cleaner) -> Citation {
    let (source, text) = match fact.source {
        FactSource::Seller => (
            FactOrigin::Seller,
            cleaner.long(&fact.text, MAX_SELLER_CHARS),
        ),
        FactSource::Catalogue => (FactOrigin::Catalogue, cleaner.sentence(&fact.text)),
        FactSource::Observations => (FactOrigin::Observations, cleaner.sentence(&fact.text)),
        FactSource::Ranking => (FactOrigin::Ranking, cleaner.sentence(&fact.text)),
        FactSource::Derived => (FactOrigin::Derived, cleaner.sentence(&fact.text)),
    };
    Citation {
        id: fact.id.clone(),
        source,
        at: fact.at,
        untrusted: CitedText { text },
    }
}
