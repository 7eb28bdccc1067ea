//! Requests that are answered at once, refused, or asked back.

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use crate::world::{World, crawl, parts, shop};

/// Returns the names of the fields that an error is about.
fn fields(answer: &Value) -> Vec<&str> {
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let details = answer["error"]["data"].as_array().unwrap();
    let bad = details
        .iter()
        .find(|it| it["@type"] == "type.googleapis.com/google.rpc.BadRequest");
    let violations = bad.unwrap()["fieldViolations"].as_array().unwrap();
    violations
        .iter()
        .map(|it| it["field"].as_str().unwrap())
        .collect()
}

fn request(more: &Value) -> Value {
    let mut request = json!({
        "schema": "crawl-request/1", "skill": "crawl-catalog", "stores": ["https://a.example"]
    });
    let members = request.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn a_request_that_breaks_its_schema_is_refused_by_the_fields_name() {
    let world = World::idle(None).await;
    let many: Vec<String> = (0..10_000)
        .map(|n| format!("https://{n}.example"))
        .collect();
    for (more, field) in [
        (json!({ "maxpages": 3 }), "maxpages"),
        (json!({ "maxPages": 5.5 }), "maxPages"),
        (
            json!({ "stores": ["http://[::ffff:169.254.169.254]"] }),
            "stores[0]",
        ),
        (
            json!({ "stores": ["https://a.example", "ftp://b.example"] }),
            "stores[1]",
        ),
        (json!({ "stores": many }), "stores"),
        (json!({ "rate": { "rps": 0 } }), "rate.rps"),
        (json!({ "skill": "dance" }), "skill"),
        (json!({ "schema": "crawl-request/2" }), "schema"),
    ] {
        let answer = world.send(&request(&more), true).await;
        assert_eq!(fields(&answer), [field], "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(field), "{message}");
    }
    assert!(world.context.tasks.work_stats().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_private_address_among_others_is_refused_alone() {
    let world = World::new().await;
    let fake = shop(10, FaultPlan::none()).await;
    let private = "http://10.0.0.1";
    let stores = |urls: &[&str]| request(&json!({ "stores": urls }));
    let task = world.done(&stores(&[&fake.url(), private])).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{task}");
    let ended = &parts(&task, "summary")[0]["data"]["stores"];
    assert_eq!(ended[0]["outcome"], "complete", "{task}");
    assert_eq!(ended[1]["code"], "ADDRESS_REFUSED", "{task}");
    let task = world.done(&stores(&[private, "http://10.0.0.2"])).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_REJECTED", "{task}");
    let answer = world
        .send(&probe(&[fake.url(), private.to_owned()]), true)
        .await;
    let looks = &answer["result"]["message"]["parts"][0]["data"]["stores"];
    assert_eq!(looks[0]["productsJson"], "open", "{answer}");
    assert_eq!(looks[1]["code"], "ADDRESS_REFUSED", "{answer}");
}

#[tokio::test]
async fn a_shop_that_is_named_twice_is_crawled_once() {
    let world = World::new().await;
    let fake = shop(10, FaultPlan::none()).await;
    let task = world.done(&crawl(&[&fake, &fake], json!({}))).await;
    let summary = &parts(&task, "summary")[0]["data"];
    assert_eq!(summary["counts"]["stores"], 1);
}

#[tokio::test]
async fn text_is_a_request_or_a_question() {
    let world = World::new().await;
    let fake = shop(10, FaultPlan::none()).await;
    let answer = world.send_text(&format!("crawl {}", fake.url())).await;
    assert_eq!(
        answer["result"]["task"]["status"]["state"], "TASK_STATE_COMPLETED",
        "{answer}"
    );
    let answer = world.send_text("Hello!").await;
    let task = &answer["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
    let message = json!({
        "messageId": "n", "role": "ROLE_USER", "taskId": task["id"],
        "parts": [{ "text": fake.url() }],
    });
    let answer = world
        .call("SendMessage", &json!({ "message": message }))
        .await;
    assert_eq!(
        answer["result"]["task"]["status"]["state"], "TASK_STATE_COMPLETED",
        "{answer}"
    );
}

fn probe(urls: &[String]) -> Value {
    json!({ "schema": "crawl-request/1", "skill": "probe-store", "stores": urls })
}

#[tokio::test]
async fn a_look_at_shops_is_answered_without_a_task() {
    let world = World::idle(None).await;
    let catalogue = Catalogue::generate(&NORTH_LOFT, 30, 3).with_currency(Some("EUR"));
    let open = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let robots = FaultPlan::none().robots("User-agent: *\nDisallow: /products.json\n");
    let denied = shop(10, robots).await;
    let closed = shop(10, FaultPlan::none().fault(On::feed(), Fault::status(404))).await;
    let too_many = FaultPlan::none().fault(On::path("/robots.txt"), Fault::status(429));
    let busy = shop(10, too_many).await;
    let guard = FaultPlan::none().fault(On::path("/robots.txt"), Fault::Challenge(403));
    let guarded = shop(10, guard).await;
    let answer = world
        .send(
            &probe(&[
                open.url(),
                denied.url(),
                closed.url(),
                busy.url(),
                guarded.url(),
            ]),
            true,
        )
        .await;
    let stores = &answer["result"]["message"]["parts"][0]["data"]["stores"];
    assert_eq!(stores[0]["platform"], "shopify", "{answer}");
    assert_eq!(stores[0]["productsJson"], "open");
    assert_eq!(stores[0]["currency"], "EUR");
    assert_eq!(stores[0]["products"], 30);
    assert_eq!(stores[0]["robots"], "allowed");
    assert_eq!(stores[0]["code"], Value::Null);
    assert_eq!(stores[1]["robots"], "denied");
    assert_eq!(stores[1]["code"], "ROBOTS_DENIED");
    assert_eq!(stores[2]["productsJson"], "closed");
    assert_eq!(stores[3]["robots"], "unknown");
    assert_eq!(stores[4]["robots"], "unknown");
    assert_eq!(stores[2]["code"], "PRODUCTS_JSON_DISABLED");
    assert!(world.context.tasks.work_stats().await.unwrap().is_empty());
    // Nobody keeps the shops from being crawled.
    world.begun(&crawl(&[&open], json!({}))).await;
    world.do_all().await;
}

#[tokio::test]
async fn a_product_is_read_as_it_is_and_not_stored() {
    let world = World::new().await;
    let catalogue = Catalogue::generate(&NORTH_LOFT, 30, 3).with_currency(Some("EUR"));
    let handle = catalogue.product(4).unwrap()["handle"]
        .as_str()
        .unwrap()
        .to_owned();
    let title = catalogue.product(4).unwrap()["title"].clone();
    let fake = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let url = format!("{}/products/{handle}", fake.url());
    let missing = format!("{}/products/nowhere", fake.url());
    let request = |urls: &[&String]| json!({ "schema": "crawl-request/1", "skill": "fetch-product", "stores": urls });
    let task = world.done(&request(&[&url, &missing])).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{task}");
    let [part] = parts(&task, "product") else {
        panic!("{task}");
    };
    let product = &part["data"];
    assert_eq!(product["url"], url);
    assert_eq!(
        product["title"].as_str().unwrap(),
        title.as_str().unwrap().trim()
    );
    assert_eq!(product["currency"], "EUR");
    assert!(product["priceMin"].is_string(), "{product}");
    assert_eq!(
        parts(&task, "errors")[0]["data"]["stores"][0]["code"],
        "NOT_FOUND"
    );
    assert_eq!(world.context.store.stats().await.unwrap().n_products, 0);
    let task = world.done(&request(&[&missing])).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED");
}

#[tokio::test]
async fn of_a_paused_shop_nothing_is_asked() {
    let world = World::new().await;
    let fake = shop(30, FaultPlan::none()).await;
    world.done(&crawl(&[&fake], json!({}))).await;
    let key = &world.context.store.shops().await.unwrap()[0].shop.key;
    assert!(world.context.store.pause_shop(key, true).await.unwrap());
    let n_requests = fake.requests().len();
    let mut refresh = crawl(&[&fake], json!({}));
    refresh["skill"] = "refresh-catalog".into();
    let product = json!({
        "schema": "crawl-request/1", "skill": "fetch-product",
        "stores": [format!("{}/products/lamp", fake.url())],
    });
    for request in [crawl(&[&fake], json!({})), refresh, product] {
        let task = world.done(&request).await;
        assert_eq!(task["status"]["state"], "TASK_STATE_REJECTED", "{task}");
        let words = task["status"]["message"]["parts"][0]["text"].as_str();
        assert!(words.unwrap().contains("operator"), "{task}");
        let errors = &parts(&task, "errors")[0]["data"];
        assert_eq!(errors["stores"][0]["code"], "PAUSED", "{task}");
    }
    let answer = world.send(&probe(&[fake.url()]), true).await;
    let stores = &answer["result"]["message"]["parts"][0]["data"]["stores"];
    assert_eq!(stores[0]["code"], "PAUSED", "{answer}");
    assert_eq!(fake.requests().len(), n_requests);
}

/// Returns a shop whose second page takes its time.
async fn idle_beside_two_pages() -> (World, FakeShop, catalog::ShopKey) {
    let slow = Fault::Delay(std::time::Duration::from_millis(200));
    let fake = shop(600, FaultPlan::none().fault(On::page(2), slow)).await;
    let key = crawler::shop_at(&fake.url()).unwrap().key;
    (World::idle(None).await, fake, key)
}

fn asked(fake: &FakeShop, part: &str) -> bool {
    fake.requests().iter().any(|it| it.path.contains(part))
}

/// Has the shop crawled, and does `work` while its second page is asked for; returns what both came to.
async fn crawled_until_page_2<T>(
    world: &World,
    fake: &FakeShop,
    work: impl Future<Output = T>,
) -> (Value, T) {
    world.begun(&crawl(&[fake], json!({}))).await;
    let meanwhile = async {
        while !asked(fake, "page=2") {
            tokio::task::yield_now().await;
        }
        work.await
    };
    tokio::join!(
        async { world.do_item(&world.claim().await).await },
        meanwhile
    )
}

/// Its operator wants nothing more of it, and a second attempt would store it again.
#[tokio::test]
async fn a_shop_that_is_forgotten_while_it_is_crawled_is_left_alone() {
    let (world, fake, key) = idle_beside_two_pages().await;
    let store = &world.context.store;
    let (result, forgotten) = crawled_until_page_2(&world, &fake, store.forget_shop(&key)).await;
    let forgotten = forgotten.unwrap();
    assert!(forgotten.is_some());
    assert_eq!(result["code"], "PAUSED", "{result}");
    assert!(result.to_string().contains("removed the shop"), "{result}");
    assert!(!asked(&fake, "page=3"));
    world.do_all().await;
    assert_eq!(world.context.store.shops().await.unwrap(), []);
}

/// A shop's owner complained: nobody asks it for the rest of a pass.
#[tokio::test]
async fn a_shop_that_is_paused_while_it_is_crawled_is_left_alone() {
    let (world, fake, key) = idle_beside_two_pages().await;
    let store = &world.context.store;
    let (result, is_paused) =
        crawled_until_page_2(&world, &fake, store.pause_shop(&key, true)).await;
    let is_paused = is_paused.unwrap();
    assert!(is_paused);
    assert_eq!(result["code"], "PAUSED", "{result}");
    assert!(!asked(&fake, "page=3"));
    world.do_all().await;
    assert!(!asked(&fake, "page=3"));
    assert_eq!(
        world.context.store.shops().await.unwrap()[0].n_products,
        250
    );
}

#[tokio::test]
async fn a_stored_shop_that_is_forgotten_before_its_turn_is_left_alone() {
    let world = World::idle(None).await;
    let fake = shop(30, FaultPlan::none()).await;
    let known = crawler::shop_at(&fake.url()).unwrap();
    let store = &world.context.store;
    store
        .add_shop(&known, catalog::UnixMs::new(0))
        .await
        .unwrap();
    schedule(&world, "scheduled", &known).await;
    store.forget_shop(&known.key).await.unwrap();
    world.do_all().await;
    assert_eq!(
        (fake.n_requests(), store.shops().await.unwrap().len()),
        (0, 0)
    );
}

/// As where the scheduler asked each day for a shop whose turn did not come.
#[tokio::test]
async fn a_shop_that_was_brought_up_to_date_since_it_was_asked_for_is_not_read_again() {
    let world = World::idle(None).await;
    let fake = shop(30, FaultPlan::none()).await;
    let known = crawler::shop_at(&fake.url()).unwrap();
    let store = &world.context.store;
    store
        .add_shop(&known, catalog::UnixMs::new(0))
        .await
        .unwrap();
    for name in ["one", "two"] {
        schedule(&world, name, &known).await;
    }
    world.do_item(&world.claim().await).await;
    let n_requests = fake.n_requests();
    assert!(n_requests > 0);
    world.do_all().await;
    assert_eq!(fake.n_requests(), n_requests);
    assert_eq!(store.crawls(None, 9).await.unwrap().len(), 1);
}

/// Makes the task that brings a stored shop up to date.
async fn schedule(world: &World, name: &str, known: &catalog::Shop) {
    let (message, items) = a2a::refresh_of(known);
    let task = catalog::NewTask {
        id: catalog::TaskId::new(name).unwrap(),
        agent: "shopify".to_owned(),
        caller: "scheduler".to_owned(),
        context: "scheduler".to_owned(),
        state: catalog::TaskState::Submitted,
        note: None,
        message,
        items,
        idempotency: None,
        at: catalog::UnixMs::new(0),
    };
    world.context.tasks.create_task(&task).await.unwrap();
}
