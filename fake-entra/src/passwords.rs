//! Tokens as passwords in PostgreSQL, as SQL that a superuser runs: a real server accepts a token while it is valid and refuses it
//! afterwards, as Azure Database for PostgreSQL does.

/// Makes a token the password of these roles, for as long as it lives. Former tokens are refused from then on, which is stricter
/// than Azure.
#[must_use]
pub fn token_as_password(roles: &[&str], token: &str, life_seconds: i64) -> String {
    let statements: String = roles
        .iter()
        .map(|role| {
            format!(
                "EXECUTE format('ALTER ROLE {role} PASSWORD ''{token}'' VALID UNTIL %L', now() + interval '{life_seconds} s'); "
            )
        })
        .collect();
    format!("DO $$ BEGIN {statements}END $$")
}

/// Lets a server demand the password itself of these roles, as Azure does where it is a token, and of all others a proof of it
/// (SCRAM). Only for a server on the loopback interface; the settings are read again at once.
#[must_use]
pub fn cleartext_passwords(roles: &[&str]) -> String {
    let roles = roles.join(",");
    format!(
        "DO $$ BEGIN EXECUTE format('COPY (VALUES (''host all {roles} 127.0.0.1/32 password''), \
         (''host all all 127.0.0.1/32 scram-sha-256'')) TO %L', current_setting('hba_file')); \
         PERFORM pg_reload_conf(); END $$"
    )
}
