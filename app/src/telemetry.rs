//! Logs and progress on standard error, so that they never tear each other's lines apart.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::panic;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing::field::Field;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Global;
use crate::config::LogFormat;

/// Standard error as a person sees it: progress bars on a terminal, nothing of them elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    bars: MultiProgress,
    is_quiet: bool,
    format: LogFormat,
}

/// Sets up logging for the whole process.
///
/// A command that tells the end of each of its items itself is spared what the summarizer warns of on the way.
pub(crate) fn init(global: &Global, configured: LogFormat, tells_itself: bool) -> Screen {
    let format = global.log.unwrap_or(configured);
    let is_terminal = io::stderr().is_terminal();
    let with_bars = is_terminal && !global.quiet && format == LogFormat::Text;
    let target = if with_bars {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let screen = Screen {
        bars: MultiProgress::with_draw_target(target),
        is_quiet: global.quiet,
        format,
    };
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (false, 0) if tells_itself => "warn,summarizer=error,trouvaille::note=info",
        (false, 0) => "warn,trouvaille::note=info,trouvaille::audit=info",
        (false, 1) => "info,reqwest=warn,hyper_util=warn,h2=warn",
        (false, _) => "debug",
    };
    // They log whole answers that they cannot read, and whole requests: what was typed is told by the audit line, if at
    // all.
    let level = format!("{level},async_openai=off,rmcp=error");
    let filter = EnvFilter::new(level);
    // Nobody else sets a subscriber in this process; if one were set, its output would do.
    drop(match format {
        LogFormat::Text => tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(screen.clone())
            .with_ansi(is_terminal)
            .with_target(false)
            // A message reads alone, so people are spared the fields that repeat it.
            .fmt_fields(debug_fn(message_alone))
            .try_init(),
        LogFormat::Json => {
            panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
            let lines = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(screen.clone())
                .with_target(false)
                .with_filter(filter.or(filter_fn(is_own_span)));
            let lines = tracing_subscriber::registry().with(lines);
            lines.try_init().map_err(Into::into)
        }
    });
    screen
}

/// Returns whether it is a span of ours: of a crawl, a task or a call, in which a warning tells where it belongs, also
/// where nothing less than a warning is told.
fn is_own_span(metadata: &Metadata<'_>) -> bool {
    let (room, _) = metadata.target().split_once("::").unwrap_or_default();
    let is_ours = matches!(room, "trouvaille" | "a2a" | "crawler" | "mcp_server");
    metadata.is_span() && is_ours && *metadata.level() <= Level::INFO
}

fn message_alone(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() == "message" {
        return write!(writer, "{value:?}");
    }
    Ok(())
}

impl Screen {
    /// Tells a person something, unless they asked for quiet.
    pub(crate) fn note(&self, text: &str) {
        match self.format {
            _ if self.is_quiet => {}
            LogFormat::Text => self.bars.suspend(|| crate::output::complain(text)),
            LogFormat::Json => tracing::info!(target: "trouvaille::note", "{text}"),
        }
    }

    /// Tells the error that ends the program.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        match self.format {
            LogFormat::Text => self
                .bars
                .suspend(|| crate::output::complain(&format!("error: {error:#}"))),
            LogFormat::Json => tracing::error!("{error:#}"),
        }
    }

    /// Returns a bar that counts to `n`, with a place for a message.
    pub(crate) fn bar(&self, n: u64, what: &str) -> ProgressBar {
        let template = format!("{{spinner}} {{pos}}/{{len}} {what} [{{elapsed}}] {{msg}}");
        self.styled(ProgressBar::new(n), &template)
    }

    /// Returns a line that shows that something is under way.
    pub(crate) fn line(&self, prefix: String) -> ProgressBar {
        self.styled(
            ProgressBar::new_spinner().with_prefix(prefix),
            "  {spinner} {prefix}: {msg}",
        )
    }

    fn styled(&self, bar: ProgressBar, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).expect("the templates above are valid");
        let bar = self.bars.add(bar.with_style(style));
        if !self.bars.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar
    }
}

/// Log lines go out while the bars are taken away for a moment.
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bars.suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Screen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
