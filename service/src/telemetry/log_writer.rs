//! Log lines on their way to stdout: gathered in memory and written together by a thread of its own, at least ten times a
//! second. A reader that blocks stdout delays nobody; when a megabyte waits, further lines are counted and dropped.
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that may wait.
const MOST_WAITING: usize = 1 << 20;

/// From here on the writer is woken at once.
const ENOUGH: usize = 1 << 15;

/// The longest time that a line waits.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

/// Takes lines. Cheap to clone.
#[derive(Clone)]
pub struct LogWriter(Arc<Shared>);

/// Ends the thread, after everything that waits is written.
pub struct LogWriterGuard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    /// A writer to this output, and what must be kept until the process ends.
    pub fn start(output: impl Write + Send + 'static) -> std::io::Result<(Self, LogWriterGuard)> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(&own, output))?;
        Ok((
            Self(Arc::clone(&shared)),
            LogWriterGuard {
                shared,
                thread: Some(thread),
            },
        ))
    }

    /// Adds a line, which brings its own line end. `urgent`: it should be seen now.
    pub fn line(&self, line: &[u8], urgent: bool) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.lines.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return;
        }
        let before = waiting.lines.len();
        waiting.lines.extend_from_slice(line);
        if urgent || (before < ENOUGH && waiting.lines.len() >= ENOUGH) {
            self.0.wake.notify_one();
        }
    }
}

impl Drop for LogWriterGuard {
    fn drop(&mut self) {
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ended = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(shared: &Shared, mut output: impl Write) {
    let mut lines = Vec::new();
    loop {
        let waiting = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = shared
            .wake
            .wait_timeout_while(waiting, PAUSE, |w| w.lines.len() < ENOUGH && !w.ended);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut lines, &mut waiting.lines);
        let (dropped, ended) = (std::mem::take(&mut waiting.dropped), waiting.ended);
        drop(waiting);
        if dropped > 0 {
            let _ = writeln!(
                lines,
                r#"{{"level":"WARN","message":"log lines dropped","count":{dropped}}}"#
            );
        }
        // Nobody reads any more: the service goes on.
        let _ = output.write_all(&lines).and_then(|()| output.flush());
        lines.clear();
        if ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct Stuck(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_reader_delays_nobody_and_what_was_dropped_is_told() {
        let ((release, stuck), (written, seen)) = (channel(), channel());
        let (writer, guard) = LogWriter::start(Stuck(stuck, written)).unwrap();
        let line = [b'x'; 1023];
        for _ in 0..3000 {
            writer.line(&line, false);
        }
        drop(release);
        drop(guard);
        let all: Vec<u8> = seen.iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        assert!(text.contains("log lines dropped"), "{}", text.len());
        assert!(text.len() <= 2 * MOST_WAITING + 200);
    }

    #[test]
    fn everything_is_written_before_the_end() {
        let ((release, stuck), (written, seen)) = (channel(), channel());
        drop(release);
        let (writer, guard) = LogWriter::start(Stuck(stuck, written)).unwrap();
        writer.line(b"one\n", true);
        writer.line(b"two\n", false);
        drop(guard);
        assert_eq!(seen.iter().flatten().collect::<Vec<u8>>(), b"one\ntwo\n");
    }
}
