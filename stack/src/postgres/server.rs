//! The PostgreSQL server that the service will use, ours or a given one: where it is and how an admin logs in.

use std::ffi::OsString;
use std::fmt;

use private_postgres::Cluster;

use crate::postgres::url::PostgresUrl;

/// Address and admin login. `Debug` and `Display` show the address only.
#[derive(Clone)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// A login that may create roles and databases.
    pub user: String,
    /// Its password.
    password: String,
    /// libpq's word for the protection of the connection.
    pub sslmode: String,
}

impl Server {
    /// libpq's variables for the admin, as `psql` and `pgbench` read them.
    pub fn pg_variables(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("PGHOST", self.host.clone().into()),
            ("PGPORT", self.port.to_string().into()),
            ("PGUSER", self.user.clone().into()),
            ("PGPASSWORD", self.password.clone().into()),
            ("PGSSLMODE", self.sslmode.clone().into()),
        ]
    }

    /// The service's settings for the admin: only `portcullis migrate prepare` gets them.
    pub fn admin_settings(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("PORTCULLIS_DATABASE_ADMIN_USER", self.user.clone().into()),
            ("PORTCULLIS_DATABASE_ADMIN_PASSWORD", self.password.clone().into()),
        ]
    }
}

impl From<&Cluster> for Server {
    fn from(cluster: &Cluster) -> Server {
        Server {
            host: cluster.host().to_owned(),
            port: cluster.port(),
            user: cluster.user().to_owned(),
            password: cluster.password().to_owned(),
            sslmode: "disable".to_owned(),
        }
    }
}

impl From<&PostgresUrl> for Server {
    fn from(url: &PostgresUrl) -> Server {
        let PostgresUrl {
            host,
            port,
            user,
            password,
            sslmode,
        } = url.clone();
        Server {
            host,
            port,
            user,
            password,
            sslmode,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Server({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_the_password() {
        let url: PostgresUrl = "postgres://ann:secret@h:1/".parse().unwrap();
        let server = Server::from(&url);
        assert_eq!(format!("{server} {server:?}"), "h:1 Server(h:1)");
        assert!(server.pg_variables().contains(&("PGPASSWORD", "secret".into())));
    }
}
