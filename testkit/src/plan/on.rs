//! Which of the requests to a fake shop something happens to.

/// Which requests a fault is for.
///
/// ```
/// use testkit::On;
/// On::feed(); // every request to /products.json
/// On::feed().nth(2); // the second one only
/// On::page(3).times(4); // the first four requests for page 3
/// On::path("/meta.json").from(2); // all but the first
/// On::under("/products/").host("shop.example"); // those at one of the shop's names
/// ```
#[derive(Debug, Clone)]
pub struct On {
    target: Target,
    host: Option<String>,
    first: usize,
    n_times: usize,
}

#[derive(Debug, Clone)]
enum Target {
    Any,
    Feed,
    Page(u64),
    Path(String),
    Under(String),
}

impl On {
    /// Every request.
    pub const fn any() -> Self {
        Self::target(Target::Any)
    }

    /// Every request to `/products.json`.
    pub const fn feed() -> Self {
        Self::target(Target::Feed)
    }

    /// Every request to `/products.json` for this page.
    pub const fn page(page: u64) -> Self {
        Self::target(Target::Page(page))
    }

    /// Every request to this path, as sent: without the query, percent-encoded.
    pub fn path(path: impl Into<String>) -> Self {
        Self::target(Target::Path(path.into()))
    }

    /// Every request to a path that begins like this, as sent.
    pub fn under(path: impl Into<String>) -> Self {
        Self::target(Target::Under(path.into()))
    }

    const fn target(target: Target) -> Self {
        Self {
            target,
            host: None,
            first: 1,
            n_times: usize::MAX,
        }
    }

    /// Leaves only requests with this `Host`; the port counts.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Leaves only the `n`th of these requests, counted from 1.
    #[must_use]
    pub const fn nth(self, n: usize) -> Self {
        self.from(n).times(1)
    }

    /// Leaves these requests from the `n`th on, counted from 1.
    #[must_use]
    pub const fn from(mut self, n: usize) -> Self {
        self.first = n;
        self
    }

    /// Leaves so many requests, counted from the first that is left.
    #[must_use]
    pub const fn times(mut self, n_times: usize) -> Self {
        self.n_times = n_times;
        self
    }

    /// Returns whether a request is of this kind; `page` is `None` off `/products.json`.
    pub(crate) fn matches(&self, path: &str, host: &str, page: Option<u64>) -> bool {
        if self.host.as_ref().is_some_and(|wanted| wanted != host) {
            return false;
        }
        match &self.target {
            Target::Any => true,
            Target::Feed => page.is_some(),
            Target::Page(wanted) => page == Some(*wanted),
            Target::Path(wanted) => path == wanted,
            Target::Under(wanted) => path.starts_with(wanted.as_str()),
        }
    }

    /// Returns whether the fault is due at the `n`th request of this kind, counted from 1.
    pub(crate) const fn is_due(&self, n: usize) -> bool {
        n >= self.first && n - self.first < self.n_times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(on: &On) -> Vec<usize> {
        (1..=6).filter(|n| on.is_due(*n)).collect()
    }

    #[test]
    fn requests_are_counted_from_one() {
        assert_eq!(due(&On::feed()), [1, 2, 3, 4, 5, 6]);
        assert_eq!(due(&On::feed().nth(2)), [2]);
        assert_eq!(due(&On::feed().times(2)), [1, 2]);
        assert_eq!(due(&On::feed().from(3).times(2)), [3, 4]);
        assert_eq!(due(&On::feed().from(5)), [5, 6]);
    }
}
