//! The right to an item: how long it lasts, and what those without it cannot do.

use std::time::Duration;

use catalog::{ItemLease, TaskEntry, TaskState, TaskStore};
use serde_json::json;

use crate::made::at;
use crate::made_tasks::{
    CRAWL, HOUR, append, claim, crawls, end, entry, finish, is_fenced, last_item, make, new_task,
    place, progress, says, shown, take, task_id,
};

pub(in super::super) async fn each_holder_has_the_next_epoch(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a", "b"]))).await;
    for (n, owner) in (1..).zip(["one", "two", "two", "one"]) {
        let taken = claim(tasks, owner, 0).await.unwrap();
        assert_eq!((taken.lease.epoch, taken.lease.owner.as_str()), (n, owner));
        assert_eq!((taken.item.n, u64::from(taken.item.attempts)), (1, n));
    }
    let items = tasks.items(&task_id("t")).await.unwrap();
    assert_eq!((items[0].attempts, items[1].attempts), (4, 0));
}

pub(in super::super) async fn a_lease_ends_by_itself(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    claim(tasks, "one", 100).await.unwrap();
    for _ in 0..10_000 {
        if let Some(taken) = claim(tasks, "two", HOUR).await {
            assert_eq!(taken.lease.epoch, 2);
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never ended");
}

pub(in super::super) async fn a_renewed_lease_is_prolonged_and_tells_the_state(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = claim(tasks, "one", 0).await.unwrap();
    let renewed = tasks.renew_item(&taken.lease, HOUR).await.unwrap();
    assert_eq!(renewed, TaskState::Submitted);
    assert_eq!(claim(tasks, "two", HOUR).await, None);
    append(
        tasks,
        &TaskEntry::of_holder(&taken.lease, progress(1), at(1)),
    )
    .await;
    let renewed = tasks.renew_item(&taken.lease, HOUR).await.unwrap();
    assert_eq!(renewed, TaskState::Working);
    end(tasks, "t", TaskState::Canceled, 5).await;
    let renewed = tasks.renew_item(&taken.lease, HOUR).await.unwrap();
    assert_eq!(renewed, TaskState::Canceled);
    let items = tasks.items(&task_id("t")).await.unwrap();
    assert_eq!(items[0].attempts, 1);
}

pub(in super::super) async fn a_lease_is_renewed_also_after_it_expired(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = claim(tasks, "one", 0).await.unwrap();
    append(
        tasks,
        &TaskEntry::of_holder(&taken.lease, progress(1), at(1)),
    )
    .await;
    tasks.renew_item(&taken.lease, HOUR).await.unwrap();
    assert_eq!(claim(tasks, "two", HOUR).await, None);
    finish(tasks, &taken.lease).await;
}

pub(in super::super) async fn a_lease_is_not_renewed_when_its_key_went_to_another_item(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&["a", "a"]))).await;
    make(tasks, &new_task("u", crawls(&["a"]))).await;
    let expired = claim(tasks, "one", 0).await.unwrap().lease;
    append(tasks, &entry("t", says(TaskState::InputRequired), 1)).await;
    let taken = take(tasks, "two").await;
    assert_eq!(taken.item.task, task_id("u"));
    let refused = tasks.renew_item(&expired, HOUR).await;
    assert!(is_fenced(&refused, &expired));
    tasks.renew_item(&taken.lease, HOUR).await.unwrap();
    finish(tasks, &taken.lease).await;
    // Nobody took the item itself.
    tasks.renew_item(&expired, HOUR).await.unwrap();
}

pub(in super::super) async fn an_item_that_is_given_back_is_free_at_once(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let first = take(tasks, "one").await;
    tasks.release_item(&first.lease).await.unwrap();
    let second = take(tasks, "two").await;
    assert_eq!((second.lease.epoch, second.item.attempts), (2, 2));
    // What was taken since is not given back by the one before.
    tasks.release_item(&first.lease).await.unwrap();
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    finish(tasks, &second.lease).await;
    let before = shown(tasks, "t").await;
    tasks.release_item(&second.lease).await.unwrap();
    assert_eq!(shown(tasks, "t").await, before);
    assert_eq!(claim(tasks, "one", HOUR).await, None);
}

pub(in super::super) async fn a_failed_item_is_kept_for_its_pause_and_only_failures_are_counted(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let given_back = take(tasks, "one").await;
    tasks.release_item(&given_back.lease).await.unwrap();
    let lost = claim(tasks, "one", 0).await.unwrap();
    let failed = take(tasks, "two").await;
    assert_eq!((failed.item.attempts, failed.item.failures), (3, 0));
    let late = tasks.fail_item(&lost.lease, 7, 0).await;
    assert!(is_fenced(&late, &lost.lease));
    tasks.fail_item(&failed.lease, 1, HOUR).await.unwrap();
    assert_eq!(claim(tasks, "three", HOUR).await, None);
    // As one does whose answer was lost.
    tasks.fail_item(&failed.lease, 1, 0).await.unwrap();
    let next = take(tasks, "three").await;
    assert_eq!((next.item.attempts, next.item.failures), (4, 1));
    finish(tasks, &next.lease).await;
    let done = tasks.fail_item(&next.lease, 2, HOUR).await;
    assert!(is_fenced(&done, &next.lease));
    let items = tasks.items(&task_id("t")).await.unwrap();
    assert_eq!(items[0].failures, 1);
}

pub(in super::super) async fn an_item_that_is_put_off_leaves_its_key_free(tasks: &dyn TaskStore) {
    for name in ["t", "u"] {
        make(tasks, &new_task(name, crawls(&["a"]))).await;
    }
    let lost = claim(tasks, "one", 0).await.unwrap();
    let first = take(tasks, "two").await;
    assert_eq!(place(&first.item), ("t", 1));
    tasks.fail_item(&first.lease, 2, 0).await.unwrap();
    let first = take(tasks, "two").await;
    assert_eq!((first.item.attempts, first.item.failures), (3, 2));
    // One who lost it changes nothing.
    tasks.put_off_item(&lost.lease, HOUR).await.unwrap();
    assert_eq!(claim(tasks, "three", HOUR).await, None);
    for _ in 0..2 {
        tasks.put_off_item(&first.lease, HOUR).await.unwrap();
    }
    assert!(
        tasks
            .work_stats()
            .await
            .unwrap()
            .iter()
            .all(|it| it.n_held == 0)
    );
    let other = take(tasks, "three").await;
    assert_eq!(place(&other.item), ("u", 1));
    finish(tasks, &other.lease).await;
    assert_eq!(claim(tasks, "three", HOUR).await, None);
    // Its last holder may think better of it.
    tasks.put_off_item(&first.lease, 0).await.unwrap();
    let again = take(tasks, "three").await;
    assert_eq!(place(&again.item), ("t", 1));
    assert_eq!((again.item.attempts, again.item.failures), (1, 2));
    tasks.put_off_item(&again.lease, 0).await.unwrap();
    let again = take(tasks, "three").await;
    finish(tasks, &again.lease).await;
    tasks.put_off_item(&again.lease, 0).await.unwrap();
    assert_eq!(claim(tasks, "three", HOUR).await, None);
}

pub(in super::super) async fn the_last_item_waits_for_one_that_is_put_off(tasks: &dyn TaskStore) {
    let mut items = crawls(&["a"]);
    items.push(last_item(CRAWL, "b"));
    make(tasks, &new_task("t", items)).await;
    let first = take(tasks, "one").await;
    tasks.put_off_item(&first.lease, HOUR).await.unwrap();
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    // Of a task that ended, nothing is left to be put off.
    end(tasks, "t", TaskState::Canceled, 5).await;
    tasks.put_off_item(&first.lease, 0).await.unwrap();
    assert_eq!(claim(tasks, "one", HOUR).await, None);
}

pub(in super::super) async fn a_done_item_has_its_result_for_ever(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = take(tasks, "one").await;
    for result in [json!({"n": 1}), json!({"n": 2})] {
        tasks.finish_item(&taken.lease, &result).await.unwrap();
        let items = tasks.items(&task_id("t")).await.unwrap();
        assert_eq!(items[0].result, Some(json!({"n": 1})));
    }
    let of_another = ItemLease {
        owner: "two".into(),
        ..taken.lease
    };
    let refused = tasks.finish_item(&of_another, &json!(3)).await;
    assert!(is_fenced(&refused, &of_another));
}

pub(in super::super) async fn who_lost_an_item_can_do_nothing(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let lost = claim(tasks, "one", 0).await.unwrap().lease;
    let kept = take(tasks, "two").await.lease;
    let before = shown(tasks, "t").await;
    let late = TaskEntry::of_holder(&lost, progress(1), at(1));
    assert!(is_fenced(&tasks.append(&late).await, &lost));
    assert!(is_fenced(&tasks.renew_item(&lost, HOUR).await, &lost));
    let finished = tasks.finish_item(&lost, &json!("late")).await;
    assert!(is_fenced(&finished, &lost));
    let stored = tasks.put_chunk(&lost, "a", 0, vec![1]).await;
    assert!(is_fenced(&stored, &lost));
    assert_eq!(shown(tasks, "t").await, before);
    // Also when the owner is the same, and when an event would be left out.
    let same_owner = ItemLease {
        owner: "two".into(),
        ..lost
    };
    let coalesced = TaskEntry {
        min_gap_ms: HOUR,
        ..TaskEntry::of_holder(&same_owner, progress(1), at(1))
    };
    assert!(is_fenced(&tasks.append(&coalesced).await, &same_owner));
    append(tasks, &TaskEntry::of_holder(&kept, progress(1), at(1))).await;
    finish(tasks, &kept).await;
}

pub(in super::super) async fn who_finished_an_item_can_write_no_more(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = take(tasks, "one").await.lease;
    finish(tasks, &taken).await;
    let late = TaskEntry::of_holder(&taken, progress(1), at(1));
    assert!(is_fenced(&tasks.append(&late).await, &taken));
    assert!(is_fenced(&tasks.renew_item(&taken, HOUR).await, &taken));
    let stored = tasks.put_chunk(&taken, "a", 0, vec![1]).await;
    assert!(is_fenced(&stored, &taken));
}

pub(in super::super) async fn an_item_of_another_task_is_no_right(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    make(tasks, &new_task("u", crawls(&["b"]))).await;
    let taken = take(tasks, "one").await.lease;
    let before = shown(tasks, "u").await;
    let of_other = TaskEntry {
        task: task_id("u"),
        ..TaskEntry::of_holder(&taken, progress(1), at(1))
    };
    assert!(is_fenced(&tasks.append(&of_other).await, &taken));
    assert_eq!(shown(tasks, "u").await, before);
}

pub(in super::super) async fn a_lease_that_nobody_gave_is_none(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = take(tasks, "one").await.lease;
    for made_up in [
        ItemLease {
            task: task_id("u"),
            ..taken.clone()
        },
        ItemLease {
            n: 2,
            ..taken.clone()
        },
        ItemLease {
            owner: "two".into(),
            ..taken.clone()
        },
        ItemLease {
            epoch: 0,
            ..taken.clone()
        },
        ItemLease {
            epoch: 2,
            ..taken.clone()
        },
    ] {
        assert!(is_fenced(&tasks.renew_item(&made_up, 0).await, &made_up));
        let finished = tasks.finish_item(&made_up, &json!(1)).await;
        assert!(is_fenced(&finished, &made_up));
        tasks.release_item(&made_up).await.unwrap();
    }
    // Before it is taken, an item has no holder either.
    make(tasks, &new_task("v", crawls(&["b"]))).await;
    let nobody = ItemLease {
        task: task_id("v"),
        n: 1,
        owner: String::new(),
        epoch: 0,
    };
    assert!(is_fenced(&tasks.renew_item(&nobody, 0).await, &nobody));
    let entry = TaskEntry::of_holder(&nobody, progress(1), at(1));
    assert!(is_fenced(&tasks.append(&entry).await, &nobody));
    tasks.renew_item(&taken, HOUR).await.unwrap();
    assert_eq!(
        tasks
            .claim(&[CRAWL], "two", 0)
            .await
            .unwrap()
            .unwrap()
            .task
            .id,
        nobody.task
    );
}

pub(in super::super) async fn a_finished_item_of_a_canceled_task_is_done(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = take(tasks, "one").await;
    end(tasks, "t", TaskState::Canceled, 5).await;
    finish(tasks, &taken.lease).await;
    let items = tasks.items(&task_id("t")).await.unwrap();
    assert_eq!(items[0].result, Some(json!("done")));
}

pub(in super::super) async fn the_longest_lease_ends_in_the_far_future(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let taken = claim(tasks, "one", u64::MAX).await.unwrap();
    assert_eq!(claim(tasks, "two", HOUR).await, None);
    tasks.renew_item(&taken.lease, u64::MAX).await.unwrap();
    assert_eq!(claim(tasks, "two", HOUR).await, None);
}
