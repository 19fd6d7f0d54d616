//! The PostgreSQL server that the service will use, ours or a given one: its address and an admin's login. A given one is
//! `postgres://user:password@host:port/?sslmode=…`. The `url` crate is not used because its tables for internationalised
//! names would be built before every first `cargo xtask up`.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};
use private_postgres::Cluster;

/// Address and admin login. `Debug` and `Display` show the address only.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    /// 5432 unless given.
    pub port: u16,
    /// A login that may create roles and databases.
    pub user: String,
    /// Empty when none is given.
    password: String,
    /// As in libpq. Default: `disable` for a loopback host, else `verify-full`.
    pub sslmode: String,
}

/// libpq's modes without those that silently fall back to plain text.
const SSLMODES: [&str; 4] = ["verify-full", "verify-ca", "require", "disable"];

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

impl FromStr for Server {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Server> {
        // No error message quotes the text, because it holds a password.
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"));
        let rest = rest.context("a server is given as postgres://user:password@host:port/")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        ensure!(
            path.is_empty() || path == "postgres",
            "leave the database out: it is always `portcullis`"
        );
        let (login, address) = authority
            .rsplit_once('@')
            .context("the server's URL names no user")?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = host_and_port(address)?;
        ensure!(
            !host.is_empty() && !user.is_empty(),
            "the server's URL needs a user and a host"
        );
        let loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
        let mut sslmode = if loopback { "disable" } else { "verify-full" }.to_owned();
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "sslmode" if SSLMODES.contains(&value) => sslmode = value.to_owned(),
                "sslmode" => bail!(
                    "the server's URL has a bad sslmode: one of {}",
                    SSLMODES.join(", ")
                ),
                _ => bail!("the server's URL has an unknown parameter `{key}`; only `sslmode` is understood"),
            }
        }
        Ok(Server {
            host,
            port,
            user: decoded(user)?,
            password: decoded(password)?,
            sslmode,
        })
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

fn host_and_port(address: &str) -> Result<(String, u16)> {
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').context("the server's URL has an open `[`")?;
            (host, port.strip_prefix(':'))
        }
        None => address
            .split_once(':')
            .map_or((address, None), |(host, port)| (host, Some(port))),
    };
    let port = port
        .map_or(Ok(5432), str::parse)
        .context("the server's URL has a bad port")?;
    Ok((host.to_owned(), port))
}

/// Percent-encoding, RFC 3986 §2.1.
fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                u8::from_str_radix(digits, 16).context("the server's URL has a bad percent escape")?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).context("the server's URL is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_parsed_and_the_password_is_not_shown() {
        let url: Server = "postgres://ann:p%40ss@db.example:6000/?sslmode=require"
            .parse()
            .unwrap();
        let wanted = ("db.example", 6000, "ann", "p@ss", "require");
        assert_eq!(
            (&*url.host, url.port, &*url.user, &*url.password, &*url.sslmode),
            wanted
        );
        assert_eq!(
            format!("{url} {url:?}"),
            "db.example:6000 Server(db.example:6000)"
        );
        assert!(url.pg_variables().contains(&("PGPASSWORD", "p@ss".into())));
    }

    #[test]
    fn missing_parts_have_defaults() {
        let url: Server = "postgresql://ann@127.0.0.1".parse().unwrap();
        assert_eq!((url.port, &*url.password, &*url.sslmode), (5432, "", "disable"));
        let url: Server = "postgres://ann:x@db.example/postgres".parse().unwrap();
        assert_eq!(&*url.sslmode, "verify-full");
        let url: Server = "postgres://ann:x@[::1]:7000/".parse().unwrap();
        assert_eq!((&*url.host, url.port), ("::1", 7000));
    }

    #[test]
    fn errors_name_the_invalid_part_and_never_the_password() {
        let bad = [
            ("mysql://ann:secret@h/", "postgres://user"),
            ("postgres://h/", "no user"),
            ("postgres://ann:secret@h:x/", "bad port"),
            ("postgres://ann:secret@h/other", "always `portcullis`"),
            ("postgres://ann:secret@h/?foo=1", "unknown parameter `foo`"),
            ("postgres://ann:secret@h/?sslmode=prefer", "bad sslmode"),
            ("postgres://ann:secret%z@h/", "percent"),
        ];
        for (text, reason) in bad {
            let error = format!("{:#}", text.parse::<Server>().unwrap_err());
            assert!(
                error.contains(reason) && !error.contains("secret"),
                "{text}: {error}"
            );
        }
    }
}
