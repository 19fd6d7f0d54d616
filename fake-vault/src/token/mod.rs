//! Tokens: what a login grants, and the tokens that are alive.

mod grant;
mod store;

pub(crate) use grant::{Grant, Kind, MAX_TTL, TokenSettings, networks, with_default};
pub(crate) use store::{Token, Tokens, ttl_warning};
