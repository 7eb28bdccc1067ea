//! Association rules across shops: which types and tags come together on products more often than by chance.
//!
//! A product is a basket of its type and tags, and a rule has one of them on either side (Agrawal, Imielinski and
//! Swami, "Mining association rules between sets of items in large databases", 1993). Everything is bounded.

use std::collections::HashMap;

use catalog::ShopKey;
use serde::Serialize;

use self::items::{Frequent, Items, Kind};
use self::pairs::{Pair, Pairs};

mod items;
mod pairs;

#[cfg(test)]
mod tests;

/// Of a product's tags, so many different ones count.
const MAX_TAGS: usize = 60;
/// Rules are looked for among so many types and tags.
const MAX_FREQUENT: usize = 2_000;
/// The most rules.
const MAX_RULES: usize = 200;
/// A pair on fewer products is chance, and so is one on less than a thousandth of them.
const MIN_PRODUCTS: u64 = 5;
const ONE_IN: u64 = 1_000;
const MIN_CONFIDENCE: f64 = 0.3;
/// A lift of 1 is what chance gives.
const MIN_LIFT: f64 = 1.1;

/// A rule: products with the first also have the second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// What is given: `type: …` or `tag: …`.
    pub antecedent: String,
    /// What comes with it.
    pub consequent: String,
    /// The share of all products that have both.
    pub support: f64,
    /// The share of the products with the antecedent that have the consequent too.
    pub confidence: f64,
    /// How many times more often than by chance both come together.
    pub lift: f64,
    /// How many products have both.
    pub n_products: u64,
    /// In how many shops some product has both.
    pub n_shops: u64,
}

/// The rules of a set of products.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rules {
    /// The rules: the greatest lift first, then the greatest support, then by text.
    pub rules: Vec<Rule>,
    /// How many products were looked at.
    pub n_products: u64,
    /// How many shops they are from.
    pub n_shops: u64,
    /// In how many shops a pair must occur: 2, or 1 if all products are from one shop.
    pub min_shops: u64,
}

/// Products as sets of types and tags, as they are read.
///
/// Takes 4 bytes per tag, and the texts of at most 200,000 different ones: beyond that the rarest so far are
/// forgotten (Manku and Motwani, "Approximate frequency counts over data streams", 2002).
#[derive(Debug, Clone, Default)]
pub struct Baskets {
    items: Items,
    shops: HashMap<ShopKey, usize>,
    /// The items of all products, one product after the other.
    held: Vec<u32>,
    /// For each product its shop and where its items end.
    products: Vec<(usize, usize)>,
}

impl Baskets {
    /// Returns no products yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a product. The order of the products does not matter, as long as there are not too many tags.
    ///
    /// Texts are compared in lower case, composed (NFC), with single spaces, by their first 80 characters; the first
    /// 60 different tags count.
    pub fn push<'a>(
        &mut self,
        shop: &ShopKey,
        product_type: &str,
        tags: impl IntoIterator<Item = &'a str>,
    ) {
        let next = self.shops.len();
        let shop = *self.shops.entry(shop.clone()).or_insert(next);
        let from = self.held.len();
        let product_type = self.items.find(Kind::Type, product_type);
        self.held.extend(product_type);
        let most = self.held.len() + MAX_TAGS;
        for tag in tags {
            if self.held.len() >= most {
                break;
            }
            if let Some(item) = self.items.find(Kind::Tag, tag)
                && !self.held[from..].contains(&item)
            {
                self.held.push(item);
            }
        }
        self.items.count(&self.held[from..]);
        self.products.push((shop, self.held.len()));
    }

    /// Returns the rules that hold for the products so far.
    ///
    /// Not among them: pairs on fewer than 5 products or less than a thousandth, pairs in one shop where there are
    /// several, confidence below 0.3, lift up to 1.1, and what the words alone say, such as `type: lamp` and
    /// `tag: lamps`. At most 200.
    pub fn rules(self) -> Rules {
        let n_products = self.products.len() as u64;
        let n_shops = self.shops.len() as u64;
        let min_shops = n_shops.min(2);
        let frequent = self.items.frequent(MAX_FREQUENT);
        let least = MIN_PRODUCTS.max(n_products.div_ceil(ONE_IN));
        let mut found = Vec::new();
        for pair in self.pairs(&frequent).counted() {
            if pair.n_products < least || pair.n_shops < min_shops || frequent.is_trivial(&pair) {
                continue;
            }
            for (from, to) in [(pair.a, pair.b), (pair.b, pair.a)] {
                found.extend(frequent.found(from, to, &pair, n_products));
            }
            // Far more than are kept, and few enough for any memory.
            if found.len() > 100 * MAX_RULES {
                keep_best(&mut found, &frequent);
            }
        }
        keep_best(&mut found, &frequent);
        let rule = |it: &Found| frequent.rule(it, n_products);
        Rules {
            rules: found.iter().map(rule).collect(),
            n_products,
            n_shops,
            min_shops,
        }
    }

    /// Counts the pairs of frequent items, shop by shop.
    fn pairs(&self, frequent: &Frequent) -> Pairs {
        let mut order: Vec<usize> = (0..self.products.len()).collect();
        order.sort_by_key(|&product| self.products[product].0);
        let mut pairs = Pairs::new(frequent.len());
        let mut held = Vec::with_capacity(MAX_TAGS + 1);
        for product in order {
            let (shop, to) = self.products[product];
            let from = product.checked_sub(1).map_or(0, |it| self.products[it].1);
            held.clear();
            let items = self.held[from..to].iter();
            held.extend(items.filter_map(|&item| frequent.place(item)));
            held.sort_unstable();
            pairs.add(&held, shop);
        }
        pairs
    }
}

/// A rule by the places of its items.
#[derive(Debug, Clone, Copy)]
struct Found {
    from: usize,
    to: usize,
    n_products: u64,
    n_shops: u64,
    lift: f64,
}

/// Sorts rules and keeps the first of them.
fn keep_best(found: &mut Vec<Found>, frequent: &Frequent) {
    let texts = |it: &Found| (frequent.shown(it.from), frequent.shown(it.to));
    found.sort_by(|a, b| {
        let by_lift = b.lift.total_cmp(&a.lift);
        let by_support = || b.n_products.cmp(&a.n_products);
        by_lift
            .then_with(by_support)
            .then_with(|| texts(a).cmp(&texts(b)))
    });
    found.truncate(MAX_RULES);
}

impl Frequent {
    fn is_trivial(&self, pair: &Pair) -> bool {
        items::is_trivial(self.text(pair.a), self.text(pair.b))
    }

    /// Returns the rule from one item of a pair to the other, if it says enough.
    fn found(&self, from: usize, to: usize, pair: &Pair, n_products: u64) -> Option<Found> {
        let by_chance = self.n_products(from) * self.n_products(to);
        // Both directions have the same digits.
        let lift = (pair.n_products * n_products) as f64 / by_chance as f64;
        let found = Found {
            from,
            to,
            n_products: pair.n_products,
            n_shops: pair.n_shops,
            lift,
        };
        let is_enough = self.confidence(&found) >= MIN_CONFIDENCE && lift > MIN_LIFT;
        is_enough.then_some(found)
    }

    fn confidence(&self, found: &Found) -> f64 {
        found.n_products as f64 / self.n_products(found.from) as f64
    }

    fn rule(&self, found: &Found, n_products: u64) -> Rule {
        Rule {
            antecedent: self.shown(found.from).to_owned(),
            consequent: self.shown(found.to).to_owned(),
            support: found.n_products as f64 / n_products as f64,
            confidence: self.confidence(found),
            lift: found.lift,
            n_products: found.n_products,
            n_shops: found.n_shops,
        }
    }
}
