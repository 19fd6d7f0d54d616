//! The plan of the statement behind `/rates`.
use crate::support::data::small;
use crate::support::database::{Database, lines};
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use portcullis::db::rates::between;
use portcullis::types::day::Day;

/// B15: the very statement, as the read path's login prepares it, on data that outgrows a guess.
#[test]
fn the_rates_statement_is_an_index_only_scan() {
    let database = Database::with(&small());
    database.execute(
        "INSERT INTO rates.daily_rates SELECT o.code, d.code, day, 1, 1
         FROM rates.ports o, rates.ports d, generate_series(date '2022-01-01', '2025-12-31', '1 day') day
         ON CONFLICT DO NOTHING;
         VACUUM ANALYZE rates.daily_rates",
    );
    let day = |text| Day::parse(text).unwrap().date();
    let query = between("CNGGZ", "EETLL", day("2024-01-01"), day("2024-01-31"));
    let statement = diesel::debug_query::<Pg, _>(&query).to_string();
    let statement = statement.split(" -- binds:").next().unwrap();
    assert_eq!(statement.matches('$').count(), 4, "{statement}");
    let mut conn = database.login("rates");
    conn.batch_execute(&format!("PREPARE rates (text, text, date, date) AS {statement}")).unwrap();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        conn.batch_execute(&format!("SET plan_cache_mode = {mode}")).unwrap();
        let explained = explain(&mut conn);
        let plan = explained.join("\n");
        let scan = "Index Only Scan Backward using daily_rates_pkey on daily_rates";
        assert!(explained[0].contains(scan), "{mode}: {plan}");
        assert!(plan.contains("Heap Fetches: 0"), "{mode}: {plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Filter:"), "{mode}: {plan}");
        assert!(plan.contains("actual") && plan.contains("rows=31"), "{mode}: {plan}");
    }
}

fn explain(conn: &mut PgConnection) -> Vec<String> {
    // EXPLAIN is a statement of its own kind: its one column is called QUERY PLAN.
    #[derive(QueryableByName)]
    struct PlanLine {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let text = "EXPLAIN (ANALYZE, TIMING OFF) EXECUTE rates ('CNGGZ', 'EETLL', '2024-01-01', '2024-01-31')";
    lines(conn, "SELECT current_user::text AS line").unwrap();
    let rows = diesel::sql_query(text).load::<PlanLine>(conn).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}
