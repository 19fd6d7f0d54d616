//! The query plans of the statement behind `/users`, with 100,000 users.

use crate::exclusive;
use crate::support::database::Database;
use crate::support::vacuum::vacuum_until_visible;
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use portcullis::db::users::list::{Position, UserFilter, UsersPage};
use portcullis::types::role::Role;
use portcullis::types::user_sort::{Column, UserSort};

/// The only column of EXPLAIN's result is named QUERY PLAN.
#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    line: String,
}

/// 100,000 users, a few of them administrators, and a tenth as many deleted ones.
fn database_with_many_users() -> Database {
    let database = Database::fresh();
    database.execute(
        "INSERT INTO accounts.accounts (email, email_key, name, role, state, created_at, confirmed_at)
         SELECT 'User.' || md5(n::text) || '@example.org', 'user.' || md5(n::text) || '@example.org',
                'Name ' || md5((-n)::text), CASE WHEN n % 10000 = 0 THEN 'admin' ELSE 'user' END, 'active',
                timestamptz '2021-01-01' + (n * 7919 % 100000) * interval '1 minute', now()
         FROM generate_series(1, 110000) n;
         UPDATE accounts.accounts SET deleted_at = now() WHERE id % 11 = 5",
    );
    vacuum_until_visible(&database, "accounts.accounts");
    database
}

/// The cursor half-way through an order, and the same as SQL.
fn middle_cursor(database: &Database, sort: UserSort) -> (Position, String) {
    let row = database.lines(
        "SELECT concat_ws(' ', id, email_key, (extract(epoch FROM created_at) * 1000000)::bigint) AS line
         FROM accounts.accounts WHERE deleted_at IS NULL ORDER BY created_at, id OFFSET 50000 LIMIT 1",
    );
    let parts: Vec<&str> = row[0].split(' ').collect();
    let id: i64 = parts[0].parse().unwrap();
    match sort.column {
        Column::Id => (Position::Id(id), id.to_string()),
        Column::Email => (Position::Email(parts[1].into(), id), format!("'{}'", parts[1])),
        Column::CreatedAt => {
            let micros = parts[2].parse().unwrap();
            let at = chrono::DateTime::from_timestamp_micros(micros).unwrap();
            (
                Position::CreatedAt(at, id),
                format!("'{}', {id}", at.to_rfc3339()),
            )
        }
    }
}

/// The plan of a page, made for its parameter values as in the service.
fn explain(conn: &mut PgConnection, page: &UsersPage, place: &str) -> String {
    let statement = diesel::debug_query::<Pg, _>(page).to_string();
    let statement = statement.split(" -- binds:").next().unwrap();
    let text = page.text.iter().map(|text| format!("'{text}'"));
    let place = page.after.iter().map(|_| place.to_owned());
    let values: Vec<String> = text.chain(place).chain([page.limit.to_string()]).collect();
    conn.batch_execute(&format!(
        "DEALLOCATE ALL; SET plan_cache_mode = force_custom_plan; PREPARE page AS {statement}"
    ))
    .unwrap();
    let explain = format!(
        "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE page ({})",
        values.join(", ")
    );
    let rows = diesel::sql_query(explain).load::<PlanLine>(conn).unwrap();
    let lines: Vec<String> = rows.into_iter().map(|row| row.line).collect();
    lines.join("\n")
}

/// The plan node below the LIMIT.
fn node_below_limit(plan: &str) -> &str {
    let nodes: Vec<&str> = plan.lines().filter(|line| line.contains("->")).collect();
    let limit = nodes.iter().position(|node| node.contains("Limit")).unwrap();
    nodes[limit + 1]
}

/// The shared blocks that the whole statement read, from the topmost node: cached or not. Blocks written meanwhile do not
/// count.
fn blocks(plan: &str) -> u32 {
    let line = plan
        .lines()
        .find(|line| line.contains("Buffers: shared"))
        .unwrap();
    let counts = line
        .split(' ')
        .filter_map(|part| part.strip_prefix("hit=").or(part.strip_prefix("read=")));
    counts.map(|number| number.parse::<u32>().unwrap()).sum()
}

fn execution_millis(plan: &str) -> f64 {
    let line = plan
        .lines()
        .find(|line| line.starts_with("Execution Time"))
        .unwrap();
    line.split_whitespace().nth(2).unwrap().parse().unwrap()
}

/// D5: For every order, page and search text the plan has no sequential scan, sorts only the page, and reads no more blocks
/// than an index has. Without a search text it reads only the blocks of the page.
#[test]
fn every_page_of_100_000_users_is_read_from_an_index() {
    let _exclusive = exclusive();
    let database = database_with_many_users();
    let mut conn = database.login("accounts");
    conn.batch_execute("SET jit = off").unwrap();
    let mut slowest: (f64, String) = (0.0, String::new());
    for (name, sort) in UserSort::ALL {
        let (place, sql) = middle_cursor(&database, sort);
        for text in [None, Some("example"), Some("nobody has this")] {
            for after in [None, Some(place.clone())] {
                for limit in [2, 101, 1001] {
                    let page = UsersPage {
                        filter: UserFilter::Living,
                        text: text.map(str::to_owned),
                        sort,
                        after: after.clone(),
                        limit,
                    };
                    let plan = explain(&mut conn, &page, &sql);
                    let what = format!("{name} {text:?} {} {limit}", after.is_some());
                    assert!(!plan.contains("Seq Scan"), "{what}: {plan}");
                    let index = match sort.column {
                        Column::Id => "accounts_pkey",
                        Column::Email => "accounts_email_key",
                        Column::CreatedAt => "accounts_created_at_idx",
                    };
                    // The limited rows come in index order: only the page itself is ever sorted.
                    let below = node_below_limit(&plan);
                    assert!(below.contains("Index") && below.contains(index), "{what}: {plan}");
                    let max_blocks = match text {
                        Some("nobody has this") => 7_000,
                        _ => u32::try_from(limit).unwrap() * 9 / 2 + 20,
                    };
                    assert!(
                        blocks(&plan) <= max_blocks,
                        "{what}: {} blocks: {plan}",
                        blocks(&plan)
                    );
                    let again = || explain(&mut conn, &page, &sql);
                    let took = std::iter::repeat_with(again)
                        .take(2)
                        .map(|plan| execution_millis(&plan));
                    let took = took.fold(execution_millis(&plan), f64::min);
                    if took > slowest.0 {
                        slowest = (took, what);
                    }
                }
            }
        }
    }
    println!(
        "slowest page, each the best of three: {} ms ({})",
        slowest.0, slowest.1
    );
}

/// D5, E11: The lists of administrators and of deleted users are read from their partial indexes.
#[test]
fn administrators_and_deleted_users_are_read_from_partial_indexes() {
    let _exclusive = exclusive();
    let database = database_with_many_users();
    let mut conn = database.login("accounts");
    for (which, index, max_blocks) in [
        (UserFilter::Of(Role::Admin), "accounts_admins_idx", 100),
        (UserFilter::Deleted, "accounts_deleted_idx", 600),
    ] {
        let page = UsersPage {
            filter: which,
            text: None,
            sort: UserSort::default(),
            after: None,
            limit: 101,
        };
        let plan = explain(&mut conn, &page, "");
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{plan}");
        assert!(blocks(&plan) <= max_blocks, "{}: {plan}", blocks(&plan));
        println!("{index}: {} blocks", blocks(&plan));
    }
}
