//! Finding an agent: its card, and the one of its interfaces that is called.

use std::time::Duration;

use a2a_client::jsonrpc::JsonRpcTransport;
use a2a_client::rest::RestTransport;
use a2a_client::{ServiceParams, Transport};
use a2a_sdk::{
    AgentCard, AgentInterface, TRANSPORT_PROTOCOL_HTTP_JSON, TRANSPORT_PROTOCOL_JSONRPC,
};
use reqwest::{Client, Response, header, redirect};
use serde_json::json;
use url::{Host, Url};

use super::ClientError;
use crate::card::CARD_PATH;

/// More than any card is long.
const MAX_CARD_BYTES: usize = 1 << 20;

/// How long the question may take whether a token is refused.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(5);

/// What we call, the better one first.
const BINDINGS: [&str; 2] = [TRANSPORT_PROTOCOL_JSONRPC, TRANSPORT_PROTOCOL_HTTP_JSON];

/// An agent's card, and where it is called.
pub(super) struct Found {
    pub(super) card: AgentCard,
    binding: String,
    pub(super) url: String,
    pub(super) tenant: Option<String>,
}

/// Returns the one client of all calls: it goes where it is sent, neither on to another server nor through one between.
pub(super) fn client() -> Result<Client, ClientError> {
    // A second installation in one process is refused, and then the first one serves.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder();
    let builder = builder.redirect(redirect::Policy::none()).no_proxy();
    builder
        .build()
        .map_err(|error| ClientError::Passing(cause(&error)))
}

/// Reads the card of the agent at `address`, and chooses one of its interfaces.
pub(super) async fn find(
    client: &Client,
    address: &str,
    token: Option<&str>,
    timeout: Duration,
) -> Result<Found, ClientError> {
    let card_url = card_url(address)?;
    let card = tokio::time::timeout(timeout, read(client, &card_url, token))
        .await
        .unwrap_or_else(|_| Err(unreachable(&card_url, "it does not answer")))?;
    chosen(card, &card_url)
}

/// Returns where the card of the agent at `address` is.
fn card_url(address: &str) -> Result<Url, ClientError> {
    let wrong = || ClientError::Address(address.chars().take(200).collect());
    let mut url = Url::parse(address.trim()).map_err(|_| wrong())?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if !matches!(url.scheme(), "http" | "https") || has_credentials {
        return Err(wrong());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if !path.ends_with(CARD_PATH) {
        url.set_path(&format!("{path}{CARD_PATH}"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

async fn read(client: &Client, url: &Url, token: Option<&str>) -> Result<AgentCard, ClientError> {
    let mut request = client.get(url.clone()).header("Accept", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut response = request
        .send()
        .await
        .map_err(|error| unreachable(url, &cause(&error)))?;
    if let Some(to) = led_to(&response, url) {
        return Err(ClientError::Elsewhere {
            at: url.to_string(),
            to,
        });
    }
    match response.status().as_u16() {
        200 => {}
        401 | 403 => return Err(refused(url.as_str(), token.is_some())),
        status => return Err(no_card(url, &format!("the answer is HTTP {status}"))),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(url, &cause(&error)))?
    {
        if bytes.len() + chunk.len() > MAX_CARD_BYTES {
            return Err(no_card(url, "the answer has more than 1 MiB"));
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).map_err(|error| no_card(url, &format!("{error}")))
}

/// Returns where a redirect leads to.
fn led_to(response: &Response, url: &Url) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let to = url.join(location).ok()?;
    Some(to.as_str().chars().take(200).collect())
}

/// Chooses the interface that is called: on the server that was asked, for what is sent there is meant for it alone.
fn chosen(card: AgentCard, card_url: &Url) -> Result<Found, ClientError> {
    let spoken = |it: &&AgentInterface| {
        let version = it.protocol_version.as_str();
        (version == "1" || version.starts_with("1.")) && BINDINGS.contains(&&*it.protocol_binding)
    };
    let mut usable: Vec<&AgentInterface> =
        card.supported_interfaces.iter().filter(spoken).collect();
    usable.sort_by_key(|it| {
        BINDINGS
            .iter()
            .position(|binding| *binding == it.protocol_binding)
    });
    let Some(first) = usable.first() else {
        return Err(ClientError::NotSpoken {
            at: card_url.to_string(),
            spoken: told_of(&card.supported_interfaces),
        });
    };
    let here = usable.iter().find_map(|it| {
        let url = Url::parse(&it.url).ok()?;
        is_same_server(&url, card_url).then(|| (*it, at_the_host_of(card_url, url)))
    });
    let Some((interface, url)) = here else {
        return Err(ClientError::Elsewhere {
            at: card_url.to_string(),
            to: first.url.clone(),
        });
    };
    Ok(Found {
        binding: interface.protocol_binding.clone(),
        url: url.to_string(),
        tenant: interface.tenant.clone().filter(|it| !it.is_empty()),
        card,
    })
}

/// Returns whether two addresses are those of one server: of one origin, or of one port of this machine.
fn is_same_server(one: &Url, other: &Url) -> bool {
    let port = |url: &Url| url.port_or_known_default();
    one.origin() == other.origin()
        || (one.scheme() == other.scheme()
            && port(one) == port(other)
            && is_loopback(one)
            && is_loopback(other))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns `url` with the host that the user named: `localhost` and `127.0.0.1` need not be the same address.
fn at_the_host_of(named: &Url, mut url: Url) -> Url {
    // Fails for addresses without a host alone, and those have no origin to be the same.
    let _ = url.set_host(named.host_str());
    url
}

fn told_of(interfaces: &[AgentInterface]) -> String {
    let told = interfaces.iter().take(5).map(|it| {
        let (binding, version) = (&it.protocol_binding, &it.protocol_version);
        format!("{binding:.20} {version:.20}")
    });
    match told.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "nothing".to_owned(),
        told => told,
    }
}

impl Found {
    /// Returns the way to the chosen interface.
    pub(super) fn transport(&self, client: Client) -> Box<dyn Transport> {
        if self.binding == TRANSPORT_PROTOCOL_JSONRPC {
            Box::new(JsonRpcTransport::new(client, self.url.clone()))
        } else {
            Box::new(RestTransport::new(client, self.url.clone()))
        }
    }

    /// Returns whether the agent refuses who is calling: the SDK's client does not tell the status of an answer.
    pub(super) async fn is_refused(&self, client: &Client, params: &ServiceParams) -> bool {
        let mut request = if self.binding == TRANSPORT_PROTOCOL_JSONRPC {
            let call =
                json!({"jsonrpc": "2.0", "id": 1, "method": "GetTask", "params": {"id": "-"}});
            client.post(&self.url).json(&call)
        } else {
            client.get(format!("{}/tasks/-", self.url.trim_end_matches('/')))
        };
        for (name, values) in params {
            for value in values {
                request = request.header(name, value);
            }
        }
        match tokio::time::timeout(REFUSAL_TIMEOUT, request.send()).await {
            Ok(Ok(response)) => matches!(response.status().as_u16(), 401 | 403),
            _ => false,
        }
    }

    /// Returns the error of a caller who is refused.
    pub(super) fn refused(&self, has_token: bool) -> ClientError {
        refused(&self.url, has_token)
    }
}

fn refused(url: &str, has_token: bool) -> ClientError {
    let at = url.to_owned();
    match has_token {
        true => ClientError::WrongToken { at },
        false => ClientError::NeedsToken { at },
    }
}

fn unreachable(url: &Url, detail: &str) -> ClientError {
    ClientError::Unreachable {
        at: url.to_string(),
        detail: detail.to_owned(),
    }
}

fn no_card(url: &Url, detail: &str) -> ClientError {
    ClientError::NoCard {
        at: url.to_string(),
        detail: detail.to_owned(),
    }
}

/// Returns the innermost cause of an error, which says what went wrong.
fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(interfaces: &[(&str, &str, &str)]) -> AgentCard {
        let interfaces: Vec<_> = interfaces
            .iter()
            .map(|(binding, version, url)| {
                json!({"url": url, "protocolBinding": binding, "protocolVersion": version})
            })
            .collect();
        serde_json::from_value(json!({
            "name": "An agent", "version": "1", "supportedInterfaces": interfaces, "capabilities": {},
        }))
        .unwrap()
    }

    fn choose(asked: &str, interfaces: &[(&str, &str, &str)]) -> Result<String, String> {
        let found = chosen(card(interfaces), &card_url(asked).unwrap());
        found
            .map(|found| format!("{} {}", found.binding, found.url))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_card_is_looked_for_under_the_address() {
        for (address, url) in [
            (
                "http://a.example",
                "http://a.example/.well-known/agent-card.json",
            ),
            (
                "https://a.example:8800/",
                "https://a.example:8800/.well-known/agent-card.json",
            ),
            (
                "http://a.example/agents/shopify/?x#y",
                "http://a.example/agents/shopify/.well-known/agent-card.json",
            ),
            (
                "http://a.example/.well-known/agent-card.json",
                "http://a.example/.well-known/agent-card.json",
            ),
        ] {
            assert_eq!(card_url(address).unwrap().as_str(), url);
        }
        for address in [
            "",
            "a.example",
            "ftp://a.example",
            "http://me:secret@a.example",
            "file:///x",
        ] {
            let error = card_url(address).unwrap_err().to_string();
            assert!(error.starts_with("not an agent's address"), "{error}");
        }
    }

    #[test]
    fn json_rpc_is_called_where_there_is_a_choice() {
        let rest = ("HTTP+JSON", "1.0", "http://a.example/rest");
        let json_rpc = ("JSONRPC", "1.0", "http://a.example/rpc");
        let old = ("JSONRPC", "0.3", "http://a.example/old");
        let chosen = |interfaces: &[_]| choose("http://a.example", interfaces).unwrap();
        assert_eq!(chosen(&[rest, json_rpc]), "JSONRPC http://a.example/rpc");
        assert_eq!(chosen(&[old, rest]), "HTTP+JSON http://a.example/rest");
    }

    #[test]
    fn an_agent_of_another_version_is_refused_with_what_it_speaks() {
        let old = ("JSONRPC", "0.3", "http://a.example/old");
        let grpc = ("GRPC", "1.0", "http://a.example:9000");
        let error = choose("http://a.example", &[old, grpc]).unwrap_err();
        assert!(error.ends_with("speaks JSONRPC 0.3, GRPC 1.0"), "{error}");
        let error = choose("http://a.example", &[]).unwrap_err();
        assert!(error.ends_with("speaks nothing"), "{error}");
    }

    #[test]
    fn no_other_server_is_called_than_the_one_that_was_named() {
        for other in [
            "http://b.example/rpc",
            "https://a.example/rpc",
            "http://a.example:81/rpc",
            "no url",
        ] {
            let error = choose("http://a.example", &[("JSONRPC", "1.0", other)]).unwrap_err();
            assert!(error.contains(other), "{error}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        let url = "http://127.0.0.1:8800/a2a/v1";
        assert_eq!(
            choose("http://localhost:8800", &[("JSONRPC", "1.0", url)]).unwrap(),
            "JSONRPC http://localhost:8800/a2a/v1"
        );
        assert!(choose("http://localhost:8801", &[("JSONRPC", "1.0", url)]).is_err());
    }
}
