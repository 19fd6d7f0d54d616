//! Callers of operations that machine clients may call, too. Every other operation takes a [`Caller`], which a client never is.

use super::auth::{Caller, RequiredScope, authorize_any, check_scope, principals};
use super::problem::Problem;
use crate::crypto::claims::AnyClaims;
use crate::domain::principals::{Principal, Principals};
use crate::types::role::Scope;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaOAuthFlow, MetaOAuthFlows, MetaOAuthScope, MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;

/// The path of the token endpoint of machine clients.
pub const TOKEN_PATH: &str = "/oauth/token";

/// The security scheme of machine clients, which get their tokens themselves.
pub const CLIENT_SCHEME: &str = "client";

/// An account or a machine client that is authenticated by an access token (RFC 6750) and has the scope.
pub struct AnyCaller<R> {
    /// Who it is.
    pub principal: Principal,
    claims: AnyClaims,
    principals: Principals,
    scope: PhantomData<R>,
}

impl<R: RequiredScope> AnyCaller<R> {
    /// Checks that the caller may still do this, after a body that took long to receive: its session or client may have ended, or lost
    /// the scope. That its token has expired meanwhile does not matter.
    pub async fn check_again(&self) -> Result<(), Problem> {
        let principal = self.principals.find(&self.claims).await?;
        check_scope::<R>(&principal)
    }
}

impl<'a, R: RequiredScope> ApiExtractor<'a> for AnyCaller<R> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::<R>::register(registry);
        let scopes = Scope::OF_CLIENTS.map(|scope| MetaOAuthScope {
            name: scope.as_str(),
            description: None,
        });
        registry.create_security_scheme(
            CLIENT_SCHEME,
            MetaSecurityScheme {
                ty: "oauth2",
                description: Some("Access token of a machine client (RFC 6749 §4.4)."),
                name: None,
                key_in: None,
                scheme: None,
                bearer_format: None,
                flows: Some(MetaOAuthFlows {
                    implicit: None,
                    password: None,
                    client_credentials: Some(MetaOAuthFlow {
                        authorization_url: None,
                        token_url: Some(TOKEN_PATH),
                        refresh_url: None,
                        scopes: scopes.into(),
                    }),
                    authorization_code: None,
                }),
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![R::SCHEME, CLIENT_SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let (principal, claims) = authorize_any::<R>(request).await?;
        Ok(Self {
            principal,
            claims,
            principals: principals(request)?.clone(),
            scope: PhantomData,
        })
    }
}
