//! Not tested.

/// Half of it.
pub fn half(value: u32) -> u32 {
    let half = value / 2;
    half
}
