//! The reader of `/collections/all.atom`, Shopify's feed of its newest products.
//!
//! An entry has neither images, options nor ids of variants, and does not say what can be bought: a product that is known
//! better keeps what it has (see [`Thin::over`]).

use catalog::{
    Availability, Money, NativeId, Problem, ProblemKind, Product, ProductId, Shop, UnixMs, Variant,
};

use super::build::page_url;
use super::sitemaps::product_handle;
use super::{ReadError, shortened};
use crate::platforms::xml::{Piece, Text, Xml, attribute, text_of};

/// More entries than any feed of Shopify has.
const MAX_ENTRIES: usize = 500;

/// The most variants, and tags, of one entry.
const MAX_OF_ENTRY: usize = 2_048;

/// The longest description that is kept.
const MAX_SUMMARY: usize = 256 << 10;

/// The longest other text.
const MAX_TEXT: usize = 2 << 10;

/// What a feed held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feed {
    /// The products, each id once, in the order of the feed: newest first.
    pub products: Vec<Thin>,
    /// What could not be read, by index. `Problem::page` is 0: the crawl fills it in.
    pub problems: Vec<Problem>,
}

/// A product as far as a feed tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Thin(pub Product);

/// Reads a feed of products, with its prices in the currency of `shop`. One in another currency is unknown.
///
/// # Errors
/// [`ReadError`] when the answer is no such feed, or breaks off.
pub fn read_atom(body: &[u8], shop: &Shop) -> Result<Feed, ReadError> {
    let text = text_of(body);
    let mut xml = Xml::new(&text)?;
    let mut feed = Feed::default();
    let mut path: Vec<String> = Vec::new();
    let mut entry = Entry::default();
    let mut n_entries = 0;
    loop {
        match xml.next()? {
            Piece::Open(element) => {
                let name = element.name().as_ref().to_owned();
                if path.is_empty() && name != "feed" {
                    return Err(ReadError::NotXml(format!(
                        "<{}> instead of a feed",
                        shortened(&name)
                    )));
                }
                if path.len() == 1 && name == "entry" {
                    entry = Entry::default();
                }
                path.push(name);
                entry.open(&path, &|name| attribute(&element, name));
            }
            Piece::Text(text) => entry.text(&path, &text),
            Piece::Close => {
                entry.close(&path);
                let name = path.pop().unwrap_or_default();
                if path.len() == 1 && name == "entry" {
                    feed.take(std::mem::take(&mut entry), n_entries, shop);
                    n_entries += 1;
                    if n_entries == MAX_ENTRIES {
                        return Ok(feed);
                    }
                }
            }
            Piece::End if path.is_empty() => return Ok(feed),
            Piece::End => return Err(ReadError::DamagedXml("it breaks off".into())),
        }
    }
}

impl Thin {
    /// Returns `known` with what the feed says of it: its title, vendor, type, tags, and the prices of its variants
    /// where these are the same ones in the same order. Behind a change of currency nothing stays that is in the old one.
    pub fn over(self, known: Product) -> Product {
        let Self(told) = self;
        let mut variants = known.variants;
        let titles =
            |them: &[Variant]| -> Vec<String> { them.iter().map(|it| it.title.clone()).collect() };
        let currency = told.variants.iter().find_map(|it| it.price);
        if let Some(currency) = currency.map(|it| it.currency())
            && titles(&variants) == titles(&told.variants)
        {
            let is_now = |price: &Money| price.currency() == currency;
            for (variant, told) in variants.iter_mut().zip(&told.variants) {
                variant.price = told.price.or(variant.price.filter(is_now));
                variant.compare_at = variant.compare_at.filter(is_now);
            }
        }
        Product {
            title: told.title,
            vendor: told.vendor,
            product_type: told.product_type,
            tags: told.tags,
            variants,
            ..known
        }
    }
}

/// An entry while it is read.
#[derive(Default)]
struct Entry {
    id: String,
    title: String,
    handle: String,
    vendor: String,
    product_type: String,
    summary: String,
    published: String,
    updated: String,
    tags: Vec<String>,
    variants: Vec<Offer>,
    text: Text,
}

#[derive(Default)]
struct Offer {
    title: String,
    sku: String,
    price: String,
    currency: String,
}

impl Entry {
    fn open(&mut self, path: &[String], attribute: &dyn Fn(&str) -> Option<String>) {
        self.text.clear();
        match names(path).as_slice() {
            ["feed", "entry", "link"] => {
                let is_page = attribute("rel").is_none_or(|rel| rel == "alternate");
                let handle = attribute("href").and_then(|href| product_handle(&href));
                if let Some(handle) = handle.filter(|_| is_page) {
                    self.handle = handle;
                }
            }
            ["feed", "entry", "s:variant"] if self.variants.len() < MAX_OF_ENTRY => {
                self.variants.push(Offer::default());
            }
            ["feed", "entry", "s:variant", "s:price"] => {
                if let Some(offer) = self.variants.last_mut() {
                    offer.currency = attribute("currency").unwrap_or_default();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, path: &[String], text: &str) {
        let limit = match names(path).as_slice() {
            ["feed", "entry", "summary" | "content"] => MAX_SUMMARY,
            ["feed", "entry", ..] => MAX_TEXT,
            _ => return,
        };
        self.text.push(text, limit);
    }

    fn close(&mut self, path: &[String]) {
        let path = names(path);
        let ["feed", "entry", field @ ..] = path.as_slice() else {
            return;
        };
        let text = self.text.take();
        match *field {
            ["id"] => self.id = text,
            ["title"] => self.title = text,
            ["s:vendor"] => self.vendor = text,
            ["s:type"] => self.product_type = text,
            ["s:tag"] if self.tags.len() < MAX_OF_ENTRY && !text.is_empty() => self.tags.push(text),
            ["summary" | "content"] => self.summary = text,
            ["published"] => self.published = text,
            ["updated"] => self.updated = text,
            ["s:variant", name] => {
                if let Some(offer) = self.variants.last_mut() {
                    match name {
                        "title" => offer.title = text,
                        "s:sku" => offer.sku = text,
                        "s:price" => offer.price = text,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

impl Feed {
    fn take(&mut self, entry: Entry, index: usize, shop: &Shop) {
        let number = entry.id.rsplit('/').next().unwrap_or_default();
        let Ok(number) = number.parse::<u64>() else {
            let detail = format!("no numeric id: {:?}", shortened(&entry.id));
            return self.note(ProblemKind::ProductRefused, index, None, detail);
        };
        let native = NativeId::from(number);
        if self.products.iter().any(|Thin(it)| it.id.native == native) {
            let detail = "stood earlier on the same page";
            return self.note(ProblemKind::Duplicate, index, Some(&native), detail);
        }
        let mut variants = Vec::with_capacity(entry.variants.len());
        for (at, offer) in entry.variants.into_iter().enumerate() {
            let price = match price(&offer, shop) {
                Ok(price) => Some(price),
                Err(detail) => {
                    let detail = format!("price of variant {}: {detail}", at + 1);
                    self.note(ProblemKind::Price, index, Some(&native), detail);
                    None
                }
            };
            variants.push(variant(at + 1, offer, price));
        }
        let date = |text: &str| UnixMs::parse(text).ok();
        self.products.push(Thin(Product {
            id: ProductId {
                platform: shop.platform,
                shop: shop.key.clone(),
                native,
            },
            title: entry.title,
            url: page_url(&shop.url, &entry.handle),
            handle: entry.handle,
            vendor: entry.vendor,
            product_type: entry.product_type,
            body_html: entry.summary,
            tags: entry.tags,
            options: Vec::new(),
            variants,
            images: Vec::new(),
            created_at: None,
            published_at: date(&entry.published),
            updated_at: date(&entry.updated),
        }));
    }

    fn note(
        &mut self,
        kind: ProblemKind,
        index: usize,
        product: Option<&NativeId>,
        detail: impl Into<String>,
    ) {
        if self.problems.len() < 1_000 {
            let problem = Problem::of_product(kind, index, product, detail);
            self.problems.push(problem);
        }
    }
}

fn price(offer: &Offer, shop: &Shop) -> Result<Money, String> {
    let code = offer.currency.as_str();
    if shop.currency.is_known() && !code.is_empty() && code != shop.currency.to_string() {
        let code = shortened(code);
        return Err(format!("in {code:?} instead of {}", shop.currency));
    }
    Money::parse(&offer.price, shop.currency).map_err(|error| error.to_string())
}

fn variant(place: usize, offer: Offer, price: Option<Money>) -> Variant {
    Variant {
        id: place.to_string(),
        title: offer.title,
        options: Vec::new(),
        sku: Some(offer.sku).filter(|sku| !sku.is_empty()),
        price,
        compare_at: None,
        availability: Availability::Unknown,
        quantity: None,
    }
}
