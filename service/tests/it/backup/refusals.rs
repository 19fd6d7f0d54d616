//! Backups that cannot be used, and databases that must not be restored into: nothing is changed and nothing is lost.

use super::restorable::{Backup, Scripts, empty_target, prepare, source, tables};
use crate::support::database::Database;
use crate::support::program::{stderr, stdout};
use harness::process::script;
use harness::test_results::ignored;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Restores; returns the error.
fn refused(scripts: &Scripts, database: &Database, backup: &Path) -> String {
    let output = scripts.restore(database, backup);
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    errors
}

/// L11: A damaged backup, one of a later version and a database that is not empty are refused with the reason. Afterwards the database
/// is as it was, and the undamaged backup can be restored.
#[test]
fn a_refused_restore_changes_nothing() {
    let Some((scripts, _source_cluster, source)) = source() else {
        return;
    };
    let (_cluster, target) = empty_target(&scripts);

    let missing = refused(&scripts, &target, Path::new("/nonexistent/backup"));
    assert!(missing.contains("no folder"), "{missing}");
    let truncated = Backup::of(&scripts, &source);
    let half = |mut dump: Vec<u8>| {
        dump.truncate(dump.len() - 1_000);
        dump
    };
    std::fs::write(
        truncated.file("dump"),
        half(std::fs::read(truncated.file("dump")).unwrap()),
    )
    .unwrap();
    let errors = refused(&scripts, &target, &truncated.path);
    assert!(errors.contains("the backup is damaged"), "{errors}");
    // Also where the checksums do not show it: everything is rolled back.
    truncated.change("dump", |dump| dump);
    let errors = refused(&scripts, &target, &truncated.path);
    assert!(
        errors.contains("was rolled back. The database is still empty"),
        "{errors}"
    );
    let later = Backup::of(&scripts, &source);
    later.change("inventory", |text| {
        let text = String::from_utf8(text).unwrap();
        let major = text.lines().next().unwrap().to_owned();
        text.replacen(&major, "postgres 99", 1).into_bytes()
    });
    let errors = refused(&scripts, &target, &later.path);
    assert!(errors.contains("the backup is of PostgreSQL 99"), "{errors}");
    let format = Backup::of(&scripts, &source);
    // The version of the format is after the five characters that begin every dump.
    format.change("dump", |mut dump| {
        dump[5..7].copy_from_slice(&[1, 99]);
        dump
    });
    let errors = refused(&scripts, &target, &format.path);
    assert!(errors.contains("unsupported version (1.99)"), "{errors}");
    assert_eq!(tables(&target), "0");

    let altered = Backup::of(&scripts, &source);
    altered.change("inventory", |text| {
        let text = String::from_utf8(text).unwrap();
        text.replacen("table rates.prices: 14 rows", "table rates.prices: 15 rows", 1)
            .into_bytes()
    });
    let output = scripts.restore(&target, &altered.path);
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("-table rates.prices: 15 rows") && errors.contains("differs from the backup"),
        "{errors}"
    );
    // For an operator who can explain the difference.
    assert!(
        stdout(&output).contains("\nportcullis audit record-restore --backup portcullis-"),
        "{}",
        stdout(&output)
    );

    let good = Backup::of(&scripts, &source);
    let before = tables(&target);
    let errors = refused(&scripts, &target, &good.path);
    assert!(
        errors.contains("is not empty") && errors.contains("Nothing was changed"),
        "{errors}"
    );
    assert_eq!(tables(&target), before);
    let statement = "DROP DATABASE portcullis";
    diesel::connection::SimpleConnection::batch_execute(&mut target.server.admin("postgres"), statement)
        .unwrap();
    prepare(&target);
    // Dropped with the database.
    target.execute("GRANT CONNECT ON DATABASE portcullis TO portcullis_backup");
    let output = scripts.restore(&target, &good.path);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("restored and compared: "));
}

/// L11: A backup that does not fit on the disk, or that may not read the database, leaves no file.
#[test]
fn a_failed_backup_leaves_no_file() {
    let Some((scripts, _cluster, database)) = source() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = scripts.back_up_into_small_disk(&database, folder.path(), "16k");
    let errors = stderr(&output);
    if errors.contains("unshare failed") || output.status.code() == Some(77) {
        ignored::report("this account may not mount a file system of its own");
    } else {
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains("No space left on device"), "{errors}");
        assert!(errors.contains("nothing was written"), "{errors}");
        assert_eq!(stdout(&output), "");
    }
    database.execute("REVOKE pg_read_all_data FROM portcullis_backup");
    let output = scripts.back_up(&database, folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("permission denied"),
        "{}",
        stderr(&output)
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// L11: A backup that fails when its files appear leaves none of them, and removes what a killed backup left a day ago. A name that
/// `audit record-restore` would refuse is refused before anything is written.
#[test]
fn an_interrupted_backup_leaves_nothing() {
    let Some((scripts, _cluster, database)) = source() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // The age of the folder, and of the dump in it. `pg_dump` of a backup that runs writes to the dump only.
    for (name, hours) in [
        (".partial-aaaaaa", [25, 25]),
        (".partial-bbbbbb", [23, 23]),
        (".partial-cccccc", [25, 0]),
        ("other", [25, 25]),
    ] {
        let path = folder.path().join(name);
        let dump = path.join("portcullis.dump");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(&dump, "personal data").unwrap();
        let now = std::fs::metadata(&dump).unwrap().modified().unwrap();
        for (path, hours) in [path, dump].iter().zip(hours) {
            let modified = now - Duration::from_secs(hours * 3_600);
            File::open(path).unwrap().set_modified(modified).unwrap();
        }
    }
    let programs = tempfile::tempdir().unwrap();
    let mv = programs.path().join("mv");
    let failing =
        "#!/bin/sh\ncase \"$*\" in *.inventory) exit 1 ;; esac\nPATH=/usr/bin:/bin exec mv \"$@\"\n";
    script::write(&mv, failing).unwrap();
    let output = scripts
        .with_programs(programs.path())
        .back_up(&database, folder.path());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(names(), [".partial-bbbbbb", ".partial-cccccc", "other"]);

    let renamed = Database {
        name: "port cullis".to_owned(),
        server: database.server.clone(),
    };
    let output = scripts.back_up(&renamed, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let errors = stderr(&output);
    assert!(errors.contains("Nothing was written"), "{errors}");
    assert_eq!(names(), [".partial-bbbbbb", ".partial-cccccc", "other"]);
}
