//! The folder of a report: written to a staging folder, published only when complete. A failure removes an earlier report too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use harness::checksum;

use crate::report::sanitize::Sanitizer;

/// The list of all files.
const MANIFEST: &str = "MANIFEST.sha256";

/// A report that is being written. Unless it is finished, dropping it removes it and an earlier one.
pub struct Folder<'a> {
    staging: PathBuf,
    destination: PathBuf,
    sanitizer: &'a Sanitizer,
    files: Vec<File>,
    done: bool,
}

/// One written file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the report.
    pub path: String,
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// In bytes.
    pub size: usize,
}

impl<'a> Folder<'a> {
    /// Starts an empty report.
    pub fn begin(destination: &Path, sanitizer: &'a Sanitizer) -> Result<Folder<'a>> {
        let folder = Folder {
            staging: destination.with_extension("new"),
            destination: destination.to_owned(),
            sanitizer,
            files: Vec::new(),
            done: false,
        };
        let _may_be_absent = fs::remove_dir_all(&folder.staging);
        fs::create_dir_all(&folder.staging).with_context(|| folder.cannot(""))?;
        Ok(folder)
    }

    /// Adds a text.
    pub fn text(&mut self, path: &str, text: &str) -> Result<()> {
        let text = self.sanitizer.file(text);
        self.bytes(path, text.as_bytes())
    }

    /// Adds the output of a tool, as text if it is UTF-8.
    pub fn foreign(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.text(path, text);
        }
        self.bytes(path, bytes)
    }

    /// The files written so far, by path.
    pub fn files(&self) -> Vec<File> {
        let mut files = self.files.clone();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    /// Writes the list of files, searches each file again for secrets, and publishes the report.
    pub fn finish(mut self) -> Result<PathBuf> {
        let lines = self.files().into_iter();
        let list: String = lines
            .map(|file| format!("{}  {}\n", file.digest, file.path))
            .collect();
        self.text(MANIFEST, &list)?;
        for file in &self.files {
            let bytes = fs::read(self.staging.join(&file.path)).with_context(|| self.cannot(&file.path))?;
            let has_secret = [bytes.as_slice(), file.path.as_bytes()]
                .iter()
                .any(|bytes| self.sanitizer.finds_a_secret_in(bytes));
            // Only the extension, since the name could contain the secret.
            let extension = file.path.rsplit_once('.').map_or("-", |(_, extension)| extension);
            ensure!(
                !has_secret,
                "the report contains a secret of this run (in a .{extension} file) and was removed"
            );
            // A full disk can lose bytes without an error.
            let is_intact = checksum::of(&bytes) == file.digest;
            ensure!(is_intact, "{}: its content was lost", self.cannot(&file.path));
        }
        if let Err(error) = fs::remove_dir_all(&self.destination)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("cannot replace {}", self.destination.display()));
        }
        fs::rename(&self.staging, &self.destination).with_context(|| self.cannot(""))?;
        self.done = true;
        Ok(self.destination.clone())
    }

    fn bytes(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        if path.split('/').any(|part| matches!(part, "" | "." | ".."))
            || path.contains(|character: char| character.is_control() || character == '\\')
        {
            bail!("invalid name of a file of the report: {path:?}");
        }
        let file = self.staging.join(path);
        let parent = file.parent().unwrap_or(&self.staging);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, bytes))
            .with_context(|| self.cannot(path))?;
        self.files.push(File {
            path: path.to_owned(),
            digest: checksum::of(bytes),
            size: bytes.len(),
        });
        Ok(())
    }

    fn cannot(&self, path: &str) -> String {
        let name = self.destination.file_name().unwrap_or_default().to_string_lossy();
        let slash = if path.is_empty() { "" } else { "/" };
        format!(
            "cannot write {name}{slash}{path} below {}",
            self.destination.parent().unwrap_or(&self.destination).display()
        )
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if !self.done {
            let _incomplete = fs::remove_dir_all(&self.staging);
            // It could be mistaken for the report of this run.
            let _may_be_absent = fs::remove_dir_all(&self.destination);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::Redactor;
    use crate::report::path_redaction::PathRedactor;
    use crate::test_tree::TestTree;

    /// The destination of a report, with an earlier report.
    fn destination(tree: &TestTree) -> PathBuf {
        let report = tree.folder.join("report");
        fs::create_dir_all(&report).unwrap();
        fs::write(report.join("index.html"), "an earlier report").unwrap();
        report
    }

    fn assert_removed(report: &Path) {
        assert!(!report.exists() && !report.with_extension("new").exists());
    }

    #[test]
    fn a_complete_report_replaces_the_earlier_one() {
        let tree = TestTree::new("folder-whole");
        let (report, sanitizer) = (destination(&tree), Sanitizer::default());
        let mut folder = Folder::begin(&report, &sanitizer).unwrap();
        folder.text("a.txt", "abc").unwrap();
        folder.foreign("files/x/b.bin", b"\xff\xfe").unwrap();
        assert!(
            report.join("index.html").exists(),
            "until the new one is complete"
        );
        folder.finish().unwrap();
        assert!(!report.join("index.html").exists());
        let list = fs::read_to_string(report.join(MANIFEST)).unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.txt";
        assert_eq!(list.lines().next(), Some(abc));
        assert_eq!(list.lines().count(), 2);
    }

    #[test]
    fn a_secret_in_any_file_removes_the_report_and_is_not_in_the_error() {
        let secret = "hunter2/hunter2";
        let sanitizer = Sanitizer::of(Redactor::of([secret.to_owned()]), PathRedactor::default());
        let tree = TestTree::new("folder-secret");
        let report = destination(&tree);
        let mut folder = Folder::begin(&report, &sanitizer).unwrap();
        folder.text("a.txt", "hunter2/hunter2").unwrap();
        folder.text("b.txt", "?q=hunter2%2Fhunter2").unwrap();
        let error = folder.finish().unwrap_err().to_string();
        assert_eq!(
            error,
            "the report contains a secret of this run (in a .txt file) and was removed"
        );
        assert_removed(&report);
    }

    #[test]
    fn a_write_error_is_one_line_and_leaves_no_report() {
        let tree = TestTree::new("folder-full");
        let (report, sanitizer) = (destination(&tree), Sanitizer::default());
        let mut folder = Folder::begin(&report, &sanitizer).unwrap();
        // Simulates a full disk, for root too.
        fs::create_dir(report.with_extension("new").join("a.txt")).unwrap();
        let error = format!("{:#}", folder.text("a.txt", "abc").unwrap_err());
        assert!(
            error.starts_with("cannot write report/a.txt below ") && error.lines().count() == 1,
            "{error}"
        );
        drop(folder);
        assert_removed(&report);
    }

    #[test]
    fn no_name_can_leave_the_reports_folder() {
        let tree = TestTree::new("folder-name");
        let (report, sanitizer) = (destination(&tree), Sanitizer::default());
        let mut folder = Folder::begin(&report, &sanitizer).unwrap();
        for path in ["../a", "a//b", "/a", "a\nb", "a\\b", ""] {
            assert!(folder.text(path, "x").is_err(), "{path}");
        }
        drop(folder);
        assert_removed(&report);
    }
}
