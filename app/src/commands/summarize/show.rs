//! Summaries on the screen and in files, one at a time, so that memory does not grow with their number.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use catalog::{Fact, Language, Store, Summary, SummarySource};
use serde_json::Value;
use summarizer::brief::escaped;

use super::outcome::Wanted;
use crate::output::{self, printable};

/// Summaries on their way from the store to the writer.
const MOST_WAITING: usize = 16;

/// How summaries are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
    /// A JSON object per line.
    Lines,
    /// One JSON object with all of them, and with the run's totals.
    Json,
    Markdown,
}

impl Form {
    /// Returns the form that a file's name asks for.
    pub(super) fn of_path(path: &Path) -> Self {
        let is_markdown = path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("md"));
        if is_markdown {
            Self::Markdown
        } else {
            Self::Lines
        }
    }
}

/// Writes the stored summaries of `wanted` to `path`, in that order, and returns how many there are.
pub(super) async fn write(
    wanted: &[Wanted],
    store: &dyn Store,
    form: Form,
    totals: Value,
    path: &Path,
) -> Result<u64> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Option<Box<Summary>>>(MOST_WAITING);
    let read = async move {
        let mut n_summaries = 0;
        for (subject, language) in wanted {
            let summary = store.summary(subject, language.code()).await?;
            let Some(summary) = summary else { continue };
            n_summaries += 1;
            if sender.send(Some(Box::new(summary))).await.is_err() {
                break;
            }
        }
        // A file without its end is none.
        drop(sender.send(None).await);
        Ok::<u64, anyhow::Error>(n_summaries)
    };
    let path = path.to_owned();
    let writing = tokio::task::spawn_blocking(move || {
        output::write_to(&path, |out| {
            let mut is_whole = false;
            let sent = std::iter::from_fn(|| receiver.blocking_recv());
            let mut summaries = sent.map_while(|it| {
                is_whole = it.is_none();
                it
            });
            all(form, &mut summaries, &totals, out)?;
            match is_whole {
                true => Ok(()),
                false => Err(io::Error::other("the store failed")),
            }
        })
    });
    let (read, written) = tokio::join!(read, writing);
    let n_summaries = read?;
    written.context("the writer of the summaries failed")??;
    Ok(n_summaries)
}

fn all(
    form: Form,
    summaries: &mut dyn Iterator<Item = Box<Summary>>,
    totals: &Value,
    out: &mut dyn Write,
) -> io::Result<()> {
    if form == Form::Json {
        out.write_all(b"{\"summaries\":[")?;
    }
    for (index, summary) in summaries.enumerate() {
        match form {
            Form::Text if index > 0 => writeln!(out, "\n{}", text(&summary))?,
            Form::Text => writeln!(out, "{}", text(&summary))?,
            Form::Markdown if index > 0 => writeln!(out, "\n{}", markdown(&summary))?,
            Form::Markdown => writeln!(out, "{}", markdown(&summary))?,
            Form::Lines => writeln!(out, "{}", serde_json::to_string(&summary)?)?,
            Form::Json if index > 0 => write!(out, ",{}", serde_json::to_string(&summary)?)?,
            Form::Json => write!(out, "{}", serde_json::to_string(&summary)?)?,
        }
    }
    if form == Form::Json {
        writeln!(out, "],\"totals\":{totals}}}")?;
    }
    Ok(())
}

/// Returns a summary for a terminal.
pub(crate) fn text(summary: &Summary) -> String {
    let mut lines = vec![printable(&summary.headline)];
    lines.extend(paragraphs(summary).map(|it| format!("  {}", printable(it))));
    let words = Words::of(summary);
    lines.extend(cautions(summary).map(|it| format!("  {} {}", words.careful, printable(it))));
    lines.push(format!("  ({}; {})", words.by, printable(&summary.subject)));
    lines.join("\n")
}

fn markdown(summary: &Summary) -> String {
    let mut parts = vec![format!("## {}", escaped(&summary.headline))];
    let words = Words::of(summary);
    // The claims of the fixed form are its text.
    let is_said_by_claims =
        matches!(summary.source, SummarySource::Extractive { .. }) && !summary.claims.is_empty();
    if !is_said_by_claims {
        parts.extend(paragraphs(summary).map(escaped));
    }
    let claims = summary.claims.iter();
    let claims: Vec<String> = claims
        .map(|it| format!("- {} [{}]", escaped(&it.text), ids(&it.fact_ids)))
        .collect();
    if !claims.is_empty() {
        parts.push(claims.join("\n"));
    }
    let cautions = cautions(summary).map(|it| format!("- {} {}", words.careful, escaped(it)));
    let cautions: Vec<String> = cautions.collect();
    if !cautions.is_empty() {
        parts.push(cautions.join("\n"));
    }
    if !summary.facts.is_empty() {
        parts.push(format!("### {}", words.facts));
        let facts: Vec<String> = summary.facts.iter().map(|it| fact(it, summary)).collect();
        parts.push(facts.join("\n"));
    }
    let (by, subject) = (escaped(&words.by), escaped(&summary.subject));
    parts.push(format!("*{by}; {subject}*"));
    parts.join("\n\n") + "\n"
}

/// Returns a fact with where it is from; in full, unless a claim has its very words.
fn fact(fact: &Fact, summary: &Summary) -> String {
    let id = ids(std::slice::from_ref(&fact.id));
    let language = summary.language.parse().unwrap_or(Language::En);
    let origin = summarizer::brief::origin(fact, language);
    match summary.claims.iter().any(|it| it.text == fact.text) {
        true => format!("- **{id}** ({origin})"),
        false => format!("- **{id}** {} ({origin})", escaped(&fact.text)),
    }
}

/// Returns ids of facts; what is no letter or digit in them goes.
fn ids(ids: &[String]) -> String {
    let plain = ids.iter().map(|it| {
        let letters = it.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>()
    });
    plain.collect::<Vec<_>>().join(", ")
}

fn paragraphs(summary: &Summary) -> impl Iterator<Item = &str> {
    summary.text.lines().filter(|it| !it.trim().is_empty())
}

fn cautions(summary: &Summary) -> impl Iterator<Item = &str> {
    summary.cautions.iter().map(String::as_str)
}

/// Our own words around a summary, in its language.
pub(crate) struct Words {
    /// Who wrote it.
    pub(crate) by: String,
    /// What a caution begins with.
    pub(crate) careful: &'static str,
    /// What the facts stand under.
    facts: &'static str,
}

impl Words {
    pub(crate) fn of(summary: &Summary) -> Self {
        let is_french = summary.language.parse() == Ok(Language::Fr);
        let n_facts = summary.facts.len();
        let by = match (&summary.source, is_french) {
            (SummarySource::Extractive { .. }, false) => "made without a language model".to_owned(),
            (SummarySource::Extractive { .. }, true) => "rédigé sans modèle de langue".to_owned(),
            (SummarySource::Llm(it), false) => {
                let facts = output::counted(n_facts as u64, "fact");
                let host = at(" at ", &it.endpoint);
                format!("by {}{host}, checked against {facts}", printable(&it.model))
            }
            (SummarySource::Llm(it), true) => {
                let ending = if n_facts > 1 { "s" } else { "" };
                let host = at(" sur ", &it.endpoint);
                let model = printable(&it.model);
                format!("par {model}{host}, vérifié avec {n_facts} fait{ending}")
            }
        };
        Self {
            by,
            careful: if is_french { "Attention :" } else { "Careful:" },
            facts: if is_french { "Les faits" } else { "The facts" },
        }
    }
}

/// Returns where a model was asked; summaries of old do not tell.
fn at(word: &str, host: &str) -> String {
    match host.is_empty() {
        true => String::new(),
        false => format!("{word}{}", printable(host)),
    }
}

#[cfg(test)]
mod tests {
    use catalog::{Claim, FactSource, UnixMs, Written};

    use super::*;

    fn summary(language: &str, source: SummarySource) -> Summary {
        Summary {
            subject: "product:shopify:shop.example:1".to_owned(),
            language: language.to_owned(),
            source,
            input_hash: String::new(),
            headline: "Brass\nlamp \u{1b}[31m".to_owned(),
            text: "It costs 49.00 EUR.\n\n# [x](y) <b>".to_owned(),
            claims: vec![],
            cautions: vec!["Two sightings only.".to_owned()],
            facts: vec![Fact {
                id: "F1".to_owned(),
                topic: "price".to_owned(),
                text: "It costs 49.00 EUR.".to_owned(),
                source: FactSource::Catalogue,
                at: None,
            }],
            facts_hash: String::new(),
            at: UnixMs::new(0),
        }
    }

    fn by_model(language: &str) -> Summary {
        let written = Written {
            model: "m\u{202e}1".to_owned(),
            endpoint: "h.example".to_owned(),
            ..Written::default()
        };
        summary(language, SummarySource::Llm(Box::new(written)))
    }

    const FORM: SummarySource = SummarySource::Extractive { instead: None };

    #[test]
    fn a_summary_says_who_wrote_it_in_its_language() {
        for (summary, by) in [
            (by_model("en"), "by m1 at h.example, checked against 1 fact"),
            (by_model("fr"), "par m1 sur h.example, vérifié avec 1 fait"),
            (summary("en", FORM), "made without a language model"),
            (summary("fr", FORM), "rédigé sans modèle de langue"),
        ] {
            assert_eq!(Words::of(&summary).by, by);
        }
    }

    #[test]
    fn a_text_cannot_steer_the_terminal_nor_forge_a_line() {
        assert_eq!(
            text(&summary("en", FORM)),
            "Brass lamp \u{fffd}[31m\n  It costs 49.00 EUR.\n  # [x](y) <b>\n  Careful: Two sightings only.\n  \
             (made without a language model; product:shopify:shop.example:1)"
        );
    }

    #[test]
    fn markdown_shows_a_text_as_it_is() {
        let markdown = markdown(&summary("en", FORM));
        assert!(
            markdown.contains("\n\n\\# \\[x\\](y) &lt;b&gt;\n\n"),
            "{markdown}"
        );
    }

    #[test]
    fn markdown_has_each_claim_with_its_facts() {
        let claim = |text: &str| Claim {
            text: text.to_owned(),
            fact_ids: vec!["F1".to_owned(), "F[2]".to_owned()],
        };
        let told = Summary {
            claims: vec![claim("It is *cheap*.")],
            ..by_model("fr")
        };
        let told = markdown(&told);
        for words in [
            "It costs 49.00 EUR.\n\n",
            "\n- It is \\*cheap\\*. [F1, F2]\n",
            "### Les faits\n\n- **F1** It costs 49.00 EUR. (liste de la boutique)\n",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let of_facts = Summary {
            claims: vec![claim("It costs 49.00 EUR.")],
            ..summary("en", FORM)
        };
        let told = markdown(&of_facts);
        assert_eq!(told.matches("It costs 49.00 EUR.").count(), 1, "{told}");
        assert!(told.contains("\n- **F1** (the shop’s list)\n"), "{told}");
    }

    #[test]
    fn all_forms_hold_every_summary() {
        for (form, n_lines) in [(Form::Lines, 2), (Form::Json, 1)] {
            let mut out = Vec::new();
            let mut two = [by_model("en"), by_model("fr")].map(Box::new).into_iter();
            all(
                form,
                &mut two,
                &serde_json::json!({ "written": 2 }),
                &mut out,
            )
            .unwrap();
            let out = String::from_utf8(out).unwrap();
            assert_eq!(out.lines().count(), n_lines);
            for line in out.lines() {
                let value: Value = serde_json::from_str(line).unwrap();
                assert!(
                    value["headline"].is_string()
                        || value["summaries"].as_array().unwrap().len() == 2
                );
            }
        }
    }
}
