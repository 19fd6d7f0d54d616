//! The chapters of the OpenAPI document: each operation stands in one.

use poem_openapi::Tags;

/// A chapter; its name in the document is its name here.
#[derive(Tags)]
pub enum Chapter {
    /// Daily freight rates between two places.
    Rates,
    /// Ports by UN/LOCODE.
    Ports,
    /// Regions and the tree that they form.
    Regions,
    /// Registering, and one's own account.
    Accounts,
    /// Accounts, for administrators.
    Users,
    /// What happened: for administrators.
    Audit,
    /// Signing in, renewing, signing out.
    Sessions,
    /// Access tokens for other services: get one, verify it, ask about it.
    Tokens,
    /// One's own wishes.
    Wishes,
    /// For those who try the service out: there only while the setting `DEMO` is on, never in production.
    Demo,
    /// Live, ready, startup: for whoever runs the service.
    Health,
    /// The greeting, and what is running.
    Front,
}
