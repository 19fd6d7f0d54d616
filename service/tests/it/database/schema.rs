//! `db/schema.rs`, compared with the catalogue of a migrated database.

use crate::support::database::Database;
use std::collections::BTreeSet;

/// Each column as `schema.table.column type`, followed by `?` if nullable.
fn columns_in_source() -> BTreeSet<String> {
    let source = include_str!("../../../src/db/schema.rs");
    let mut columns = BTreeSet::new();
    let mut table = String::new();
    for line in source
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
    {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name.to_owned();
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let (kind, null) = match kind.strip_prefix("Nullable<") {
                Some(kind) => (kind.trim_end_matches('>'), "?"),
                None => (kind, ""),
            };
            let kind = match kind {
                "Int8" => "bigint",
                "Int4" => "integer",
                "Bytea" => "bytea",
                "Timestamptz" => "timestamp with time zone",
                "Timestamp" => "timestamp without time zone",
                "Text" => "text",
                "Varchar" => "character varying",
                "Date" => "date",
                "Uuid" => "uuid",
                "Jsonb" => "jsonb",
                "Bool" => "boolean",
                other => panic!("this test does not know the type {other}"),
            };
            columns.insert(format!("{table}.{column} {kind}{null}"));
        }
    }
    columns
}

/// `schema.rs` equals the tables of the database.
#[test]
fn the_schema_in_the_source_equals_the_database() {
    let database = Database::fresh();
    let catalogue = database.lines(
        "SELECT n.nspname || '.' || c.relname || '.' || a.attname || ' ' ||
                regexp_replace(format_type(a.atttypid, NULL), '\\(.*', '') || CASE WHEN a.attnotnull THEN '' ELSE '?' END AS line
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('portcullis', 'rates', 'accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo', 'access', 'clients') AND a.attnum > 0 AND NOT a.attisdropped
           AND c.relname <> 'routes'",
    );
    let catalogue: BTreeSet<String> = catalogue.into_iter().collect();
    let source = columns_in_source();
    assert!(source.len() > 15, "{source:?}");
    let only_in_source: Vec<_> = source.difference(&catalogue).collect();
    let only_in_database: Vec<_> = catalogue.difference(&source).collect();
    assert!(
        only_in_source.is_empty() && only_in_database.is_empty(),
        "only in schema.rs: {only_in_source:?}; only in the database: {only_in_database:?}"
    );
}

/// Every constraint has an explicit name, because the code maps violations by name.
#[test]
fn every_constraint_has_an_explicit_name() {
    let database = Database::fresh();
    let bad = database.lines(
        "SELECT conname::text AS line FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('rates', 'accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo', 'access') AND k.contype <> 'n' AND k.contype <> 't'
           AND conname !~ ('^' || c.relname || '_.*(pkey|fkey|key|check)$')",
    );
    assert_eq!(bad, Vec::<String>::new());
}
