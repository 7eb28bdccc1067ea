//! Budgets hold exactly, whoever works at the same time.

use std::time::Duration;

use catalog::MeterLimits;
use summarizer::{End, Order};
use testkit::{LlmFault, LlmOn, LlmPlan, Manner};
use tokio_util::sync::CancellationToken;

use super::world::{World, order, work};

fn within(limits: MeterLimits) -> Order {
    Order {
        limits,
        ..order(100)
    }
}

#[tokio::test]
async fn requests_stop_exactly_at_their_limit_under_32_slots_of_two_processes() {
    let plan = LlmPlan::none().latency(Duration::from_millis(2));
    let world = World::with_products(100, plan).await;
    let order = within(MeterLimits {
        requests: Some(37),
        ..MeterLimits::default()
    });
    let task = world.task(&order).await;
    let other = world.context_with(|_| {});
    let cancel = CancellationToken::new();
    tokio::join!(work(&world.context, 16, &cancel), work(&other, 16, &cancel));
    assert_eq!(world.llm.n_requests(), 37);
    assert_eq!(world.meter(&task).await.requests, 37);
    let ends = world.ends(&task).await;
    assert_eq!(ends.iter().filter(|it| it.end == End::Written).count(), 37);
    let is_left = |end: &End| matches!(end, End::Left(why) if why.code == "budget");
    assert_eq!(ends.iter().filter(|it| is_left(&it.end)).count(), 63);
    // The next run pays for the rest alone.
    let rest = world.run(&within(MeterLimits::default())).await;
    assert_eq!(rest.iter().filter(|it| it.end == End::Written).count(), 63);
    assert_eq!(world.llm.n_requests(), 100);
}

#[tokio::test]
async fn tokens_and_money_are_used_up_to_their_limits_and_never_above() {
    for limits in [
        MeterLimits {
            tokens: Some(30_000),
            ..MeterLimits::default()
        },
        MeterLimits {
            cost_nanos: Some(10_000_000),
            ..MeterLimits::default()
        },
    ] {
        let plan = LlmPlan::none().latency(Duration::from_millis(2));
        let world = World::with_products(100, plan).await;
        let task = world.task(&within(limits)).await;
        work(&world.context, 32, &CancellationToken::new()).await;
        let used = world.meter(&task).await;
        assert!(used.tokens <= limits.tokens.unwrap_or(u64::MAX), "{used:?}");
        assert!(
            used.cost_nanos <= limits.cost_nanos.unwrap_or(u64::MAX),
            "{used:?}"
        );
        assert!(world.llm.n_requests() < 100);
        // What is left is not enough for one more, however much 32 slots set aside at a time.
        let (input, output) = (1_800, 800);
        let left = |limit: Option<u64>, used: u64| limit.map_or(0, |it| it - used);
        let tokens_left = left(limits.tokens, used.tokens);
        assert!(tokens_left < input + output, "{tokens_left} left");
        let nanos_left = left(limits.cost_nanos, used.cost_nanos);
        assert!(nanos_left < 150 * input + 600 * output, "{nanos_left} left");
        assert_eq!(used.requests, world.llm.n_requests() as u64);
    }
}

#[tokio::test]
async fn what_is_settled_is_what_answers_say() {
    let world = World::with_products(20, LlmPlan::none()).await;
    let task = world.task(&order(20)).await;
    work(&world.context, 4, &CancellationToken::new()).await;
    let totals = world.meter(&task).await;
    let tally = &world.context.tally;
    let load = |it: &std::sync::atomic::AtomicU64| it.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(
        (totals.tokens, totals.cost_nanos),
        (load(&tally.tokens), load(&tally.cost_nanos))
    );
}

#[tokio::test]
async fn tries_and_repairs_are_paid_from_the_same_budget() {
    let lying = LlmPlan::none().manner(Manner::Lying(1));
    let failing = LlmPlan::none().fault(LlmOn::any().nth(1), LlmFault::Status(500));
    for (plan, expected) in [(lying, 2), (failing, 2)] {
        let world = World::with_products(1, plan).await;
        let one = Order {
            limits: MeterLimits {
                requests: Some(1),
                ..MeterLimits::default()
            },
            ..order(1)
        };
        let ends = world.run(&one).await;
        assert!(
            matches!(&ends[0].end, End::Left(why) if why.code == "budget"),
            "{ends:?}"
        );
        assert_eq!(world.llm.n_requests(), expected - 1);
    }
}

#[tokio::test]
async fn a_budget_that_not_one_request_fits_into_says_so() {
    let world = World::with_products(3, LlmPlan::none()).await;
    let small = Order {
        limits: MeterLimits {
            tokens: Some(500),
            ..MeterLimits::default()
        },
        ..order(3)
    };
    let ends = world.run(&small).await;
    for it in &ends {
        let End::Left(why) = &it.end else {
            panic!("{ends:?}");
        };
        assert_eq!(why.code, "budget");
        assert!(
            why.detail.starts_with("one request needs up to "),
            "{why:?}"
        );
        assert!(why.detail.ends_with("; raise the limit"), "{why:?}");
    }
    assert_eq!(world.llm.n_requests(), 0);
}

#[tokio::test]
async fn an_endpoint_that_counts_more_than_was_estimated_is_over_by_the_answers_in_flight_at_most()
{
    const SLOTS: usize = 4;
    let plan = LlmPlan::none().fault(LlmOn::any(), LlmFault::ManyTokens);
    let world = World::with_products(60, plan).await;
    let limit = 150_000;
    let task = world
        .task(&within(MeterLimits {
            tokens: Some(limit),
            ..MeterLimits::default()
        }))
        .await;
    work(&world.context, SLOTS, &CancellationToken::new()).await;
    let used = world.meter(&task).await;
    let per_request = used.tokens / used.requests;
    assert!(per_request > 5_000, "{used:?}");
    // The first ones of all slots were begun before any answer said how much it is.
    assert!(used.tokens <= limit, "{used:?}");
    assert!(used.requests as usize > SLOTS, "{used:?}");
}
