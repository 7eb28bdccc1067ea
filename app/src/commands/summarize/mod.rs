//! `trouvaille summarize`: texts about products, shops and lists that say only what the stored facts say.

mod asked;
mod brief;
mod estimate;
mod listed;
mod outcome;
mod reasons;
mod segment;
pub(crate) mod sheets;
mod show;
mod told;
mod work;

use std::path::{Path, PathBuf};

use anyhow::Result;
use catalog::{Language, MeterLimits, Store};
use clap::Args;
use serde_json::{Value, json};
use store::OpenMode;
use summarizer::{Context, Order};

use self::asked::Asked;
use self::brief::Briefs;
use self::outcome::Outcome;
use self::show::Form;
pub(crate) use self::show::{Words, text};
pub(crate) use self::work::{CALLER, carry_out};
use super::rank;
use crate::config::llm::BudgetFlags;
use crate::exit::{Exit, UsageError};
use crate::summaries::{self, Writer};
use crate::{App, output};

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[command(after_help = "Examples:
  trouvaille summarize                               the products of the latest ranking
  trouvaille summarize -k 10 --lang en,fr            the first 10, in two languages
  trouvaille summarize brass-lamp shop:shop.example  a product and a shop
  trouvaille summarize segment:A changes             a group of products, and the last 7 days
  trouvaille summarize --brief                       what wins, why, what changed: ./brief.md
  trouvaille summarize -k 500 --dry-run              what it would cost; sends nothing
  trouvaille summarize -k 500 --max-cost 0.50        stops in time; run it again to go on
  trouvaille summarize --in top_k.csv --out it.jsonl a list, into a file (.md for Markdown)

Every summary is made from numbered facts that are worked out from the store, and each of its claims names those it \
stands on: files and JSON have claims and facts, the readable text has neither. What a language model writes is checked before it is stored: its numbers, prices, dates and names must be \
in the facts that it names, its language must be the one asked for, and it may hold no address and no praise that is \
no fact. A text that fails is sent back once with the reasons; after that the facts themselves are put together \
without a model, and the summary says so. Negations and paraphrases are not checked: what a model writes \
can still mislead.

The model is set in [llm] of the configuration: any endpoint that speaks OpenAI's chat completions will do. Its key \
is best given as TROUVAILLE__LLM__API_KEY. Without a model, or with --extractive, all summaries are made of the \
facts alone, nothing is sent anywhere, and that is no error.

Each summary is stored at once. What did not change is not asked for again: a second run costs nothing, and one that \
was interrupted, killed or out of budget goes on when it is called again. The budget holds for one run, and counts \
repeated requests too; an endpoint that counts more tokens than we estimate can exceed it by the answers in flight. \
Flags come before the configuration, and 0 means no limit. --max-cost needs the model's price \
in [llm.prices].

Exit codes: 0 every subject has a summary, also one without a model, 3 some were left or are not stored, the endpoint \
gave no text at all so that all are made of the facts alone, or it was interrupted, 1 none has one, as where the \
endpoint refused or cannot be reached, 2 wrong usage. With --any-outcome, 0 in place of 3 unless it was interrupted.")]
pub(crate) struct SummarizeArgs {
    /// A product by its product_id, handle or page; shop:HOST; segment:NAME; changes, for the last 7 days; or top-k, for
    /// the latest ranking itself [default: the products of the latest ranking]
    #[arg(value_name = "SUBJECT")]
    subjects: Vec<String>,
    /// How many products of the ranking or of --in, and how many places the brief has [default: 50; all of --in and of
    /// the brief's ranking]
    #[arg(short, value_name = "N", value_parser = rank::places, allow_negative_numbers = true)]
    k: Option<usize>,
    /// The language: en or fr; may be repeated
    #[arg(
        long = "lang",
        value_name = "LANG",
        value_delimiter = ',',
        default_value = "en"
    )]
    languages: Vec<Language>,
    /// Write a brief on the latest ranking in place of its products: what wins, why, and what changed, each sentence
    /// with its facts; products are summarized beside it where they are named; of several languages each has its file,
    /// such as brief.fr.md [default: brief.md]
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "brief.md"
    )]
    brief: Option<PathBuf>,
    /// Tell what the run would ask for and cost, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The most that the run may cost, in the currency of the prices
    #[arg(long, value_name = "X", value_parser = cost, allow_negative_numbers = true)]
    max_cost: Option<f64>,
    /// The most tokens of the run, read and written
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// The most requests of the run
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
    /// Summarize the products of this list, as `rank` wrote it
    #[arg(long = "in", value_name = "top_k.csv", conflicts_with = "subjects")]
    list: Option<PathBuf>,
    /// Where the summaries go, with their claims and facts: JSON lines, or Markdown if it ends with .md; - for standard
    /// output [default: readable text on standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 0 also where some are left, unless interrupted: for pipelines, whose next run goes on with them
    #[arg(long)]
    any_outcome: bool,
    /// Make them of the facts alone, also where a language model is configured
    #[arg(long)]
    extractive: bool,
}

pub(crate) async fn run(args: &SummarizeArgs, app: &App) -> Result<Exit> {
    if args.out.is_some() && args.is_brief_alone() {
        let why = "--out is for the summaries of products, and --brief alone asks for none: give --brief=FILE, or name \
                   the products or --in";
        return Err(UsageError(why.to_owned()).into());
    }
    let limits = app.config.llm.limits(args.budget())?;
    let writer = match (args.extractive, args.dry_run) {
        (true, _) => Writer::Form("--extractive was given"),
        (_, true) => Writer::without_key(app)?,
        (_, false) => Writer::configured(app)?,
    };
    // Nothing is under way yet: the first Ctrl-C ends the command.
    let prepared = tokio::select! {
        prepared = Prepared::find(args, writer, limits, app) => prepared?,
        () = app.cancel.cancelled() => return Ok(Exit::Some),
    };
    if args.dry_run {
        return tokio::select! {
            exit = prepared.estimate(app) => exit,
            () = app.cancel.cancelled() => Ok(Exit::Some),
        };
    }
    let exit = prepared.carry_out(args, app).await?;
    // A budget that ran out would run out again in each further try.
    Ok(match exit {
        Exit::Some if args.any_outcome && !app.cancel.is_cancelled() => Exit::All,
        exit => exit,
    })
}

/// What a run has to do, and by whom.
struct Prepared {
    writer: Writer,
    context: Context,
    order: Order,
    /// Products of a list that are not stored.
    n_unknown: usize,
    briefs: Briefs,
}

impl Prepared {
    async fn find(
        args: &SummarizeArgs,
        writer: Writer,
        limits: MeterLimits,
        app: &App,
    ) -> Result<Self> {
        let uri = app.global.store.as_deref();
        let (store, tasks) = super::open_with_tasks_at(uri, OpenMode::Existing, app).await?;
        let context = summaries::context(store, tasks, &writer, app);
        told::beginning(&writer, &context, app);
        let store = context.store.as_ref();
        let briefs = Briefs::find(args, store, app).await?;
        let Asked {
            mut subjects,
            n_unknown,
        } = asked::find(args, store, app).await?;
        for ask in briefs.asks() {
            if !subjects.contains(&ask) {
                subjects.push(ask);
            }
        }
        let order = Order {
            subjects,
            languages: args.languages(),
            limits,
            only: Some(summaries::own_name(&context)),
        };
        Ok(Self {
            writer,
            context,
            order,
            n_unknown,
            briefs,
        })
    }

    /// Tells what the run would cost.
    async fn estimate(&self, app: &App) -> Result<Exit> {
        let measure = summaries::unasked(app)?;
        let estimate = estimate::estimate(&self.order, &self.context, &measure).await?;
        let (endpoint, limits) = (self.context.endpoint.as_deref(), &self.order.limits);
        match app.global.json {
            true => output::print_json(&estimate.json(endpoint, limits))?,
            false => output::print(&estimate.text(endpoint, limits))?,
        }
        Ok(Exit::All)
    }

    async fn carry_out(&self, args: &SummarizeArgs, app: &App) -> Result<Exit> {
        let store = self.context.store.as_ref();
        let outcome = carry_out(&self.order, &self.context, app).await?;
        let written = self.briefs.write(store).await?;
        let mut totals = told::json(&outcome, &self.writer, &self.context);
        totals["briefs"] = json!(written);
        totals["not_stored"] = json!(self.n_unknown);
        show(args, &self.briefs, &outcome, totals, (store, app)).await?;
        if !app.global.json {
            for path in written {
                output::print(&format!("The brief: {}", path.display()))?;
            }
        }
        told::end(&outcome, &self.writer, app);
        Ok(match outcome.exit() {
            Exit::All if self.n_unknown > 0 => Exit::Some,
            exit => exit,
        })
    }
}

/// Writes the summaries to where they are wanted; those of briefs stand in these.
async fn show(
    args: &SummarizeArgs,
    briefs: &Briefs,
    outcome: &Outcome,
    totals: Value,
    (store, app): (&dyn Store, &App),
) -> Result<()> {
    let (mut stored, stdout) = (outcome.stored(), Path::new("-"));
    stored.retain(|(subject, language)| !briefs.has(subject, *language));
    let Some(path) = &args.out else {
        let form = match app.global.json {
            true => Form::Json,
            false => Form::Text,
        };
        show::write(&stored, store, form, totals, stdout).await?;
        return Ok(());
    };
    if stored.is_empty() {
        let path = path.display();
        app.screen
            .note(&format!("{path} is not written: there is no summary"));
        return match app.global.json {
            true => output::print_json(&json!({ "totals": totals })),
            false => Ok(()),
        };
    }
    let form = Form::of_path(path);
    let n_summaries = show::write(&stored, store, form, Value::Null, path).await?;
    if path == stdout {
        return Ok(());
    }
    let path = output::absolute(path);
    match app.global.json {
        true => output::print_json(&json!({ "out": path, "totals": totals })),
        false => {
            let summaries = output::grouped(n_summaries);
            output::print(&format!("The summaries ({summaries}): {}", path.display()))
        }
    }
}

impl SummarizeArgs {
    /// Returns whether no product is asked for beside the brief.
    const fn is_brief_alone(&self) -> bool {
        self.brief.is_some() && self.subjects.is_empty() && self.list.is_none()
    }

    const fn budget(&self) -> BudgetFlags {
        BudgetFlags {
            max_requests: self.max_requests,
            max_tokens: self.max_tokens,
            // The facts alone cost nothing, and need no price.
            max_cost: if self.extractive {
                Some(0.0)
            } else {
                self.max_cost
            },
        }
    }

    /// Returns the languages, each once.
    fn languages(&self) -> Vec<Language> {
        let mut languages: Vec<Language> = Vec::new();
        for language in &self.languages {
            if !languages.contains(language) {
                languages.push(*language);
            }
        }
        languages
    }
}

fn cost(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(cost) if (0.0..=1e6).contains(&cost) => Ok(cost),
        _ => Err("expected an amount of money such as 0.50, or 0 for no limit".to_owned()),
    }
}
