//! Wrong on purpose: most lines of one module are not tested.

/// Tested.
pub mod remembered;

/// Not tested.
pub mod forgotten;

#[cfg(test)]
mod tests {
    #[test]
    fn remembers() {
        assert_eq!(super::remembered::double(2), 4);
    }
}
