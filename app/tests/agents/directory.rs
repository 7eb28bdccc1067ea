//! The directory of the key that requests are signed with: for everybody, and signed for the operator's address.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use super::replica::Replica;
use super::{SHORT_LEASE, STORE, server};
use crate::identity::{KEY, KEYID};
use crate::program::Home;

const PATH: &str = "/.well-known/http-message-signatures-directory";

/// Nobody's hash.
const TOKENS: &str = "[http]\ntokens = [{ caller = 'alice', sha256 = '00000000000000000000000000000000\
                      00000000000000000000000000000000' }]\n";

const IDENTITY: &str =
    "[identity]\nkey_file = 'key.pem'\nsignature_agent = 'https://operator.example'\n";

fn start(home: &Home, command: &[&str], config: &str) -> Replica {
    home.write("config.toml", config);
    let mut command = server(home, command, STORE, SHORT_LEASE);
    command.args(["--config", "config.toml"]);
    Replica::start(command)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(it, _)| it.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name} in {head}")).1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_served_to_callers_without_a_token_and_says_whose_it_is() {
    let home = Home::new();
    home.write("key.pem", KEY);
    let config = format!("{TOKENS}{IDENTITY}");
    let serve = start(&home, &["serve", "--mcp", "none"], &config);
    assert_eq!(serve.http("POST", "/a2a/v1", "{}").await.0, 401);
    let (head, body) = serve.answer("GET", PATH, "").await;
    assert!(head.contains(" 200 "), "{head}");
    assert_eq!(
        header(&head, "content-type"),
        "application/http-message-signatures-directory+json"
    );
    let keys: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(keys["keys"][0]["kty"], "OKP");
    assert_eq!(keys["keys"][0]["crv"], "Ed25519");
    assert!(keys["keys"][0]["d"].is_null(), "{body}");
    let public = keys["keys"][0]["x"].as_str().unwrap();
    let public = URL_SAFE_NO_PAD.decode(public).unwrap();

    let input = header(&head, "signature-input")
        .strip_prefix("sig1=")
        .unwrap();
    assert!(
        input.contains("tag=\"http-message-signatures-directory\""),
        "{input}"
    );
    assert!(input.contains(&format!("keyid=\"{KEYID}\"")), "{input}");
    let base = format!("\"@authority\";req: operator.example\n\"@signature-params\": {input}");
    let signature = header(&head, "signature").strip_prefix("sig1=:").unwrap();
    let signature = STANDARD.decode(signature.trim_end_matches(':')).unwrap();
    UnparsedPublicKey::new(&ED25519, public)
        .verify(base.as_bytes(), &signature)
        .unwrap();
    assert!(serve.said().contains(PATH), "{}", serve.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_there_is_no_directory() {
    let home = Home::new();
    let agent = start(&home, &["agent", "shopify"], TOKENS);
    assert_eq!(agent.http("GET", PATH, "").await.0, 401);
    let agent = start(&home, &["agent", "shopify"], "");
    assert_eq!(agent.http("GET", PATH, "").await.0, 404);
}
