//! Shops and tasks in one store.

use catalog::{Start, Store, TaskState, TaskStore};

use crate::made::{at, begin, crawl, key, products, state};
use crate::made_tasks::{claim, crawls, end, make, new_task, shown, take};

pub(in super::super) async fn shops_and_tasks_do_not_touch_each_other(
    store: &dyn Store,
    tasks: &dyn TaskStore,
) {
    crawl(store, "a.example", products("a.example", 0..3), 1).await;
    let shops = state(store).await;
    make(tasks, &new_task("t", crawls(&["a.example"]))).await;
    let holder = take(tasks, "one").await.lease;
    tasks.put_chunk(&holder, "a", 0, vec![1]).await.unwrap();
    assert_eq!(state(store).await, shops);
    let task = shown(tasks, "t").await;
    // The lease of a shop is another than that of an item with its key.
    begin(store, "a.example", Start::Fresh, 2).await;
    store.forget_shop(&key("a.example")).await.unwrap();
    assert_eq!(shown(tasks, "t").await, task);
    assert_eq!(claim(tasks, "two", 0).await, None);
    crawl(store, "b.example", products("b.example", 0..3), 1).await;
    let shops = state(store).await;
    end(tasks, "t", TaskState::Completed, 5).await;
    assert_eq!(tasks.forget_tasks(at(6), 9).await.unwrap(), 1);
    assert_eq!(state(store).await, shops);
}
