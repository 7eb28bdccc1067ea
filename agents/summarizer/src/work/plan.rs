//! From an order to the items of its tasks, and back.
//!
//! A subject always falls into the same bucket, and a bucket's items have one key: whatever tasks and processes there
//! are, nobody writes about a subject while another one does, and nothing is paid twice.

use std::collections::HashMap;

use catalog::{Language, MeterLimits, NewItem};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Ask, Order, kind};
use crate::facts::Subject;

/// Over how many keys subjects are spread: more than anybody has in flight.
const BUCKETS: u16 = 1_024;

/// The most subjects of an item, and of a task.
const MAX_IN_ITEM: usize = 200;
const MAX_IN_TASK: usize = 10_000;

/// The longest payload of an item, and of a task's items together, in bytes of JSON: a store takes no more than 2 MiB
/// at once.
const MAX_ITEM_BYTES: usize = 256 << 10;
const MAX_TASK_BYTES: usize = 3 << 19;

/// What an item is asked to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payload {
    pub(super) subjects: Vec<Ask>,
    pub(super) languages: Vec<Language>,
    /// What the whole task may cost.
    pub(super) limits: MeterLimits,
    /// How many summaries the whole task is to have.
    #[serde(default)]
    pub(super) n_in_task: u64,
}

impl Payload {
    /// Returns what an item's payload says; `None` for one that another version of the program made.
    pub(super) fn of(payload: &Value) -> Option<Self> {
        Self::deserialize(payload).ok()
    }

    /// Returns each subject in each of its languages.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&Ask, Language)> {
        let languages = |ask: &Ask| match ask {
            Ask::Product(_) => self.languages.clone(),
            Ask::Sheet(sheet) => vec![sheet.language],
        };
        (self.subjects.iter())
            .flat_map(move |ask| languages(ask).into_iter().map(move |it| (ask, it)))
    }
}

impl Ask {
    /// Returns the subject, as in [`Summary::subject`](catalog::Summary::subject).
    pub fn subject(&self) -> String {
        match self {
            Self::Product(id) => Subject::Product(id.clone()).to_string(),
            Self::Sheet(sheet) => sheet.subject.clone(),
        }
    }
}

/// Returns the items of an order: for each of the tasks that it takes, those of one task.
///
/// What was asked for first is done first, as far as the items are taken in their order.
pub fn plan(order: &Order) -> Vec<Vec<NewItem>> {
    let mut tasks = Vec::new();
    let mut task = Items::default();
    for ask in &order.subjects {
        let n_bytes = serde_json::to_string(ask).map_or(0, |json| json.len() + 1);
        if !task.has_room(n_bytes) {
            tasks.push(std::mem::take(&mut task).finish(order));
        }
        task.add(ask, n_bytes);
    }
    if task.n_subjects > 0 {
        tasks.push(task.finish(order));
    }
    tasks
}

/// The items of one task.
#[derive(Default)]
struct Items {
    items: Vec<Bucket>,
    /// The newest item of each bucket.
    places: HashMap<u16, usize>,
    n_subjects: usize,
    n_bytes: usize,
}

struct Bucket {
    bucket: u16,
    subjects: Vec<Ask>,
    n_bytes: usize,
}

/// What an item takes beside its subjects, at most.
const ITEM_BYTES: usize = 300;

impl Items {
    fn has_room(&self, n_bytes: usize) -> bool {
        self.n_subjects == 0
            || (self.n_subjects < MAX_IN_TASK
                && self.n_bytes + n_bytes + ITEM_BYTES <= MAX_TASK_BYTES)
    }

    fn add(&mut self, ask: &Ask, n_bytes: usize) {
        let bucket = bucket_of(&ask.subject());
        self.n_subjects += 1;
        self.n_bytes += n_bytes;
        let place = self.places.get(&bucket).copied();
        let open = place
            .and_then(|place| self.items.get_mut(place))
            .filter(|it| it.subjects.len() < MAX_IN_ITEM && it.n_bytes + n_bytes <= MAX_ITEM_BYTES);
        if let Some(item) = open {
            item.n_bytes += n_bytes;
            item.subjects.push(ask.clone());
            return;
        }
        self.n_bytes += ITEM_BYTES;
        self.places.insert(bucket, self.items.len());
        self.items.push(Bucket {
            bucket,
            subjects: vec![ask.clone()],
            n_bytes,
        });
    }

    fn finish(self, order: &Order) -> Vec<NewItem> {
        let n_languages = |ask: &Ask| match ask {
            Ask::Product(_) => order.languages.len() as u64,
            Ask::Sheet(_) => 1,
        };
        let asks = self.items.iter().flat_map(|it| &it.subjects);
        let n_in_task = asks.map(n_languages).sum();
        let of = |item: Bucket| NewItem {
            kind: kind(order.only.as_deref()),
            key: format!("summary:{}", item.bucket),
            payload: json!(Payload {
                subjects: item.subjects,
                languages: order.languages.clone(),
                limits: order.limits,
                n_in_task,
            }),
            is_last: false,
        };
        self.items.into_iter().map(of).collect()
    }
}

/// Returns a subject's bucket, which is the same everywhere and for good.
fn bucket_of(subject: &str) -> u16 {
    let digest = digest(&SHA256, subject.as_bytes());
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    u16::from_be_bytes(first) % BUCKETS
}

#[cfg(test)]
mod tests {
    use catalog::{Fact, FactSource, MAX_ENTRY_BYTES, MAX_TASK_ITEMS};

    use super::*;
    use crate::facts::FactSheet;

    fn product(n: usize) -> Ask {
        Ask::Product(format!("shopify:shop.example:{n}").parse().unwrap())
    }

    fn order(subjects: Vec<Ask>) -> Order {
        Order {
            subjects,
            languages: vec![Language::En, Language::Fr],
            limits: MeterLimits {
                requests: Some(7),
                ..MeterLimits::default()
            },
            only: None,
        }
    }

    fn sheet(subject: &str, n_bytes: usize) -> Ask {
        Ask::Sheet(Box::new(FactSheet {
            subject: subject.to_owned(),
            language: Language::Fr,
            title: "t".to_owned(),
            facts: vec![Fact {
                id: "F1".to_owned(),
                topic: "t".to_owned(),
                text: "x".repeat(n_bytes),
                source: FactSource::Ranking,
                at: None,
            }],
        }))
    }

    /// Processes of two versions must agree on it: else both would pay for one subject.
    #[test]
    fn a_subject_falls_into_the_same_bucket_for_good() {
        let subjects = [
            "product:shopify:shop.example:1",
            "top-k",
            "shop:shop.example",
        ];
        assert_eq!(subjects.map(bucket_of), [492, 332, 227]);
    }

    #[test]
    fn an_order_becomes_items_and_these_say_what_to_do() {
        let tasks = plan(&order(vec![product(1), sheet("top-k", 3)]));
        let [items] = tasks.as_slice() else {
            panic!("{tasks:?}");
        };
        let keys: Vec<&str> = items.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["summary:492", "summary:332"]);
        assert!(items.iter().all(|it| it.kind == "summarize" && !it.is_last));
        let first = Payload::of(&items[0].payload).unwrap();
        assert_eq!(first.limits.requests, Some(7));
        let parts: Vec<_> = first.parts().collect();
        assert_eq!(
            parts,
            [(&product(1), Language::En), (&product(1), Language::Fr)]
        );
        let second = Payload::of(&items[1].payload).unwrap();
        let languages: Vec<Language> = second.parts().map(|(_, language)| language).collect();
        assert_eq!(languages, [Language::Fr]);
        let text = items[0].payload.to_string();
        assert_eq!(
            text,
            r#"{"languages":["en","fr"],"limits":{"cost_nanos":null,"requests":7,"tokens":null},"n_in_task":3,"subjects":["shopify:shop.example:1"]}"#
        );
    }

    #[test]
    fn an_item_of_a_command_has_a_kind_of_its_own() {
        let only = Order {
            only: Some("0a1b2c3d".to_owned()),
            ..order(vec![product(1)])
        };
        assert_eq!(plan(&only)[0][0].kind, "summarize/0a1b2c3d");
        assert!(plan(&order(Vec::new())).is_empty());
        assert_eq!(Payload::of(&json!({"subjects": 1})), None);
    }

    #[test]
    fn every_subject_is_in_one_item_and_the_first_come_first() {
        let subjects: Vec<Ask> = (0..25_000).map(product).collect();
        let tasks = plan(&order(subjects.clone()));
        let n_items: Vec<usize> = tasks.iter().map(Vec::len).collect();
        assert_eq!(n_items, [1_024, 1_024, 1_016]);
        let mut found = Vec::new();
        for items in &tasks {
            let payloads = items.iter().map(|it| Payload::of(&it.payload).unwrap());
            found.extend(payloads.flat_map(|it| it.subjects));
        }
        assert_eq!(found.len(), subjects.len());
        let names: std::collections::HashSet<String> = found.iter().map(Ask::subject).collect();
        assert_eq!(names.len(), subjects.len());
        assert_eq!(found[0], product(0));
        let place = found.iter().position(|it| *it == product(9)).unwrap();
        assert!(place < 120, "{place}");
    }

    #[test]
    fn items_and_tasks_fit_into_a_store() {
        let long = |n: usize| sheet(&format!("segment:{}", n % 3), 20_000);
        let same = |n: usize| sheet("top-k", n % 2);
        for subjects in [
            (0..400).map(long).collect::<Vec<_>>(),
            (0..11_000).map(same).collect(),
            (0..10_000).map(product).collect(),
        ] {
            let n_subjects = subjects.len();
            let mut n_found = 0;
            for items in plan(&order(subjects)) {
                assert!(items.len() < MAX_TASK_ITEMS, "{}", items.len());
                let n_bytes = serde_json::to_string(&items).unwrap().len();
                assert!(n_bytes < MAX_ENTRY_BYTES - (1 << 18), "{n_bytes}");
                for item in &items {
                    n_found += Payload::of(&item.payload).unwrap().subjects.len();
                }
            }
            assert_eq!(n_found, n_subjects);
        }
    }
}
