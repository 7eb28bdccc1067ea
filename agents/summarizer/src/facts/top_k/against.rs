//! A ranking against the one before it: who is new, who rose and fell, who left.

use std::collections::HashMap;

use catalog::{FactSource, ProductId, RankedRow, Ranking};

use crate::facts::news::{capital, named};
use crate::facts::sheet::{PRODUCTS, Sheet};

/// So many of each are named.
const MAX_NAMED: usize = 5;

/// The first places of two rankings, as many as both have.
struct Both<'a> {
    now: &'a Ranking,
    new: &'a [RankedRow],
    old: &'a [RankedRow],
    previous: &'a Ranking,
    /// What they are called, in English and French.
    name: [String; 2],
}

/// Compares two rankings that were made in the same way; of others it says that they are not compared.
pub(super) fn add(sheet: &mut Sheet, ranking: &Ranking, previous: &Ranking) {
    let n = ranking.rows.len().min(previous.rows.len());
    let not_compared = match n {
        _ if !is_same_way(ranking, previous) => [
            "The list before was made in another way and is not compared with this one.",
            "La liste d’avant a été faite autrement et n’est pas comparée à celle-ci.",
        ],
        0 => [
            "One of the two lists has no products, so that they are not compared.",
            "L’une des deux listes n’a aucun produit, si bien qu’elles ne sont pas comparées.",
        ],
        _ => {
            let both = Both {
                now: ranking,
                new: &ranking.rows[..n],
                old: &previous.rows[..n],
                previous,
                name: name(sheet, ranking, previous, n),
            };
            newcomers(sheet, &both);
            moved(sheet, &both);
            left(sheet, &both);
            return;
        }
    };
    sheet.add(
        "not_compared",
        from(ranking),
        not_compared.map(str::to_owned),
    );
}

fn from(ranking: &Ranking) -> (FactSource, Option<catalog::UnixMs>) {
    (FactSource::Derived, Some(ranking.at))
}

/// Returns whether both were made with one preset of the same products; rankings of old do not tell of which.
fn is_same_way(one: &Ranking, two: &Ranking) -> bool {
    let filter = |it: &Ranking| it.filter.clone().unwrap_or_default();
    let is_same_preset = one.preset == two.preset && one.features == two.features;
    is_same_preset && one.weights == two.weights && filter(one) == filter(two)
}

/// Returns what is compared. Of two lists of different lengths it says so: who only stands behind the shorter one's
/// end is not new.
fn name(sheet: &mut Sheet, ranking: &Ranking, previous: &Ranking, n: usize) -> [String; 2] {
    if ranking.rows.len() == previous.rows.len() {
        return ["the list".to_owned(), "la liste".to_owned()];
    }
    let day = sheet.date(previous.at);
    let products = sheet.counted(previous.rows.len(), PRODUCTS);
    let name = [format!("the top {n}"), format!("le top {n}")];
    let sentences = [
        format!(
            "The list of {day} had {products}, so that only {} is compared.",
            name[0]
        ),
        format!(
            "La liste du {day} comptait {products}, si bien que seul {} est comparé.",
            name[1]
        ),
    ];
    sheet.add("compared", from(ranking), sentences);
    name
}

fn newcomers(sheet: &mut Sheet, both: &Both<'_>) {
    let (before, from) = (places(both.old), from(both.now));
    let is_new = |row: &&RankedRow| !before.contains_key(&row.product.id);
    let new: Vec<&RankedRow> = both.new.iter().filter(is_new).collect();
    let (day, [list, liste]) = (sheet.date(both.previous.at), &both.name);
    let n = sheet.counted(new.len(), PRODUCTS);
    let sentences = match new.len() {
        0 => [
            format!("No product is new in {list} since {day}."),
            format!("Aucun produit n’est nouveau dans {liste} depuis le {day}."),
        ],
        1 => [
            format!("{n} is new in {list} since {day}."),
            format!("{n} est nouveau dans {liste} depuis le {day}."),
        ],
        _ => [
            format!("{n} are new in {list} since {day}."),
            format!("{n} sont nouveaux dans {liste} depuis le {day}."),
        ],
    };
    sheet.add("newcomers", from, sentences);
    for row in new.into_iter().take(MAX_NAMED) {
        let (product, rank) = (product(sheet, row), row.rank);
        let sentences = [
            format!("{product} is new in {list}, at place {rank}."),
            format!("{product} est nouveau dans {liste}, à la place {rank}."),
        ];
        sheet.add("newcomer", from, sentences);
    }
}

fn moved(sheet: &mut Sheet, both: &Both<'_>) {
    let before = places(both.old);
    let of_both = both.new.iter().filter_map(|row| {
        let old = *before.get(&row.product.id)?;
        Some((row, old))
    });
    let mut moved: Vec<(&RankedRow, u32)> = of_both.filter(|(row, old)| row.rank != *old).collect();
    moved.sort_by_key(|(row, old)| (std::cmp::Reverse(row.rank.abs_diff(*old)), row.rank));
    for (row, old) in moved.into_iter().take(MAX_NAMED) {
        let (product, new) = (product(sheet, row), row.rank);
        let [rose, est] = match new < old {
            true => ["rose", "est monté"],
            false => ["fell", "est descendu"],
        };
        let sentences = [
            format!("{product} {rose} from place {old} to place {new}."),
            format!("{product} {est} de la place {old} à la place {new}."),
        ];
        sheet.add("moved", from(both.now), sentences);
    }
}

fn left(sheet: &mut Sheet, both: &Both<'_>) {
    let (now, [list, liste]) = (places(both.new), &both.name);
    let is_gone = |row: &&RankedRow| !now.contains_key(&row.product.id);
    for row in both.old.iter().filter(is_gone).take(MAX_NAMED) {
        let (product, old) = (product(sheet, row), row.rank);
        let sentences = [
            format!("{product} had place {old} and left {list}."),
            format!("{product} occupait la place {old} et a quitté {liste}."),
        ];
        sheet.add("left", from(both.now), sentences);
    }
}

fn product(sheet: &Sheet, row: &RankedRow) -> String {
    capital(&named(sheet, &row.product.id, &row.product.title))
}

fn places(rows: &[RankedRow]) -> HashMap<&ProductId, u32> {
    rows.iter().map(|row| (&row.product.id, row.rank)).collect()
}
