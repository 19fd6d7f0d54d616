-- The roles, for the whole cluster. Run by a database administrator; idempotent.
-- A NOLOGIN role owns the objects, NOLOGIN groups hold the grants, and logins are only members of groups.
-- The program that runs this file creates the logins, because passwords do not belong in a file.
DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['portcullis_owner', 'portcullis_rates_reader', 'portcullis_rates_writer',
      'portcullis_accounts_writer', 'portcullis_wishes_writer', 'portcullis_mail_sender', 'portcullis_demo_writer',
      'portcullis_access_rates_read', 'portcullis_access_accounts_audit'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- created concurrently
      END;
    END IF;
  END LOOP;
END
$$;

-- A login can change its own settings, which PostgreSQL cannot forbid: those that it could have set are reset. Settings that
-- only an administrator can make, such as pgaudit's, are left alone.
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT r.rolname, d.datname, split_part(c, '=', 1) AS setting
    FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    CROSS JOIN unnest(s.setconfig) c
    LEFT JOIN pg_catalog.pg_settings p ON lower(p.name) = lower(split_part(c, '=', 1))
    WHERE r.rolname <> current_user AND coalesce(p.context, 'user') = 'user'
      -- Only superusers can change these once their modules are loaded.
      AND c !~ '^(pgaudit|pg_stat_statements|auto_explain)\.'
      AND split_part(c, '=', 1) ~ '^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$'
      AND EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid AND g.rolname LIKE 'portcullis\_%')
  LOOP
    EXECUTE format('ALTER ROLE %I %s RESET %s', found.rolname,
                   CASE WHEN found.datname IS NULL THEN '' ELSE format('IN DATABASE %I', found.datname) END, found.setting);
  END LOOP;
END
$$;

-- By default every role may connect to these databases and create temporary tables there. Only their owner, usually a
-- superuser, may revoke that; `migrate prepare` reports where it could not.
DO $$
DECLARE
  database name;
BEGIN
  FOR database IN
    SELECT datname FROM pg_catalog.pg_database
    WHERE datname IN ('postgres', 'template1') AND pg_catalog.pg_has_role(datdba, 'USAGE')
      AND (pg_catalog.has_database_privilege('public', oid, 'CONNECT')
           OR pg_catalog.has_database_privilege('public', oid, 'TEMPORARY'))
  LOOP
    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', database);
  END LOOP;
END
$$;
