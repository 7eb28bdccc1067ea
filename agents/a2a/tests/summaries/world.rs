//! The summarizer over products that are ranked, with a model or without.

use std::sync::Arc;
use std::time::Duration;

use a2a::Context;
use catalog::{
    Availability, Currency, CurrencySource, Language, Money, Platform, PopularitySource, Product,
    ProductId, ProductRecord, RankedRow, Ranking, Record, Shop, ShopRecord, Store, StoreError,
    UnixMs, Variant,
};
use serde_json::{Value, json};
use summarizer::facts::{FactSheet, top_k};
use summarizer::openai::{Endpoint, EndpointConfig, Mode, TokensField};
use testkit::FakeLlm;

use crate::world::World;

/// Returns an agent with so many products, all of them ranked, whose tasks nobody works on.
pub(super) async fn agent(n_products: usize, llm: Option<&FakeLlm>) -> World {
    agent_with(n_products, llm, |_| {}).await
}

/// Returns the same with a context that `change` changed.
pub(super) async fn agent_with(
    n_products: usize,
    llm: Option<&FakeLlm>,
    change: impl FnOnce(&mut Context),
) -> World {
    let world = World::serving("summarizer", None, |context| {
        context.summaries.endpoint = llm.map(endpoint);
        let store = Arc::clone(&context.store);
        context.ranking_sheets = Arc::new(move |k, languages| {
            let store = Arc::clone(&store);
            Box::pin(async move { sheets(store.as_ref(), k, &languages).await })
        });
        change(context);
    })
    .await;
    let store = &world.context.store;
    let shop = Record::Shop(ShopRecord {
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
    });
    let products = (1..=n_products).map(product);
    let records = [shop].into_iter().chain(products);
    store.put_records(records.collect()).await.unwrap();
    if n_products > 0 {
        let ranking = ranking(&world, n_products).await;
        store.save_ranking(&ranking).await.unwrap();
    }
    world
}

/// Returns what is known of the ranking, as far as these tests need it.
async fn sheets(
    store: &dyn Store,
    k: Option<usize>,
    languages: &[Language],
) -> Result<Vec<FactSheet>, StoreError> {
    let Some(mut ranking) = store.latest_ranking().await? else {
        return Ok(Vec::new());
    };
    ranking.rows.truncate(k.unwrap_or(usize::MAX));
    let sheet = |&language| top_k(&ranking, None, &[], language);
    Ok(languages.iter().map(sheet).collect())
}

/// Returns a request for summaries.
pub(super) fn summarize(members: Value) -> Value {
    let mut request = json!({ "schema": "summarize-request/1", "skill": "summarize-products" });
    let Value::Object(members) = members else {
        panic!("no object: {members}");
    };
    request.as_object_mut().unwrap().extend(members);
    request
}

pub(super) fn id(n: usize) -> ProductId {
    format!("shopify:shop.example:{n}").parse().unwrap()
}

pub(super) fn subject(n: usize) -> String {
    format!("product:{}", id(n))
}

fn endpoint(llm: &FakeLlm) -> Arc<Endpoint> {
    let config = EndpointConfig {
        base_url: llm.base_url(),
        api_key: Some("sk-very-secret-1".to_owned()),
        model: "test-model".to_owned(),
        mode: Mode::JsonSchema,
        max_tokens: 800,
        tokens_field: TokensField::MaxTokens,
        temperature: Some(0.0),
        attempt_timeout: Duration::from_secs(20),
        deadline: Duration::from_secs(60),
        max_tries: 2,
        backoff: Duration::from_millis(1),
        max_retry_after: Duration::from_secs(60),
        max_body_bytes: 1 << 20,
        in_flight: 8,
        requests_per_minute: None,
        tokens_per_minute: None,
        max_failures: 0,
        proxy: None,
        price: None,
    };
    Arc::new(Endpoint::new(config).unwrap())
}

async fn ranking(world: &World, n_products: usize) -> Ranking {
    let ids: Vec<ProductId> = (1..=n_products).map(id).collect();
    let rows = world.context.store.product_rows(&ids).await.unwrap();
    let row = |(product, rank): (_, u32)| RankedRow {
        rank,
        score: 1.0 / f64::from(rank),
        coverage: 1.0,
        contributions: vec![1.0 / f64::from(rank)],
        rank_uncapped: None,
        popularity: None,
        stability: None,
        product,
    };
    Ranking {
        at: UnixMs::new(1_790_000_000_000),
        preset: "balanced".to_owned(),
        features: vec!["available_ratio".to_owned()],
        weights: vec![1.0],
        n_ranked: n_products as u64,
        popularity_source: PopularitySource::Unavailable,
        filter: None,
        stability: None,
        rows: rows.into_iter().zip(1..).map(row).collect(),
    }
}

fn product(n: usize) -> Record {
    let at = UnixMs::new(1_780_000_000_000);
    let variant = Variant {
        id: format!("{n}-1"),
        title: "Brass".to_owned(),
        options: vec!["Brass".to_owned()],
        sku: None,
        price: Some(Money::new(4_900 + 100 * n as i64, eur())),
        compare_at: None,
        availability: Availability::Stated(true),
        quantity: None,
    };
    let product = Product {
        id: id(n),
        title: format!("Table lamp no. {n}"),
        handle: format!("lamp-{n}"),
        vendor: "Lumen".to_owned(),
        product_type: "Lamps".to_owned(),
        body_html: "<p>A lamp of solid brass.</p>".to_owned(),
        tags: vec!["brass".to_owned()],
        options: vec!["Finish".to_owned()],
        variants: vec![variant],
        images: Vec::new(),
        url: format!("https://shop.example/products/lamp-{n}"),
        created_at: None,
        published_at: None,
        updated_at: None,
    };
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
