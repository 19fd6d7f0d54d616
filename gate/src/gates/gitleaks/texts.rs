//! Input that gitleaks would skip, rewritten so that it does not: files by name or encoding, and messages of commits.

use std::fs;
use std::path::Path;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Writes every file under a plain name, its number, and returns the number of bytes. gitleaks skips images, lock files and
/// more by name, and other binary files by their first bytes.
pub fn write_plain(ctx: &ScanContext<'_>, folder: &Path) -> Result<u64, ScanError> {
    fs::create_dir_all(folder)?;
    let mut size = 0;
    for (number, file) in ctx.files.iter().enumerate() {
        let bytes = readable(&fs::read(ctx.subject.join(file))?);
        size += bytes.len() as u64;
        fs::write(folder.join(format!("{number}.txt")), bytes)?;
    }
    Ok(size)
}

/// The file that has this plain name.
pub fn path(ctx: &ScanContext<'_>, plain: &str) -> String {
    let number = plain
        .trim_start_matches("./")
        .trim_end_matches(".txt")
        .parse()
        .ok();
    let file = number.and_then(|number: usize| ctx.files.get(number));
    file.map_or(plain, String::as_str).to_owned()
}

/// Writes each message of a commit or tag to a file named after its object, and returns their number.
pub fn write_messages(ctx: &ScanContext<'_>, repository: &Path, folder: &Path) -> Result<u64, ScanError> {
    fs::create_dir_all(folder)?;
    let git = |args: &[&str]| ctx.run_unredacted(&ctx.program("git").current_dir(repository).args(args));
    let of_commits = git(&["log", "--all", "--format=%x00%H%n%B"])?;
    let format = "--format=%00%(objectname)%0a%(contents)";
    let of_tags = git(&["for-each-ref", format, "refs/tags"])?;
    let all = of_commits.split('\0').chain(of_tags.split('\0'));
    let mut count = 0;
    for (name, message) in all.filter_map(|message| message.split_once('\n')) {
        fs::write(folder.join(name), message)?;
        count += 1;
    }
    Ok(count)
}

/// Without NUL, so that UTF-16 becomes ASCII, and behind a space, so that the first bytes reveal no binary format.
fn readable(bytes: &[u8]) -> Vec<u8> {
    let text = bytes.iter().copied().filter(|byte| *byte != 0);
    std::iter::once(b' ').chain(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_of_either_byte_order_becomes_ascii_and_no_binary_format_is_recognised() {
        assert_eq!(readable(b"a\0b\0\n\0"), b" ab\n");
        assert_eq!(readable(b"\0a\0b\0\n"), b" ab\n");
        assert_eq!(readable(b"%PDF-1.4\n"), b" %PDF-1.4\n");
    }
}
