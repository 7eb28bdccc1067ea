//! Pages that need not be read again: what the shop's last complete pass knows of their versions.

use std::collections::HashMap;

use catalog::{BegunCrawl, KnownPage, Start, StoreError};
use url::{Position, Url};

use crate::crawl::Crawl;
use crate::fetch::Response;

/// The pages of the shop's last complete pass that may be asked for by their versions, by number.
#[derive(Default)]
pub(crate) struct KnownPages(HashMap<u32, KnownPage>);

impl KnownPages {
    /// Returns none for a crawl that was asked to read everything anew.
    pub(crate) async fn of(crawl: &Crawl<'_>, begun: &BegunCrawl) -> Result<Self, StoreError> {
        if crawl.options.start == Start::Fresh {
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

/// Returns whether `response` says that what was asked for by its version at `url` is as it was.
///
/// Behind a redirect no version was sent, so that nothing there can be said of one.
pub(super) fn says_unchanged(response: &Response, url: &Url) -> bool {
    response.status == 304 && response.url == *url
}
