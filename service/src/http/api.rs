//! All operations together, their document, and the routes with the edge around them.
use super::accounts::AccountsApi;
use super::accounts_own::OwnAccountApi;
use super::audit::AuditApi;
use super::demo::DemoApi;
use super::docs;
use super::edge::body::BodyPolicy;
use super::edge::cors::Cors;
use super::edge::hosts::Hosts;
use super::edge::pipeline::{Edge, EdgeParts, Routes};
use super::edge::rate_limit::RateLimit;
use super::front::FrontApi;
use super::health::HealthApi;
use super::mail;
use super::operations::Operations;
use super::ports::PortsApi;
use super::rates::RatesApi;
use super::regions::RegionsApi;
use super::sessions::SessionsApi;
use super::sessions_own::OwnSessionsApi;
use super::tokens::TokensApi;
use super::totp::TotpApi;
use super::users::UsersApi;
use super::users_list::UsersListApi;
use super::web::error_page;
use super::web::routes as pages;
use super::web::state::Web;
use super::web::table::PAGES;
use super::wishes::WishesApi;
use crate::domain::sessions::Sessions;
use crate::mail::mailbox::Mailbox;
use crate::telemetry::metrics::Metrics;
use http::Method;
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{IntoEndpoint, Response, Route};
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{ContactObject, LicenseObject, OpenApi, OpenApiService};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The operations of the product.
pub type Product = (
    FrontApi,
    HealthApi,
    RatesApi,
    PortsApi,
    RegionsApi,
    AccountsApi,
    OwnAccountApi,
    AuditApi,
    SessionsApi,
    TokensApi,
    UsersApi,
    UsersListApi,
    WishesApi,
    DemoApi,
    OwnSessionsApi,
    TotpApi,
);

/// What the edge is told.
pub struct EdgeSettings {
    /// Names that we answer to.
    pub hosts: Vec<String>,
    /// Origins that may read answers.
    pub cors_origins: Vec<String>,
    /// How often one address may ask.
    pub rate_limit: Arc<RateLimit>,
    /// What bodies may be.
    pub body: BodyPolicy,
    /// Knows who is signed in.
    pub sessions: Sessions,
    /// The instruments.
    pub metrics: Metrics,
    /// What the pages need to know.
    pub web: Web,
    /// The mails that may be read, on a developer's machine only.
    pub mailbox: Option<Mailbox>,
}

/// The public routes: the operations, the documentation, the edge around all of it.
pub fn routes<T: OpenApi + 'static>(operations: T, settings: EdgeSettings) -> BoxEndpoint<'static, Response> {
    let mut paths = [docs::FILES.as_slice(), PAGES.as_slice()].concat();
    paths.extend(settings.mailbox.iter().flat_map(|_| mail::PAGES));
    let parts = EdgeParts {
        operations: Operations::of::<T>(&paths),
        hosts: Hosts::new(settings.hosts),
        cors: Cors::new(settings.cors_origins),
        rate_limit: settings.rate_limit,
        body: settings.body,
        sessions: settings.sessions,
        metrics: settings.metrics,
        error_page: error_page::of,
    };
    let service = describe(operations);
    let files = docs::routes(Route::new(), document::<T>(), || {
        describe(Described::<T>(PhantomData)).swagger_ui_html()
    });
    let files = match &settings.mailbox {
        Some(mailbox) => mail::routes(files, mailbox),
        None => files,
    };
    let routes = Routes {
        operations: service.into_endpoint().map_to_response().boxed(),
        beside: pages::routes(files, settings.web),
    };
    Edge::new(routes, parts).boxed()
}

/// The OpenAPI document of these operations, as JSON.
pub fn document<T: OpenApi + 'static>() -> String {
    let document = describe(Described::<T>(PhantomData)).spec();
    // The framework has no word for it: an operation that names no security scheme is open on purpose.
    let members = document.trim_end();
    let members = members.strip_suffix('}').unwrap_or(members).trim_end();
    format!("{members},\n  \"security\": []\n}}\n")
}

fn describe<T: OpenApi>(operations: T) -> OpenApiService<T, ()> {
    OpenApiService::new(operations, "Portcullis", env!("CARGO_PKG_VERSION"))
        .description(
            "Daily freight rates between ports and regions, in whole US dollars a container. Every 4xx and 5xx is an \
             `application/problem+json` (RFC 9457) that names the offending fields.",
        )
        .contact(ContactObject::new().name("The maintainers of Portcullis"))
        .license(LicenseObject::new("MIT OR Apache-2.0").url("https://spdx.org/licenses/"))
        .server("/")
}

/// The description of operations without the operations: writing the document needs no database.
struct Described<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}
