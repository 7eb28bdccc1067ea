//! Locks whose holders change nothing by halves, so that one that panicked leaves nothing to be afraid of.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Returns the guard of a mutex, also behind a panic of another holder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
