//! `trouvaille query`: the answers that assistants get, for scripts and for people who are curious.

use std::io::{IsTerminal, Read, stdin, stdout};

use anyhow::{Context, Result, bail};
use clap::Args;
use mcp_server::{Listed, Queried, ToolError};
use serde_json::{Map, Value};

use crate::exit::{Exit, UsageError};
use crate::{App, mcp, output};

/// The longest arguments: many times what a call of a tool takes.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[command(after_help = "Examples:
  trouvaille query --list                           the tools, with what each is for
  trouvaille query get_top_products                 the first places of the latest ranking
  trouvaille query search_products '{\"query\": \"brass lamp\", \"limit\": 5}'
  trouvaille query get_changes '{\"since\": \"7d\", \"kinds\": [\"cheaper\"]}' | jq .changes
  echo '{\"ids\": [\"shop.example/brass-lamp\", \"shop.example/oak-lamp\"]}' | trouvaille query compare_products -
  trouvaille query search_products --schema         what it can be asked, as JSON Schema

Prints the same structure that an assistant gets from `trouvaille mcp`: in lines on a terminal, else on one. What \
shops wrote is in objects named \"untrusted\". A tool's error goes to standard error, with --json also to standard output.

Exit codes: 0 done, 1 there is no answer, such as for a product that is not stored, 2 wrong usage: no such tool, \
an argument that is not as it must be, or no JSON.")]
pub(crate) struct QueryArgs {
    /// The tool, such as search_products
    #[arg(value_name = "TOOL", required_unless_present = "list")]
    tool: Option<String>,
    /// Its arguments as a JSON object, or "-" to read them from standard input [default: {}]
    #[arg(value_name = "JSON")]
    arguments: Option<String>,
    /// List the tools
    #[arg(long, conflicts_with_all = ["tool", "arguments", "schema"])]
    list: bool,
    /// Print the JSON Schema of the tool's arguments
    #[arg(long, conflicts_with = "arguments")]
    schema: bool,
    /// Have shops crawled on request, as `trouvaille mcp --enable-actions`
    #[arg(long)]
    enable_actions: bool,
}

pub(crate) async fn run(args: &QueryArgs, app: &App) -> Result<Exit> {
    let name = args.tool.as_deref().unwrap_or_default();
    if args.list {
        list(app)?;
        return Ok(Exit::All);
    }
    if args.schema
        && let Some(tool) = mcp_server::tools().find(|it| it.name == name)
    {
        print(&Value::Object(tool.input.clone()))?;
        return Ok(Exit::All);
    }
    let arguments = arguments(args.arguments.as_deref())?;
    let cursors = mcp::command_cursor_key(app)?;
    let actions = mcp::actions(args.enable_actions, &[], app);
    let context = mcp::context(&mcp::data(app)?, cursors, actions, app);
    match mcp_server::query(name, arguments, &context).await {
        Queried::Answer(answer) => {
            print(&answer)?;
            Ok(Exit::All)
        }
        Queried::Error(error) => {
            if app.global.json {
                output::print_json(&error)?;
            }
            match error.code {
                "unknown_tool" | "invalid_argument" => Err(UsageError(words(&error)).into()),
                _ => bail!(words(&error)),
            }
        }
    }
}

fn list(app: &App) -> Result<()> {
    let json = |it: &Listed| {
        serde_json::json!({
            "name": it.name, "description": it.description, "needs_actions": it.is_action,
        })
    };
    let tools: Vec<Listed> = mcp_server::tools().collect();
    if app.global.json {
        return output::print_json(&tools.iter().map(json).collect::<Vec<_>>());
    }
    let width = tools.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for tool in &tools {
        let condition = match tool.is_action {
            true => " (with --enable-actions)",
            false => "",
        };
        let sentence = sentence(tool.description);
        output::print(&format!("{:width$}  {sentence}{condition}", tool.name))?;
    }
    Ok(())
}

/// Returns the first sentence of a description.
fn sentence(text: &str) -> &str {
    text.split_once(". ")
        .map_or(text, |(first, _)| first)
        .trim_end_matches('.')
}

fn print(value: &Value) -> Result<()> {
    match stdout().is_terminal() {
        true => output::print(&serde_json::to_string_pretty(value)?),
        false => output::print_json(value),
    }
}

fn arguments(text: Option<&str>) -> Result<Map<String, Value>> {
    let text = match text {
        None => return Ok(Map::new()),
        Some("-") => from_stdin()?,
        Some(text) => text.to_owned(),
    };
    let wrong = |why: &str| {
        UsageError(format!(
            "the arguments are no JSON object such as '{{\"limit\": 5}}': {why}"
        ))
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(wrong("they are JSON of another kind").into()),
        Err(error) => Err(wrong(&error.to_string()).into()),
    }
}

fn from_stdin() -> Result<String> {
    let mut bytes = Vec::new();
    stdin()
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(UsageError(format!(
            "the arguments on standard input are longer than {} KiB",
            MAX_BYTES >> 10
        ))
        .into());
    }
    String::from_utf8(bytes).map_err(|_| {
        UsageError("the arguments on standard input are no UTF-8 text".to_owned()).into()
    })
}

/// Returns an error as a person reads it, on one line.
fn words(error: &ToolError) -> String {
    let mut words = match &error.field {
        Some(field) => format!("{field}: {}", error.message),
        None => error.message.clone(),
    };
    if !error.nearest.is_empty() {
        words.push_str(&format!("; near to it: {}", error.nearest.join(", ")));
    }
    if let Some(next) = &error.next {
        words.push_str(&format!("; next: {next}"));
    }
    words
}
