//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Screen;

/// SIGXFSZ: a file grew beyond the user's limit. Handled, the write fails with a message instead of the program.
const FILE_TOO_LARGE: i32 = 25;

/// Signals that are kept until somebody looks at them.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    file_too_large: Signal,
}

impl Signals {
    /// Takes signals from now on.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            file_too_large: signal(SignalKind::from_raw(FILE_TOO_LARGE))?,
        })
    }

    /// Cancels `cancel` at the first signal. The handler lives as long as what is returned.
    pub(crate) fn cancel(self, cancel: CancellationToken, screen: Screen) -> JoinSet<()> {
        let Self {
            mut interrupt,
            mut terminate,
            mut file_too_large,
        } = self;
        let mut handler = JoinSet::new();
        handler.spawn(async move { while file_too_large.recv().await.is_some() {} });
        handler.spawn(async move {
            let mut wait = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            wait().await;
            // First, since a note waits for whoever reads a log that is full.
            cancel.cancel();
            screen.note("stopping; what is stored stays. Once more to stop at once.");
            wait().await;
            // The second signal asks for exactly this.
            std::process::exit(3);
        });
        handler
    }
}
