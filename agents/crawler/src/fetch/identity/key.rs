//! The operator's key: read from a file's text, known by its thumbprint, and never shown.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use web_bot_auth::ImplementationError;
use web_bot_auth::keyring::{Algorithm, JSONWebKeySet, Thumbprintable};
use web_bot_auth::message_signatures::GenerateSignature;

/// An Ed25519 key pair.
pub struct OperatorKey(Ed25519KeyPair);

/// Why a text holds no key that can sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no private key in PEM.
    #[error("it has no private key in PEM (-----BEGIN PRIVATE KEY-----)")]
    NotPem,
    /// There is a key, for something else.
    #[error("its key is no Ed25519 key ({0})")]
    NotEd25519(String),
}

impl OperatorKey {
    /// Reads PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// See [`KeyError`]; none shows anything of the text.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text).map_err(|_| KeyError::NotPem)?;
        // OpenSSL leaves the public key out, which is only what "maybe unchecked" is about.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map(Self)
            .map_err(|error| KeyError::NotEd25519(error.to_string()))
    }

    /// Returns the public key's JWK thumbprint (RFC 7638), by which verifiers find it: the `keyid`.
    pub fn thumbprint(&self) -> String {
        self.public().b64_thumbprint()
    }

    /// Returns the JSON Web Key Set with the public key.
    pub(super) fn key_set(&self) -> String {
        let keys = vec![self.public()];
        serde_json::to_string(&JSONWebKeySet { keys }).expect("texts are JSON")
    }

    fn public(&self) -> Thumbprintable {
        Thumbprintable::OKP {
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.0.public_key()),
        }
    }
}

impl GenerateSignature for OperatorKey {
    fn generate_signature(
        &self,
        algorithm: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, ImplementationError> {
        match algorithm {
            Algorithm::Ed25519 => Ok(self.0.sign(message).as_ref().to_vec()),
            other => Err(ImplementationError::UnsupportedAlgorithm(other)),
        }
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorKey({})", self.thumbprint())
    }
}
