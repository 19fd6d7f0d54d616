//! Integration tests: the service over a real socket and a real PostgreSQL. One file a noun; each test names its row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

mod support;

mod accounts;
mod accounts_cli;
mod accounts_first_admin;
mod accounts_hostile;
mod accounts_invitations;
mod accounts_limits;
mod accounts_outage;
mod accounts_own;
mod accounts_recovery;
mod accounts_timing;
mod api;
mod apidocs;
mod audit;
mod audit_pages;
mod audit_rights;
mod authorization;
mod authorization_sight;
mod bodies;
mod cors;
mod demo;
mod front;
mod frozen;
mod grants;
mod headers;
mod health;
mod hosts;
mod identity;
mod import;
mod json;
mod logins;
mod mail;
mod mail_outbox;
mod mail_page;
mod mail_refusals;
mod mail_smtp;
mod methods;
mod migrations;
mod outage;
mod overload;
mod parameters;
mod passwords;
mod plan;
mod ports;
mod problems;
mod rate_limit;
mod rates;
mod rates_dumps;
mod rates_formats;
mod rates_refusals;
mod regions;
mod schema;
mod secrets_flows;
mod secrets_in_logs;
mod serve;
mod sessions;
mod sessions_own;
mod sessions_refresh;
mod settings;
mod slow;
mod telemetry;
mod throttle;
mod token_keys;
mod token_secrets;
mod tokens;
mod tokens_claims;
mod tokens_forged;
mod tokens_introspect;
mod tokens_login;
mod tokens_rotation;
mod totp;
mod totp_changes;
mod users;
mod users_admins;
mod users_fields;
mod users_invited;
mod users_list;
mod users_parallel;
mod users_plan;
mod web;
mod web_accounts;
mod web_forms;
mod web_sessions;
mod web_wishes;
mod wishes;
mod wishes_fence;
mod wishes_refusals;
