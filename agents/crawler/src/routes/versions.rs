//! Pages that need not be read again: what the shop's last complete pass knows of their versions.

use std::collections::HashMap;

use catalog::{BegunCrawl, KnownPage, Outcome, Start, StoreError};
use url::{Position, Url};

use crate::crawl::Crawl;
use crate::fetch::Response;

/// How long a shop's word is believed that its pages are as they were: then all are read once. Four times the longest time
/// between two crawls.
const MAX_BELIEVED_MS: i64 = 28 * 24 * 3_600_000;

/// Passes among which the last one is that read every page: the shortest time between two crawls is 6 hours.
const MAX_PASSES: usize = 128;

/// The pages of the shop's last complete pass that may be asked for by their versions, by number.
#[derive(Default)]
pub(crate) struct KnownPages(HashMap<u32, KnownPage>);

impl KnownPages {
    /// Returns none for a crawl that was asked to read everything anew.
    pub(crate) async fn of(crawl: &Crawl<'_>, begun: &BegunCrawl) -> Result<Self, StoreError> {
        if crawl.options.start == Start::Fresh {
            return Ok(Self::default());
        }
        if !was_read_lately(crawl, begun).await? {
            return Ok(Self::default());
        }
        let known = crawl.store.page_validators(&begun.ticket).await?;
        Ok(Self(known.into_iter().map(|it| (it.page, it)).collect()))
    }

    /// Returns what is known of page `number` if it stood at `url`: a version is that of one address.
    pub(crate) fn at(&self, number: u32, url: &Url) -> Option<&KnownPage> {
        let url = &url[..Position::AfterQuery];
        self.0
            .get(&number)
            .filter(|known| known.validators.url == url)
    }
}

/// Returns whether a complete pass of the last weeks read every page. A shop's word that a page is as it was may be wrong,
/// and nothing else would ever tell.
async fn was_read_lately(crawl: &Crawl<'_>, begun: &BegunCrawl) -> Result<bool, StoreError> {
    let passes = crawl.store.crawls(Some(&begun.shop.key), MAX_PASSES);
    let now = (crawl.now)();
    let mut complete = passes.await?.into_iter().filter(|pass| {
        let n_not_read = pass.notes.traffic.map_or(0, |it| it.not_modified);
        pass.outcome == Some(Outcome::Complete) && n_not_read == 0
    });
    Ok(complete.any(|pass| now.ms().saturating_sub(pass.started_at.ms()) < MAX_BELIEVED_MS))
}

/// Returns whether `response` says that what was asked for by its version at `url` is as it was.
///
/// Behind a redirect no version was sent, so that nothing there can be said of one.
pub(super) fn says_unchanged(response: &Response, url: &Url) -> bool {
    response.status == 304 && response.url == *url
}
