//! All operations together, and the routes with the edge around them.
use super::accounts::AccountsApi;
use super::accounts_own::OwnAccountApi;
use super::audit::AuditApi;
use super::demo::DemoApi;
use super::docs;
use super::document::{describe, document, page};
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
