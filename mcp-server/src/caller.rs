//! Who calls, as the protocol's requests carry it.

use std::sync::LazyLock;

use axum::http::request::Parts;
use catalog::{Principal, Scope};
use rmcp::RoleServer;
use rmcp::model::CacheScope;
use rmcp::service::RequestContext;

/// The caller where nobody asks who calls: a client on this machine.
static LOCAL: LazyLock<Principal> = LazyLock::new(|| Principal {
    id: "local".to_owned(),
    scopes: Scope::ALL.to_vec(),
});

/// A caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a>(&'a Principal);

impl<'a> Caller<'a> {
    /// Returns who made a request.
    pub(crate) fn of(request: &'a RequestContext<RoleServer>) -> Self {
        let parts = request.extensions.get::<Parts>();
        let principal = parts.and_then(|it| it.extensions.get::<Principal>());
        Self(principal.unwrap_or(&LOCAL))
    }

    pub(crate) fn id(&self) -> &'a str {
        &self.0.id
    }

    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.0.may(scope)
    }

    /// Returns who may keep what depends on the caller's scopes.
    pub(crate) fn cache_scope(&self) -> CacheScope {
        if *self.0 == *LOCAL {
            CacheScope::Public
        } else {
            CacheScope::Private
        }
    }
}
