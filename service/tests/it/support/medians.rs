//! Times of answers, and how much they differ.
use std::time::Duration;

/// Series of tries, at the most.
pub const SERIES: usize = 5;

/// The median milliseconds of each kind of question, from one series of tries after another as long as they differ by more
/// than `alike` times: a machine with neighbours has bad moments, which more tries forget; a difference that is really
/// there stays. `series` answers, for the number of a series, the times of its tries by kind.
pub fn medians(alike: f64, mut series: impl FnMut(usize) -> Vec<Vec<Duration>>) -> Vec<f64> {
    let mut times: Vec<Vec<Duration>> = series(0);
    for number in 1..SERIES {
        if spread(&of_each(&times)) <= alike {
            break;
        }
        println!("measured again: {:.2?} ms", of_each(&times));
        for (times, more) in times.iter_mut().zip(series(number)) {
            times.extend(more);
        }
    }
    of_each(&times)
}

/// How many times the least the most is.
pub fn spread(medians: &[f64]) -> f64 {
    let least = medians.iter().copied().fold(f64::MAX, f64::min);
    let most = medians.iter().copied().fold(0.0, f64::max);
    most / least
}

fn of_each(times: &[Vec<Duration>]) -> Vec<f64> {
    let median = |times: &Vec<Duration>| {
        let mut times = times.clone();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    times.iter().map(median).collect()
}
