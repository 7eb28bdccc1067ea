//! Large results over HTTP, sent as they are read from the store: any replica has them.

mod inflate;

use std::sync::Arc;

use a2a_sdk::{A2AError, error_reason};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use catalog::{StoreError, Task, TaskId, TaskStore};
use futures_util::stream;
use serde_json::Value;
use tracing::field::Empty;
use tracing::instrument;

use self::inflate::Chunks;
use super::audit::Audit;
use super::{caller, cards, errors, media};
use crate::{Agent, Context};

/// The results that are given out.
#[derive(Debug, Clone)]
pub(super) struct Artifacts {
    tasks: Arc<dyn TaskStore>,
    agents: Arc<[&'static Agent]>,
}

/// What is asked for, and by whom.
#[derive(Debug)]
struct Asked<'a> {
    task: &'a str,
    name: &'a str,
    caller: &'a str,
    headers: &'a HeaderMap,
}

/// A result that its task names.
#[derive(Debug)]
struct Named {
    task: TaskId,
    name: String,
    /// The name of its chunks in the store, where it is another.
    chunks: String,
    media_type: String,
    /// The SHA-256 of all its bytes.
    sha256: Option<String>,
    n_bytes: Option<u64>,
}

impl Artifacts {
    pub(super) fn new(agents: &[&'static Agent], context: &Context) -> Self {
        Self {
            tasks: Arc::clone(&context.tasks),
            agents: agents.into(),
        }
    }

    /// Returns the answer to a caller, or what is not there; takes down whose task is asked for.
    async fn answer(
        &self,
        asked: &Asked<'_>,
        agent: &mut &'static str,
    ) -> Result<Result<Response, A2AError>, StoreError> {
        let Some((owner, task)) = self.task(asked).await? else {
            return Ok(Err(errors::no_task(asked.task)));
        };
        *agent = owner.name;
        let response = self.open(&task, asked).await?;
        Ok(response.ok_or_else(|| errors::no_file(asked.name)))
    }

    /// Finds the task, if it is the caller's own.
    async fn task(&self, asked: &Asked<'_>) -> Result<Option<(&'static Agent, Task)>, StoreError> {
        let Ok(id) = TaskId::new(asked.task) else {
            return Ok(None);
        };
        let task = self.tasks.task(&id).await?;
        Ok(task.filter(|it| it.caller == asked.caller).and_then(|it| {
            let owner = self.agents.iter().find(|agent| agent.name == it.agent)?;
            Some((*owner, it))
        }))
    }

    /// Opens a result of a task, unless the client has it already.
    async fn open(&self, task: &Task, asked: &Asked<'_>) -> Result<Option<Response>, StoreError> {
        let Some(named) = Named::of(task, asked.name) else {
            return Ok(None);
        };
        let (plain, packed) = named.tags();
        let is_known = |it: &&String| cards::matches_etag(asked.headers, it) == Some(true);
        if let Some(tag) = plain.iter().chain(&packed).find(is_known) {
            let tag = [(ETAG, tag.clone())];
            return Ok(Some((StatusCode::NOT_MODIFIED, tag).into_response()));
        }
        let mut headers = headers(&named);
        let chunks = Chunks::open(Arc::clone(&self.tasks), named.task, named.chunks).await?;
        Ok(chunks.map(|mut chunks| {
            if media::accepts_gzip(asked.headers) && chunks.stay_packed() {
                headers.push((CONTENT_ENCODING, "gzip".to_owned()));
                headers.extend(packed.map(|it| (ETAG, it)));
            } else {
                headers.extend(named.n_bytes.map(|it| (CONTENT_LENGTH, it.to_string())));
                headers.extend(plain.map(|it| (ETAG, it)));
            }
            let body = Body::from_stream(stream::try_unfold(chunks, Chunks::next));
            (AppendHeaders(headers), body).into_response()
        }))
    }
}

impl Named {
    fn of(task: &Task, name: &str) -> Option<Self> {
        let mut parts = task.artifacts.iter().flat_map(|it| &it.parts);
        let part = parts.find(|it| text(it, "/filename") == Some(name) && it["url"].is_string())?;
        Some(Self {
            task: task.id.clone(),
            name: name.to_owned(),
            chunks: text(part, "/chunks").unwrap_or(name).to_owned(),
            media_type: text(part, "/mediaType")
                .unwrap_or("application/octet-stream")
                .to_owned(),
            sha256: text(part, "/metadata/sha256").map(str::to_owned),
            n_bytes: part["metadata"]["bytes"].as_u64(),
        })
    }

    /// Returns the tags of the result as it is and as gzip packed it.
    fn tags(&self) -> (Option<String>, Option<String>) {
        let tag = |suffix: &str| Some(format!("\"{}{suffix}\"", self.sha256.as_ref()?));
        (tag(""), tag("-gzip"))
    }
}

/// Answers with a result of a task; what is somebody else's is not there.
#[instrument(name = "call", skip_all, fields(operation = Empty))]
pub(super) async fn get(
    State(artifacts): State<Artifacts>,
    Path((task, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let mut audit = Audit::new("?");
    audit.called("GetArtifact");
    audit.caller = caller::of(request.extensions()).to_owned();
    audit.task(Some(task.clone()));
    let asked = Asked {
        task: &task,
        name: &name,
        caller: &audit.caller,
        headers: request.headers(),
    };
    match artifacts.answer(&asked, &mut audit.agent).await {
        Ok(Ok(response)) => audit.end_with_stream(response),
        Ok(Err(missing)) => {
            let response = errors::status(StatusCode::NOT_FOUND, &missing);
            audit.end(error_reason(missing.code), response)
        }
        Err(error) => {
            tracing::error!("cannot read a result of the task {task:?}: {error}");
            let error = A2AError::internal("the store does not answer; try again later");
            let response = errors::status(StatusCode::SERVICE_UNAVAILABLE, &error);
            audit.end("INTERNAL_ERROR", response)
        }
    }
}

fn text<'a>(part: &'a Value, pointer: &str) -> Option<&'a str> {
    part.pointer(pointer)?.as_str()
}

/// Returns what is said of a result beside its bytes.
fn headers(named: &Named) -> Vec<(HeaderName, String)> {
    let safe = |it: char| {
        if it.is_ascii_alphanumeric() || ".-_".contains(it) {
            it
        } else {
            '_'
        }
    };
    let file: String = named.name.chars().map(safe).collect();
    vec![
        (CONTENT_TYPE, named.media_type.clone()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ),
        (CACHE_CONTROL, "private, max-age=3600".to_owned()),
        (VARY, "Accept-Encoding".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ]
}
