//! The rooms of the house: what each may depend on. To change a wall, change these tables.

/// A room: a folder with one crate in it, which need not exist yet, and the rooms it may depend on.
pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) folder: &'static str,
    pub(crate) may_use: &'static [&'static str],
}

/// All rooms of the design.
#[rustfmt::skip]
pub(crate) const ROOMS: &[Room] = &[
    room("catalog",    "catalog",           &[]),
    room("store",      "store",             &["catalog"]),
    room("crawler",    "agents/crawler",    &["catalog"]),
    room("summarizer", "agents/summarizer", &["catalog"]),
    room("a2a",        "agents/a2a",        &["catalog", "crawler", "summarizer"]),
    room("scoring",    "scoring",           &["catalog"]),
    room("sales",      "sales",             &["catalog", "scoring"]),
    room("mcp-server", "mcp-server",        &["catalog", "scoring", "sales", "summarizer"]),
    room("app",        "app",               &["catalog", "store", "crawler", "summarizer", "a2a", "scoring",
                                              "sales", "mcp-server", "testkit"]),
    room("testkit",    "testkit",           &["catalog"]),
];

/// What the tests of a room may use beside that and the testkit: what its traits are implemented by.
pub(crate) const FOR_TESTS_OF: &[(&str, &str)] = &[
    ("a2a", "store"),
    ("mcp-server", "store"),
    ("summarizer", "store"),
];

/// The rooms that do I/O; the others are pure and know no runtime.
const WITH_IO: &[&str] = &[
    "store",
    "crawler",
    "summarizer",
    "a2a",
    "mcp-server",
    "app",
    "testkit",
];
const NOBODY: &[&str] = &[];

/// Foreign crates that only some rooms may use, in tests too. Any other crate is free.
#[rustfmt::skip]
pub(crate) const RESERVED: &[(&str, &[&str])] = &[
    ("mongodb",       &["store"]),
    ("bson",          &["store"]),
    ("rusqlite",      &["store"]),
    ("scraper",       &["crawler"]),
    ("quick-xml",     &["crawler"]),
    ("robotxt",       &["crawler"]),
    ("reqwest",       &["crawler", "summarizer", "a2a", "mcp-server"]),
    ("web-bot-auth",  &["crawler"]),
    ("governor",      &["crawler", "summarizer", "mcp-server"]),
    ("async-openai",  &["summarizer"]),
    ("a2a-lf",        &["a2a"]),
    ("a2a-server-lf", &["a2a"]),
    ("a2a-client-lf", &["a2a"]),
    ("tower",         &["summarizer"]),
    ("rmcp",          &["mcp-server"]),
    ("axum",          &["a2a", "mcp-server", "app", "testkit"]),
    ("plotters",      &["scoring"]),
    ("nalgebra",      &["scoring"]),
    ("ndarray",       &["scoring"]),
    ("metrics",       &["crawler", "store", "mcp-server", "app"]),
    ("metrics-exporter-prometheus", &["app"]),
    ("clap",          &["app"]),
    ("anyhow",        &["app"]),
    ("tokio",         WITH_IO),
    ("tokio-util",    WITH_IO),
    ("hyper",         WITH_IO),
    ("async-std",     NOBODY),
    ("smol",          NOBODY),
    ("native-tls",    NOBODY),
    ("openssl",       NOBODY),
];

/// Foreign crates that are for tests alone.
pub(crate) const FOR_TESTS: &[&str] = &[
    "cargo_metadata",
    "insta",
    "proptest",
    "rustix",
    "serde_norway",
    "tempfile",
    "tiktoken-rs",
    "wiremock",
];

const fn room(name: &'static str, folder: &'static str, may_use: &'static [&'static str]) -> Room {
    Room {
        name,
        folder,
        may_use,
    }
}
