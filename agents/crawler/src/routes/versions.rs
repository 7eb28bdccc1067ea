//! Pages that need not be read again: what the shop's last complete pass knows of their versions.

use std::collections::HashMap;

use catalog::{BegunCrawl, KnownPage, Start, StoreError, UnixMs};
use url::{Position, Url};

use crate::crawl::Crawl;
use crate::fetch::Response;

/// How long a shop's word is believed that its pages and products are as they were: then all are read once. Four times the longest time
/// between two crawls.
const MAX_BELIEVED_MS: u64 = 28 * 24 * 3_600_000;

/// What the shop's last complete pass knows of its pages.
#[derive(Default)]
pub(crate) struct KnownPages {
    /// Those that may be asked for by their versions, by number.
    pages: HashMap<u32, KnownPage>,
    /// When the last complete pass began that read every page, if this one does not.
    read_whole_at: Option<UnixMs>,
}

impl KnownPages {
    /// Returns no pages for a crawl that was asked to read everything anew, nor for a pass, begun at `started_at`, before
    /// which nobody has read everything for long: a shop's word that a page is as it was may be wrong, and nothing else would
    /// ever tell.
    pub(crate) async fn of(
        crawl: &Crawl<'_>,
        begun: &BegunCrawl,
        started_at: UnixMs,
    ) -> Result<Self, StoreError> {
        if crawl.options.start == Start::Fresh {
            return Ok(Self::default());
        }
        let last = crawl.newest_complete(begun).await?;
        let read_whole_at = last.and_then(|it| it.notes.read_whole_at);
        // Either way: a clock may have been set back. Whoever goes on with the pass finds the same.
        let is_lately = |at: &UnixMs| started_at.ms().abs_diff(at.ms()) < MAX_BELIEVED_MS;
        let Some(read_whole_at) = read_whole_at.filter(is_lately) else {
            return Ok(Self::default());
        };
        let known = crawl.store.page_validators(&begun.ticket).await?;
        Ok(Self {
            pages: known.into_iter().map(|it| (it.page, it)).collect(),
            read_whole_at: Some(read_whole_at),
        })
    }

    /// Returns when the last complete pass began that read every page, if this one, begun at `started_at`, ends complete now
    /// and `n_not_read` pages and products were not read, as they were the same. What one that went on read before is not known where it may have
    /// asked by version.
    pub(crate) fn read_whole_at(
        &self,
        begun: &BegunCrawl,
        started_at: UnixMs,
        n_not_read: u64,
    ) -> UnixMs {
        match self.read_whole_at {
            Some(earlier) if begun.resumed || n_not_read > 0 => earlier,
            _ => started_at,
        }
    }

    /// Returns whether the shop may be believed that something is as it was.
    pub(super) const fn believes_shop(&self) -> bool {
        self.read_whole_at.is_some()
    }

    /// Returns whether every page is to be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Returns what is known of page `number` if it stood at `url`: a version is that of one address.
    pub(crate) fn at(&self, number: u32, url: &Url) -> Option<&KnownPage> {
        let url = &url[..Position::AfterQuery];
        self.pages
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
