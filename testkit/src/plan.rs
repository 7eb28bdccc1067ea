//! How a fake shop behaves: what it opens, what it limits, and what goes wrong at which requests.

mod fault;
mod on;
mod throttle;

use std::time::Duration;

pub use fault::{Fault, XmlBomb};
pub use on::On;
pub(crate) use throttle::Refusal;
pub use throttle::{Bucket, RetryAfter, Throttle};

/// How a fake shop behaves: its robots.txt, what it opens, its limits, and its faults.
///
/// The default is a healthy shop with everything open.
#[derive(Debug, Clone)]
pub struct FaultPlan {
    pub(crate) robots: String,
    pub(crate) wall: Wall,
    pub(crate) latency: Duration,
    pub(crate) has_validators: bool,
    pub(crate) has_dates: bool,
    pub(crate) faults: Vec<(On, Fault)>,
    pub(crate) closed: Vec<Surface>,
    pub(crate) closed_list: Option<Fault>,
    pub(crate) has_password: bool,
    pub(crate) has_empty_collections: bool,
    pub(crate) has_inventory: bool,
    pub(crate) locales: Vec<String>,
    pub(crate) sitemap_file_size: usize,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) shared_throttle: Option<Bucket>,
}

/// What a shop may show beside its product list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// `/sitemap.xml` and its files.
    Sitemap,
    /// `/collections.json` and the lists of collections.
    Collections,
    /// `/collections/all.atom`.
    Atom,
    /// `/products/<handle>.json` and `.js`.
    ProductJson,
    /// The Storefront API, `/api/<version>/graphql.json`.
    StorefrontApi,
}

/// What `/products.json` says where page × limit is above 25,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// Status 400 and an `errors` object.
    BadRequest,
    /// Status 200 and the same `errors` object.
    Ok,
    /// There is no wall.
    None,
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self {
            robots: ROBOTS.into(),
            wall: Wall::BadRequest,
            latency: Duration::ZERO,
            has_validators: false,
            has_dates: false,
            faults: vec![],
            closed: vec![],
            closed_list: None,
            has_password: false,
            has_empty_collections: false,
            has_inventory: false,
            locales: vec![],
            sitemap_file_size: 5_000,
            throttle: None,
            shared_throttle: None,
        }
    }
}

impl FaultPlan {
    /// Returns the plan of a healthy shop.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a fault. Of several that are due at one request, the first added wins; all count the request.
    #[must_use]
    pub fn fault(mut self, on: On, fault: Fault) -> Self {
        self.faults.push((on, fault));
        self
    }

    /// Sets the text of `/robots.txt`; its status and delay are faults on that path.
    #[must_use]
    pub fn robots(mut self, text: impl Into<String>) -> Self {
        self.robots = text.into();
        self
    }

    /// Sets what happens where page × limit is above 25,000.
    #[must_use]
    pub const fn wall(mut self, wall: Wall) -> Self {
        self.wall = wall;
        self
    }

    /// Sets the time before every answer.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Makes healthy answers carry an `ETag` and honour `If-None-Match`, which real shops are not known to do.
    #[must_use]
    pub const fn validators(mut self) -> Self {
        self.has_validators = true;
        self
    }

    /// Makes healthy answers carry a `Last-Modified` of long ago and honour `If-Modified-Since`, without an `ETag`.
    #[must_use]
    pub const fn dated(mut self) -> Self {
        self.has_dates = true;
        self
    }

    /// Closes a surface: it answers 404.
    #[must_use]
    pub fn without(mut self, surface: Surface) -> Self {
        self.closed.push(surface);
        self
    }

    /// Closes everything but the product list, `/meta.json` and the home page.
    #[must_use]
    pub fn list_alone(self) -> Self {
        [
            Surface::Sitemap,
            Surface::Collections,
            Surface::Atom,
            Surface::ProductJson,
            Surface::StorefrontApi,
        ]
        .into_iter()
        .fold(self, Self::without)
    }

    /// Closes the product list, `/products.json`, with this answer, except at the name that the platform gave the shop.
    #[must_use]
    pub fn closed_list(mut self, answer: Fault) -> Self {
        self.closed_list = Some(answer);
        self
    }

    /// Leads every request but those for robots.txt to `/password`, a page of HTML.
    #[must_use]
    pub const fn password(mut self) -> Self {
        self.has_password = true;
        self
    }

    /// Makes the lists of collections empty, whatever `products_count` says, as where a search app fills the pages.
    #[must_use]
    pub const fn empty_collections(mut self) -> Self {
        self.has_empty_collections = true;
        self
    }

    /// Makes the JSON of single products tell how many there are of each variant.
    #[must_use]
    pub const fn inventory(mut self) -> Self {
        self.has_inventory = true;
        self
    }

    /// Names all products in the sitemap again for this language, such as `fr`, under `/fr/`.
    #[must_use]
    pub fn locale(mut self, locale: &str) -> Self {
        self.locales.push(locale.into());
        self
    }

    /// Sets the most products in one file of the sitemap, usually 5,000.
    #[must_use]
    pub const fn sitemap_file_size(mut self, n_products: usize) -> Self {
        self.sitemap_file_size = n_products;
        self
    }

    /// Limits the shop's own requests.
    #[must_use]
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.throttle = Some(throttle);
        self
    }

    /// Limits the requests of all shops with this bucket together, as one platform's.
    #[must_use]
    pub fn shared_throttle(mut self, bucket: &Bucket) -> Self {
        self.shared_throttle = Some(bucket.clone());
        self
    }
}

/// The rules of Shopify's default file that a crawler of products can meet, in short.
const ROBOTS: &str = "\
# An ordinary shop. Crawl gently, please.
User-agent: *
Disallow: /admin
Disallow: /cart
Disallow: /checkouts
Disallow: /account
Disallow: /search
Disallow: /policies/
Disallow: /recommendations/products
Disallow: /collections/*sort_by*
Disallow: /*/collections/*sort_by*
Disallow: /collections/*+*
Disallow: /collections/*%2B*

User-agent: Nutch
Disallow: /
";
