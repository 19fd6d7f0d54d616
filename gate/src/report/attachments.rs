//! The files that gates made for readers (an SBOM, a coverage summary): copied into the report, named relative to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::outcome::Outcome;
use crate::report::folder::Folder;

/// Copies them to `files/GATE/NAME`; what cannot be read is a limit of its gate. `from`: where relative paths begin.
pub fn copy(gates: &mut [Outcome], from: &Path, folder: &mut Folder<'_>) -> Result<()> {
    for gate in gates {
        let mut taken = BTreeSet::new();
        let mut copied = Vec::new();
        for file in &gate.files {
            let name = free(&name(file), &mut taken);
            let path = format!("files/{}/{name}", gate.id);
            match fs::read(from.join(file)) {
                Ok(bytes) => {
                    folder.foreign(&path, &bytes)?;
                    copied.push(path);
                }
                Err(error) => gate.limits.push(format!("could not read {name} again: {error}")),
            }
        }
        gate.files = copied;
    }
    Ok(())
}

/// The last part of a path, of letters that every system takes.
fn name(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => letter,
        _ => '_',
    };
    let name: String = last.chars().map(plain).collect();
    match name.trim_matches('.').is_empty() {
        true => "file".to_owned(),
        false => name,
    }
}

/// A name that no other file of the gate has.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{number}-{name}"));
    let free = std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains(name));
    let free = free.unwrap_or_default();
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::sanitize::Sanitizer;

    #[test]
    fn files_are_copied_under_names_of_their_own_and_what_is_gone_is_told() {
        let above = std::env::temp_dir().join(format!("xtask-copies-{}", std::process::id()));
        fs::create_dir_all(above.join("x")).unwrap();
        fs::write(above.join("x/bom.json"), "{}").unwrap();
        fs::write(above.join("bom.json"), "[]").unwrap();
        let mut gate = sample::gate("sbom");
        gate.files = vec![
            above.join("x/bom.json").display().to_string(),
            "bom.json".to_owned(),
            "gone/ä b.txt".to_owned(),
        ];
        let (sanitizer, mut gates) = (Sanitizer::default(), [gate]);
        let mut folder = Folder::begin(&above.join("report"), &sanitizer).unwrap();
        copy(&mut gates, &above, &mut folder).unwrap();
        assert_eq!(gates[0].files, ["files/sbom/bom.json", "files/sbom/2-bom.json"]);
        assert!(
            gates[0].limits[0].starts_with("could not read __b.txt again: "),
            "{:?}",
            gates[0].limits
        );
        drop(folder);
        fs::remove_dir_all(&above).unwrap();
        assert_eq!(name("a/.."), "file");
    }
}
