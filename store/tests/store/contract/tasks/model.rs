//! Steps in any order, beside a model of a few lines.

use catalog::{ItemLease, NewItem, StoreError, TaskChange, TaskEntry, TaskState, TaskStore};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::made::at;
use crate::made_tasks::{
    HOUR, entry, finish, is_ended, is_fenced, item, last_item, make, new_task, place, says, task_id,
};

const N_RUNS: usize = 12;
const KEYS: [&str; 3] = ["a", "b", "c"];

/// One step; an index chooses a task, or a lease among all that were ever given.
#[derive(Debug, Clone)]
enum Step {
    Say(Index, TaskState),
    AddItem(Index, Index),
    Claim(bool),
    Write(Index),
    Renew(Index, bool),
    Release(Index),
    Finish(Index),
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let state = prop_oneof![
        6 => Just(TaskState::Working),
        3 => Just(TaskState::InputRequired),
        1 => Just(TaskState::Canceled),
    ];
    prop_oneof![
        2 => (index(), state).prop_map(|(task, state)| Step::Say(task, state)),
        1 => (index(), index()).prop_map(|(task, key)| Step::AddItem(task, key)),
        6 => any::<bool>().prop_map(Step::Claim),
        3 => index().prop_map(Step::Write),
        2 => (index(), any::<bool>()).prop_map(|(lease, is_long)| Step::Renew(lease, is_long)),
        2 => index().prop_map(Step::Release),
        3 => index().prop_map(Step::Finish),
    ]
}

const fn ttl_ms(is_long: bool) -> u64 {
    if is_long { HOUR } else { 0 }
}

struct ModelTask {
    name: String,
    state: TaskState,
    seq: u64,
}

struct ModelItem {
    task: usize,
    n: u32,
    key: String,
    is_last: bool,
    epoch: u64,
    is_held: bool,
    is_done: bool,
}

/// Two tasks and their items in the order in which they were made.
struct Model {
    kind: String,
    tasks: Vec<ModelTask>,
    items: Vec<ModelItem>,
    leases: Vec<ItemLease>,
}

impl Model {
    fn add(&mut self, task: usize, new: &NewItem) {
        let n_before = self.items.iter().filter(|it| it.task == task).count();
        self.items.push(ModelItem {
            task,
            n: u32::try_from(n_before + 1).unwrap(),
            key: new.key.clone(),
            is_last: new.is_last,
            epoch: 0,
            is_held: false,
            is_done: false,
        });
    }

    fn may_be_taken(&self, item: &ModelItem) -> bool {
        let state = self.tasks[item.task].state;
        let waits_for = |other: &ModelItem| {
            other.task == item.task && !other.is_done && (!other.is_last || other.n < item.n)
        };
        let is_active = matches!(state, TaskState::Submitted | TaskState::Working);
        let waits = item.is_last && self.items.iter().any(waits_for);
        is_active && !item.is_done && !waits && !self.is_taken(&item.key)
    }

    /// Returns the place of the item that is taken next.
    fn next(&self) -> Option<usize> {
        let n_held = |task: usize| {
            let held = self.items.iter().filter(|it| it.task == task && it.is_held);
            held.count()
        };
        let free = self.items.iter().enumerate();
        let free = free.filter(|(_, item)| self.may_be_taken(item));
        free.min_by_key(|(place, item)| (n_held(item.task), *place))
            .map(|(place, _)| place)
    }

    fn is_taken(&self, key: &str) -> bool {
        self.items.iter().any(|it| it.is_held && it.key == key)
    }

    /// Returns the place of a lease's item, and whether the lease is the newest.
    fn holder(&self, lease: &ItemLease) -> (usize, bool) {
        let is_its =
            |it: &ModelItem| self.tasks[it.task].name == lease.task.as_str() && it.n == lease.n;
        let place = self.items.iter().position(is_its).unwrap();
        (place, self.items[place].epoch == lease.epoch)
    }
}

pub(in super::super) async fn any_order_of_steps_is_as_in_the_model(tasks: &dyn TaskStore) {
    let mut runner = TestRunner::deterministic();
    for run in 0..N_RUNS {
        let steps = vec(any_step(), 40).new_tree(&mut runner).unwrap().current();
        let mut model = begin(tasks, run).await;
        for (n, step) in steps.iter().enumerate() {
            take_step(tasks, &mut model, step)
                .await
                .unwrap_or_else(|| panic!("step {n} of {steps:?}"));
        }
        compare(tasks, &model).await;
        for task in 0..2 {
            say(tasks, &mut model, task, TaskState::Completed).await;
        }
    }
}

/// Returns an item whose key no other run has.
fn keyed(kind: &str, key: &str) -> NewItem {
    item(kind, &format!("{kind} {key}"))
}

/// Makes two tasks that share a key.
async fn begin(tasks: &dyn TaskStore, run: usize) -> Model {
    let kind = format!("kind {run}");
    let mut model = Model {
        kind: kind.clone(),
        tasks: vec![],
        items: vec![],
        leases: vec![],
    };
    for (task, keys) in [["a", "b"], ["c", "a"]].into_iter().enumerate() {
        let name = format!("run{run}-{task}");
        let mut items: Vec<NewItem> = keys.iter().map(|key| keyed(&kind, key)).collect();
        items.insert(1, last_item(&kind, &name));
        make(tasks, &new_task(&name, items.clone())).await;
        model.tasks.push(ModelTask {
            name,
            state: TaskState::Submitted,
            seq: 1,
        });
        for new in &items {
            model.add(task, new);
        }
    }
    model
}

/// Does a step in both; `None` if they differ.
async fn take_step(tasks: &dyn TaskStore, model: &mut Model, step: &Step) -> Option<()> {
    let lease =
        |index: &Index| (!model.leases.is_empty()).then(|| index.get(&model.leases).clone());
    match step {
        Step::Say(task, state) => say(tasks, model, task.index(2), *state).await,
        Step::AddItem(task, key) => {
            add(tasks, model, task.index(2), KEYS[key.index(KEYS.len())]).await
        }
        Step::Claim(is_long) => claim(tasks, model, *is_long).await,
        Step::Write(index) => match lease(index) {
            Some(lease) => write(tasks, model, &lease).await,
            None => Some(()),
        },
        Step::Renew(index, is_long) => match lease(index) {
            Some(lease) => renew(tasks, model, &lease, *is_long).await,
            None => Some(()),
        },
        Step::Release(index) => {
            if let Some(lease) = lease(index) {
                tasks.release_item(&lease).await.unwrap();
                let (place, is_newest) = model.holder(&lease);
                model.items[place].is_held &= !is_newest;
            }
            Some(())
        }
        Step::Finish(index) => match lease(index) {
            Some(lease) => end(tasks, model, &lease).await,
            None => Some(()),
        },
    }
}

/// Compares an answer to an entry with what the model says of a task that is live.
fn written(
    task: &mut ModelTask,
    answer: &Result<Option<catalog::TaskEvent>, StoreError>,
    state: TaskState,
) -> Option<()> {
    if task.state.is_terminal() {
        return is_ended(answer, task.state).then_some(());
    }
    task.seq += 1;
    task.state = state;
    let event = answer.as_ref().ok()?.as_ref()?;
    (event.seq == task.seq).then_some(())
}

async fn say(
    tasks: &dyn TaskStore,
    model: &mut Model,
    task: usize,
    state: TaskState,
) -> Option<()> {
    let task = &mut model.tasks[task];
    let answer = tasks.append(&entry(&task.name, says(state), 1)).await;
    written(task, &answer, state)
}

async fn add(tasks: &dyn TaskStore, model: &mut Model, task: usize, key: &str) -> Option<()> {
    let new = keyed(&model.kind, key);
    let is_live = !model.tasks[task].state.is_terminal();
    let of_task = &mut model.tasks[task];
    let more = TaskEntry {
        items: vec![new.clone()],
        ..entry(&of_task.name, says(TaskState::Working), 1)
    };
    written(of_task, &tasks.append(&more).await, TaskState::Working)?;
    if is_live {
        model.add(task, &new);
    }
    Some(())
}

async fn claim(tasks: &dyn TaskStore, model: &mut Model, is_long: bool) -> Option<()> {
    let answer = tasks.claim(&[&model.kind], "owner", ttl_ms(is_long)).await;
    let expected = model.next();
    let (Some(taken), Some(place_in_model)) = (answer.as_ref().ok()?, expected) else {
        return (answer.ok()?.is_none() && expected.is_none()).then_some(());
    };
    let item = &mut model.items[place_in_model];
    item.epoch += 1;
    item.is_held = is_long;
    let name = model.tasks[item.task].name.as_str();
    let is_same = place(&taken.item) == (name, item.n)
        && taken.lease.epoch == item.epoch
        && taken.task.seq == model.tasks[item.task].seq;
    model.leases.push(taken.lease.clone());
    is_same.then_some(())
}

async fn write(tasks: &dyn TaskStore, model: &mut Model, lease: &ItemLease) -> Option<()> {
    let progress: TaskChange = says(TaskState::Working);
    let entry = TaskEntry::of_holder(lease, progress, at(1));
    let answer = tasks.append(&entry).await;
    let (place, is_newest) = model.holder(lease);
    let item = &model.items[place];
    let task = &mut model.tasks[item.task];
    if !task.state.is_terminal() && (item.is_done || !is_newest) {
        return is_fenced(&answer, lease).then_some(());
    }
    written(task, &answer, TaskState::Working)
}

async fn renew(
    tasks: &dyn TaskStore,
    model: &mut Model,
    lease: &ItemLease,
    is_long: bool,
) -> Option<()> {
    let (place, is_newest) = model.holder(lease);
    let lost_key = !model.items[place].is_held && model.is_taken(&model.items[place].key);
    let item = &mut model.items[place];
    let answer = tasks.renew_item(lease, ttl_ms(is_long)).await;
    if item.is_done || !is_newest || lost_key {
        return is_fenced(&answer, lease).then_some(());
    }
    item.is_held = is_long;
    (answer.ok()? == model.tasks[item.task].state).then_some(())
}

async fn end(tasks: &dyn TaskStore, model: &mut Model, lease: &ItemLease) -> Option<()> {
    let (place, is_newest) = model.holder(lease);
    if is_newest {
        finish(tasks, lease).await;
        model.items[place].is_done = true;
        model.items[place].is_held = false;
        return Some(());
    }
    let answer = tasks.finish_item(lease, &serde_json::json!(1)).await;
    is_fenced(&answer, lease).then_some(())
}

async fn compare(tasks: &dyn TaskStore, model: &Model) {
    for (n, task) in model.tasks.iter().enumerate() {
        let id = task_id(&task.name);
        let kept = tasks.task(&id).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.seq), (task.state, task.seq));
        let events = tasks.events(&id, 0, 999).await.unwrap();
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=task.seq).collect::<Vec<_>>());
        let kept = tasks.items(&id).await.unwrap();
        let kept = kept
            .iter()
            .map(|it| (it.n, u64::from(it.attempts), it.result.is_some()));
        let items = model.items.iter().filter(|it| it.task == n);
        let items = items.map(|it| (it.n, it.epoch, it.is_done));
        assert_eq!(kept.collect::<Vec<_>>(), items.collect::<Vec<_>>());
    }
    let count = |is_counted: &dyn Fn(&ModelItem) -> bool| {
        model.items.iter().filter(|it| is_counted(it)).count() as u64
    };
    let expected = (count(&|it| model.may_be_taken(it)), count(&|it| it.is_held));
    let stats = tasks.work_stats().await.unwrap();
    let found = stats.into_iter().find(|it| it.kind == model.kind);
    let found = found.map(|it| (it.n_waiting, it.n_held));
    assert_eq!(found, (expected != (0, 0)).then_some(expected));
}
