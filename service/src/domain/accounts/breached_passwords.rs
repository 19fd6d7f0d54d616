//! Passwords of known breaches: a file in the format of Have I Been Pwned, one line `SHA-1:COUNT` per password, sorted by
//! hash. The complete file has about 40 GB, so it is searched on disk; nothing is loaded or sent anywhere.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// A SHA-1 hash in upper-case hexadecimal, as in the file.
pub type HexHash = [u8; HASH_LENGTH];

/// Length of a hash.
const HASH_LENGTH: usize = 40;

/// Maximum length of a line: hash, colon, a number of 20 digits, CR, LF.
const MAX_LINE: usize = 64;

/// Lines that are checked at start, evenly distributed.
const SAMPLES: u64 = 1000;

/// The file. It is opened for each search, so that a newer one can replace it.
#[derive(Clone, Debug)]
pub struct BreachedPasswords(PathBuf);

/// The line that contains a certain byte.
struct Line {
    hash: HexHash,
    start: u64,
    /// Where the next line starts.
    end: u64,
}

impl BreachedPasswords {
    /// Checks samples of the file: their format, and that they are sorted.
    pub fn open(path: PathBuf) -> Result<Self> {
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        if length == 0 {
            return Err(invalid("is empty"));
        }
        let mut last = [0; HASH_LENGTH];
        let offsets = (0..SAMPLES).map(|sample| sample_offset(sample, length));
        for offset in offsets.chain([length - 1]) {
            let line = line_at(&file, offset, length)?;
            if line.hash < last {
                return Err(invalid("is not sorted by hash"));
            }
            last = line.hash;
        }
        Ok(Self(path))
    }

    /// Whether the file contains a hash. Binary search: some 40 reads for a billion lines.
    pub fn contains(&self, wanted: &HexHash) -> Result<bool> {
        let file = File::open(&self.0)?;
        let length = file.metadata()?.len();
        let (mut low, mut high) = (0, length);
        while low < high {
            let line = line_at(&file, low + (high - low) / 2, length)?;
            match line.hash.cmp(wanted) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = line.end,
                Ordering::Greater => high = line.start,
            }
        }
        Ok(false)
    }
}

/// The offset of a sample, without overflow for large files.
fn sample_offset(sample: u64, length: u64) -> u64 {
    length / SAMPLES * sample + length % SAMPLES * sample / SAMPLES
}

/// The line that contains the byte at `offset`, which is less than `length`.
fn line_at(file: &File, offset: u64, length: u64) -> Result<Line> {
    let reach = MAX_LINE as u64;
    let from = offset.saturating_sub(reach);
    let to = offset.saturating_add(reach).min(length);
    let mut window = [0; 2 * MAX_LINE];
    let size = usize::try_from(to - from).unwrap_or(window.len());
    let window = window.get_mut(..size).ok_or_else(malformed)?;
    file.read_exact_at(window, from)?;
    let at = usize::try_from(offset - from).unwrap_or_default();
    let (before, after) = window.split_at(at);
    let start = match before.iter().rposition(|byte| *byte == b'\n') {
        Some(line_end) => line_end + 1,
        None if from == 0 => 0,
        None => return Err(malformed()),
    };
    let end = match after.iter().position(|byte| *byte == b'\n') {
        Some(line_end) => at + line_end + 1,
        None if to == length => size,
        None => return Err(malformed()),
    };
    let text = window.get(start..end).unwrap_or_default();
    Ok(Line {
        hash: parse(text).ok_or_else(malformed)?,
        start: from + start as u64,
        end: from + end as u64,
    })
}

/// The hash of a line, which may end in CR LF and may lack the count.
fn parse(line: &[u8]) -> Option<HexHash> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (hash, rest) = line.split_first_chunk::<HASH_LENGTH>()?;
    let is_count = rest.is_empty()
        || rest
            .strip_prefix(b":")
            .is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit));
    let is_hash = hash.iter().all(u8::is_ascii_hexdigit);
    (is_hash && is_count).then(|| hash.to_ascii_uppercase().try_into().ok())?
}

fn malformed() -> Error {
    invalid("contains a line that is not a SHA-1 hash in hexadecimal, a colon and a count")
}

fn invalid(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("portcullis-breached-{name}-{}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        path
    }

    fn hash(number: u64) -> String {
        format!("{:040X}", u128::from(number) << 64)
    }

    #[test]
    fn every_line_is_found_and_nothing_else() {
        for (line_end, last_end) in [("\n", "\n"), ("\r\n", "\r\n"), ("\n", "")] {
            for count in [1_u64, 2, 3, 500] {
                let lines: Vec<String> = (1..=count)
                    .map(|n| format!("{}:{}", hash(3 * n), 10_u64.pow(u32::try_from(n % 19).unwrap())))
                    .collect();
                let path = file("search", &(lines.join(line_end) + last_end));
                let breached = BreachedPasswords::open(path.clone()).unwrap();
                for number in 0..3 * count + 3 {
                    let wanted: HexHash = hash(number).as_bytes().try_into().unwrap();
                    let is_line = number % 3 == 0 && number > 0 && number <= 3 * count;
                    assert_eq!(
                        breached.contains(&wanted).unwrap(),
                        is_line,
                        "{number} of {count}"
                    );
                }
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    #[test]
    fn an_invalid_file_is_rejected() {
        let (one, two) = (hash(1), hash(2));
        for (content, reason) in [
            (String::new(), "is empty"),
            (format!("{two}:1\n{one}:1\n"), "is not sorted"),
            (format!("{one}:x\n"), "contains a line"),
            (format!("{one}:1\n\n"), "contains a line"),
            ("password\n".to_owned(), "contains a line"),
            ("x".repeat(500), "contains a line"),
            (format!("{}\n", &one[1..]), "contains a line"),
        ] {
            let path = file("invalid", &content);
            let error = BreachedPasswords::open(path.clone()).unwrap_err().to_string();
            assert!(error.contains(reason), "{content:?}: {error}");
            std::fs::remove_file(path).unwrap();
        }
        let missing = std::env::temp_dir().join("portcullis-no-such-file");
        assert!(BreachedPasswords::open(missing).is_err());
    }
}
