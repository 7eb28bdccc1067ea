//! Signatures by the operator's key: of requests, and of the directory in which the key is found.
//!
//! Each says when it was made by the system's own clock, which `web-bot-auth` reads: that of a recorded or pretended
//! time would be refused.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use reqwest::header::{HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use url::{Origin, Url};
use web_bot_auth::components::{
    CoveredComponent, DerivedComponent, HTTPField, HTTPFieldParametersSet,
};
use web_bot_auth::keyring::Algorithm;
use web_bot_auth::message_signatures::{MessageSigner, UnsignedMessage};

use super::{OperatorKey, SIGNATURE, SIGNATURE_AGENT, SIGNATURE_INPUT, SignError, authority};

/// A request reaches its shop in seconds; the rest is for clocks that differ.
const REQUEST_IS_VALID: Duration = Duration::from_secs(300);

/// Those who read the directory may keep it for a while.
const DIRECTORY_IS_VALID: Duration = Duration::from_secs(3600);

/// The number of the draft of Web Bot Auth.
const NONCE_BYTES: usize = 64;

/// Who signs: a key, and where it is found.
#[derive(Debug)]
pub struct Operator {
    key: OperatorKey,
    agent: Url,
}

/// The two headers of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// The directory of keys, and the signature that says whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDirectory {
    /// A JSON Web Key Set.
    pub body: String,
    /// Over the authority of the agent's own address, so that nobody else can serve the key as theirs.
    pub signed: Signed,
}

impl Operator {
    /// Returns one that signs with `key`, which is found at the origin of `agent`; `None` if that is not https.
    pub fn new(key: OperatorKey, agent: &Url) -> Option<Self> {
        let Origin::Tuple(scheme, ..) = agent.origin() else {
            return None;
        };
        let agent = Url::parse(&agent.origin().ascii_serialization()).ok()?;
        (scheme == "https").then_some(Self { key, agent })
    }

    /// Returns where the key is found: an origin such as `https://operator.example`.
    pub fn agent(&self) -> String {
        self.agent.origin().ascii_serialization()
    }

    /// Returns by what verifiers find the key.
    pub fn keyid(&self) -> String {
        self.key.thumbprint()
    }

    /// Returns the directory for one answer.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn directory(&self) -> Result<SignedDirectory, SignError> {
        let covered = [(
            CoveredComponent::Derived(DerivedComponent::Authority { req: true }),
            authority(&self.agent).to_owned(),
        )];
        let tag = "http-message-signatures-directory";
        Ok(SignedDirectory {
            body: self.key.key_set(),
            signed: self.sign(covered, tag, DIRECTORY_IS_VALID)?,
        })
    }

    /// Returns the headers of one request to `authority`.
    pub(super) fn headers(
        &self,
        authority: &str,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        // A structured field's string; an origin has nothing to escape.
        let agent = format!("\"{}\"", self.agent());
        let covered = [
            (
                CoveredComponent::Derived(DerivedComponent::Authority { req: false }),
                authority.to_owned(),
            ),
            (
                CoveredComponent::HTTP(HTTPField {
                    name: SIGNATURE_AGENT.as_str().to_owned(),
                    parameters: HTTPFieldParametersSet(vec![]),
                }),
                agent.clone(),
            ),
        ];
        let signed = self.sign(covered, "web-bot-auth", REQUEST_IS_VALID)?;
        [
            (SIGNATURE_AGENT, agent),
            (SIGNATURE_INPUT, signed.signature_input),
            (SIGNATURE, signed.signature),
        ]
        .into_iter()
        .map(|(name, value)| {
            let value = HeaderValue::try_from(value)
                .map_err(|_| SignError(format!("{name} would be no header")))?;
            Ok((name, value))
        })
        .collect()
    }

    fn sign<const N: usize>(
        &self,
        covered: [(CoveredComponent, String); N],
        tag: &str,
        is_valid: Duration,
    ) -> Result<Signed, SignError> {
        let mut message = Message {
            covered: IndexMap::from(covered),
            signed: None,
        };
        let signer = MessageSigner {
            keyid: self.key.thumbprint(),
            nonce: nonce()?,
            tag: tag.to_owned(),
        };
        signer
            .generate_signature_headers_content(
                &mut message,
                is_valid,
                Algorithm::Ed25519,
                &self.key,
            )
            .map_err(|error| SignError(error.to_string()))?;
        let no_signature = || SignError("there is no signature".to_owned());
        message.signed.ok_or_else(no_signature)
    }
}

/// What is signed.
struct Message {
    covered: IndexMap<CoveredComponent, String>,
    signed: Option<Signed>,
}

impl UnsignedMessage for Message {
    fn fetch_components_to_cover(&self) -> IndexMap<CoveredComponent, String> {
        self.covered.clone()
    }

    fn register_header_contents(&mut self, signature_input: String, signature: String) {
        self.signed = Some(Signed {
            signature_input: format!("sig1={signature_input}"),
            signature: format!("sig1={signature}"),
        });
    }
}

/// Returns what makes each signature another one, so that none can be sent twice unseen.
fn nonce() -> Result<String, SignError> {
    let mut bytes = [0; NONCE_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| SignError("the system gives no random numbers".to_owned()))?;
    Ok(STANDARD.encode(bytes))
}
