//! What gitleaks leaves out by itself, written so that it does not: files by their names or letters, messages of commits.

use std::fs;
use std::path::Path;

use harness::process::command::Command;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Every file under a plain name, its number, and without NUL, so that UTF-16 reads as the letters that it encodes;
/// answers how many bytes that is. By itself gitleaks leaves out pictures, lists of locked versions and more by their
/// names, other binary files by their first bytes: hence the space before those.
pub fn plain(ctx: &ScanContext<'_>, folder: &Path) -> Result<u64, ScanError> {
    fs::create_dir_all(folder)?;
    let mut size = 0;
    for (number, file) in ctx.files.iter().enumerate() {
        let bytes = readable(&fs::read(ctx.subject.join(file))?);
        size += bytes.len() as u64;
        fs::write(folder.join(format!("{number}.txt")), bytes)?;
    }
    Ok(size)
}

/// Which file a plain name is of.
pub fn path(ctx: &ScanContext<'_>, plain: &str) -> String {
    let number = plain.trim_start_matches("./").trim_end_matches(".txt");
    let file = number
        .parse()
        .ok()
        .and_then(|number: usize| ctx.files.get(number));
    file.map_or(plain, String::as_str).to_owned()
}

/// A file for each message of a commit or a tag, by its object's name; answers how many.
pub fn messages(ctx: &ScanContext<'_>, repository: &Path, folder: &Path) -> Result<u64, ScanError> {
    fs::create_dir_all(folder)?;
    let git = |args: &[&str]| {
        let command = Command::new(ctx.context(), "git").current_dir(repository);
        ctx.run_unredacted(&command.args(args))
    };
    let of_commits = git(&["log", "--all", "--format=%x00%H%n%B"])?;
    let of_tags = git(&[
        "for-each-ref",
        "--format=%00%(objectname)%0a%(contents)",
        "refs/tags",
    ])?;
    let all = of_commits.split('\0').chain(of_tags.split('\0'));
    let mut count = 0;
    for (name, message) in all.filter_map(|message| message.split_once('\n')) {
        fs::write(folder.join(name), message)?;
        count += 1;
    }
    Ok(count)
}

fn readable(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.iter().copied().filter(|byte| *byte != 0);
    std::iter::once(b' ').chain(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_of_either_order_reads_as_its_letters_and_no_first_bytes_tell_a_kind() {
        assert_eq!(readable(b"a\0b\0\n\0"), b" ab\n");
        assert_eq!(readable(b"\0a\0b\0\n"), b" ab\n");
        assert_eq!(readable(b"%PDF-1.4\n"), b" %PDF-1.4\n");
    }
}
