//! What the work of the process tells of itself when somebody asks, beside what it counts as it goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crawler::fetch::Fetcher;
use metrics::{counter, gauge};
use summarizer::Tally;

use super::head_of_cost;

/// What can be told of the work once there is some.
#[derive(Debug)]
pub(crate) struct AtWork {
    pub(crate) fetcher: Arc<Fetcher>,
    /// What this process did of summaries; `None` where no agent does them.
    pub(crate) summaries: Option<Summaries>,
}

/// What is counted of summaries.
#[derive(Debug)]
pub(crate) struct Summaries {
    pub(crate) tally: Arc<Tally>,
    /// Of the prices that are configured for the model.
    pub(crate) currency: Option<String>,
}

impl AtWork {
    pub(crate) fn tell(&self) {
        let now = self.fetcher.hosts_now();
        gauge!("trouvaille_hosts").set(now.n_known as f64);
        gauge!("trouvaille_breaker_open", "scope" => "host").set(now.n_left_alone as f64);
        gauge!("trouvaille_breaker_open", "scope" => "platform")
            .set(f64::from(u8::from(now.is_platform_left_alone)));
        if let Some(summaries) = &self.summaries {
            summaries.tell();
        }
    }

    /// Returns what the tokens cost, in the text format of Prometheus. Letters alone are a currency.
    pub(crate) fn cost(at_work: Option<&Self>) -> String {
        let summaries = at_work.and_then(|it| it.summaries.as_ref());
        let nanos = summaries.map_or(0, |it| it.tally.cost_nanos.load(Ordering::Relaxed));
        let currency = summaries.and_then(|it| it.currency.as_deref());
        let currency = currency
            .filter(|it| it.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .unwrap_or("XXX");
        let (head, cost) = (head_of_cost(), nanos as f64 / 1e9);
        format!("{head}trouvaille_llm_cost_total{{currency=\"{currency}\"}} {cost}\n")
    }
}

impl Summaries {
    fn tell(&self) {
        let tally = &self.tally;
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        for (kind, n) in [
            ("written", &tally.written),
            ("kept", &tally.kept),
            ("extractive", &tally.extractive),
            ("left", &tally.left),
        ] {
            counter!("trouvaille_summaries_total", "kind" => kind).absolute(count(n));
        }
        counter!("trouvaille_llm_requests_total").absolute(count(&tally.requests));
        for (kind, n) in [
            ("input", &tally.input_tokens),
            ("output", &tally.output_tokens),
        ] {
            counter!("trouvaille_llm_tokens_total", "kind" => kind).absolute(count(n));
        }
        for (reason, n) in tally.reasons() {
            counter!("trouvaille_llm_rejected_total", "reason" => reason).absolute(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use catalog::UnixMs;
    use crawler::fetch::FetchConfig;

    use super::super::{begin, recorder};
    use super::*;

    #[test]
    fn what_was_done_of_summaries_is_told_where_an_agent_does_them() {
        let nothing = "trouvaille_llm_cost_total{currency=\"XXX\"} 0\n";
        assert!(AtWork::cost(None).ends_with(nothing));
        let tally = Tally::default();
        tally.written.store(3, Ordering::Relaxed);
        tally.requests.store(4, Ordering::Relaxed);
        tally.input_tokens.store(1_400, Ordering::Relaxed);
        tally.cost_nanos.store(2_500_000, Ordering::Relaxed);
        let summaries = Summaries {
            tally: Arc::new(tally),
            currency: Some("USD".to_owned()),
        };
        let at_work = AtWork {
            fetcher: Arc::new(Fetcher::new(FetchConfig::default()).unwrap()),
            summaries: Some(summaries),
        };
        let (recorder, figures) = recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            begin(UnixMs::new(0));
            at_work.tell();
            figures.text() + &AtWork::cost(Some(&at_work))
        });
        for line in [
            "trouvaille_summaries_total{kind=\"written\"} 3\n",
            "trouvaille_summaries_total{kind=\"left\"} 0\n",
            "trouvaille_llm_requests_total 4\n",
            "trouvaille_llm_tokens_total{kind=\"input\"} 1400\n",
            "trouvaille_llm_cost_total{currency=\"USD\"} 0.0025\n",
            "trouvaille_breaker_open{scope=\"platform\"} 0\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
