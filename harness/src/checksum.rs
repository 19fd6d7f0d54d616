//! SHA-256 in hexadecimal.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// The digest of bytes.
pub fn of(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// The digest of a file of any size.
pub fn of_file(file: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    File::open(file)
        .and_then(|mut source| io::copy(&mut source, &mut hash))
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok(hex(&hash.finalize()))
}

/// Two digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{of, of_file};

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn digests_match_the_standard() {
        assert_eq!(of("abc"), ABC);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(of_file(file.path()).unwrap(), ABC);
    }
}
