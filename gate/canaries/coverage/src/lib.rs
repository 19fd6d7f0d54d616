//! Wrong on purpose: of one module hardly a line is tested.

/// Is tested.
pub mod remembered;

/// Is not.
pub mod forgotten;

#[cfg(test)]
mod tests {
    #[test]
    fn remembers() {
        assert_eq!(super::remembered::double(2), 4);
    }
}
