//! What an answer, or that there is none, makes of a shop's crawl.

use catalog::{Outcome, Reason, Stop};

use crate::crawl::{PAGE_SIZE, WALL};
use crate::fetch::{FetchError, Response};
use crate::platforms::ReadError;

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
    let is_challenge = response
        .headers
        .get("cf-mitigated")
        .is_some_and(|value| value == "challenge");
    match response.status {
        200 => Ok(()),
        403 if is_challenge => blocked(Stop::Challenge, " with an anti-bot challenge"),
        400 if is_behind_wall(page_number) => Err(wall(page_number)),
        402 | 423 => blocked(Stop::Suspended, ": the shop is frozen or locked"),
        404 | 410 if is_gone => Err(Outcome::Gone(Reason::new(
            Stop::ClosedFeed,
            answered(", and /meta.json is gone too"),
        ))),
        404 | 410 => blocked(
            Stop::ClosedFeed,
            ": no Shopify shop, or its product list is closed",
        ),
        _ => blocked(Stop::ClosedFeed, ": the product list is closed"),
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
        FetchError::RefusedByRobots { .. } | FetchError::NoRobots(_) => blocked(Stop::Robots),
        FetchError::RateLimited { .. } | FetchError::ComeBackLater { .. } => {
            blocked(Stop::RateLimited)
        }
        FetchError::ServerError { .. } => failed(Stop::ServerError),
        FetchError::RefusedAddress { .. } | FetchError::BadRedirect { .. } => {
            failed(Stop::RefusedAddress)
        }
        FetchError::TooLarge { .. } | FetchError::Damaged { .. } | FetchError::BrokenOff { .. } => {
            failed(Stop::Damaged)
        }
        FetchError::Setup(_)
        | FetchError::Unreachable { .. }
        | FetchError::TimedOut { .. }
        | FetchError::TooManyRedirects { .. } => failed(Stop::Unreachable),
    }
}

pub(crate) fn outcome_of_read(error: &ReadError, response: &Response, page_number: u32) -> Outcome {
    if matches!(error, ReadError::Errors(_)) && is_behind_wall(page_number) {
        return wall(page_number);
    }
    let stop = match error {
        ReadError::NotJson(_) => Stop::NotJson,
        ReadError::Damaged(_) => Stop::Damaged,
        ReadError::NotProducts(_) | ReadError::Errors(_) => Stop::NotShopify,
    };
    Outcome::Failed(Reason::new(stop, format!("{}: {error}", response.url)))
}
