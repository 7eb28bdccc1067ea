//! One request and its further tries: each waits for its turn, and each teaches something of its host.

use std::time::Duration;

use super::breaker::{Failure, Told};
use super::host::{Host, Met, Turn};
use super::pace::Pace;
use super::{Ask, FetchError, Fetcher, Response, Wait, retry};

/// How patiently one URL is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Tries in all.
    pub(super) n_tries: u32,
    /// The host's `Crawl-delay`, as far as it is kept.
    pub(super) crawl_delay: Duration,
    /// The longest time of one try, where it is shorter than usual.
    pub(super) longest_try: Option<Duration>,
    /// The longest pause that is waited for.
    pub(super) longest_pause: Duration,
}

/// What one try came to.
struct Tried {
    result: Result<Response, FetchError>,
    /// The pause before the next one; `None` where the result counts as it is.
    pause: Option<Duration>,
    /// Whether the host is left alone from now on.
    ends_all: bool,
}

impl Fetcher {
    /// Sends until there is an answer that counts or the tries are used up, one request at a time per host.
    ///
    /// Cancel-safe: a pause that a host asked for is kept by the next request.
    pub(super) async fn ask_patiently(
        &self,
        host: &Host,
        ask: Ask<'_>,
        patience: Patience,
        pace: &Pace,
    ) -> Result<Response, FetchError> {
        pace.asks(ask.url);
        let mut turn = host.turn.lock().await;
        turn.admit(ask.url)?;
        let n_tries = if turn.is_probe() { 1 } else { patience.n_tries };
        let mut waited = Duration::ZERO;
        for n_tried in 1.. {
            let tried = self.try_once(&mut turn, ask, patience, n_tried, pace);
            let tried = tried.await?;
            let Some(pause) = tried.pause else {
                return retry::settled(tried.result);
            };
            // Who is asked to wait is not refused for good: a platform's limit may turn robots.txt away for another shop.
            let is_refused =
                matches!(&tried.result, Ok(response) if matches!(response.status, 429 | 430));
            let n_tries = match is_refused && n_tries > 1 {
                true => self.config.max_tries,
                false => n_tries,
            };
            if retry::is_asked_for(&tried.result) {
                waited += pause;
            }
            // Who waits for one host keeps all others from it.
            let is_too_long = waited > self.config.max_retry_after;
            if n_tried >= n_tries || tried.ends_all || is_too_long {
                return Err(retry::exhausted(tried.result, ask.url, n_tried));
            }
            tracing::warn!(
                url = %ask.url,
                try_number = n_tried,
                pause_ms = pause.as_millis() as u64,
                "{}: waiting {:.1} s before the next try",
                retry::what_happened(&tried.result),
                pause.as_secs_f64(),
            );
            turn.pause(pause);
            pace.pause(pause);
        }
        unreachable!("the loop above has no end but return")
    }

    /// Waits for the host's turn and for what all requests share, sends, and learns from what comes back.
    async fn try_once(
        &self,
        turn: &mut Turn,
        ask: Ask<'_>,
        patience: Patience,
        n_tried: u32,
        pace: &Pace,
    ) -> Result<Tried, FetchError> {
        let gap = patience.crawl_delay.max(self.gap());
        turn.wait(gap.max(pace.gap())).await;
        let pass = self.shared.pass(ask.url).await?;
        let is_gentle = turn.leaves();
        // Behind the work the host is left alone as long as it or the operator wants, not as long as this work did:
        // one that wished to be slow would keep all others from the shop.
        let sent = pace.sent(gap.max(turn.learned_gaps().0), n_tried > 1);
        let result = self.send_within(ask, patience.longest_try).await;
        sent.answered(&result);

        let status = result.as_ref().map_or(0, |response| response.status);
        let told = match status {
            429 | 430 => Told::Refused,
            0 | 500..=599 => Told::Nothing,
            _ => Told::Good,
        };
        pass.met(ask.url.authority(), told, is_gentle || status == 430);
        let pause =
            retry::pause_before_next(&result, n_tried, patience.longest_pause, &self.config);
        let rest = turn.learn(met(&result, pause), self.config.backoff);
        pace.learned(turn.learned_gaps().1);
        if let Some(asked) = retry::pause_to_keep(&result, pause) {
            turn.pause(asked);
            pause.into_iter().for_each(|pause| pace.pause(pause));
        }
        if let Some(rest) = rest {
            tracing::warn!(
                url = %ask.url,
                "{}: leaving {} alone for {} s",
                retry::what_happened(&result),
                ask.url.authority(),
                rest.as_secs(),
            );
        }
        Ok(Tried {
            result,
            pause,
            ends_all: rest.is_some(),
        })
    }

    async fn send_within(
        &self,
        ask: Ask<'_>,
        longest: Option<Duration>,
    ) -> Result<Response, FetchError> {
        // The largest part of whatever future asks for something.
        let sending = Box::pin(self.send(ask));
        let Some(longest) = longest else {
            return sending.await;
        };
        let sent = tokio::time::timeout(longest, sending).await;
        sent.unwrap_or_else(|_| Err(FetchError::timed_out(ask.url, Wait::Answer, longest)))
    }
}

/// Returns what a result says of its host. The pause is the one before the next try.
fn met(result: &Result<Response, FetchError>, pause: Option<Duration>) -> Met<'_> {
    let refusal = |failure| Met::Refusal {
        failure,
        pause: pause.unwrap_or(Duration::MAX),
    };
    match result {
        Ok(response) => match response.status {
            429 | 430 => refusal(Failure::Refused),
            503 => refusal(Failure::ServerError),
            500..=599 => Met::Failure(Failure::ServerError),
            _ => Met::Answer {
                latency: response.headers_after,
                kind: kind(response.url.path()),
            },
        },
        Err(error) if error.is_transient() => Met::Failure(Failure::Unreachable),
        Err(_) => Met::Nothing,
    }
}

/// Returns the part of a path that pages of one kind share: their folder, where they are in one.
fn kind(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => path,
        Some(end) => &path[..end],
    }
}
