//! Takes this machine out of texts: the checkout, the build's folder, homes and caches. Paths of the tree stay, relative.

use std::path::{Path, PathBuf};

use harness::settings::Settings;

/// Folders of this machine and what stands for each.
#[derive(Debug, Clone, Default)]
pub struct PathRedactor {
    /// The longest first: one is often in another.
    all: Vec<(String, &'static str)>,
}

impl PathRedactor {
    /// Those of this run.
    pub fn of(settings: &Settings, scratch: Option<&Path>) -> PathRedactor {
        let mut places = PathRedactor::default();
        if let Some(scratch) = scratch {
            places.add(scratch.join("tree"), "");
            places.add(scratch.to_owned(), "(scratch)");
        }
        places.add(settings.root.clone(), "");
        places.add(settings.target.clone(), "target");
        let cache = settings.cache.clone();
        let homes = [(cache, "(cache)"), (settings.home.clone(), "~")];
        for (home, word) in homes {
            places.add(home.unwrap_or_default(), word);
        }
        places
    }

    fn add(&mut self, folder: PathBuf, word: &'static str) {
        // Two names for one folder: as it was given, and without its symbolic links.
        let real = folder.canonicalize().unwrap_or_default();
        for folder in [folder, real] {
            let text = folder.to_string_lossy().trim_end_matches('/').to_owned();
            // `/` is nobody's home.
            if text.len() > 1 && text.starts_with('/') && self.all.iter().all(|(known, _)| *known != text) {
                self.all.push((text, word));
            }
        }
        self.all
            .sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
    }

    /// The text without them.
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (folder, word) in &self.all {
            if text.contains(folder.as_str()) {
                text = without(&text, folder, word);
            }
        }
        text
    }
}

/// Only whole names: `/srv/ann` is neither in `/srv/anna` nor in `/x/srv/ann`.
fn without(text: &str, folder: &str, word: &str) -> String {
    let of_name = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(folder) {
        let (before, from) = rest.split_at(at);
        let after = &from[folder.len()..];
        clean.push_str(before);
        let begins = !clean.ends_with(|letter| of_name(letter) || letter == '.');
        let ends = !after.starts_with(of_name);
        rest = after;
        match (begins && ends, word, after.strip_prefix('/')) {
            (false, ..) => clean.push_str(folder),
            (true, "", Some(below)) => rest = below,
            (true, "", None) => clean.push('.'),
            (true, word, _) => clean.push_str(word),
        }
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_this_machine_are_taken_out_and_paths_of_the_tree_stay() {
        let mut places = PathRedactor::default();
        places.add("/srv/ann".into(), "~");
        places.add("/srv/ann/checkout".into(), "");
        places.add("/srv/ann/checkout/target".into(), "target");
        places.add("/".into(), "~");
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
            assert_eq!(places.clean(text), clean);
        }
    }
}
