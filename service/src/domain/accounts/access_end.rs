//! An account's access to the database ends in the transaction that changes what its approval was based on. The worker of the
//! access ends its logins then.

#[cfg(feature = "access")]
pub use crate::domain::access::ending::end_access;

/// A build without the feature `access` grants none.
#[cfg(not(feature = "access"))]
pub fn end_access(
    _conn: &mut crate::db::PgConnection,
    _account: crate::types::account::AccountId,
    _by: Option<crate::types::account::AccountId>,
    _client: &crate::types::client_info::ClientInfo,
    _reason: crate::types::access_end::AccessEnd,
) -> crate::db::QueryResult<()> {
    Ok(())
}
