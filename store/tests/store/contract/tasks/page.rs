//! A page of a crawl and what its task is told of it.

use catalog::{ItemLease, PageWrite, Start, Store, StoreError, TaskEntry, TaskState, TaskStore};

use crate::made::{RESUME, apply, at, begin, lease, page, products, state};
use crate::made_tasks::{
    append, claim, crawls, end, entry, is_ended, is_fenced, is_unknown, make, new_task, progress,
    seqs, shown, stored, take,
};

const HOST: &str = "a.example";

/// Page `n`, which tells the task that it is there.
fn told(n: u32, holder: &ItemLease) -> PageWrite {
    PageWrite {
        task_entry: Some(TaskEntry::of_holder(
            holder,
            progress(n.into()),
            at(n.into()),
        )),
        ..page(n, products(HOST, u64::from(n) * 10..u64::from(n) * 10 + 3))
    }
}

pub(in super::super) async fn a_page_and_its_event_are_one_step(
    store: &dyn Store,
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&[HOST]))).await;
    let holder = take(tasks, "one").await.lease;
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    for n in 1..=3 {
        let counts = apply(store, &begun, told(n, &holder)).await;
        assert_eq!(counts.new, 3);
        let task = stored(tasks, "t").await;
        assert_eq!(
            (task.seq, task.state),
            (u64::from(n) + 1, TaskState::Working)
        );
        assert_eq!(task.note, Some(format!("page {n}")));
        assert_eq!(task.state_at, at(n.into()));
    }
    assert_eq!(seqs(tasks, "t").await, [1, 2, 3, 4]);
    let again = begin(store, HOST, RESUME, 5).await;
    assert_eq!((again.resumed, again.checkpoint.next_page), (true, 4));
}

pub(in super::super) async fn a_page_is_stored_where_its_event_is_left_out(
    store: &dyn Store,
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&[HOST]))).await;
    let holder = take(tasks, "one").await.lease;
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    append(tasks, &entry("t", progress(0), 0)).await;
    let mut page = told(1, &holder);
    page.task_entry.as_mut().unwrap().min_gap_ms = 500;
    assert_eq!(apply(store, &begun, page).await.new, 3);
    assert_eq!(seqs(tasks, "t").await, [1, 2]);
    assert_eq!(store.stats().await.unwrap().n_products, 3);
}

pub(in super::super) async fn a_page_whose_event_is_refused_is_not_stored(
    store: &dyn Store,
    tasks: &dyn TaskStore,
) {
    for name in ["t", "u"] {
        make(tasks, &new_task(name, crawls(&[HOST]))).await;
    }
    let lost = claim(tasks, "one", 0).await.unwrap().lease;
    let kept = take(tasks, "two").await.lease;
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    apply(store, &begun, told(1, &kept)).await;
    let before = state(store).await;
    let task_before = shown(tasks, "t").await;

    let refused = store.apply_page(&begun.ticket, told(2, &lost)).await;
    assert!(is_fenced(&refused, &lost));
    let of_nobody = PageWrite {
        task_entry: Some(entry("unknown", progress(2), 2)),
        validators: None,
        not_modified: false,
        present: vec![],
        ..told(2, &kept)
    };
    let refused = store.apply_page(&begun.ticket, of_nobody).await;
    assert!(is_unknown(&refused, "unknown"));
    let mut too_deep = told(2, &kept);
    let data = (0..200).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    too_deep.task_entry.as_mut().unwrap().message = Some(data);
    let refused = store.apply_page(&begun.ticket, too_deep).await;
    assert!(matches!(refused, Err(StoreError::Failed { .. })));
    assert_eq!(state(store).await, before);
    assert_eq!(shown(tasks, "t").await, task_before);

    end(tasks, "t", TaskState::Canceled, 5).await;
    let task_before = shown(tasks, "t").await;
    let refused = store.apply_page(&begun.ticket, told(2, &kept)).await;
    assert!(is_ended(&refused, TaskState::Canceled));
    assert_eq!(state(store).await, before);
    assert_eq!(shown(tasks, "t").await, task_before);
}

pub(in super::super) async fn a_page_that_is_refused_tells_its_task_nothing(
    store: &dyn Store,
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", crawls(&[HOST]))).await;
    let holder = take(tasks, "one").await.lease;
    let begun = begin(store, HOST, Start::Fresh, 0).await;
    let before = (state(store).await, shown(tasks, "t").await);
    let strange = PageWrite {
        products: products("b.example", 0..2),
        ..told(1, &holder)
    };
    let refused = store.apply_page(&begun.ticket, strange).await;
    assert!(matches!(refused, Err(StoreError::Failed { .. })));
    begin(store, HOST, Start::Fresh, 1).await;
    let before = (state(store).await, before.1);
    let refused = store.apply_page(&begun.ticket, told(1, &holder)).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })));
    lease(store, HOST).await;
    assert_eq!((state(store).await, shown(tasks, "t").await), before);
}
