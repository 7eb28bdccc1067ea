//! `trouvaille crawl --via`: the crawl is sent to an agent, and followed here.

mod heard;
mod probe;
mod summary;
mod told;

use std::borrow::Cow;
use std::net::IpAddr;

use a2a::client::{ClientError, Follow, News, Patience, RemoteAgent, RemoteTask, Reply};
use anyhow::Result;
use catalog::{CrawlReport, Shop, TaskChange, TaskState};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use self::heard::Heard;
use super::{CrawlArgs, Rate};
use crate::App;
use crate::commands::reports;
use crate::exit::{Exit, UsageError};
use crate::{output, shop_list};

/// What an agent must be able to do.
const SKILL: &str = "crawl-catalog";

/// Crawls by the agent at `address`. Nothing is stored on this side.
pub(super) async fn run(address: &str, args: &CrawlArgs, app: &App) -> Result<Exit> {
    let shops = wanted(args)?;
    let address = with_scheme(address);
    let beginning = async {
        let agent = find(&address, app).await?;
        probe::all(&shops, &agent, app).await?;
        Ok::<_, anyhow::Error>(agent)
    };
    // Nothing is under way yet: the first Ctrl-C ends the command.
    let agent = tokio::select! {
        agent = beginning => agent?,
        () = app.cancel.cancelled() => {
            print(&Heard::default().reports(&shops, app), args, app)?;
            return Ok(Exit::Some);
        }
    };
    let reply = agent.start(&request(&shops, args)).await;
    let mut follow = match reply.map_err(explained)? {
        Reply::Task(follow) => follow,
        Reply::Answer(answer) => {
            let words = told::words(&answer);
            anyhow::bail!("{} did not begin to crawl: {words}", agent.name());
        }
    };
    app.screen
        .note(&format!("task {}", told::one_line(&follow.task().id)));
    let heard = follow_to_its_end(&mut follow, &shops, app).await?;
    conclude(follow.task(), &heard, &shops, args, app)
}

/// Returns an address as a URL also where it is `HOST:PORT` of this machine. Whether a token may go to another one
/// without TLS is not for us to choose.
fn with_scheme(address: &str) -> Cow<'_, str> {
    let is_local = |host: &str| {
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    };
    match address.rsplit_once(':') {
        Some((host, port)) if is_local(host) && port.parse::<u16>().is_ok() => {
            Cow::Owned(format!("http://{address}"))
        }
        _ => Cow::Borrowed(address),
    }
}

/// Returns the shops that are asked for, and refuses what an agent cannot be told.
fn wanted(args: &CrawlArgs) -> Result<Vec<Shop>, UsageError> {
    let refusals = [
        (
            args.all,
            "--all means the shops of this machine's store, and the agent has its own: name the shops, or use --from",
        ),
        (
            !args.allow_private.is_empty(),
            "--allow-private does not reach an agent: it is the agent that is started with it",
        ),
        (
            args.rps == Some(Rate::Unlimited),
            "--rps unlimited does not reach an agent: a request can make it slower, never faster",
        ),
    ];
    if let Some((_, why)) = refusals.iter().find(|(is_given, _)| *is_given) {
        return Err(UsageError(format!("with --via: {why}")));
    }
    let mut shops = shop_list::named(&args.shops, args.from.as_deref())?;
    if shops.is_empty() {
        return Err(UsageError(
            "no shops: name their URLs, or use --from FILE".to_owned(),
        ));
    }
    shops.sort_by(|one, two| one.key.cmp(&two.key));
    shops.dedup_by(|one, two| one.key == two.key);
    if shops.len() > a2a::MAX_STORES {
        let (n_shops, most) = (shops.len(), a2a::MAX_STORES);
        return Err(UsageError(format!(
            "with --via: {n_shops} shops, and a request takes {most} at most: use several commands"
        )));
    }
    Ok(shops)
}

async fn find(address: &str, app: &App) -> Result<RemoteAgent> {
    let token = app.config.agent.token();
    let agent = RemoteAgent::connect(address, token, Patience::default())
        .await
        .map_err(explained)?;
    let name = told::one_line(agent.name());
    let (version, url) = (told::one_line(agent.version()), agent.url());
    app.screen.note(&format!("{name} {version} at {url}"));
    if !agent.skills().any(|skill| skill == SKILL) {
        let skills: Vec<_> = agent.skills().take(10).map(told::one_line).collect();
        let others = match skills.is_empty() {
            true => "its card names none".to_owned(),
            false => format!("it has {}", skills.join(", ")),
        };
        anyhow::bail!("{name} has no skill {SKILL}: {others}");
    }
    Ok(agent)
}

fn request(shops: &[Shop], args: &CrawlArgs) -> Value {
    let stores: Vec<&str> = shops.iter().map(|shop| shop.url.as_str()).collect();
    let mut request = json!({ "schema": "crawl-request/1", "skill": SKILL, "stores": stores });
    if let Some(n_pages) = args.max_pages {
        request["maxPages"] = json!(n_pages);
    }
    if let Some(Rate::PerSecond(rate)) = args.rps {
        request["rate"] = json!({ "rps": rate });
    }
    request
}

/// Shows what happens to the task until nothing more does; Ctrl-C makes the agent stop.
async fn follow_to_its_end(follow: &mut Follow<'_>, shops: &[Shop], app: &App) -> Result<Heard> {
    let bar = app.screen.bar(shops.len() as u64, "shops");
    let mut heard = Heard::default();
    let mut is_broken = false;
    let ended = loop {
        let news = tokio::select! {
            news = follow.next() => news,
            () = app.cancel.cancelled() => break stop(follow).await,
        };
        match news {
            Ok(Some(news)) => {
                let was_broken = std::mem::replace(&mut is_broken, matches!(news, News::Broken(_)));
                if was_broken && !is_broken {
                    app.screen.note("the agent is connected again");
                }
                show(&news, follow.task(), &bar, app);
                heard.take(follow.task().progress.as_ref());
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(left_alone(error, follow.task())),
        }
    };
    heard.take(follow.task().progress.as_ref());
    bar.finish_and_clear();
    ended.map(|()| heard)
}

async fn stop(follow: &mut Follow<'_>) -> Result<()> {
    let id = follow.task().id.clone();
    follow.cancel().await.map_err(|error| {
        anyhow::anyhow!("cannot stop task {id} at the agent, where it goes on: {error}")
    })
}

/// Explains the end of following a task that has not ended itself.
fn left_alone(error: ClientError, task: &RemoteTask) -> anyhow::Error {
    let id = told::one_line(&task.id);
    explained(error).context(format!("cannot follow task {id} any further"))
}

fn show(news: &News, task: &RemoteTask, bar: &ProgressBar, app: &App) {
    match news {
        News::Broken(why) => {
            app.screen
                .note("lost the connection to the agent; trying again");
            tracing::info!("the connection broke: {}", told::one_line(why));
        }
        News::Snapshot
        | News::Change {
            change: TaskChange::State { .. },
            ..
        } => show_progress(task, bar),
        News::Change {
            change: TaskChange::Artifact { artifact, .. },
            ..
        } => tracing::info!("result {} is there", told::one_line(&artifact.id)),
    }
    if let News::Change { seq: Some(seq), .. } = news {
        tracing::debug!(task = %task.id, seq, "event {seq} of the task");
    }
}

fn show_progress(task: &RemoteTask, bar: &ProgressBar) {
    let Some(progress) = &task.progress else {
        bar.set_message(task.note.as_deref().map(told::one_line).unwrap_or_default());
        return;
    };
    let count = |name: &str| progress.get(name).and_then(Value::as_u64);
    if let Some(n_done) = count("storesDone") {
        bar.set_position(n_done);
    }
    if let (Some(page), Some(n_products)) = (count("page"), count("products")) {
        let shop = progress.get("store").and_then(Value::as_str).unwrap_or("");
        let (shop, products) = (told::one_line(shop), output::grouped(n_products));
        let message = format!("{shop}: page {page}, {products} products");
        tracing::info!("{message}");
        bar.set_message(message);
    }
}

/// Prints records, and writes them where they are wanted.
fn print(crawl_reports: &[CrawlReport], args: &CrawlArgs, app: &App) -> Result<()> {
    if !crawl_reports.is_empty() || app.global.json {
        reports::print(crawl_reports, app)?;
    }
    if let Some(path) = &args.out {
        let json = serde_json::to_vec_pretty(crawl_reports)?;
        output::write_to(path, |out| out.write_all(&json))?;
    }
    Ok(())
}

/// Prints how the shops ended, and where the results are.
fn conclude(
    task: &RemoteTask,
    heard: &Heard,
    shops: &[Shop],
    args: &CrawlArgs,
    app: &App,
) -> Result<Exit> {
    let mut crawl_reports = summary::reports(task, shops, app);
    if crawl_reports.is_empty() && task.state == TaskState::Canceled {
        crawl_reports = heard.reports(shops, app);
    }
    print(&crawl_reports, args, app)?;
    let n_told = crawl_reports.len();
    if n_told > 0 && n_told < shops.len() {
        let n_others = output::counted((shops.len() - n_told) as u64, "more shop");
        app.screen.note(&format!(
            "{n_others}: the agent's summary has no room for all"
        ));
    }
    for (name, url) in task.links() {
        let name = name.map(told::one_line);
        let name = name.as_deref().unwrap_or("result");
        app.screen.note(&format!("{name}: {}", told::one_line(url)));
    }
    if let Some(words) = told::end_of(task) {
        app.screen.note(&words);
    }
    Ok(summary::exit(
        task,
        &crawl_reports,
        shops,
        app.cancel.is_cancelled(),
    ))
}

/// Says of an error what the user can do about it.
fn explained(error: ClientError) -> anyhow::Error {
    const WHERE: &str =
        "TROUVAILLE__AGENT__TOKEN in the environment, or agent.token in the configuration";
    match error {
        ClientError::Address(_) => UsageError(format!("--via: {error}")).into(),
        ClientError::NeedsToken { .. } => anyhow::anyhow!("{error}: set {WHERE}"),
        ClientError::WrongToken { .. } => anyhow::anyhow!("{error}: look at {WHERE}"),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine_needs_no_scheme() {
        for (address, url) in [
            ("127.0.0.1:8800", "http://127.0.0.1:8800"),
            ("localhost:8800", "http://localhost:8800"),
            ("[::1]:8800", "http://[::1]:8800"),
            ("agents.example:8800", "agents.example:8800"),
            ("https://agents.example", "https://agents.example"),
            ("8800", "8800"),
        ] {
            assert_eq!(with_scheme(address), url);
        }
    }
}
