//! Artifacts in chunks.

use catalog::{MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_TASK_NAME, StoreError, TaskState, TaskStore};

use crate::made_tasks::{
    claim, crawls, end, is_ended, is_fenced, is_unknown, make, new_task, take, task_id,
};

pub(in super::super) async fn a_chunk_reads_back_and_is_replaced(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a", "b"]))).await;
    let one = take(tasks, "one").await.lease;
    let two = take(tasks, "two").await.lease;
    let every_byte: Vec<u8> = (0..=255).collect();
    for (holder, artifact, n, bytes) in [
        (&one, "products.csv", 0, every_byte.clone()),
        (&one, "products.csv", 1, vec![0; MAX_CHUNK_BYTES]),
        (&two, "products.csv", MAX_CHUNKS - 1, vec![]),
        (&two, "$a.b", 0, vec![1]),
    ] {
        let stored = tasks.put_chunk(holder, artifact, n, bytes.clone()).await;
        stored.unwrap();
        let kept = tasks.chunk(&task_id("t"), artifact, n).await.unwrap();
        assert!(kept == Some(bytes), "{artifact} {n}");
    }
    tasks
        .put_chunk(&two, "products.csv", 1, vec![7])
        .await
        .unwrap();
    for (name, artifact, n, expected) in [
        ("t", "products.csv", 0, Some(every_byte)),
        ("t", "products.csv", 1, Some(vec![7])),
        ("t", "products.csv", 2, None),
        ("t", "products", 0, None),
        ("u", "products.csv", 0, None),
    ] {
        let kept = tasks.chunk(&task_id(name), artifact, n).await.unwrap();
        assert_eq!(kept, expected, "{name} {artifact} {n}");
    }
}

pub(in super::super) async fn only_the_holder_stores_chunks(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let lost = claim(tasks, "one", 0).await.unwrap().lease;
    let kept = take(tasks, "two").await.lease;
    let put = async |holder, n| tasks.put_chunk(holder, "a", n, vec![1]).await;
    assert!(is_fenced(&put(&lost, 0).await, &lost));
    let unknown = catalog::ItemLease {
        task: task_id("u"),
        ..kept.clone()
    };
    assert!(is_unknown(&put(&unknown, 0).await, "u"));
    put(&kept, 1).await.unwrap();
    end(tasks, "t", TaskState::Canceled, 5).await;
    assert!(is_ended(&put(&kept, 1).await, TaskState::Canceled));
    assert_eq!(tasks.chunk(&task_id("t"), "a", 0).await.unwrap(), None);
    // What was stored stays, also behind the end of the task.
    let chunk = tasks.chunk(&task_id("t"), "a", 1).await.unwrap();
    assert_eq!(chunk, Some(vec![1]));
}

pub(in super::super) async fn chunks_are_bounded(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", crawls(&["a"]))).await;
    let holder = take(tasks, "one").await.lease;
    let long = "x".repeat(MAX_TASK_NAME + 1);
    for (artifact, n, bytes) in [
        ("a", 0, vec![0; MAX_CHUNK_BYTES + 1]),
        ("a", MAX_CHUNKS, vec![]),
        (&long, 0, vec![]),
    ] {
        let refused = tasks.put_chunk(&holder, artifact, n, bytes).await;
        assert!(matches!(refused, Err(StoreError::Failed { .. })));
        let kept = tasks.chunk(&task_id("t"), artifact, n).await.unwrap();
        assert_eq!(kept, None);
    }
}
