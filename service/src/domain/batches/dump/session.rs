//! The settings of a psql session that decide what later statements mean.

use super::encoding::ClientEncoding;

/// The settings and the transaction of a session.
#[derive(Debug, Default)]
pub struct Session {
    /// `client_encoding`
    pub encoding: ClientEncoding,
    /// The schemas of `search_path` in which tables may be; `None` for its default.
    search_path: Option<Vec<String>>,
    /// The line of `BEGIN`.
    pub transaction: Option<u64>,
}

/// The effect of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingOutcome {
    /// It decides nothing about rows, or was recorded.
    Done,
    /// `standard_conforming_strings` is now this.
    StandardStrings(bool),
}

/// The schema of tables without one, by default and where `search_path` is empty.
const DEFAULT_SCHEMA: &str = "public";

/// Settings that are recorded here.
const RECORDED: [&str; 3] = ["client_encoding", "search_path", "standard_conforming_strings"];

impl Session {
    /// Whether a setting is recorded.
    pub fn records(name: &str) -> bool {
        RECORDED.contains(&name)
    }

    /// Sets a value or, if there is none, the default.
    pub fn set(&mut self, name: &str, values: &[String]) -> Result<SettingOutcome, &'static str> {
        match (name, values) {
            ("client_encoding", []) => self.encoding = ClientEncoding::default(),
            ("client_encoding", [encoding]) => {
                self.encoding = ClientEncoding::find(encoding)
                    .ok_or("declares an encoding that is not supported: dump with --encoding=UTF8")?;
            }
            ("search_path", []) => self.search_path = None,
            ("search_path", schemas) => {
                let is_of_tables =
                    |schema: &&String| !matches!(schema.as_str(), "" | "$user" | "pg_catalog" | "pg_temp");
                self.search_path = Some(schemas.iter().filter(is_of_tables).cloned().collect());
            }
            ("standard_conforming_strings", []) => return Ok(SettingOutcome::StandardStrings(true)),
            ("standard_conforming_strings", [value]) => {
                return boolean(value)
                    .map(SettingOutcome::StandardStrings)
                    .ok_or("sets standard_conforming_strings to an unknown value");
            }
            ("client_encoding" | "standard_conforming_strings", _) => return Err("sets several values"),
            // pg_dumpall switches it off.
            ("default_transaction_read_only" | "transaction_read_only", values)
                if !values.iter().all(|value| boolean(value) == Some(false)) =>
            {
                return Err("makes transactions read-only");
            }
            _ => {}
        }
        Ok(SettingOutcome::Done)
    }

    /// The schema of a table named without one. PostgreSQL finds none where `search_path` is empty, as it is in
    /// pg_dump's output; statements that were added to a dump by hand mean the dump's tables.
    pub fn schema(&self) -> Result<String, &'static str> {
        match self.search_path.as_deref() {
            None | Some([]) => Ok(DEFAULT_SCHEMA.to_owned()),
            Some([schema]) => Ok(schema.clone()),
            Some(_) => Err("names a table without its schema, and search_path has several"),
        }
    }
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}
