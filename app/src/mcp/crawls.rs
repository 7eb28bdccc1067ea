//! Crawls that assistants ask for: durable tasks, as other agents make them, which the workers of `serve` and `agent`
//! do. An assistant may be steered by what it reads, so that it chooses among shops and never names an address.

use std::sync::Arc;

use catalog::{
    CreatedTask, NewTask, Outcome, Shop, ShopKey, ShopRecord, Store, Task, TaskFilter, TaskId,
    TaskState, TaskStore, UnixMs,
};
use mcp_server::{CrawlAnswer, CrawlOrder, CrawlState, Crawls, Data, Refused};
use url::Url;
use xxhash_rust::xxh3::xxh3_128;

use super::{Actions, refused};
use crate::App;
use crate::clock::Clock;

/// The agent whose tasks these are.
const AGENT: &str = "shopify";

/// The most crawls of one caller that have not ended.
const MAX_OPEN: u64 = 20;

/// The states of a crawl that has not ended.
const OPEN: [TaskState; 2] = [TaskState::Submitted, TaskState::Working];

/// Returns who has shops crawled.
pub(super) fn on_request(data: &Arc<Data>, actions: Actions, app: &App) -> Arc<OnRequest> {
    Arc::new(OnRequest {
        data: Arc::clone(data),
        actions,
        hosts: app.config.mcp.crawl_hosts(),
        again_ms: app.config.mcp.crawl_again_ms(),
        clock: app.clock,
    })
}

#[derive(Debug)]
pub(super) struct OnRequest {
    data: Arc<Data>,
    actions: Actions,
    /// Shops that may be crawled, whether they are stored or not.
    hosts: Vec<Shop>,
    /// So long after a shop's last crawl it is not crawled again.
    again_ms: i64,
    clock: Clock,
}

#[async_trait::async_trait]
impl Crawls for OnRequest {
    async fn request(&self, order: &CrawlOrder) -> Result<CrawlAnswer, Refused> {
        let opened = self.data.opened().await.map_err(refused)?;
        let tasks = opened.tasks.as_ref();
        let shop = self.shop(&order.shop).await?;
        if let Some(open) = open_task(&shop.key, tasks).await? {
            return asked_already(&open, &shop.key, order);
        }
        self.check_again(&shop.key, opened.store.as_ref()).await?;
        check_open(&order.caller, tasks).await?;
        let last = newest_task(&shop.key, None, tasks).await?;
        let task = new_task(&shop, last.as_ref(), order, self.clock.now())?;
        match tasks.create_task(&task).await.map_err(refused)? {
            CreatedTask::New(task) => Ok(answer(&task, &shop.key, waiting(&task))),
            CreatedTask::Same(task) => asked_already(&task, &shop.key, order),
            CreatedTask::KeyTaken => Err(Refused {
                code: "busy",
                message: "the crawl could not be asked for".to_owned(),
                next: Some("call again in a moment".to_owned()),
            }),
        }
    }

    async fn status(&self, id: &str, caller: &str) -> Result<CrawlAnswer, Refused> {
        let opened = self.data.opened().await.map_err(refused)?;
        let id = TaskId::new(id).map_err(|_| no_crawl())?;
        let task = opened.tasks.task(&id).await.map_err(refused)?;
        let is_own = |it: &Task| it.caller == caller && it.agent == AGENT;
        let task = task.filter(is_own).ok_or_else(no_crawl)?;
        let items = opened.tasks.items(&id).await.map_err(refused)?;
        Ok(told(&task, &a2a::shop_crawls(&items)))
    }
}

impl OnRequest {
    /// Returns the shop that is meant, as it is stored or configured: its address is never the caller's.
    async fn shop(&self, text: &str) -> Result<Shop, Refused> {
        let key = crate::cli::shop_key(text.trim()).map_err(|_| no_shop())?;
        let stored = self.data.shop(&key).await.map_err(refused)?;
        if stored.as_ref().is_some_and(|it| it.is_paused) {
            return Err(paused(&key));
        }
        let stored = stored.map(|ShopRecord { shop, .. }| shop);
        let is_without_address = stored.as_ref().is_some_and(|it| it.url.is_empty());
        let configured = self.hosts.iter().find(|it| it.key == key).cloned();
        let shop = stored
            .filter(|it| !it.url.is_empty())
            .or(configured)
            .ok_or_else(|| match is_without_address {
                true => no_address(),
                false => not_allowed(),
            })?;
        let url = Url::parse(&shop.url).map_err(|_| no_shop())?;
        let Actions {
            allow_private,
            allow_ports,
        } = &self.actions;
        crawler::fetch::check_address(&url, allow_private, allow_ports)
            .map_err(|_| private_address())?;
        Ok(shop)
    }

    /// Refuses a crawl of a shop that was crawled a short time ago, whoever had it done: its owner is asked once.
    async fn check_again(&self, shop: &ShopKey, store: &dyn Store) -> Result<(), Refused> {
        let last = store.crawls(Some(shop), 1).await.map_err(refused)?.pop();
        let Some(ended) = last.and_then(|it| it.finished_at) else {
            return Ok(());
        };
        let again = UnixMs::new(ended.ms().saturating_add(self.again_ms));
        match self.clock.now() < again {
            true => Err(crawled_lately(ended, again)),
            false => Ok(()),
        }
    }
}

/// Returns the crawl of a shop that is under way, whoever asked for it here.
async fn open_task(shop: &ShopKey, tasks: &dyn TaskStore) -> Result<Option<Task>, Refused> {
    for state in OPEN {
        if let Some(open) = newest_task(shop, Some(state), tasks).await? {
            return Ok(Some(open));
        }
    }
    Ok(None)
}

/// Returns the newest task by which a shop was crawled here, of this state or any.
async fn newest_task(
    shop: &ShopKey,
    state: Option<TaskState>,
    tasks: &dyn TaskStore,
) -> Result<Option<Task>, Refused> {
    let filter = TaskFilter {
        context: Some(context_of(shop)),
        state,
        ..TaskFilter::default()
    };
    let page = tasks.tasks(&filter, None, 1, false).await;
    Ok(page.map_err(refused)?.tasks.pop())
}

/// Answers with a crawl that was asked for before. Whose it is and its id are for nobody but its caller.
fn asked_already(task: &Task, shop: &ShopKey, order: &CrawlOrder) -> Result<CrawlAnswer, Refused> {
    if task.caller != order.caller {
        return Err(under_way());
    }
    let note = "it was asked for already, and this is that crawl".to_owned();
    Ok(answer(task, shop, Some(note)))
}

/// Refuses another crawl of a caller who has many under way.
async fn check_open(caller: &str, tasks: &dyn TaskStore) -> Result<(), Refused> {
    let (mut n_open, mut newest) = (0, None);
    for state in OPEN {
        let filter = TaskFilter {
            agent: Some(AGENT.to_owned()),
            caller: Some(caller.to_owned()),
            state: Some(state),
            ..TaskFilter::default()
        };
        let page = tasks.tasks(&filter, None, 1, false).await;
        let page = page.map_err(refused)?;
        n_open += page.n_total;
        newest = page.tasks.into_iter().next().or(newest);
    }
    if n_open < MAX_OPEN {
        return Ok(());
    }
    Err(Refused {
        code: "too_many_crawls",
        message: format!(
            "{n_open} of your crawls have not ended, and more than {MAX_OPEN} may not be under way"
        ),
        next: newest.map(|it| format!("get_crawl_status {{\"crawl_id\":\"{}\"}}", it.id)),
    })
}

/// Returns the task that crawls `shop`. Two that are asked for at one moment, behind the same last one, have one name,
/// and are one.
fn new_task(
    shop: &Shop,
    last: Option<&Task>,
    order: &CrawlOrder,
    now: UnixMs,
) -> Result<NewTask, Refused> {
    let last = last.map_or("", |it| it.id.as_str());
    let name = format!("{}\n{last}", shop.key.as_str());
    let name = format!("crawl-{:032x}", xxh3_128(name.as_bytes()));
    let (message, items) = a2a::crawl_of(shop, order.depth);
    Ok(NewTask {
        id: TaskId::new(name).map_err(|_| no_crawl())?,
        agent: AGENT.to_owned(),
        caller: order.caller.clone(),
        context: context_of(&shop.key),
        state: TaskState::Submitted,
        note: None,
        message,
        items,
        idempotency: None,
        at: now,
    })
}

/// Returns what the tasks of a shop that were asked for here are known by.
fn context_of(shop: &ShopKey) -> String {
    // Not the key itself: a host may be longer than a name.
    format!("request_crawl-{:032x}", xxh3_128(shop.as_str().as_bytes()))
}

fn answer(task: &Task, shop: &ShopKey, note: Option<String>) -> CrawlAnswer {
    CrawlAnswer {
        id: task.id.to_string(),
        shops: vec![shop.as_str().to_owned()],
        state: state(task, &[]),
        created_at: task.created_at,
        moved_at: task.state_at,
        note,
    }
}

/// Returns how a task stands. What its notes say may be a shop's words: only what is counted here is told.
fn told(task: &Task, crawls: &[a2a::ShopCrawl]) -> CrawlAnswer {
    let shops = crawls.iter().take(5);
    CrawlAnswer {
        id: task.id.to_string(),
        shops: shops.map(|it| it.shop.as_str().to_owned()).collect(),
        state: state(task, crawls),
        created_at: task.created_at,
        moved_at: task.state_at,
        note: waiting(task)
            .or_else(|| so_far(task))
            .or_else(|| end(crawls)),
    }
}

fn state(task: &Task, crawls: &[a2a::ShopCrawl]) -> CrawlState {
    let is_whole = |it: &a2a::ShopCrawl| it.outcome.as_ref().is_some_and(Outcome::is_done);
    match task.state {
        TaskState::Submitted => CrawlState::Waiting,
        TaskState::Working => CrawlState::Running,
        TaskState::Completed if crawls.iter().all(is_whole) => CrawlState::Complete,
        TaskState::Completed => CrawlState::Partial,
        TaskState::Canceled => CrawlState::Cancelled,
        // What it waits for, such as a shop's password, is not taken here.
        TaskState::InputRequired
        | TaskState::AuthRequired
        | TaskState::Failed
        | TaskState::Rejected => CrawlState::Failed,
    }
}

fn waiting(task: &Task) -> Option<String> {
    let words = "it waits for a worker: `trouvaille serve` or `trouvaille agent shopify` on the same store crawls it";
    (task.state == TaskState::Submitted).then(|| words.to_owned())
}

fn so_far(task: &Task) -> Option<String> {
    let figure = |name: &str| task.data.as_ref()?.get(name)?.as_u64();
    let (page, n_products) = (figure("page")?, figure("products")?);
    (task.state == TaskState::Working).then(|| format!("page {page}, {n_products} products so far"))
}

fn end(crawls: &[a2a::ShopCrawl]) -> Option<String> {
    let [crawl] = crawls else {
        let n_done = crawls.iter().filter(|it| it.outcome.is_some()).count();
        return (!crawls.is_empty()).then(|| format!("{n_done} of {} shops", crawls.len()));
    };
    let outcome = crawl.outcome.as_ref()?.word();
    let why = crawl
        .code
        .as_ref()
        .map_or(String::new(), |it| format!(" ({it})"));
    let it = &crawl.counts;
    Some(format!(
        "{outcome}{why}: {} products on {} pages, {} new, {} changed, {} gone",
        it.products, it.pages, it.new, it.changed, it.gone
    ))
}

fn no_shop() -> Refused {
    Refused {
        code: "invalid_shop",
        message: "shop is no shop's address or host such as shop.example".to_owned(),
        next: Some("list_shops {}".to_owned()),
    }
}

fn not_allowed() -> Refused {
    Refused {
        code: "host_not_allowed",
        message: "only shops that are stored, and those of mcp.crawl_hosts in the server's configuration, are \
                  crawled on request"
            .to_owned(),
        next: Some("list_shops {}".to_owned()),
    }
}

/// Refuses a shop of files that did not say where it is.
fn no_address() -> Refused {
    Refused {
        code: "no_address",
        message: "this shop was imported without an address, so that it cannot be crawled under this name".to_owned(),
        next: Some("trouvaille crawl https://SHOP".to_owned()),
    }
}

fn under_way() -> Refused {
    Refused {
        code: "crawl_under_way",
        message: "a crawl of this shop is under way, which another caller asked for".to_owned(),
        next: Some("list_shops {} in a few minutes, which says when it ended".to_owned()),
    }
}

fn crawled_lately(ended: UnixMs, again: UnixMs) -> Refused {
    Refused {
        code: "crawled_lately",
        message: format!(
            "this shop was crawled until {ended}, and is not crawled again before {again}"
        ),
        next: Some("list_shops {}, which says how that crawl ended".to_owned()),
    }
}

fn private_address() -> Refused {
    Refused {
        code: "private_address",
        message: "this shop is on a private address, which is not crawled on request unless crawl.allow_private in \
                  the server's configuration has its network"
            .to_owned(),
        next: Some("list_shops {}".to_owned()),
    }
}

fn paused(shop: &ShopKey) -> Refused {
    Refused {
        code: "shop_paused",
        message: "whoever runs this server paused the shop".to_owned(),
        next: Some(format!("trouvaille shops resume {}", shop.shown())),
    }
}

fn no_crawl() -> Refused {
    Refused {
        code: "unknown_crawl",
        message: "none of the crawls that you asked for has this id".to_owned(),
        next: Some("request_crawl {\"shop\":\"HOST\"} answers with an id".to_owned()),
    }
}
