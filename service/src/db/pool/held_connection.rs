//! A connection that one user holds for longer than a piece of work, and gives back when the credentials are replaced.

use super::manager::{Manager, ServerState};
use crate::db::error::DbError;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::PooledConnection;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

diesel::define_sql_function! {
    /// The process id of the backend.
    fn pg_backend_pid() -> Integer;
}

/// The connection. The former credentials may be revoked only after it is dropped.
pub struct HeldConnection {
    connection: PooledConnection<Manager>,
    server: Arc<ServerState>,
}

impl HeldConnection {
    pub(super) fn new(connection: PooledConnection<Manager>, server: Arc<ServerState>) -> Self {
        Self { connection, server }
    }

    /// Whether other credentials are in use now.
    pub fn is_replaced(&self) -> bool {
        self.server.is_retired()
    }

    /// The process id of its backend.
    pub fn get_backend_pid(&mut self) -> Result<i32, DbError> {
        diesel::select(pg_backend_pid())
            .get_result(&mut self.connection.pg)
            .map_err(|error| DbError::of("get_backend_pid", &error))
    }

    /// Closes the connection, which is unusable.
    pub fn discard(self) {
        self.server.invalidate(self.connection.epoch);
    }
}

impl Deref for HeldConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection.pg
    }
}

impl DerefMut for HeldConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection.pg
    }
}
