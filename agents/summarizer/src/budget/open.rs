//! What this process has set aside for a task and not settled yet: whoever finds no room waits for it.

use std::sync::Arc;

use tokio::sync::watch;

/// The reservations of this process for one task.
#[derive(Debug, Default)]
pub(crate) struct Reservations(watch::Sender<Open>);

#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// Set aside, or about to be.
    n_open: usize,
    /// Those that made room so far.
    n_settled: u64,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    reservations: Arc<Reservations>,
    /// How many had been settled when it was begun.
    n_settled: u64,
}

impl Reservations {
    /// Begins one. What is set aside behind that is seen by all who look later.
    pub(super) fn begin(self: &Arc<Self>) -> Place {
        let mut n_settled = 0;
        self.0.send_modify(|it| {
            it.n_open += 1;
            n_settled = it.n_settled;
        });
        Place {
            reservations: Arc::clone(self),
            n_settled,
        }
    }
}

impl Place {
    /// Notes that there may be room again.
    pub(super) fn settled(self) {
        self.reservations.0.send_modify(|it| it.n_settled += 1);
    }

    /// Gives a place up for which there was no room, and waits until there may be; returns whether there may.
    ///
    /// Cancel-safe.
    pub(super) async fn room(self) -> bool {
        let (reservations, before) = (Arc::clone(&self.reservations), self.n_settled);
        let mut open = reservations.0.subscribe();
        drop(self);
        let changed = open.wait_for(|it| it.n_settled != before || it.n_open == 0);
        changed.await.is_ok_and(|it| it.n_settled != before)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.reservations.0.send_modify(|it| it.n_open -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_waited_for_while_any_other_is_open() {
        let reservations = Arc::new(Reservations::default());
        let (first, second) = (reservations.begin(), reservations.begin());
        let (is_room, ()) = tokio::join!(second.room(), async { first.settled() });
        assert!(is_room);
        // One that ends without an answer makes none.
        let (first, second) = (reservations.begin(), reservations.begin());
        let (is_room, ()) = tokio::join!(second.room(), async { drop(first) });
        assert!(!is_room);
        assert!(!reservations.begin().room().await);
    }

    #[tokio::test]
    async fn room_that_was_made_meanwhile_is_seen() {
        let reservations = Arc::new(Reservations::default());
        let (first, second) = (reservations.begin(), reservations.begin());
        first.settled();
        assert!(second.room().await);
    }
}
