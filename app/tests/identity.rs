//! Who asks, through the program: the key in a file, headers that merchants issued, and what is told of both.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use crate::program::{Home, PROGRAM, Run};

/// The key of RFC 9421, B.1.4.
pub(crate) const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
";

/// Its thumbprint.
pub(crate) const KEYID: &str = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";

const STORE: &str = "sqlite:t.db";

/// What a merchant issued until the first of December.
const ISSUED: &str = r#"{ signature_agent = '"https://shopify.com"', signature = 'sig1=:czNjcmV0:', expires = "2026-12-01",
signature_input = 'sig1=("@authority");created=1790000000;expires=1797000000;keyid="k";tag="web-bot-auth"' }"#;

async fn shop() -> FakeShop {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 5, 7);
    FakeShop::start(catalogue, FaultPlan::none()).await.unwrap()
}

/// Runs the program at a day of this winter, in a task that leaves the shop its own.
async fn run_on(day: &str, home: &Home, args: &[&str]) -> Run {
    let mut command = home.bare_command(Path::new(PROGRAM));
    let now = format!("{day}T12:00:00Z");
    command.args(args);
    command.args(["--store", STORE, "--config", "config.toml", "--now", &now]);
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap().into()
}

async fn crawl_on(day: &str, home: &Home, shop: &FakeShop) -> Run {
    let url = shop.url();
    let args = ["crawl", &url, "--allow-private", "127.0.0.0/8", "--full"];
    run_on(day, home, &args).await
}

fn seen(shop: &FakeShop, name: &str) -> Vec<String> {
    let requests = shop.requests();
    let values = requests
        .iter()
        .map(|it| it.header(name).unwrap_or_default());
    values.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_signs_its_requests_with_the_key_in_the_file() {
    let home = Home::new();
    let shop = shop().await;
    home.write("key.pem", KEY);
    home.write(
        "config.toml",
        "[identity]\nkey_file = 'key.pem'\nsignature_agent = 'https://operator.example'\n",
    );
    let run = crawl_on("2026-11-21", &home, &shop).await;
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("chmod 600"), "{run:#?}");
    let agents = seen(&shop, "signature-agent");
    assert!(agents.len() > 2, "{agents:?}");
    assert!(
        agents.iter().all(|it| it == "\"https://operator.example\""),
        "{agents:?}"
    );
    let inputs = seen(&shop, "signature-input");
    assert!(inputs.iter().all(|it| it.contains(KEYID)), "{inputs:?}");

    let run = run_on("2026-11-21", &home, &["check", "--json"]).await;
    let check: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        check["identity"]["signature_agent"],
        "https://operator.example"
    );
    assert_eq!(check["identity"]["keyid"], KEYID);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_merchant_issued_is_sent_until_it_expires_and_its_end_is_told_before() {
    let home = Home::new();
    let shop = shop().await;
    home.write(
        "config.toml",
        format!("[identity.merchants]\n'{}' = {ISSUED}\n", shop.addr()),
    );
    for (day, words) in [
        ("2026-11-10", None),
        ("2026-11-21", Some("expire at 2026-12-01")),
        ("2026-12-02", Some("expired at 2026-12-01")),
    ] {
        let n_before = shop.requests().len();
        let run = crawl_on(day, &home, &shop).await;
        assert_eq!(run.code, Some(0), "{run:#?}");
        let expected = if day < "2026-12-01" {
            "sig1=:czNjcmV0:"
        } else {
            ""
        };
        let sent = seen(&shop, "signature").split_off(n_before);
        assert!(
            !sent.is_empty() && sent.iter().all(|it| it == expected),
            "{sent:?}"
        );
        assert_eq!(run.stderr.contains("expire"), words.is_some(), "{run:#?}");
        let check = run_on(day, &home, &["check", "--json"]).await;
        let code = if words.is_some() { 1 } else { 0 };
        assert_eq!(check.code, Some(code), "{check:#?}");
        let said: Value = serde_json::from_str(&check.stdout).unwrap();
        let merchants = &said["identity"]["merchants"];
        assert_eq!(*merchants, json!([shop.addr().to_string()]));
        if let Some(words) = words {
            assert!(run.stderr.contains(words), "{run:#?}");
            assert!(check.stdout.contains(words), "{check:#?}");
        }
        for run in [run, check] {
            let told = run.stdout + &run.stderr;
            assert!(
                !told.contains("czNj") && !told.contains("web-bot-auth"),
                "{told}"
            );
        }
    }
}

#[test]
fn a_key_that_cannot_sign_is_a_mistake_of_the_configuration() {
    let home = Home::new();
    home.write("key.pem", "s3cret");
    for (file, words) in [
        ("missing.pem", "cannot read identity.key_file missing.pem"),
        ("key.pem", "openssl genpkey -algorithm ed25519"),
    ] {
        home.write(
            "config.toml",
            format!(
                "[identity]\nkey_file = '{file}'\nsignature_agent = 'https://operator.example'\n"
            ),
        );
        let args = [
            "--config",
            "config.toml",
            "crawl",
            "shop.example",
            "--store",
            STORE,
        ];
        let run = home.run(args);
        run.assert_fails(2, &[words]);
        assert!(!run.stderr.contains("s3cret"), "{run:#?}");
    }
}

#[test]
fn a_file_of_issued_headers_that_others_may_read_is_told_of() {
    let home = Home::new();
    home.write("issued.toml", format!("'shop.example' = {ISSUED}\n"));
    home.write(
        "config.toml",
        "[identity]\nmerchants_file = 'issued.toml'\n",
    );
    let run = home.run(["check", "--config", "config.toml", "--store", STORE]);
    let warning = "may read identity.merchants_file issued.toml: `chmod 600` it";
    assert!(run.stderr.contains(warning), "{run:#?}");
}

#[test]
fn an_environment_variable_may_hold_what_merchants_issued() {
    let home = Home::new();
    let run = |value: &str| -> Run {
        let mut command = home.command(["check", "--store", STORE]);
        command.env("TROUVAILLE__IDENTITY__MERCHANTS", value);
        command.output().unwrap().into()
    };
    let issued = ISSUED.replace('\n', " ");
    let fine = run(&format!("{{ 'shop.example' = {issued} }}"));
    assert_eq!(fine.code, Some(1), "there is no store: {fine:#?}");
    let half = issued.replace("signature =", "token =");
    for value in [
        format!("{{ 'shop.example' = {half} }}"),
        "s3cret {".to_owned(),
    ] {
        let wrong = run(&value);
        wrong.assert_fails(
            2,
            &["identity.merchants", "TROUVAILLE__IDENTITY__MERCHANTS"],
        );
        assert!(
            !wrong.stderr.contains("czNj") && !wrong.stderr.contains("s3cret"),
            "{wrong:#?}"
        );
    }
}
