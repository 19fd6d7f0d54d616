//! Wrong on purpose: two of these tests fail.

#[cfg(test)]
mod tests {
    #[test]
    fn this_one_passes() {}

    #[test]
    fn this_one_fails() {
        assert_eq!(1 + 1, 3);
    }

    #[test]
    fn this_one_panics() {
        let nothing: Option<u8> = None;
        nothing.unwrap();
    }

    #[test]
    #[ignore = "left out on purpose"]
    fn this_one_is_left_out() {}
}
