//! The query plan of the statement behind `/rates`.

use crate::exclusive;
use crate::support::database::Database;
use crate::support::sample_data::small;
use crate::support::vacuum::vacuum_until_visible;
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use portcullis::db::rates::DailyRatesQuery;

/// The only column of EXPLAIN's result is named QUERY PLAN.
#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    line: String,
}

/// B15: The statement, prepared by the login of the read path, uses an index-only scan for one lookup and for a batch, on
/// enough data that the planner's default estimates do not decide.
#[test]
fn the_rates_statement_is_an_index_only_scan() {
    let _exclusive = exclusive();
    let database = Database::with_data(&small());
    database.execute(
        "INSERT INTO rates.daily_rates SELECT o.code, d.code, day, 1, 1
         FROM rates.ports o, rates.ports d, generate_series(date '2022-01-01', '2025-12-31', '1 day') day
         ON CONFLICT DO NOTHING",
    );
    vacuum_until_visible(&database, "rates.daily_rates");
    let statement = diesel::debug_query::<Pg, _>(&DailyRatesQuery::default()).to_string();
    let statement = statement.split(" -- binds:").next().unwrap();
    assert_eq!(statement.matches('$').count(), 4, "{statement}");
    let mut conn = database.login("rates");
    conn.batch_execute(&format!(
        "PREPARE rates (text[], text[], date[], date[]) AS {statement}"
    ))
    .unwrap();
    for (mode, keys) in [("custom", 1), ("custom", 20), ("generic", 1), ("generic", 20)] {
        conn.batch_execute(&format!("SET plan_cache_mode = force_{mode}_plan"))
            .unwrap();
        let plan = explain(&mut conn, keys);
        let scans: Vec<&str> = plan
            .lines()
            .filter(|line| line.contains("Scan") && line.contains("daily_rates"))
            .collect();
        assert_eq!(scans.len(), 1, "{mode}: {plan}");
        assert!(
            scans[0].contains("Index Only Scan") && scans[0].contains("using daily_rates_pkey"),
            "{mode}: {plan}"
        );
        assert!(
            scans[0].contains(&format!("actual rows=31 loops={keys}"))
                || scans[0].contains(&format!("actual rows=31.00 loops={keys}")),
            "{mode}: {plan}"
        );
        assert!(plan.contains("Heap Fetches: 0"), "{mode}: {plan}");
        // All four conditions are index conditions; there is no filter on rows and no sort.
        let condition = plan
            .lines()
            .find(|line| line.contains("Index Cond:"))
            .unwrap_or_default();
        assert!(
            ["origin", "destination", "day >=", "day <="]
                .iter()
                .all(|part| condition.contains(part)),
            "{mode}: {plan}"
        );
        assert!(
            !plan.contains("Sort") && !plan.contains("Filter:"),
            "{mode}: {plan}"
        );
    }
}

fn explain(conn: &mut PgConnection, keys: usize) -> String {
    let array = |value: &str| format!("array_fill('{value}'::text, ARRAY[{keys}])");
    let days = |value: &str| format!("array_fill('{value}'::date, ARRAY[{keys}])");
    let text = format!(
        "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE rates ({}, {}, {}, {})",
        array("CNGGZ"),
        array("EETLL"),
        days("2024-01-01"),
        days("2024-01-31")
    );
    let rows = diesel::sql_query(text).load::<PlanLine>(conn).unwrap();
    rows.into_iter()
        .map(|row| row.line)
        .collect::<Vec<_>>()
        .join("\n")
}
