//! Searches what a scan has written for secrets of the run, and removes files that hold one.

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::redaction::Redactor;
use crate::scan_result::ScanError;

/// Removes each file below the folder that holds a secret, and fails if there is one.
pub fn ensure_no_secret(folder: &Path, redactor: &Redactor) -> Result<(), ScanError> {
    let mut leaking = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(std::io::Error::from)?;
        let path = entry.path();
        if entry.file_type().is_file() && redactor.contains_plain(&fs::read(path)?) {
            fs::remove_file(path)?;
            let path = path.strip_prefix(folder).unwrap_or(path);
            leaking.push(path.display().to_string());
        }
    }
    if leaking.is_empty() {
        return Ok(());
    }
    let leaking = leaking.join(", ");
    let error = format!("a secret of this run was in {leaking}: removed");
    Err(ScanError::ToolFailed(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_secret_is_named_and_removed() {
        let folder = std::env::temp_dir().join(format!("gate-artifacts-{}", std::process::id()));
        fs::create_dir_all(folder.join("db")).unwrap();
        fs::write(folder.join("good.json"), "{}").unwrap();
        fs::write(folder.join("db/session"), b"\xff\0Bearer hunter2hunter2\xfe").unwrap();
        let redactor = Redactor::of(["hunter2hunter2".to_owned()]);
        let error = ensure_no_secret(&folder, &redactor).unwrap_err().to_string();
        assert!(
            error.contains("db/session") && !error.contains("good.json"),
            "{error}"
        );
        assert!(!error.contains("hunter2"));
        assert!(!folder.join("db/session").exists() && folder.join("good.json").exists());
        assert_eq!(ensure_no_secret(&folder, &redactor), Ok(()));
        fs::remove_dir_all(folder).unwrap();
    }
}
