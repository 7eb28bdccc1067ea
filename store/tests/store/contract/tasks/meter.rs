//! What the work of a task used.

use catalog::{Meter, MeterLimits, MeterStep, Metered, TaskState, TaskStore};
use futures_util::future::join_all;

use crate::made::at;
use crate::made_tasks::{end, is_unknown, make, new_task, shown, task_id};

const NO_LIMITS: MeterLimits = MeterLimits {
    requests: None,
    tokens: None,
    cost_nanos: None,
};

const fn step(requests: i64, tokens: i64, cost_nanos: i64, n_done: i64) -> MeterStep {
    MeterStep {
        requests,
        tokens,
        cost_nanos,
        n_done,
    }
}

const fn totals(requests: u64, tokens: u64, cost_nanos: u64, n_done: u64) -> Meter {
    Meter {
        requests,
        tokens,
        cost_nanos,
        n_done,
    }
}

async fn meter(tasks: &dyn TaskStore, step: &MeterStep, limits: &MeterLimits) -> Metered {
    tasks.meter(&task_id("t"), step, limits).await.unwrap()
}

/// Counts a step that no limit is near to.
async fn count(tasks: &dyn TaskStore, step: MeterStep) -> Meter {
    match meter(tasks, &step, &NO_LIMITS).await {
        Metered::Counted(totals) => totals,
        Metered::Over(totals) => panic!("over at {totals:?}"),
    }
}

/// Returns the totals as a step of zeros tells them.
async fn used(tasks: &dyn TaskStore) -> Meter {
    count(tasks, MeterStep::default()).await
}

pub(in super::super) async fn steps_add_up_task_by_task(tasks: &dyn TaskStore) {
    for name in ["t", "u"] {
        make(tasks, &new_task(name, vec![])).await;
    }
    let before = [shown(tasks, "t").await, shown(tasks, "u").await];
    assert_eq!(used(tasks).await, Meter::default());
    let more = step(1, 1_500, 225_000_000_000, 0);
    assert_eq!(
        count(tasks, more).await,
        totals(1, 1_500, 225_000_000_000, 0)
    );
    let less = step(0, -300, -25_000_000_000, 1);
    let now = totals(1, 1_200, 200_000_000_000, 1);
    assert_eq!(count(tasks, less).await, now);
    assert_eq!(used(tasks).await, now);
    let other = tasks.meter(&task_id("u"), &more, &NO_LIMITS).await;
    let of_other = totals(1, 1_500, 225_000_000_000, 0);
    assert_eq!(other.unwrap(), Metered::Counted(of_other));
    assert_eq!(used(tasks).await, now);
    // Nothing else of a task shows it.
    assert_eq!([shown(tasks, "t").await, shown(tasks, "u").await], before);
}

pub(in super::super) async fn a_total_can_reach_its_limit_and_not_pass_it(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    let limits = MeterLimits {
        requests: Some(3),
        tokens: Some(1_000),
        cost_nanos: Some(50),
    };
    let first = meter(tasks, &step(1, 600, 20, 9), &limits).await;
    assert_eq!(first, Metered::Counted(totals(1, 600, 20, 9)));
    // One total too many is enough, and nothing of the step is counted.
    for over in [
        step(3, 1, 1, 1),
        step(1, 401, 1, 1),
        step(1, 1, 31, 1),
        step(i64::MAX, 0, 0, 0),
    ] {
        let refused = meter(tasks, &over, &limits).await;
        assert_eq!(refused, Metered::Over(totals(1, 600, 20, 9)), "{over:?}");
    }
    let full = meter(tasks, &step(2, 400, 30, 9), &limits).await;
    assert_eq!(full, Metered::Counted(totals(3, 1_000, 50, 18)));
    let refused = meter(tasks, &step(1, 0, 0, 0), &limits).await;
    assert_eq!(refused, Metered::Over(totals(3, 1_000, 50, 18)));
    let nothing = MeterLimits {
        tokens: Some(0),
        ..NO_LIMITS
    };
    let refused = meter(tasks, &step(0, 1, 0, 0), &nothing).await;
    assert_eq!(refused, Metered::Over(totals(3, 1_000, 50, 18)));
}

pub(in super::super) async fn only_totals_that_are_raised_are_limited(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    count(tasks, step(5, 500, 50, 5)).await;
    // Less is allowed now than was used already.
    let limits = MeterLimits {
        requests: Some(4),
        tokens: Some(400),
        cost_nanos: Some(90),
    };
    let told = meter(tasks, &MeterStep::default(), &limits).await;
    assert_eq!(told, Metered::Counted(totals(5, 500, 50, 5)));
    let counted = meter(tasks, &step(0, -1, 40, 1), &limits).await;
    assert_eq!(counted, Metered::Counted(totals(5, 499, 90, 6)));
    let refused = meter(tasks, &step(1, -499, 0, 0), &limits).await;
    assert_eq!(refused, Metered::Over(totals(5, 499, 90, 6)));
}

pub(in super::super) async fn no_total_falls_below_zero_or_grows_without_end(
    tasks: &dyn TaskStore,
) {
    make(tasks, &new_task("t", vec![])).await;
    assert_eq!(count(tasks, step(-1, 0, 0, 0)).await, Meter::default());
    count(tasks, step(2, 10, 3, 4)).await;
    let less = count(tasks, step(-2, -11, 1, i64::MIN)).await;
    assert_eq!(less, totals(0, 0, 4, 0));
    let most = i64::MAX.unsigned_abs();
    for _ in 0..2 {
        let more = step(i64::MAX, i64::MAX, i64::MAX, i64::MAX);
        let grown = count(tasks, more).await;
        assert_eq!(grown, totals(most, most, most, most));
    }
    let limits = MeterLimits {
        tokens: Some(u64::MAX),
        ..NO_LIMITS
    };
    let more = meter(tasks, &step(0, 1, 0, -1), &limits).await;
    assert_eq!(more, Metered::Counted(totals(most, most, most, most - 1)));
}

pub(in super::super) async fn a_task_that_ended_is_counted_too(tasks: &dyn TaskStore) {
    for state in [TaskState::Completed, TaskState::Canceled] {
        let name = state.name();
        make(tasks, &new_task(name, vec![])).await;
        end(tasks, name, state, 5).await;
        for n in 1..=2 {
            let (id, more) = (task_id(name), step(1, 5, 0, 0));
            let counted = tasks.meter(&id, &more, &NO_LIMITS).await.unwrap();
            assert_eq!(counted, Metered::Counted(totals(n, 5 * n, 0, 0)));
        }
    }
}

pub(in super::super) async fn an_unknown_task_uses_nothing(tasks: &dyn TaskStore) {
    let over = MeterLimits {
        requests: Some(0),
        ..NO_LIMITS
    };
    for step in [MeterStep::default(), step(1, 1, 1, 1), step(-1, 0, 0, 0)] {
        for limits in [NO_LIMITS, over] {
            let counted = tasks.meter(&task_id("t"), &step, &limits).await;
            assert!(is_unknown(&counted, "t"), "{counted:?}");
        }
    }
    // Nor was anything counted for one that comes later.
    make(tasks, &new_task("t", vec![])).await;
    assert_eq!(used(tasks).await, Meter::default());
}

pub(in super::super) async fn a_forgotten_task_takes_what_it_used_along(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    count(tasks, step(3, 3, 3, 3)).await;
    end(tasks, "t", TaskState::Completed, 5).await;
    assert_eq!(tasks.forget_tasks(at(6), 9).await.unwrap(), 1);
    let counted = tasks
        .meter(&task_id("t"), &step(1, 1, 1, 1), &NO_LIMITS)
        .await;
    assert!(is_unknown(&counted, "t"));
    make(tasks, &new_task("t", vec![])).await;
    assert_eq!(used(tasks).await, Meter::default());
}

pub(in super::super) async fn many_at_once_stay_within_a_limit_exactly(tasks: &dyn TaskStore) {
    make(tasks, &new_task("t", vec![])).await;
    let limits = MeterLimits {
        requests: Some(10),
        ..NO_LIMITS
    };
    let reserve = async |_: u32| meter(tasks, &step(1, 100, 7, 0), &limits).await;
    let answers = join_all((0..32).map(reserve)).await;
    let mut counted: Vec<u64> = vec![];
    for answer in answers {
        match answer {
            Metered::Counted(totals) => counted.push(totals.requests),
            Metered::Over(totals) => assert_eq!(totals.requests, 10),
        }
    }
    counted.sort_unstable();
    assert_eq!(counted, (1..=10).collect::<Vec<_>>());
    assert_eq!(used(tasks).await, totals(10, 1_000, 70, 0));
    // What is given back and taken at once adds up as well, also where a total is at its end.
    let settle = async |n: i64| {
        let step = step(-1, if n % 2 == 0 { -100 } else { 50 }, 0, 1);
        meter(tasks, &step, &limits).await
    };
    join_all((0..8).map(settle)).await;
    assert_eq!(used(tasks).await, totals(2, 800, 70, 8));
}
