//! Makes products from a seed: no clock, no hash order, no floats, so the bytes are the same everywhere.

mod alone;
mod text;
mod wire;

use std::collections::HashSet;

use fastrand::Rng;
use serde_json::value::{RawValue, to_raw_value};

use crate::{Department, PriceLadder, ShopProfile};
pub(crate) use alone::{Card, alone, card, id_of};
use text::{Dates, Words};

/// Returns handles and JSON texts of `n_products` products.
pub(crate) fn products(
    profile: &ShopProfile,
    n_products: usize,
    seed: u64,
) -> Vec<(String, Box<RawValue>)> {
    let mut maker = Maker::new(profile, seed);
    (0..n_products).map(|_| maker.product()).collect()
}

/// What is known of a product before the rest of it is made.
struct Head {
    id: u64,
    title: String,
    handle: String,
    department: &'static Department,
    words: Words,
    dates: Dates,
}

fn pick(rng: &mut Rng, words: &[&'static str]) -> &'static str {
    rng.choice(words).copied().unwrap_or_default()
}

fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(..100) < percent
}

struct Maker<'a> {
    rng: Rng,
    profile: &'a ShopProfile,
    handles: HashSet<String>,
    last_product_id: u64,
    last_variant_id: u64,
    last_image_id: u64,
}

impl<'a> Maker<'a> {
    fn new(profile: &'a ShopProfile, seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            profile,
            handles: HashSet::new(),
            last_product_id: 7_000_000_000_000,
            last_variant_id: 40_000_000_000_000,
            last_image_id: 30_000_000_000_000,
        }
    }

    fn product(&mut self) -> (String, Box<RawValue>) {
        let head = self.head();
        let json = self.rest(&head);
        (head.handle, json)
    }

    fn head(&mut self) -> Head {
        let profile = self.profile;
        let department = self
            .rng
            .choice(profile.departments)
            .expect("a profile has departments");
        let words = Words {
            adjective: pick(&mut self.rng, profile.adjectives),
            material: pick(&mut self.rng, department.materials),
            noun: pick(&mut self.rng, department.nouns),
            series: pick(&mut self.rng, profile.series),
        };
        let title = text::title(&mut self.rng, profile, &words);
        let handle = self.unused(&text::handle(&title));
        let dates = Dates::make(&mut self.rng, profile);
        self.last_product_id += self.rng.u64(1..2_000_000);
        Head {
            id: self.last_product_id,
            title,
            handle,
            department,
            words,
            dates,
        }
    }

    fn rest(&mut self, head: &Head) -> Box<RawValue> {
        let Head {
            id,
            department,
            dates,
            ..
        } = head;
        let profile = self.profile;
        let options = self.options(department);
        let mut images = self.images(*id, dates);
        let variants = self.variants(*id, department, &options, &mut images, dates);
        let product = wire::Product {
            id: *id,
            title: &head.title,
            handle: &head.handle,
            body_html: text::body_html(&mut self.rng, profile, &head.words),
            published_at: dates.published.clone(),
            created_at: &dates.created,
            updated_at: &dates.updated,
            vendor: pick(&mut self.rng, profile.vendors),
            product_type: if chance(&mut self.rng, 4) {
                ""
            } else {
                department.product_type
            },
            tags: text::tags(&mut self.rng, department.tags, &head.words),
            variants,
            images,
            options,
        };
        to_raw_value(&product).expect("texts and numbers serialize")
    }

    /// Returns `handle`, with a number behind it if another product has it already.
    fn unused(&mut self, handle: &str) -> String {
        let mut candidate = handle.to_string();
        let mut n_taken = 0;
        while !self.handles.insert(candidate.clone()) {
            n_taken += 1;
            candidate = format!("{handle}-{n_taken}");
        }
        candidate
    }

    /// Returns the department's options, each with some of its values in their order.
    fn options(&mut self, department: &Department) -> Vec<wire::ProductOption<'static>> {
        if department.options.is_empty() || chance(&mut self.rng, 10) {
            return vec![wire::ProductOption {
                name: "Title",
                position: 1,
                values: vec!["Default Title"],
            }];
        }
        let named = department.options.iter().take(3).enumerate();
        named
            .map(|(index, option)| {
                let n_values = self.rng.usize(1..=option.values.len().max(1));
                let start = self
                    .rng
                    .usize(..=option.values.len().saturating_sub(n_values));
                wire::ProductOption {
                    name: option.name,
                    position: index + 1,
                    values: option
                        .values
                        .iter()
                        .skip(start)
                        .take(n_values)
                        .copied()
                        .collect(),
                }
            })
            .collect()
    }

    fn images<'d>(&mut self, product_id: u64, dates: &'d Dates) -> Vec<wire::Image<'d>> {
        let n_images = if chance(&mut self.rng, 3) {
            0
        } else {
            self.rng.usize(1..=7)
        };
        (1..=n_images)
            .map(|position| {
                self.last_image_id += self.rng.u64(1..50_000_000);
                let version = self.rng.u32(1_700_000_000..1_748_000_000);
                let has_size = !chance(&mut self.rng, 5);
                let width = self.rng.u32(8..=40) * 100;
                let height = self.rng.u32(8..=40) * 100;
                wire::Image {
                    id: self.last_image_id,
                    created_at: &dates.created,
                    position,
                    updated_at: &dates.updated,
                    product_id,
                    variant_ids: vec![],
                    src: format!(
                        "https://cdn.{}/s/files/1/0420/0042/products/{product_id}-{position}.jpg?v={version}",
                        self.profile.domain
                    ),
                    width: has_size.then_some(width),
                    height: has_size.then_some(height),
                }
            })
            .collect()
    }

    fn variants<'d>(
        &mut self,
        product_id: u64,
        department: &Department,
        options: &[wire::ProductOption<'static>],
        images: &mut [wire::Image<'d>],
        dates: &'d Dates,
    ) -> Vec<wire::Variant<'d>> {
        let pricing = Pricing::make(&mut self.rng, department, self.profile.prices);
        let (least, greatest) = department.grams_range;
        let grams = if chance(&mut self.rng, 40) {
            0
        } else {
            self.rng.u32(least..=greatest)
        };
        let percent_available = match self.rng.u32(..100) {
            0..8 => 0,
            8..50 => 100,
            _ => 75,
        };
        let has_sku = !chance(&mut self.rng, 10);
        let variants = combinations(options).into_iter().enumerate();
        variants
            .map(|(index, values)| {
                self.last_variant_id += self.rng.u64(1..30_000_000);
                let featured = match images.len() {
                    2.. if chance(&mut self.rng, 25) => Some(&mut images[index % 2]),
                    _ => None,
                };
                let featured_image = featured.map(|image| {
                    image.variant_ids.push(self.last_variant_id);
                    image.clone()
                });
                let sku = format!("{}-{}", product_id % 1_000_000, index + 1);
                wire::Variant {
                    id: self.last_variant_id,
                    title: values.join(" / "),
                    option1: values.first().copied().unwrap_or_default(),
                    option2: values.get(1).copied(),
                    option3: values.get(2).copied(),
                    sku: if has_sku {
                        Some(sku)
                    } else {
                        chance(&mut self.rng, 50).then(String::new)
                    },
                    requires_shipping: true,
                    taxable: true,
                    featured_image,
                    available: chance(&mut self.rng, percent_available),
                    price: pricing.price(index),
                    grams,
                    compare_at_price: pricing.compare_at(index),
                    position: index + 1,
                    product_id,
                    created_at: &dates.created,
                    updated_at: &dates.updated,
                }
            })
            .collect()
    }
}

/// Returns every combination of the options' values, the last option changing fastest.
fn combinations(options: &[wire::ProductOption<'static>]) -> Vec<Vec<&'static str>> {
    options.iter().fold(vec![vec![]], |combinations, option| {
        let longer = combinations.iter().flat_map(|values: &Vec<&'static str>| {
            option
                .values
                .iter()
                .map(|value| [values.as_slice(), &[*value]].concat())
        });
        longer.collect()
    })
}

/// How a product's variants are priced.
struct Pricing {
    whole: u32,
    step: u32,
    ending: u32,
    /// What each further variant costs on top.
    surcharge: u32,
    compare_at: CompareAt,
}

#[derive(Clone, Copy)]
enum CompareAt {
    Missing,
    Zero,
    Equal,
    /// In percent of the price, above 100.
    Higher(u32),
}

impl Pricing {
    fn make(rng: &mut Rng, department: &Department, ladder: PriceLadder) -> Self {
        let (least, greatest) = department.price_range;
        // The lower of two draws: shops have more cheap things than dear ones.
        let whole = rng.u32(least..=greatest).min(rng.u32(least..=greatest));
        Self {
            whole,
            step: ladder.step.max(1),
            ending: rng.choice(ladder.endings).copied().unwrap_or_default(),
            surcharge: if chance(rng, 30) { whole / 20 } else { 0 },
            compare_at: match rng.u32(..100) {
                0..6 => CompareAt::Zero,
                6..13 => CompareAt::Equal,
                13..30 => CompareAt::Higher(rng.u32(110..=170)),
                _ => CompareAt::Missing,
            },
        }
    }

    fn price(&self, index: usize) -> String {
        self.shown(self.whole_of(index))
    }

    fn compare_at(&self, index: usize) -> Option<String> {
        let whole = self.whole_of(index);
        match self.compare_at {
            CompareAt::Missing => None,
            CompareAt::Zero => Some("0.00".into()),
            CompareAt::Equal => Some(self.shown(whole)),
            CompareAt::Higher(percent) => {
                Some(self.shown(self.on_ladder(whole * percent / 100) + self.step))
            }
        }
    }

    fn whole_of(&self, index: usize) -> u32 {
        let n_surcharges = u32::try_from(index).unwrap_or_default();
        self.on_ladder(self.whole + self.surcharge * n_surcharges)
    }

    fn on_ladder(&self, whole: u32) -> u32 {
        (whole / self.step).max(1) * self.step
    }

    fn shown(&self, whole: u32) -> String {
        format!("{whole}.{:02}", self.ending)
    }
}
