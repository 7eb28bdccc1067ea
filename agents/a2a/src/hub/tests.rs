//! The hub on a store in memory.

use std::sync::Arc;
use std::time::Duration;

use catalog::{StoreError, TaskEvent, TaskId, TaskState, UnixMs};
use futures_util::{FutureExt, StreamExt};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Hub;
use crate::testing::{World, entry};

type Told = Vec<Result<Arc<TaskEvent>, StoreError>>;

/// Returns the numbers of what a whole stream told.
async fn numbers(hub: &Hub, task: &TaskId, after: u64) -> Vec<u64> {
    let told: Told = hub.events(task, after).collect().await;
    told.into_iter().map(|event| event.unwrap().seq).collect()
}

#[tokio::test]
async fn events_come_in_order_up_to_the_terminal_one() {
    let world = World::new().await;
    let hub = &world.context.hub;
    let task = world.task("t", 0).await;
    let write = async {
        for _ in 0..5 {
            hub.append(&entry(&task, TaskState::Working)).await.unwrap();
        }
        hub.append(&entry(&task, TaskState::Completed))
            .await
            .unwrap();
    };
    let (told, ()) = tokio::join!(numbers(hub, &task, 1), write);
    assert_eq!(told, [2, 3, 4, 5, 6, 7]);
    assert_eq!(
        numbers(hub, &task, 7).await,
        [0; 0],
        "nothing comes behind the end"
    );
}

#[tokio::test]
async fn what_another_process_writes_is_heard() {
    let world = World::new().await;
    let task = world.task("t", 0).await;
    let hub = Arc::clone(&world.context.hub);
    let elsewhere = Hub::new(Arc::clone(&world.context.tasks));
    let mut events = hub.events(&task, 1);
    assert!(events.next().now_or_never().is_none());
    elsewhere
        .append(&entry(&task, TaskState::Working))
        .await
        .unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().seq, 2);
    elsewhere
        .append(&entry(&task, TaskState::Canceled))
        .await
        .unwrap();
    assert_eq!(hub.ended(&task).await, TaskState::Canceled);
}

#[tokio::test]
async fn who_comes_late_gets_all_there_was() {
    let world = World::new().await;
    let hub = &world.context.hub;
    let task = world.task("t", 0).await;
    for _ in 0..200 {
        world
            .context
            .tasks
            .append(&entry(&task, TaskState::Working))
            .await
            .unwrap();
    }
    let mut early = hub.events(&task, 150);
    assert_eq!(early.next().await.unwrap().unwrap().seq, 151);
    hub.append(&entry(&task, TaskState::Failed)).await.unwrap();
    assert_eq!(numbers(hub, &task, 0).await, (1..=202).collect::<Vec<_>>());
    let rest: Told = early.collect().await;
    assert_eq!(rest.len(), 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_however_writers_and_subscribers_meet() {
    let world = World::new().await;
    for round in 0..10 {
        let task = world.task(&format!("t{round}"), 0).await;
        let mut all = JoinSet::new();
        for writer in 0..2 {
            let (context, task) = (world.context.clone(), task.clone());
            all.spawn(async move {
                for n in 0..50 {
                    let entry = entry(&task, TaskState::Working);
                    // Half of it comes from another process.
                    if (n + writer) % 2 == 0 {
                        context.hub.append(&entry).await.unwrap();
                    } else {
                        context.tasks.append(&entry).await.unwrap();
                    }
                }
                Vec::new()
            });
        }
        for n in 0..20_u64 {
            let (hub, task) = (Arc::clone(&world.context.hub), task.clone());
            all.spawn(async move { numbers(&hub, &task, n).await });
        }
        // The writers are done when 101 events are there; then comes the end.
        let hub = &world.context.hub;
        let mut events = hub.events(&task, 0);
        while events.next().await.unwrap().unwrap().seq < 101 {}
        hub.append(&entry(&task, TaskState::Completed))
            .await
            .unwrap();
        for told in all.join_all().await {
            if let Some(first) = told.first() {
                assert_eq!(told, (*first..=102).collect::<Vec<_>>());
            }
        }
    }
}

#[tokio::test]
async fn a_worker_hears_of_the_end_whenever_it_asks() {
    let world = World::new().await;
    let hub = &world.context.hub;
    let task = world.task("t", 0).await;
    let cancel = async {
        hub.append(&entry(&task, TaskState::Canceled))
            .await
            .unwrap()
    };
    let (state, _) = tokio::join!(hub.ended(&task), cancel);
    assert_eq!(state, TaskState::Canceled);
    assert_eq!(hub.ended(&task).await, TaskState::Canceled);
}

#[tokio::test]
async fn a_removed_task_counts_as_canceled() {
    let world = World::new().await;
    let (hub, tasks) = (&world.context.hub, &world.context.tasks);
    let task = world.task("t", 0).await;
    tasks
        .append(&entry(&task, TaskState::Completed))
        .await
        .unwrap();
    assert_eq!(
        tasks.forget_tasks(UnixMs::new(i64::MAX), 9).await.unwrap(),
        1
    );
    assert_eq!(hub.ended(&task).await, TaskState::Canceled);
    let told: Told = hub.events(&task, 0).collect().await;
    assert!(
        matches!(told[..], [Err(StoreError::UnknownTask { .. })]),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_task_that_waits_for_its_caller_ends_the_stream_unless_it_went_on() {
    let world = World::new().await;
    let hub = &world.context.hub;
    let task = world.task("t", 0).await;
    hub.append(&entry(&task, TaskState::InputRequired))
        .await
        .unwrap();
    assert_eq!(numbers(hub, &task, 0).await, [1, 2]);

    let mut later = hub.events(&task, 2);
    assert!(later.next().now_or_never().is_none());
    hub.append(&entry(&task, TaskState::Submitted))
        .await
        .unwrap();
    assert_eq!(later.next().await.unwrap().unwrap().seq, 3);
    hub.append(&entry(&task, TaskState::Completed))
        .await
        .unwrap();
    assert_eq!(numbers(hub, &task, 0).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn nothing_is_kept_of_a_task_that_nobody_waits_for() {
    let world = World::new().await;
    let hub = &world.context.hub;
    let task = world.task("t", 0).await;
    let mut first = hub.events(&task, 0);
    let second = hub.events(&task, 0);
    assert_eq!(first.next().await.unwrap().unwrap().seq, 1);
    assert!(hub.ended(&task).now_or_never().is_none());
    drop(first);
    assert!(!hub.watched.is_empty());
    drop(second);
    assert!(hub.watched.is_empty());
    hub.wake(&task);
    assert!(hub.watched.is_empty());
}

/// Takes the store away, and lets time fly then; or brings it back.
fn break_store(world: &World, is_broken: bool) {
    world.store.breaks(is_broken);
    if is_broken {
        tokio::time::pause();
    } else {
        tokio::time::resume();
    }
}

#[tokio::test]
async fn an_outage_is_borne_for_a_while() {
    let world = World::new().await;
    let hub = &world.context.hub;
    let task = world.task("t", 0).await;
    let mut events = hub.events(&task, 0);
    assert_eq!(events.next().await.unwrap().unwrap().seq, 1);

    break_store(&world, true);
    let short = tokio::time::timeout(Duration::from_secs(5), events.next());
    assert!(short.await.is_err(), "nothing is told for a while");
    break_store(&world, false);
    hub.append(&entry(&task, TaskState::Working)).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().seq, 2);

    break_store(&world, true);
    let ended = hub.ended(&task);
    let mut ended = std::pin::pin!(ended);
    assert!(ended.as_mut().now_or_never().is_none());
    let long = tokio::time::timeout(Duration::from_secs(60), events.next());
    assert!(matches!(
        long.await,
        Ok(Some(Err(StoreError::Failed { .. })))
    ));
    assert!(events.next().await.is_none());

    // Whoever comes again is told the rest, and workers waited all the time.
    break_store(&world, false);
    hub.append(&entry(&task, TaskState::Completed))
        .await
        .unwrap();
    assert_eq!(numbers(hub, &task, 2).await, [3]);
    assert_eq!(ended.await, TaskState::Completed);
}

#[tokio::test]
async fn streams_end_when_the_hub_stops() {
    let world = World::new().await;
    let hub = Hub::new(Arc::clone(&world.context.tasks));
    let task = world.task("t", 0).await;
    let mut events = hub.events(&task, 1);
    let stop = CancellationToken::new();
    let run = hub.run(&stop);
    let read = async {
        stop.cancel();
        events.next().await
    };
    let (told, ()) = tokio::join!(read, run);
    assert!(told.is_none(), "{told:?}");
}
