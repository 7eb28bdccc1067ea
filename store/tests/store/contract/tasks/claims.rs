//! Which item is taken next.

use catalog::{MAX_TASK_ITEMS, TaskEntry, TaskState, TaskStats, TaskStore, WorkStats};

use crate::made::at;
use crate::made_tasks::{
    CRAWL, HOUR, append, claim, crawls, end, entry, finish, item, last_item, make, new_task, place,
    says, take,
};

pub(in super::super) async fn the_oldest_item_is_taken_first(tasks: &dyn TaskStore) {
    // Neither by the name of the task, nor by that of the key.
    for (n, (name, keys)) in [("z", ["3", "2"]), ("a", ["1", "0"])]
        .into_iter()
        .enumerate()
    {
        let mut new = new_task(name, crawls(&keys));
        new.at = crate::made::at(i64::try_from(n).unwrap());
        make(tasks, &new).await;
    }
    for expected in [("z", 1), ("z", 2), ("a", 1), ("a", 2)] {
        let taken = take(tasks, "one").await;
        assert_eq!(place(&taken.item), expected);
        finish(tasks, &taken.lease).await;
    }
    assert_eq!(claim(tasks, "one", HOUR).await, None);
}

pub(in super::super) async fn the_task_with_the_fewest_held_items_is_next(tasks: &dyn TaskStore) {
    make(tasks, &new_task("z", crawls(&["1", "2", "3", "4", "5"]))).await;
    let first = take(tasks, "one").await;
    let second = take(tasks, "one").await;
    assert_eq!(
        (place(&first.item), place(&second.item)),
        (("z", 1), ("z", 2))
    );
    make(tasks, &new_task("a", crawls(&["6", "7", "8"]))).await;
    make(tasks, &new_task("b", crawls(&["9"]))).await;
    // Who came later waits for nobody's whole list, and of equals the oldest is next.
    for expected in [("a", 1), ("b", 1), ("a", 2), ("z", 3), ("a", 3)] {
        assert_eq!(place(&take(tasks, "two").await.item), expected);
    }
    finish(tasks, &first.lease).await;
    tasks.release_item(&second.lease).await.unwrap();
    for expected in [("z", 2), ("z", 4), ("z", 5)] {
        assert_eq!(place(&take(tasks, "two").await.item), expected);
    }
    assert_eq!(claim(tasks, "two", HOUR).await, None);
}

pub(in super::super) async fn items_of_other_kinds_are_left(tasks: &dyn TaskStore) {
    let items = vec![
        item("a", "1"),
        item("b", "2"),
        item("c", "3"),
        item("b", "4"),
    ];
    make(tasks, &new_task("t", items)).await;
    let next = async |kinds: &[&str]| {
        let claimed = tasks.claim(kinds, "one", HOUR).await.unwrap();
        claimed.map(|it| it.item.n)
    };
    assert_eq!(next(&["d"]).await, None);
    assert_eq!(next(&[]).await, None);
    assert_eq!(next(&["c", "b"]).await, Some(2));
    assert_eq!(next(&["c", "b"]).await, Some(3));
    assert_eq!(next(&["c", "b", "a"]).await, Some(1));
    assert_eq!(next(&["a", "c"]).await, None);
    assert_eq!(next(&["b"]).await, Some(4));
}

pub(in super::super) async fn a_taken_item_is_not_taken_again(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a.example"]))).await;
    let taken = take(tasks, "one").await;
    assert_eq!((taken.lease.n, taken.lease.epoch), (1, 1));
    assert_eq!(
        (taken.lease.owner.as_str(), taken.item.attempts),
        ("one", 1)
    );
    assert_eq!(taken.lease.task, taken.task.id);
    for owner in ["one", "two"] {
        assert_eq!(claim(tasks, owner, HOUR).await, None);
    }
    finish(tasks, &taken.lease).await;
    assert_eq!(claim(tasks, "one", HOUR).await, None);
}

pub(in super::super) async fn items_of_tasks_that_wait_or_ended_are_left(tasks: &dyn TaskStore) {
    for state in TaskState::ALL {
        let name = state.name();
        make(tasks, &new_task(name, crawls(&[name]))).await;
        append(tasks, &entry(name, says(state), 1)).await;
    }
    for expected in [("submitted", 1), ("working", 1)] {
        assert_eq!(place(&take(tasks, "one").await.item), expected);
    }
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    for state in [TaskState::AuthRequired, TaskState::InputRequired] {
        let answered = entry(state.name(), says(TaskState::Working), 2);
        append(tasks, &answered).await;
        let taken = take(tasks, "one").await;
        assert_eq!(place(&taken.item), (state.name(), 1));
        assert_eq!(taken.task.state, TaskState::Working);
    }
    assert_eq!(claim(tasks, "one", HOUR).await, None);
}

pub(in super::super) async fn an_item_whose_key_is_taken_waits(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a", "a", "b"]))).await;
    let other_kind = vec![item("other", "a"), item(CRAWL, "a"), item(CRAWL, "c")];
    make(tasks, &new_task("u", other_kind)).await;
    let first = take(tasks, "one").await;
    assert_eq!(place(&first.item), ("t", 1));
    assert_eq!(place(&take(tasks, "one").await.item), ("u", 3));
    assert_eq!(place(&take(tasks, "two").await.item), ("t", 3));
    // Whatever is to be done to it.
    let next = async |kind: &str| tasks.claim(&[kind], "two", HOUR).await.unwrap();
    assert_eq!((next(CRAWL).await, next("other").await), (None, None));
    finish(tasks, &first.lease).await;
    let other = next("other").await.unwrap();
    assert_eq!(place(&other.item), ("u", 1));
    assert_eq!(next(CRAWL).await, None);
    finish(tasks, &other.lease).await;
    let second = take(tasks, "one").await;
    assert_eq!(next(CRAWL).await, None);
    finish(tasks, &second.lease).await;
    let third = take(tasks, "two").await;
    assert_eq!(
        [place(&second.item), place(&third.item)],
        [("t", 2), ("u", 2)]
    );
}

pub(in super::super) async fn a_key_is_free_when_its_holder_lost_released_or_finished_it(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&["a", "a"]))).await;
    let lost = claim(tasks, "one", 0).await.unwrap();
    let released = take(tasks, "two").await;
    assert_eq!(
        (place(&lost.item), place(&released.item)),
        (("t", 1), ("t", 1))
    );
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    tasks.release_item(&released.lease).await.unwrap();
    let finished = take(tasks, "one").await;
    assert_eq!(place(&finished.item), ("t", 1));
    finish(tasks, &finished.lease).await;
    assert_eq!(place(&take(tasks, "one").await.item), ("t", 2));
}

pub(in super::super) async fn a_canceled_item_keeps_its_key_until_it_is_given_back(
    tasks: &dyn TaskStore,
) {
    for name in ["t", "u"] {
        make(tasks, &new_task(name, crawls(&["a"]))).await;
    }
    let canceled = take(tasks, "one").await;
    end(tasks, "t", TaskState::Canceled, 5).await;
    // Its holder may be sending requests still.
    assert_eq!(claim(tasks, "two", HOUR).await, None);
    tasks.release_item(&canceled.lease).await.unwrap();
    assert_eq!(place(&take(tasks, "two").await.item), ("u", 1));
}

pub(in super::super) async fn the_last_item_waits_for_all_others(tasks: &dyn TaskStore) {
    let items = vec![
        last_item(CRAWL, "close"),
        item(CRAWL, "a"),
        item("other", "b"),
    ];
    make(tasks, &new_task("t", items)).await;
    make(tasks, &new_task("u", vec![last_item(CRAWL, "alone")])).await;
    let one = take(tasks, "one").await;
    assert_eq!(place(&one.item), ("t", 2));
    assert_eq!(place(&take(tasks, "one").await.item), ("u", 1));
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    finish(tasks, &one.lease).await;
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    let other = tasks.claim(&["other"], "one", HOUR).await.unwrap().unwrap();
    assert_eq!(claim(tasks, "one", HOUR).await, None);
    finish(tasks, &other.lease).await;
    let last = take(tasks, "one").await;
    assert_eq!(place(&last.item), ("t", 1));
    assert!(last.item.is_last);
}

pub(in super::super) async fn several_last_items_go_one_behind_the_other(tasks: &dyn TaskStore) {
    let items = vec![
        last_item(CRAWL, "x"),
        item(CRAWL, "a"),
        last_item(CRAWL, "y"),
    ];
    make(tasks, &new_task("t", items)).await;
    for n in [2, 1, 3] {
        let taken = take(tasks, "one").await;
        assert_eq!(taken.item.n, n);
        assert_eq!(claim(tasks, "two", HOUR).await, None);
        finish(tasks, &taken.lease).await;
    }
    assert_eq!(claim(tasks, "two", HOUR).await, None);
}

pub(in super::super) async fn an_item_that_comes_later_holds_the_last_one_back(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", vec![last_item(CRAWL, "close")])).await;
    let more = TaskEntry {
        items: crawls(&["a"]),
        ..entry("t", says(TaskState::Working), 1)
    };
    append(tasks, &more).await;
    let taken = take(tasks, "one").await;
    assert_eq!(taken.item.n, 2);
    assert_eq!(claim(tasks, "two", HOUR).await, None);
    finish(tasks, &taken.lease).await;
    assert_eq!(take(tasks, "two").await.item.n, 1);
}

pub(in super::super) async fn work_is_counted_by_kind(tasks: &dyn TaskStore) {
    let mut items = crawls(&["a", "b", "c", "d", "a"]);
    items.extend([last_item("close", "t"), item("other", "o")]);
    make(tasks, &new_task("t", items)).await;
    make(tasks, &new_task("u", crawls(&["x", "y"]))).await;
    append(tasks, &entry("u", says(TaskState::InputRequired), 1)).await;
    let stats = async || {
        let stats = tasks.work_stats().await.unwrap();
        let shown = |it: WorkStats| (it.kind, it.n_waiting, it.n_held);
        stats.into_iter().map(shown).collect::<Vec<_>>()
    };
    let counted = |kind: &str, n_waiting, n_held| (kind.to_owned(), n_waiting, n_held);
    assert_eq!(
        stats().await,
        [counted(CRAWL, 5, 0), counted("other", 1, 0)]
    );
    let held = take(tasks, "one").await;
    claim(tasks, "one", 0).await.unwrap();
    // The other item of the held key cannot be taken.
    assert_eq!(
        stats().await,
        [counted(CRAWL, 3, 1), counted("other", 1, 0)]
    );
    finish(tasks, &held.lease).await;
    assert_eq!(
        stats().await,
        [counted(CRAWL, 4, 0), counted("other", 1, 0)]
    );
    let held = take(tasks, "one").await;
    end(tasks, "t", TaskState::Canceled, 5).await;
    assert_eq!(stats().await, [counted(CRAWL, 0, 1)]);
    tasks.release_item(&held.lease).await.unwrap();
    assert_eq!(stats().await, []);
}

pub(in super::super) async fn what_a_holder_left_behind_is_told_by_its_age(tasks: &dyn TaskStore) {
    for (name, keys, ms) in [("t", ["a", "b"], 7), ("u", ["c", "d"], 9)] {
        let mut new = new_task(name, crawls(&keys));
        new.at = at(ms);
        make(tasks, &new).await;
    }
    let crawls_now = async || tasks.work_stats().await.unwrap().remove(0);
    let now = crawls_now().await;
    assert_eq!((now.oldest_at, now.lapsed_ms), (Some(at(7)), None));
    // Its right is over at once, and nobody gave it back.
    let left = claim(tasks, "one", 0).await.unwrap();
    let now = crawls_now().await;
    assert_eq!((now.n_waiting, now.n_held), (4, 0));
    assert!(now.lapsed_ms.is_some_and(|it| it < HOUR), "{now:?}");
    tasks.release_item(&left.lease).await.unwrap();
    assert_eq!(crawls_now().await.lapsed_ms, None);
    claim(tasks, "one", 0).await.unwrap();
    end(tasks, "t", TaskState::Canceled, 10).await;
    let now = crawls_now().await;
    assert_eq!((now.oldest_at, now.lapsed_ms), (Some(at(9)), None));
}

pub(in super::super) async fn tasks_are_counted_by_state(tasks: &dyn TaskStore) {
    assert_eq!(tasks.task_stats().await.unwrap(), []);
    for (name, ms) in [("t", 5), ("u", 3), ("v", 4)] {
        let mut new = new_task(name, crawls(&["a"]));
        new.at = at(ms);
        make(tasks, &new).await;
    }
    end(tasks, "t", TaskState::Failed, 6).await;
    let mut stats = tasks.task_stats().await.unwrap();
    stats.sort_by_key(|it| it.n_tasks);
    let of = |state, n_tasks, ms| TaskStats {
        state,
        n_tasks,
        since: at(ms),
    };
    let expected = [of(TaskState::Failed, 1, 6), of(TaskState::Submitted, 2, 3)];
    assert_eq!(stats, expected);
}

pub(in super::super) async fn ten_thousand_items_are_taken_one_by_one(tasks: &dyn TaskStore) {
    let n_tasks = 10_000 / MAX_TASK_ITEMS;
    for n in 0..n_tasks {
        let keys: Vec<String> = (0..MAX_TASK_ITEMS).map(|k| format!("{n}/{k}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        make(tasks, &new_task(&format!("t{n}"), crawls(&keys))).await;
    }
    let stats = tasks.work_stats().await.unwrap();
    assert_eq!((stats[0].n_waiting, stats[0].n_held), (10_000, 0));
    for n in 1..=50 {
        let taken = take(tasks, "one").await;
        let number: u32 = place(&taken.item).0[1..].parse().unwrap();
        // Each task in its turn while some of their items are held.
        assert!(number <= n, "{n}");
        if n % 2 == 0 {
            finish(tasks, &taken.lease).await;
        }
    }
    let stats = tasks.work_stats().await.unwrap();
    assert_eq!((stats[0].n_waiting, stats[0].n_held), (9_950, 25));
}
