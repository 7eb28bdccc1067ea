//! A host's robots.txt: asked for before anything else, kept for a day, and told where it is not kept whole.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::host::Host;
use super::pace::{CutDelay, Pace};
use super::robots::{MAX_BYTES, Robots, RobotsAnswer};
use super::tries::Patience;
use super::{Ask, FetchError, Fetcher, MAX_HOPS, Response, redirect_target};

impl Fetcher {
    /// Returns the rules of the host's robots.txt, from at most a day ago; `pace` is told where they are not all of it.
    pub(super) async fn robots(
        &self,
        host: &Host,
        url: &Url,
        pace: &Pace,
    ) -> Result<Arc<Robots>, FetchError> {
        let mut known = host.robots.lock().await;
        let robots = match known.fresh() {
            Some(robots) => robots,
            None => {
                let answer = self.fetch_robots(host, url, pace).await?;
                let robots = Arc::new(Robots::of(&answer, Duration::ZERO));
                known.robots = Some(Arc::clone(&robots));
                known.answer = Some(answer);
                robots
            }
        };
        if let Some(n_bytes) = robots.cut_from {
            pace.cut_robots(n_bytes);
        }
        Ok(robots)
    }

    async fn fetch_robots(
        &self,
        host: &Host,
        url: &Url,
        pace: &Pace,
    ) -> Result<RobotsAnswer, FetchError> {
        let mut robots_url = url
            .join("/robots.txt")
            .expect("an absolute path joins any http URL");
        let limit = self.config.robots_timeout;
        let patience = Patience {
            n_tries: self.config.max_tries.min(2),
            crawl_delay: Duration::ZERO,
            longest_try: Some(limit),
            longest_pause: limit,
        };
        let mut other_host;
        let mut host = host;
        for n_hops in 0..=MAX_HOPS {
            let explained = |error: FetchError| match n_hops {
                0 => error.while_asking_robots(),
                _ => error.while_asking_robots().behind_a_redirect(),
            };
            self.guard.check_url(&robots_url).map_err(explained)?;
            pace.recall(&robots_url).await;
            let response = self
                .ask_patiently(host, Ask::get(&robots_url), patience, pace)
                .await
                .map_err(explained)?;
            // Whatever its status: the rules are those behind it, which nobody has seen.
            if response.names_challenge() {
                return Err(explained(FetchError::challenged(&response)));
            }
            match redirect_target(&response)? {
                None => return Ok(robots_of(&response)),
                Some(target) => robots_url = target,
            }
            other_host = self.host(&robots_url);
            host = &other_host;
        }
        Err(FetchError::TooManyRedirects {
            url: robots_url.into(),
        })
    }

    /// Returns the `Crawl-delay` as far as it is kept; `pace` is told where that is not all of it.
    pub(super) fn crawl_delay(&self, robots: &Robots, url: &Url, pace: &Pace) -> Duration {
        let (asked, longest) = (robots.crawl_delay(), self.config.max_crawl_delay);
        let kept = asked.min(longest);
        if asked > longest {
            pace.cut(CutDelay { asked, kept });
            if robots.is_told_first() {
                tracing::warn!(
                    host = url.authority(),
                    "{}: robots.txt asks for {} s between requests; {} s are kept",
                    url.authority(),
                    asked.as_secs(),
                    kept.as_secs(),
                );
            }
        }
        kept
    }
}

/// Returns what counts of a robots.txt, and says where that is not all of it.
fn robots_of(response: &Response) -> RobotsAnswer {
    let answer = RobotsAnswer::new(response.status, &response.body);
    if response.status == 200 && response.body.len() > MAX_BYTES {
        tracing::warn!(
            url = %response.url,
            "{} has {} bytes, of which the first {} count (RFC 9309): rules behind them are not known",
            response.url,
            response.body.len(),
            MAX_BYTES,
        );
    }
    answer
}
