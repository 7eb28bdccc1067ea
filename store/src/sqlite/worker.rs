//! Threads that own a connection each, since SQLite's calls block.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::{fmt, io};

use rusqlite::{Connection, InterruptHandle, Transaction};
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;
use super::together::{Write, write_together, writing};

/// Work that waits for a thread, and writes that a thread takes at once; beyond this, callers wait.
const QUEUE: usize = 32;

/// Work that takes the connection for itself.
type Alone = Box<dyn FnOnce(&mut Connection) + Send>;

enum Job {
    Alone(Alone),
    Write(Box<dyn Write>),
}

/// Connections and their threads, which take work from one queue: whichever is idle takes the next. Dropping it lets
/// the threads finish what was sent, closes the connections and waits for that.
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread for each connection, with which it does `when_idle` before it waits.
    pub(super) fn start(
        name: &str,
        connections: Vec<Connection>,
        when_idle: impl Fn(&Connection) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, received) = mpsc::channel::<Job>(QUEUE);
        let received = Arc::new(Mutex::new(received));
        let mut worker = Self {
            jobs: Some(jobs),
            threads: Vec::with_capacity(connections.len()),
        };
        for mut connection in connections {
            let received = Arc::clone(&received);
            let when_idle = when_idle.clone();
            let run = move || {
                while let Some(turn) = next_turn(&received, || when_idle(&connection)) {
                    turn.run(&mut connection);
                }
            };
            let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
            worker.threads.push(thread);
        }
        Ok(worker)
    }

    /// Runs `work` in a transaction that other writers wait for, together with what waits beside it, and answers once it
    /// is stored. It runs again where what is beside it fails, so it is to change nothing else. With one connection, it
    /// comes after what was sent before.
    ///
    /// Cancel-safe: work that was sent is done whole even if this future is dropped; work that still waited for its
    /// place in the queue never is.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (job, answered) = writing(work);
        self.send(Job::Write(job)).await?;
        answered.await.map_err(|_| ended())?
    }

    /// Runs `work`, which only reads, in a transaction.
    ///
    /// Cancel-safe: if this future is dropped, work that did not begin never does, and a statement under way is
    /// interrupted. So what nobody waits for any more does not keep others waiting.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let running = Running::default();
        let _interrupt = InterruptOnDrop(running.clone());
        let job = move |connection: &mut Connection| {
            if answer.is_closed() {
                return;
            }
            let handle = connection.get_interrupt_handle();
            let read = || {
                let tx = connection.transaction()?;
                running.set(Some(handle));
                let read = work(&tx);
                // Before the transaction ends: that must not be interrupted, or the next could not begin.
                running.set(None);
                read
            };
            answer.send(read()).ok();
        };
        self.send(Job::Alone(Box::new(job))).await?;
        answered.await.map_err(|_| ended())?
    }

    /// Runs `work` on a connection that nobody else has meanwhile, also if this future is dropped behind the sending.
    #[cfg(test)]
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = move |connection: &mut Connection| {
            // Nobody waits any more if this fails; the work is done all the same.
            answer.send(work(connection)).ok();
        };
        self.send(Job::Alone(Box::new(job))).await?;
        answered.await.map_err(|_| ended())?
    }

    async fn send(&self, job: Job) -> Result<(), Fault> {
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.send(job).await.map_err(|_| ended())
    }
}

/// What a thread does before it looks for more.
#[derive(Default)]
struct Turn {
    writes: VecDeque<Box<dyn Write>>,
    /// What came behind them.
    alone: Option<Alone>,
}

impl Turn {
    fn run(self, connection: &mut Connection) {
        write_together(connection, self.writes);
        if let Some(job) = self.alone {
            job(connection);
        }
    }
}

/// Waits for work, and takes the writes that wait too; `None` once there can be none. Where none waits yet, does
/// `when_idle` before.
fn next_turn(received: &Mutex<mpsc::Receiver<Job>>, when_idle: impl FnOnce()) -> Option<Turn> {
    // Held while a thread waits for work, and never while it works.
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    let mut turn = Turn::default();
    let mut next = received.try_recv().ok().or_else(|| {
        when_idle();
        received.blocking_recv()
    });
    next.as_ref()?;
    while let Some(job) = next {
        match job {
            Job::Write(write) => turn.writes.push_back(write),
            Job::Alone(job) => {
                turn.alone = Some(job);
                break;
            }
        }
        // No more than wait by now: whoever waits for one of these may send the next.
        next = match turn.writes.len() {
            QUEUE.. => None,
            _ => received.try_recv().ok(),
        };
    }
    Some(turn)
}

fn ended() -> Fault {
    Fault::Failed("its thread has ended".to_owned())
}

/// The connection that runs a read, as long as it does.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Option<InterruptHandle>>>);

impl Running {
    fn set(&self, handle: Option<InterruptHandle>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }
}

struct InterruptOnDrop(Running);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        // Under the lock, so that the connection does not go on to somebody else's work in between.
        let running = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*running {
            handle.interrupt();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::sync_channel;

    use futures_util::FutureExt as _;

    use super::*;

    fn worker(n_connections: usize) -> Worker {
        let open = |_| Connection::open_in_memory().unwrap();
        Worker::start("test", (0..n_connections).map(open).collect(), |_| {}).unwrap()
    }

    #[tokio::test]
    async fn a_read_that_nobody_waits_for_any_more_is_not_run() {
        let worker = worker(1);
        let (go, wait) = sync_channel::<()>(1);
        let first = worker.run(move |_| Ok(wait.recv().is_ok()));
        let mut first = Box::pin(first);
        assert!(first.as_mut().now_or_never().is_none());
        let has_run = Arc::new(AtomicBool::new(false));
        let run = Arc::clone(&has_run);
        let second = worker.read(move |_| {
            run.store(true, Ordering::SeqCst);
            Ok(())
        });
        // Sent, and given up while the first one still runs.
        assert!(second.now_or_never().is_none());
        go.send(()).unwrap();
        assert!(first.await.unwrap());
        worker.read(|_| Ok(())).await.unwrap();
        assert!(!has_run.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_write_that_was_sent_runs_though_nobody_waits_for_it() {
        let worker = worker(1);
        let has_run = Arc::new(AtomicBool::new(false));
        let run = Arc::clone(&has_run);
        let sent = worker.run(move |_| {
            run.store(true, Ordering::SeqCst);
            Ok(())
        });
        sent.now_or_never();
        worker.run(|_| Ok(())).await.unwrap();
        assert!(has_run.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_long_read_keeps_one_connection_and_the_others_go_on() {
        let worker = worker(2);
        let (go, wait) = sync_channel::<()>(1);
        let mut long = Box::pin(worker.read(move |_| Ok(wait.recv().is_ok())));
        assert!(long.as_mut().now_or_never().is_none());
        for n in 0..5 {
            assert_eq!(worker.read(move |_| Ok(n)).await.unwrap(), n);
        }
        go.send(()).unwrap();
        assert!(long.await.unwrap());
    }

    #[tokio::test]
    async fn a_read_under_way_is_interrupted_and_the_next_one_is_not() {
        let worker = worker(1);
        let (begun, begins) = oneshot::channel();
        let numbers =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
        let mut endless = Box::pin(worker.read(move |tx| {
            let mut statement = tx.prepare(numbers)?;
            let mut rows = statement.query([])?;
            rows.next()?;
            begun.send(()).ok();
            while rows.next()?.is_some() {}
            Ok(())
        }));
        assert!(endless.as_mut().now_or_never().is_none());
        begins.await.unwrap();
        drop(endless);
        let one = worker.read(|tx| Ok(tx.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?));
        assert_eq!(one.await.unwrap(), 1);
    }
}
