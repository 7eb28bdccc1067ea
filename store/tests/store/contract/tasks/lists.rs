//! Lists of tasks.

use catalog::{NewTask, Task, TaskCursor, TaskFilter, TaskState, TaskStore};

use crate::made::at;
use crate::made_tasks::{
    append, artifact, crawls, end, entry, make, new_task, progress, stored, task_id,
};

/// Nine tasks of several agents, callers, contexts and states, two of them at each moment but one.
async fn fill(tasks: &dyn TaskStore) {
    for n in 0..9 {
        let named = |of: &str, n: i64| format!("{of}{n}");
        let new = NewTask {
            agent: named("agent", n % 2),
            caller: named("caller", n % 3),
            context: named("context", n / 3),
            at: at(n / 2),
            ..new_task(&named("t", n), crawls(&["a.example"]))
        };
        make(tasks, &new).await;
    }
    end(tasks, "t1", TaskState::Failed, 20).await;
    append(tasks, &entry("t2", progress(1), 20)).await;
    let result = catalog::TaskChange::Artifact {
        artifact: artifact("a", &["1"]),
        appends: false,
        is_last: true,
    };
    append(tasks, &entry("t3", result, 30)).await;
}

async fn list(
    tasks: &dyn TaskStore,
    filter: &TaskFilter,
    after: Option<&TaskCursor>,
    limit: usize,
) -> Vec<Task> {
    tasks
        .tasks(filter, after, limit, false)
        .await
        .unwrap()
        .tasks
}

fn names(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.id.as_str()).collect()
}

fn cursor(task: &Task) -> TaskCursor {
    TaskCursor {
        state_at: task.state_at,
        id: task.id.clone(),
    }
}

pub(in super::super) async fn tasks_come_newest_state_first_then_by_falling_id(
    tasks: &dyn TaskStore,
) {
    fill(tasks).await;
    let everything = TaskFilter::default();
    let page = tasks.tasks(&everything, None, 99, false).await.unwrap();
    let expected = ["t2", "t1", "t8", "t7", "t6", "t5", "t4", "t3", "t0"];
    assert_eq!(names(&page.tasks), expected);
    assert_eq!(page.n_total, 9);
}

pub(in super::super) async fn a_list_goes_on_behind_its_cursor(tasks: &dyn TaskStore) {
    fill(tasks).await;
    let of_agent = TaskFilter {
        agent: Some("agent0".into()),
        ..TaskFilter::default()
    };
    for filter in [TaskFilter::default(), of_agent] {
        let all = list(tasks, &filter, None, 99).await;
        for limit in 1..=10 {
            let mut paged: Vec<Task> = vec![];
            loop {
                let after = paged.last().map(cursor);
                let page = tasks.tasks(&filter, after.as_ref(), limit, false).await;
                let page = page.unwrap();
                assert_eq!(page.n_total, all.len() as u64);
                let is_last = page.tasks.len() < limit;
                paged.extend(page.tasks);
                if is_last {
                    break;
                }
            }
            assert_eq!(paged, all, "{limit}");
        }
    }
    // A place that is not there is one too.
    let between = |ms, name| TaskCursor {
        state_at: at(ms),
        id: task_id(name),
    };
    let everything = TaskFilter::default();
    for (after, first) in [
        (between(25, "a"), "t2"),
        (between(20, "t11"), "t1"),
        (between(20, "a"), "t8"),
        (between(3, "t65"), "t6"),
    ] {
        let page = list(tasks, &everything, Some(&after), 1).await;
        assert_eq!(names(&page), [first]);
    }
    assert_eq!(
        list(tasks, &everything, Some(&between(-1, "t")), 9).await,
        []
    );
    assert_eq!(list(tasks, &everything, None, 0).await, []);
}

pub(in super::super) async fn every_filter_keeps_what_it_matches(tasks: &dyn TaskStore) {
    fill(tasks).await;
    let none = TaskFilter::default;
    let by_agent = TaskFilter {
        agent: Some("agent1".into()),
        ..none()
    };
    let by_caller = TaskFilter {
        caller: Some("caller1".into()),
        ..none()
    };
    let by_context = TaskFilter {
        context: Some("context1".into()),
        ..none()
    };
    let by_state = TaskFilter {
        state: Some(TaskState::Working),
        ..none()
    };
    let by_time = TaskFilter {
        since: Some(at(4)),
        ..none()
    };
    let by_all = TaskFilter {
        agent: Some("agent1".into()),
        caller: Some("caller1".into()),
        context: Some("context0".into()),
        state: Some(TaskState::Failed),
        since: Some(at(20)),
    };
    let of_nobody = TaskFilter {
        caller: Some("caller".into()),
        ..none()
    };
    for (filter, expected) in [
        (by_agent, &["t1", "t7", "t5", "t3"][..]),
        (by_caller, &["t1", "t7", "t4"]),
        (by_context, &["t5", "t4", "t3"]),
        (by_state, &["t2"]),
        (by_time, &["t2", "t1", "t8"]),
        (by_all, &["t1"]),
        (of_nobody, &[]),
    ] {
        let page = tasks.tasks(&filter, None, 99, false).await.unwrap();
        assert_eq!(names(&page.tasks), expected, "{filter:?}");
        assert_eq!(page.n_total, expected.len() as u64);
        let first = tasks.tasks(&filter, None, 1, false).await.unwrap();
        assert_eq!(first.n_total, page.n_total);
        assert_eq!(first.tasks[..], page.tasks[..page.tasks.len().min(1)]);
    }
}

pub(in super::super) async fn a_list_is_whole_when_that_is_asked_for(tasks: &dyn TaskStore) {
    fill(tasks).await;
    let everything = TaskFilter::default();
    let whole = tasks.tasks(&everything, None, 99, true).await.unwrap();
    let short = tasks.tasks(&everything, None, 99, false).await.unwrap();
    assert_eq!((whole.n_total, short.n_total), (9, 9));
    for (task, listed) in whole.tasks.iter().zip(&short.tasks) {
        assert_eq!(*task, stored(tasks, task.id.as_str()).await);
        let stripped = Task {
            messages: vec![],
            artifacts: vec![],
            ..task.clone()
        };
        assert_eq!(*listed, stripped);
    }
    assert_eq!(whole.tasks[7].artifacts, [artifact("a", &["1"])]);
}

pub(in super::super) async fn an_empty_store_has_no_tasks(tasks: &dyn TaskStore) {
    for whole in [false, true] {
        let page = tasks.tasks(&TaskFilter::default(), None, 9, whole).await;
        let page = page.unwrap();
        assert_eq!((page.tasks, page.n_total), (vec![], 0));
    }
}
