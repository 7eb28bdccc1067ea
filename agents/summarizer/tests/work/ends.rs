//! What comes of a subject: written, kept, mended, or in the fixed form.

use std::sync::atomic::Ordering;

use catalog::{
    FactSource, Fallback, Language, Summary, SummarySource, TaskChange, TaskState, Written,
};
use summarizer::facts::load::product_sheet;
use summarizer::{Ask, End, Order, PROMPT_VERSION, SCHEMA_VERSION, estimate, stored};
use testkit::{LlmFault, LlmOn, LlmPlan, Manner};
use tokio_util::sync::CancellationToken;

use super::world::{World, code, ends_of, id, order, own_order, product, record, work};

fn written(summary: &Summary) -> &Written {
    match &summary.source {
        SummarySource::Llm(written) => written,
        SummarySource::Extractive { instead } => panic!("in the fixed form: {instead:?}"),
    }
}

fn instead(summary: &Summary) -> Option<&Fallback> {
    match &summary.source {
        SummarySource::Extractive { instead } => instead.as_ref(),
        SummarySource::Llm(written) => panic!("written by {}", written.model),
    }
}

#[tokio::test]
async fn a_written_summary_says_where_it_is_from() {
    let world = World::with_products(1, LlmPlan::none()).await;
    let ends = world.run(&order(1)).await;
    assert_eq!(ends[0].subject, "product:shopify:shop.example:0");
    assert_eq!(
        (ends[0].language, &ends[0].end),
        (Language::En, &End::Written)
    );
    let summary = world.summary(0).await;
    let written = written(&summary);
    assert_eq!(
        (written.model.as_str(), written.requested_model.as_str()),
        ("test-model", "test-model")
    );
    assert_eq!(written.endpoint, world.llm.addr().to_string());
    assert_eq!(
        (
            written.prompt_version.as_str(),
            written.schema_version.as_str()
        ),
        (PROMPT_VERSION, SCHEMA_VERSION)
    );
    assert_eq!((written.requests, written.repaired), (1, false));
    let (input, output) = (
        written.input_tokens.unwrap(),
        written.output_tokens.unwrap(),
    );
    let cost = written.cost.as_ref().unwrap();
    assert_eq!(cost.nanos, 150 * input + 600 * output);
    assert_eq!(summary.at, (world.context.now)());
    assert!(!summary.claims.is_empty() && !summary.facts.is_empty());
    for claim in &summary.claims {
        assert!(
            claim
                .fact_ids
                .iter()
                .all(|id| summary.facts.iter().any(|fact| fact.id == *id))
        );
    }
    let tally = &world.context.tally;
    assert_eq!(tally.written.load(Ordering::Relaxed), 1);
    assert_eq!(tally.tokens.load(Ordering::Relaxed), input + output);
    assert_eq!(tally.cost_nanos.load(Ordering::Relaxed), cost.nanos);
}

#[tokio::test]
async fn an_unchanged_product_costs_nothing_and_a_changed_one_a_request() {
    let world = World::with_products(5, LlmPlan::none()).await;
    world.run(&order(5)).await;
    assert_eq!(world.llm.n_requests(), 5);
    let first = world.summary(3).await;
    world.pass(7 * 86_400_000);
    let again = world.run(&order(5)).await;
    assert_eq!(ends_of(&again), vec![&End::Kept; 5]);
    assert_eq!(world.llm.n_requests(), 5);
    assert_eq!(world.summary(3).await, first);
    let mut changed = product(3);
    changed.variants[0].price = product(4).variants[0].price;
    world.put(vec![record(changed)]).await;
    let third = world.run(&order(5)).await;
    assert_eq!(third.iter().filter(|it| it.end == End::Written).count(), 1);
    assert_eq!(world.llm.n_requests(), 6);
    assert_ne!(world.summary(3).await.facts_hash, first.facts_hash);
    // Back to what it was: the first summary is true again, and the newest again.
    world.put(vec![record(product(3))]).await;
    let fourth = world.run(&order(5)).await;
    assert_eq!(ends_of(&fourth), vec![&End::Kept; 5]);
    let last = world.summary(3).await;
    assert_eq!(
        (&last.text, &last.input_hash),
        (&first.text, &first.input_hash)
    );
    assert!(last.at > first.at);
    assert_eq!(world.llm.n_requests(), 6);
}

/// The checks become stricter, and the input of a summary stays what it was.
#[tokio::test]
async fn a_stored_text_that_would_be_refused_today_is_asked_for_again() {
    let world = World::with_products(2, LlmPlan::none()).await;
    world.run(&order(2)).await;
    let good = world.summary(0).await;
    let refused = Summary {
        text: format!("{} It has 4711 reviews.", good.text),
        ..good.clone()
    };
    let store = world.context.store.as_ref();
    store.save_summary(&refused).await.unwrap();
    let sheet = product_sheet(store, &id(0), None, Language::En).await;
    let sheet = sheet.unwrap().unwrap();
    assert_eq!(stored(&sheet, &world.context).await.unwrap(), None);
    let again = world.run(&order(2)).await;
    assert_eq!(ends_of(&again), [&End::Written, &End::Kept]);
    assert_eq!(world.llm.n_requests(), 3);
    let now = world.summary(0).await;
    assert_eq!((&now.text, &now.input_hash), (&good.text, &good.input_hash));
    // Nor does it come back where nobody can be asked.
    store
        .save_summary(&Summary {
            at: now.at,
            ..refused
        })
        .await
        .unwrap();
    let found = world
        .run_in(&world.context_without_model(), &order(1))
        .await;
    assert_eq!(ends_of(&found), [&End::Extractive(None)]);
    assert_eq!(instead(&world.summary(0).await), None);
}

#[tokio::test]
async fn another_model_or_language_is_another_summary() {
    let world = World::with_products(1, LlmPlan::none()).await;
    world.run(&order(1)).await;
    let both = Order {
        languages: vec![Language::En, Language::Fr],
        ..order(1)
    };
    let found = world.run(&both).await;
    assert_eq!(ends_of(&found), [&End::Kept, &End::Written]);
    let other = world.context_with(|it| it.model = "other".to_owned());
    let found = world.run_in(&other, &both).await;
    assert_eq!(ends_of(&found), [&End::Written, &End::Written]);
    assert_eq!(world.llm.n_requests(), 4);
    assert_eq!(written(&world.summary(0).await).requested_model, "other");
}

#[tokio::test]
async fn a_refused_answer_is_mended_once() {
    let plan = LlmPlan::none().manner(Manner::Lying(1));
    let world = World::with_products(1, plan).await;
    let found = world.run(&order(1)).await;
    assert_eq!(ends_of(&found), [&End::Written]);
    let summary = world.summary(0).await;
    let written = written(&summary);
    assert!(written.repaired);
    assert_eq!((written.requests, world.llm.n_requests()), (2, 2));
    let requests = world.llm.requests();
    let repair = requests[1].body["messages"].as_array().unwrap();
    assert_eq!(repair.len(), 4);
    assert_eq!(repair[1], requests[0].body["messages"][1]);
    let reasons = repair[3]["content"].as_str().unwrap();
    assert!(reasons.contains("\"reason\":\"number"), "{reasons}");
}

#[tokio::test]
async fn an_answer_that_is_refused_twice_becomes_the_fixed_form_and_is_asked_for_again_later() {
    let plan = LlmPlan::none().manner(Manner::Lying(9));
    let world = World::with_products(1, plan).await;
    let found = world.run(&order(1)).await;
    assert!(code(&found).ends_with("_not_in_facts"), "{found:?}");
    assert_eq!(world.llm.n_requests(), 2);
    let summary = world.summary(0).await;
    assert_eq!(
        instead(&summary).map(|it| it.code.clone()),
        Some(code(&found))
    );
    assert!(!summary.claims.is_empty());
    world.llm.set_plan(LlmPlan::none());
    let found = world.run(&order(1)).await;
    assert_eq!(ends_of(&found), [&End::Written]);
    written(&world.summary(0).await);
}

#[tokio::test]
async fn every_answer_that_is_none_has_its_reason() {
    for (manner, expected) in [
        (Manner::Leaking, "leak"),
        (Manner::Text("I would rather talk.".to_owned()), "not_json"),
        (
            Manner::Text("{\"headline\": \"H\"}".to_owned()),
            "not_the_schema",
        ),
        (Manner::Text("x".repeat(100_000)), "too_long"),
    ] {
        let world = World::with_products(2, LlmPlan::none().manner(manner)).await;
        let found = world.run(&order(2)).await;
        assert_eq!(code(&found), expected);
        assert_eq!(instead(&world.summary(1).await).unwrap().code, expected);
        assert_eq!(world.llm.n_requests(), 4);
    }
    let world = World::with_products(1, LlmPlan::none().manner(Manner::OtherLanguage)).await;
    assert!(code(&world.run(&order(1)).await).contains("language"));
}

#[tokio::test]
async fn a_failure_of_the_endpoint_becomes_the_fixed_form_with_its_reason() {
    for (fault, expected, n_requests) in [
        (LlmFault::Status(500), "server_error", 4),
        (LlmFault::NoChoices, "no_choices", 1),
        (LlmFault::Refusal, "refused", 1),
        (LlmFault::Length, "cut", 2),
        (LlmFault::CloseBeforeHeaders, "incomplete", 4),
    ] {
        let world = World::with_products(1, LlmPlan::none().fault(LlmOn::any(), fault)).await;
        let found = world.run(&own_order(&world, 1)).await;
        assert_eq!(code(&found), expected);
        assert_eq!(world.llm.n_requests(), n_requests, "{expected}");
        assert_eq!(instead(&world.summary(0).await).unwrap().code, expected);
    }
}

#[tokio::test]
async fn without_a_model_the_fixed_form_is_written_once() {
    let world = World::with_products(2, LlmPlan::none()).await;
    let context = world.context_without_model();
    let found = world.run_in(&context, &order(2)).await;
    assert_eq!(
        ends_of(&found),
        [&End::Extractive(None), &End::Extractive(None)]
    );
    let first = world.summary(0).await;
    assert_eq!(instead(&first), None);
    world.pass(86_400_000);
    let found = world.run_in(&context, &order(2)).await;
    assert_eq!(ends_of(&found), [&End::Kept, &End::Kept]);
    assert_eq!(world.summary(0).await, first);
    assert_eq!(world.llm.n_requests(), 0);
    // It keeps nobody from asking a model.
    world.run(&order(2)).await;
    written(&world.summary(0).await);
}

#[tokio::test]
async fn what_stands_for_a_models_text_is_replaced_by_the_form_that_was_asked_for() {
    let world =
        World::with_products(1, LlmPlan::none().fault(LlmOn::any(), LlmFault::NoChoices)).await;
    world.run(&order(1)).await;
    assert!(instead(&world.summary(0).await).is_some());
    let context = world.context_without_model();
    let found = world.run_in(&context, &order(1)).await;
    assert_eq!(ends_of(&found), [&End::Extractive(None)]);
    assert_eq!(instead(&world.summary(0).await), None);
}

#[tokio::test]
async fn a_task_for_agents_tells_its_progress_and_counts_each_subject_once() {
    let world = World::with_products(60, LlmPlan::none()).await;
    let task = world.task(&order(60)).await;
    work(&world.context, 8, &CancellationToken::new()).await;
    let totals = world.meter(&task).await;
    assert_eq!((totals.n_done, totals.requests), (60, 60));
    let events = world.context.tasks.events(&task, 1, 100).await.unwrap();
    let TaskChange::State { state, data, .. } = &events[0].change else {
        panic!("{events:?}");
    };
    assert_eq!(*state, TaskState::Working);
    let data = data.as_ref().unwrap();
    assert!(data["subject"].as_str().unwrap().starts_with("product:"));
    for figure in ["summariesDone", "requests", "tokens"] {
        assert!(data[figure].as_u64().unwrap() > 0, "{data}");
    }
    assert_eq!(data["summaries"], 60);
    assert!(events.len() < 10, "{}", events.len());
    // Found in place, and counted as well.
    let task = world.task(&order(60)).await;
    work(&world.context, 8, &CancellationToken::new()).await;
    let totals = world.meter(&task).await;
    assert_eq!((totals.n_done, totals.requests, totals.tokens), (60, 0, 0));
}

#[tokio::test]
async fn sheets_of_lists_are_summarized_as_products_are() {
    let world = World::with_products(1, LlmPlan::none()).await;
    let (store, id) = (world.context.store.as_ref(), id(0));
    let sheet = product_sheet(store, &id, None, Language::Fr).await;
    let mut sheet = sheet.unwrap().unwrap();
    sheet.subject = "shop:shop.example".to_owned();
    assert!(
        sheet
            .facts
            .iter()
            .any(|fact| fact.source == FactSource::Seller)
    );
    assert_eq!(stored(&sheet, &world.context).await.unwrap(), None);
    let order = Order {
        subjects: vec![Ask::Sheet(Box::new(sheet.clone()))],
        ..order(0)
    };
    let found = world.run(&order).await;
    assert_eq!(
        (found[0].language, &found[0].end),
        (Language::Fr, &End::Written)
    );
    let summary = stored(&sheet, &world.context).await.unwrap().unwrap();
    assert_eq!(summary.facts_hash, sheet.hash());
    let used = written(&summary).input_tokens.unwrap();
    let endpoint = world.context.endpoint.as_ref().unwrap();
    let (input, output) = estimate(&sheet, endpoint);
    assert!(input >= used && input < 3 * used, "{input} for {used}");
    assert_eq!(output, 800);
}
