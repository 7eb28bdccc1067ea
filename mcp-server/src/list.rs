//! What clients list at their start: made once, and the same for everyone who may see the same.

use std::sync::Arc;

use catalog::Scope;
use rmcp::model::{
    CacheScope, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, MetaObject, Prompt, PromptArgument, Resource, ResourceTemplate,
    ToolAnnotations,
};

use crate::caller::Caller;
use crate::prompts::{self, PromptInfo};
use crate::resources;
use crate::tools::{TOOLS, Tool};

/// How long clients may keep lists.
pub(crate) const LISTS_TTL_MS: u64 = 3_600_000;

/// The lists, finished.
#[derive(Debug)]
pub(crate) struct Lists {
    tools: Vec<(Scope, rmcp::model::Tool)>,
    prompts: ListPromptsResult,
    resources: ListResourcesResult,
    templates: ListResourceTemplatesResult,
    meta: MetaObject,
}

impl Lists {
    /// Returns the lists of a server; `has_crawls` where crawls may be asked for, `meta` what all results carry.
    pub(crate) fn new(has_crawls: bool, meta: &MetaObject) -> Self {
        let tools = TOOLS
            .iter()
            .filter(|it| has_crawls || it.scope != Scope::Crawl);
        Self {
            tools: tools.map(|it| (it.scope, listed(it))).collect(),
            prompts: prompts(meta),
            resources: resources(meta),
            templates: templates(meta),
            meta: meta.clone(),
        }
    }

    /// Returns the tools that a caller may call.
    pub(crate) fn tools(&self, caller: &Caller<'_>) -> ListToolsResult {
        let tools = self.tools.iter();
        let tools = tools.filter(|(scope, _)| caller.may(*scope));
        let tools = tools.map(|(_, tool)| tool.clone()).collect();
        let mut list = ListToolsResult::with_all_items(tools)
            .with_ttl_ms(LISTS_TTL_MS)
            .with_cache_scope(caller.cache_scope());
        list.meta = Some(self.meta.clone());
        list
    }

    pub(crate) fn prompts(&self) -> ListPromptsResult {
        self.prompts.clone()
    }

    pub(crate) fn resources(&self) -> ListResourcesResult {
        self.resources.clone()
    }

    pub(crate) fn templates(&self) -> ListResourceTemplatesResult {
        self.templates.clone()
    }
}

/// Returns a tool as clients are told of it.
pub(crate) fn listed(tool: &Tool) -> rmcp::model::Tool {
    // Strangers' texts come with a notice, and nothing else does.
    let shows_strangers = tool
        .output
        .get("properties")
        .is_some_and(|it| it.get("_notice").is_some());
    let annotations = ToolAnnotations::new()
        .read_only(tool.is_read_only)
        .destructive(false)
        .idempotent(true)
        .open_world(shows_strangers || !tool.is_read_only);
    rmcp::model::Tool::new(tool.name, tool.description, Arc::new(tool.input.clone()))
        .with_title(tool.title)
        .with_raw_output_schema(Arc::new(tool.output.clone()))
        .with_annotations(annotations)
}

fn prompts(meta: &MetaObject) -> ListPromptsResult {
    let prompts = prompts::list().iter().map(listed_prompt).collect();
    let mut list = ListPromptsResult::with_all_items(prompts)
        .with_ttl_ms(LISTS_TTL_MS)
        .with_cache_scope(CacheScope::Public);
    list.meta = Some(meta.clone());
    list
}

fn listed_prompt(prompt: &PromptInfo) -> Prompt {
    let arguments = prompt.arguments.iter().map(|it| {
        PromptArgument::new(it.name)
            .with_description(it.description)
            .with_required(it.required)
    });
    Prompt::new(
        prompt.name,
        Some(prompt.description),
        Some(arguments.collect()),
    )
    .with_title(prompt.title)
}

fn resources(meta: &MetaObject) -> ListResourcesResult {
    let resources = resources::list().into_iter().map(|it| {
        Resource::new(it.uri, it.name)
            .with_title(it.title)
            .with_description(it.description)
            .with_mime_type(it.mime_type)
    });
    let mut list = ListResourcesResult::with_all_items(resources.collect())
        .with_ttl_ms(LISTS_TTL_MS)
        .with_cache_scope(CacheScope::Public);
    list.meta = Some(meta.clone());
    list
}

fn templates(meta: &MetaObject) -> ListResourceTemplatesResult {
    let templates = resources::templates().into_iter().map(|it| {
        ResourceTemplate::new(it.uri_template, it.name)
            .with_title(it.title)
            .with_description(it.description)
            .with_mime_type(it.mime_type)
    });
    let mut list = ListResourceTemplatesResult::with_all_items(templates.collect())
        .with_ttl_ms(LISTS_TTL_MS)
        .with_cache_scope(CacheScope::Public);
    list.meta = Some(meta.clone());
    list
}
