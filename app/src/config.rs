//! The configuration: flag > environment > file > built-in default. The only reader of the environment.

mod agent;
mod http;
mod identity;
pub(crate) mod llm;
mod mcp;
mod mongodb;
mod recrawl;
mod secret;
mod security;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context, Result};
use catalog::{Currency, Shop, ShopKey};
use crawler::RecrawlTerms;
use crawler::fetch::{FetchConfig, ShopProxy};
use ipnet::IpNet;
use serde::Deserialize;
use toml::{Table, Value};

pub(crate) use self::agent::check_public_url;
use self::agent::{AgentConfig, ServeConfig};
pub(crate) use self::http::HttpConfig;
use self::identity::IdentityConfig;
use self::llm::LlmConfig;
pub(crate) use self::mcp::McpConfig;
use self::mongodb::MongodbConfig;
use self::recrawl::RecrawlConfig;
use self::secret::Secret;
pub(crate) use self::security::SecurityConfig;
use crate::exit::UsageError;

const DEFAULT: &str = include_str!("../../config/default.toml");

static DEFAULT_TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(DEFAULT).expect("the built-in default is valid TOML"));
const ENV_PREFIX: &str = "TROUVAILLE__";

/// The variable of the password.
const PASSWORD: &str = "MONGODB__PASSWORD";

/// The variable of the token for agents that are called.
const TOKEN: &str = "AGENT__TOKEN";

/// The variable of the key for the endpoint of a language model.
const API_KEY: &str = "LLM__API_KEY";

/// The variable of the key that cursors are signed with.
const SIGNING_KEY: &str = "SECURITY__SIGNING_KEY";

/// The variables that are taken as they stand, also where they look like numbers.
const VERBATIM: [&str; 4] = [PASSWORD, TOKEN, API_KEY, SIGNING_KEY];

/// Tables whose keys are names of the user's own.
const WITH_FREE_KEYS: [&str; 3] = ["currencies", "identity.merchants", "llm.prices"];

/// All settings. Documented, with their defaults, in `config/default.toml`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    /// May hold a password.
    store: Secret,
    pub(crate) log: LogFormat,
    pub(crate) http: HttpConfig,
    pub(crate) crawl: CrawlConfig,
    pub(crate) identity: IdentityConfig,
    pub(crate) rank: RankConfig,
    pub(crate) agent: AgentConfig,
    recrawl: RecrawlConfig,
    pub(crate) serve: ServeConfig,
    pub(crate) mcp: McpConfig,
    pub(crate) security: SecurityConfig,
    pub(crate) llm: LlmConfig,
    pub(crate) currencies: HashMap<String, String>,
    shops: Vec<String>,
    mongodb: MongodbConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CrawlConfig {
    pub(crate) contact_url: String,
    pub(crate) requests_per_second: f64,
    pub(crate) platform_requests_per_second: f64,
    pub(crate) total_requests_per_second: f64,
    pub(crate) concurrency: usize,
    pub(crate) allow_private: Vec<IpNet>,
    pub(crate) allow_ports: Vec<u16>,
    /// May hold a password.
    proxy: Secret,
    pub(crate) max_tries: u32,
    pub(crate) backoff_seconds: f64,
    pub(crate) max_retry_after_seconds: f64,
    pub(crate) connect_timeout_seconds: f64,
    pub(crate) header_timeout_seconds: f64,
    pub(crate) read_timeout_seconds: f64,
    pub(crate) total_timeout_seconds: f64,
    pub(crate) min_bytes_per_second: u32,
    pub(crate) max_wire_bytes: usize,
    pub(crate) max_body_bytes: usize,
    pub(crate) resume_hours: f64,
    pub(crate) observe_bestsellers: bool,
    own_shops: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RankConfig {
    /// A preset's name, or a file.
    pub(crate) preset: String,
    /// Where a relative `preset` begins: the folder of the configuration file that names it.
    #[serde(skip)]
    pub(crate) preset_folder: Option<PathBuf>,
    pub(crate) k: usize,
}

impl Config {
    /// Loads the configuration from its layers; the flags are applied by the commands.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let default: &Table = &DEFAULT_TABLE;
        let mut merged = default.clone();
        let mut config = typed(&merged, "the built-in default")?;
        let mut preset_folder = None;
        let mut add =
            |table: Table, place: &str, folder: Option<&Path>| -> Result<(), UsageError> {
                check_keys(&table, default, place)?;
                if table.get("rank").and_then(|it| it.get("preset")).is_some() {
                    preset_folder = folder.map(Path::to_owned);
                }
                merge(&mut merged, table);
                config = typed(&merged, place)?;
                Ok(())
            };
        if let Some((path, text)) = read_file(file)? {
            let place = path.display().to_string();
            let table = parsed(&text, &place)?;
            add(table, &place, path.parent())?;
        }
        for (name, value) in environment() {
            add(
                env_table(&name, &value),
                &format!("the environment variable {ENV_PREFIX}{name}"),
                None,
            )?;
        }
        config.rank.preset_folder = preset_folder;
        config.check()?;
        Ok(config)
    }

    /// Returns the address of the store: the flag, the configured one, or the user's data folder.
    ///
    /// It may hold a password, so it is for opening the store alone; messages have the store's own location.
    pub(crate) fn store_uri(&self, flag: Option<&str>) -> Result<String> {
        let uri = flag.unwrap_or(&self.store.0);
        if flag.is_some_and(mongodb::has_password) {
            tracing::warn!(
                "other users of this machine can see the password on the command line; set it in the \
                 environment variable {ENV_PREFIX}{PASSWORD}, or name a file in {ENV_PREFIX}{PASSWORD}_FILE"
            );
        }
        match uri.is_empty() {
            true => default_store(),
            false => Ok(self.mongodb.with_password(uri)?),
        }
    }

    /// Returns the address of the store as [`Self::store_uri`] does, but never with a password: for what is shown.
    pub(crate) fn shown_store_uri(&self, flag: Option<&str>) -> Result<String> {
        match flag.unwrap_or(&self.store.0) {
            "" => default_store(),
            uri => Ok(mongodb::without_password(uri)),
        }
    }

    /// Returns the variables of the environment that set something which `--config` and `--store` do not say.
    pub(crate) fn left_out_of_arguments(&self) -> Vec<String> {
        let is_said = |name: &str| {
            name.eq_ignore_ascii_case("STORE") && !mongodb::has_password(&self.store.0)
        };
        let names = environment().into_iter().map(|(name, _)| name);
        let left_out = names.filter(|name| !is_said(name));
        left_out.map(|name| format!("{ENV_PREFIX}{name}")).collect()
    }

    /// Returns the configured shops.
    pub(crate) fn shops(&self) -> Vec<Shop> {
        let shops = self.shops.iter();
        shops
            .map(|address| crawler::shop_at(address).expect("checked when loaded"))
            .collect()
    }

    /// Returns how the time between two crawls of a shop is found.
    pub(crate) fn recrawl_terms(&self) -> RecrawlTerms {
        self.recrawl.terms()
    }

    /// Returns the currency configured for a shop.
    pub(crate) fn currency_of(&self, shop: &ShopKey) -> Option<Currency> {
        let code = self.currencies.get(shop.as_str())?;
        Some(Currency::parse(code).expect("checked when loaded"))
    }

    fn check(&self) -> Result<()> {
        for (shop, code) in &self.currencies {
            Currency::parse(code)
                .map_err(|error| UsageError(format!("currencies.{shop:?}: {error}")))?;
        }
        for address in &self.shops {
            crawler::shop_at(address).map_err(|error| UsageError(format!("shops: {error}")))?;
        }
        for address in &self.crawl.own_shops {
            crawler::shop_at(address)
                .map_err(|error| UsageError(format!("crawl.own_shops: {error}")))?;
        }
        self.mongodb.check()?;
        self.identity.check()?;
        self.crawl.proxy()?;
        self.agent.check()?;
        self.recrawl.check()?;
        self.http.check()?;
        self.mcp.check()?;
        self.security.check()?;
        self.llm.check()?;
        let crawl = &self.crawl;
        let contact = &crawl.contact_url;
        if !contact.is_empty()
            && (url::Url::parse(contact).is_err() || contact.contains(char::is_control))
        {
            return Err(UsageError(format!(
                "crawl.contact_url = {contact:?}: expected a URL such as https://example.com/crawler or mailto:me@example.com"
            ))
            .into());
        }
        let seconds = [
            ("backoff_seconds", crawl.backoff_seconds),
            ("max_retry_after_seconds", crawl.max_retry_after_seconds),
            ("connect_timeout_seconds", crawl.connect_timeout_seconds),
            ("header_timeout_seconds", crawl.header_timeout_seconds),
            ("read_timeout_seconds", crawl.read_timeout_seconds),
            ("total_timeout_seconds", crawl.total_timeout_seconds),
            ("resume_hours", crawl.resume_hours),
            ("requests_per_second", crawl.requests_per_second),
            (
                "platform_requests_per_second",
                crawl.platform_requests_per_second,
            ),
            ("total_requests_per_second", crawl.total_requests_per_second),
        ];
        for (key, value) in seconds {
            if !(0.0..=1e7).contains(&value) {
                return Err(UsageError(format!(
                    "crawl.{key} = {value}: expected a number from 0 to 10000000"
                ))
                .into());
            }
        }
        let counts = [
            ("crawl.concurrency", crawl.concurrency, 1..=1024),
            ("crawl.max_tries", crawl.max_tries as usize, 1..=100),
            ("agent.concurrency", self.agent.concurrency, 1..=1024),
            ("rank.k", self.rank.k, 1..=1_000_000),
        ];
        for (key, value, range) in counts {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(UsageError(format!(
                    "{key} = {value}: expected a whole number from {least} to {most}"
                ))
                .into());
            }
        }
        Ok(())
    }
}

impl CrawlConfig {
    /// Returns the fetcher's settings.
    pub(crate) fn fetch_config(&self) -> FetchConfig {
        let seconds = Duration::from_secs_f64;
        let ceiling = |rate: f64| (rate > 0.0).then_some(rate);
        FetchConfig {
            contact_url: self.contact_url.clone(),
            requests_per_second: ceiling(self.requests_per_second),
            platform_requests_per_second: ceiling(self.platform_requests_per_second),
            total_requests_per_second: ceiling(self.total_requests_per_second),
            allow_private: self.allow_private.clone(),
            allow_ports: self.allow_ports.clone(),
            proxy: self.proxy().expect("checked when loaded"),
            connect_timeout: seconds(self.connect_timeout_seconds),
            header_timeout: seconds(self.header_timeout_seconds),
            read_timeout: seconds(self.read_timeout_seconds),
            total_timeout: seconds(self.total_timeout_seconds),
            min_bytes_per_second: self.min_bytes_per_second,
            max_tries: self.max_tries,
            backoff: seconds(self.backoff_seconds),
            max_retry_after: seconds(self.max_retry_after_seconds),
            max_wire_bytes: self.max_wire_bytes,
            max_body_bytes: self.max_body_bytes,
            observe_best_sellers: self.observe_bestsellers,
            own_shops: self.own_hosts().collect(),
            ..FetchConfig::default()
        }
    }

    /// Returns the hosts of the operator's own shops as URLs have them.
    fn own_hosts(&self) -> impl Iterator<Item = String> {
        let shops = self.own_shops.iter().map(|it| crawler::shop_at(it));
        shops.map(|it| it.expect("checked when loaded").key.shown())
    }

    fn proxy(&self) -> Result<Option<ShopProxy>, UsageError> {
        match self.proxy.0.as_str() {
            "" => Ok(None),
            text => ShopProxy::parse(text)
                .map(Some)
                .map_err(|error| UsageError(format!("crawl.proxy: {error}"))),
        }
    }
}

/// Reads a file's text. The TOML library would show the line that is wrong, and that may hold a password.
fn parsed(text: &str, place: &str) -> Result<Table, UsageError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        wrong(&format!("line {line}: {}", error.message()), place)
    })
}

fn read_file(flag: Option<&Path>) -> Result<Option<(PathBuf, String)>> {
    let path = match flag {
        Some(path) => path.to_owned(),
        None => match user_folder("XDG_CONFIG_HOME", ".config") {
            Some(folder) if folder.join("config.toml").exists() => folder.join("config.toml"),
            _ => return Ok(None),
        },
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        UsageError(format!(
            "cannot read the configuration {}: {error}",
            path.display()
        ))
    })?;
    Ok(Some((path, text)))
}

/// Returns the address of the store in the user's data folder.
fn default_store() -> Result<String> {
    let folder = user_folder("XDG_DATA_HOME", ".local/share").context(
        "there is no data folder: neither XDG_DATA_HOME nor HOME is set; name a store with --store sqlite:PATH",
    )?;
    Ok(format!("sqlite:{}", folder.join("trouvaille.db").display()))
}

/// Returns `trouvaille` in the folder that `variable` names, else in `fallback` in the home folder.
#[expect(
    clippy::disallowed_methods,
    reason = "app::config is the one reader of the environment"
)]
fn user_folder(variable: &str, fallback: &str) -> Option<PathBuf> {
    let absolute =
        |path: std::ffi::OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let folder = std::env::var_os(variable).and_then(absolute).or_else(|| {
        std::env::var_os("HOME")
            .and_then(absolute)
            .map(|home| home.join(fallback))
    })?;
    Some(folder.join("trouvaille"))
}

/// Returns our variables without their prefix, by name.
#[expect(
    clippy::disallowed_methods,
    reason = "app::config is the one reader of the environment"
)]
fn environment() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name
                .into_string()
                .ok()?
                .strip_prefix(ENV_PREFIX)?
                .to_owned();
            Some((name, value.to_string_lossy().into_owned()))
        })
        .collect();
    found.sort();
    found
}

/// Returns `{section: {key: value}}` for `SECTION__KEY`. A value that is no TOML value is a text.
///
/// Secrets of a cluster are often made from files, with the end of their line: no setting ends with one.
fn env_table(name: &str, value: &str) -> Table {
    let value = value.trim_end_matches(['\r', '\n']);
    let parsed = || {
        let mut table = format!("it = {value}").parse::<Table>().ok()?;
        table.remove("it")
    };
    let is_verbatim = VERBATIM.iter().any(|it| name.eq_ignore_ascii_case(it));
    let parsed = if is_verbatim { None } else { parsed() };
    let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
    let mut keys = name.rsplit("__").map(str::to_lowercase);
    let last = keys.next().unwrap_or_default();
    let innermost = Table::from_iter([(last, value)]);
    keys.fold(innermost, |inner, key| {
        Table::from_iter([(key, Value::Table(inner))])
    })
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Returns the settings with their types, after the layer that came from `place`.
fn typed(table: &Table, place: &str) -> Result<Config, UsageError> {
    Config::deserialize(table.clone()).map_err(|error| wrong(&error.to_string(), place))
}

/// Returns what the TOML library says, on one line.
fn wrong(said: &str, place: &str) -> UsageError {
    let said: Vec<&str> = said.split_whitespace().collect();
    UsageError(format!(
        "wrong configuration in {place}: {}",
        said.join(" ")
    ))
}

/// Refuses the first key of `table` that `default` does not have, and names the nearest one that it has.
fn check_keys(table: &Table, default: &Table, place: &str) -> Result<(), UsageError> {
    let known = dotted_keys(default, "");
    for key in dotted_keys(table, "") {
        let is_free = WITH_FREE_KEYS.iter().any(|it| {
            let rest = key.strip_prefix(it);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        // All lines of a section may be comments.
        let is_section = || {
            let mut rests = known.iter().filter_map(|it| it.strip_prefix(&key));
            rests.any(|rest| rest.starts_with('.'))
        };
        if is_free || known.contains(&key) || is_section() {
            continue;
        }
        if let Some(section) = unknown_section(&key, default) {
            let sections = default
                .iter()
                .filter(|(_, value)| value.is_table())
                .map(|(name, _)| name.as_str());
            let nearest = sections.max_by(|one, two| {
                strsim::jaro_winkler(one, section).total_cmp(&strsim::jaro_winkler(two, section))
            });
            let nearest = nearest.unwrap_or_default();
            return Err(UsageError(format!(
                "unknown configuration section {section:?} in {place}: did you mean {nearest:?}?"
            )));
        }
        let nearest = known
            .iter()
            .map(|known| (strsim::jaro_winkler(known, &key), known))
            .max_by(|one, two| one.0.total_cmp(&two.0));
        let advice = nearest.filter(|(likeness, _)| *likeness > 0.7).map_or_else(
            || "see config/default.toml".to_owned(),
            |(_, known)| format!("did you mean {known:?}?"),
        );
        return Err(UsageError(format!(
            "unknown configuration key {key:?} in {place}: {advice}"
        )));
    }
    Ok(())
}

fn unknown_section<'a>(key: &'a str, default: &Table) -> Option<&'a str> {
    let (section, _) = key.split_once('.')?;
    (!default.contains_key(section)).then_some(section)
}

fn dotted_keys(table: &Table, prefix: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) if !inner.is_empty() => {
                keys.extend(dotted_keys(inner, &format!("{prefix}{key}.")));
            }
            _ => keys.push(format!("{prefix}{key}")),
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default() -> Table {
        toml::from_str(DEFAULT).unwrap()
    }

    #[test]
    fn the_built_in_default_is_complete_and_right() {
        let config: Config = default().try_into().unwrap();
        config.check().unwrap();
        assert!((config.crawl.requests_per_second - 2.0).abs() < 1e-12);
        assert_eq!(
            config.crawl.fetch_config().max_tries,
            FetchConfig::default().max_tries
        );
    }

    #[test]
    fn the_example_has_only_known_keys() {
        let example: Table = toml::from_str(include_str!("../../config/example.toml")).unwrap();
        check_keys(&example, &default(), "example.toml").unwrap();
        let bare: Table = toml::from_str("[llm]\n[crawl]\n").unwrap();
        check_keys(&bare, &default(), "my.toml").unwrap();
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_one() {
        let table: Table = toml::from_str("[crawl]\nrequest_per_second = 1\n").unwrap();
        let error = check_keys(&table, &default(), "my.toml").unwrap_err();
        assert_eq!(
            error.0,
            "unknown configuration key \"crawl.request_per_second\" in my.toml: did you mean \
             \"crawl.requests_per_second\"?"
        );
        let far: Table = toml::from_str("zzz = 1").unwrap();
        assert!(
            check_keys(&far, &default(), "my.toml")
                .unwrap_err()
                .0
                .contains("see config/default.toml")
        );
    }

    #[test]
    fn the_environment_reaches_every_key_and_keeps_types() {
        let mut merged = default();
        merge(&mut merged, env_table("CRAWL__REQUESTS_PER_SECOND", "0.5"));
        merge(&mut merged, env_table("STORE", "sqlite:./a b.db\n"));
        merge(
            &mut merged,
            env_table("CRAWL__ALLOW_PRIVATE", "[\"127.0.0.0/8\"]"),
        );
        let config: Config = merged.try_into().unwrap();
        assert!((config.crawl.requests_per_second - 0.5).abs() < 1e-12);
        assert_eq!(config.store.0, "sqlite:./a b.db");
        assert_eq!(config.crawl.allow_private.len(), 1);
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        let mut merged = default();
        merge(
            &mut merged,
            toml::from_str("[crawl]\nmax_tries = 0").unwrap(),
        );
        let config: Config = merged.try_into().unwrap();
        assert!(
            config
                .check()
                .unwrap_err()
                .to_string()
                .contains("crawl.max_tries = 0")
        );
    }
}
