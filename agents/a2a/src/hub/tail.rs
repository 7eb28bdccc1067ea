//! A task's events as they come, for one subscriber at its own pace.

use std::collections::VecDeque;
use std::sync::Arc;

use catalog::{StoreError, TaskChange, TaskEvent, TaskStore};
use futures_util::stream::{self, BoxStream};
use tokio::time::Instant;

use super::watched::{News, Silence, Watch};
use super::{MAX_EVENTS, PATIENCE, POLL};

/// One subscriber's place in a task's events.
#[derive(Debug)]
pub(super) struct Tail {
    tasks: Arc<dyn TaskStore>,
    watch: Watch,
    /// The number of the last event that was given out.
    at: u64,
    ready: VecDeque<Arc<TaskEvent>>,
    is_over: bool,
}

/// What a look at the news gives.
enum Step {
    Wait,
    Take(Vec<Arc<TaskEvent>>),
    /// The news begin later than this subscriber's next event.
    Read,
    End,
    Silence(Silence),
}

impl Tail {
    pub(super) fn new(tasks: Arc<dyn TaskStore>, watch: Watch, after: u64) -> Self {
        Self {
            tasks,
            watch,
            at: after,
            ready: VecDeque::new(),
            is_over: false,
        }
    }

    pub(super) fn into_stream(self) -> BoxStream<'static, Result<Arc<TaskEvent>, StoreError>> {
        Box::pin(stream::unfold(self, |mut tail| async {
            let next = tail.next().await?;
            tail.is_over |= next.is_err();
            Some((next, tail))
        }))
    }

    /// Returns the next event; `None` behind the last.
    async fn next(&mut self) -> Option<Result<Arc<TaskEvent>, StoreError>> {
        while !self.is_over {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(self.give(event)));
            }
            let at = self.at;
            match self.watch.look(|news| step(news, at)) {
                Step::Wait => self.watch.changed().await,
                Step::Take(events) => self.ready.extend(events),
                Step::Read => match self.read().await {
                    Ok(events) => self.ready.extend(events.into_iter().map(Arc::new)),
                    Err(error) => return Some(Err(error)),
                },
                Step::End | Step::Silence(Silence::Stopped) => self.is_over = true,
                Step::Silence(Silence::Outage) => return Some(Err(self.outage())),
                Step::Silence(Silence::Gone) => {
                    let task = self.watch.task.clone();
                    return Some(Err(StoreError::UnknownTask { task }));
                }
            }
        }
        None
    }

    fn give(&mut self, event: Arc<TaskEvent>) -> Arc<TaskEvent> {
        self.at = event.seq;
        if let TaskChange::State { state, .. } = &event.change {
            let newest = self.watch.look(|news| news.head);
            let is_newest = newest.is_none_or(|(seq, _)| seq <= event.seq);
            self.is_over = state.is_terminal() || (state.is_interrupted() && is_newest);
        }
        event
    }

    /// Reads the next events from the store, which may be away for a while.
    async fn read(&self) -> Result<Vec<TaskEvent>, StoreError> {
        let begin = Instant::now();
        loop {
            let events = self.tasks.events(&self.watch.task, self.at, MAX_EVENTS);
            match events.await {
                Ok(events) if events.is_empty() => return Err(self.outage()),
                Err(_) if begin.elapsed() < PATIENCE => tokio::time::sleep(POLL).await,
                read => return read,
            }
        }
    }

    fn outage(&self) -> StoreError {
        StoreError::Failed {
            doing: "read the news of a task",
            location: "of the tasks".to_owned(),
            detail: format!("nothing was heard of {}", self.watch.task),
        }
    }
}

fn step(news: &News, at: u64) -> Step {
    // What is known is given out first, whatever became of the store since.
    match news.head {
        Some((seq, _)) if seq > at => news.behind(at).map_or(Step::Read, Step::Take),
        head => match (news.silence, head) {
            (Some(silence), _) => Step::Silence(silence),
            (None, Some((_, state))) if state.is_terminal() => Step::End,
            (None, _) => Step::Wait,
        },
    }
}
