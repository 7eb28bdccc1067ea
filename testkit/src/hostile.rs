//! Hostile bytes for the readers of foreign bytes: seeded changes of a small corpus, the same in every run.

mod change;
mod value;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// The inputs of an ordinary test run.
const N_INPUTS: u64 = 20_000;

/// Failures after which a run ends: by then more of them say nothing new.
const MAX_FAILURES: usize = 5;

/// How long a reader is fed: until the first of the two is reached.
#[derive(Debug, Clone, Copy)]
struct Endurance {
    n_inputs: u64,
    time: Duration,
}

/// Feeds `read` with the files of `corpus` and seeded changes of them, and holds it to its own assertions.
///
/// 20,000 inputs, or what `FUZZ_INPUTS` and `FUZZ_SECONDS` say: `scripts/fuzz` sets them for a long run. Each
/// input depends on `name` and its number alone, so that a failure comes again. Prints one line: the name,
/// inputs, seconds, failures, and on Linux the most memory that the process has had, in megabytes.
///
/// # Panics
/// When `read` does, with the number and the beginning of each such input.
pub fn feed_hostile_bytes(name: &str, corpus: &[&[u8]], mut read: impl FnMut(&[u8])) {
    let endurance = Endurance::from_environment();
    let start = Instant::now();
    let mut failures: Vec<String> = vec![];
    let mut n_done = 0;
    while n_done < endurance.n_inputs
        && failures.len() < MAX_FAILURES
        && start.elapsed() < endurance.time
    {
        let input = hostile_input(name, n_done, corpus);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| read(&input))) {
            failures.push(told(n_done, &input, panic.as_ref()));
        }
        n_done += 1;
    }
    report(name, n_done, start.elapsed(), failures.len());
    assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
}

/// Returns the most memory in bytes that the process has had resident so far; `None` where there is no `/proc`.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
    let n_kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(n_kib * 1024)
}

/// Returns input number `n`: first the corpus as it is, then changes of it.
fn hostile_input(name: &str, n: u64, corpus: &[&[u8]]) -> Vec<u8> {
    if let Some(file) = usize::try_from(n).ok().and_then(|n| corpus.get(n)) {
        return file.to_vec();
    }
    let seed = name.bytes().fold(n, |seed, byte| {
        seed.rotate_left(7)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(byte.into())
    });
    change::changed(corpus, &mut Rng::with_seed(seed))
}

impl Endurance {
    #[expect(
        clippy::disallowed_methods,
        reason = "only a long run sets them, and only tests come here"
    )]
    fn from_environment() -> Self {
        let number = |variable| std::env::var(variable).ok()?.parse().ok();
        Self {
            n_inputs: number("FUZZ_INPUTS").unwrap_or(N_INPUTS),
            time: number("FUZZ_SECONDS").map_or(Duration::MAX, Duration::from_secs),
        }
    }
}

fn told(n: u64, input: &[u8], panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a text");
    let start = input[..input.len().min(2_000)].escape_ascii();
    format!(
        "input {n} of {} bytes: {message}\n  \"{start}\"",
        input.len()
    )
}

#[expect(clippy::print_stdout, reason = "the result of a long run")]
fn report(name: &str, n_inputs: u64, time: Duration, n_failures: usize) {
    let peak = peak_memory().map_or("unknown".to_owned(), |bytes| {
        format!("{:.1}", bytes as f64 / 1e6)
    });
    let seconds = time.as_secs_f64();
    println!("fuzz\t{name}\t{n_inputs}\t{seconds:.1}\t{n_failures}\t{peak}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: [&[u8]; 2] = [b"{\"id\":1,\"price\":\"12.90\"}", b"key = [1, 2]\n"];

    #[test]
    fn inputs_are_the_same_in_every_run_and_differ_from_each_other() {
        let inputs = || -> Vec<_> { (0..200).map(|n| hostile_input("x", n, &CORPUS)).collect() };
        let mut first = inputs();
        assert_eq!(first, inputs());
        assert_eq!(first[..2], CORPUS);
        first.sort();
        first.dedup();
        assert!(first.len() > 150, "{}", first.len());
        assert_ne!(
            hostile_input("x", 50, &CORPUS),
            hostile_input("y", 50, &CORPUS)
        );
    }

    #[test]
    fn a_reader_that_panics_is_told_with_the_input() {
        let failed = catch_unwind(|| {
            feed_hostile_bytes("fragile", &CORPUS, |input| {
                assert!(!input.starts_with(b"key"), "this key");
            });
        });
        let message = failed.unwrap_err();
        let message = message.downcast_ref::<String>().unwrap();
        assert!(
            message.starts_with("fragile:\ninput 1 of 13 bytes: this key\n"),
            "{message}"
        );
        assert!(message.contains("\"key = [1, 2]\\n\""), "{message}");
    }
}
