//! The worker on a store in memory, with work of the tests' own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use a2a::Hub;
use catalog::{
    ItemEnd, ItemLease, NewItem, NewTask, StoreError, Task, TaskChange, TaskEntry, TaskId,
    TaskState, TaskStore, UnixMs,
};
use futures_util::FutureExt;
use serde_json::{Value, json};
use store::OpenMode;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{RunItem, Work, Worker};
use crate::clock::Clock;

const KINDS: &[&str] = &["count", "close"];

const AT: UnixMs = UnixMs::new(1_000);

/// A store with one task, and what a worker on it needs.
struct World {
    tasks: Arc<dyn TaskStore>,
    hub: Arc<Hub>,
    id: TaskId,
    stop: CancellationToken,
    concurrency: usize,
    grace: Duration,
}

impl World {
    /// Makes a task with so many items, and one that waits for them.
    async fn new(n_items: u32) -> Self {
        let (_, tasks) = store::open_with_tasks("sqlite::memory:", OpenMode::Create)
            .await
            .unwrap();
        let item = |kind: &str, n: u32| NewItem {
            kind: kind.to_owned(),
            key: n.to_string(),
            payload: json!(n),
            is_last: kind == "close",
        };
        let mut items: Vec<_> = (1..=n_items).map(|n| item("count", n)).collect();
        items.push(item("close", n_items + 1));
        let id = TaskId::new("t").unwrap();
        let task = NewTask {
            id: id.clone(),
            agent: "tester".to_owned(),
            caller: "local".to_owned(),
            context: "c".to_owned(),
            state: TaskState::Submitted,
            note: None,
            message: Value::Null,
            items,
            idempotency: None,
            at: AT,
        };
        tasks.create_task(&task).await.unwrap();
        Self {
            hub: Arc::new(Hub::new(Arc::clone(&tasks))),
            tasks,
            id,
            stop: CancellationToken::new(),
            concurrency: 2,
            grace: super::SHORT_GRACE,
        }
    }

    fn worker(&self, run: RunItem) -> Worker {
        Worker {
            tasks: Arc::clone(&self.tasks),
            hub: Arc::clone(&self.hub),
            clock: Clock::new(Some(AT)),
            owner: "worker".to_owned(),
            lease: Duration::from_secs(60),
            concurrency: self.concurrency,
            work: vec![Work {
                kinds: KINDS.iter().map(|&it| it.to_owned()).collect(),
                run,
                grace: self.grace,
            }],
        }
    }

    /// Runs a worker beside `test`, and stops it behind it.
    async fn beside<T>(&self, run: RunItem, test: impl Future<Output = T>) -> T {
        let hub_stop = CancellationToken::new();
        let test = async {
            let result = test.await;
            self.stop.cancel();
            result
        };
        let both = async {
            let (result, ()) = tokio::join!(test, self.worker(run).run(&self.stop));
            hub_stop.cancel();
            result
        };
        tokio::join!(both, self.hub.run(&hub_stop)).0
    }

    async fn task(&self) -> Task {
        self.tasks.task(&self.id).await.unwrap().unwrap()
    }

    async fn results(&self) -> Vec<Option<Value>> {
        let items = self.tasks.items(&self.id).await.unwrap();
        items.into_iter().map(|it| it.result).collect()
    }

    /// Waits until what is stored of the task is as wanted.
    async fn until(&self, is_so: impl AsyncFn(&Self) -> bool) {
        for _ in 0..3_000 {
            if is_so(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "waited in vain: {:?}, {:?}",
            self.task().await,
            self.results().await
        );
    }

    /// Waits until every item has a result.
    async fn until_done(&self) {
        self.until(async |world| world.results().await.iter().all(Option::is_some))
            .await;
    }

    /// Takes every item that can be taken.
    async fn take_all(&self) -> Vec<ItemLease> {
        let mut leases = Vec::new();
        while let Some(it) = self.tasks.claim(KINDS, "earlier", 60_000).await.unwrap() {
            leases.push(it.lease);
        }
        leases
    }

    /// Has every item fail so often.
    async fn failed(&self, failures: u32) {
        for lease in self.take_all().await {
            self.tasks.fail_item(&lease, failures, 0).await.unwrap();
        }
    }

    /// Has every item taken and given back so often.
    async fn given_back(&self, n_times: u32) {
        for _ in 0..n_times {
            for lease in self.take_all().await {
                self.tasks.release_item(&lease).await.unwrap();
            }
        }
    }

    async fn failures(&self) -> u32 {
        self.tasks.items(&self.id).await.unwrap()[0].failures
    }
}

fn failing() -> RunItem {
    Box::new(|claimed, _| {
        let task = claimed.item.task;
        async move { Err(StoreError::UnknownTask { task }) }.boxed()
    })
}

#[tokio::test]
async fn all_items_are_done_and_the_last_one_behind_the_others() {
    let world = World::new(5).await;
    let (started, mut order) = mpsc::channel(9);
    let run: RunItem = Box::new(move |claimed, _| {
        started.try_send(claimed.item.n).unwrap();
        async move { Ok(ItemEnd::Done(json!(claimed.item.n))) }.boxed()
    });
    world.beside(run, world.until_done()).await;
    let mut started = Vec::new();
    while let Ok(n) = order.try_recv() {
        started.push(n);
    }
    assert_eq!(started, [1, 2, 3, 4, 5, 6]);
    assert_eq!(world.results().await[2], Some(json!(3)));
}

#[tokio::test]
async fn an_error_is_left_to_the_next_attempt_and_the_fifth_is_the_result() {
    let world = World::new(1).await;
    world.failed(3).await;
    let is_fourth = async |world: &World| world.failures().await == 4;
    world.beside(failing(), world.until(is_fourth)).await;
    assert_eq!(world.results().await, [None, None]);

    let world = World::new(1).await;
    world.failed(4).await;
    let gave_up = async |world: &World| world.results().await[0].is_some();
    world.beside(failing(), world.until(gave_up)).await;
    let result = world.results().await[0].clone().unwrap();
    assert_eq!(result, json!({ "failed": "there is no task t" }));
}

#[tokio::test]
async fn work_that_was_given_back_often_has_not_failed() {
    let world = World::new(1).await;
    world.given_back(9).await;
    let is_first = async |world: &World| world.failures().await == 1;
    world.beside(failing(), world.until(is_first)).await;
    assert_eq!(world.results().await, [None, None]);
}

#[tokio::test]
async fn work_that_never_comes_to_an_end_is_given_up() {
    let world = World::new(1).await;
    world.given_back(50).await;
    let (began, mut begins) = mpsc::channel(9);
    let run: RunItem = Box::new(move |claimed, _| {
        began.try_send(claimed.item.n).unwrap();
        async move { Ok(ItemEnd::Done(json!("fine"))) }.boxed()
    });
    world.beside(run, world.until_done()).await;
    assert_eq!(begins.try_recv(), Ok(2), "not the one that was given up");
}

#[tokio::test]
async fn work_that_is_put_off_has_not_failed_however_often() {
    let world = World::new(1).await;
    let n_begun = Arc::new(AtomicU32::new(0));
    let begun = Arc::clone(&n_begun);
    let run: RunItem = Box::new(move |claimed, _| {
        let n = begun.fetch_add(1, Ordering::Relaxed);
        async move {
            assert!(claimed.item.attempts == 1 && claimed.item.failures == 0);
            match n {
                0..60 => Ok(ItemEnd::Later(Duration::ZERO)),
                _ => Ok(ItemEnd::Done(json!("fine"))),
            }
        }
        .boxed()
    });
    world.beside(run, world.until_done()).await;
    assert_eq!(
        world.results().await,
        [json!("fine"), json!("fine")].map(Some)
    );
    assert_eq!(
        (n_begun.load(Ordering::Relaxed), world.failures().await),
        (62, 0)
    );
}

#[tokio::test]
async fn work_that_is_put_off_waits_and_keeps_nobody_from_the_rest() {
    let mut world = World::new(2).await;
    world.concurrency = 1;
    let (began, mut begins) = mpsc::channel(9);
    let run: RunItem = Box::new(move |claimed, _| {
        began.try_send(claimed.item.n).unwrap();
        async move {
            match claimed.item.n {
                1 => Ok(ItemEnd::Later(Duration::from_secs(3_600))),
                n => Ok(ItemEnd::Done(json!(n))),
            }
        }
        .boxed()
    });
    let second_is_done = async |world: &World| world.results().await[1].is_some();
    world.beside(run, world.until(second_is_done)).await;
    assert_eq!(world.results().await, [None, Some(json!(2)), None]);
    let begins: Vec<u32> = std::iter::from_fn(|| begins.try_recv().ok()).collect();
    assert_eq!(begins, [1, 2]);
    assert!(world.take_all().await.is_empty());
}

#[tokio::test]
async fn each_kind_of_work_is_done_by_who_does_it() {
    let world = World::new(2).await;
    let done_by = |kinds: &[&str], name: &'static str| Work {
        kinds: kinds.iter().map(|&it| it.to_owned()).collect(),
        run: Box::new(move |_, _| async move { Ok(ItemEnd::Done(json!(name))) }.boxed()),
        grace: Duration::ZERO,
    };
    let mut worker = world.worker(failing());
    // Made up at run time, as the kinds of a command's own work are.
    let made_up = format!("{}unt", "co");
    worker.work = vec![
        done_by(&["other", &made_up], "one"),
        done_by(&["close"], "two"),
    ];
    let stop = async {
        world.until_done().await;
        world.stop.cancel();
    };
    tokio::join!(worker.run(&world.stop), stop);
    let expected = ["one", "one", "two"].map(|it| Some(json!(it)));
    assert_eq!(world.results().await, expected);
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_worker_lives_on() {
    let world = World::new(2).await;
    world.failed(4).await;
    let run: RunItem = Box::new(|claimed, _| {
        async move {
            assert_ne!(claimed.item.n, 1, "number one");
            Ok(ItemEnd::Done(json!("fine")))
        }
        .boxed()
    });
    world.beside(run, world.until_done()).await;
    let results = world.results().await;
    let words = results[0].as_ref().unwrap()["failed"].as_str().unwrap();
    assert!(words.starts_with("panicked: "), "{words}");
    assert!(words.contains("number one"), "{words}");
    assert_eq!(results[1..], [Some(json!("fine")), Some(json!("fine"))]);
}

#[tokio::test]
async fn a_task_whose_last_item_is_given_up_fails() {
    let world = World::new(0).await;
    world.failed(4).await;
    let is_terminal = async |world: &World| world.task().await.state.is_terminal();
    world.beside(failing(), world.until(is_terminal)).await;
    assert_eq!(world.task().await.state, TaskState::Failed);
}

#[tokio::test]
async fn work_of_a_canceled_task_is_told_to_stop() {
    let world = World::new(1).await;
    let (told, mut stopped) = mpsc::channel(1);
    let began = Arc::new(Notify::new());
    let begin = Arc::clone(&began);
    let run: RunItem = Box::new(move |_, cancel| {
        let (told, begin) = (told.clone(), Arc::clone(&begin));
        async move {
            begin.notify_one();
            cancel.cancelled().await;
            told.send(()).await.unwrap();
            Ok(ItemEnd::Unfinished)
        }
        .boxed()
    });
    world
        .beside(run, async {
            began.notified().await;
            let change = TaskChange::State {
                state: TaskState::Canceled,
                note: None,
                data: None,
            };
            let entry = TaskEntry::new(&world.id, change, AT);
            // As another process writes it, so that nobody here is told.
            world.tasks.append(&entry).await.unwrap();
            assert_eq!(stopped.recv().await, Some(()));
        })
        .await;
    assert_eq!(world.task().await.state, TaskState::Canceled);
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_items_back_at_once() {
    let world = World::new(3).await;
    let (begin, mut began) = mpsc::channel(9);
    let run: RunItem = Box::new(move |claimed, cancel| {
        begin.try_send(claimed.item.n).unwrap();
        async move {
            cancel.cancelled().await;
            Ok(ItemEnd::Unfinished)
        }
        .boxed()
    });
    let two_began = async {
        assert_eq!(began.recv().await, Some(1));
        assert_eq!(began.recv().await, Some(2));
    };
    world.beside(run, two_began).await;
    assert!(began.try_recv().is_err(), "no more than two at a time");
    for n in 1..=2 {
        let claimed = world.tasks.claim(KINDS, "the next", 60_000).await.unwrap();
        let item = claimed.unwrap().item;
        assert_eq!((item.n, item.attempts), (n, 2));
    }
}

/// Tells when it is dropped.
struct Alarm(mpsc::Sender<()>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.try_send(()).ok();
    }
}

/// Returns work that heeds nothing, whose beginning gives its lease and whose end is told.
fn deaf() -> (RunItem, mpsc::Receiver<ItemLease>, mpsc::Receiver<()>) {
    let (begin, began) = mpsc::channel(9);
    let (end, ended) = mpsc::channel(9);
    let run: RunItem = Box::new(move |claimed, _| {
        let alarm = Alarm(end.clone());
        begin.try_send(claimed.lease).unwrap();
        async move {
            let _alarm = alarm;
            std::future::pending().await
        }
        .boxed()
    });
    (run, began, ended)
}

#[tokio::test(start_paused = true)]
async fn work_that_does_not_stop_when_told_is_dropped_and_given_back() {
    let world = World::new(1).await;
    let (run, mut began, mut ended) = deaf();
    world
        .beside(run, async {
            began.recv().await.unwrap();
            assert!(ended.try_recv().is_err());
        })
        .await;
    assert_eq!(ended.try_recv(), Ok(()));
    let claimed = world.tasks.claim(KINDS, "the next", 60_000).await.unwrap();
    assert_eq!(claimed.unwrap().item.n, 1);
}

#[tokio::test(start_paused = true)]
async fn work_that_is_told_to_stop_has_its_own_grace_for_its_end() {
    for (grace, expected) in [(20, Some(json!("late"))), (5, None)] {
        let mut world = World::new(1).await;
        world.grace = Duration::from_secs(grace);
        let (begin, mut began) = mpsc::channel(9);
        let run: RunItem = Box::new(move |_, cancel| {
            begin.try_send(()).unwrap();
            async move {
                cancel.cancelled().await;
                tokio::time::sleep(Duration::from_secs(15)).await;
                Ok(ItemEnd::Done(json!("late")))
            }
            .boxed()
        });
        world
            .beside(run, async { began.recv().await.unwrap() })
            .await;
        assert_eq!(world.results().await[0], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_another_worker_took_over_is_dropped() {
    let mut world = World::new(1).await;
    world.concurrency = 1;
    let (run, mut began, mut ended) = deaf();
    world
        .beside(run, async {
            let lease = began.recv().await.unwrap();
            // A renewal in between takes it again.
            while world
                .tasks
                .claim(KINDS, "another", 60_000)
                .await
                .unwrap()
                .is_none()
            {
                world.tasks.release_item(&lease).await.unwrap();
            }
            ended.recv().await.unwrap();
        })
        .await;
}
