//! The ways around a closed product list, in a fixed order, until one of them is complete.

use catalog::{CurrencySource, Outcome, Reason, Route, Stop, StoreError};
use url::Url;

use super::feed::Thin;
use super::list::List;
use super::{at, ends_pass, stop_of};
use crate::contact::Contact;
use crate::outcome::check_status;
use crate::pass::{Ended, Pass};
use crate::platforms::shopify::{self, Home};

/// The order of the ways.
const ORDER: [Route; 4] = [
    Route::Myshopify,
    Route::Collections,
    Route::Atom,
    Route::Sitemap,
];

impl Pass<'_> {
    /// Tries the other ways to a shop whose list ended with `closed`, if it is known or says that it is Shopify's.
    pub(super) async fn around_a_closed_list(
        &mut self,
        contact: &Contact,
        closed: Outcome,
    ) -> Result<Outcome, StoreError> {
        let base = &contact.base;
        let is_gone = matches!(closed, Outcome::Gone(_));
        let home = match self.home(base).await {
            Ok(home) => home,
            Err(outcome) if ends_pass(&outcome) => return Ok(outcome),
            // A server that fails is no shop that is gone.
            Err(outcome @ Outcome::Failed(_)) if is_gone => return Ok(outcome),
            Err(_) => Home::default(),
        };
        let is_known =
            self.begun.n_known > 0 || contact.shop.currency_source == CurrencySource::Shop;
        if !home.is_shopify && (is_gone || !is_known) {
            return Ok(closed);
        }
        if let Some(host) = &home.myshopify
            && self.is_walled(Route::Myshopify)
        {
            return self.behind_the_wall(&named(base, host)).await;
        }
        let begun_on = self.begun_on();
        let is_done = |it: &Route| begun_on != Route::List && *it != begun_on;
        let mut thin = None;
        for route in ORDER.into_iter().skip_while(is_done) {
            let ended = match route {
                Route::Myshopify => match self.take_myshopify(&home, contact).await? {
                    (ended, Some(list)) if stop_of(&ended.outcome) == Some(Stop::Wall) => {
                        return self.behind_the_wall(&list.base).await;
                    }
                    (ended, _) => ended,
                },
                Route::Collections => self.take_collections(base, None).await?,
                Route::Atom => {
                    let (ended, brought) = self.take_feed(base).await?;
                    thin = brought;
                    ended
                }
                Route::Sitemap | Route::List => {
                    if begun_on == Route::Sitemap {
                        // Its turn was before the pass went on.
                        thin = match self.read_feed(base).await {
                            Ok(thin) => Some(thin),
                            Err(outcome) if ends_pass(&outcome) => return Ok(outcome),
                            Err(_) => None,
                        };
                    }
                    self.take_sitemap(base, thin.as_ref()).await?
                }
            };
            if ended.outcome == Outcome::Complete || ends_pass(&ended.outcome) {
                return Ok(ended.outcome);
            }
        }
        if let Some(thin) = thin
            && let Some(ended) = self.store_thin(thin).await?
        {
            return Ok(ended.outcome);
        }
        Ok(self.still_closed(closed))
    }

    /// Asks for the shop's first page. A shop that asks for its password there is not looked at further.
    async fn home(&self, base: &Url) -> Result<Home, Outcome> {
        let response = self.ask_beside(&at(base, "/")).await?;
        check_status(&response, 1, false)?;
        let home = shopify::read_home(&response.body);
        if home.asks_for_password {
            let detail = format!("{} asks for the shop's password", response.url);
            return Err(Outcome::Blocked(Reason::new(Stop::Password, detail)));
        }
        Ok(home)
    }

    /// Takes the same list at the host that the platform gave the shop.
    async fn take_myshopify(
        &mut self,
        home: &Home,
        contact: &Contact,
    ) -> Result<(Ended, Option<List>), StoreError> {
        let base = &contact.base;
        self.begin_route(Route::Myshopify).await?;
        let closed = |detail: &str| Outcome::Blocked(Reason::new(Stop::ClosedFeed, detail));
        let found = match &home.myshopify {
            None => Err(closed("no page of the shop says its name")),
            Some(host) if base.host_str() == Some(host) => {
                Err(closed("its name is the address that was asked"))
            }
            Some(host) => Ok(named(base, host)),
        };
        let (ended, list) = match found {
            Err(outcome) => (Ended::by(outcome), None),
            Ok(url) => {
                let mut list = List {
                    route: Route::Myshopify,
                    base: url,
                    is_gone_when_missing: false,
                    read_at: None,
                    n_stated: contact.n_products.unwrap_or(0),
                    n_known: self.begun.n_known,
                };
                let asked = list.base.clone();
                let mut ended = self.read_list(&mut list).await?;
                if let Some(there) = list.read_at.as_ref().filter(|it| it.host() != asked.host()) {
                    let led = format!("{} leads to {}", asked.authority(), there.authority());
                    ended.tell_first(&led);
                }
                self.crawl.memory().keep_robots().await?;
                (self.of_another_host(ended), Some(list))
            }
        };
        self.end_route(&ended);
        Ok((ended, list))
    }

    /// Returns `ended` so that a host that is no more, and was never heard, is no reason to stop.
    fn of_another_host(&self, ended: Ended) -> Ended {
        match ended.outcome {
            Outcome::Failed(reason) if reason.stop == Stop::Unreachable && self.next_page == 1 => {
                let reason = Reason::new(Stop::ClosedFeed, reason.detail);
                Ended::by(Outcome::Blocked(reason))
            }
            _ => ended,
        }
    }

    /// Takes the products that the sitemap names, one by one, and those of the feed: the newest ones may not be named yet.
    async fn take_sitemap(
        &mut self,
        base: &Url,
        newest: Option<&Thin>,
    ) -> Result<Ended, StoreError> {
        self.begin_route(Route::Sitemap).await?;
        let mut census = match self.census(base).await? {
            Ok(census) => census,
            Err(outcome) => {
                let ended = Ended::by(outcome);
                self.end_route(&ended);
                return Ok(ended);
            }
        };
        for handle in newest.into_iter().flat_map(Thin::handles) {
            census.name(handle, None, &self.seen);
        }
        if let Some(ended) = self.mark_present(&mut census, Route::Sitemap).await? {
            return Ok(ended);
        }
        self.take_singles(base, &mut census).await
    }

    /// Returns `closed` with what was tried besides.
    fn still_closed(&self, closed: Outcome) -> Outcome {
        let tried: Vec<String> = self
            .notes
            .routes
            .iter()
            .filter(|it| it.route != Route::List)
            .filter_map(|it| Some(format!("{} ({})", it.route.name(), it.end?.name())))
            .collect();
        let more = |reason: Reason| {
            let detail = format!("{}; also tried: {}", reason.detail, tried.join(", "));
            Reason::new(reason.stop, detail)
        };
        match closed {
            Outcome::Complete => Outcome::Complete,
            Outcome::Partial(reason) => Outcome::Partial(more(reason)),
            // Its first page is there.
            Outcome::Blocked(reason) | Outcome::Gone(reason) => Outcome::Blocked(more(reason)),
            Outcome::Failed(reason) => Outcome::Failed(more(reason)),
        }
    }
}

/// Returns the shop's address by its name.
fn named(base: &Url, host: &str) -> Url {
    let mut url = at(base, "/");
    let is_set = url.set_host(Some(host)).is_ok() && url.set_port(None).is_ok();
    debug_assert!(is_set, "the reader of pages gives hosts alone");
    url
}
