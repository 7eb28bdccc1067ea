//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::telemetry::Screen;

/// SIGXFSZ: a file grew beyond the user's limit. Handled, the write fails with a message instead of the program.
const FILE_TOO_LARGE: i32 = 25;

/// Cancels `cancel` at the first signal. The handler lives as long as what is returned.
pub(crate) fn cancel_on_signal(
    cancel: CancellationToken,
    screen: Screen,
) -> std::io::Result<JoinSet<()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut file_too_large = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
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
        screen.note("stopping; what is stored stays. Once more to stop at once.");
        cancel.cancel();
        wait().await;
        #[expect(clippy::exit, reason = "the second signal asks for exactly this")]
        std::process::exit(3);
    });
    Ok(handler)
}
