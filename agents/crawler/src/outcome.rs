//! What an answer, or that there is none, makes of a shop's crawl.

use catalog::{Outcome, Reason, RouteEnd, Stop};

use crate::fetch::{Failure, FetchError, Response, Rest};
use crate::platforms::{ReadError, shopify};
use crate::routes::{PAGE_SIZE, WALL};

/// The path of a shop's product list, whose answer says more than that of any other way to its products.
const LIST: &str = "/products.json";

/// Lets a 200 through and gives every other answer its outcome. `is_gone` tells what a missing list means.
pub(crate) fn check_status(
    response: &Response,
    page_number: u32,
    is_gone: bool,
) -> Result<(), Outcome> {
    let url = &response.url;
    let answered = |what: &str| format!("{url} answered {}{what}", response.status);
    let blocked = |stop, what: &str| Err(Outcome::Blocked(Reason::new(stop, answered(what))));
    if url.path().ends_with("/password") {
        return blocked(Stop::Password, ": the shop is behind a password");
    }
    if response.is_challenge() {
        return blocked(Stop::Challenge, " with an anti-bot challenge");
    }
    match response.status {
        200 => Ok(()),
        304 => Err(Outcome::Failed(Reason::new(
            Stop::Damaged,
            answered(" to a request that named no version"),
        ))),
        // Neither what was asked for nor a refusal.
        201..300 | 408 | 425 => Err(Outcome::Failed(Reason::new(
            Stop::Damaged,
            answered(", which is no answer to what was asked"),
        ))),
        400 if is_behind_wall(page_number) => Err(wall(page_number)),
        402 | 423 => blocked(Stop::Suspended, ": the shop is frozen or locked"),
        404 | 410 if is_gone => Err(Outcome::Gone(Reason::new(
            Stop::ClosedFeed,
            answered(", and /meta.json is gone too"),
        ))),
        404 | 410 if url.path() == LIST => blocked(
            Stop::ClosedFeed,
            ": no Shopify shop, or its product list is closed",
        ),
        404 | 410 => blocked(Stop::ClosedFeed, ": there is no such page"),
        _ if url.path() == LIST => blocked(Stop::ClosedFeed, ": the product list is closed"),
        _ => blocked(Stop::ClosedFeed, ": it is closed"),
    }
}

/// Returns the end of a route on which the pass came to `outcome`; of a complete one, that all was read.
pub(crate) fn end_of(outcome: &Outcome) -> RouteEnd {
    match outcome.reason().map(|it| it.stop) {
        None => RouteEnd::Exhausted,
        Some(Stop::Wall) => RouteEnd::Wall,
        Some(Stop::MaxPages) => RouteEnd::Budget,
        Some(Stop::Interrupted | Stop::Superseded) => RouteEnd::Cancelled,
        Some(
            Stop::Robots
            | Stop::Password
            | Stop::ClosedFeed
            | Stop::Suspended
            | Stop::Challenge
            | Stop::RateLimited
            | Stop::RefusedAddress,
        ) => RouteEnd::Blocked,
        Some(
            Stop::Endless
            | Stop::Shrunk
            | Stop::NotJson
            | Stop::NotShopify
            | Stop::Damaged
            | Stop::ServerError
            | Stop::Unreachable
            | Stop::Store,
        ) => RouteEnd::Unusable,
    }
}

pub(crate) fn interrupted() -> Outcome {
    let detail = "the next crawl goes on where this one stopped";
    Outcome::Partial(Reason::new(Stop::Interrupted, detail))
}

fn is_behind_wall(page_number: u32) -> bool {
    page_number as usize * PAGE_SIZE > WALL
}

fn wall(page_number: u32) -> Outcome {
    let detail =
        format!("page {page_number} is refused: Shopify lists no more than {WALL} products");
    Outcome::Partial(Reason::new(Stop::Wall, detail))
}

pub(crate) fn outcome_of_fetch(error: &FetchError) -> Outcome {
    let failed = |stop| Outcome::Failed(Reason::new(stop, error.to_string()));
    let blocked = |stop| Outcome::Blocked(Reason::new(stop, error.to_string()));
    match error {
        FetchError::RefusedByRobots { url } if url.ends_with("/password") => {
            blocked(Stop::Password)
        }
        FetchError::NoRobots(why)
            if matches!(
                **why,
                FetchError::RateLimited { .. } | FetchError::ComeBackLater { .. }
            ) =>
        {
            blocked(Stop::RateLimited)
        }
        FetchError::NoRobots(why) if matches!(**why, FetchError::Challenged { .. }) => {
            blocked(Stop::Challenge)
        }
        FetchError::Challenged { .. } => blocked(Stop::Challenge),
        FetchError::RefusedByRobots { .. } | FetchError::NoRobots(_) => blocked(Stop::Robots),
        FetchError::RateLimited { .. } | FetchError::ComeBackLater { .. } => {
            blocked(Stop::RateLimited)
        }
        FetchError::LeftAlone { why, .. } => match why {
            Rest::Asked
            | Rest::AskedTooOften
            | Rest::Platform
            | Rest::Failing(Failure::Refused) => blocked(Stop::RateLimited),
            Rest::Failing(Failure::ServerError) => failed(Stop::ServerError),
            Rest::Failing(Failure::Unreachable) => failed(Stop::Unreachable),
        },
        FetchError::ServerError { .. } => failed(Stop::ServerError),
        FetchError::RefusedAddress { .. } | FetchError::BadRedirect { .. } => {
            failed(Stop::RefusedAddress)
        }
        FetchError::TooLarge { .. } | FetchError::Damaged { .. } | FetchError::BrokenOff { .. } => {
            failed(Stop::Damaged)
        }
        FetchError::Setup(_)
        | FetchError::Unsigned { .. }
        | FetchError::Unreachable { .. }
        | FetchError::TimedOut { .. }
        | FetchError::TooManyRedirects { .. } => failed(Stop::Unreachable),
    }
}

/// Does as [`outcome_of_fetch`] for a pass that has stored something: that robots.txt could not be read is none of its rules,
/// and the pass goes on at its checkpoint.
pub(crate) fn outcome_under_way(error: &FetchError) -> Outcome {
    match outcome_of_fetch(error) {
        Outcome::Blocked(reason)
            if reason.stop == Stop::Robots && matches!(error, FetchError::NoRobots(_)) =>
        {
            Outcome::Failed(Reason::new(Stop::ServerError, reason.detail))
        }
        outcome => outcome,
    }
}

pub(crate) fn outcome_of_read(error: &ReadError, response: &Response, page_number: u32) -> Outcome {
    if matches!(error, ReadError::Errors(_)) && is_behind_wall(page_number) {
        return wall(page_number);
    }
    if matches!(error, ReadError::NotJson(_))
        && shopify::read_home(&response.body).asks_for_password
    {
        let detail = format!("{} asks for the shop's password", response.url);
        return Outcome::Blocked(Reason::new(Stop::Password, detail));
    }
    let stop = match error {
        ReadError::NotJson(_) | ReadError::NotXml(_) => Stop::NotJson,
        ReadError::Damaged(_) | ReadError::DamagedXml(_) => Stop::Damaged,
        ReadError::NotProducts(_) | ReadError::Errors(_) => Stop::NotShopify,
    };
    Outcome::Failed(Reason::new(stop, format!("{}: {error}", response.url)))
}
