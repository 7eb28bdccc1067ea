//! How often two items come together, and in how many shops.

/// Two items with their counts, the one of the smaller place first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) n_products: u64,
    pub(super) n_shops: u64,
}

/// All pairs of some items: 16 bytes each.
#[derive(Debug)]
pub(super) struct Pairs {
    counts: Vec<Count>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    n_products: u32,
    n_shops: u32,
    /// The last shop with the pair, plus 1.
    last_shop: usize,
}

impl Pairs {
    /// Returns the pairs of `n_items` items, on no product yet.
    pub(super) fn new(n_items: usize) -> Self {
        Self {
            counts: vec![Count::default(); n_items * n_items.saturating_sub(1) / 2],
        }
    }

    /// Counts a product with `items`, ascending and different. The products of a shop must come together.
    pub(super) fn add(&mut self, items: &[usize], shop: usize) {
        for (n, &b) in items.iter().enumerate() {
            for &a in &items[..n] {
                let count = &mut self.counts[b * (b - 1) / 2 + a];
                count.n_products += 1;
                if count.last_shop != shop + 1 {
                    count.last_shop = shop + 1;
                    count.n_shops += 1;
                }
            }
        }
    }

    /// Returns the pairs that some product has.
    pub(super) fn counted(&self) -> impl Iterator<Item = Pair> {
        let of_b = |b: usize| (0..b).map(move |a| (a, b));
        let pairs = (1..).flat_map(of_b).zip(&self.counts);
        let pairs = pairs.filter(|(_, count)| count.n_products > 0);
        pairs.map(|((a, b), count)| Pair {
            a,
            b,
            n_products: count.n_products.into(),
            n_shops: count.n_shops.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_shops_of_each_pair_are_counted() {
        let mut pairs = Pairs::new(4);
        pairs.add(&[0, 2, 3], 0);
        pairs.add(&[2, 3], 0);
        pairs.add(&[2, 3], 7);
        pairs.add(&[1], 7);
        pairs.add(&[], 7);
        let counted: Vec<_> = pairs
            .counted()
            .map(|it| (it.a, it.b, it.n_products, it.n_shops))
            .collect();
        assert_eq!(counted, [(0, 2, 1, 1), (0, 3, 1, 1), (2, 3, 3, 2)]);
        assert_eq!(Pairs::new(0).counted().count(), 0);
    }
}
