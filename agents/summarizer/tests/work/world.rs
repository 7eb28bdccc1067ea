//! What the tests of the work start from: a store in memory with products, an endpoint, and somebody who does items.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use catalog::{
    Availability, ClaimedItem, CreatedTask, Currency, CurrencySource, ItemEnd, Language, Meter,
    MeterLimits, MeterStep, Money, NewTask, Platform, Product, ProductId, ProductRecord, Record,
    RecordKind, Shop, ShopRecord, Summary, TaskId, TaskState, UnixMs, Variant,
};
use serde_json::Value;
use store::OpenMode;
use summarizer::openai::{Endpoint, EndpointConfig, Mode, TokensField};
use summarizer::{
    Ask, Context, End, ItemReport, Order, Price, SubjectEnd, Tally, fingerprint, kind, plan,
    run_item,
};
use testkit::{FakeLlm, LlmPlan};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A store with products, and an endpoint.
pub(crate) struct World {
    pub(crate) context: Context,
    pub(crate) llm: FakeLlm,
    clock: Arc<AtomicI64>,
}

pub(crate) const KEY: &str = "sk-very-secret-1";

impl World {
    pub(crate) async fn new(plan: LlmPlan) -> Self {
        let llm = FakeLlm::start(plan).await.unwrap();
        let opened = store::open_with_tasks("sqlite::memory:", OpenMode::Create);
        let (store, tasks) = opened.await.unwrap();
        let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
        let time = Arc::clone(&clock);
        let context = Context {
            store,
            tasks,
            endpoint: Some(Arc::new(Endpoint::new(config(&llm)).unwrap())),
            now: Arc::new(move || UnixMs::new(time.load(Ordering::Relaxed))),
            tally: Arc::new(Tally::default()),
        };
        let world = Self {
            context,
            llm,
            clock,
        };
        let shop = ShopRecord {
            shop: Shop {
                key: "shop.example".parse().unwrap(),
                platform: Platform::Shopify,
                url: "https://shop.example".to_owned(),
                currency: eur(),
                currency_source: CurrencySource::Shop,
            },
            is_paused: false,
            is_added: false,
            epoch: 0,
            last_complete_at: None,
        };
        world.put(vec![Record::Shop(shop)]).await;
        world
    }

    /// Returns a world with so many products.
    pub(crate) async fn with_products(n_products: usize, plan: LlmPlan) -> Self {
        let world = Self::new(plan).await;
        let products = (0..n_products).map(|n| record(product(n)));
        world.put(products.collect()).await;
        world
    }

    pub(crate) async fn put(&self, records: Vec<Record>) {
        self.context.store.put_records(records).await.unwrap();
    }

    /// Returns the same surroundings with other settings of the endpoint.
    pub(crate) fn context_with(&self, change: impl FnOnce(&mut EndpointConfig)) -> Context {
        let mut config = config(&self.llm);
        change(&mut config);
        Context {
            endpoint: Some(Arc::new(Endpoint::new(config).unwrap())),
            tally: Arc::new(Tally::default()),
            ..self.context.clone()
        }
    }

    /// Returns the same surroundings without an endpoint.
    pub(crate) fn context_without_model(&self) -> Context {
        Context {
            endpoint: None,
            tally: Arc::new(Tally::default()),
            ..self.context.clone()
        }
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    /// Makes the task of an order that fits into one.
    pub(crate) async fn task(&self, order: &Order) -> TaskId {
        let mut tasks = plan(order);
        assert_eq!(tasks.len(), 1);
        let id = TaskId::new(format!("t-{:x}", fastrand::u64(..))).unwrap();
        let new = NewTask {
            id: id.clone(),
            agent: "summarizer".to_owned(),
            caller: "local".to_owned(),
            context: "tests".to_owned(),
            state: TaskState::Submitted,
            note: None,
            message: Value::Null,
            items: tasks.remove(0),
            idempotency: None,
            at: (self.context.now)(),
        };
        let created = self.context.tasks.create_task(&new).await.unwrap();
        assert!(matches!(created, CreatedTask::New(_)));
        id
    }

    /// Does an order from the beginning to its end, and returns what came of each subject by its name.
    pub(crate) async fn run(&self, order: &Order) -> Vec<SubjectEnd> {
        self.run_in(&self.context, order).await
    }

    pub(crate) async fn run_in(&self, context: &Context, order: &Order) -> Vec<SubjectEnd> {
        let task = self.task(order).await;
        work(context, 32, &CancellationToken::new()).await;
        self.ends(&task).await
    }

    /// Returns what came of each subject of a task, by its name.
    pub(crate) async fn ends(&self, task: &TaskId) -> Vec<SubjectEnd> {
        let items = self.context.tasks.items(task).await.unwrap();
        let reports = items.into_iter().map(|item| {
            let result = item.result.expect("the item is done");
            serde_json::from_value::<ItemReport>(result).unwrap()
        });
        let mut ends: Vec<SubjectEnd> = reports.flat_map(|report| report.ends).collect();
        ends.sort_unstable_by_key(|end| (end.subject.clone(), end.language));
        ends
    }

    pub(crate) async fn meter(&self, task: &TaskId) -> Meter {
        let (step, limits) = (MeterStep::default(), MeterLimits::default());
        let metered = self.context.tasks.meter(task, &step, &limits).await;
        metered.unwrap().totals()
    }

    /// Returns how many summaries are stored, all of all subjects.
    pub(crate) async fn n_summaries(&self) -> usize {
        let kind = RecordKind::Summary;
        let found = self.context.store.records(kind, None, 10_000).await;
        found.unwrap().len()
    }

    pub(crate) async fn summary(&self, n: usize) -> Summary {
        let subject = format!("product:{}", id(n));
        let found = self.context.store.summary(&subject, "en").await.unwrap();
        found.expect("it has a summary")
    }
}

/// Takes items and does them, so many at a time, until there are none; holders that were dropped are known to be gone.
pub(crate) async fn work(context: &Context, concurrency: usize, cancel: &CancellationToken) {
    let mut slots = JoinSet::new();
    for n in 0..concurrency {
        let (context, cancel) = (context.clone(), cancel.clone());
        slots.spawn(async move {
            let owner = format!("worker-{n}-{:x}", fastrand::u64(..));
            while !cancel.is_cancelled() && turn(&context, &owner, &cancel).await.is_some() {}
        });
    }
    while let Some(done) = slots.join_next().await {
        done.unwrap();
    }
}

/// Takes one item and does it; `None` if there is nothing to do.
pub(crate) async fn turn(
    context: &Context,
    owner: &str,
    cancel: &CancellationToken,
) -> Option<ItemEnd> {
    let claimed = claim(context, owner, 600_000).await?;
    let end = run_item(&claimed, context, cancel).await.unwrap();
    let tasks = &context.tasks;
    match &end {
        ItemEnd::Done(result) => tasks.finish_item(&claimed.lease, result).await.unwrap(),
        ItemEnd::Unfinished => tasks.release_item(&claimed.lease).await.unwrap(),
        ItemEnd::Later(pause) => {
            let pause_ms = pause.as_millis() as u64;
            tasks.put_off_item(&claimed.lease, pause_ms).await.unwrap();
        }
    }
    Some(end)
}

pub(crate) async fn claim(context: &Context, owner: &str, ttl_ms: u64) -> Option<ClaimedItem> {
    let own = fingerprint(context.endpoint.as_deref());
    let kinds = [kind(None), kind(Some(&own))];
    let kinds = kinds.each_ref().map(String::as_str);
    context.tasks.claim(&kinds, owner, ttl_ms).await.unwrap()
}

pub(crate) fn config(llm: &FakeLlm) -> EndpointConfig {
    EndpointConfig {
        base_url: llm.base_url(),
        api_key: Some(KEY.to_owned()),
        model: "test-model".to_owned(),
        mode: Mode::JsonSchema,
        max_tokens: 800,
        tokens_field: TokensField::MaxTokens,
        temperature: Some(0.0),
        attempt_timeout: Duration::from_secs(20),
        deadline: Duration::from_secs(60),
        max_tries: 4,
        backoff: Duration::from_millis(1),
        max_retry_after: Duration::from_secs(60),
        max_body_bytes: 1 << 20,
        in_flight: 32,
        requests_per_minute: None,
        tokens_per_minute: None,
        max_failures: 0,
        proxy: None,
        price: Some(Price {
            input_nanos: 150,
            output_nanos: 600,
            currency: "USD".to_owned(),
        }),
    }
}

/// Returns an order of the products 0 to `n_products`, in English, for any agent.
pub(crate) fn order(n_products: usize) -> Order {
    Order {
        subjects: (0..n_products).map(|n| Ask::Product(id(n))).collect(),
        languages: vec![Language::En],
        limits: MeterLimits::default(),
        only: None,
    }
}

/// Returns the same as a command orders it for itself.
pub(crate) fn own_order(world: &World, n_products: usize) -> Order {
    Order {
        only: Some(fingerprint(world.context.endpoint.as_deref())),
        ..order(n_products)
    }
}

pub(crate) fn id(n: usize) -> ProductId {
    format!("shopify:shop.example:{n}").parse().unwrap()
}

pub(crate) fn product(n: usize) -> Product {
    let variant = |index: usize| Variant {
        id: format!("{n}-{index}"),
        title: ["Black", "Brass"][index].to_owned(),
        options: vec![["Black", "Brass"][index].to_owned()],
        sku: None,
        price: Some(Money::new(
            4_900 + 100 * (n as i64) + 1_000 * (index as i64),
            eur(),
        )),
        compare_at: None,
        availability: Availability::Stated(true),
        quantity: None,
    };
    Product {
        id: id(n),
        title: format!("Table lamp no. {n}"),
        handle: format!("lamp-{n}"),
        vendor: "Lumen".to_owned(),
        product_type: "Lamps".to_owned(),
        body_html: format!("<p>A lamp of solid brass, mark w{n}x.</p>"),
        tags: vec!["brass".to_owned()],
        options: vec!["Finish".to_owned()],
        variants: vec![variant(0), variant(1)],
        images: vec!["https://cdn.example/1.jpg".to_owned()],
        url: format!("https://shop.example/products/lamp-{n}"),
        created_at: None,
        published_at: None,
        updated_at: None,
    }
}

pub(crate) fn record(product: Product) -> Record {
    let at = UnixMs::new(1_700_000_000_000);
    Record::Product(Box::new(ProductRecord {
        product,
        first_seen_at: at,
        stored_at: at,
        gone_at: None,
        observations: Vec::new(),
    }))
}

fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

pub(crate) fn ends_of(ends: &[SubjectEnd]) -> Vec<&End> {
    ends.iter().map(|end| &end.end).collect()
}

/// Returns the one reason for which subjects were left or are in the fixed form.
pub(crate) fn code(ends: &[SubjectEnd]) -> String {
    let code = |end: &SubjectEnd| match &end.end {
        End::Left(why) | End::Extractive(Some(why)) => why.code.clone(),
        end => panic!("{end:?}"),
    };
    let first = code(&ends[0]);
    assert!(ends.iter().all(|end| code(end) == first), "{ends:?}");
    first
}
