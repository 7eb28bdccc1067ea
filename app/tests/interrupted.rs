//! Commands that only read: the first Ctrl-C ends them, with exit code 3 and without a half result.

use std::net::TcpListener;
use std::process::Command;

use crate::program::{Home, Run};

#[test]
fn a_command_that_only_reads_ends_at_the_first_interrupt() {
    for args in [
        &["rank", "--out", "list.csv"][..],
        &["explain", "shopify:shop.example:1"],
        &["report", "--out", "list.csv"],
        &["backtest"],
        &["export", "segments", "--out", "list.csv"],
        &["summarize", "--out", "list.csv"],
    ] {
        // A server that takes connections and never answers: the command waits for it.
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let store = format!("mongodb://{}/shops", server.local_addr().unwrap());
        let home = Home::new();
        let mut command = home.command(args.iter().copied().chain(["--store", &store]));
        let child = command.spawn().unwrap();
        let _connection = server.accept().unwrap();
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(run.code, Some(3), "{args:?}: {run:#?}");
        assert!(run.stdout.is_empty(), "{args:?}: {run:#?}");
        assert!(!home.path().join("list.csv").exists(), "{args:?}");
    }
}
