//! Many at the same time.
use std::sync::Barrier;

/// What each of so many got, who all began at the same moment; each is told its number.
pub fn concurrently<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let begin = |number| {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(number)
            })
        };
        let crowd: Vec<_> = (0..count).map(begin).collect();
        crowd.into_iter().map(|one| one.join().unwrap()).collect()
    })
}
