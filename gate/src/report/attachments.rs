//! Copies the files of gates (an SBOM, a coverage summary) into the report.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::outcome::Outcome;
use crate::report::folder::Folder;

/// Copies them to `files/GATE/NAME`; an unreadable file becomes a limit of its gate. Relative paths start at `base`.
pub fn copy(gates: &mut [Outcome], base: &Path, folder: &mut Folder<'_>) -> Result<()> {
    for gate in gates {
        let mut taken = BTreeSet::new();
        let mut copied = Vec::new();
        for file in &gate.files {
            let name = unique(&name(file), &mut taken);
            let path = format!("files/{}/{name}", gate.id);
            match fs::read(base.join(file)) {
                Ok(bytes) => {
                    folder.foreign(&path, &bytes)?;
                    copied.push(path);
                }
                Err(error) => gate.limits.push(format!("cannot read {name}: {error}")),
            }
        }
        gate.files = copied;
    }
    Ok(())
}

/// The last part of a path, reduced to portable characters.
fn name(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_portable = |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character);
    let name = last.replace(|character| !is_portable(character), "_");
    if name.trim_matches('.').is_empty() {
        return "file".to_owned();
    }
    name
}

/// The name, numbered if another file of the gate has it.
fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{number}-{name}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    candidates
        .find(|name| taken.insert(name.clone()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::sanitize::Sanitizer;
    use crate::test_tree::TestTree;

    #[test]
    fn files_are_copied_under_unique_names_and_missing_ones_reported() {
        let tree = TestTree::new("attachments");
        let above = &tree.folder;
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
        copy(&mut gates, above, &mut folder).unwrap();
        assert_eq!(gates[0].files, ["files/sbom/bom.json", "files/sbom/2-bom.json"]);
        let limit = &gates[0].limits[0];
        assert!(limit.starts_with("cannot read __b.txt: "), "{limit}");
        assert_eq!(name("a/.."), "file");
    }
}
