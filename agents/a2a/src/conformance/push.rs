//! Webhooks of the compatibility kit, in this process alone, told at loopback addresses alone.
//!
//! One attempt for each event. Not what an agent would offer: nothing here outlives the process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use a2a_sdk::{A2AError, TaskPushNotificationConfig};
use catalog::{Task, TaskChange, TaskEvent, TaskId};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use url::{Host, Url};

use crate::handler::invalid;
use crate::lock::lock;
use crate::{Context, wire};

/// The most webhooks of this process.
const MAX_WEBHOOKS: usize = 1_000;

/// The longest delivery.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The webhooks.
#[derive(Debug)]
pub(crate) struct Webhooks {
    context: Context,
    registered: Mutex<BTreeMap<(TaskId, String), Registered>>,
    deliveries: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Registered {
    config: TaskPushNotificationConfig,
    delivery: Option<AbortHandle>,
}

impl Webhooks {
    pub(super) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            registered: Mutex::default(),
            deliveries: Mutex::default(),
        }
    }

    /// Registers a webhook, which is told of what happens to the task from now on.
    pub(crate) fn create(
        &self,
        task: &Task,
        config: TaskPushNotificationConfig,
    ) -> Result<TaskPushNotificationConfig, A2AError> {
        let url = Url::parse(&config.url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| invalid("url", "must be an http or https address"))?;
        let id = config.id.clone().unwrap_or_else(a2a_sdk::new_message_id);
        let config = TaskPushNotificationConfig {
            id: Some(id.clone()),
            task_id: task.id.to_string(),
            ..config
        };
        self.delete(&task.id, &id);
        let mut registered = lock(&self.registered);
        if registered.len() >= MAX_WEBHOOKS {
            return Err(A2AError::unsupported_operation(
                "there are too many webhooks",
            ));
        }
        let delivery = loopback(&url).filter(|_| !task.state.is_terminal());
        let delivery = delivery.map(|address| {
            let webhook = Webhook {
                context: self.context.clone(),
                task: task.id.clone(),
                whose: wire::Whose::of(task),
                address,
                path: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
                config: config.clone(),
            };
            let mut deliveries = lock(&self.deliveries);
            while deliveries.try_join_next().is_some() {}
            deliveries.spawn(webhook.tell_all(task.seq))
        });
        let entry = Registered {
            config: config.clone(),
            delivery,
        };
        registered.insert((task.id.clone(), id), entry);
        Ok(config)
    }

    pub(crate) fn get(&self, task: &TaskId, id: &str) -> Option<TaskPushNotificationConfig> {
        let key = (task.clone(), id.to_owned());
        Some(lock(&self.registered).get(&key)?.config.clone())
    }

    pub(crate) fn list(&self, task: &TaskId) -> Vec<TaskPushNotificationConfig> {
        let registered = lock(&self.registered);
        let of_task = registered.iter().filter(|((of, _), _)| of == task);
        of_task.map(|(_, it)| it.config.clone()).collect()
    }

    pub(crate) fn delete(&self, task: &TaskId, id: &str) {
        let key = (task.clone(), id.to_owned());
        let removed = lock(&self.registered).remove(&key);
        if let Some(delivery) = removed.and_then(|it| it.delivery) {
            delivery.abort();
        }
    }
}

/// One webhook that is told of one task.
struct Webhook {
    context: Context,
    task: TaskId,
    whose: wire::Whose,
    address: SocketAddr,
    path: String,
    config: TaskPushNotificationConfig,
}

impl Webhook {
    async fn tell_all(self, mut after: u64) {
        loop {
            let mut events = self.context.hub.events(&self.task, after);
            let mut is_over = true;
            while let Some(Ok(event)) = events.next().await {
                after = event.seq;
                is_over = ends(&event);
                let told = tokio::time::timeout(TIMEOUT, self.tell(&event)).await;
                if !matches!(told, Ok(Ok(()))) {
                    tracing::warn!("cannot tell the webhook of the task {}", self.task);
                }
            }
            // A task that waits for its caller ends a stream of events, but goes on.
            if is_over {
                return;
            }
        }
    }

    async fn tell(&self, event: &TaskEvent) -> std::io::Result<()> {
        let event = wire::event(&self.whose, event, &self.context.public_url);
        let body = serde_json::to_vec(&event)?;
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(self.head(body.len()).as_bytes()).await?;
        stream.write_all(&body).await?;
        // Nobody reads the answer, but who closes before it is there breaks the request.
        stream.read_exact(&mut [0; 12]).await.map(drop)
    }

    fn head(&self, length: usize) -> String {
        let Self { path, address, .. } = self;
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/a2a+json\r\nContent-Length: {length}\r\n"
        );
        let mut add = |name: &str, value: &str| {
            if value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        };
        if let Some(authentication) = &self.config.authentication {
            let credentials = authentication.credentials.as_deref().unwrap_or_default();
            let scheme = &authentication.scheme;
            add("Authorization", &format!("{scheme} {credentials}"));
        }
        if let Some(token) = &self.config.token {
            add("X-A2A-Notification-Token", token);
        }
        head.push_str("\r\n");
        head
    }
}

fn ends(event: &TaskEvent) -> bool {
    matches!(&event.change, TaskChange::State { state, .. } if state.is_terminal())
}

/// Returns where a webhook is, if it is on this machine.
fn loopback(url: &Url) -> Option<SocketAddr> {
    let ip = match url.host()? {
        Host::Domain("localhost") => [127, 0, 0, 1].into(),
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
        Host::Domain(_) => return None,
    };
    let address = SocketAddr::new(ip, url.port_or_known_default()?);
    (url.scheme() == "http" && ip.is_loopback()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_told() {
        let place = |url: &str| loopback(&Url::parse(url).unwrap()).map(|it| it.to_string());
        assert_eq!(
            place("http://127.0.0.1:9/x").as_deref(),
            Some("127.0.0.1:9")
        );
        assert_eq!(place("http://[::1]/x").as_deref(), Some("[::1]:80"));
        assert_eq!(
            place("http://localhost:81").as_deref(),
            Some("127.0.0.1:81")
        );
        for url in [
            "http://10.0.0.1/",
            "https://127.0.0.1/",
            "http://example.com/",
        ] {
            assert_eq!(place(url), None, "{url}");
        }
    }
}
