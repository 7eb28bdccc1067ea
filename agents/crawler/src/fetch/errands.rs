//! What a piece of work wants of a store while it waits: pauses stored as soon as they begin, and what is known of a
//! host before it is asked.
//!
//! Whoever has the store does it beside the work. Without anybody there, nothing is stored and nothing known.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use url::{Origin, Url};

use super::lesson::Lesson;

/// Hosts of which it is remembered that the store was asked; more than a piece of work ever asks. It is asked again for
/// the others.
const MAX_KNOWN: usize = 64;

/// Lessons that wait to be stored: one per host, and a host has time for one pause at a time.
const MAX_LESSONS: usize = 64;

/// The errands of one piece of work.
#[derive(Debug, Default)]
pub(super) struct Errands {
    list: Mutex<List>,
    is_new: Notify,
    is_done: Notify,
}

#[derive(Debug, Default)]
struct List {
    /// Whether somebody runs the errands.
    is_run: bool,
    wanted: Vec<Url>,
    known: Vec<Origin>,
    lessons: Vec<Lesson>,
}

/// What somebody with a store is asked to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// Tell the fetcher what is stored of the host of this URL; nothing is sent to it before.
    Recall(Url),
    /// Store what hosts taught, each of which now rests.
    Keep(Vec<Lesson>),
}

/// Runs the errands of a piece of work for as long as it lives.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    errands: &'a Errands,
}

impl Errands {
    /// Returns the one who runs them from now on.
    pub(super) fn run(&self) -> Runner<'_> {
        self.lock().is_run = true;
        Runner { errands: self }
    }

    /// Returns once it is known what is stored of the host of `url`, or at once where nobody has a store.
    ///
    /// Cancel-safe: who is dropped wants it no more, and another one may.
    pub(super) async fn recall(&self, url: &Url) {
        loop {
            let done = self.is_done.notified();
            tokio::pin!(done);
            done.as_mut().enable();
            {
                let mut list = self.lock();
                if !list.is_run || list.known.contains(&url.origin()) {
                    return;
                }
                if list.wanted.iter().all(|it| it.origin() != url.origin()) {
                    list.wanted.push(url.clone());
                }
            }
            self.is_new.notify_one();
            done.await;
        }
    }

    /// Has `lesson` stored.
    pub(super) fn keep(&self, lesson: Lesson) {
        let mut list = self.lock();
        list.lessons.retain(|it| it.name() != lesson.name());
        if list.is_run && list.lessons.len() < MAX_LESSONS {
            list.lessons.push(lesson);
            self.is_new.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner<'_> {
    /// Returns what is to be done next: lessons first. Cancel-safe.
    pub(crate) async fn next(&self) -> Errand {
        loop {
            {
                let mut list = self.errands.lock();
                if !list.lessons.is_empty() {
                    return Errand::Keep(std::mem::take(&mut list.lessons));
                }
                if let Some(wanted) = list.wanted.pop() {
                    return Errand::Recall(wanted);
                }
            }
            self.errands.is_new.notified().await;
        }
    }

    /// Notes that the fetcher was told what is stored of the host of `url`.
    pub(crate) fn recalled(&self, url: &Url) {
        let mut list = self.errands.lock();
        if list.known.len() == MAX_KNOWN {
            list.known.remove(0);
        }
        list.known.push(url.origin());
        drop(list);
        self.errands.is_done.notify_waiters();
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        *self.errands.lock() = List::default();
        self.errands.is_done.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://shop.example{path}")).unwrap()
    }

    #[tokio::test]
    async fn what_is_stored_of_a_host_is_recalled_once_and_before_anything_else() {
        let errands = Errands::default();
        errands.recall(&url("/")).await;
        let runner = errands.run();
        let asked = async {
            errands.recall(&url("/a")).await;
            errands.recall(&url("/b")).await;
        };
        let ran = async {
            let Errand::Recall(place) = runner.next().await else {
                panic!("nothing was to be kept");
            };
            assert_eq!(place, url("/a"));
            runner.recalled(&place);
        };
        tokio::join!(asked, ran);
        drop(runner);
        errands.recall(&url("/c")).await;
    }

    #[tokio::test]
    async fn of_each_host_the_last_lesson_is_kept() {
        let lesson = |name: &str, n_failures| Lesson {
            name: name.to_owned(),
            gap: None,
            refused_gap: None,
            pause: None,
            n_failures,
        };
        let errands = Errands::default();
        let runner = errands.run();
        for lesson in [lesson("a", 1), lesson("b", 2), lesson("a", 3)] {
            errands.keep(lesson);
        }
        let Errand::Keep(lessons) = runner.next().await else {
            panic!("nothing was to be recalled");
        };
        let kept: Vec<_> = lessons
            .iter()
            .map(|it| (it.name(), it.n_failures))
            .collect();
        assert_eq!(kept, [("b", 2), ("a", 3)]);
    }
}
