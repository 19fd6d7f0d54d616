//! SHA-256 in hexadecimal.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// The digest of bytes.
pub fn of(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// The digest of a file of any size.
pub fn of_file(file: &Path) -> Result<String> {
    let shown = || format!("cannot read {}", file.display());
    let mut source = fs::File::open(file).with_context(shown)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        match source.read(&mut buffer).with_context(shown)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
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
    fn is_that_of_the_standard() {
        assert_eq!(of("abc"), ABC);
        let file = std::env::temp_dir().join(format!("xtask-checksum-{}", std::process::id()));
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(of_file(&file).unwrap(), ABC);
        std::fs::remove_file(file).unwrap();
    }
}
