//! The tools without MCP: the same answers for scripts.

use catalog::Scope;
use serde_json::{Map, Value};

use crate::tools::{TOOLS, tool};
use crate::{Context, ToolError, arguments, untrusted};

/// What came of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Queried {
    /// The answer, as `structuredContent` has it.
    Answer(Value),
    /// What was wrong, as an assistant would be told.
    Error(ToolError),
}

/// A tool as a list of them shows it.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// The name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The schema of its arguments.
    pub input: &'static Map<String, Value>,
    /// Whether it is there only where actions are on.
    pub is_action: bool,
}

/// Returns all tools, in the order in which they are listed.
pub fn tools() -> impl Iterator<Item = Listed> {
    TOOLS.iter().map(|it| Listed {
        name: it.name,
        description: it.description,
        input: &it.input,
        is_action: it.scope == Scope::Crawl,
    })
}

/// Answers a call of `tool` for a caller on this machine.
pub async fn query(name: &str, arguments: Map<String, Value>, context: &Context) -> Queried {
    let Some(tool) = tool(name) else {
        let names: Vec<&str> = TOOLS.iter().map(|it| it.name).collect();
        let message = format!("there is no tool \"{}\"", untrusted::shown(name));
        let error = ToolError::new("unknown_tool", message).next("trouvaille query --list");
        return Queried::Error(error.nearest(arguments::near(name, &names)));
    };
    // Before its arguments are looked at: none would be right.
    if tool.scope == Scope::Crawl && context.crawls.is_none() {
        let error = ToolError::new("actions_off", format!("{name} needs --enable-actions"));
        return Queried::Error(error.next(format!("trouvaille query --enable-actions {name} …")));
    }
    match tool.run(arguments, context, "cli").await {
        Ok(answer) => Queried::Answer(answer.output),
        Err(error) => Queried::Error(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world;

    async fn error(name: &str) -> ToolError {
        match query(name, Map::new(), &world().await).await {
            Queried::Error(error) => error,
            Queried::Answer(answer) => unreachable!("{name} answered {answer}"),
        }
    }

    #[tokio::test]
    async fn a_misspelt_tool_is_answered_with_the_nearest_ones() {
        let error = error("get_top_prodcts").await;
        assert_eq!(
            (error.code, error.nearest[0].as_str()),
            ("unknown_tool", "get_top_products")
        );
        assert!(error.nearest.len() <= 3, "{error:?}");
        assert_eq!(self::error("zzz").await.nearest, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_tool_that_acts_is_refused_before_its_arguments_are_looked_at() {
        for tool in ["request_crawl", "get_crawl_status"] {
            let error = error(tool).await;
            assert_eq!((error.code, error.field), ("actions_off", None));
        }
    }
}
