//! One request and its further tries: each waits for its turn, and each teaches something of its host.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::breaker::{Failure, Told};
use super::host::{Host, LONGEST_PAUSE, Met, Turn};
use super::limits::Outcome;
use super::pace::Pace;
use super::platform::OwnLimit;
use super::{Ask, FetchError, Fetcher, Response, Wait, figures, retry};

/// The shortest pause that is stored as soon as it begins: hosts ask for whole seconds, and ours are shorter at first.
const KEPT_AT_ONCE: Duration = Duration::from_secs(1);

/// So many times as often a request is tried that met a limit: with pauses that double up to a minute, for four minutes.
const LONGER: u32 = 2;

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
        pace.has_come_back().await;
        pace.asks(ask.url);
        let mut turn = host.turn.lock().await;
        turn.admit(ask.url, pace.longest_wait().min(self.longest_pause()))
            .map_err(|error| match pace.has_lost_patience() {
                true => error.for_asking_too_often(),
                false => error,
            })?;
        tell_wait(&turn, ask.url);
        let n_tries = if turn.is_probe() { 1 } else { patience.n_tries };
        let mut waited = Duration::ZERO;
        for n_tried in 1.. {
            let tried = self.try_once(&mut turn, ask, patience, n_tried, pace);
            let tried = tried.await?;
            let Some(pause) = tried.pause else {
                return retry::settled(tried.result);
            };
            let n_tries = match &tried.result {
                Ok(response) if n_tries > 1 => self.n_tries(response.status, n_tries, &turn),
                _ => n_tries,
            };
            if retry::is_asked_for(&tried.result) {
                waited += pause;
            }
            // Who waits for one host keeps all others from it.
            let is_too_long = waited > self.config.max_retry_after;
            if n_tried >= n_tries || tried.ends_all || is_too_long {
                return Err(retry::exhausted(tried.result, ask.url, n_tried));
            }
            let asked_gap = patience.crawl_delay.max(self.gap()).max(pace.gap());
            let wait = pause.max(asked_gap).max(turn.learned_gaps().0);
            tracing::warn!(
                url = %ask.url,
                try_number = n_tried,
                pause_ms = wait.as_millis() as u64,
                "{}: waiting {:.1} s before the next try",
                retry::what_happened(&tried.result),
                wait.as_secs_f64(),
            );
            turn.pause(pause);
            pace.pause(pause);
            pace.has_come_back().await;
        }
        unreachable!("the loop above has no end but return")
    }

    /// Returns how often a request is tried that was answered with `status`, where others are `n_tries` times.
    fn n_tries(&self, status: u16, n_tries: u32, turn: &Turn) -> u32 {
        match status {
            // Whose limit was met lets nobody in for minutes and says nothing of it; who answered no page may never.
            429 if turn.has_given_pages() || self.shared.has_limit() => {
                self.config.max_tries.saturating_mul(LONGER)
            }
            // Who is asked to wait is not refused for good: a platform's limit may turn robots.txt away for another shop.
            429 | 430 => self.config.max_tries,
            _ => n_tries,
        }
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
        tell_slowness(turn, ask.url);
        turn.wait(gap.max(pace.gap()), pace.others_sent_at()).await;
        let pass = self.shared.pass(ask.url).await?;
        let is_gentle = turn.leaves();
        // Behind the work the host is left alone as long as it or the operator wants, not as long as this work did:
        // one that wished to be slow would keep all others from the shop.
        let sent = pace.sent(gap.max(turn.learned_gaps().0), n_tried > 1);
        let began = Instant::now();
        let result = self.send_within(ask, pace, patience.longest_try).await;
        sent.answered(&result);
        figures::sent(&result, began.elapsed());

        let status = result.as_ref().map_or(0, |response| response.status);
        let is_refused_aside = ask.is_aside && matches!(status, 429 | 430);
        let told = match status {
            _ if is_refused_aside => Told::Nothing,
            429 | 430 => Told::Refused,
            0 | 500..=599 => Told::Nothing,
            _ => Told::Good,
        };
        let is_gentle = is_gentle || status == 430;
        let verdict = pass.met(Outcome {
            host: ask.url.authority(),
            told,
            is_gentle,
            own_limit: match turn.own_limit() {
                OwnLimit::MayBe if is_gentle => OwnLimit::IsNot,
                known => known,
            },
        });
        let pause =
            retry::pause_before_next(&result, n_tried, patience.longest_pause, &self.config);
        let met = match verdict.is_of_platform {
            true => Met::Failure(Failure::Refused),
            false if is_refused_aside => Met::Nothing,
            false => match met(&result, pause) {
                Met::Refusal { failure, .. } if ask.is_aside => Met::Failure(failure),
                met => met,
            },
        };
        let rest = turn.learn(met, self.config.backoff);
        let (gap, lasting_gap) = turn.learned_gaps();
        pace.learned(lasting_gap);
        figures::learned(gap);
        let asked = retry::pause_to_keep(&result, pause);
        if let Some(asked) = asked {
            match told {
                Told::Good => {
                    turn.pause_behind_answer(asked);
                    // A shop whose every answer asks for a pause would keep others from their turn for days.
                    pace.pauses_behind_answer(asked.min(LONGEST_PAUSE), self.longest_pause());
                }
                Told::Refused | Told::Nothing => turn.pause(asked),
            }
            pause.into_iter().for_each(|pause| pace.pause(pause));
        }
        // Whoever is killed in a pause leaves it to the next process, and so what a refusal taught.
        let is_long = asked.max(rest).is_some_and(|pause| pause >= KEPT_AT_ONCE);
        if is_long || matches!(told, Told::Refused) {
            pace.keep(turn.lesson_to_keep(ask.url.origin().ascii_serialization()));
        }
        if verdict.is_closed {
            pace.keep(self.shared.lesson_to_keep());
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
        pace: &Pace,
        longest: Option<Duration>,
    ) -> Result<Response, FetchError> {
        // The largest part of whatever future asks for something.
        let sending = Box::pin(self.send(ask, pace));
        let Some(longest) = longest else {
            return sending.await;
        };
        let sent = tokio::time::timeout(longest, sending).await;
        sent.unwrap_or_else(|_| Err(FetchError::timed_out(ask.url, Wait::Answer, longest)))
    }
}

/// Tells of a pause that nobody who looks on knows of.
fn tell_wait(turn: &Turn, url: &Url) {
    if let Some(left) = turn.long_wait() {
        tracing::warn!(
            url = %url,
            pause_ms = left.as_millis() as u64,
            "{url}: waiting {:.1} s, as an earlier answer asked",
            left.as_secs_f64(),
        );
    }
}

/// Tells once of a rate that a host's answers taught.
fn tell_slowness(turn: &mut Turn, url: &Url) {
    let Some((gap, is_remembered)) = turn.slowness_to_tell() else {
        return;
    };
    let when = if is_remembered {
        "in an earlier crawl"
    } else {
        "in this crawl"
    };
    tracing::info!(
        host = url.authority(),
        gap_ms = gap.as_millis() as u64,
        "{}: one request in {:.1} s, since it refused or slowed down {when}",
        url.authority(),
        gap.as_secs_f64(),
    );
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

#[cfg(test)]
mod tests {
    use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

    use super::*;
    use crate::fetch::{Errand, FetchConfig, Lesson};

    /// Who has room and waits for a robots.txt that somebody else reads, who waits for room, would wait for ever.
    #[tokio::test]
    async fn nobody_keeps_room_while_waiting_for_another_answer() {
        let numbers = (0..20_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let lines: String = numbers.map(|n| format!("# {n:x}\n")).collect();
        let robots = format!("User-agent: *\nDisallow: /nothing\n{lines}");
        let plan = FaultPlan::none().robots(&robots);
        let catalogue = Catalogue::generate(&NORTH_LOFT, 1, 7);
        let shop = FakeShop::start(catalogue, plan).await.unwrap();
        let fetcher = Fetcher::new(FetchConfig {
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
            requests_per_second: None,
            ..FetchConfig::default()
        });
        let fetcher = fetcher.unwrap();
        let (reader, holder) = (Pace::default(), Pace::default());
        let n_others = fetcher.room.available_permits() - 1;
        let n_others = u32::try_from(n_others).unwrap();
        let _others = fetcher.room.acquire_many(n_others).await.unwrap();
        holder.take_room(&fetcher.room).await;
        let url = Url::parse(&shop.url()).unwrap().join("/meta.json").unwrap();
        let both =
            async { tokio::join!(fetcher.get_at(&url, &reader), fetcher.get_at(&url, &holder)) };
        let both = tokio::time::timeout(Duration::from_secs(30), both).await;
        let (one, other) = both.expect("nobody waits for ever");
        assert_eq!((one.unwrap().status, other.unwrap().status), (200, 200));
    }

    /// Many of them would take more memory than a machine has; others need not wait for them.
    #[tokio::test]
    async fn large_answers_that_are_not_packed_wait_for_each_other_alone() {
        let bytes = 600 << 10;
        let plan = FaultPlan::none().fault(On::feed(), Fault::Huge { bytes });
        let fetcher = Fetcher::new(FetchConfig {
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
            requests_per_second: None,
            max_wire_bytes: 200 << 10,
            ..FetchConfig::default()
        });
        let fetcher = fetcher.unwrap();
        let start = async |plan| {
            let catalogue = Catalogue::generate(&NORTH_LOFT, 250, 7);
            let shop = FakeShop::start(catalogue, plan).await.unwrap();
            let list = Url::parse(&shop.url())
                .unwrap()
                .join("/products.json?limit=250");
            (list.unwrap(), shop)
        };
        let mut paces = Vec::new();
        for _ in 0..super::super::MOST_LOOSE {
            let ((list, _shop), pace) = (start(plan.clone()).await, Pace::default());
            let answer = fetcher.get_at(&list, &pace).await.unwrap();
            assert_eq!(answer.body.len() as u64, bytes);
            paces.push(pace);
        }
        let ((list, _shop), pace) = (start(plan).await, Pace::default());
        let mut waiting = Box::pin(fetcher.get_at(&list, &pace));
        let ((packed, _shop), pace) = (start(FaultPlan::none()).await, Pace::default());
        let others = async {
            for _ in 0..20 {
                let answer = fetcher.get_at(&packed, &pace).await.unwrap();
                assert!(answer.wire_bytes >= super::super::LARGE as u64);
            }
        };
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("it has no room"),
            () = others => {}
        }
        paces.pop();
        assert_eq!(waiting.await.unwrap().body.len() as u64, bytes);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_of_hosts_and_of_their_platform_are_to_be_stored_when_they_begin() {
        let busy = Fault::retry_after(429, "300");
        let plan = FaultPlan::none().fault(On::path("/robots.txt"), busy);
        let fetcher = Fetcher::new(FetchConfig {
            allow_private: vec!["127.0.0.0/8".parse().unwrap()],
            ..FetchConfig::default()
        });
        let (fetcher, pace) = (fetcher.unwrap(), Pace::default());
        let runner = pace.run_errands();
        let asked = async {
            for _ in 0..3 {
                let catalogue = Catalogue::generate(&NORTH_LOFT, 1, 7);
                let shop = FakeShop::start(catalogue, plan.clone()).await.unwrap();
                let url = Url::parse(&shop.url()).unwrap();
                fetcher.get_at(&url, &pace).await.unwrap_err();
            }
        };
        let mut kept = Vec::new();
        let run = async {
            loop {
                match runner.next().await {
                    Errand::Recall(url) => runner.recalled(&url),
                    Errand::Keep(lessons) => kept.extend(lessons),
                }
            }
        };
        tokio::select! {
            biased;
            () = asked => {}
            () = run => {}
        }
        let Errand::Keep(last) = runner.next().await else {
            panic!("nothing is recalled behind the last request");
        };
        kept.extend(last);
        let hosts = pace.hosts();
        let origins = hosts.iter().map(|it| it.origin().ascii_serialization());
        let expected: Vec<String> = origins.chain(["platform:shopify".to_owned()]).collect();
        let names: Vec<&str> = kept.iter().map(Lesson::name).collect();
        assert_eq!(names, expected);
        assert!(kept.iter().all(|it| it.pause.is_some()));
    }
}
