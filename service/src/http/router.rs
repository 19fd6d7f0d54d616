//! All operations together, and the routes with the edge around them.

use crate::domain::sessions::Sessions;
use crate::http::accounts::AccountsApi;
use crate::http::accounts::me::OwnAccountApi;
use crate::http::audit::AuditApi;
use crate::http::demo::DemoApi;
use crate::http::edge::body::BodyPolicy;
use crate::http::edge::cors::Cors;
use crate::http::edge::hosts::Hosts;
use crate::http::edge::pipeline::{Edge, EdgeParts, Routes};
use crate::http::edge::rate_limit::RateLimit;
use crate::http::health::HealthApi;
use crate::http::mail;
use crate::http::openapi::docs;
use crate::http::openapi::document::{describe, document, page};
use crate::http::openapi::operations::Operations;
use crate::http::places::ports::PortsApi;
use crate::http::places::regions::RegionsApi;
use crate::http::rates::RatesApi;
use crate::http::root::FrontApi;
use crate::http::sessions::SessionsApi;
use crate::http::sessions::current::OwnSessionsApi;
use crate::http::tokens::TokensApi;
use crate::http::totp::TotpApi;
use crate::http::users::UsersApi;
use crate::http::users::list::UsersListApi;
use crate::http::web::error_page;
use crate::http::web::routes as pages;
use crate::http::web::state::Web;
use crate::http::web::table::PAGES;
use crate::http::wishes::WishesApi;
use crate::mail::mailbox::Mailbox;
use crate::telemetry::metrics::Metrics;
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{IntoEndpoint, Response, Route};
use poem_openapi::OpenApi;
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
    let files = docs::routes(Route::new(), document::<T>(), page::<T>);
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
