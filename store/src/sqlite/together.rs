//! Writes that share a transaction: each costs locks, a commit and pages of the log that the next one writes again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;

use super::fault::Fault;
use super::schema::begin_write;

/// A transaction takes no further write after this time: other processes wait for its end. A page of new products takes
/// some milliseconds, and leaves of indexes that several pages share are written once.
const LONGEST: Duration = Duration::from_millis(25);

/// A write whose caller waits for its answer.
pub(super) trait Write: Send {
    /// Does the work, and returns whether it succeeded. What an earlier call did is undone by then.
    fn work(&mut self, tx: &Transaction<'_>) -> bool;

    /// Answers what the work returned, or why it is not stored.
    fn answer(self: Box<Self>, stored: rusqlite::Result<()>);
}

/// Returns a write that does `work`, and its answer to come.
pub(super) fn writing<T, F>(work: F) -> (Box<dyn Write>, oneshot::Receiver<Result<T, Fault>>)
where
    T: Send + 'static,
    F: FnMut(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    let writing = Writing {
        work,
        done: None,
        answer,
    };
    (Box::new(writing), answered)
}

struct Writing<T, F> {
    work: F,
    done: Option<Result<T, Fault>>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Write for Writing<T, F>
where
    T: Send,
    F: FnMut(&Transaction<'_>) -> Result<T, Fault> + Send,
{
    fn work(&mut self, tx: &Transaction<'_>) -> bool {
        let done = self.done.insert((self.work)(tx));
        done.is_ok()
    }

    fn answer(self: Box<Self>, stored: rusqlite::Result<()>) {
        let answer = match (self.done, stored) {
            (Some(Err(fault)), _) => Err(fault),
            (Some(done), Ok(())) => done,
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(Fault::Failed("it was not done".to_owned())),
        };
        // Nobody waits any more if this fails; the work is done all the same.
        self.answer.send(answer).ok();
    }
}

/// Does all writes in their order, as many as can be in one transaction.
///
/// One that fails undoes those beside it, so these are done again, each by itself: no answer tells of another's work.
pub(super) fn write_together(connection: &mut Connection, mut writes: VecDeque<Box<dyn Write>>) {
    while writes.len() > 1 {
        let Some(n_stored) = store_some(connection, &mut writes) else {
            break;
        };
        for write in writes.drain(..n_stored) {
            write.answer(Ok(()));
        }
    }
    for mut write in writes {
        let stored = store_one(connection, write.as_mut());
        write.answer(stored);
    }
}

/// Stores the first of the writes, and returns how many; `None` where one of them failed, and none is stored.
fn store_some(connection: &mut Connection, writes: &mut VecDeque<Box<dyn Write>>) -> Option<usize> {
    let tx = begin_write(connection).ok()?;
    let began = Instant::now();
    let mut n_done = 0;
    for write in writes {
        if !write.work(&tx) {
            return None;
        }
        n_done += 1;
        if began.elapsed() >= LONGEST {
            break;
        }
    }
    tx.commit().ok()?;
    Some(n_done)
}

fn store_one(connection: &mut Connection, write: &mut dyn Write) -> rusqlite::Result<()> {
    let tx = begin_write(connection)?;
    if write.work(&tx) {
        return tx.commit();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = oneshot::Receiver<Result<u64, Fault>>;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "PRAGMA foreign_keys = on;
            CREATE TABLE shelf (n INTEGER PRIMARY KEY);
            CREATE TABLE book (n INTEGER, shelf INTEGER REFERENCES shelf DEFERRABLE INITIALLY DEFERRED);";
        connection.execute_batch(tables).unwrap();
        connection
    }

    fn put(sql: &'static str) -> (Box<dyn Write>, Answer) {
        writing(move |tx| Ok(tx.execute(sql, [])? as u64))
    }

    /// Does the writes, and returns which of them were answered well.
    fn answers<const N: usize>(
        connection: &mut Connection,
        writes: [(Box<dyn Write>, Answer); N],
    ) -> [bool; N] {
        let (writes, answers): (VecDeque<_>, Vec<_>) = writes.into_iter().unzip();
        write_together(connection, writes);
        let ok = answers
            .into_iter()
            .map(|mut it| it.try_recv().unwrap().is_ok());
        ok.collect::<Vec<_>>().try_into().unwrap()
    }

    fn shelves(connection: &Connection) -> Vec<i64> {
        let mut find = connection
            .prepare("SELECT n FROM shelf ORDER BY n")
            .unwrap();
        let found = find.query_map([], |row| row.get(0)).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_write_that_fails_is_told_so_and_those_beside_it_are_stored() {
        let mut connection = connection();
        let writes = [
            put("INSERT INTO shelf VALUES (1)"),
            put("INSERT INTO shelf VALUES (2), (1)"),
            put("INSERT INTO shelf VALUES (3)"),
        ];
        assert_eq!(answers(&mut connection, writes), [true, false, true]);
        assert_eq!(shelves(&connection), [1, 3]);
    }

    #[test]
    fn a_write_whose_end_fails_is_told_so_and_those_beside_it_are_stored() {
        let mut connection = connection();
        let writes = [
            put("INSERT INTO shelf VALUES (1)"),
            put("INSERT INTO book VALUES (1, 9)"),
            put("INSERT INTO book VALUES (2, 1)"),
        ];
        assert_eq!(answers(&mut connection, writes), [true, false, true]);
        let books = connection.query_row("SELECT COUNT(*), MAX(n) FROM book", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        assert_eq!(books, Ok((1, 2)));
    }

    #[test]
    fn writes_that_wait_share_a_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut connection = Connection::open(&path).unwrap();
        let table = "PRAGMA journal_mode = wal; CREATE TABLE shelf (n INTEGER PRIMARY KEY)";
        connection.execute_batch(table).unwrap();
        let other = Connection::open(&path).unwrap();
        let others_see = move |_: &Transaction<'_>| Ok(shelves(&other).len() as u64);
        let (first, _) = put("INSERT INTO shelf VALUES (1)");
        let (second, mut seen) = writing(others_see);
        write_together(&mut connection, VecDeque::from([first, second]));
        assert_eq!(seen.try_recv().unwrap().unwrap(), 0);
        assert_eq!(shelves(&connection), [1]);
    }
}
