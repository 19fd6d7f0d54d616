//! A Terraform provider that knows only a schema file. It serves plugin protocol 6, so `validate`, `plan`, `apply` and `test` need neither a
//! download nor an account.

mod drift;
mod made_up;
mod messages;
mod plan;
mod provider;
mod read_only;
mod replacement;
mod schema;
mod server;
mod value;

pub use drift::Drift;
pub use schema::SchemaFile;
pub use server::OfflineProvider;
