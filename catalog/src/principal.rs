//! Who calls a server, and what a call was, once it is known.

/// A caller whom the edge of a server let in. Rooms that serve read it from the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The caller's name, which scopes all that it may see: `local` where no authentication is asked for.
    pub id: String,
}

/// What a call was and how it ended, for whoever counts calls. Rooms that serve put it into the response's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Called {
    /// The operation's name in its protocol.
    pub operation: &'static str,
    /// `OK`, or the name of the protocol's error.
    pub outcome: &'static str,
}
