//! `portcullis accounts`: creates active accounts, ends sessions, removes second factors, lists accounts. Needs none of
//! the service's keys.

use super::exit::{EXIT_CONFIG, check_credentials, fail, print};
use super::runtime::runtime;
use crate::config::setting_names::PREFIX;
use crate::config::{Settings, operator};
use crate::crypto::hashing::Hashing;
use crate::db::Db;
use crate::db::conninfo::{Purpose, WriteTarget};
use crate::domain::accounts::operator::{AccountSpec, Operators};
use crate::domain::accounts::outcome::{AccountError, AddOutcome};
use crate::domain::accounts::passwords::PasswordPolicy;
use crate::telemetry::logs::Telemetry;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use clap::Subcommand;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Maximum size of a password file in bytes: 128 characters of UTF-8.
const MAX_PASSWORD_BYTES: usize = 512;

/// The message for an unknown address.
const NO_ACCOUNT: &str = "there is no account with this address; nothing was changed";

/// The subcommands.
#[derive(Subcommand)]
pub enum Accounts {
    /// Create an active account
    Add {
        /// E-mail address
        #[arg(value_parser = parse_email)]
        email: Email,
        /// Role: user, admin, approver, ingest or introspector
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// Name
        #[arg(long, value_parser = parse_name)]
        name: PersonName,
        /// File with the password; a trailing line end is ignored
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// End all sessions of an account; its owner is notified by mail
    EndSessions {
        /// E-mail address
        #[arg(value_parser = parse_email)]
        email: Email,
    },
    /// Remove the second factor of an account whose owner has lost it, and end its sessions; the owner is notified by mail
    RemoveSecondFactor {
        /// E-mail address
        #[arg(value_parser = parse_email)]
        email: Email,
    },
    /// List all accounts, one per line: id, state, role, address, name
    List,
}

/// Runs the subcommand.
pub fn run(settings: &Settings, command: Accounts) -> ExitCode {
    if let Err(code) = check_credentials(&settings.database.accounts) {
        return code;
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let (operators, db) = match connect(settings) {
        Ok(both) => both,
        Err(error) => return fail(1, &error),
    };
    let code = match command {
        Accounts::Add {
            email,
            role,
            name,
            password_file,
        } => match read_password(&password_file) {
            Ok(password) => {
                let new = AccountSpec {
                    email,
                    name,
                    role,
                    password,
                };
                match PasswordPolicy::new(&settings.auth.passwords) {
                    Ok(passwords) => {
                        let client = ClientInfo::operator(operator::current());
                        report(runtime.block_on(operators.add(new, &passwords, &client)))
                    }
                    Err(error) => fail(EXIT_CONFIG, &format!("{PREFIX}BREACHED_PASSWORDS: {error}")),
                }
            }
            Err(reason) => fail(1, &format!("{}: {reason}", password_file.display())),
        },
        Accounts::EndSessions { email } => {
            match runtime.block_on(operators.end_sessions(email, &ClientInfo::operator(operator::current())))
            {
                Ok(Some(count)) => print(&format!("sessions ended: {count}\n")),
                Ok(None) => fail(1, &NO_ACCOUNT),
                Err(error) => fail(1, &format!("{error}; nothing was changed")),
            }
        }
        Accounts::RemoveSecondFactor { email } => {
            match runtime
                .block_on(operators.remove_second_factor(email, &ClientInfo::operator(operator::current())))
            {
                Ok(Some(true)) => print("removed the second factor and ended all sessions\n"),
                Ok(Some(false)) => fail(1, &"the account has no second factor; nothing was changed"),
                Ok(None) => fail(1, &NO_ACCOUNT),
                Err(error) => fail(1, &format!("{error}; nothing was changed")),
            }
        }
        Accounts::List => {
            let mut text = String::new();
            let listed = runtime.block_on(operators.list_all(|rows| {
                for row in rows {
                    let (id, state, role) = (row.id, &row.state, &row.role);
                    text += &format!("{id}\t{state}\t{role}\t{}\t{}\n", row.email, row.name);
                }
            }));
            match listed {
                Ok(()) => print(&text),
                Err(error) => fail(1, &error),
            }
        }
    };
    db.close();
    code
}

fn connect(settings: &Settings) -> Result<(Operators, Db), Box<dyn std::error::Error>> {
    let db = start_db(settings)?;
    let hashing = Hashing::start(settings.auth.hashing)?;
    Ok((Operators::new(db.clone(), hashing), db))
}

/// One connection of the accounts login.
pub fn start_db(settings: &Settings) -> Result<Db, Box<dyn std::error::Error>> {
    let mut database = settings.database.clone();
    database.accounts_pool_size = 1;
    let metrics = Telemetry::quiet()?.metrics;
    let purpose = Purpose::Change(WriteTarget::Accounts);
    Ok(Db::start(&database, &database.accounts, purpose, metrics)?)
}

fn report(added: Result<AddOutcome, AccountError>) -> ExitCode {
    match added {
        Ok(AddOutcome::Created(id)) => print(&format!("created account {id}\n")),
        Ok(AddOutcome::EmailTaken) => fail(
            1,
            &"an account with this address already exists; nothing was changed",
        ),
        Ok(AddOutcome::Weak(weakness)) => fail(1, &format!("the password {weakness}; nothing was changed")),
        Err(error) => fail(1, &format!("{error}; nothing was changed")),
    }
}

fn read_password(path: &Path) -> Result<SecretString, String> {
    let mut text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let end = text.strip_suffix('\n').unwrap_or(&text);
    let end = end.strip_suffix('\r').unwrap_or(end).len();
    text.truncate(end);
    if text.len() > MAX_PASSWORD_BYTES {
        return Err("is too large for a password file".into());
    }
    Ok(text.into())
}

fn parse_email(text: &str) -> Result<Email, &'static str> {
    Email::parse(text).ok_or("must be an e-mail address, such as ann@example.org")
}

fn parse_role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("must be user, admin, approver, ingest or introspector")
}

fn parse_name(text: &str) -> Result<PersonName, &'static str> {
    PersonName::parse(text).ok_or("must have 1 to 100 characters and no control characters")
}
