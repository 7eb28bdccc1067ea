//! How large the parts of a task's JSON may be: together they stay below 256 KB.

use serde_json::Value;

/// The messages of a task.
pub(crate) const MAX_HISTORY: usize = 96 << 10;

/// The parts of its results.
pub(super) const MAX_PARTS: usize = 128 << 10;

/// The figures on its state.
pub(super) const MAX_DATA: usize = 8 << 10;

/// The words on its state, in bytes before JSON makes them longer.
const MAX_NOTE: usize = 2 << 10;

/// What a part costs beside its own bytes.
const FRAME: usize = 64;

/// What is left of a size.
#[derive(Debug)]
pub(super) struct Room {
    left: usize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Takes a value's size from what is left; where it is too large, nothing is left.
    pub(super) fn takes(&mut self, value: &Value) -> bool {
        let size = size_of(value) + FRAME;
        let has_room = size <= self.left;
        self.left = if has_room { self.left - size } else { 0 };
        has_room
    }
}

/// Returns the size of a value as JSON.
pub(crate) fn size_of(value: &Value) -> usize {
    let mut counter = Counter(0);
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX / 2,
    }
}

/// Returns the beginning of a note that may be too long.
pub(super) fn cut(note: &str) -> &str {
    &note[..note.floor_char_boundary(MAX_NOTE)]
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
