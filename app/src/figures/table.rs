//! Every metric that is exported. docs/metrics.md says the same for readers, which a test compares.

use metrics::{
    Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::WORK_KINDS;

/// The one counter that counts parts, and is written beside the others.
pub(super) const COST: &str = "trouvaille_llm_cost_total";

const PLATFORMS: (&str, &[&str]) = ("platform", &["shopify"]);
const OPERATIONS: (&str, &[&str]) = ("operation", &["page", "lease", "work", "read", "write"]);
const KINDS: (&str, &[&str]) = ("kind", &WORK_KINDS);
const STATES: (&str, &[&str]) = (
    "state",
    &[
        "submitted",
        "working",
        "input_required",
        "auth_required",
        "completed",
        "failed",
        "canceled",
        "rejected",
    ],
);

/// From a key that is found at once to a call that waited for a server to come back.
const STORE_SECONDS: &[f64] = &[0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];
const FETCH_SECONDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
const GAP_SECONDS: &[f64] = &[0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
const CALL_SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// A metric.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The labels of the series that are there from the start: each value with each of the others. Nothing is there of
    /// a metric that has a label without values.
    pub(super) labels: &'static [(&'static str, &'static [&'static str])],
    pub(super) help: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Counter,
    Gauge,
    /// With the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

impl Kind {
    #[cfg(test)]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Metric {
    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => describe_counter!(self.name, self.help),
            Kind::Gauge => describe_gauge!(self.name, self.help),
            Kind::Histogram(_) => describe_histogram!(self.name, self.help),
        }
    }

    pub(super) fn begin(&self) {
        for labels in self.series() {
            match self.kind {
                Kind::Counter => counter!(self.name, labels).increment(0),
                Kind::Gauge => gauge!(self.name, labels).set(0.0),
                Kind::Histogram(_) => drop(histogram!(self.name, labels)),
            }
        }
    }

    fn series(&self) -> Vec<Vec<Label>> {
        let mut series = vec![Vec::new()];
        for (name, values) in self.labels {
            let with = |begun: &Vec<Label>| {
                let begun = begun.clone();
                values.iter().map(move |value| {
                    let label = Label::from_static_parts(name, value);
                    begun.iter().cloned().chain([label]).collect()
                })
            };
            series = series.iter().flat_map(with).collect();
        }
        series
    }
}

const fn counter(
    name: &'static str,
    labels: &'static [(&'static str, &'static [&'static str])],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        labels,
        help,
    }
}

const fn gauge(
    name: &'static str,
    labels: &'static [(&'static str, &'static [&'static str])],
    help: &'static str,
) -> Metric {
    Metric {
        kind: Kind::Gauge,
        ..counter(name, labels, help)
    }
}

const fn histogram(
    name: &'static str,
    labels: &'static [(&'static str, &'static [&'static str])],
    bounds: &'static [f64],
    help: &'static str,
) -> Metric {
    Metric {
        kind: Kind::Histogram(bounds),
        ..counter(name, labels, help)
    }
}

#[rustfmt::skip]
pub(super) const TABLE: &[Metric] = &[
    gauge("process_start_time_seconds", &[], "When the process began, in seconds since 1970."),
    gauge("process_resident_memory_bytes", &[], "Memory in use."),
    gauge("trouvaille_build_info", &[("version", &[])], "The running version."),
    gauge("trouvaille_ready", &[], "Whether the store answers and the process is not asked to end."),
    gauge("trouvaille_store_up", &[], "Whether the store answers."),
    histogram("trouvaille_store_seconds", &[OPERATIONS], STORE_SECONDS, "Calls of the store that were answered."),
    counter("trouvaille_store_failures_total", &[OPERATIONS], "Calls of the store that failed."),
    counter(
        "trouvaille_fetch_total",
        &[
            PLATFORMS,
            ("outcome", &[
                "ok", "not_modified", "redirect", "http_403", "http_429", "http_430", "http_4xx", "http_5xx", "timeout",
                "unreachable", "broken", "refused",
            ]),
        ],
        "Requests to shops by what came of them.",
    ),
    histogram("trouvaille_fetch_seconds", &[PLATFORMS], FETCH_SECONDS, "From a request to the end of its answer."),
    counter("trouvaille_fetch_bytes_total", &[PLATFORMS], "Bodies of answers, on the wire."),
    histogram("trouvaille_host_gap_seconds", &[PLATFORMS], GAP_SECONDS, "The gap that a host's answers taught, as of each request."),
    gauge("trouvaille_hosts", &[], "Hosts that the process deals with."),
    gauge("trouvaille_breaker_open", &[("scope", &["host", "platform"])], "Hosts and platforms that are left alone now."),
    counter(
        "trouvaille_crawls_total",
        &[PLATFORMS, ("outcome", &["complete", "partial", "blocked", "gone", "failed", "error"])],
        "Crawls that ended.",
    ),
    counter("trouvaille_crawl_pages_total", &[PLATFORMS], "Pages stored."),
    counter(
        "trouvaille_crawl_products_total",
        &[PLATFORMS, ("change", &["new", "changed", "back", "unchanged", "gone"])],
        "Products stored, by what that changed.",
    ),
    counter(
        "trouvaille_crawl_problems_total",
        &[("kind", &["product_refused", "duplicate", "price", "date", "field", "currency"])],
        "What could not be read of pages.",
    ),
    counter(
        "trouvaille_work_total",
        &[KINDS, ("outcome", &["done", "released", "put_off", "failed", "given_up", "lost"])],
        "Work items that this process let go, by what came of them.",
    ),
    gauge("trouvaille_work_items", &[KINDS, ("state", &["waiting", "held"])], "Open work items in the store."),
    gauge("trouvaille_work_oldest_seconds", &[KINDS], "Age of the oldest task with an item that could be taken now."),
    gauge("trouvaille_lease_lapsed_seconds", &[KINDS], "How long ago a lease ran out that nobody took over."),
    gauge("trouvaille_tasks", &[STATES], "Tasks in the store."),
    gauge("trouvaille_task_oldest_seconds", &[STATES], "For how long a task is in its state, at most."),
    gauge(
        "trouvaille_shops",
        &[("state", &["new", "running", "complete", "partial", "blocked", "gone", "failed", "paused"])],
        "Shops in the store, by the end of their last crawl.",
    ),
    gauge("trouvaille_shops_stale", &[], "Shops whose last complete crawl is too old."),
    gauge("trouvaille_shop_last_success_oldest_timestamp_seconds", &[], "The oldest last complete crawl of a shop."),
    gauge("trouvaille_last_crawl_timestamp_seconds", &[], "The end of the newest crawl."),
    gauge("trouvaille_last_ranking_timestamp_seconds", &[], "The newest ranking."),
    gauge("trouvaille_products", &[("state", &["listed", "gone"])], "Products in the store."),
    gauge("trouvaille_stored_figures_timestamp_seconds", &[], "When the figures of the store were read."),
    counter("trouvaille_http_requests_total", &[("operation", &["other"]), ("code", &["200"])], "Requests by operation and outcome."),
    counter("trouvaille_mcp_tool_total", &[("tool", &[]), ("outcome", &[])], "Calls of assistants by what came of them."),
    histogram("trouvaille_mcp_tool_seconds", &[("tool", &[])], CALL_SECONDS, "From a call of an assistant to its answer."),
    counter("trouvaille_summaries_total", &[("kind", &["written", "kept", "extractive", "left"])], "Summaries by what came of them."),
    counter("trouvaille_llm_requests_total", &[], "Requests to the language model."),
    counter("trouvaille_llm_tokens_total", &[("kind", &["input", "output"])], "Tokens read and written, as far as answers said."),
    counter(COST, &[("currency", &[])], "What these tokens cost."),
    counter("trouvaille_llm_rejected_total", &[("reason", &["budget", "endpoint", "refused", "other"])], "Summaries left, or without a model's text."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The table for readers, as cells.
    fn rows() -> Vec<Vec<&'static str>> {
        let rows = include_str!("../../../docs/metrics.md").lines();
        let rows = rows.filter(|line| line.starts_with("| `"));
        rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    #[test]
    fn readers_are_told_of_every_metric_and_of_no_other() {
        let told: Vec<_> = rows()
            .iter()
            .map(|row| (row[0].trim_matches('`'), row[1]))
            .collect();
        let here: Vec<_> = TABLE.iter().map(|it| (it.name, it.kind.name())).collect();
        assert_eq!(told, here);
    }

    #[test]
    fn readers_are_told_of_every_label() {
        let rows = rows();
        let everywhere: String = rows.iter().map(|row| format!("{} ", row[2])).collect();
        for (row, metric) in rows.iter().zip(TABLE) {
            let labels = row[2];
            let named: Vec<&str> = labels.split('`').skip(1).step_by(2).collect();
            let here: Vec<&str> = metric.labels.iter().map(|(name, _)| *name).collect();
            assert_eq!(named, here, "{}", metric.name);
            // Where a label comes again, its values are not said again.
            let words = || everywhere.split([' ', ',', ';', ':']);
            for value in metric.labels.iter().flat_map(|(_, values)| *values) {
                assert!(words().any(|word| word == *value), "{value}: {labels}");
            }
        }
    }
}
