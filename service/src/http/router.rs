//! The router: the one list of APIs, the one list of web pages, and the edge around both.

use crate::config::proxies::ProxySettings;
#[cfg(feature = "access")]
use crate::domain::access::Access;
use crate::domain::accounts::Accounts;
use crate::domain::audit::Audit;
use crate::domain::clients::Clients;
use crate::domain::places::Places;
use crate::domain::principals::Principals;
use crate::domain::rates::Rates;
use crate::domain::rates::streams::RateStreams;
use crate::domain::sessions::Sessions;
use crate::domain::uploads::Uploads;
use crate::domain::users::Users;
use crate::domain::wishes::Wishes;
#[cfg(feature = "access")]
use crate::http::access::AccessApi;
use crate::http::accounts::AccountsApi;
use crate::http::accounts::me::MeApi;
use crate::http::assets;
use crate::http::audit::AuditApi;
use crate::http::batches::{self, BatchesApi};
use crate::http::clients::ClientsApi;
use crate::http::clients::credentials::ClientSecretsApi;
use crate::http::clients::credentials::keys::ClientKeysApi;
use crate::http::clients::token::ClientTokenApi;
use crate::http::demo::{DemoAccess, DemoApi};
use crate::http::edge::body::BodyPolicy;
use crate::http::edge::client_address::ClientAddresses;
use crate::http::edge::cors::Cors;
use crate::http::edge::hosts::Hosts;
use crate::http::edge::pipeline::{Edge, EdgeParts, Routes};
use crate::http::edge::rate_limit::RateLimit;
use crate::http::edge::response_budget::ResponseBudget;
use crate::http::edge::security_events::SecurityEvents;
use crate::http::health::{HealthApi, Probes};
use crate::http::mail;
use crate::http::openapi::docs;
use crate::http::openapi::document::{describe, document};
use crate::http::openapi::extra_route::ExtraRoute;
use crate::http::openapi::operation_policy::{BodyRule, OperationPolicy, Operations};
use crate::http::openapi::route_table::RouteTable;
use crate::http::places::ports::PortsApi;
use crate::http::places::regions::RegionsApi;
use crate::http::rates::RatesApi;
use crate::http::rates::export::RateExportApi;
use crate::http::rates::query::{self, RateQueryApi};
use crate::http::root::RootApi;
use crate::http::sessions::SessionsApi;
use crate::http::sessions::own::OwnSessionsApi;
use crate::http::tokens::TokensApi;
use crate::http::totp::TotpApi;
use crate::http::users::UsersApi;
use crate::http::users::list::UsersListApi;
use crate::http::users::protection::UserProtectionApi;
use crate::http::web::accounts::links::ShowLink;
use crate::http::web::accounts::{
    account, account_form, links, mails, second_factor, sign_in, sign_out, sign_up,
};
use crate::http::web::error_page;
use crate::http::web::form::submission;
use crate::http::web::state::Web;
use crate::http::web::wishes::{form as wish_form, list as wish_list};
use crate::http::wishes::WishesApi;
use crate::mail::mailbox::Mailbox;
use crate::telemetry::metrics::Metrics;
use crate::types::link::LinkPurpose;
use http::Method;
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{IntoEndpoint, Response, Route};
use std::sync::Arc;

/// What the APIs call.
pub struct ApiParts {
    /// Requests for access to the database, if they are enabled.
    #[cfg(feature = "access")]
    pub access: Option<Access>,
    /// Accounts, for their owners.
    pub accounts: Accounts,
    /// The audit log.
    pub audit: Audit,
    /// Machine clients.
    pub clients: Clients,
    /// The demo, if it is enabled, and who may use it.
    pub demo: DemoAccess,
    /// Ports and regions.
    pub places: Places,
    /// The metrics.
    pub metrics: Metrics,
    /// Health probes.
    pub probes: Probes,
    /// Daily rates.
    pub rates: Rates,
    /// Daily rates of many lanes.
    pub rate_streams: RateStreams,
    /// Longest range of days of one rate query.
    pub rates_max_days: u32,
    /// Bytes of the cache of rates.
    pub rates_cache_bytes: usize,
    /// Authenticates access tokens.
    pub principals: Principals,
    /// Sessions and tokens.
    pub sessions: Sessions,
    /// Uploads of batches, if they are enabled.
    pub uploads: Option<Uploads>,
    /// Accounts, for administrators.
    pub users: Users,
    /// The state of the web pages.
    pub web: Web,
    /// Wishes.
    pub wishes: Wishes,
}

/// Nested pairs of types or values: tuples of APIs have at most 16 members.
macro_rules! nested {
    (type $only:ty) => { $only };
    (type $first:ty, $($rest:ty),+) => { ($first, nested!(type $($rest),+)) };
    ($only:expr) => { $only };
    ($first:expr, $($rest:expr),+) => { ($first, nested!($($rest),+)) };
}

/// Declares [`Apis`] and the function that constructs them from one list, whose first entry is of a feature.
macro_rules! apis {
    ($parts:ident => #[cfg($feature:meta)] $optional:ident($given:expr), $($api:ident($($argument:expr),+),)+) => {
        /// All APIs.
        #[cfg($feature)]
        pub type Apis = nested!(type $optional, $($api),+);

        /// All APIs.
        #[cfg(not($feature))]
        pub type Apis = nested!(type $($api),+);

        /// Constructs all APIs.
        #[cfg($feature)]
        pub fn apis($parts: ApiParts) -> Apis {
            nested!($optional::new($given), $($api::new($($argument),+)),+)
        }

        /// Constructs all APIs.
        #[cfg(not($feature))]
        pub fn apis($parts: ApiParts) -> Apis {
            nested!($($api::new($($argument),+)),+)
        }
    };
}

apis! { parts =>
    #[cfg(feature = "access")] AccessApi(parts.access),
    RatesApi(parts.rates, parts.rates_max_days, parts.rates_cache_bytes, parts.metrics),
    RateQueryApi(parts.rate_streams.clone(), parts.rates_max_days),
    RateExportApi(parts.rate_streams, parts.rates_max_days),
    BatchesApi(parts.uploads),
    PortsApi(parts.places.clone()),
    RegionsApi(parts.places),
    AccountsApi(parts.accounts.clone()),
    MeApi(parts.accounts),
    SessionsApi(parts.sessions.clone()),
    OwnSessionsApi(parts.sessions.clone()),
    TotpApi(parts.sessions.clone()),
    TokensApi(parts.sessions, parts.principals),
    ClientTokenApi(parts.clients.clone()),
    ClientsApi(parts.clients.clone()),
    ClientSecretsApi(parts.clients.clone()),
    ClientKeysApi(parts.clients),
    UsersApi(parts.users.clone()),
    UserProtectionApi(parts.users.clone()),
    UsersListApi(parts.users),
    WishesApi(parts.wishes),
    AuditApi(parts.audit),
    DemoApi(parts.demo),
    HealthApi(parts.probes),
    RootApi(parts.web),
}

/// The operations whose bodies or responses the edge treats differently.
pub const POLICIES: [OperationPolicy; 9] = [
    OperationPolicy {
        body: Some(BodyRule::Streamed {
            limit: batches::MAX_BODY,
            codings: batches::CODINGS,
        }),
        ..OperationPolicy::of(&Method::POST, "/rates/batches")
    },
    OperationPolicy {
        body: Some(BodyRule::Buffered(query::MAX_BODY)),
        streams_per_client: Some(2),
        ..OperationPolicy::of(&Method::POST, "/rates/query")
    },
    OperationPolicy {
        streams_per_client: Some(1),
        ..OperationPolicy::public_data("/rates/export")
    },
    OperationPolicy::public_data("/rates"),
    OperationPolicy::public_data("/rates.csv"),
    OperationPolicy::public_data("/ports"),
    OperationPolicy::public_data("/ports/{code}"),
    OperationPolicy::public_data("/regions"),
    OperationPolicy::public_data("/regions/{slug}"),
];

impl Operations for Apis {
    fn policies() -> Vec<OperationPolicy> {
        POLICIES.to_vec()
    }
}

/// The APIs with others beside them, as tests add them.
impl<T: Operations> Operations for (Apis, T) {
    fn policies() -> Vec<OperationPolicy> {
        [Apis::policies(), T::policies()].concat()
    }
}

/// All web pages except the index, which is an operation too.
pub fn pages() -> Vec<ExtraRoute> {
    let page = ExtraRoute::page;
    let pages = vec![
        page("/sign-in")
            .get_with(&["next"], sign_in::show)
            .post(sign_in::submit),
        page("/sign-out").get(sign_out::show).post(sign_out::submit),
        page("/sign-up").get(sign_up::show).post(sign_up::submit),
        page("/check-mail").get(mails::check_mail),
        page("/resend").get(mails::show_resend).post(mails::resend),
        page("/forgot").get(mails::show_forgot).post(mails::forgot),
        page("/confirm")
            .get_with(&["token"], ShowLink(LinkPurpose::Confirm))
            .post(links::confirm),
        page("/change-email")
            .get_with(&["token"], ShowLink(LinkPurpose::ChangeEmail))
            .post(links::change_email),
        page("/undo-email")
            .get_with(&["token"], ShowLink(LinkPurpose::UndoEmail))
            .post(links::undo_email),
        page("/invitation")
            .get_with(&["token"], ShowLink(LinkPurpose::Invite))
            .post(links::invitation),
        page("/reset")
            .get_with(&["token"], ShowLink(LinkPurpose::Reset))
            .post(links::reset),
        page("/my/account").get(account::show),
        page("/my/account/name")
            .get(account_form::show_name)
            .post(account_form::save_name),
        page("/my/account/email")
            .get(account_form::show_email)
            .post(account_form::save_email),
        page("/my/account/password")
            .get(account_form::show_password)
            .post(account_form::save_password),
        page("/my/account/second-factor")
            .get(second_factor::show)
            .post(second_factor::start),
        page("/my/account/second-factor/confirm").post(second_factor::confirm),
        page("/my/account/second-factor/codes")
            .get(second_factor::show_renew)
            .post(second_factor::renew),
        page("/my/account/second-factor/remove")
            .get(second_factor::show_remove)
            .post(second_factor::remove),
        page("/my/account/sign-out-everywhere").post(account::sign_out_everywhere),
        page("/my/account/delete")
            .get(account::show_delete)
            .post(account::delete),
        page("/my/wishes").get_with(&["show", "after"], wish_list::show),
        page("/my/wishes/new").get(wish_form::new).post(wish_form::create),
        page("/my/wishes/:id").get(wish_form::edit).post(wish_form::save),
        page("/my/wishes/:id/done").post_idempotent(wish_list::mark),
        page("/my/wishes/:id/delete")
            .get(wish_form::show_delete)
            .post(wish_form::delete),
    ];
    pages.into_iter().map(submission::guarded).collect()
}

/// Settings of the edge and of the routes beside the APIs.
pub struct EdgeSettings {
    /// Accepted Host names.
    pub hosts: Vec<String>,
    /// Origins that may read responses.
    pub cors_origins: Vec<String>,
    /// Reverse proxies in front of the listener.
    pub proxies: ProxySettings,
    /// The rate limit per client address.
    pub rate_limit: Arc<RateLimit>,
    /// Limits of request bodies.
    pub body: BodyPolicy,
    /// Authenticates callers.
    pub principals: Principals,
    /// The metrics.
    pub metrics: Metrics,
    /// The state of the web pages.
    pub web: Web,
    /// Logs rejected requests.
    pub security_events: Arc<SecurityEvents>,
    /// The development mailbox, if mails go to a folder.
    pub mailbox: Option<Mailbox>,
}

/// The public routes: the APIs, the pages, the documentation, and the edge around them.
pub fn routes<T: Operations + 'static>(apis: T, settings: EdgeSettings) -> BoxEndpoint<'static, Response> {
    let mut extra = pages();
    let has_api_docs = settings.web.has_api_docs();
    extra.extend(assets::routes(has_api_docs));
    if has_api_docs {
        extra.extend(docs::routes(document::<T>(&T::policies())));
    }
    extra.extend(settings.mailbox.iter().flat_map(mail::routes));
    let parts = EdgeParts {
        routes: RouteTable::of::<T>(&extra),
        hosts: Hosts::new(&settings.hosts),
        cors: Cors::new(settings.cors_origins),
        client_addresses: ClientAddresses::new(settings.proxies),
        rate_limit: settings.rate_limit,
        body: settings.body,
        responses: ResponseBudget::default(),
        principals: settings.principals,
        metrics: settings.metrics,
        error_page: error_page::render,
        security_events: settings.security_events,
    };
    let add = |route: Route, extra: ExtraRoute| extra.add_to(route);
    let extra = extra.into_iter().fold(Route::new(), add);
    let routes = Routes {
        operations: describe(apis).into_endpoint().map_to_response().boxed(),
        extra: extra.data(settings.web).map_to_response().boxed(),
    };
    Edge::new(routes, parts).boxed()
}
