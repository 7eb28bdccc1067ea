//! Names for the owners of leases, and which of them are known to be dead.
//!
//! A name says which process it is of, so that another process of the same machine can see that it is gone: a
//! killed crawl goes on at once when it is called again. Elsewhere, and without `/proc`, nobody is known to be dead.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::MetadataExt;
use std::sync::LazyLock;
use std::time::Duration;

use catalog::RESTING;
use crawler::LeaseTerms;

/// How long a lease lasts without a renewal: what others wait for when this process dies on another machine.
const TTL: Duration = Duration::from_secs(60);

/// Longer than [`TTL`], so that an owner who died is outlasted.
const MAX_WAIT: Duration = Duration::from_secs(90);

/// What a name is made of, in its order; between them stand slashes.
const N_PARTS: usize = 7;

/// Returns a name that no other process and no other call has.
pub(crate) fn new_name() -> String {
    /// Tells processes apart of which nothing else is known.
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("process"));
    let pid = std::process::id();
    let nonce = RandomState::new().hash_one(pid);
    match Process::own() {
        Some(own) => format!(
            "{}/{}/{}/{}/{}/{}/{nonce:016x}",
            own.host, own.pid, own.start, own.uid, own.pid_namespace, own.boot,
        ),
        None => format!("unknown/{pid}-{:016x}/{nonce:016x}", *PROCESS),
    }
}

/// Returns how this program's commands take a lease.
pub(crate) fn lease_terms(owner: &str) -> LeaseTerms<'_> {
    LeaseTerms {
        owner,
        is_dead,
        ttl: TTL,
        max_wait: MAX_WAIT,
    }
}

/// Returns whether nobody crawls under this name any more: its process is known to have ended, or the shop only rests.
pub(crate) fn is_dead(owner: &str) -> bool {
    if owner == RESTING {
        return true;
    }
    match (Process::of_name(owner), Process::own()) {
        (Some(process), Some(own)) => own.can_see(&process) && !is_running(&process),
        _ => false,
    }
}

/// Returns an owner's name as a person reads it.
pub(crate) fn shown(owner: &str) -> String {
    match Process::of_name(owner) {
        Some(process) => format!("process {} on {}", process.pid, process.host),
        None => owner.to_owned(),
    }
}

/// A process, by what makes it another one than all others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    host: String,
    pid: u32,
    /// When it started, in the kernel's ticks since the machine did.
    start: u64,
    uid: u32,
    pid_namespace: String,
    boot: String,
}

impl Process {
    fn own() -> Option<Self> {
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let pid = std::process::id();
        Some(Self {
            host: part(&host.unwrap_or_default()),
            pid,
            start: stat(pid)?.start,
            uid: fs::metadata("/proc/self").ok()?.uid(),
            pid_namespace: part(&namespace.to_string_lossy()),
            boot: part(&boot),
        })
    }

    fn of_name(owner: &str) -> Option<Self> {
        let parts: Vec<&str> = owner.split('/').collect();
        let [host, pid, start, uid, pid_namespace, boot, _nonce] =
            <[&str; N_PARTS]>::try_from(parts).ok()?;
        Some(Self {
            host: host.to_owned(),
            pid: pid.parse().ok()?,
            start: start.parse().ok()?,
            uid: uid.parse().ok()?,
            pid_namespace: pid_namespace.to_owned(),
            boot: boot.to_owned(),
        })
    }

    /// Returns whether the other's number means the same process to both, and `/proc` would show it: other users'
    /// processes can be hidden.
    fn can_see(&self, other: &Self) -> bool {
        self.boot == other.boot
            && self.pid_namespace == other.pid_namespace
            && self.uid == other.uid
    }
}

/// Returns a text as a part of a name: without slashes, blanks and what steers a terminal.
fn part(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-._:[]".contains(it);
    let shortened = text.trim().chars().take(64);
    shortened
        .map(|it| if is_plain(it) { it } else { '-' })
        .collect()
}

fn is_running(process: &Process) -> bool {
    stat(process.pid).is_some_and(|it| it.start == process.start && !it.has_ended)
}

/// What the kernel says of a process.
struct Stat {
    start: u64,
    /// It ended, and only its parent did not look yet.
    has_ended: bool,
}

fn stat(pid: u32) -> Option<Stat> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may hold anything, and ends at the last bracket.
    let (_, fields) = line.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Some(Stat {
        start: fields.get(19)?.parse().ok()?,
        has_ended: matches!(*fields.first()?, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Returns the name that a process of this machine would have.
    fn name_of(pid: u32, start: u64) -> String {
        let own = Process::own().unwrap();
        let Process {
            host,
            uid,
            pid_namespace,
            boot,
            ..
        } = own;
        format!("{host}/{pid}/{start}/{uid}/{pid_namespace}/{boot}/0")
    }

    #[test]
    fn no_two_names_are_the_same_and_all_are_alive() {
        let (one, two) = (new_name(), new_name());
        assert_ne!(one, two);
        assert!(!is_dead(&one) && !is_dead(&two));
        assert_eq!(Process::of_name(&one), Process::own());
        let pid = std::process::id();
        assert!(shown(&one).starts_with(&format!("process {pid} on ")));
    }

    #[test]
    fn an_owner_is_dead_once_its_process_has_ended() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let name = name_of(child.id(), stat(child.id()).unwrap().start);
        assert!(!is_dead(&name));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_dead(&name));
    }

    #[test]
    fn a_process_that_only_has_the_same_number_is_another_one() {
        let own = Process::own().unwrap();
        assert!(!is_dead(&name_of(own.pid, own.start)));
        assert!(is_dead(&name_of(own.pid, own.start + 1)));
    }

    #[test]
    fn nobody_elsewhere_is_known_to_be_dead() {
        let name = name_of(std::process::id(), 0);
        assert!(is_dead(&name));
        let parts: Vec<&str> = name.split('/').collect();
        for index in [3, 4, 5] {
            let mut other = parts.clone();
            other[index] = "4711";
            assert!(!is_dead(&other.join("/")), "{other:?}");
        }
        for other in ["", "agent-1", "unknown/1/0", "a/b/c/d/e/f/g"] {
            assert!(!is_dead(other), "{other}");
            assert_eq!(shown(other), other);
        }
    }
}
