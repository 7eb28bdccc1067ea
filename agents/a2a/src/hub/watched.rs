//! The tasks that somebody waits for, and what is known of them. A task that nobody waits for is forgotten.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use catalog::{TaskChange, TaskEvent, TaskHead, TaskId, TaskState};
use tokio::sync::{Notify, watch};

use super::MAX_EVENTS;
use crate::lock::lock;

/// The watched tasks.
#[derive(Debug, Default)]
pub(super) struct Watched {
    tasks: Mutex<HashMap<TaskId, watch::Sender<News>>>,
    woken: Mutex<HashSet<TaskId>>,
    wake: Notify,
}

/// What is known of a task.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The number of its newest event, and its state.
    pub(super) head: Option<(u64, TaskState)>,
    /// Its newest events, without gaps up to `head`. Who is further behind reads the store.
    recent: VecDeque<Arc<TaskEvent>>,
    /// Why nothing more is heard.
    pub(super) silence: Option<Silence>,
}

/// Why nothing is heard of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// The hub stopped.
    Stopped,
    /// The store does not answer.
    Outage,
    /// The task was removed.
    Gone,
}

/// One who waits for news of a task.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) task: TaskId,
    watched: Arc<Watched>,
    news: Option<watch::Receiver<News>>,
}

impl Watched {
    /// Returns a watch of `task`.
    pub(super) fn watch(this: &Arc<Self>, task: &TaskId) -> Watch {
        let mut is_new = false;
        let mut tasks = lock(&this.tasks);
        let news = tasks.entry(task.clone()).or_insert_with(|| {
            is_new = true;
            watch::Sender::new(News::default())
        });
        // An outage that others saw may be over: the next look tells.
        take_back_outage(news);
        let news = news.subscribe();
        drop(tasks);
        if is_new {
            this.wake(task);
        }
        Watch {
            task: task.clone(),
            watched: Arc::clone(this),
            news: Some(news),
        }
    }

    /// Asks for a look at `task`, if somebody waits for it.
    pub(super) fn wake(&self, task: &TaskId) {
        if lock(&self.tasks).contains_key(task) {
            lock(&self.woken).insert(task.clone());
            self.wake.notify_one();
        }
    }

    /// Returns once there was a [`Watched::wake`]. Cancel-safe.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(super) fn take_woken(&self) -> Vec<TaskId> {
        lock(&self.woken).drain().collect()
    }

    pub(super) fn all(&self) -> Vec<TaskId> {
        lock(&self.tasks).keys().cloned().collect()
    }

    /// Returns the newest number known of a task; `None` outside where nobody waits for it.
    pub(super) fn known(&self, task: &TaskId) -> Option<Option<u64>> {
        let tasks = lock(&self.tasks);
        let news = tasks.get(task)?.borrow();
        Some(news.head.map(|(seq, _)| seq))
    }

    /// Changes what is known of a task, and wakes all who wait for it.
    pub(super) fn tell(&self, task: &TaskId, change: impl FnOnce(&mut News)) {
        if let Some(news) = lock(&self.tasks).get(task) {
            news.send_modify(change);
        }
    }

    /// Takes back an outage, if there was one: the store answered.
    pub(super) fn heard(&self, task: &TaskId) {
        if let Some(news) = lock(&self.tasks).get(task) {
            take_back_outage(news);
        }
    }

    /// Tells all that nothing more is heard.
    pub(super) fn silence(&self, silence: Silence) {
        for news in lock(&self.tasks).values() {
            news.send_modify(|news| news.silence = Some(silence));
        }
    }
}

impl News {
    /// Takes in a head that is newer than what is known, with the events that lead to it.
    pub(super) fn learn(&mut self, head: &TaskHead, events: Vec<TaskEvent>) {
        let mut newest = (head.seq, head.state);
        for event in events {
            if let (true, TaskChange::State { state, .. }) = (event.seq > head.seq, &event.change) {
                newest.1 = *state;
            }
            newest.0 = newest.0.max(event.seq);
            let next = self.recent.back().map(|last| last.seq + 1);
            if next.is_some_and(|next| next != event.seq) {
                self.recent.clear();
            }
            self.recent.push_back(Arc::new(event));
        }
        if self.recent.back().is_some_and(|last| last.seq != newest.0) {
            self.recent.clear();
        }
        while self.recent.len() > MAX_EVENTS {
            self.recent.pop_front();
        }
        self.head = Some(newest);
        self.silence = None;
    }

    /// Returns the newest events behind `after`; `None` if the first of them is not here any more.
    pub(super) fn behind(&self, after: u64) -> Option<Vec<Arc<TaskEvent>>> {
        let first = self.recent.front()?.seq;
        (first <= after + 1).then(|| {
            let rest = self.recent.iter().filter(|event| event.seq > after);
            rest.cloned().collect()
        })
    }

    /// Returns the state in which the task ended.
    pub(super) fn end(&self) -> Option<TaskState> {
        if self.silence == Some(Silence::Gone) {
            return Some(TaskState::Canceled);
        }
        let (_, state) = self.head?;
        state.is_terminal().then_some(state)
    }
}

impl Watch {
    /// Reads the news, which count as seen then.
    pub(super) fn look<T>(&mut self, read: impl FnOnce(&News) -> T) -> T {
        match &mut self.news {
            Some(news) => read(&news.borrow_and_update()),
            None => read(&News::default()),
        }
    }

    /// Returns once there are unseen news. Cancel-safe.
    pub(super) async fn changed(&mut self) {
        let told = match &mut self.news {
            Some(news) => news.changed().await.is_ok(),
            None => false,
        };
        if !told {
            // Not reached: the sender lives as long as somebody watches.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut tasks = lock(&self.watched.tasks);
        // Counted under the lock, so that of two last ones the second one sees that it is the last.
        self.news = None;
        if tasks
            .get(&self.task)
            .is_some_and(|news| news.receiver_count() == 0)
        {
            tasks.remove(&self.task);
            drop(tasks);
            lock(&self.watched.woken).remove(&self.task);
        }
    }
}

fn take_back_outage(news: &watch::Sender<News>) {
    news.send_if_modified(|news| {
        news.silence = news.silence.filter(|it| *it != Silence::Outage);
        false
    });
}

#[cfg(test)]
impl Watched {
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.tasks).is_empty() && lock(&self.woken).is_empty()
    }
}
