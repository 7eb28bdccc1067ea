//! How clients are told of the server: what to write, and where. Paths are absolute, since clients start servers
//! anywhere.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;

use crate::exit::UsageError;
use crate::mcp::url_at;
use crate::{App, output};

/// What a client says who it is with; the person writes the token.
const BEARER: &str = "Bearer TOKEN";

/// A client whose configuration is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Client {
    ClaudeDesktop,
    ClaudeCode,
    Vscode,
    Cursor,
    Inspector,
    Codex,
    Gemini,
    Windsurf,
    Zed,
}

/// Prints what makes `client` start the server to standard output, and where it belongs to standard error.
pub(super) fn print(client: Client, with_actions: bool, app: &App) -> Result<()> {
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let program = program.to_str().context(
        "the path of this program is no UTF-8 text, which no client's configuration can hold",
    )?;
    let args = args(with_actions, app)?;
    output::print(&client.snippet(program, &args))?;
    app.screen.note(client.place());
    let left_out = app.config.left_out_of_arguments();
    if !left_out.is_empty() {
        app.screen.note(&format!(
            "clients start the server without {}, set in this environment: write what it says into the client's own \
             `env`, or into a configuration file",
            left_out.join(", ")
        ));
    }
    Ok(())
}

/// Prints what makes `client` call a server that runs at `address`, or at the configured one.
pub(super) fn print_http(client: Client, address: Option<SocketAddr>, app: &App) -> Result<()> {
    let mcp = &app.config.mcp;
    let url = url_at(address.unwrap_or(mcp.listen), &mcp.allowed_hosts);
    let has_tokens = !app.config.http.tokens().is_empty();
    let Some(snippet) = client.snippet_of_url(&url, has_tokens) else {
        return Err(UsageError(format!(
            "this client's configuration has no place for an address: leave --http out, or give it {url} in its window"
        ))
        .into());
    };
    output::print(&snippet)?;
    app.screen.note(client.place());
    if has_tokens {
        app.screen.note("write a token of http.tokens for TOKEN");
    }
    Ok(())
}

/// Returns the arguments that lead to this configuration and this store from any folder. A password is not among them.
fn args(with_actions: bool, app: &App) -> Result<Vec<String>> {
    let mut args = vec!["mcp".to_owned()];
    if let Some(config) = &app.global.config {
        args.extend(["--config".to_owned(), absolute(config)]);
    }
    let uri = app.config.shown_store_uri(app.global.store.as_deref())?;
    args.extend(["--store".to_owned(), absolute_uri(&uri)]);
    if with_actions {
        args.push("--enable-actions".to_owned());
    }
    Ok(args)
}

/// Returns a store's address that means the same from any folder.
fn absolute_uri(uri: &str) -> String {
    match uri.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with(':') => {
            let path = path.strip_prefix("//").unwrap_or(path);
            format!("sqlite:{}", absolute(Path::new(path)))
        }
        _ => uri.to_owned(),
    }
}

fn absolute(path: &Path) -> String {
    output::absolute(path).display().to_string()
}

impl Client {
    fn snippet(self, program: &str, args: &[String]) -> String {
        let server = json!({ "command": program, "args": args });
        let typed = json!({ "type": "stdio", "command": program, "args": args });
        let json = match self {
            Self::ClaudeCode => {
                return format!(
                    "claude mcp add --scope user trouvaille -- {}",
                    words(program, args)
                );
            }
            Self::Inspector => {
                return format!(
                    "npx @modelcontextprotocol/inspector {}",
                    words(program, args)
                );
            }
            Self::Codex => return toml(program, args),
            Self::ClaudeDesktop | Self::Cursor | Self::Gemini | Self::Windsurf => {
                json!({ "mcpServers": { "trouvaille": server } })
            }
            Self::Vscode => json!({ "servers": { "trouvaille": typed } }),
            Self::Zed => json!({ "context_servers": { "trouvaille": server } }),
        };
        format!("{json:#}")
    }

    /// Returns what makes the client call a server, where it takes an address.
    fn snippet_of_url(self, url: &str, has_tokens: bool) -> Option<String> {
        let server = |key: &str, kind: Option<&str>| {
            let mut server = json!({ key: url });
            if let Some(kind) = kind {
                server["type"] = kind.into();
            }
            if has_tokens {
                server["headers"] = json!({ "Authorization": BEARER });
            }
            server
        };
        let json = match self {
            Self::ClaudeDesktop | Self::Inspector => return None,
            Self::ClaudeCode => {
                let mut args = ["mcp", "add", "--scope", "user", "--transport", "http"]
                    .map(str::to_owned)
                    .to_vec();
                args.extend(["trouvaille".to_owned(), url.to_owned()]);
                if has_tokens {
                    args.extend(["--header".to_owned(), format!("Authorization: {BEARER}")]);
                }
                return Some(words("claude", &args));
            }
            Self::Codex => {
                let mut server = toml::Table::from_iter([("url".to_owned(), url.into())]);
                if has_tokens {
                    let headers =
                        toml::Table::from_iter([("Authorization".to_owned(), BEARER.into())]);
                    server.insert("http_headers".to_owned(), headers.into());
                }
                let servers = toml::Table::from_iter([("trouvaille".to_owned(), server.into())]);
                return Some(
                    toml::Table::from_iter([("mcp_servers".to_owned(), servers.into())])
                        .to_string(),
                );
            }
            Self::Vscode => json!({ "servers": { "trouvaille": server("url", Some("http")) } }),
            Self::Cursor => json!({ "mcpServers": { "trouvaille": server("url", None) } }),
            Self::Gemini => json!({ "mcpServers": { "trouvaille": server("httpUrl", None) } }),
            Self::Windsurf => json!({ "mcpServers": { "trouvaille": server("serverUrl", None) } }),
            Self::Zed => json!({ "context_servers": { "trouvaille": server("url", None) } }),
        };
        Some(format!("{json:#}"))
    }

    /// Returns where the snippet belongs, for a person.
    const fn place(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => {
                "put this into claude_desktop_config.json (Settings > Developer > Edit Config; on macOS in \
                 ~/Library/Application Support/Claude/, on Windows in %APPDATA%\\Claude\\, on Linux in ~/.config/Claude/), \
                 then start Claude again"
            }
            Self::ClaudeCode => "run this command; `claude mcp list` shows whether it worked",
            Self::Vscode => {
                "put this into .vscode/mcp.json of a workspace, or into the file that the command \"MCP: Open User \
                 Configuration\" opens"
            }
            Self::Cursor => {
                "put this into ~/.cursor/mcp.json, or into .cursor/mcp.json of a project"
            }
            Self::Inspector => "run this command; it opens a page in the browser",
            Self::Codex => "put this into ~/.codex/config.toml",
            Self::Gemini => {
                "put this into ~/.gemini/settings.json, or into .gemini/settings.json of a project"
            }
            Self::Windsurf => "put this into ~/.codeium/windsurf/mcp_config.json",
            Self::Zed => "put this into ~/.config/zed/settings.json",
        }
    }
}

/// Returns a command line for a shell.
fn words(program: &str, args: &[String]) -> String {
    let words = std::iter::once(program).chain(args.iter().map(String::as_str));
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=@,+%".contains(it);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn toml(program: &str, args: &[String]) -> String {
    let server = toml::Table::from_iter([
        ("command".to_owned(), toml::Value::from(program)),
        ("args".to_owned(), toml::Value::from(args.to_vec())),
    ]);
    format!("[mcp_servers.trouvaille]\n{server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_means_the_same_from_any_folder() {
        let here = std::env::current_dir().unwrap();
        let here = here.display();
        for (uri, absolute) in [
            ("sqlite:x.db", format!("sqlite:{here}/x.db")),
            ("sqlite:./x.db", format!("sqlite:{here}/x.db")),
            ("sqlite:/a/x.db", "sqlite:/a/x.db".to_owned()),
            ("sqlite:///a/x.db", "sqlite:/a/x.db".to_owned()),
            ("sqlite::memory:", "sqlite::memory:".to_owned()),
            ("mongodb://ann@h/d", "mongodb://ann@h/d".to_owned()),
        ] {
            assert_eq!(absolute_uri(uri), absolute);
        }
    }

    #[test]
    fn clients_that_take_an_address_get_one_and_a_place_for_a_token() {
        let url = "http://127.0.0.1:8900/mcp";
        for client in Client::value_variants() {
            let takes_one = !matches!(client, Client::ClaudeDesktop | Client::Inspector);
            let bare = client.snippet_of_url(url, false);
            assert_eq!(bare.is_some(), takes_one, "{client:?}");
            assert!(bare.is_none_or(|it| it.contains(url) && !it.contains("TOKEN")));
            let asked = client.snippet_of_url(url, true);
            assert!(asked.is_none_or(|it| it.contains("Authorization") && it.contains(BEARER)));
        }
        let text = Client::Codex.snippet_of_url(url, true).unwrap();
        let table: toml::Table = toml::from_str(&text).unwrap();
        let server = &table["mcp_servers"]["trouvaille"];
        assert_eq!(server["url"].as_str(), Some(url));
        assert_eq!(
            server["http_headers"]["Authorization"].as_str(),
            Some(BEARER)
        );
    }

    #[test]
    fn a_shell_and_toml_read_back_what_was_meant() {
        assert_eq!(
            words("/a b/trouvaille", &["mcp".to_owned(), "it's".to_owned()]),
            r"'/a b/trouvaille' mcp 'it'\''s'"
        );
        let text = Client::Codex.snippet("/a \"b\"/t", &["mcp".to_owned()]);
        let table: toml::Table = toml::from_str(&text).unwrap();
        let server = &table["mcp_servers"]["trouvaille"];
        assert_eq!(server["command"].as_str(), Some("/a \"b\"/t"));
        assert_eq!(server["args"][0].as_str(), Some("mcp"));
    }
}
