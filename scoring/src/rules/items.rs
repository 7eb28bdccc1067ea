//! Types and tags as items: how their texts are compared, and which of them are frequent.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

/// Of more different items the rarest are forgotten: some 60 MB of the longest texts.
const MAX_ITEMS: usize = 200_000;
/// Texts are cut to so many characters.
const MAX_CHARS: usize = 80;
/// So many characters of a text are looked at: composing and trimming leave fewer.
const MAX_READ: usize = 4 * MAX_CHARS;
/// A shorter text is part of too many others to say anything; in bytes, so that one Chinese character is enough.
const MIN_PART: usize = 3;

/// What an item says of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Type,
    Tag,
}

/// All items so far, each with a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Items {
    /// The number of each item, by its text with the kind before it.
    numbers: HashMap<String, u32>,
    /// On how many products each number is.
    counts: Vec<u32>,
    /// The text that is looked up.
    text: String,
}

/// The most frequent items, the most frequent first; equals by text.
#[derive(Debug)]
pub(super) struct Frequent {
    /// Text with the kind before it, and number of products.
    items: Vec<(String, u64)>,
    /// The place of each number in `items`.
    places: Vec<Option<u16>>,
}

impl Items {
    /// Returns the number of an item; none for an empty text.
    pub(super) fn find(&mut self, kind: Kind, text: &str) -> Option<u32> {
        self.text.clear();
        self.text.push_str(match kind {
            Kind::Type => "type: ",
            Kind::Tag => "tag: ",
        });
        let n_before = self.text.len();
        push_comparable(text, &mut self.text);
        if self.text.len() == n_before {
            return None;
        }
        if let Some(&number) = self.numbers.get(&self.text) {
            return Some(number);
        }
        let number = u32::try_from(self.counts.len()).ok()?;
        self.counts.push(0);
        self.numbers.insert(self.text.clone(), number);
        Some(number)
    }

    /// Counts one more product for each of `items`, and forgets the rarest items if there are too many.
    pub(super) fn count(&mut self, items: &[u32]) {
        for &item in items {
            self.counts[item as usize] += 1;
        }
        if self.numbers.len() > MAX_ITEMS {
            self.forget_rare(MAX_ITEMS / 2);
        }
    }

    /// Forgets the rarest items until at most `n` are left; those on equally many products go together.
    fn forget_rare(&mut self, n: usize) {
        let counts = &self.counts;
        let mut sorted: Vec<u32> = self
            .numbers
            .values()
            .map(|&it| counts[it as usize])
            .collect();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let Some(&most) = sorted.get(n) else { return };
        self.numbers.retain(|_, item| counts[*item as usize] > most);
    }

    /// Returns the `n` most frequent items.
    pub(super) fn frequent(&self, n: usize) -> Frequent {
        let count = |item: u32| u64::from(self.counts[item as usize]);
        let mut order: Vec<(&String, u32)> = self.numbers.iter().map(|it| (it.0, *it.1)).collect();
        order.sort_unstable_by(|a, b| count(b.1).cmp(&count(a.1)).then_with(|| a.0.cmp(b.0)));
        order.truncate(n.min(usize::from(u16::MAX)));
        let mut places = vec![None; self.counts.len()];
        for (place, (_, item)) in (0..).zip(&order) {
            places[*item as usize] = Some(place);
        }
        let items = order.into_iter();
        Frequent {
            items: items
                .map(|(text, item)| (text.clone(), count(item)))
                .collect(),
            places,
        }
    }
}

impl Frequent {
    pub(super) const fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns the place of the item with this number, if it is frequent.
    pub(super) fn place(&self, item: u32) -> Option<usize> {
        self.places[item as usize].map(usize::from)
    }

    /// Returns the text of an item, with its kind.
    pub(super) fn shown(&self, place: usize) -> &str {
        &self.items[place].0
    }

    /// Returns the text of an item without its kind.
    pub(super) fn text(&self, place: usize) -> &str {
        let shown = self.shown(place);
        shown.split_once(": ").map_or(shown, |(_, text)| text)
    }

    pub(super) fn n_products(&self, place: usize) -> u64 {
        self.items[place].1
    }
}

/// Puts `text` behind `to` as it is compared: lower case, composed, single spaces, cut.
fn push_comparable(text: &str, to: &mut String) {
    let is_gap = |it: char| it.is_whitespace() || it.is_control();
    let read: String = text.trim_matches(is_gap).chars().take(MAX_READ).collect();
    let composed: String = read.to_lowercase().nfc().collect();
    let mut left = MAX_CHARS;
    let mut is_behind_gap = false;
    for char in composed.chars() {
        if is_gap(char) {
            is_behind_gap = true;
            continue;
        }
        let n_needed = 1 + usize::from(is_behind_gap);
        if left < n_needed {
            return;
        }
        if is_behind_gap {
            to.push(' ');
        }
        to.push(char);
        left -= n_needed;
        is_behind_gap = false;
    }
}

/// Returns whether one text says the other already: equal, or one inside the other, but for spaces and marks.
pub(super) fn is_trivial(a: &str, b: &str) -> bool {
    let letters =
        |text: &str| -> String { text.chars().filter(|it| it.is_alphanumeric()).collect() };
    let (a, b) = (letters(a), letters(b));
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short == long || (short.len() >= MIN_PART && long.contains(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparable(text: &str) -> String {
        let mut comparable = String::new();
        push_comparable(text, &mut comparable);
        comparable
    }

    #[test]
    fn texts_are_compared_in_lower_case_composed_and_with_single_spaces() {
        assert_eq!(comparable("  Oak\u{a0}\n Wood "), "oak wood");
        assert_eq!(comparable("CAFE\u{301}"), "caf\u{e9}");
        assert_eq!(comparable("a\u{0}b"), "a b");
        assert_eq!(comparable(" \t\u{7}"), "");
        // Four characters each, the last of which would be a space.
        assert_eq!(comparable(&"\u{130}x ".repeat(1_000)).chars().count(), 79);
        assert_eq!(comparable(&"é".repeat(1_000_000)), "é".repeat(80));
    }

    #[test]
    fn a_text_inside_the_other_says_nothing_new() {
        for (a, b) in [
            ("lamp", "lamp"),
            ("lamp", "desk-lamps"),
            ("t-shirts", "t shirt"),
            ("鞋", "跑鞋"),
        ] {
            assert!(is_trivial(a, b) && is_trivial(b, a), "{a} {b}");
        }
        for (a, b) in [("lamp", "light"), ("xl", "xlarge"), ("!!", "sale")] {
            assert!(!is_trivial(a, b) && !is_trivial(b, a), "{a} {b}");
        }
    }

    #[test]
    fn the_rarest_items_are_forgotten_together() {
        let mut items = Items::default();
        let mut add = |text: &str, n: usize| {
            let item = items.find(Kind::Tag, text).unwrap();
            (0..n).for_each(|_| items.count(&[item]));
        };
        add("often", 5);
        add("twice", 2);
        add("two", 2);
        add("once", 1);
        items.forget_rare(2);
        let frequent = items.frequent(9);
        assert_eq!(frequent.items, [("tag: often".to_owned(), 5)]);
        assert_eq!(items.find(Kind::Tag, "twice"), Some(4));
    }

    #[test]
    fn the_most_frequent_come_first_and_equals_by_text() {
        let mut items = Items::default();
        for text in ["b", "a", "c", "c", "d"] {
            let item = items.find(Kind::Tag, text).unwrap();
            items.count(&[item]);
        }
        let frequent = items.frequent(3);
        let shown: Vec<_> = (0..3).map(|place| frequent.shown(place)).collect();
        assert_eq!(shown, ["tag: c", "tag: a", "tag: b"]);
        assert_eq!(frequent.places, [Some(2), Some(1), Some(0), None]);
        assert_eq!((frequent.text(0), frequent.n_products(0)), ("c", 2));
    }
}
