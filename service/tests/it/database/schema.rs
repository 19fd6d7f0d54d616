//! The tables as the typed queries know them, against the catalogue of a migrated database.
use crate::support::database::Database;
use std::collections::BTreeSet;

/// Each column as `schema.table.column type`, `?` behind those that may be null.
fn in_source() -> BTreeSet<String> {
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
                other => panic!("teach this test the type {other}"),
            };
            columns.insert(format!("{table}.{column} {kind}{null}"));
        }
    }
    columns
}

/// Law: `schema.rs` equals the database.
#[test]
fn the_typed_tables_are_those_of_the_database() {
    let database = Database::fresh();
    let catalogue = database.lines(
        "SELECT n.nspname || '.' || c.relname || '.' || a.attname || ' ' ||
                regexp_replace(format_type(a.atttypid, NULL), '\\(.*', '') || CASE WHEN a.attnotnull THEN '' ELSE '?' END AS line
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('portcullis', 'rates', 'accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo') AND a.attnum > 0 AND NOT a.attisdropped
           AND c.relname <> 'routes'",
    );
    let catalogue: BTreeSet<String> = catalogue.into_iter().collect();
    let source = in_source();
    assert!(source.len() > 15, "{source:?}");
    let only_here: Vec<_> = source.difference(&catalogue).collect();
    let only_there: Vec<_> = catalogue.difference(&source).collect();
    assert!(
        only_here.is_empty() && only_there.is_empty(),
        "schema.rs: {only_here:?}; database: {only_there:?}"
    );
}

/// Law: constraints are named, so that they can be mapped by name.
#[test]
fn every_constraint_says_what_it_guards() {
    let database = Database::fresh();
    let bad = database.lines(
        "SELECT conname::text AS line FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('rates', 'accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo') AND k.contype <> 'n' AND k.contype <> 't'
           AND conname !~ ('^' || c.relname || '_.*(pkey|fkey|key|check)$')",
    );
    assert_eq!(bad, Vec::<String>::new());
}
