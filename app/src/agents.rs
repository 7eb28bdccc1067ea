//! Agents at work: their face, what they share, and the workers behind them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use a2a::{Agent, Context, Hub, Served, Trade};
use anyhow::Result;
use catalog::{MeterLimits, Store, TaskStore};
use crawler::fetch::{FetchConfig, Fetcher, Identity};
use futures_util::future::BoxFuture;
use mcp_server::Data;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::llm::BudgetFlags;
use crate::figures::{AtWork, Summaries};
use crate::http::directory::{self, DIRECTORY_PATH};
use crate::http::ops::{self, OpsAddress, Watch};
use crate::http::{self, Auth};
use crate::summaries::{self, Writer};
use crate::worker::{SHORT_GRACE, Work, Worker, forget_old_tasks};
use crate::{App, owner};

/// What is served, and where.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) agents: Vec<&'static Agent>,
    /// Whether the behaviours of the protocol's compatibility kit are there.
    pub(crate) conformance: bool,
    pub(crate) listen: SocketAddr,
    /// Where callers reach it; `None` for the address itself.
    pub(crate) public_url: Option<String>,
    /// Where operators look.
    pub(crate) ops: OpsAddress,
}

/// A face whose addresses are taken.
#[derive(Debug)]
pub(crate) struct Bound {
    face: Face,
    auth: Auth,
    listener: TcpListener,
    /// Where operators look, until somebody answers there.
    ops: Option<TcpListener>,
}

/// Agents that are ready to serve and to work.
#[derive(Debug)]
pub(crate) struct Agents {
    bound: Bound,
    context: Context,
    /// Who asks the shops; `None` for anybody.
    identity: Option<Arc<Identity>>,
    /// Who writes summaries; `None` where no agent does.
    writer: Option<Writer>,
    watch: Watch,
}

impl Face {
    /// Takes the addresses.
    pub(crate) async fn bind(self, app: &App) -> Result<Bound> {
        let auth = Auth::from_config(&app.config.http);
        let listener = http::bind("--listen", self.listen, &auth).await?;
        let ops = ops::bind(self.ops).await?;
        Ok(Bound {
            face: self,
            auth,
            listener,
            ops,
        })
    }
}

impl Bound {
    /// Answers operators from now on.
    pub(crate) fn watch(&mut self, data: Arc<Data>, app: &App) -> Watch {
        Watch::start(self.ops.take(), data, app)
    }
}

impl Agents {
    pub(crate) fn new(
        (bound, watch): (Bound, Watch),
        store: Arc<dyn Store>,
        tasks: Arc<dyn TaskStore>,
        fetching: FetchConfig,
        app: &App,
    ) -> Result<Self> {
        let (clock, config) = (app.clock, app.config.clone());
        let public_url = match &bound.face.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", bound.listener.local_addr()?),
        };
        let identity = fetching.identity.clone();
        let does_summaries = (bound.face.agents.iter()).any(|it| it.trade == Trade::Summarize);
        let writer = does_summaries
            .then(|| Writer::configured(app))
            .transpose()?;
        let context = Context {
            summaries: summaries::context(
                Arc::clone(&store),
                Arc::clone(&tasks),
                writer
                    .as_ref()
                    .unwrap_or(&Writer::Form("no agent writes summaries")),
                app,
            ),
            ranking_sheets: summaries::ranking_sheets(&store, app),
            budget: match &writer {
                Some(Writer::Model(_)) => app.config.llm.limits(BudgetFlags::default())?,
                _ => MeterLimits::default(),
            },
            store,
            hub: Arc::new(Hub::new(Arc::clone(&tasks))),
            tasks,
            fetcher: Arc::new(Fetcher::new(fetching)?),
            now: Arc::new(move || clock.now()),
            currency_of: Arc::new(move |shop| config.currency_of(shop)),
            is_dead: owner::is_dead,
            lease: app.config.agent.lease(),
            stop: app.cancel.clone(),
            public_url,
        };
        let summaries = writer.as_ref().map(|writer| Summaries {
            tally: Arc::clone(&context.summaries.tally),
            currency: writer.currency(),
        });
        watch.at_work(AtWork {
            fetcher: Arc::clone(&context.fetcher),
            summaries,
        });
        Ok(Self {
            bound,
            context,
            identity,
            writer,
            watch,
        })
    }

    pub(crate) const fn context(&self) -> &Context {
        &self.context
    }

    /// Tells a person where everything is, and what to try.
    pub(crate) fn tell(&self, app: &App) {
        let url = &self.context.public_url;
        let names: Vec<&str> = self.bound.face.agents.iter().map(|it| it.name).collect();
        let mut lines = Vec::new();
        if let (Some(_), Ok(address)) = (
            &self.bound.face.public_url,
            self.bound.listener.local_addr(),
        ) {
            lines.push(format!("listening on {address}"));
        }
        lines.extend([
            format!(
                "agents ({}): {url}/.well-known/agent-card.json",
                names.join(", ")
            ),
            format!("store: {}", self.context.store.location()),
        ]);
        let operator = self.identity.as_ref().and_then(|it| it.operator());
        lines.extend(operator.map(|it| {
            format!(
                "requests to shops are signed: {}{DIRECTORY_PATH} must lead to {url}{DIRECTORY_PATH}",
                it.agent()
            )
        }));
        lines.extend(self.writer.as_ref().map(|it| match it {
            Writer::Model(endpoint) => {
                format!("summaries: by {} at {}", endpoint.model(), endpoint.host())
            }
            Writer::Form(why) => format!("summaries: without a language model ({why})"),
        }));
        if self.bound.face.public_url.is_none() && self.bound.face.listen.ip().is_unspecified() {
            lines.push(
                "the cards lead nowhere: say where callers reach this server with --public-url"
                    .to_owned(),
            );
        }
        let token = match self.bound.auth.has_tokens() {
            true => " -H 'Authorization: Bearer TOKEN'",
            false => "",
        };
        let text = match self.bound.face.agents.first().map(|it| it.trade) {
            Some(Trade::Summarize) => "summarize the top 5",
            _ => "https://shop.example",
        };
        lines.push(format!(
            "try: curl {url}/a2a/v1{token} -H 'A2A-Version: 1.0' -H 'Content-Type: application/json' -d \
             '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SendMessage\",\"params\":{{\"message\":{{\"messageId\":\"1\",\
             \"role\":\"ROLE_USER\",\"parts\":[{{\"text\":\"{text}\"}}]}}}}}}'"
        ));
        for line in lines {
            app.screen.note(&line);
        }
    }

    /// Serves and works, with `beside` beside it, until the command is cancelled; then ends in order.
    pub(crate) async fn run(self, app: &App, beside: impl Future<Output = ()>) {
        let Self {
            bound,
            context,
            identity,
            watch,
            ..
        } = self;
        let served = Served {
            agents: bound.face.agents,
            has_auth: bound.auth.has_tokens(),
            conformance: bound.face.conformance,
        };
        let router = a2a::router(&served, &context);
        let (config, cancel) = (&app.config.http, &app.cancel);
        let serve = http::run(
            bound.listener,
            (router, directory::router(identity)),
            &bound.auth,
            config,
            cancel,
        );
        let kinds = a2a::kinds(&served.agents, served.conformance);
        // One that waits for a model keeps no place from one that waits for a shop, nor the other way round.
        let crawls = work(
            (&kinds.crawls, SHORT_GRACE),
            app.config.agent.concurrency,
            &context,
            app,
        );
        let summaries = work(
            (&kinds.summaries, summaries::GRACE),
            app.config.llm.in_flight,
            &context,
            app,
        );
        let forget = forget_old_tasks(context.tasks.as_ref(), app.clock, cancel);
        // It serves the others to the end.
        let is_over = CancellationToken::new();
        let all = async {
            tokio::join!(serve, crawls, summaries, forget, beside);
            is_over.cancel();
        };
        tokio::join!(all, context.hub.run(&is_over));
        watch.end().await;
    }
}

/// Does items of these kinds, so many at a time, until the command is cancelled.
async fn work(
    (kinds, grace): (&[&str], Duration),
    concurrency: usize,
    context: &Context,
    app: &App,
) {
    if kinds.is_empty() {
        return;
    }
    let run = {
        let context = context.clone();
        move |claimed, cancel| -> BoxFuture<'static, _> {
            let context = context.clone();
            Box::pin(async move { a2a::run_item(&claimed, &context, &cancel).await })
        }
    };
    let work = Work {
        kinds: kinds.iter().map(|&it| it.to_owned()).collect(),
        run: Box::new(run),
        grace,
    };
    let worker = Worker {
        tasks: Arc::clone(&context.tasks),
        hub: Arc::clone(&context.hub),
        clock: app.clock,
        owner: owner::new_name(),
        lease: context.lease,
        concurrency,
        work: vec![work],
    };
    worker.run(&app.cancel).await;
}
