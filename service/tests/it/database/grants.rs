//! Least privilege: the roles, memberships, owners and grants of the database equal the rows of docs/database-roles.md.

use crate::support::database::{Database, Server};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Rows in the format of the document: kind, object, role, privileges. Ownership is a row of its own, so grants to an
/// object's owner are left out.
const CATALOGUE_QUERY: &str = "
WITH roles AS (
  SELECT oid, rolname FROM pg_roles UNION ALL SELECT 0, 'PUBLIC'
), objects (kind, id, name, owner, acl, ours) AS (
  SELECT 'd', oid, 'database', datdba, datacl, true FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'n', oid, 'schema ' || nspname, nspowner, nspacl, oid >= 16384 OR nspname = 'public'
    FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
  UNION ALL SELECT CASE relkind WHEN 'S' THEN 's' ELSE 'r' END, c.oid,
      CASE relkind WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' ELSE 'table ' END || n.nspname || '.' || relname,
      relowner, relacl, c.oid >= 16384
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'v', 'm', 'S', 'f', 'p')
      AND n.nspname !~ '^pg_toast'
  UNION ALL SELECT 'f', p.oid, 'function ' || n.nspname || '.' || proname || '()', proowner, proacl, p.oid >= 16384
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
  UNION ALL SELECT 'T', t.oid, 'type ' || t.typname, typowner, typacl, t.oid >= 16384
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
    WHERE typelem = 0 AND (typrelid = 0 OR c.relkind = 'c')
  UNION ALL SELECT 'l', oid, 'language ' || lanname, lanowner, lanacl, false FROM pg_language
), grants AS (
  SELECT o.name, o.owner, o.ours, a.grantee, a.privilege_type, a.is_grantable
  FROM objects o, aclexplode(coalesce(o.acl, acldefault(o.kind::\"char\", o.owner))) a
  UNION ALL
  SELECT o.name || ' (' || t.attname || ')', o.owner, o.ours, a.grantee, a.privilege_type, a.is_grantable
  FROM pg_attribute t JOIN objects o ON o.id = t.attrelid AND o.kind = 'r', aclexplode(t.attacl) a
)
SELECT 'role | ' || rolname || ' |  | ' || concat_ws(', ',
    CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
    CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
    CASE WHEN NOT rolinherit THEN 'NOINHERIT' END, 'settings: ' || array_to_string(rolconfig, ' ')) AS line
  FROM pg_roles WHERE rolname LIKE 'portcullis%'
UNION ALL
SELECT 'member | ' || g.rolname || ' | ' || m.rolname || ' | ' || CASE WHEN admin_option THEN 'with admin option' ELSE '' END
  FROM pg_auth_members JOIN pg_roles g ON g.oid = roleid JOIN pg_roles m ON m.oid = member
  WHERE (g.rolname LIKE 'portcullis%' OR m.rolname LIKE 'portcullis%')
    -- Logins that other tests issue, and that have a test of their own.
    AND m.rolname !~ '^(v-|s-|t_)' AND g.rolname !~ '^(v-|s-)'
UNION ALL
SELECT 'owner | ' || name || ' | ' || r.rolname || ' | ' FROM objects JOIN roles r ON r.oid = owner
  WHERE r.rolname LIKE 'portcullis%' OR (ours AND name <> 'schema public')
UNION ALL
SELECT 'grant | ' || name || ' | ' || r.rolname || ' | '
    || string_agg(privilege_type || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END, ', ' ORDER BY privilege_type)
  FROM grants JOIN roles r ON r.oid = grantee
  WHERE grantee <> owner AND (ours OR r.rolname LIKE 'portcullis%' ) AND r.rolname NOT IN ('pg_database_owner')
  GROUP BY name, r.rolname
UNION ALL
SELECT 'policy | table ' || p.polrelid::regclass || ' | ' || r.rolname || ' | '
    || CASE p.polcmd WHEN '*' THEN 'ALL' ELSE p.polcmd::text END || CASE WHEN c.relforcerowsecurity THEN ', forced' ELSE '' END
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity, unnest(p.polroles) u JOIN roles r ON r.oid = u
UNION ALL
SELECT 'default | ' || o.rolname || ': ' || d.defaclobjtype::text || ' in ' || coalesce(n.nspname, 'any schema') || ' | '
    || coalesce(r.rolname, '?') || ' | ' || string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)
  FROM pg_default_acl d JOIN pg_roles o ON o.oid = defaclrole LEFT JOIN pg_namespace n ON n.oid = defaclnamespace,
    aclexplode(d.defaclacl) a LEFT JOIN roles r ON r.oid = a.grantee
  GROUP BY o.rolname, d.defaclobjtype, n.nspname, r.rolname";

/// The rows of the document's tables whose first cell is one of the kinds.
fn documented_rows() -> BTreeSet<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/database-roles.md");
    let text = std::fs::read_to_string(path).unwrap();
    let kinds = ["role", "member", "owner", "grant", "policy", "default"];
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    let rows = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| kinds.contains(&row[0]))
        .map(|row| row.join(" | ").trim_end().to_owned())
        .collect()
}

/// A database prepared and migrated as an operator does it.
fn prepared_database() -> Database {
    let database = Database::not_created();
    database.server.create_database(&database.name);
    database
}

/// K3: The privileges in the database equal those in `docs/database-roles.md`.
#[test]
fn every_grant_is_documented_and_every_documented_grant_exists() {
    let database = prepared_database();
    let catalogue: BTreeSet<String> = database
        .lines(CATALOGUE_QUERY)
        .into_iter()
        .map(|line| line.trim_end().to_owned())
        .collect();
    let mut documented = documented_rows();
    let major: u32 = database.lines("SELECT current_setting('server_version_num') AS line")[0]
        .parse()
        .unwrap();
    if major < 160_000 {
        documented.retain(|row| !row.ends_with("| portcullis_issuer | with admin option"));
    }
    let extra: Vec<_> = catalogue.difference(&documented).collect();
    let missing: Vec<_> = documented.difference(&catalogue).collect();
    assert!(
        extra.is_empty() && missing.is_empty(),
        "not in docs/database-roles.md: {extra:#?}\ndocumented and not in the database: {missing:#?}"
    );
    assert!(catalogue.len() > 30, "{catalogue:#?}");
}

/// K3: No object of a kind that the catalogue query does not cover depends on our roles.
#[test]
fn no_object_of_another_kind_depends_on_our_roles() {
    let database = prepared_database();
    let kinds = database.lines(
        "SELECT DISTINCT s.classid::regclass::text AS line FROM pg_shdepend s JOIN pg_roles r ON r.oid = refobjid
         WHERE r.rolname LIKE 'portcullis%' AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
           AND s.classid::regclass::text NOT IN
             ('pg_database', 'pg_namespace', 'pg_class', 'pg_proc', 'pg_type', 'pg_default_acl', 'pg_auth_members', 'pg_policy')",
    );
    assert_eq!(kinds, Vec::<String>::new());
}

/// K3: New tables, types and functions of the owner are inaccessible until granted.
#[test]
fn new_objects_are_inaccessible_until_granted() {
    let database = prepared_database();
    database.execute(
        "SET ROLE portcullis_owner; CREATE TABLE rates.new_table (a int); CREATE TYPE rates.new_type AS (a int);
         CREATE FUNCTION rates.new_function() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    );
    for role in ["portcullis_rates", "portcullis_ingest"] {
        let open = database.lines(&format!(
            "SELECT w AS line FROM (VALUES ('table', has_table_privilege('{role}', 'rates.new_table', 'SELECT, INSERT')),
               ('function', has_function_privilege('{role}', 'rates.new_function()', 'EXECUTE')),
               ('type', has_type_privilege('{role}', 'rates.new_type', 'USAGE'))) v (w, p) WHERE p"
        ));
        assert_eq!(open, Vec::<String>::new(), "{role}");
    }
}

/// K3: Preparing the database again changes nothing.
#[test]
fn preparing_again_changes_nothing() {
    let database = prepared_database();
    let rows = || {
        database
            .lines(CATALOGUE_QUERY)
            .into_iter()
            .collect::<BTreeSet<_>>()
    };
    let before = rows();
    Server::shared().create_database(&database.name);
    assert_eq!(rows(), before);
}
