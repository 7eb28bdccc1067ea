//! A thread that owns one connection, since SQLite's calls block.

use std::thread::{self, JoinHandle};
use std::{fmt, io};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;

/// Work that waits for the thread; beyond this, callers wait.
const QUEUE: usize = 32;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection and its thread. Dropping it lets the thread finish what was sent, closes the connection and
/// waits for that.
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(name: &str, mut connection: Connection) -> io::Result<Self> {
        let (jobs, mut received) = mpsc::channel::<Job>(QUEUE);
        let run = move || {
            while let Some(job) = received.blocking_recv() {
                job(&mut connection);
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs `work` on the connection's thread, after what was sent before.
    ///
    /// Cancel-safe: work that was sent runs whole even if this future is dropped; work that still waited for
    /// its place in the queue never runs.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        let ended = || Fault::Failed("its thread has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody waits any more if this fails; the work is done all the same.
            answer.send(work(connection)).ok();
        });
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(job).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // An error means that a job panicked; its caller was told.
            thread.join().ok();
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
