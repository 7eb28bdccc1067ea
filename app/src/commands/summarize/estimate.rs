//! What a run would ask for and cost, without sending or writing anything.

use anyhow::Result;
use catalog::MeterLimits;
use serde_json::{Value, json};
use summarizer::facts::FactSheet;
use summarizer::facts::load::product_sheet;
use summarizer::openai::Endpoint;
use summarizer::{Ask, Context, Order, Price};

use crate::config::llm::money;
use crate::output::{grouped, printable};

/// What a run would ask for, each text written at the first attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Estimate {
    n_wanted: u64,
    /// Products that are not stored, or of which nothing is known.
    n_unknown: u64,
    /// Summaries that a run would keep.
    n_stored: u64,
    n_missing: u64,
    /// Tokens of a language model for what is missing, as they are set aside for it; where none is to write, for all.
    n_read: u64,
    n_written: u64,
}

/// Looks at everything that is ordered as a run would; `measure` says what a request takes, and is not asked.
pub(super) async fn estimate(
    order: &Order,
    context: &Context,
    measure: &Endpoint,
) -> Result<Estimate> {
    let store = context.store.as_ref();
    let ranking = store.latest_ranking_in_brief().await?;
    let mut estimate = Estimate::default();
    for ask in &order.subjects {
        match ask {
            Ask::Sheet(sheet) => estimate.add(Some(sheet), context, measure).await?,
            Ask::Product(id) => {
                for &language in &order.languages {
                    let sheet = product_sheet(store, id, ranking.as_ref(), language).await?;
                    estimate.add(sheet.as_ref(), context, measure).await?;
                }
            }
        }
    }
    Ok(estimate)
}

impl Estimate {
    async fn add(
        &mut self,
        sheet: Option<&FactSheet>,
        context: &Context,
        measure: &Endpoint,
    ) -> Result<()> {
        self.n_wanted += 1;
        let Some(sheet) = sheet.filter(|it| !it.facts.is_empty()) else {
            self.n_unknown += 1;
            return Ok(());
        };
        let is_stored = summarizer::stored(sheet, context).await?.is_some();
        self.n_stored += u64::from(is_stored);
        self.n_missing += u64::from(!is_stored);
        // What is stored in the fixed form would cost a model as much as the rest.
        if !is_stored || context.endpoint.is_none() {
            let (n_read, n_written) = summarizer::estimate(sheet, measure);
            self.n_read += n_read;
            self.n_written += n_written;
        }
        Ok(())
    }

    /// Returns the cost in billionths of a unit of money.
    fn cost_nanos(&self, price: &Price) -> u64 {
        let read = self.n_read.saturating_mul(price.input_nanos);
        read.saturating_add(self.n_written.saturating_mul(price.output_nanos))
    }

    pub(super) fn text(&self, endpoint: Option<&Endpoint>, limits: &MeterLimits) -> String {
        let mut lines = vec![
            line("summaries", &grouped(self.n_wanted)),
            line(
                "stored",
                &format!("{}, which cost nothing", grouped(self.n_stored)),
            ),
        ];
        if self.n_unknown > 0 {
            let n_unknown = grouped(self.n_unknown);
            lines.push(line(
                "unknown",
                &format!("{n_unknown}, of which nothing is stored"),
            ));
        }
        match endpoint {
            Some(endpoint) => lines.extend(self.by_model(endpoint, limits)),
            None => {
                let n_missing = grouped(self.n_missing);
                lines.push(line(
                    "to make",
                    &format!("{n_missing} of the facts alone: no requests, no cost"),
                ));
                lines.push(line(
                    "tokens",
                    &format!(
                        "a language model would take about {} for all",
                        self.tokens()
                    ),
                ));
            }
        }
        lines.push("nothing was sent and nothing was written".to_owned());
        lines.join("\n")
    }

    fn by_model(&self, endpoint: &Endpoint, limits: &MeterLimits) -> Vec<String> {
        let requests = format!(
            "{} to {}, and one more for each text that is sent back",
            grouped(self.n_missing),
            printable(endpoint.model())
        );
        let cost = match endpoint.price() {
            Some(price) => format!("about {}", money(self.cost_nanos(price), &price.currency)),
            None => format!(
                "no price configured for {}: set it in [llm.prices]",
                printable(endpoint.model())
            ),
        };
        let mut lines = vec![
            line("requests", &requests),
            line("tokens", &format!("about {}", self.tokens())),
            line("cost", &cost),
        ];
        let over = self.over(endpoint.price(), limits);
        if !over.is_empty() {
            let over = over.join(", ");
            lines.push(line("budget", &format!("too small for all of it: {over}")));
        }
        lines
    }

    fn tokens(&self) -> String {
        let (read, written) = (self.n_read, self.n_written);
        let all = grouped(read.saturating_add(written));
        format!(
            "{all} ({} read, {} written)",
            grouped(read),
            grouped(written)
        )
    }

    /// Returns the limits that a run would come up against.
    fn over(&self, price: Option<&Price>, limits: &MeterLimits) -> Vec<&'static str> {
        let cost = price.map_or(0, |it| self.cost_nanos(it));
        let parts = [
            ("requests", self.n_missing, limits.requests),
            (
                "tokens",
                self.n_read.saturating_add(self.n_written),
                limits.tokens,
            ),
            ("cost", cost, limits.cost_nanos),
        ];
        let is_over = |&(_, n, limit): &(_, u64, Option<u64>)| limit.is_some_and(|it| n > it);
        parts
            .into_iter()
            .filter(is_over)
            .map(|(name, ..)| name)
            .collect()
    }

    pub(super) fn json(&self, endpoint: Option<&Endpoint>, limits: &MeterLimits) -> Value {
        let price = endpoint.and_then(Endpoint::price);
        let n_requests = endpoint.map_or(0, |_| self.n_missing);
        json!({
            "dry_run": true,
            "model": endpoint.map(Endpoint::model),
            "endpoint": endpoint.map(Endpoint::host),
            "summaries": self.n_wanted,
            "stored": self.n_stored,
            "unknown": self.n_unknown,
            "requests": n_requests,
            "input_tokens": self.n_read,
            "output_tokens": self.n_written,
            "cost": price.map(|it| self.cost_nanos(it) as f64 / 1e9),
            "currency": price.map(|it| it.currency.as_str()),
            "over_budget": self.over(price, limits),
        })
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<10} {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESTIMATE: Estimate = Estimate {
        n_wanted: 1_000,
        n_unknown: 1,
        n_stored: 9,
        n_missing: 990,
        n_read: 500_000,
        n_written: 400_000,
    };

    #[test]
    fn without_a_model_nothing_is_asked_for() {
        let text = ESTIMATE.text(None, &MeterLimits::default());
        assert!(
            text.contains("to make    990 of the facts alone: no requests, no cost"),
            "{text}"
        );
        assert!(
            text.contains("about 900,000 (500,000 read, 400,000 written)"),
            "{text}"
        );
        assert_eq!(ESTIMATE.json(None, &MeterLimits::default())["requests"], 0);
    }

    #[test]
    fn limits_that_are_too_small_are_named() {
        let price = Price {
            input_nanos: 150,
            output_nanos: 600,
            currency: "USD".to_owned(),
        };
        assert_eq!(ESTIMATE.cost_nanos(&price), 315_000_000);
        let limits = MeterLimits {
            requests: Some(990),
            tokens: Some(899_999),
            cost_nanos: Some(300_000_000),
        };
        assert_eq!(ESTIMATE.over(Some(&price), &limits), ["tokens", "cost"]);
        assert_eq!(ESTIMATE.over(None, &MeterLimits::default()), [""; 0]);
    }
}
