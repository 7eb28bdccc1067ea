//! The agents: a line each.

use catalog::Platform;

/// An agent: what one card describes.
#[derive(Debug)]
pub struct Agent {
    /// The name in paths and commands.
    pub name: &'static str,
    /// What it is called, for people.
    pub title: &'static str,
    /// What it does, in one sentence.
    pub description: &'static str,
    /// Whose shops it reads.
    pub platform: Platform,
    /// What it can be asked for.
    pub skills: &'static [Skill],
}

/// What an agent can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skill {
    /// All products of shops.
    CrawlCatalog,
    /// What changed in shops.
    RefreshCatalog,
    /// A look at shops.
    ProbeStore,
    /// Single products.
    FetchProduct,
}

impl Skill {
    /// Returns the name in cards and requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrawlCatalog => "crawl-catalog",
            Self::RefreshCatalog => "refresh-catalog",
            Self::ProbeStore => "probe-store",
            Self::FetchProduct => "fetch-product",
        }
    }
}

/// All agents. The first one is served at the root, too, where several are served on one port.
pub const AGENTS: &[Agent] = &[Agent {
    name: "shopify",
    title: "Trouvaille for Shopify",
    description: "Crawls the public product lists of Shopify shops, politely, and keeps what it finds.",
    platform: Platform::Shopify,
    skills: &[
        Skill::CrawlCatalog,
        Skill::RefreshCatalog,
        Skill::ProbeStore,
        Skill::FetchProduct,
    ],
}];

/// Returns the agent of a name.
pub fn agent(name: &str) -> Option<&'static Agent> {
    AGENTS.iter().find(|agent| agent.name == name)
}
