//! Reaches the server: its address, the client's options, and what the server can do.

use std::time::Duration;

use catalog::StoreError;
use mongodb::bson::{Document, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadPreference, SelectionCriteria, ServerAddress, WriteConcern,
};
use mongodb::{Client, Database};

use super::MongoStore;
use super::schema;
use super::sessions::Sessions;
use super::steps::within;
use crate::{OpenMode, without_secrets};

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Finding a server and connecting to it.
    pub(super) connect: Duration,
    /// The answer to one command; a server that hangs is taken as one that went away.
    pub(super) answer: Duration,
    /// How long an operation waits for a server that went away.
    pub(super) patience: Duration,
    /// How long an operation waits for other writers. A transaction that a killed process left open may last 90 s:
    /// servers allow it 60 s, and look only every 30 s.
    pub(super) conflicts: Duration,
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(60),
    patience: Duration::from_secs(60),
    conflicts: Duration::from_secs(120),
};

/// The name of a database that the address leaves out.
const DATABASE: &str = "trouvaille";

/// The most connections at once, which is the number of shops that one crawl goes through side by side.
const MAX_CONNECTIONS: u32 = 32;

/// The first version of the protocol that MongoDB 6 speaks.
const OLDEST_WIRE_VERSION: i32 = 17;

impl MongoStore {
    pub(crate) async fn open(uri: &str, mode: OpenMode) -> Result<Self, StoreError> {
        let options = client_options(uri).await?;
        Self::open_with(uri, options, LIMITS, mode).await
    }

    pub(super) async fn open_with(
        uri: &str,
        mut options: ClientOptions,
        mut limits: Limits,
        mode: OpenMode,
    ) -> Result<Self, StoreError> {
        options.connect_timeout.get_or_insert(limits.connect);
        let to_select = options.server_selection_timeout;
        limits.connect = to_select.unwrap_or(limits.connect);
        options.server_selection_timeout = Some(limits.connect);
        let name = options
            .default_database
            .clone()
            .unwrap_or_else(|| DATABASE.to_owned());
        let location = location(&options.hosts, &name);
        let client = Client::with_options(options).map_err(|error| bad_uri(uri, &error))?;
        let database = client.database(&name);
        let hello = greet(&database, limits, &location).await?;
        let store = Self {
            location,
            client,
            database,
            has_transactions: has_transactions(&hello),
            limits,
            sessions: Sessions::default(),
        };
        schema::ensure(&store, mode).await?;
        Ok(store)
    }
}

/// Reads an address, and adds what every client of ours is to do.
pub(super) async fn client_options(uri: &str) -> Result<ClientOptions, StoreError> {
    if uri.starts_with("mongodb+srv:") {
        return Err(StoreError::BadUri {
            uri: without_secrets(uri),
            detail:
                "this build does not look up SRV records; use the form mongodb://host1,host2/db"
                    .to_owned(),
        });
    }
    let mut options = ClientOptions::parse(uri)
        .await
        .map_err(|error| bad_uri(uri, &error))?;
    options
        .app_name
        .get_or_insert_with(|| "trouvaille".to_owned());
    options.max_pool_size.get_or_insert(MAX_CONNECTIONS);
    options.write_concern = Some(durable());
    // What was written must be seen by the next command.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    Ok(options)
}

/// Counts a write as done when most servers have it in their journals.
fn durable() -> WriteConcern {
    let mut concern = WriteConcern::builder().build();
    concern.w = Some(Acknowledgment::Majority);
    concern.journal = Some(true);
    concern
}

/// Returns the driver's reason, unless it repeats a part of what must stay secret.
fn bad_uri(uri: &str, error: &mongodb::error::Error) -> StoreError {
    let said = error.kind.to_string();
    let said = said.trim_start_matches("An invalid argument was provided: ");
    let detail = if secrets(uri).any(|secret| said.contains(secret)) {
        "use mongodb://user:password@host/db, with @ : / ? # % in the user and the password percent-encoded"
    } else {
        said
    };
    StoreError::BadUri {
        uri: without_secrets(uri),
        detail: detail.to_owned(),
    }
}

/// Returns the pieces of an address that no message may have.
fn secrets(uri: &str) -> impl Iterator<Item = &str> {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let values = query.split('&').filter_map(|option| {
        let (name, value) = option.split_once('=')?;
        let name = name.to_lowercase();
        (name.contains("password") || name.contains("properties")).then_some(value)
    });
    let pieces = user.split([':', '/', '?', '@', '#', '%', '[', ']', ',']);
    pieces.chain(values).filter(|piece| !piece.is_empty())
}

/// Returns the address without user and options.
pub(super) fn location(hosts: &[ServerAddress], database: &str) -> String {
    let hosts: Vec<String> = hosts
        .iter()
        .map(|address| match address {
            ServerAddress::Tcp { host, port } => {
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host.clone()
                };
                port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
            }
            other => other.to_string(),
        })
        .collect();
    format!("mongodb://{}/{database}", hosts.join(","))
}

/// Asks the server what it is, and refuses one that is too old.
async fn greet(
    database: &Database,
    limits: Limits,
    location: &str,
) -> Result<Document, StoreError> {
    let refused = |detail: String| StoreError::Open {
        location: location.to_owned(),
        detail,
    };
    // The client gives up by itself when no server is found; the rest is for one that is found and hangs.
    let limit = limits.connect + limits.connect / 5;
    let hello = async { database.run_command(doc! { "hello": 1 }).await };
    let hello = within(limit, hello);
    let hello = hello.await.map_err(|fault| {
        let reason = fault.in_plain_words();
        refused(if fault.is_outage() {
            format!(
                "cannot reach it within {} s: {reason}",
                limits.connect.as_secs()
            )
        } else {
            reason
        })
    })?;
    match hello.get_i32("maxWireVersion") {
        Ok(version) if version < OLDEST_WIRE_VERSION => {
            Err(refused("the server is older than MongoDB 6".to_owned()))
        }
        _ => Ok(hello),
    }
}

/// Returns whether a server is part of a replica set, or stands before several.
fn has_transactions(hello: &Document) -> bool {
    hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|kind| kind == "isdbgrid")
}
