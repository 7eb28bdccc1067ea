//! Makes products of what stands in the JSON, and writes down what could not be used.

use std::fmt;

use catalog::{
    Availability, Currency, Money, NativeId, Problem, ProblemKind, Product, ProductId, Shop,
    UnixMs, Variant,
};

use super::lenient::{List, Scalar};
use super::{shortened, wire};

/// The most problems that are listed for one answer; more are counted.
const MAX_PROBLEMS: usize = 1_000;

/// The problems of one answer.
#[derive(Debug, Default)]
pub(super) struct Log {
    problems: Vec<Problem>,
    n_unlisted: usize,
}

/// The problems of one product of the answer.
pub(super) struct Notes<'l> {
    pub(super) log: &'l mut Log,
    /// The product's place in the answer, from 0.
    pub(super) index: usize,
    pub(super) id: Option<NativeId>,
}

/// A field's name, and the place of its variant from 1, for messages.
#[derive(Clone, Copy)]
struct Field(&'static str, Option<usize>);

/// Reads a product's id: a whole number of 64 bits, or a text of its digits.
///
/// # Errors
/// What stands there instead.
pub(super) fn read_id(product: &wire::Product<'_>) -> Result<u64, String> {
    let id = match &product.id {
        Scalar::Missing | Scalar::Null => &product.product_id,
        id => id,
    };
    match id {
        Scalar::Unsigned(number) => Ok(*number),
        Scalar::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text
            .parse()
            .map_err(|_| format!("no id of 64 bits: {:?}", shortened(text))),
        Scalar::Text(text) => Err(format!("no numeric id: {:?}", shortened(text))),
        Scalar::Missing | Scalar::Null => Err("no id".into()),
        Scalar::Signed(number) => Err(format!("no id from 0 on: {number}")),
        Scalar::Float(number) => Err(format!("no whole id of 64 bits: {number:e}")),
        Scalar::Boolean(_) | Scalar::List | Scalar::Object => {
            Err(format!("{} instead of an id", id.kind()))
        }
    }
}

/// Makes a product; every field that cannot be used is empty, and noted.
pub(super) fn product(
    wire: wire::Product<'_>,
    id: u64,
    shop: &Shop,
    notes: &mut Notes<'_>,
) -> Product {
    let field = |name| Field(name, None);
    if wire.title.is_blank() {
        notes.add(ProblemKind::Field, format_args!("title: missing"));
    }
    let mut title = notes.text(field("title"), wire.title);
    if title.trim().len() < title.len() {
        title = title.trim().to_owned();
    }
    let handle = notes.text(field("handle"), wire.handle);
    let wire_variants = notes.list(field("variants"), wire.variants);
    // Collecting would keep the allocation of the wire's variants, which are twice as large.
    let mut variants = Vec::with_capacity(wire_variants.len());
    for (at, wire) in wire_variants.into_iter().enumerate() {
        variants.push(variant(wire, at + 1, shop.currency, notes));
    }
    Product {
        id: ProductId {
            platform: shop.platform,
            shop: shop.key.clone(),
            native: id.into(),
        },
        title,
        url: page_url(&shop.url, &handle),
        handle,
        vendor: notes.text(field("vendor"), wire.vendor),
        product_type: notes.text(field("product_type"), wire.product_type),
        body_html: notes.text(field("body_html"), wire.body_html),
        tags: notes.list(field("tags"), wire.tags),
        options: notes.list(field("options"), wire.options),
        variants,
        images: notes.list(field("images"), wire.images),
        created_at: notes.date(field("created_at"), &wire.created_at),
        published_at: notes.date(field("published_at"), &wire.published_at),
        updated_at: notes.date(field("updated_at"), &wire.updated_at),
    }
}

fn variant(
    wire: wire::Variant<'_>,
    place: usize,
    currency: Currency,
    notes: &mut Notes<'_>,
) -> Variant {
    let field = |name| Field(name, Some(place));
    let id = match &wire.id {
        Scalar::Unsigned(number) => number.to_string(),
        Scalar::Text(text) if !text.is_empty() => text.to_string(),
        other => {
            let kind = other.kind();
            notes.add(
                ProblemKind::Field,
                format_args!("{}: {kind}, so its place stands for it", field("id")),
            );
            place.to_string()
        }
    };
    let quantity = notes.quantity(field("inventory_quantity"), &wire.inventory_quantity);
    let availability = match wire.available {
        Scalar::Boolean(available) => Availability::Stated(available),
        ref other => {
            if !other.is_blank() {
                notes.wrong(field("available"), other.kind(), "a boolean");
            }
            derived_availability(&wire.inventory_management, &wire.inventory_policy, quantity)
        }
    };
    let price = notes.money(field("price"), &wire.price, currency);
    if price.is_none() && is_empty(&wire.price) {
        notes.add(
            ProblemKind::Price,
            format_args!("{}: missing", field("price")),
        );
    }
    let compare_at = notes.money(field("compare_at_price"), &wire.compare_at_price, currency);
    let sku = notes.text(field("sku"), wire.sku);
    let mut options = notes.list(field("options"), wire.options);
    if wire.numbered_options.iter().any(|it| !it.is_blank()) {
        options = wire
            .numbered_options
            .into_iter()
            .zip(["option1", "option2", "option3"])
            .filter(|(option, _)| !option.is_blank())
            .map(|(option, name)| notes.text(field(name), option))
            .collect();
    }
    Variant {
        id,
        title: notes.text(field("title"), wire.title),
        options,
        sku: Some(sku).filter(|sku| !sku.is_empty()),
        price,
        compare_at: compare_at.filter(|price| price.minor() != 0),
        availability,
        quantity,
    }
}

/// Works out whether a variant can be bought where the answer does not say so itself.
///
/// Stock that is not managed, or sold on when it is out, never ends. Otherwise the quantity decides, and
/// without one nothing is known.
pub(super) fn derived_availability(
    management: &Scalar<'_>,
    policy: &Scalar<'_>,
    quantity: Option<i64>,
) -> Availability {
    let is_unmanaged = matches!(management, Scalar::Null)
        || matches!(management, Scalar::Text(text) if text.is_empty());
    let sells_on = matches!(policy, Scalar::Text(text) if text == "continue");
    if is_unmanaged || sells_on {
        return Availability::Derived(true);
    }
    quantity.map_or(Availability::Unknown, |quantity| {
        Availability::Derived(quantity > 0)
    })
}

/// Returns the address of a product's page; empty where the shop's address or the handle is.
pub(super) fn page_url(shop_url: &str, handle: &str) -> String {
    if shop_url.is_empty() || handle.is_empty() {
        return String::new();
    }
    format!("{shop_url}/products/{}", path_segment(handle))
}

/// Returns `text` as one segment of an address's path.
pub(crate) fn path_segment(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        // The characters of a path segment as they are: RFC 3986, `pchar`.
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push('%');
            segment.push(char::from(DIGITS[usize::from(byte >> 4)]));
            segment.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    segment
}

fn is_empty(scalar: &Scalar<'_>) -> bool {
    scalar.is_blank() || matches!(scalar, Scalar::Text(text) if text.trim().is_empty())
}

impl Log {
    /// Adds a problem of the answer as a whole.
    pub(super) fn add_to_page(&mut self, kind: ProblemKind, detail: &str) {
        self.problems.push(Problem {
            kind,
            page: 0,
            index: None,
            product: None,
            detail: detail.to_owned(),
        });
    }

    /// Returns the problems, the last one counting those that are not listed.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.n_unlisted > 0 {
            self.problems.push(Problem {
                kind: ProblemKind::Field,
                page: 0,
                index: None,
                product: None,
                detail: format!("{} more problems are not listed", self.n_unlisted),
            });
        }
        self.problems
    }
}

impl Notes<'_> {
    pub(super) fn add(&mut self, kind: ProblemKind, detail: impl fmt::Display) {
        if self.log.problems.len() == MAX_PROBLEMS {
            self.log.n_unlisted += 1;
            return;
        }
        let detail = detail.to_string();
        let problem = Problem::of_product(kind, self.index, self.id.as_ref(), detail);
        self.log.problems.push(problem);
    }

    fn wrong(&mut self, field: Field, found: &str, wanted: &str) {
        self.add(
            ProblemKind::Field,
            format_args!("{field}: {found} instead of {wanted}"),
        );
    }

    fn text(&mut self, field: Field, scalar: Scalar<'_>) -> String {
        match scalar {
            Scalar::Text(text) => text.into_owned(),
            Scalar::Missing | Scalar::Null => String::new(),
            other => {
                self.wrong(field, other.kind(), "a text");
                String::new()
            }
        }
    }

    fn date(&mut self, field: Field, scalar: &Scalar<'_>) -> Option<UnixMs> {
        if is_empty(scalar) {
            return None;
        }
        let Scalar::Text(text) = scalar else {
            let kind = scalar.kind();
            self.add(
                ProblemKind::Date,
                format_args!("{field}: {kind} instead of a date"),
            );
            return None;
        };
        UnixMs::parse(text)
            .inspect_err(|error| self.add(ProblemKind::Date, format_args!("{field}: {error}")))
            .ok()
    }

    /// Reads an amount in major units; `None`, without a problem, where there is none.
    fn money(&mut self, field: Field, scalar: &Scalar<'_>, currency: Currency) -> Option<Money> {
        if is_empty(scalar) {
            return None;
        }
        let amount = match scalar {
            Scalar::Text(text) => Money::parse(text, currency),
            Scalar::Unsigned(number) => Money::parse(&number.to_string(), currency),
            Scalar::Signed(number) => Money::parse(&number.to_string(), currency),
            // Shows the shortest decimal number that reads back as this float: the text it was made from.
            Scalar::Float(number) => Money::parse(&number.to_string(), currency),
            other => {
                let kind = other.kind();
                self.add(
                    ProblemKind::Price,
                    format_args!("{field}: {kind} instead of an amount"),
                );
                return None;
            }
        };
        amount
            .inspect_err(|error| self.add(ProblemKind::Price, format_args!("{field}: {error}")))
            .ok()
    }

    fn quantity(&mut self, field: Field, scalar: &Scalar<'_>) -> Option<i64> {
        let quantity = match scalar {
            Scalar::Missing | Scalar::Null => return None,
            Scalar::Signed(number) => Some(*number),
            Scalar::Unsigned(number) => i64::try_from(*number).ok(),
            _ => None,
        };
        if quantity.is_none() {
            self.wrong(field, scalar.kind(), "a whole number of 64 bits");
        }
        quantity
    }

    fn list<T>(&mut self, field: Field, list: List<T>) -> Vec<T> {
        if let Some(kind) = list.instead {
            self.wrong(field, kind, "a list");
        }
        if list.n_unreadable > 0 {
            let n_unreadable = list.n_unreadable;
            self.add(
                ProblemKind::Field,
                format_args!("{field}: unreadable entries: {n_unreadable}"),
            );
        }
        if list.n_left_out > 0 {
            let (n_left_out, n_kept) = (list.n_left_out, list.entries.len());
            self.add(
                ProblemKind::Field,
                format_args!("{field}: left out behind the first {n_kept}: {n_left_out}"),
            );
        }
        list.entries
    }
}

/// Shows `price of variant 3`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        match self.1 {
            Some(place) => write!(f, " of variant {place}"),
            None => Ok(()),
        }
    }
}
