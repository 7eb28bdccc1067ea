//! Proxies between the program and the shops: none that the environment names, and the one that an operator sets.

use std::process::Command;

use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use crate::program::{Home, Run};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

async fn shop() -> FakeShop {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 5, 7);
    FakeShop::start(catalogue, FaultPlan::none()).await.unwrap()
}

/// Runs a command in a task that leaves the shop its own.
async fn run(mut command: Command) -> Run {
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap().into()
}

fn crawl(home: &Home, url: &str) -> Command {
    let mut command = home.command(["crawl", url, "--store", "sqlite:t.db", "--rps", "unlimited"]);
    command.env("TROUVAILLE__CRAWL__MAX_TRIES", "1");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxies_of_the_environment_are_not_used() {
    let (home, shop) = (Home::new(), shop().await);
    let mut command = crawl(&home, &shop.url());
    command.args(["--allow-private", "127.0.0.0/8"]);
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, NOWHERE);
    }
    let run = run(command).await;
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// The shop stands for the proxy: it answers for every name, and none was looked up.
#[tokio::test(flavor = "multi_thread")]
async fn a_configured_proxy_is_asked_for_names_and_hosts_that_are_numbers_are_still_checked() {
    let (home, shop) = (Home::new(), shop().await);
    let through = |url: &str, proxy: &str| {
        let mut command = crawl(&home, url);
        command.env("TROUVAILLE__CRAWL__PROXY", proxy);
        command
    };
    let found = run(through("http://no-such-shop.invalid", &shop.url())).await;
    assert_eq!(found.code, Some(0), "{found:#?}");
    let n_requests = shop.requests().len();
    assert!(n_requests > 0);

    let private = run(through("http://10.0.0.1", &shop.url())).await;
    private.assert_fails(1, &[]);
    let told = format!("{}{}", private.stdout, private.stderr);
    assert!(
        told.contains("10.0.0.1 is a private or reserved address"),
        "{private:#?}"
    );
    assert_eq!(shop.requests().len(), n_requests);

    let nowhere = run(through("http://no-such-shop.invalid", NOWHERE)).await;
    assert_eq!(nowhere.code, Some(1), "{nowhere:#?}");
    let wrong = run(through(
        "http://no-such-shop.invalid",
        "socks5://u:s3cret@h",
    ))
    .await;
    wrong.assert_fails(2, &["crawl.proxy: expected the address of a proxy"]);
    assert!(!wrong.stderr.contains("s3cret"), "{wrong:#?}");
}
