//! Following a task of another agent to its end, through breaks of the connection.

use std::fmt;
use std::time::Duration;

use a2a_sdk::{StreamResponse, Task, error_code};
use futures_util::StreamExt;
use tokio::time::Instant;

use super::news::{read_event, read_task};
use super::{ClientError, Events, News, RemoteAgent, RemoteTask};

/// How often a task is read whose agent sends no events.
const POLL: Duration = Duration::from_secs(2);

/// How often a cancellation is sent that may have been lost, in all.
const CANCEL_TRIES: u32 = 3;

/// A task of another agent, and the stream of what happens to it.
pub struct Follow<'a> {
    agent: &'a RemoteAgent,
    task: RemoteTask,
    /// The number of the newest event that was told.
    seq: u64,
    stream: Option<Events>,
    /// Whether the stream goes on behind `seq`; else it begins with the task as it is.
    is_replay: bool,
    /// Whether the agent sends no events of this task, so that it is read again and again.
    polls: bool,
    /// Whether something happened that was not told.
    has_gap: bool,
    is_told: bool,
    is_broken: bool,
    heard_at: Instant,
    /// How long to wait before the agent is called again.
    pause: Duration,
}

impl<'a> Follow<'a> {
    /// Follows `task` on its `stream`; without one, the task is read again and again.
    pub(super) fn new(agent: &'a RemoteAgent, task: Task, stream: Option<Events>) -> Self {
        let (seq, task) = read_task(task);
        Self {
            agent,
            task,
            seq: seq.unwrap_or(0),
            polls: stream.is_none(),
            stream,
            is_replay: false,
            has_gap: false,
            is_told: false,
            is_broken: false,
            heard_at: Instant::now(),
            pause: agent.patience.first_pause,
        }
    }

    /// Returns the task as far as it was told.
    pub fn task(&self) -> &RemoteTask {
        &self.task
    }

    /// Returns what is new; `None` once the task has ended or waits for its caller.
    ///
    /// Events that the agent numbers come each once and in order, also over a break of the connection.
    /// Cancel-safe: what a dropped call did not return, the next one does.
    ///
    /// # Errors
    /// When the agent was not heard of for too long, or no longer knows the task.
    pub async fn next(&mut self) -> Result<Option<News>, ClientError> {
        if !self.is_told {
            self.is_told = true;
            return Ok(Some(News::Snapshot));
        }
        loop {
            if self.is_over() {
                return Ok(self.fill_gap().await);
            }
            let news = match &mut self.stream {
                None => self.call_again().await?,
                Some(stream) => {
                    let silence = self.agent.patience.silence;
                    match tokio::time::timeout(silence, stream.next()).await {
                        Ok(Some(Ok(event))) => self.take(event),
                        Ok(Some(Err(error))) => self.broken(ClientError::of(&error))?,
                        Ok(None) => {
                            self.broken(ClientError::Passing("its stream ended".to_owned()))?
                        }
                        // Nothing wrong yet, but a connection that is gone may be silent for ever.
                        Err(_) => {
                            self.stream = None;
                            None
                        }
                    }
                }
            };
            if news.is_some() {
                return Ok(news);
            }
        }
    }

    /// Asks the agent to stop working on the task.
    ///
    /// # Errors
    /// When the agent cannot be reached, or refuses. A task that ended meanwhile is no error.
    pub async fn cancel(&mut self) -> Result<(), ClientError> {
        self.stream = None;
        let mut pause = self.agent.patience.first_pause;
        for _ in 1..CANCEL_TRIES {
            match self.try_cancel().await {
                Err(error) if error.is_passing() => tokio::time::sleep(pause).await,
                ended => return ended,
            }
            pause *= 2;
        }
        self.try_cancel().await
    }

    async fn try_cancel(&mut self) -> Result<(), ClientError> {
        let task = match self.agent.cancel(&self.task.id).await {
            Err(ClientError::Refused { code, .. }) if code == error_code::TASK_NOT_CANCELABLE => {
                self.agent.task(&self.task.id).await?
            }
            cancelled => cancelled?,
        };
        self.take_whole(task);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.task.state.is_terminal() || self.task.state.is_interrupted()
    }

    /// Reads the whole task at its end if something was missed on the way.
    async fn fill_gap(&mut self) -> Option<News> {
        if !std::mem::take(&mut self.has_gap) {
            return None;
        }
        match self.agent.task(&self.task.id).await {
            Ok(task) => {
                self.take_whole(task);
                Some(News::Snapshot)
            }
            Err(error) => {
                tracing::warn!("cannot read the whole task at its end: {error}");
                None
            }
        }
    }

    /// Opens the stream anew behind what was told, or reads the task where there is no stream.
    async fn call_again(&mut self) -> Result<Option<News>, ClientError> {
        if self.polls {
            tokio::time::sleep(POLL.min(self.agent.patience.longest_pause)).await;
            return self.read_again().await;
        }
        if self.is_broken {
            tokio::time::sleep(self.pause).await;
        }
        self.pause = (self.pause * 2).min(self.agent.patience.longest_pause);
        match self.agent.subscribe(&self.task.id, self.seq).await {
            Ok(stream) => {
                self.stream = Some(stream);
                self.is_replay = self.agent.knows_extension();
                self.heard_at = Instant::now();
                Ok(None)
            }
            // The task ended meanwhile, or this agent lets nobody subscribe.
            Err(ClientError::Refused { .. }) => {
                self.polls = true;
                self.read_again().await
            }
            Err(error) => self.broken(error),
        }
    }

    async fn read_again(&mut self) -> Result<Option<News>, ClientError> {
        match self.agent.task(&self.task.id).await {
            Ok(task) => {
                let before = self.task.clone();
                self.take_whole(task);
                self.is_broken = false;
                Ok((self.task != before).then_some(News::Snapshot))
            }
            Err(error) => self.broken(error),
        }
    }

    /// Takes note of a failure; `Some` for the first one in a row.
    fn broken(&mut self, error: ClientError) -> Result<Option<News>, ClientError> {
        if !error.is_passing() {
            return Err(error);
        }
        self.stream = None;
        let waited = self.heard_at.elapsed();
        if waited >= self.agent.patience.give_up {
            return Err(ClientError::Silent {
                minutes: waited.as_secs().div_ceil(60),
                last: error.to_string(),
            });
        }
        tracing::debug!("the connection to the agent broke: {error}");
        let is_first = !std::mem::replace(&mut self.is_broken, true);
        Ok(is_first.then(|| News::Broken(error.to_string())))
    }

    /// Takes an event over; `None` for one that was told before.
    fn take(&mut self, event: StreamResponse) -> Option<News> {
        self.heard_at = Instant::now();
        let event = match event {
            // What this snapshot has more than was told comes behind it, event by event.
            StreamResponse::Task(_) if self.is_replay => return None,
            StreamResponse::Task(task) => {
                self.take_whole(task);
                return Some(News::Snapshot);
            }
            event => event,
        };
        let (seq, change) = read_event(event)?;
        if let Some(seq) = seq {
            if seq <= self.seq {
                return None;
            }
            self.has_gap |= seq > self.seq + 1;
            self.seq = seq;
        }
        self.task.apply(&change);
        self.pause = self.agent.patience.first_pause;
        self.is_broken = false;
        Some(News::Change { seq, change })
    }

    fn take_whole(&mut self, task: Task) {
        self.heard_at = Instant::now();
        let (seq, task) = read_task(task);
        self.seq = self.seq.max(seq.unwrap_or(0));
        self.task = task;
    }
}

impl fmt::Debug for Follow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("task", &self.task)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}
