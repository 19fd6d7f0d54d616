//! Removes the folders of this machine from texts. Paths of the tree become relative.

use std::path::{Path, PathBuf};

use harness::settings::Settings;

/// Folders of this machine, each with its replacement.
#[derive(Debug, Clone, Default)]
pub struct PathRedactor {
    /// Longest first, since some contain others.
    folders: Vec<(String, &'static str)>,
}

impl PathRedactor {
    /// The folders of this run.
    pub fn of(settings: &Settings, scratch: Option<&Path>) -> PathRedactor {
        let mut redactor = PathRedactor::default();
        if let Some(scratch) = scratch {
            redactor.add(scratch.join("tree"), "");
            redactor.add(scratch.to_owned(), "(scratch)");
        }
        redactor.add(settings.root.clone(), "");
        redactor.add(settings.target.clone(), "target");
        redactor.add(settings.cache.clone().unwrap_or_default(), "(cache)");
        redactor.add(settings.home.clone().unwrap_or_default(), "~");
        redactor
    }

    fn add(&mut self, folder: PathBuf, replacement: &'static str) {
        // Both as given and without symbolic links.
        let real = folder.canonicalize().unwrap_or_default();
        for folder in [folder, real] {
            let text = folder.to_string_lossy().trim_end_matches('/').to_owned();
            // Not `/`, which is in every path.
            if text.len() > 1 && text.starts_with('/') && self.folders.iter().all(|(known, _)| *known != text)
            {
                self.folders.push((text, replacement));
            }
        }
        self.folders
            .sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
    }

    /// The text with these folders replaced.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (folder, replacement) in &self.folders {
            if text.contains(folder.as_str()) {
                text = replaced(&text, folder, replacement);
            }
        }
        text
    }
}

/// Only complete paths: `/srv/ann` matches neither in `/srv/anna` nor in `/x/srv/ann`.
fn replaced(text: &str, folder: &str, replacement: &str) -> String {
    let is_in_name = |character: char| character.is_alphanumeric() || "-_".contains(character);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(folder) {
        let (before, from) = rest.split_at(at);
        let after = &from[folder.len()..];
        clean.push_str(before);
        let begins = !clean.ends_with(|character| is_in_name(character) || character == '.');
        let ends = !after.starts_with(is_in_name);
        rest = after;
        match (begins && ends, replacement, after.strip_prefix('/')) {
            (false, ..) => clean.push_str(folder),
            (true, "", Some(below)) => rest = below,
            (true, "", None) => clean.push('.'),
            (true, replacement, _) => clean.push_str(replacement),
        }
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_this_machine_are_removed_and_paths_of_the_tree_relative() {
        let mut redactor = PathRedactor::default();
        redactor.add("/srv/ann".into(), "~");
        redactor.add("/srv/ann/checkout".into(), "");
        redactor.add("/srv/ann/checkout/target".into(), "target");
        redactor.add("/".into(), "~");
        for (text, clean) in [
            ("/srv/ann/checkout/src/a.rs:3 is bad", "src/a.rs:3 is bad"),
            ("cd /srv/ann/checkout, then", "cd ., then"),
            (
                "/srv/ann/checkout/target/debug/x and /srv/ann/.cargo/y",
                "target/debug/x and ~/.cargo/y",
            ),
            ("file:///srv/ann/x", "file://~/x"),
            (
                "/srv/anna /x/srv/ann / and https://example.org/",
                "/srv/anna /x/srv/ann / and https://example.org/",
            ),
        ] {
            assert_eq!(redactor.clean(text), clean);
        }
    }
}
