//! Access of people to the database: one person requests it, another one approves it, and it ends by itself.

/// Approving, denying, withdrawing and revoking.
mod decisions;

/// Handing a login over, once.
mod delivery;

/// The end of approved access.
pub mod ending;

/// The worker's rounds: expiry, revocation, issuing.
mod rounds;

/// Issuing logins.
mod issuing;

/// Mails to people who neither made nor decided a request.
mod notices;

/// Ending logins in PostgreSQL and in Vault.
mod revocation;

/// Errors of these operations.
pub mod error;

/// The states of a request.
pub mod state;

use super::page::Page;
use super::sessions::caller::{Admin, RecentlyProven, SignedIn};
use crate::crypto::data_keys::DataKeys;
use crate::db::access::logins;
pub use crate::db::access::logins::LoginRow;
pub use crate::db::access::requests::RequestRow;
use crate::db::access::requests::{self, RequestFilter};
use crate::db::audit::{self, Event};
use crate::db::{Db, PgConnection, QueryResult, accounts};
use crate::secrets::vault::Vault;
use crate::telemetry::metrics::Metrics;
use crate::types::access::{AccessHours, AccessLevel, AccessReason, AccessRequestId, AccessState};
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::role::Scope;
pub use decisions::Decision;
pub use delivery::HandedOver;
use error::AccessError;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

/// Maximum number of an account's requests that wait for a decision.
pub const MAX_UNDECIDED: u32 = 5;

/// Maximum number of an account's requests within a day: each is a mail to every approver, also if it is withdrawn at once.
pub const MAX_DAILY: u32 = 20;

/// The operations on requests for access. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Parts>);

/// The dependencies of [`Access`].
pub struct Parts {
    /// The accounts login's connections.
    pub db: Db,
    /// Encrypt wrapping tokens.
    pub data_keys: DataKeys,
    /// Vault, as the broker of logins.
    pub vault: Vault,
    /// The role of the tokens that own the leases of logins.
    pub token_role: String,
    /// Counts issued and revoked logins.
    pub metrics: Metrics,
    /// Wakes the worker.
    pub work: watch::Sender<()>,
}

/// What a person requests.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What the login may read.
    pub level: AccessLevel,
    /// Why.
    pub reason: AccessReason,
    /// For how long.
    pub hours: AccessHours,
}

/// Which requests to list, and from where.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestQuery {
    /// Only those in this state.
    pub state: Option<AccessState>,
    /// Only those older than this one.
    pub before: Option<AccessRequestId>,
    /// Maximum number of requests.
    pub limit: u32,
}

impl Access {
    /// Wires the domain to its dependencies.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Requests access.
    pub async fn request(
        &self,
        who: &RecentlyProven,
        client: &ClientInfo,
        new: NewRequest,
    ) -> Result<RequestRow, AccessError> {
        let by = Author::of(who.signed_in(), client);
        let created = self.0.db.tx("request_access", move |conn| {
            // Serializes the requests of an account, so that their number stays valid.
            if accounts::lock(conn, by.who.account())?.is_none() || !by.who.is_still_signed_in(conn)? {
                return Ok(Err(AccessError::SignedOut));
            }
            let (undecided, daily) = requests::count_recent(conn, by.who.account())?;
            if undecided >= i64::from(MAX_UNDECIDED) || daily >= i64::from(MAX_DAILY) {
                return Ok(Err(AccessError::TooMany));
            }
            let id = requests::insert(conn, by.who.account(), new.level, &new.reason, new.hours)?;
            let row = requests::find(conn, id)?;
            notices::notify_of_request(conn, by.who.account())?;
            let detail = json!({ "level": new.level.as_str(), "hours": new.hours.get() });
            by.append_event(conn, "access.requested", id, detail)?;
            Ok(row.ok_or(AccessError::NotFound))
        });
        created.await?
    }

    /// A request that the caller may see.
    pub async fn get(&self, who: &SignedIn, id: AccessRequestId) -> Result<RequestRow, AccessError> {
        let find = move |conn: &mut _| requests::find(conn, id);
        let found = self.0.db.run("find_access_request", find).await?;
        found.filter(|row| may_see(who, row)).ok_or(AccessError::NotFound)
    }

    /// The caller's own requests; all of them for those who decide on them or read the audit log.
    pub async fn list(&self, who: &SignedIn, query: RequestQuery) -> Result<Page<RequestRow>, AccessError> {
        let filter = RequestFilter {
            requester: (!may_see_all(who)).then(|| who.account()),
            state: query.state,
        };
        let rows = requests::list(&self.0.db, filter, query.before, i64::from(query.limit) + 1).await?;
        Ok(Page::from_rows(rows, query.limit, |row| row.id.to_string()))
    }

    /// The login of this name and its request: whose statement a line of PostgreSQL's log is.
    pub async fn find_login(
        &self,
        _admin: &Admin,
        name: &str,
    ) -> Result<(LoginRow, RequestRow), AccessError> {
        let name = name.to_owned();
        let find = move |conn: &mut PgConnection| {
            let Some(login) = logins::find_by_name(conn, &name)? else {
                return Ok(None);
            };
            let request = requests::find(conn, AccessRequestId::of(login.request_id))?;
            Ok(request.map(|request| (login, request)))
        };
        let found = self.0.db.run("find_access_login", find).await?;
        found.ok_or(AccessError::NotFound)
    }
}

/// Whether the caller sees the requests of others.
fn may_see_all(who: &SignedIn) -> bool {
    who.may(Scope::AccessApprove) || who.may(Scope::AuditRead)
}

/// Whether the caller may see, and end, this request.
fn may_see(who: &SignedIn, row: &RequestRow) -> bool {
    row.requester() == who.account() || may_see_all(who)
}

/// The person and the request that make a change.
struct Author {
    who: SignedIn,
    client: ClientInfo,
}

impl Author {
    fn of(who: &SignedIn, client: &ClientInfo) -> Self {
        Self {
            who: who.clone(),
            client: client.clone(),
        }
    }

    /// Appends an audit event. To be called last in its transaction.
    fn append_event(
        &self,
        conn: &mut PgConnection,
        action: &'static str,
        id: AccessRequestId,
        detail: Value,
    ) -> QueryResult<()> {
        append_event(
            conn,
            Some(self.who.account()),
            &self.client,
            action,
            id.subject(),
            detail,
        )
    }

    /// The same about a login.
    fn append_login_event(
        &self,
        conn: &mut PgConnection,
        action: &'static str,
        login: Uuid,
        detail: Value,
    ) -> QueryResult<()> {
        append_event(
            conn,
            Some(self.who.account()),
            &self.client,
            action,
            login_subject(login),
            detail,
        )
    }
}

/// The subject of events about a login.
fn login_subject(login: Uuid) -> String {
    format!("access_login:{login}")
}

fn append_event(
    conn: &mut PgConnection,
    actor: Option<AccountId>,
    client: &ClientInfo,
    action: &'static str,
    subject: String,
    detail: Value,
) -> QueryResult<()> {
    let event = Event {
        actor,
        action,
        subject,
        client,
        detail,
    };
    audit::append(conn, &event)
}
