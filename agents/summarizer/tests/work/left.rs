//! Subjects that are left: what is not there, and what an endpoint cannot be asked for.

use std::time::Duration;

use catalog::{ItemEnd, Language};
use summarizer::{Ask, End, Order, fingerprint, run_item};
use testkit::{LlmFault, LlmOn, LlmPlan};
use tokio_util::sync::CancellationToken;

use super::world::{World, claim, code, ends_of, id, order, turn, work};

#[tokio::test]
async fn a_product_that_is_not_there_is_left() {
    let world = World::with_products(1, LlmPlan::none()).await;
    let found = world.run(&order(2)).await;
    assert_eq!(found[0].end, End::Written);
    assert_eq!(code(&found[1..]), "unknown_subject");
}

#[tokio::test]
async fn a_wrong_key_leaves_all_with_few_requests_and_stores_nothing() {
    let world =
        World::with_products(300, LlmPlan::none().fault(LlmOn::any(), LlmFault::WrongKey)).await;
    let found = world.run(&order(300)).await;
    assert_eq!((found.len(), code(&found).as_str()), (300, "configuration"));
    assert!(world.llm.n_requests() <= 32, "{}", world.llm.n_requests());
    let subject = format!("product:{}", id(0));
    assert_eq!(
        world.context.store.summary(&subject, "en").await.unwrap(),
        None
    );
    // With the right key, what was left is written.
    world.llm.set_plan(LlmPlan::none());
    let context = world.context_with(|_| {});
    let found = world.run_in(&context, &order(300)).await;
    assert_eq!(ends_of(&found), vec![&End::Written; 300]);
}

#[tokio::test]
async fn what_is_there_is_found_although_the_endpoint_is_not() {
    let world = World::with_products(40, LlmPlan::none()).await;
    world.run(&order(20)).await;
    world
        .llm
        .set_plan(LlmPlan::none().fault(LlmOn::any(), LlmFault::UnknownModel));
    let found = world.run(&order(40)).await;
    let n_kept = found.iter().filter(|it| it.end == End::Kept).count();
    assert_eq!(n_kept, 20);
}

#[tokio::test]
async fn an_agent_waits_for_a_closed_endpoint_and_a_command_does_not() {
    let closed = LlmFault::RetryAfter("3600".to_owned());
    let world = World::with_products(1, LlmPlan::none().fault(LlmOn::any(), closed)).await;
    let task = world.task(&order(1)).await;
    let cancel = CancellationToken::new();
    let end = turn(&world.context, "me", &cancel).await.unwrap();
    let ItemEnd::Later(wait) = end else {
        panic!("{end:?}");
    };
    assert!(wait > Duration::from_secs(3_500) && wait <= Duration::from_secs(3_600));
    assert_eq!(claim(&world.context, "other", 1_000).await, None);
    assert_eq!(
        world.context.tasks.items(&task).await.unwrap()[0].result,
        None
    );
    let only = Order {
        subjects: vec![Ask::Product(id(0))],
        only: Some(fingerprint(world.context.endpoint.as_deref())),
        ..order(0)
    };
    // The item that waits has the key, but no holder.
    let found = world.run(&only).await;
    assert_eq!(code(&found), "closed");
    assert_eq!(world.llm.n_requests(), 1);
}

#[tokio::test]
async fn an_item_of_a_command_is_done_by_who_does_its_kind_alone() {
    let world = World::with_products(1, LlmPlan::none()).await;
    let only = Order {
        only: Some(fingerprint(world.context.endpoint.as_deref())),
        ..order(1)
    };
    world.task(&only).await;
    let other = world.context_with(|it| it.model = "other".to_owned());
    assert_eq!(claim(&other, "other", 1_000).await, None);
    assert_eq!(
        claim(&world.context_without_model(), "none", 1_000).await,
        None
    );
    assert!(claim(&world.context, "me", 1_000).await.is_some());
}

#[tokio::test]
async fn what_was_done_before_a_long_pause_is_not_done_again_behind_it() {
    let closed = LlmFault::RetryAfter("3600".to_owned());
    let world = World::with_products(1, LlmPlan::none().fault(LlmOn::any().nth(2), closed)).await;
    let both = Order {
        languages: vec![Language::En, Language::Fr],
        ..order(1)
    };
    let task = world.task(&both).await;
    let cancel = CancellationToken::new();
    let claimed = claim(&world.context, "me", 60_000).await.unwrap();
    let end = run_item(&claimed, &world.context, &cancel).await.unwrap();
    assert!(matches!(end, ItemEnd::Later(_)), "{end:?}");
    world
        .context
        .tasks
        .put_off_item(&claimed.lease, 0)
        .await
        .unwrap();
    let other = world.context_with(|_| {});
    work(&other, 1, &cancel).await;
    assert_eq!(
        ends_of(&world.ends(&task).await),
        [&End::Written, &End::Written]
    );
    assert_eq!(world.llm.n_requests(), 3);
    assert_eq!(world.meter(&task).await.n_done, 2);
}

#[tokio::test]
async fn one_subject_that_the_endpoint_refuses_to_read_keeps_no_other_from_it() {
    let refused = LlmFault::Custom(
        403,
        "application/json",
        "{\"error\": \"not that\"}".to_owned(),
    );
    let subject = LlmOn::subject(format!("product:{}", id(7)));
    let world = World::with_products(50, LlmPlan::none().fault(subject, refused.clone())).await;
    let found = world.run(&order(50)).await;
    let (left, written): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|it| it.end != End::Written);
    assert_eq!(
        (left.len(), written.len(), code(&left).as_str()),
        (1, 49, "configuration")
    );
    // One that refuses all is soon asked no more.
    let world = World::with_products(200, LlmPlan::none().fault(LlmOn::any(), refused)).await;
    let found = world.run(&order(200)).await;
    assert_eq!(code(&found), "configuration");
    assert!(
        world.llm.n_requests() <= 5 + 32,
        "{}",
        world.llm.n_requests()
    );
}

#[tokio::test]
async fn an_agent_waits_for_an_endpoint_that_is_down_and_spoils_nothing() {
    for fault in [
        LlmFault::CloseBeforeHeaders,
        LlmFault::Status(503),
        LlmFault::HtmlRateLimit,
        LlmFault::GarbageStream,
    ] {
        let world = World::with_products(1, LlmPlan::none().fault(LlmOn::any(), fault)).await;
        world.task(&order(1)).await;
        let end = turn(&world.context, "me", &CancellationToken::new()).await;
        assert!(matches!(end, Some(ItemEnd::Later(_))), "{end:?}");
        assert_eq!(world.n_summaries().await, 0);
    }
}

#[tokio::test]
async fn a_subject_without_an_answer_keeps_no_other_of_its_item_waiting() {
    let plan = LlmPlan::none().fault(LlmOn::any().times(4), LlmFault::Status(500));
    let world = World::with_products(1, plan).await;
    let both = Order {
        languages: Language::ALL.to_vec(),
        ..order(1)
    };
    world.task(&both).await;
    let end = turn(&world.context, "me", &CancellationToken::new()).await;
    assert!(matches!(end, Some(ItemEnd::Later(_))), "{end:?}");
    assert_eq!((world.llm.n_requests(), world.n_summaries().await), (5, 1));
}

#[tokio::test]
async fn after_a_day_an_agent_waits_no_more() {
    for fault in [
        LlmFault::RetryAfter("3600".to_owned()),
        LlmFault::Status(500),
    ] {
        let world = World::with_products(1, LlmPlan::none().fault(LlmOn::any(), fault)).await;
        let task = world.task(&order(1)).await;
        world.pass(24 * 3_600_000);
        work(&world.context, 1, &CancellationToken::new()).await;
        assert_eq!(code(&world.ends(&task).await), "closed");
        assert_eq!(world.n_summaries().await, 0);
    }
}

#[tokio::test]
async fn nobody_waits_for_an_empty_account() {
    for fault in [LlmFault::Status(402), LlmFault::NoQuota] {
        let world = World::with_products(20, LlmPlan::none().fault(LlmOn::any(), fault)).await;
        let found = world.run(&order(20)).await;
        assert_eq!((found.len(), code(&found).as_str()), (20, "closed"));
        assert!(world.llm.n_requests() <= 32);
    }
}
