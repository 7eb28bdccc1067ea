//! Keys, signatures checked by two verifiers that did not make them, and headers that expire.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use web_bot_auth::WebBotAuthVerifier;
use web_bot_auth::components::{CoveredComponent, DerivedComponent, HTTPField};
use web_bot_auth::keyring::{Algorithm, JSONWebKeySet, KeyRing};
use web_bot_auth::message_signatures::{GenerateSignature, MessageVerifier, SignedMessage};

use super::*;

/// The key of RFC 9421, B.1.4.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
";

const PUBLIC_KEY: &str = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";

/// Its thumbprint, as in RFC 9421 and in the drafts of Web Bot Auth.
const KEYID: &str = "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";

const INPUT: &str = r#"sig1=("@authority" "signature-agent");keyid="k";created=1790000000;expires=1792000000;tag="web-bot-auth""#;

fn key() -> OperatorKey {
    OperatorKey::from_pem(KEY.as_bytes()).unwrap()
}

fn operator() -> Operator {
    let agent = Url::parse("https://Operator.example/about").unwrap();
    Operator::new(key(), &agent).unwrap()
}

fn identity(operator: Option<Operator>, merchants: Vec<MerchantHeaders>) -> Identity {
    Identity::new(
        operator,
        merchants,
        Arc::new(|| UnixMs::new(1_791_000_000_000)),
    )
}

fn issued(host: &str, expires_at: Option<UnixMs>) -> Result<MerchantHeaders, MerchantError> {
    let agent = "\"https://shopify.com\"";
    MerchantHeaders::new(host, agent, INPUT, "sig1=:c2VjcmV0:", expires_at)
}

/// The headers of a request or an answer, and its authority, as a verifier sees them.
struct Seen {
    authority: &'static str,
    headers: Vec<(String, String)>,
}

impl Seen {
    fn at(authority: &'static str, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        let text = |value: HeaderValue| value.to_str().unwrap().to_owned();
        Self {
            authority,
            headers: (headers.into_iter())
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
        }
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map_or("", |(_, value)| value)
    }
}

impl SignedMessage for Seen {
    fn lookup_component(&self, name: &CoveredComponent) -> Vec<String> {
        match name {
            CoveredComponent::HTTP(HTTPField { name, .. }) => vec![self.header(name).to_owned()],
            CoveredComponent::Derived(DerivedComponent::Authority { .. }) => {
                vec![self.authority.to_owned()]
            }
            CoveredComponent::Derived(_) => vec![],
        }
    }
}

fn ring_of_keys() -> KeyRing {
    let mut keys = KeyRing::default();
    let public = URL_SAFE_NO_PAD.decode(PUBLIC_KEY).unwrap();
    keys.import_raw(KEYID.to_owned(), Algorithm::Ed25519, public);
    keys
}

#[test]
fn the_key_of_the_rfc_has_its_thumbprint_and_makes_its_signature() {
    assert_eq!(key().thumbprint(), KEYID);
    // B.2.6 of RFC 9421.
    let base = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\
        \"@authority\": example.com\n\"content-type\": application/json\n\"content-length\": 18\n\
        \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
        ;created=1618884473;keyid=\"test-key-ed25519\"";
    let signature = key()
        .generate_signature(Algorithm::Ed25519, base.as_bytes())
        .unwrap();
    assert_eq!(
        STANDARD.encode(signature),
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    );
}

#[test]
fn what_is_no_ed25519_key_is_refused_without_being_shown() {
    let ec = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgid6s87knOEdVIAq/
qE6s/NvZHpwCUQPHEcd66qgDvoShRANCAASMe9ORDn2MuM4wxbr8Sh7Hdco/KLGA
ohjWa9Y7KZcrNZKEAXyIQnZW7kOfoO6mOAWrNI7zpqUFG+vCIbrPlkk1
-----END PRIVATE KEY-----
";
    let x25519 = KEY.replace("K2Vw", "K2Vu");
    let cut_off = KEY.replace("fSnF", "fQ==");
    for text in [ec, &x25519, &cut_off] {
        let error = OperatorKey::from_pem(text.as_bytes()).unwrap_err();
        assert!(matches!(error, KeyError::NotEd25519(_)), "{error}");
    }
    let public = KEY.replace("PRIVATE", "PUBLIC");
    let encrypted = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
    for text in [
        "",
        "secret",
        &public,
        &encrypted,
        &KEY.replace('=', "%")[..60],
    ] {
        let error = OperatorKey::from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(error, KeyError::NotPem, "{text}");
    }
    assert_eq!(format!("{:?}", key()), format!("OperatorKey({KEYID})"));
}

#[test]
fn a_request_is_signed_for_its_own_host() {
    let identity = identity(Some(operator()), vec![]);
    for (url, authority) in [
        ("https://Shop.Example/products.json?page=2", "shop.example"),
        ("https://shop.example:443/", "shop.example"),
        ("https://shop.example:8443/", "shop.example:8443"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ] {
        let headers = || identity.headers(&Url::parse(url).unwrap()).unwrap();
        let seen = Seen::at(authority, headers());
        assert_eq!(
            seen.header("signature-agent"),
            "\"https://operator.example\""
        );
        let verifier = WebBotAuthVerifier::parse(&seen).unwrap();
        verifier.verify(&ring_of_keys(), None).unwrap();
        for other in ["other.example", "shop.example:80", ""] {
            let elsewhere = Seen::at(other, headers());
            let verifier = WebBotAuthVerifier::parse(&elsewhere).unwrap();
            assert!(verifier.verify(&ring_of_keys(), None).is_err(), "{other}");
        }
    }
}

/// The signature base as RFC 9421 2.5 writes it, by hand, and another library than the one that makes it here.
#[test]
fn a_signature_holds_over_the_base_that_the_rfc_describes() {
    let identity = identity(Some(operator()), vec![]);
    let url = Url::parse("https://shop.example/products.json").unwrap();
    let seen = Seen::at("shop.example", identity.headers(&url).unwrap());
    let input = seen
        .header("signature-input")
        .strip_prefix("sig1=")
        .unwrap();
    let base = format!(
        "\"@authority\": shop.example\n\"signature-agent\": \"https://operator.example\"\n\"@signature-params\": {input}"
    );
    let signature = seen.header("signature").strip_prefix("sig1=:").unwrap();
    let signature = STANDARD
        .decode(signature.strip_suffix(':').unwrap())
        .unwrap();
    let public = URL_SAFE_NO_PAD.decode(PUBLIC_KEY).unwrap();
    UnparsedPublicKey::new(&ED25519, public)
        .verify(base.as_bytes(), &signature)
        .unwrap();

    let details = WebBotAuthVerifier::parse(&seen).unwrap();
    let details = &details.get_parsed_label().base.parameters.details;
    assert_eq!(details.keyid.as_deref(), Some(KEYID));
    assert_eq!(details.tag.as_deref(), Some("web-bot-auth"));
    assert_eq!(details.expires.unwrap() - details.created.unwrap(), 300);
    let again = Seen::at("shop.example", identity.headers(&url).unwrap());
    assert_ne!(
        again.header("signature"),
        seen.header("signature"),
        "a nonce"
    );
}

#[test]
fn the_directory_holds_the_public_key_and_is_signed_for_the_agents_own_host() {
    let directory = operator().directory().unwrap();
    let keys: JSONWebKeySet = serde_json::from_str(&directory.body).unwrap();
    assert_eq!(keys.keys[0].b64_thumbprint(), KEYID);
    assert!(!directory.body.contains("\"d\""), "{}", directory.body);
    let seen = |authority| Seen {
        authority,
        headers: vec![
            (
                "signature-input".to_owned(),
                directory.signed.signature_input.clone(),
            ),
            ("signature".to_owned(), directory.signed.signature.clone()),
        ],
    };
    let input = &directory.signed.signature_input;
    assert!(input.starts_with("sig1=(\"@authority\";req);"), "{input}");
    assert!(
        input.contains("tag=\"http-message-signatures-directory\""),
        "{input}"
    );
    let verify = |authority| {
        let verifier = MessageVerifier::parse(&seen(authority), |_| true).unwrap();
        verifier.verify(&ring_of_keys(), None)
    };
    verify("operator.example").unwrap();
    assert!(verify("mirror.example").is_err());
}

#[test]
fn a_key_is_found_over_https_or_not_at_all() {
    for agent in [
        "http://operator.example",
        "data:text/plain,x",
        "mailto:a@b.example",
    ] {
        assert!(
            Operator::new(key(), &Url::parse(agent).unwrap()).is_none(),
            "{agent}"
        );
    }
    assert_eq!(operator().agent(), "https://operator.example");
}

#[test]
fn what_a_merchant_issued_goes_to_that_host_alone_and_instead_of_our_own() {
    let merchants = vec![
        issued("shop.example", None).unwrap(),
        issued("127.0.0.1:8080", None).unwrap(),
    ];
    let identity = identity(Some(operator()), merchants);
    let signature = |url: &str| {
        let url = Url::parse(url).unwrap();
        let seen = Seen::at("", identity.headers(&url).unwrap());
        seen.header("signature").to_owned()
    };
    for url in ["https://shop.example/a", "http://127.0.0.1:8080/"] {
        assert_eq!(signature(url), "sig1=:c2VjcmV0:", "{url}");
    }
    for url in [
        "http://shop.example/",
        "https://shop.example:8443/",
        "https://www.shop.example/",
        "https://shop.example.evil.example/",
        "http://127.0.0.1:8081/",
    ] {
        assert_ne!(signature(url), "sig1=:c2VjcmV0:", "{url}");
    }
    assert!(!format!("{identity:?}").contains("c2Vj"));
}

#[test]
fn issued_headers_expire_at_the_earlier_of_two_times_and_are_told_of_before() {
    let days = |n: i64| UnixMs::new(1_791_000_000_000 + n * 86_400_000);
    let own = UnixMs::new(1_792_000_000_000); // in eleven and a half days
    let notices = |expires_at| {
        let identity = identity(None, vec![issued("shop.example", expires_at).unwrap()]);
        let url = Url::parse("https://shop.example/").unwrap();
        let is_sent = !identity.headers(&url).unwrap().is_empty();
        let notice = identity
            .expiring()
            .pop()
            .map(|it| (it.expires_at, it.is_expired));
        (is_sent, notice)
    };
    assert_eq!(notices(None), (true, Some((own, false))));
    assert_eq!(notices(Some(days(60))), (true, Some((own, false))));
    assert_eq!(notices(Some(days(2))), (true, Some((days(2), false))));
    assert_eq!(notices(Some(days(0))), (false, Some((days(0), true))));
    let far = INPUT.replace("1792000000", "1800000000");
    let agent = "\"https://shopify.com\"";
    let headers = MerchantHeaders::new("shop.example", agent, &far, "sig1=:YQ==:", None);
    assert_eq!(identity(None, vec![headers.unwrap()]).expiring(), []);
}

#[test]
fn what_is_wrong_with_issued_headers_is_said_without_them() {
    let new = |host, agent, input, signature| {
        MerchantHeaders::new(host, agent, input, signature, None).unwrap_err()
    };
    let agent = "\"https://shopify.com\"";
    let signature = "sig1=:c2VjcmV0:";
    for host in [
        "",
        "https://shop.example",
        "shop.example/a",
        "a@shop.example",
        "a b",
        "*",
        "*.shop.example",
    ] {
        assert_eq!(
            new(host, agent, INPUT, signature),
            MerchantError::NoHost,
            "{host}"
        );
    }
    for (input, signature) in [
        ("", signature),
        (INPUT, ""),
        ("s3cret", signature),
        (INPUT, "sig2=:c2VjcmV0:"),
        (INPUT, "sig1=s3cret"),
        ("sig1=(\"@authority", signature),
    ] {
        let error = new("shop.example", agent, input, signature);
        assert_eq!(error, MerchantError::NoSignature, "{input} {signature}");
    }
    let timeless = INPUT.replace("expires=1792000000;", "");
    let error = new("shop.example", agent, &timeless, signature);
    assert_eq!(error, MerchantError::NoExpiry);
    let error = new("shop.example", "https://shopify.com", INPUT, signature);
    assert_eq!(error, MerchantError::NoAgent);
    let error = new("shop.example", " ", INPUT, signature);
    assert_eq!(error, MerchantError::NoHeader("signature_agent"));
}
