//! What `migrate prepare` creates for Vault, and what it leaves alone.

use super::rights::privileges;
use super::{roles, verifier};
use crate::support::database::{Database, PASSWORDS, Server, lines};
use diesel::connection::SimpleConnection;

/// V8: Static logins get their passwords from Vault; they are members of one group and exist on request only.
#[test]
fn static_logins_get_their_passwords_from_vault() {
    let database = Database::fresh();
    let start = format!("s-{}_", database.name);
    assert_eq!(roles(&database, &start), Vec::<String>::new());
    let settings = database.settings(&[]).database;
    let prepare = || {
        Server::shared().with_role_lock(|| portcullis::db::prepare::prepare(&settings, true).unwrap());
    };
    prepare();
    prepare();
    let users = roles(&database, &start);
    let mut conn = database.login("vault");
    let user = format!("{start}rates");
    let set = |password: &str| {
        format!(
            "SELECT vault_api.set_password('{user}', '{}')",
            verifier(password)
        )
    };
    let connect = |password: &str| database.server.connect(&database.name, &user, password);
    // Another database of the server, whose name begins with this one's, has a static login of its own.
    let foreign = format!("{start}copy_rates");
    database.execute(&format!(
        "CREATE ROLE \"{foreign}\" LOGIN IN ROLE portcullis_rates_reader"
    ));
    let refused = conn.batch_execute(&format!(
        "SELECT vault_api.set_password('{foreign}', '{}')",
        verifier("a-foreign-static-password")
    ));
    database.execute(&format!("DROP ROLE \"{foreign}\""));
    conn.batch_execute(&set("first-static-password")).unwrap();
    let first = connect("first-static-password")
        .map(|mut conn| lines(&mut conn, "SELECT count(*)::text AS line FROM rates.ports"));
    conn.batch_execute(&set("second-static-password")).unwrap();
    let (second, old) = (
        connect("second-static-password").is_ok(),
        connect("first-static-password").is_ok(),
    );
    let rights = (
        privileges(&database, &user),
        privileges(&database, "portcullis_rates"),
    );
    for user in &users {
        database.execute(&format!("DROP ROLE \"{user}\""));
    }
    assert_eq!(users.len(), 6, "{users:?}");
    assert_eq!(first.unwrap().unwrap(), ["0"]);
    assert!(second && !old);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("name not allowed"), "{refused}");
    assert_eq!(rights.0, rights.1);
}

/// K3: Preparing again does not change the password of Vault's login, which Vault has replaced.
#[test]
fn preparing_again_leaves_the_password_of_vaults_login() {
    let database = Database::fresh();
    let user = format!("t_{}_vault", database.name);
    let settings = database.settings(&[("DATABASE_VAULT_USER", &user)]).database;
    let prepare = || {
        Server::shared().with_role_lock(|| portcullis::db::prepare::prepare(&settings, false).unwrap());
    };
    prepare();
    let first = PASSWORDS.iter().find(|(login, _)| *login == "VAULT").unwrap().1;
    let connect = |password: &str| database.server.connect(&database.name, &user, password);
    connect(first)
        .unwrap()
        .batch_execute(&format!(
            "ALTER ROLE {user} PASSWORD '{}'",
            verifier("replaced-by-vault")
        ))
        .unwrap();
    prepare();
    let (is_old, is_new) = (connect(first).is_ok(), connect("replaced-by-vault").is_ok());
    database.execute(&format!("DROP ROLE {user}"));
    assert!(is_new && !is_old);
}

/// K3: Without the password of Vault's login nothing that issues logins is created, and static logins are refused.
#[test]
fn without_vault_nothing_issues_logins() {
    let database = Database::not_created();
    let mut pairs = database.pairs();
    pairs.retain(|(name, _)| name != "DATABASE_VAULT_PASSWORD");
    let settings = crate::support::database::settings(pairs, &[]).database;
    let (plain, with_static) = database.server.with_role_lock(|| {
        let prepare = portcullis::db::prepare::prepare;
        (prepare(&settings, false), prepare(&settings, true))
    });
    let gaps = plain.unwrap();
    assert!(!gaps.iter().any(|gap| gap.contains("pgaudit")), "{gaps:?}");
    assert_eq!(
        database.lines("SELECT nspname::text AS line FROM pg_namespace WHERE nspname = 'vault_api'"),
        Vec::<String>::new()
    );
    let error = with_static.unwrap_err().to_string();
    assert!(
        error.contains("PORTCULLIS_DATABASE_VAULT_PASSWORD: is not set"),
        "{error}"
    );
}
