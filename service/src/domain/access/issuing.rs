//! Issues the logins of approved requests, each under a Vault token of its own, so that it does not end with the service's.

use super::{Access, append_event, login_subject};
use crate::db::access::logins::{self, Claim, Issued, LoginEnd};
use crate::db::access::requests;
use crate::db::access::revocations::{self, Unrevoked};
use crate::db::{DbError, accounts};
use crate::domain::accounts::account_mails;
use crate::mail::kind::MailKind;
use crate::secrets::backoff::Backoff;
use crate::secrets::vault::VaultError;
use crate::types::access::AccessRequestId;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// What the key of sealed wrapping tokens is derived for.
pub(super) const SEALED_FOR: &str = "access login";

/// Delays after failures to issue or to revoke a login.
pub(super) const BACKOFF: Backoff = Backoff::new(Duration::from_secs(4), Duration::from_secs(300));

/// How much shorter than wanted a lease may be: the time between the claim and Vault's answer.
const MAX_SHORTFALL: Duration = Duration::from_secs(120);

/// Why a login was not issued.
#[derive(Debug, thiserror::Error)]
enum IssueLoginError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the lease has {0} s instead of {1} s: check max_ttl of the role and of its mount")]
    Short(u64, u64),
    #[error("the wrapping token cannot be encrypted")]
    Seal,
}

impl Access {
    /// Issues the next login of a request if it needs one and no other replica does.
    pub(super) async fn issue(&self, request: AccessRequestId) -> Result<(), DbError> {
        let id = Uuid::new_v4();
        let claim = self.0.db.tx("claim_access_login", move |conn| {
            match requests::lock(conn, request)? {
                Some(_) => logins::claim(conn, request, id),
                None => Ok(None),
            }
        });
        let Some(claim) = claim.await? else {
            return Ok(());
        };
        match self.issue_claimed(&claim).await {
            Ok(true) => {
                self.0.metrics.access_login("issued");
                Ok(())
            }
            // The access has ended meanwhile.
            Ok(false) => Ok(()),
            Err(error) => self.record_failure(&claim, &error).await,
        }
    }

    /// `false`: the access has ended meanwhile.
    async fn issue_claimed(&self, claim: &Claim) -> Result<bool, IssueLoginError> {
        let parts = &self.0;
        let lifetime = Duration::from_secs(claim.seconds.unsigned_abs());
        let meta = json!({
            "login": claim.id.to_string(),
            "request": claim.request_id.to_string(),
            "account": claim.requester_id.to_string(),
        });
        let token = parts
            .vault
            .create_orphan_token(&parts.token_role, lifetime, &meta)
            .await?;
        let (id, accessor) = (claim.id, token.accessor().to_owned());
        let set = parts.db.tx("set_access_accessor", move |conn| {
            logins::set_accessor(conn, id, &accessor)
        });
        let set = set.await;
        if !matches!(set, Ok(true)) {
            // Without a record the token would not be revoked. Nothing was issued under it, so it only ends later when this fails.
            let _ = parts.vault.revoke_accessor(token.accessor()).await;
            return Ok(set?);
        }
        let role = format!("access-{}", claim.level);
        let (credentials, lease) = parts.vault.issue_login_with(&token, &role, lifetime).await?;
        if lease.duration() + MAX_SHORTFALL < lifetime {
            return Err(IssueLoginError::Short(
                lease.duration().as_secs(),
                lifetime.as_secs(),
            ));
        }
        let content =
            json!({ "username": credentials.user, "password": credentials.password.expose_secret() });
        let token_ttl = Duration::from_secs(claim.token_seconds.unsigned_abs());
        let wrapped = parts.vault.wrap(&content, token_ttl).await?;
        let (name, lease_id) = (credentials.user, lease.id().to_owned());
        if self
            .record_issued(claim, name.clone(), lease_id.clone(), &wrapped)
            .await?
        {
            return Ok(true);
        }
        let unrevoked = Unrevoked {
            id: claim.id,
            request_id: claim.request_id,
            accessor: Some(token.accessor().to_owned()),
            lease_id: Some(lease_id),
            name: Some(name),
            failures: 0,
        };
        self.revoke_login(unrevoked).await?;
        Ok(false)
    }

    /// `false`: the access has ended meanwhile, and what Vault issued is to be revoked.
    async fn record_issued(
        &self,
        claim: &Claim,
        name: String,
        lease_id: String,
        wrapped: &SecretString,
    ) -> Result<bool, IssueLoginError> {
        let context = claim.id.to_string();
        let sealed = self
            .0
            .data_keys
            .seal(SEALED_FOR, &context, wrapped.expose_secret().as_bytes());
        let sealed = sealed.ok_or(IssueLoginError::Seal)?;
        let claim = claim.clone();
        let recorded = self.0.db.tx("record_access_login", move |conn| {
            let request = AccessRequestId::of(claim.request_id);
            // Before the login is recorded as issued: in the order of all other transactions.
            requests::lock(conn, request)?;
            let issued = Issued {
                name: &name,
                lease_id: &lease_id,
                sealed_token: &sealed,
            };
            if !logins::set_issued(conn, &claim, &issued)? {
                // Another replica may have revoked the token before Vault issued the login.
                revocations::reopen(conn, claim.id)?;
                return Ok(false);
            }
            logins::set_issue_failures(conn, request, 0, None)?;
            if let Some(row) = accounts::find(conn, AccountId::of(claim.requester_id))? {
                account_mails::enqueue(conn, MailKind::AccessLoginIssued, &row)?;
            }
            let detail = json!({ "request": claim.request_id, "name": name, "level": claim.level, "account": claim.requester_id });
            let client = ClientInfo::service();
            append_event(conn, None, &client, "access_login.issued", login_subject(claim.id), detail)?;
            Ok(true)
        });
        Ok(recorded.await?)
    }

    /// Ends a claim that failed, and delays the next attempt. The former login, if there is one, is not touched.
    async fn record_failure(&self, claim: &Claim, error: &IssueLoginError) -> Result<(), DbError> {
        let (id, request) = (claim.id, AccessRequestId::of(claim.request_id));
        let failures = self.0.db.tx("fail_access_login", move |conn| {
            requests::lock(conn, request)?;
            let failures = logins::issue_failures(conn, request)?.saturating_add(1);
            if !logins::end(conn, id, LoginEnd::Failed)? {
                // It ended meanwhile, and was perhaps revoked before Vault issued something.
                revocations::reopen(conn, id)?;
            }
            let delay = BACKOFF.delay_after(failures.unsigned_abs());
            logins::set_issue_failures(conn, request, failures, Some(delay))?;
            Ok(failures)
        });
        let failures = failures.await;
        self.0.metrics.access_login("issue_failed");
        tracing::error!(
            target: "security",
            event = "access.issue_failed",
            request = claim.request_id,
            failures = failures.as_ref().ok(),
            %error,
            "cannot issue the next login of a person; a former one still works, and it is tried again"
        );
        failures.map(drop)
    }
}
