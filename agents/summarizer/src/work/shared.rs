//! What the items of a task share within a process: the ranking that they read, what they know of the endpoint, and
//! what they tell of their progress.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use catalog::{Fallback, Ranking, Store, StoreError, TaskId};

use crate::budget::Reservations;
use crate::write::Stop;

/// The most tasks that are remembered: a ranking of 10,000 rows has some megabytes, even in brief.
const MAX_TASKS: usize = 4;

/// How long a ranking is taken for the latest one. To read one of 10,000 rows takes tens of milliseconds, and a task
/// has a thousand items.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The refused request that ends the asking for a task, where none before it was answered.
const MAX_REFUSED: u32 = 5;

/// At most two events a second come of a task here: whoever watches sees no more, and every event is a write.
const MIN_GAP: Duration = Duration::from_millis(500);

/// What is shared, by task; the oldest ones are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    tasks: Mutex<VecDeque<(TaskId, Arc<OfTask>)>>,
}

/// What the items of one task share.
#[derive(Debug, Default)]
pub(super) struct OfTask {
    ranking: tokio::sync::Mutex<Option<(Instant, Option<Arc<Ranking>>)>>,
    /// Why the endpoint is asked nothing more for the task, here.
    stopped: OnceLock<Fallback>,
    /// Requests in a row that it refused, each perhaps for what that one says.
    n_refused: AtomicU32,
    is_warned: AtomicBool,
    /// What is set aside for the task here.
    pub(super) open: Arc<Reservations>,
    told: Mutex<Told>,
}

/// What was told of a task's progress.
#[derive(Debug, Default)]
struct Told {
    /// What is done and not yet counted.
    n_waiting: u64,
    at: Option<Instant>,
}

impl Shared {
    pub(super) fn of(&self, task: &TaskId) -> Arc<OfTask> {
        let mut tasks = locked(&self.tasks);
        if let Some((_, known)) = tasks.iter().find(|(id, _)| id == task) {
            return Arc::clone(known);
        }
        if tasks.len() >= MAX_TASKS {
            tasks.pop_front();
        }
        let new = Arc::new(OfTask::default());
        tasks.push_back((task.clone(), Arc::clone(&new)));
        new
    }
}

impl OfTask {
    /// Returns the latest ranking, which is at most [`MAX_AGE`] old; one reads it for all who wait.
    pub(super) async fn ranking(
        &self,
        store: &dyn Store,
    ) -> Result<Option<Arc<Ranking>>, StoreError> {
        let mut known = self.ranking.lock().await;
        if let Some((read_at, ranking)) = known.as_ref()
            && read_at.elapsed() < MAX_AGE
        {
            return Ok(ranking.clone());
        }
        // Before the next one is read: two of them need not be in memory.
        *known = None;
        let ranking = store.latest_ranking_in_brief().await?.map(Arc::new);
        *known = Some((Instant::now(), ranking.clone()));
        Ok(ranking)
    }

    /// Returns why the endpoint is asked nothing more.
    pub(super) fn stopped(&self) -> Option<Fallback> {
        self.stopped.get().cloned()
    }

    /// Notes that the endpoint gave an answer that could be used.
    pub(super) fn answered(&self) {
        self.n_refused.store(0, Ordering::Relaxed);
    }

    /// Notes that the endpoint cannot be asked, and returns whether an item had better stop asking.
    ///
    /// What is wrong with the settings holds for all items, which need not ask to be told the same. One subject that the
    /// endpoint refuses to read must not keep the others from it.
    pub(super) fn stops(&self, why: &Fallback, stop: Stop) -> bool {
        let is_for_all = match stop {
            Stop::Budget | Stop::Closed(_) => false,
            Stop::Failed => return false,
            Stop::Misconfigured => true,
            Stop::Refused if self.n_refused.fetch_add(1, Ordering::Relaxed) + 1 < MAX_REFUSED => {
                return false;
            }
            Stop::Refused => true,
        };
        if is_for_all {
            self.stopped.get_or_init(|| why.clone());
        }
        if !self.is_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                code = why.code,
                "{}; what is not there yet is left for another run",
                why.detail
            );
        }
        true
    }

    /// Adds to what is done, and returns how much is to be counted now; nothing until the next event is due.
    pub(super) fn done(&self, n: u64, is_end: bool) -> Option<u64> {
        let mut told = locked(&self.told);
        told.n_waiting += n;
        let is_due = told.at.is_none_or(|at| at.elapsed() >= MIN_GAP);
        if !is_end && !is_due {
            return None;
        }
        told.at = Some(Instant::now());
        Some(std::mem::take(&mut told.n_waiting)).filter(|n| *n > 0)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
