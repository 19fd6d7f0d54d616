//! Whether the database is available, has the schema of this version of the program or a later one, and accepts changes.

use super::error::DbError;
use super::schema::portcullis::__diesel_schema_migrations as done;
use super::{Db, migrations};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Bool, Text};

/// State of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// All known migrations have run. Later ones may have, too: they are backward compatible.
    Ready,
    /// At least one known migration has not run.
    Behind,
}

/// Reads the migrations table directly: the migration harness would first try to create it, which a runtime role may
/// not do.
pub async fn schema_state(db: &Db) -> Result<SchemaState, DbError> {
    let newest = migrations::newest();
    let found = db.run("schema_state", move |conn| {
        diesel::select(diesel::dsl::exists(done::table.filter(done::version.eq(newest))))
            .get_result::<bool>(conn)
    });
    match found.await {
        Ok(true) => Ok(SchemaState::Ready),
        Ok(false) => Ok(SchemaState::Behind),
        Err(DbError::Failed) if !has_migrations(db).await? => Ok(SchemaState::Behind),
        Err(error) => Err(error),
    }
}

/// Whether the table of migrations exists, readable or not. Without it, no migration has run.
async fn has_migrations(db: &Db) -> Result<bool, DbError> {
    db.run("has_migrations", |conn| {
        let statement = "SELECT EXISTS (
            SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'portcullis' AND c.relname = '__diesel_schema_migrations') AS exists";
        let table: Table = diesel::sql_query(statement).get_result(conn)?;
        Ok(table.exists)
    })
    .await
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Bool)]
    exists: bool,
}

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = Bool)]
    is_read_only: bool,
}

/// Fails unless the login can write. A connection to a server that has become a standby counts as lost.
pub async fn check_writable(db: &Db) -> Result<(), DbError> {
    db.run("check_writable", |conn| {
        let statement = "SELECT current_setting('transaction_read_only')::boolean AS is_read_only";
        let session: Session = diesel::sql_query(statement).get_result(conn)?;
        if session.is_read_only {
            let text = Box::new("the session is read-only".to_owned());
            return Err(Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, text));
        }
        Ok(())
    })
    .await
}

#[derive(QueryableByName)]
struct RoleSetting {
    #[diesel(sql_type = Text)]
    setting: String,
}

/// The settings that logins of this database have of their own, as `login: name`. There should be none: a login can set them
/// for itself, which PostgreSQL cannot forbid. Those of Vault's login and of people are set by `prepare` and at their issue.
pub async fn list_role_settings(db: &Db) -> Result<Vec<String>, DbError> {
    db.run("list_role_settings", |conn| {
        let statement = "SELECT r.rolname || ': ' || split_part(c, '=', 1) AS setting
            FROM pg_catalog.pg_db_role_setting s
            JOIN pg_catalog.pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
            WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
              AND EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
                          WHERE m.member = r.oid AND g.rolname LIKE 'portcullis\\_%'
                            AND g.rolname NOT LIKE 'portcullis\\_access\\_%' AND g.rolname <> 'portcullis_vault_client')
            ORDER BY 1";
        let rows: Vec<RoleSetting> = diesel::sql_query(statement).load(conn)?;
        Ok(rows.into_iter().map(|row| row.setting).collect())
    })
    .await
}
