-- What a backup contains, one line each: rows and a checksum of every table, the end of the audit log, roles, owners, grants and
-- definitions. restore.sh compares it with the restored database. Run with psql; the output depends on no setting of the session.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET row_security = off;

SELECT 'postgres ' || current_setting('server_version_num')::integer / 10000;
SELECT 'schema ' || max(version) FROM portcullis.__diesel_schema_migrations;
SELECT 'head ' || id || ' ' || encode(hash, 'hex') FROM audit.head;

-- Sums of hashes do not depend on the order of rows.
SELECT format('SELECT %L || count(*) || '' rows, checksum '' || coalesce(sum(hashtextextended(contents::text, 0)::numeric), 0) FROM %s contents',
              'table ' || c.oid::regclass || ': ', c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'vault_api', 'pgaudit')
ORDER BY c.oid::regclass::text COLLATE "C" \gexec

-- Sequences are no part of a snapshot, so their values are not compared.
SELECT format('SELECT %L || (coalesce((SELECT last_value FROM pg_sequences WHERE format(''%%I.%%I'', schemaname, sequencename) = %L), 0) >= coalesce(max(%I), 0)) FROM %s',
              'sequence of ' || c.oid::regclass || '.' || a.attname || ' continues after its rows: ',
              pg_get_serial_sequence(c.oid::regclass::text, a.attname), a.attname, c.oid::regclass)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attidentity <> '' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY c.oid::regclass::text COLLATE "C", a.attname \gexec

WITH object_schemas AS (
  SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'vault_api', 'pgaudit')
), relations AS (
  SELECT c.oid, c.oid::regclass::text AS name, relkind, relowner, relacl, reloptions, relrowsecurity, relforcerowsecurity
  FROM pg_class c JOIN object_schemas s ON s.oid = c.relnamespace
), roles AS (
  -- Of the product; issued logins end with their leases.
  SELECT * FROM pg_roles WHERE rolname LIKE 'portcullis\_%'
), lines (line) AS (
  SELECT format('schema %I, owner %s', nspname, nspowner::regrole) FROM object_schemas
  UNION ALL SELECT format('grants on schema %I: %s', nspname, acl) FROM object_schemas,
    LATERAL (SELECT string_agg(item::text, ', ' ORDER BY item::text COLLATE "C") FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) item) g (acl)
  UNION ALL SELECT format('relation %s, kind %s, owner %s, options %s, row security %s, forced %s', name, relkind, relowner::regrole, reloptions, relrowsecurity, relforcerowsecurity)
    FROM relations
  -- All privileges of an owner include MAINTAIN since PostgreSQL 17, which is no difference.
  UNION ALL SELECT format('grants on %s: %s', name, acl) FROM relations,
    LATERAL (SELECT string_agg(replace(item::text, '=arwdDxtm/', '=arwdDxt/'), ', ' ORDER BY item::text COLLATE "C")
             FROM unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) item) g (acl)
    WHERE relkind <> 'i'
  UNION ALL SELECT format('column %s.%I %s, not null %s, identity %L, generated %L, default %s, collation %s, grants %s', r.name, attname,
      format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid), collname,
      (SELECT string_agg(item::text, ', ' ORDER BY item::text COLLATE "C") FROM unnest(attacl) item))
    FROM pg_attribute JOIN relations r ON r.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    LEFT JOIN pg_collation l ON l.oid = attcollation
    WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v')
  -- Without parentheses: PostgreSQL flattens nested conditions when it reads a dump.
  UNION ALL SELECT format('constraint %s on %s: %s, valid %s', conname, r.name, translate(pg_get_constraintdef(k.oid), '()', ''), convalidated)
    FROM pg_constraint k JOIN relations r ON r.oid = conrelid
  UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index JOIN relations r ON r.oid = indrelid
  UNION ALL SELECT format('trigger %s, enabled %s', pg_get_triggerdef(t.oid), tgenabled) FROM pg_trigger t JOIN relations r ON r.oid = tgrelid
    WHERE NOT tgisinternal
  UNION ALL SELECT format('policy %s on %I.%I: %s %s to %s using %s check %s', policyname, schemaname, tablename, permissive, cmd, roles, qual, with_check)
    FROM pg_policies
  UNION ALL SELECT format('view %s: %s', name, md5(pg_get_viewdef(oid))) FROM relations WHERE relkind = 'v'
  UNION ALL SELECT format('function %s, owner %s, definition %s', p.oid::regprocedure, proowner::regrole, md5(pg_get_functiondef(p.oid)))
    FROM pg_proc p JOIN object_schemas s ON s.oid = pronamespace
  UNION ALL SELECT format('grants on function %s: %s', p.oid::regprocedure, acl) FROM pg_proc p JOIN object_schemas s ON s.oid = pronamespace,
    LATERAL (SELECT string_agg(item::text, ', ' ORDER BY item::text COLLATE "C") FROM unnest(coalesce(proacl, acldefault('f', proowner))) item) g (acl)
  -- Any login can have some; those of an issued one are not restored.
  UNION ALL SELECT format('default grants of %s on %s: %s', defaclrole::regrole, defaclobjtype, defaclacl) FROM pg_default_acl
    JOIN roles r ON r.oid = defaclrole
  UNION ALL SELECT format('role %s, login %s, superuser %s, createrole %s, createdb %s, replication %s, bypassrls %s', rolname, rolcanlogin, rolsuper, rolcreaterole,
      rolcreatedb, rolreplication, rolbypassrls) FROM roles
  UNION ALL SELECT format('member %s of %s, admin %s', m.member::regrole, m.roleid::regrole, m.admin_option) FROM pg_auth_members m
    -- Since PostgreSQL 16 the role that issues logins is a member of each, and has admin options where CREATEROLE was enough before.
    JOIN roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid AND g.rolname !~ '^v-[a-zA-Z0-9_-]{1,60}$'
    WHERE NOT (r.rolname = 'portcullis_issuer' AND m.admin_option)
  UNION ALL SELECT format('grants on the database, owner %s: %s', datdba::regrole, acl) FROM pg_database,
    LATERAL (SELECT string_agg(item::text, ', ' ORDER BY item::text COLLATE "C") FROM unnest(coalesce(datacl, acldefault('d', datdba))) item) g (acl)
    WHERE datname = current_database()
  UNION ALL SELECT format('setting %s', setting) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) setting
    WHERE datname = current_database() AND setrole = 0
)
SELECT line FROM lines ORDER BY line COLLATE "C";
