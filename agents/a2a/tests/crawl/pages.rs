//! Takeovers: what an attempt did is not done again by the next.

use catalog::{
    Lease, LeaseAnswer, Outcome, Reason, Start, Stop, TaskChange, TaskEntry, TaskState, UnixMs,
};
use serde_json::json;
use testkit::{FakeShop, Fault, FaultPlan, On};

use crate::world::{World, all_kinds, crawl, shop};

impl World {
    /// Does an item until the shop has seen so many requests, as a worker that is killed then.
    async fn is_killed_at(&self, fake: &FakeShop, n_requests: usize) {
        let claimed = self.claim().await;
        tokio::select! {
            _ = self.do_item(&claimed) => panic!("a page hangs"),
            () = fake.wait_for_requests(n_requests) => {}
        }
        self.context
            .tasks
            .release_item(&claimed.lease)
            .await
            .unwrap();
        let shops = self.context.store.shops().await.unwrap();
        let holder = shops[0].lease.as_ref().unwrap().owner.clone();
        let taken = self
            .context
            .store
            .lease_shop(&shops[0].shop.key, "test", 1, Some(&holder));
        let LeaseAnswer::Granted(lease) = taken.await.unwrap() else {
            panic!("{holder} is dead");
        };
        self.context.store.release_lease(&lease).await.unwrap();
    }
}

#[tokio::test]
async fn the_next_attempt_goes_on_at_the_page_in_flight() {
    let world = World::idle(None).await;
    let plan = FaultPlan::none().fault(On::page(3).nth(1), Fault::Hang);
    let fake = shop(900, plan).await;
    let id = world
        .begun(&crawl(&[&fake], json!({ "maxPages": 4 })))
        .await;
    world.is_killed_at(&fake, 5).await;
    world.do_all().await;
    let task = world.task(&id).await;
    assert_eq!(task.state, TaskState::Completed);
    let paths = fake.requests();
    let n_asked = |page: u32| {
        let wanted = format!("/products.json?limit=250&page={page}");
        paths.iter().filter(|it| it.path == wanted).count()
    };
    assert_eq!([1, 2, 3, 4].map(n_asked), [1, 1, 2, 1]);
    let events = world.events(&id).await;
    assert!(events.iter().map(|it| it.seq).eq(1..=events.len() as u64));
    let items = world.context.tasks.items(&id).await.unwrap();
    let result = items[0].result.as_ref().unwrap();
    assert_eq!(result["report"]["counts"]["products"], 900);
}

#[tokio::test]
async fn a_last_page_is_the_last_one_of_all_attempts() {
    let world = World::idle(None).await;
    let plan = FaultPlan::none().fault(On::page(2).nth(1), Fault::Hang);
    let fake = shop(900, plan).await;
    let id = world
        .begun(&crawl(&[&fake], json!({ "maxPages": 2 })))
        .await;
    world.is_killed_at(&fake, 4).await;
    world.do_all().await;
    let items = world.context.tasks.items(&id).await.unwrap();
    let result = items[0].result.as_ref().unwrap();
    assert_eq!(result["code"], "MAX_PAGES");
    assert_eq!(result["report"]["counts"]["pages"], 2);
}

#[tokio::test]
async fn a_crawl_that_ended_is_not_begun_again_by_the_next_attempt() {
    let world = World::idle(None).await;
    let fake = shop(300, FaultPlan::none()).await;
    let id = world.begun(&crawl(&[&fake], json!({}))).await;
    let claimed = world.claim().await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let end = a2a::run_item(&claimed, &world.context, &cancel).await;
    assert!(matches!(end, Ok(catalog::ItemEnd::Done(_))));
    // Killed before it could say so.
    world
        .context
        .tasks
        .release_item(&claimed.lease)
        .await
        .unwrap();
    let n_requests = fake.requests().len();
    world.do_all().await;
    assert_eq!(fake.requests().len(), n_requests);
    assert_eq!(world.task(&id).await.state, TaskState::Completed);
}

/// Takes a shop's lease as somebody else.
async fn lease_of(world: &World) -> Lease {
    let key = &world.context.store.shops().await.unwrap()[0].shop.key;
    let leased = world.context.store.lease_shop(key, "test", 60_000, None);
    match leased.await.unwrap() {
        LeaseAnswer::Granted(lease) => lease,
        LeaseAnswer::Held(holder) => panic!("{holder:?}"),
    }
}

#[tokio::test]
async fn a_pass_that_somebody_else_ended_at_a_page_of_his_choice_is_not_the_tasks_end() {
    let world = World::idle(None).await;
    let plan = FaultPlan::none().fault(On::page(2).nth(1), Fault::Hang);
    let fake = shop(600, plan).await;
    world.begun(&crawl(&[&fake], json!({}))).await;
    world.is_killed_at(&fake, 4).await;
    let lease = lease_of(&world).await;
    let store = &world.context.store;
    let shop = store.shops().await.unwrap()[0].shop.clone();
    let start = Start::Resume {
        max_age_ms: 86_400_000,
    };
    let now = UnixMs::new(1_800_000_500_000);
    let begun = store.begin_crawl(&lease, &shop, start, now).await.unwrap();
    assert!(begun.resumed);
    let end = Outcome::Partial(Reason::new(Stop::MaxPages, "one page, as asked"));
    (store.finish_crawl(&begun.ticket, end, now).await).unwrap();
    store.release_lease(&lease).await.unwrap();
    let end = world.do_item(&world.claim().await).await;
    assert_eq!(end["outcome"], "complete", "{end}");
    assert_eq!(end["report"]["counts"]["products"], 600);
}

/// Answers a task of a shop behind a password, with a request of its own time, in an attempt that is killed first.
#[tokio::test]
async fn an_answer_is_done_in_its_own_time_and_not_with_what_was_found_before_it() {
    let world = World::idle(None).await;
    let locked = FaultPlan::none().fault(On::feed(), Fault::Redirect("/password".to_owned()));
    let fake = shop(30, locked).await;
    let request = crawl(&[&fake], json!({ "deadlineSeconds": 600 }));
    let id = world.begun(&request).await;
    world.do_all().await;
    assert_eq!(world.task(&id).await.state, TaskState::AuthRequired);
    world.pass(3_600_000);
    fake.set_plan(FaultPlan::none());
    let message = json!({
        "messageId": "n", "role": "ROLE_USER", "taskId": id.as_str(), "parts": [{ "data": request }],
    });
    let configuration = json!({ "returnImmediately": true });
    let params = json!({ "message": message, "configuration": configuration });
    world.call("SendMessage", &params).await;
    let killed = world.claim().await;
    let released = world.context.tasks.release_item(&killed.lease);
    released.await.unwrap();
    let end = world.do_item(&world.claim().await).await;
    assert_eq!(end["outcome"], "complete", "{end}");
    world.do_all().await;
    assert_eq!(world.task(&id).await.state, TaskState::Completed);
}

#[tokio::test]
async fn an_end_that_was_not_written_down_does_not_end_the_answer() {
    let world = World::idle(None).await;
    let fake = shop(30, FaultPlan::none()).await;
    let csv = json!({ "emit": { "csv": true } });
    let id = world.begun(&crawl(&[&fake], csv)).await;
    world.do_item(&world.claim().await).await;
    let killed = world.claim().await;
    let change = TaskChange::State {
        state: TaskState::AuthRequired,
        note: None,
        data: None,
    };
    let asked_back = TaskEntry::of_holder(&killed.lease, change, UnixMs::new(1_800_000_500_000));
    world.context.hub.append(&asked_back).await.unwrap();
    let released = world.context.tasks.release_item(&killed.lease);
    released.await.unwrap();
    let answer = crawl(&[&fake], json!({ "emit": { "csv": false } }));
    let message = json!({
        "messageId": "n", "role": "ROLE_USER", "taskId": id.as_str(), "parts": [{ "data": answer }],
    });
    let configuration = json!({ "returnImmediately": true });
    let params = json!({ "message": message, "configuration": configuration });
    world.call("SendMessage", &params).await;
    world.do_all().await;
    let task = world.task(&id).await;
    assert_eq!(task.state, TaskState::Completed);
    let lists = task.artifacts.iter().find(|it| it.id == "products");
    assert_eq!(lists.unwrap().parts.len(), 1, "{task:?}");
}

#[tokio::test]
async fn a_worker_whose_clock_is_behind_lists_what_it_found() {
    let world = World::idle(None).await;
    let fake = shop(30, FaultPlan::none()).await;
    let mut request = crawl(&[&fake], json!({}));
    request["skill"] = "refresh-catalog".into();
    let id = world.begun(&request).await;
    world.pass(-60_000);
    world.do_all().await;
    let task = world.task(&id).await;
    let lists = task.artifacts.iter().find(|it| it.id == "products");
    assert_eq!(lists.unwrap().parts[0]["metadata"]["rows"], 30);
}

#[tokio::test]
async fn the_lists_of_two_attempts_do_not_meet() {
    let world = World::idle(None).await;
    let fake = shop(30, FaultPlan::none()).await;
    let id = world.begun(&crawl(&[&fake], json!({}))).await;
    world.do_item(&world.claim().await).await;
    let stale = world.claim().await;
    let released = world.context.tasks.release_item(&stale.lease);
    released.await.unwrap();
    world.do_all().await;
    let task = world.task(&id).await;
    let lists = task.artifacts.iter().find(|it| it.id == "products");
    let part = &lists.unwrap().parts[0];
    assert_eq!(part["filename"], "products.csv");
    assert_eq!(part["chunks"], "products.csv.2-2");
    let found = world.context.tasks.chunk(&id, "products.csv.2-2", 0).await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn an_item_of_an_unknown_kind_is_an_error_and_those_of_the_kit_are_nobodys_here() {
    assert!(!all_kinds(false).contains(&"conformance"));
    assert!(all_kinds(true).contains(&"conformance"));
    let world = World::idle(None).await;
    let fake = shop(30, FaultPlan::none()).await;
    let id = world.begun(&crawl(&[&fake], json!({}))).await;
    let mut claimed = world.claim().await;
    claimed.item.kind = "crawl.backwards".to_owned();
    let cancel = tokio_util::sync::CancellationToken::new();
    let end = a2a::run_item(&claimed, &world.context, &cancel).await;
    assert!(end.unwrap_err().to_string().contains("crawl.backwards"));
    assert_eq!(world.task(&id).await.state, TaskState::Submitted);
}
