//! Who calls a server, and what a call was, once it is known.

use serde::{Deserialize, Serialize};

/// A caller whom the edge of a server let in. Rooms that serve read it from the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The caller's name, which scopes all that it may see: `local` where no authentication is asked for.
    pub id: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read what is stored.
    Read,
    /// Have work done: shops crawled, summaries written.
    Crawl,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 2] = [Self::Read, Self::Crawl];
}

impl Principal {
    /// Returns whether the caller may do that.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// What a call was and how it ended, for whoever counts calls. Rooms that serve put it into the response's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Called {
    /// The operation's name in its protocol.
    pub operation: &'static str,
    /// `OK`, or the name of the protocol's error.
    pub outcome: &'static str,
}
