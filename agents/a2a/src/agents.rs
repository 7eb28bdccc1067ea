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
    /// What all its skills are about.
    pub trade: Trade,
    /// What it can be asked for.
    pub skills: &'static [Skill],
}

/// What an agent is there for. The skills of a trade share their form of request and the work that is done for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trade {
    /// Reading shops of a platform.
    Crawl(Platform),
    /// Summaries of what is stored.
    Summarize,
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
    /// Summaries of products.
    SummarizeProducts,
}

impl Skill {
    /// Returns the name in cards and requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrawlCatalog => "crawl-catalog",
            Self::RefreshCatalog => "refresh-catalog",
            Self::ProbeStore => "probe-store",
            Self::FetchProduct => "fetch-product",
            Self::SummarizeProducts => "summarize-products",
        }
    }
}

/// All agents. The first one is served at the root, too, where several are served on one port.
pub const AGENTS: &[Agent] = &[
    Agent {
        name: "shopify",
        title: "Trouvaille for Shopify",
        description: "Crawls the public product lists of Shopify shops, politely, and keeps what it finds.",
        trade: Trade::Crawl(Platform::Shopify),
        skills: &[
            Skill::CrawlCatalog,
            Skill::RefreshCatalog,
            Skill::ProbeStore,
            Skill::FetchProduct,
        ],
    },
    Agent {
        name: "summarizer",
        title: "Trouvaille Summaries",
        description: "Writes summaries of stored products, each claim checked against numbered facts.",
        trade: Trade::Summarize,
        skills: &[Skill::SummarizeProducts],
    },
];

/// Returns the agent of a name.
pub fn agent(name: &str) -> Option<&'static Agent> {
    AGENTS.iter().find(|agent| agent.name == name)
}
