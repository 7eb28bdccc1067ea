//! Killed at any moment, nothing is lost and next to nothing is paid twice.

use std::task::Poll;
use std::time::Duration;

use catalog::{ItemEnd, Language, SummarySource};
use summarizer::{Ask, End, Order, run_item};
use testkit::{LlmFault, LlmOn, LlmPlan, Manner};
use tokio_util::sync::CancellationToken;

use super::world::{World, claim, ends_of, id, order, turn, work};

/// Asserts that each of so many products has a summary by the model, which all of its answers are.
async fn all_written(world: &World, n_products: usize) {
    for n in 0..n_products {
        let summary = world.summary(n).await;
        assert!(
            matches!(summary.source, SummarySource::Llm(_)),
            "{n}: {summary:?}"
        );
    }
    assert_eq!(world.n_summaries().await, n_products);
}

#[tokio::test]
async fn two_holders_of_overlapping_tasks_pay_for_no_subject_twice() {
    let plan = LlmPlan::none().latency(Duration::from_millis(2));
    let world = World::with_products(80, plan).await;
    let (one, two) = (world.task(&order(60)).await, world.task(&order(80)).await);
    let other = world.context_with(|_| {});
    let cancel = CancellationToken::new();
    tokio::join!(work(&world.context, 16, &cancel), work(&other, 16, &cancel));
    // Items of one key that were not to be had while another one had it may be left: the worker would ask again.
    work(&world.context, 4, &cancel).await;
    assert!(world.llm.requests_by_subject().values().all(|n| *n == 1));
    assert_eq!(world.llm.n_requests(), 80);
    all_written(&world, 80).await;
    let n_written =
        |ends: Vec<summarizer::SubjectEnd>| ends.iter().filter(|it| it.end == End::Written).count();
    assert_eq!(
        n_written(world.ends(&one).await) + n_written(world.ends(&two).await),
        80
    );
}

#[tokio::test]
async fn a_run_that_is_dropped_at_any_point_is_taken_again_without_loss() {
    const SLOTS: usize = 8;
    for n_kills in [1_usize, 4, 9] {
        let plan = LlmPlan::none().latency(Duration::from_millis(1));
        let world = World::with_products(120, plan).await;
        let task = world.task(&order(120)).await;
        for kill in 1..=n_kills {
            let dead = world.context_with(|_| {});
            let run = work_with_short_leases(&dead, SLOTS);
            tokio::select! {
                () = run => {}
                () = world.llm.wait_for_requests(kill * 110 / n_kills) => {}
            }
        }
        tokio::time::timeout(Duration::from_secs(60), until_done(&world, &task))
            .await
            .unwrap();
        let ends = world.ends(&task).await;
        assert_eq!(ends.len(), 120);
        all_written(&world, 120).await;
        let n_requests = world.llm.n_requests();
        assert!(n_requests <= 120 + SLOTS * n_kills, "{n_requests}");
        let totals = world.meter(&task).await;
        assert!(
            totals.requests >= n_requests as u64 && totals.n_done <= 120,
            "{totals:?}"
        );
    }
}

/// Works with leases that end soon behind the death of their holder.
async fn work_with_short_leases(context: &summarizer::Context, slots: usize) {
    let slots = (0..slots).map(|n| async move {
        let owner = format!("short-{n}-{:x}", fastrand::u64(..));
        while let Some(claimed) = claim(context, &owner, 2_000).await {
            let end = run_item(&claimed, context, &CancellationToken::new()).await;
            if let Ok(ItemEnd::Done(result)) = end {
                // Another one may have it already.
                drop(context.tasks.finish_item(&claimed.lease, &result).await);
            }
        }
    });
    futures_util::future::join_all(slots).await;
}

/// Takes what dead holders left, as their leases end.
async fn until_done(world: &World, task: &catalog::TaskId) {
    loop {
        work(&world.context, 8, &CancellationToken::new()).await;
        let items = world.context.tasks.items(task).await.unwrap();
        if items.iter().all(|it| it.result.is_some()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn dropped_at_any_await_a_subject_is_done_whole_by_the_next_holder() {
    // An item of one subject takes five polls at least, and seldom more than thirty.
    const MOST_POLLS: usize = 40;
    let world = World::with_products(MOST_POLLS, LlmPlan::none()).await;
    let cancel = CancellationToken::new();
    for n in 0..MOST_POLLS {
        let one = Order {
            subjects: vec![Ask::Product(id(n))],
            ..order(0)
        };
        let task = world.task(&one).await;
        let claimed = claim(&world.context, "first", 600_000).await.unwrap();
        let context = world.context_with(|_| {});
        drop_after(n + 1, run_item(&claimed, &context, &cancel)).await;
        let tasks = &world.context.tasks;
        tasks.release_item(&claimed.lease).await.unwrap();
        work(&world.context, 1, &cancel).await;
        let ends = world.ends(&task).await;
        assert_eq!(ends_of(&ends), [&End::Written], "after {n} polls");
        assert!(world.meter(&task).await.n_done <= 1, "after {n} polls");
    }
    all_written(&world, MOST_POLLS).await;
    let requests = world.llm.requests_by_subject();
    assert!(requests.values().all(|n| *n <= 2));
}

/// Polls a future so often at most, then drops it.
async fn drop_after<T>(n_polls: usize, future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    let mut n_left = n_polls;
    std::future::poll_fn(|context| {
        n_left -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if n_left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_item_stores_the_answer_under_way_and_goes_on_later() {
    let plan = LlmPlan::none().latency(Duration::from_millis(300));
    let world = World::with_products(1, plan).await;
    let both = Order {
        languages: Language::ALL.to_vec(),
        ..order(1)
    };
    world.task(&both).await;
    let cancel = CancellationToken::new();
    let (end, ()) = tokio::join!(turn(&world.context, "me", &cancel), async {
        world.llm.wait_for_requests(1).await;
        cancel.cancel();
    });
    assert_eq!(end, Some(ItemEnd::Unfinished));
    all_written(&world, 1).await;
    let end = turn(&world.context, "me", &CancellationToken::new()).await;
    assert!(matches!(end, Some(ItemEnd::Done(_))));
    assert_eq!(world.llm.n_requests(), 2);
}

#[tokio::test]
async fn a_cancelled_item_begins_no_further_try_and_no_repair() {
    let slow = || LlmPlan::none().latency(Duration::from_millis(300));
    for plan in [
        slow().fault(LlmOn::any(), LlmFault::Status(500)),
        slow().manner(Manner::Lying(9)),
    ] {
        let world = World::with_products(1, plan).await;
        world.task(&order(1)).await;
        let cancel = CancellationToken::new();
        let (end, ()) = tokio::join!(turn(&world.context, "me", &cancel), async {
            world.llm.wait_for_requests(1).await;
            cancel.cancel();
        });
        assert_eq!(end, Some(ItemEnd::Unfinished));
        assert_eq!((world.llm.n_requests(), world.n_summaries().await), (1, 0));
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_paid_for_in_vain_is_not_paid_again() {
    let subject = format!("product:{}", id(0));
    let plan = LlmPlan::none().fault(LlmOn::subject(subject), LlmFault::NoChoices);
    let world = World::with_products(1, plan).await;
    let task = world.task(&order(1)).await;
    let claimed = claim(&world.context, "me", 600_000).await.unwrap();
    let cancel = CancellationToken::new();
    let end = run_item(&claimed, &world.context, &cancel).await.unwrap();
    assert!(matches!(end, ItemEnd::Done(_)));
    // Killed before that was written down.
    world
        .context
        .tasks
        .release_item(&claimed.lease)
        .await
        .unwrap();
    work(&world.context, 1, &cancel).await;
    let ends = world.ends(&task).await;
    assert!(matches!(&ends[0].end, End::Extractive(Some(why)) if why.code == "no_choices"));
    assert_eq!(world.llm.n_requests(), 1);
    assert_eq!(world.meter(&task).await.n_done, 1);
}

#[tokio::test]
async fn a_payload_of_another_version_ends_its_item() {
    let world = World::with_products(1, LlmPlan::none()).await;
    world.task(&order(1)).await;
    let mut claimed = claim(&world.context, "me", 600_000).await.unwrap();
    claimed.item.payload = serde_json::json!({"subjects": "all"});
    let end = run_item(&claimed, &world.context, &CancellationToken::new()).await;
    let ItemEnd::Done(result) = end.unwrap() else {
        panic!("not done");
    };
    assert_eq!(result["failed"], "its payload cannot be read");
}
