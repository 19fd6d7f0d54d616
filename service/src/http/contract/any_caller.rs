//! Callers of operations that machine clients may call, too. Every other operation takes a [`Caller`], which a client never is.

use super::auth::{Caller, RequiredScope, authorize_any};
use crate::domain::principals::Principal;
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
#[derive(Clone, Debug)]
pub struct AnyCaller<R> {
    /// Who it is.
    pub principal: Principal,
    scope: PhantomData<R>,
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
        Ok(Self {
            principal: authorize_any::<R>(request).await?,
            scope: PhantomData,
        })
    }
}
