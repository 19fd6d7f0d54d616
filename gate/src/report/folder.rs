//! The folder that a report is written into: aside first, in place whole. An earlier report never outlives a failed one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use harness::checksum;

use crate::report::sanitize::Sanitizer;

/// The list of all files, written last.
const MANIFEST: &str = "MANIFEST.sha256";

/// A report that is being written.
pub struct Folder<'a> {
    aside: PathBuf,
    place: PathBuf,
    sanitizer: &'a Sanitizer,
    files: Vec<File>,
    done: bool,
}

/// One written file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the report, with `/`.
    pub path: String,
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// In bytes.
    pub size: usize,
}

impl<'a> Folder<'a> {
    /// An empty one beside its place.
    pub fn begin(place: &Path, sanitizer: &'a Sanitizer) -> Result<Folder<'a>> {
        let aside = place.with_extension("new");
        // From here on, whatever fails takes the earlier report with it.
        let folder = Folder {
            aside,
            place: place.to_owned(),
            sanitizer,
            files: Vec::new(),
            done: false,
        };
        let _none_there = fs::remove_dir_all(&folder.aside);
        fs::create_dir_all(&folder.aside).with_context(|| folder.cannot(""))?;
        Ok(folder)
    }

    /// A text.
    pub fn text(&mut self, path: &str, text: &str) -> Result<()> {
        let text = self.sanitizer.file(text);
        self.bytes(path, text.as_bytes())
    }

    /// Whatever a tool made: as text when it is one.
    pub fn foreign(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(path, text),
            Err(_) => self.bytes(path, bytes),
        }
    }

    /// What was written until now, by path.
    pub fn files(&self) -> Vec<File> {
        let mut files = self.files.clone();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    /// Writes the list, searches everything once more for secrets, and puts the report in its place.
    pub fn finish(mut self) -> Result<PathBuf> {
        let lines = self.files().into_iter();
        let list: String = lines
            .map(|file| format!("{}  {}\n", file.digest, file.path))
            .collect();
        self.text(MANIFEST, &list)?;
        for file in &self.files {
            let bytes = fs::read(self.aside.join(&file.path)).with_context(|| self.cannot(&file.path))?;
            // The file's own name could hold it.
            let told = self.sanitizer.finds_a_secret_in(&bytes)
                || self.sanitizer.finds_a_secret_in(file.path.as_bytes());
            ensure!(
                !told,
                "a secret of this run stands in the report ({}): removed it",
                kind(&file.path)
            );
            // A disk that is full loses bytes without a word.
            ensure!(
                checksum::of(&bytes) == file.digest,
                "{}: it is not as it was written",
                self.cannot(&file.path)
            );
        }
        if let Err(error) = fs::remove_dir_all(&self.place)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("cannot replace {}", self.place.display()));
        }
        fs::rename(&self.aside, &self.place).with_context(|| self.cannot(""))?;
        self.done = true;
        Ok(self.place.clone())
    }

    fn bytes(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        if path.split('/').any(|part| matches!(part, "" | "." | ".."))
            || path.contains(|letter: char| letter.is_control() || letter == '\\')
        {
            bail!("no name for a file of the report: {path:?}");
        }
        let file = self.aside.join(path);
        let parent = file.parent().unwrap_or(&self.aside);
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
        let name = self.place.file_name().unwrap_or_default().to_string_lossy();
        let slash = if path.is_empty() { "" } else { "/" };
        format!(
            "cannot write {name}{slash}{path} below {}",
            self.place.parent().unwrap_or(&self.place).display()
        )
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if !self.done {
            let _half_written = fs::remove_dir_all(&self.aside);
            // It would be taken for this run's.
            let _none_there = fs::remove_dir_all(&self.place);
        }
    }
}

/// A file's ending: its name could hold the secret.
fn kind(path: &str) -> String {
    let ending = path.rsplit_once('.').map_or("no ending", |(_, ending)| ending);
    format!("a .{ending} file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::Redactor;
    use crate::report::path_redaction::PathRedactor;

    fn place(name: &str) -> PathBuf {
        let above = std::env::temp_dir().join(format!("xtask-folder-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&above);
        fs::create_dir_all(above.join("report")).unwrap();
        fs::write(above.join("report").join("index.html"), "of yesterday").unwrap();
        above.join("report")
    }

    fn gone(place: &Path) {
        let above = place.parent().unwrap();
        assert!(!place.exists() && !place.with_extension("new").exists());
        fs::remove_dir_all(above).unwrap();
    }

    #[test]
    fn a_whole_report_takes_the_place_of_the_earlier_one() {
        let (place, sanitizer) = (place("whole"), Sanitizer::default());
        let mut folder = Folder::begin(&place, &sanitizer).unwrap();
        folder.text("a.txt", "abc").unwrap();
        folder.foreign("files/x/b.bin", b"\xff\xfe").unwrap();
        assert!(place.join("index.html").exists(), "until the new one is whole");
        folder.finish().unwrap();
        assert!(!place.join("index.html").exists());
        let list = fs::read_to_string(place.join(MANIFEST)).unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.txt";
        assert_eq!(list.lines().next(), Some(abc));
        assert_eq!(list.lines().count(), 2);
        fs::remove_dir_all(place.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_secret_in_any_file_removes_the_report_and_is_not_told() {
        let secret = "hunter2/hunter2";
        let sanitizer = Sanitizer::of(Redactor::of([secret.to_owned()]), PathRedactor::default());
        let place = place("secret");
        let mut folder = Folder::begin(&place, &sanitizer).unwrap();
        folder.text("a.txt", "hunter2/hunter2").unwrap();
        folder.text("b.txt", "?q=hunter2%2Fhunter2").unwrap();
        let error = folder.finish().unwrap_err().to_string();
        assert_eq!(
            error,
            "a secret of this run stands in the report (a .txt file): removed it"
        );
        gone(&place);
    }

    #[test]
    fn what_cannot_be_written_is_told_in_one_line_and_leaves_no_report() {
        let (place, sanitizer) = (place("full"), Sanitizer::default());
        let mut folder = Folder::begin(&place, &sanitizer).unwrap();
        // Stands for a full disk, and works for root too.
        fs::create_dir(place.with_extension("new").join("a.txt")).unwrap();
        let error = format!("{:#}", folder.text("a.txt", "abc").unwrap_err());
        assert!(
            error.starts_with("cannot write report/a.txt below ") && error.lines().count() == 1,
            "{error}"
        );
        drop(folder);
        gone(&place);
    }

    #[test]
    fn no_name_leads_out_of_the_report() {
        let (place, sanitizer) = (place("name"), Sanitizer::default());
        let mut folder = Folder::begin(&place, &sanitizer).unwrap();
        for path in ["../a", "a//b", "/a", "a\nb", "a\\b", ""] {
            assert!(folder.text(path, "x").is_err(), "{path}");
        }
        drop(folder);
        gone(&place);
    }
}
