//! Median response times, and the ratio between them.

use std::time::Duration;

/// The maximum number of series of measurements.
pub const MAX_SERIES: usize = 5;

/// The median milliseconds of each kind of request. Measures further series while the medians differ by more than a factor
/// of `max_ratio`: more measurements average out a moment of load on the machine, but not a real difference. `series`
/// returns the response times of the series with the given index, by kind of request.
pub fn medians(max_ratio: f64, mut series: impl FnMut(usize) -> Vec<Vec<Duration>>) -> Vec<f64> {
    let mut times: Vec<Vec<Duration>> = series(0);
    for number in 1..MAX_SERIES {
        if ratio(&each_median(&times)) <= max_ratio {
            break;
        }
        println!("measured again: {:.2?} ms", each_median(&times));
        for (times, more) in times.iter_mut().zip(series(number)) {
            times.extend(more);
        }
    }
    each_median(&times)
}

/// The largest median divided by the smallest.
pub fn ratio(medians: &[f64]) -> f64 {
    let min = medians.iter().copied().fold(f64::MAX, f64::min);
    let max = medians.iter().copied().fold(0.0, f64::max);
    max / min
}

fn each_median(times: &[Vec<Duration>]) -> Vec<f64> {
    let median = |times: &Vec<Duration>| {
        let mut times = times.clone();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    times.iter().map(median).collect()
}
