//! SplitMix64: a hash function and a generator; not cryptographic.

/// The next number of the sequence that `seed` starts (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014). Bijective, so different seeds give different numbers.
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Hashes a text: FNV-1a, mixed once more because FNV's high bits are weak for short texts.
pub(crate) fn of_text(text: &str) -> u64 {
    mix(fnv1a(text.as_bytes()))
}

/// FNV-1a over `bytes`.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// A whole number from 0 to `bound - 1`, 0 when `bound` is 0. The bias of a remainder does not matter for demo data.
pub(crate) fn below(seed: u64, bound: u64) -> u64 {
    mix(seed).checked_rem(bound).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{fnv1a, mix};

    #[test]
    fn results_equal_the_published_sequences() {
        // First output of the reference SplitMix64 for seed 0, and FNV-1a's own test vector for "a".
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(fnv1a(b"a"), 0xAF63_DC4C_8601_EC8C);
    }
}
