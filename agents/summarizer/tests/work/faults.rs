//! An endpoint that misbehaves in every known way at once.

use std::time::Duration;

use summarizer::End;
use testkit::{LlmFault, LlmPlan};
use tokio_util::sync::CancellationToken;

use super::world::{World, own_order, work};

const N_PRODUCTS: usize = 300;

#[tokio::test]
async fn with_mixed_faults_at_30_percent_nothing_is_lost_and_nothing_paid_twice() {
    let faults = [
        LlmFault::Status(500),
        LlmFault::Status(503),
        LlmFault::HtmlRateLimit,
        LlmFault::IntegerCode,
        LlmFault::StringCode,
        LlmFault::UnknownTier,
        LlmFault::EmptyFinish,
        LlmFault::NoObject,
        LlmFault::NoUsage,
        LlmFault::NoChoices,
        LlmFault::NoContent,
        LlmFault::Refusal,
        LlmFault::Filtered,
        LlmFault::Length,
        LlmFault::Fence,
        LlmFault::MalformedJson,
        LlmFault::GarbageStream,
        LlmFault::CloseBeforeHeaders,
        LlmFault::CutBody,
        LlmFault::SlowHead(Duration::from_millis(20)),
    ];
    let plan = LlmPlan::none().mixed(20_261_121, 30, &faults);
    let world = World::with_products(N_PRODUCTS, plan).await;
    let task = world.task(&own_order(&world, N_PRODUCTS)).await;
    work(&world.context, 32, &CancellationToken::new()).await;
    let ends = world.ends(&task).await;
    assert_eq!(ends.len(), N_PRODUCTS);
    let n_written = ends.iter().filter(|it| it.end == End::Written).count();
    let has_reason =
        |end: &End| matches!(end, End::Extractive(Some(why)) if !why.detail.is_empty());
    let n_fallback = ends.iter().filter(|it| has_reason(&it.end)).count();
    assert_eq!(n_written + n_fallback, N_PRODUCTS);
    assert!(n_written > N_PRODUCTS * 8 / 10, "{n_written} written");
    assert_eq!(world.n_summaries().await, N_PRODUCTS);
    let n_requests = world.llm.n_requests();
    assert_eq!(world.meter(&task).await.requests, n_requests as u64);
    // Another run asks for those without a text by the model alone.
    world.llm.set_plan(LlmPlan::none());
    let again = world.run(&own_order(&world, N_PRODUCTS)).await;
    assert_eq!(
        again.iter().filter(|it| it.end == End::Kept).count(),
        n_written
    );
    assert_eq!(world.llm.n_requests() - n_requests, n_fallback);
}
