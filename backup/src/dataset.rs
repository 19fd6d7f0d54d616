//! What is lost and restored: prices by imports, accounts, wishes and audit events as the service writes them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use demo::Bulk;
use harness::context::Context;
use stack::local_stack::LocalStack;
use stack::psql::Psql;

/// Accounts with wishes and audit events, besides the demo's, which use the service.
const ROWS: [&str; 3] = [
    "INSERT INTO accounts.accounts (email, email_key, name, state, confirmed_at) \
     SELECT 'user' || i || '@example.org', 'user' || i || '@example.org', 'User ' || i, 'active', now() FROM generate_series(1, 10000) i",
    "INSERT INTO wishes.wishes (account_id, title) SELECT id, 'See Bergen' FROM accounts.accounts, generate_series(1, 5)",
    // Each event updates one row, whose former versions are only removed after the transaction.
    "DO $$ BEGIN FOR n IN 1..100000 BY 500 LOOP \
     PERFORM audit.append(i, 'session.begun', 'account:' || i, '', '192.0.2.1', '{\"client\": \"drill\"}') \
     FROM generate_series(n, n + 499) i; COMMIT; END LOOP; END $$",
];

/// Loads all of it.
pub fn load(context: &Context, stack: &mut LocalStack, prices: u64, folder: &Path) -> Result<()> {
    let [places, csv] = ["places.sql", "prices.csv"].map(|name| folder.join(name));
    write(&places, demo::write_places_dump)?;
    write(&csv, |out| Bulk::of(prices).write_csv(out))?;
    stack.portcullis.import(context, &places)?;
    stack.portcullis.import(context, &csv)?;
    fs::remove_file(csv)?;
    fs::remove_file(places)?;
    Psql::find(context, stack)?.run(&ROWS)?;
    Ok(())
}

fn write(file: &Path, content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let write = || {
        let mut out = BufWriter::new(File::create(file)?);
        content(&mut out)?;
        out.flush()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
