//! How a product changed, newest first: a change that befell several variants on one day is told once.

use catalog::{
    ChangeKind, FactSource, Money, Observation, ObservationKind, Product, RankSource, UnixMs,
    changes_of,
};

use super::{MAX_VALUE, ProductInput};
use crate::facts::sheet::Sheet;
use crate::facts::wording::price_move;

/// So many moves of prices are told of, and so many changes of the stock.
const MAX_MOVES: usize = 3;
const MAX_STOCK_CHANGES: usize = 2;

const DAY_MS: i64 = 86_400_000;

pub(super) fn add(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let history = input.observations;
    let first = history.iter().find(|row| row.kind == ObservationKind::New);
    if let Some(row) = first {
        let day = sheet.date(row.at);
        let sentences = [
            format!("It was first seen on {day}."),
            format!("Il a été vu pour la première fois le {day}."),
        ];
        sheet.add(
            "first_seen",
            (FactSource::Observations, Some(row.at)),
            sentences,
        );
    }
    let events = events(history);
    if first.is_some() && events.is_empty() {
        let sentences = [
            "Its history shows no change of its price or stock so far.".to_owned(),
            "Son historique ne montre jusqu’ici aucun changement de prix ni de stock.".to_owned(),
        ];
        sheet.add("few_data", (FactSource::Observations, None), sentences);
    }
    moves(sheet, input.product, &events);
    stock(sheet, input.product, &events);
    back(sheet, history);
    bestseller(sheet, history);
}

/// One change of a day, and of which variants; `None` stands for the product.
struct Event<'a> {
    kind: ChangeKind,
    at: UnixMs,
    prices: Option<(Money, Money)>,
    variants: Vec<Option<&'a str>>,
}

/// Returns the changes of prices and of the stock, newest first.
fn events(history: &[Observation]) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Vec::new();
    for row in history.iter().rev() {
        for change in changes_of(row) {
            let prices = match change.kind {
                ChangeKind::Cheaper | ChangeKind::Dearer => {
                    change.price_before.zip(change.price_after)
                }
                ChangeKind::SoldOut | ChangeKind::Restocked => None,
                _ => continue,
            };
            let day = |at: UnixMs| at.ms().div_euclid(DAY_MS);
            let of_today = events
                .iter_mut()
                .rev()
                .take_while(|it| day(it.at) == day(row.at));
            let mut same = of_today.filter(|it| it.kind == change.kind && it.prices == prices);
            let variant = row.variant.as_deref();
            match same.next() {
                Some(event) if event.variants.contains(&variant) => {}
                Some(event) => event.variants.push(variant),
                None => events.push(Event {
                    kind: change.kind,
                    at: row.at,
                    prices,
                    variants: vec![variant],
                }),
            }
        }
    }
    events
}

fn moves(sheet: &mut Sheet, product: &Product, events: &[Event<'_>]) {
    let moves = || events.iter().filter(|event| event.prices.is_some());
    for event in moves().take(MAX_MOVES) {
        let Some(prices) = event.prices else { continue };
        let whose = match whose(sheet, product, event) {
            Whose::Product => ["Its price".to_owned(), "Son prix".to_owned()],
            Whose::Variant(name) => [
                format!("The price of the variant {name}"),
                format!("Le prix de la variante {name}"),
            ],
            Whose::Variants(n) => [
                format!("The price of {n} variants"),
                format!("Le prix de {n} variantes"),
            ],
            Whose::OneVariant => [
                "The price of 1 variant".to_owned(),
                "Le prix de 1 variante".to_owned(),
            ],
        };
        let move_ = price_move(sheet.language, prices, event.at);
        let sentences = whose.map(|whose| format!("{whose} {move_}."));
        sheet.add(
            "price_move",
            (FactSource::Observations, Some(event.at)),
            sentences,
        );
    }
}

fn stock(sheet: &mut Sheet, product: &Product, events: &[Event<'_>]) {
    let changes = events.iter().filter(|event| event.prices.is_none());
    for event in changes.take(MAX_STOCK_CHANGES) {
        let day = sheet.date(event.at);
        let is_out = event.kind == ChangeKind::SoldOut;
        let english = if is_out {
            "sold out"
        } else {
            "came back in stock"
        };
        let subject = match whose(sheet, product, event) {
            Whose::Product => ["It".to_owned(), "Il a".to_owned()],
            Whose::Variant(name) => [
                format!("The variant {name}"),
                format!("La variante {name} a"),
            ],
            Whose::Variants(n) => [format!("{n} variants"), format!("{n} variantes ont")],
            Whose::OneVariant => ["1 variant".to_owned(), "1 variante a".to_owned()],
        };
        let agrees = match whose(sheet, product, event) {
            Whose::Product => "",
            Whose::Variant(_) | Whose::OneVariant => "e",
            Whose::Variants(_) => "es",
        };
        let french = match is_out {
            true => format!("été épuisé{agrees}"),
            false => format!("été réapprovisionné{agrees}"),
        };
        let sentences = [
            format!("{} {english} on {day}.", subject[0]),
            format!("{} {french} le {day}.", subject[1]),
        ];
        sheet.add(
            "stock",
            (FactSource::Observations, Some(event.at)),
            sentences,
        );
    }
}

/// Of what an event tells.
enum Whose {
    Product,
    Variant(String),
    /// One without a name, or that is no more.
    OneVariant,
    Variants(usize),
}

fn whose(sheet: &Sheet, product: &Product, event: &Event<'_>) -> Whose {
    let n_variants = product.variants.len();
    let has = |id: &str| product.variants.iter().find(|variant| variant.id == id);
    let n_present = event
        .variants
        .iter()
        .flatten()
        .filter(|id| has(id).is_some())
        .count();
    match event.variants.as_slice() {
        [None, ..] => Whose::Product,
        [_, ..] if n_present == n_variants => Whose::Product,
        [Some(id)] => has(id)
            .and_then(|variant| sheet.quoted(&variant.title, MAX_VALUE))
            .map_or(Whose::OneVariant, Whose::Variant),
        more => Whose::Variants(more.len()),
    }
}

/// Tells since when the product is missing, which else reads as if it were only sold out.
pub(super) fn gone(sheet: &mut Sheet, input: &ProductInput<'_>) {
    let missed = last_presence(input.observations).filter(|it| it.kind == ObservationKind::Gone);
    let Some(row) = missed else {
        return;
    };
    let day = sheet.date(row.at);
    let sentences = [
        format!("It has not been in its shop’s list since {day}."),
        format!("Il n’est plus dans la liste de sa boutique depuis le {day}."),
    ];
    sheet.add(
        "gone_since",
        (FactSource::Observations, Some(row.at)),
        sentences,
    );
}

/// Tells when the product came back, if that was the last of it.
fn back(sheet: &mut Sheet, history: &[Observation]) {
    let came = last_presence(history).filter(|it| it.kind == ObservationKind::Back);
    let Some(row) = came else {
        return;
    };
    let day = sheet.date(row.at);
    let sentences = [
        format!("It came back into the shop’s list on {day}."),
        format!("Il est revenu dans la liste de la boutique le {day}."),
    ];
    sheet.add(
        "presence",
        (FactSource::Observations, Some(row.at)),
        sentences,
    );
}

/// Returns the last row that says whether the shop has the product.
fn last_presence(history: &[Observation]) -> Option<&Observation> {
    let is_presence =
        |row: &&Observation| matches!(row.kind, ObservationKind::Gone | ObservationKind::Back);
    history.iter().rev().find(is_presence)
}

/// Tells of the latest place in the shop's own best-selling order, where it is still known, and of the one before at the
/// same source.
fn bestseller(sheet: &mut Sheet, history: &[Observation]) {
    let is_ranked = |row: &&Observation| row.kind == ObservationKind::Ranked;
    let mut rows = history.iter().rev().filter(is_ranked);
    let Some(last) = rows.next() else { return };
    // Of a product that fell out of the order no place is told: it would read as if it stood there.
    let Some(rank) = last.rank else { return };
    let day = sheet.date(last.at);
    let [order, ordre] = order_of(last.source);
    let sentences = [
        format!("It had place {rank} in {order} on {day}."),
        format!("Il occupait la place {rank} {ordre} le {day}."),
    ];
    let from = (FactSource::Observations, Some(last.at));
    sheet.add("bestseller", from, sentences);
    let before = rows.next().filter(|it| it.source == last.source);
    let Some(before) = before.and_then(|it| it.rank).filter(|it| *it != rank) else {
        return;
    };
    let [rose, est] = match rank < before {
        true => ["rose", "est monté"],
        false => ["fell", "est descendu"],
    };
    let sentences = [
        format!("It {rose} from place {before} to place {rank} in {order}."),
        format!("Il {est} de la place {before} à la place {rank} {ordre}."),
    ];
    sheet.add("bestseller", from, sentences);
}

/// Says whose order it is: one that a platform makes of sales, or a collection that a hand may have made.
const fn order_of(source: Option<RankSource>) -> [&'static str; 2] {
    match source {
        Some(RankSource::StorefrontApi) => [
            "the shop’s own best-selling order as its platform gives it",
            "des meilleures ventes selon la plateforme de la boutique",
        ],
        Some(RankSource::SortedList) => [
            "the shop’s own best-selling order as its product list gives it",
            "des meilleures ventes selon la liste de produits de la boutique",
        ],
        Some(RankSource::Collection) => [
            "the shop’s own collection of best sellers",
            "de la collection des meilleures ventes de la boutique",
        ],
        None => [
            "the shop’s own best-selling order",
            "des meilleures ventes selon la boutique",
        ],
    }
}
