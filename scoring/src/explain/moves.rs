//! What a shop could change to pass the product above.

use catalog::FeatureInputs;

use super::inputs::{counted, percent};
use super::{Known, Move, Subject, price_move};
use crate::balanced::ladder::{Change, utility, value_of};
use crate::balanced::values::{CHARS_SCALE, MAX_IMAGES, TAGS_SCALE, listing};
use crate::balanced::{Column, Scores};
use crate::feature::Feature;

/// What can be changed by those who keep the shop; nobody makes a product younger.
const MOVABLE: [Feature; 5] = [
    Feature::Bestseller,
    Feature::Discount,
    Feature::PricePosition,
    Feature::Listing,
    Feature::Availability,
];

/// More tags than these are no advice.
const MAX_TAGS: u32 = 40;

/// Descriptions are measured in steps of so many characters.
const CHARS_STEP: u32 = 50;

/// A known feature of a product, and whom it is to pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) scores: &'a Scores,
    pub(super) subject: Subject<'a>,
    pub(super) known: Known<'a>,
    rival: Rival,
}

/// The product above.
#[derive(Debug, Clone, Copy)]
struct Rival {
    index: usize,
    shelf: u32,
    /// Its value of the same feature; `None` where unknown.
    value: Option<f64>,
}

/// Returns the changes that are each enough to pass product `above`.
pub(super) fn moves(scores: &Scores, subject: Subject<'_>, above: usize) -> Vec<Move> {
    let wish = |feature| {
        let known = scores.known(feature, subject)?;
        let shelf = scores.shelf_of[above];
        let Column {
            utilities, ladders, ..
        } = known.column;
        let is_known = Some(utilities[above]).filter(|it| !it.is_nan());
        let shrinkage = scores.settings.shrinkage;
        Some(Wish {
            scores,
            subject,
            known,
            rival: Rival {
                index: above,
                shelf,
                value: is_known.and_then(|it| value_of(ladders, shelf, it, shrinkage)),
            },
        })
    };
    MOVABLE
        .into_iter()
        .filter_map(|feature| wish(feature)?.granted())
        .collect()
}

impl Wish<'_> {
    fn granted(&self) -> Option<Move> {
        let feature = self.known.column.feature;
        if feature == Feature::PricePosition {
            let (value, words) = price_move::nearest(self)?;
            return self.moved(value, words);
        }
        let value = self.least()?;
        let words = match feature {
            Feature::Bestseller => self.place(value),
            Feature::Discount => self.share("mean discount", value),
            Feature::Availability => self.share("availability", value),
            Feature::Listing => better_listing(&self.subject.row.inputs, value),
            _ => None,
        };
        self.moved(value, words?)
    }

    fn moved(&self, value: f64, words: String) -> Option<Move> {
        Some(Move {
            feature: self.known.column.feature.name(),
            value,
            utility: self.utility(value)?,
            words,
        })
    }

    /// Returns the least value of a comparable product that is enough, or else one that is better than theirs.
    fn least(&self) -> Option<f64> {
        let all = self.known.column.ladders.first()?.group(self.shelf())?;
        let better = &all[all.partition_point(|it| *it <= self.known.value)..];
        let not_enough = better.partition_point(|it| !self.is_enough(*it));
        let beyond = || beyond(self.known.column.feature, *all.last()?);
        let enough = better.get(not_enough).copied().or_else(beyond);
        enough.filter(|it| self.is_enough(*it))
    }

    /// Returns whether a value would put the product before the one above, whose own rank moves with it.
    pub(super) fn is_enough(&self, value: f64) -> bool {
        let Rival {
            index,
            shelf,
            value: its,
        } = self.rival;
        let score = |index, utility: Option<f64>| {
            let score = utility.map(|it| self.scores.score_with(index, self.known.column, it));
            (index, score.unwrap_or_else(|| self.scores.score(index)))
        };
        let its = its.and_then(|its| self.utility_of(shelf, its, value));
        self.scores.are_in_order([
            score(self.subject.index, self.utility(value)),
            score(index, its),
        ])
    }

    /// Returns the utility that a value would have instead of the product's own.
    fn utility(&self, value: f64) -> Option<f64> {
        self.utility_of(self.shelf(), value, value)
    }

    /// Returns the utility of `value`, of any product on `shelf`, if this product's own value were `changed`.
    fn utility_of(&self, shelf: u32, value: f64, changed: f64) -> Option<f64> {
        let change = Change {
            shelf: self.shelf(),
            from: self.known.value,
            to: changed,
        };
        let shrinkage = self.scores.settings.shrinkage;
        utility(&self.known.column.ladders, shelf, value, change, shrinkage)
    }

    pub(super) fn shelf(&self) -> u32 {
        self.scores.shelf_of[self.subject.index]
    }

    fn place(&self, value: f64) -> Option<String> {
        let [from, to] = [self.known.value, value].map(place);
        Some(format!("best-selling place from {from} to {to} or better"))
    }

    fn share(&self, what: &str, value: f64) -> Option<String> {
        let from = percent(self.known.value);
        // Rounded up: what is more than enough is enough.
        let to = ((value * 1000.0).ceil() / 1000.0).min(1.0).max(value);
        let at_least = if to < 1.0 { "at least " } else { "" };
        Some(format!("{what} from {from} to {at_least}{}", percent(to)))
    }
}

/// Returns the place that minus its logarithm stands for.
fn place(value: f64) -> f64 {
    (-value).exp().round()
}

/// Returns the least value above the best one that a shop could aim at; `None` where that is the best there can be.
fn beyond(feature: Feature, best: f64) -> Option<f64> {
    match feature {
        Feature::Bestseller => Some(place(best) - 1.0)
            .filter(|it| *it >= 1.0)
            .map(|it| -it.ln()),
        Feature::Listing => Some(best.next_up()),
        _ => Some(best + 0.001).filter(|it| *it <= 1.0),
    }
}

/// Returns how images, description or tags alone reach a value, or else how all three do together.
fn better_listing(now: &FeatureInputs, value: f64) -> Option<String> {
    let is_enough = |inputs: FeatureInputs| listing(&inputs) >= value;
    let images = |num_images| FeatureInputs { num_images, ..*now };
    let chars = |visible_chars| FeatureInputs {
        visible_chars,
        ..*now
    };
    let tags = |distinct_tags| FeatureInputs {
        distinct_tags,
        ..*now
    };
    let more_images = (now.num_images + 1..=MAX_IMAGES).find(|it| is_enough(images(*it)));
    let more_chars = longer(now.visible_chars).find(|it| is_enough(chars(*it)));
    let more_tags =
        (now.distinct_tags.saturating_add(1)..=MAX_TAGS).find(|it| is_enough(tags(*it)));
    let ways = [
        more_images.map(|it| format!("images from {} to {it}", now.num_images)),
        more_chars.map(|it| described(now, it)),
        more_tags.map(|it| format!("tags from {} to {it}", now.distinct_tags)),
    ];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    if !ways.is_empty() {
        return Some(ways.join(", or "));
    }
    let all = |n_tags: u32| FeatureInputs {
        num_images: now.num_images.max(MAX_IMAGES),
        visible_chars: now.visible_chars.max(matching(n_tags)),
        distinct_tags: now.distinct_tags.max(n_tags),
        ..*now
    };
    let all = (1..=MAX_TAGS).map(all).find(|it| is_enough(*it))?;
    Some(format!(
        "all three: {}, a description of {} and {}",
        counted(all.num_images, "image"),
        counted(all.visible_chars, "character"),
        counted(all.distinct_tags, "tag"),
    ))
}

/// Returns the lengths that a description can be brought to, in whole steps, up to that which matches all tags.
fn longer(chars: u32) -> impl Iterator<Item = u32> {
    let first = (chars / CHARS_STEP).saturating_add(1);
    (first..=matching(MAX_TAGS) / CHARS_STEP).map(|it| it * CHARS_STEP)
}

/// Returns the length of a description that counts as much as so many tags.
fn matching(n_tags: u32) -> u32 {
    n_tags * (CHARS_SCALE / TAGS_SCALE) as u32
}

fn described(now: &FeatureInputs, chars: u32) -> String {
    format!(
        "description from {} to {}",
        now.visible_chars,
        counted(chars, "character")
    )
}
