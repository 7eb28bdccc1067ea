//! What operators see of the process in numbers: every metric by its name, what it begins with, the text of them all.
//!
//! The rooms count through the facade `metrics`. In commands that serve nobody, nothing listens to it.

mod at_work;
mod stored;
mod table;

use std::sync::OnceLock;

use catalog::UnixMs;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

pub(crate) use self::at_work::{AtWork, Summaries};
pub(crate) use self::stored::StoredFigures;
use self::table::{Kind, TABLE};

/// Calls of assistants that are none of a tool.
const OTHER_CALLS: [&str; 3] = ["resources/read", "prompts/get", "other"];

/// The kinds of work items that are told apart.
pub(crate) const WORK_KINDS: [&str; 6] = [
    "crawl",
    "crawl.product",
    "crawl.close",
    "summarize",
    "summarize.close",
    "other",
];

/// The numbers of the process.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    handle: PrometheusHandle,
}

impl Figures {
    /// Has everything counted from now on. A second call in a process returns what counts already.
    pub(crate) fn install(now: UnixMs) -> Self {
        static INSTALLED: OnceLock<Figures> = OnceLock::new();
        let install = || {
            let (recorder, figures) = recorder();
            // Nobody else sets one in this process; what it would count is not shown.
            metrics::set_global_recorder(recorder).ok();
            begin(now);
            figures
        };
        INSTALLED.get_or_init(install).clone()
    }

    /// Returns all numbers in the text format of Prometheus.
    pub(crate) fn text(&self) -> String {
        if let Some(bytes) = resident_bytes() {
            gauge!("process_resident_memory_bytes").set(bytes);
        }
        self.handle.render()
    }

    /// Makes room where times were measured since the last call; without it they would pile up until somebody asks.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

/// Returns what counts, and the numbers that it counts.
pub(crate) fn recorder() -> (PrometheusRecorder, Figures) {
    let mut builder = PrometheusBuilder::new();
    for metric in TABLE {
        if let Kind::Histogram(bounds) = metric.kind {
            let name = Matcher::Full(metric.name.to_owned());
            builder = builder
                .set_buckets_for_metric(name, bounds)
                .expect("every histogram of the table has bounds");
        }
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    (recorder, Figures { handle })
}

/// Sets every number to what it begins with: an alert sees nothing of a series that appears only when it grows.
pub(crate) fn begin(now: UnixMs) {
    for metric in TABLE {
        metric.describe();
        metric.begin();
    }
    gauge!("trouvaille_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("process_start_time_seconds").set(seconds(now));
    let tools = mcp_server::tools().map(|it| it.name);
    for tool in tools.chain(OTHER_CALLS) {
        for outcome in ["ok", "timeout", "internal"] {
            counter!("trouvaille_mcp_tool_total", "tool" => tool, "outcome" => outcome)
                .increment(0);
        }
        drop(histogram!("trouvaille_mcp_tool_seconds", "tool" => tool));
    }
}

/// Returns the kind by which an item is counted. What stands behind a slash sets the work of one command apart: there
/// may be any number of such kinds.
pub(crate) fn work_kind(kind: &str) -> &'static str {
    let (family, _) = kind.split_once('/').unwrap_or((kind, ""));
    let known = WORK_KINDS.iter().find(|it| **it == family);
    known.copied().unwrap_or("other")
}

/// Returns whether items of a kind are the work of one command, with which nobody else can go on: it names its writer
/// and the call ([`own_name`](crate::summaries::own_name)).
fn is_of_one_command(kind: &str) -> bool {
    kind.matches('/').count() > 1
}

/// Returns the HELP and TYPE lines of what the facade cannot count, a counter of parts.
fn head_of_cost() -> String {
    let cost = TABLE.iter().find(|it| it.name == table::COST);
    let help = cost.map_or("", |it| it.help);
    format!(
        "# HELP {name} {help}\n# TYPE {name} counter\n",
        name = table::COST
    )
}

fn seconds(at: UnixMs) -> f64 {
    at.ms() as f64 / 1e3
}

/// Returns the memory in use, where the system tells.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_single_commands_is_counted_as_one_kind() {
        for (kind, expected) in [
            ("crawl", "crawl"),
            ("crawl.close", "crawl.close"),
            ("summarize/0123abcd", "summarize"),
            ("summarize/extractive", "summarize"),
            ("conformance", "other"),
            ("", "other"),
            ("/", "other"),
        ] {
            assert_eq!(work_kind(kind), expected, "{kind}");
        }
    }

    #[test]
    fn the_kinds_of_all_agents_are_told_apart() {
        let kinds = a2a::kinds(&a2a::AGENTS.iter().collect::<Vec<_>>(), false);
        for kind in kinds.crawls.iter().chain(&kinds.summaries) {
            assert_eq!(work_kind(kind), *kind);
        }
    }

    #[test]
    fn a_fresh_process_shows_every_number() {
        let (recorder, figures) = recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            begin(UnixMs::new(1_500));
            figures.text()
        });
        for metric in TABLE.iter().filter(|it| it.name != table::COST) {
            let line = format!("# TYPE {} {}\n", metric.name, metric.kind.name());
            assert!(text.contains(&line), "{line}: {text}");
        }
        for line in [
            "process_start_time_seconds 1.5\n",
            "trouvaille_fetch_total{platform=\"shopify\",outcome=\"http_429\"} 0\n",
            "trouvaille_fetch_seconds_count{platform=\"shopify\"} 0\n",
            "trouvaille_mcp_tool_total{tool=\"get_top_products\",outcome=\"ok\"} 0\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
