//! The roles that hold the grants: the owner of the objects and the groups of logins. The only list of them in Rust.
//! `migrations/prepare/` creates the roles, and names them too.

/// Owns the objects; the migrator assumes it.
pub const OWNER: &str = "portcullis_owner";

/// Reads rates.
pub const RATES_READER: &str = "portcullis_rates_reader";

/// Stores batches of prices.
pub const RATES_WRITER: &str = "portcullis_rates_writer";

/// Changes accounts and sessions.
pub const ACCOUNTS_WRITER: &str = "portcullis_accounts_writer";

/// Changes wishes.
pub const WISHES_WRITER: &str = "portcullis_wishes_writer";

/// Sends the mails of the outbox.
pub const MAIL_SENDER: &str = "portcullis_mail_sender";

/// Changes demo entries.
pub const DEMO_WRITER: &str = "portcullis_demo_writer";

/// The service's logins that Vault can issue, by name, and their groups.
pub const OF_SERVICE: [(&str, &str); 6] = [
    ("rates", RATES_READER),
    ("ingest", RATES_WRITER),
    ("accounts", ACCOUNTS_WRITER),
    ("wishes", WISHES_WRITER),
    ("mail", MAIL_SENDER),
    ("demo", DEMO_WRITER),
];

/// The groups of people's logins.
pub const OF_PEOPLE: [&str; 2] = ["portcullis_access_rates_read", "portcullis_access_accounts_audit"];

/// All roles, the owner first.
pub fn all() -> impl Iterator<Item = &'static str> {
    let of_service = OF_SERVICE.map(|(_, group)| group);
    [OWNER].into_iter().chain(of_service).chain(OF_PEOPLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The names in a file that begin as those of our roles and stand in quotation marks or in a list of grantees.
    fn named(sql: &'static str) -> BTreeSet<&'static str> {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let words = sql.split(|c| !is_name(c));
        words.filter(|word| word.starts_with("portcullis_")).collect()
    }

    #[test]
    fn the_statements_of_migrate_prepare_name_the_same_roles() {
        let roles = named(include_str!("../../../migrations/prepare/roles.sql"));
        assert_eq!(roles, all().collect());
        let of_service = OF_SERVICE.map(|(_, group)| group);
        let mut database = BTreeSet::from(of_service);
        database.insert(OWNER);
        assert_eq!(
            named(include_str!("../../../migrations/prepare/database.sql")),
            database
        );
        let mut issuing = BTreeSet::from(of_service);
        issuing.extend(["portcullis_issuer", "portcullis_vault_client"]);
        assert_eq!(
            named(include_str!("../../../migrations/prepare/vault_api.sql")),
            issuing
        );
    }
}
