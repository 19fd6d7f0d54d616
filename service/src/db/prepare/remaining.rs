//! What logins can do beyond docs/database-roles.md because the administrator could not prevent it: on managed servers some
//! privileges belong to the provider's superuser.

use super::{PrepareError, query_bool};
use diesel::prelude::*;
use diesel::sql_types::Text;

/// One sentence per gap. Advisory locks and large objects count as one each.
const QUERY: &str = "
  SELECT 'every login can execute ' || string_agg(DISTINCT kind, ' and ') || ' of the database; their owner must revoke that' AS text
  FROM (SELECT CASE WHEN proname ~ 'advisory' THEN 'the advisory lock functions'
                    WHEN proname ~ 'emit' THEN 'pg_logical_emit_message' ELSE 'the large object functions' END AS kind
        FROM pg_catalog.pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
          AND (proname ~ '^(lo_|pg_(try_)?advisory_)' OR proname IN ('loread', 'lowrite', 'pg_logical_emit_message'))
          AND pg_catalog.has_function_privilege('public', oid, 'EXECUTE')) functions
  HAVING count(*) > 0
  UNION ALL
  SELECT 'every login can connect to the databases ' || string_agg(datname, ', ' ORDER BY datname)
      || '; revoke CONNECT from PUBLIC or name the database in pg_hba.conf'
  FROM pg_catalog.pg_database
  WHERE datallowconn AND datname <> current_database() AND pg_catalog.has_database_privilege('public', oid, 'CONNECT')
  HAVING count(*) > 0
  UNION ALL
  SELECT 'issued logins can connect to the databases ' || string_agg(DISTINCT datname::text, ', ' ORDER BY datname::text)
      || ', which grant CONNECT to their groups; two services need two servers, or pg_hba.conf must name the database'
  FROM pg_catalog.pg_database, LATERAL pg_catalog.aclexplode(datacl) acl
    JOIN pg_catalog.pg_roles grantee ON grantee.oid = acl.grantee
  WHERE datallowconn AND datname <> current_database() AND acl.privilege_type = 'CONNECT'
    AND grantee.rolname ~ '^portcullis_(rates_reader|rates_writer|accounts_writer|wishes_writer|mail_sender|demo_writer|access_.*)$'
    AND NOT grantee.rolcanlogin
  HAVING count(*) > 0
  UNION ALL
  SELECT 'lc_messages is ' || setting || '; set it to C, so that errors can be classified'
  FROM pg_catalog.pg_settings WHERE name = 'lc_messages' AND setting !~* '^(C|POSIX|en)([_.]|$)'
  UNION ALL
  SELECT 'max_prepared_transactions is ' || setting || '; set it to 0, because every login can hold locks in a prepared transaction'
  FROM pg_catalog.pg_settings WHERE name = 'max_prepared_transactions' AND setting <> '0'";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// Whether an identity of Entra is assigned to the role $1.
pub(super) const HAS_IDENTITY: &str = "
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_shseclabel JOIN pg_catalog.pg_roles ON oid = objoid
    WHERE classoid = 'pg_catalog.pg_authid'::regclass AND provider = 'pgaadauth' AND rolname = $1) AS yes";

/// One sentence on the logins for access tokens that have no identity, if there are any.
pub(super) fn without_identity(
    conn: &mut PgConnection,
    logins: &[&str],
) -> Result<Option<String>, PrepareError> {
    let mut without = Vec::new();
    for login in logins {
        if !query_bool(conn, HAS_IDENTITY, login)? {
            without.push(*login);
        }
    }
    let text = || {
        let names = without.join(", ");
        format!(
            "these logins have no identity of Entra: {names}; an administrator of Entra must assign it with SECURITY LABEL FOR pgaadauth"
        )
    };
    Ok((!without.is_empty()).then(text))
}

/// Lists the gaps of the database of this connection, which must be new: settings of the database apply from its start.
pub(super) fn list(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    let lines = diesel::sql_query(QUERY).load::<Line>(conn)?;
    Ok(lines.into_iter().map(|line| line.text).collect())
}
