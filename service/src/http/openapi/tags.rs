//! The tags of the OpenAPI document; every operation has one.

use poem_openapi::Tags;

/// A tag. Its name in the document is the variant's name.
#[derive(Tags)]
pub enum ApiTag {
    /// Daily freight rates between two places.
    Rates,
    /// Batches of prices: upload, progress, withdrawal.
    Batches,
    /// Ports by UN/LOCODE.
    Ports,
    /// The tree of regions.
    Regions,
    /// Registration, mailed links and the caller's own account.
    Accounts,
    /// User administration. Requires an administrator.
    Users,
    /// Access to the database: requests, approval by a second person, logins that end.
    #[cfg(feature = "access")]
    Access,
    /// Machine clients: administration, and their tokens.
    Clients,
    /// The audit log. Requires an administrator.
    Audit,
    /// Sign-in, refresh, sign-out and second factor.
    Sessions,
    /// Access tokens for other services: issue, verify, introspect.
    Tokens,
    /// The caller's own wishes.
    Wishes,
    /// Demo operations. Available only if the setting `DEMO` enables them; never in production.
    Demo,
    /// Liveness, readiness and startup probes.
    Health,
    /// Greeting and version of the service.
    Service,
}
