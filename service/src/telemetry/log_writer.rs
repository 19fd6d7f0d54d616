//! Buffers log lines in memory; a thread of its own writes them to stdout. A blocked reader of stdout delays no request:
//! when the buffer is full, lines are dropped and counted. A part of it is reserved for warnings and errors, so that a flood of
//! requests does not hide what it does. `tracing_appender::non_blocking` limits the number of lines
//! instead of bytes, wakes its thread for every line, waits only a second at shutdown, and does not log dropped lines.

use crate::bounded_queue::BoundedQueue;
use crate::types::clock;
use chrono::SecondsFormat;
use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that may wait.
const MAX_BUFFERED: usize = (1 << 20) + RESERVE;

/// Bytes of these that only warnings and errors may use.
const RESERVE: usize = 1 << 18;

/// The writer thread wakes up when this many bytes wait.
const BATCH_SIZE: usize = 1 << 15;

/// The longest time that a line waits.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// A warning or an error.
    Warning,
    /// Anything else.
    Information,
}

struct Buffer {
    bytes: BoundedQueue<u8>,
    dropped_warnings: AtomicU64,
    dropped_information: AtomicU64,
}

/// Accepts lines. Cheap to clone.
#[derive(Clone)]
pub struct LogWriter(Arc<Buffer>);

/// Writes what is buffered and ends the thread, when it is dropped.
pub struct LogWriterGuard {
    buffer: Arc<Buffer>,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    /// Starts the writer thread. The guard must live until the process ends.
    pub fn start(output: impl Write + Send + 'static) -> std::io::Result<(Self, LogWriterGuard)> {
        let buffer = Arc::new(Buffer {
            bytes: BoundedQueue::with_batch(MAX_BUFFERED, BATCH_SIZE),
            dropped_warnings: AtomicU64::new(0),
            dropped_information: AtomicU64::new(0),
        });
        let own = Arc::clone(&buffer);
        let thread = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write_batches(&own, output))?;
        let guard = LogWriterGuard {
            buffer: Arc::clone(&buffer),
            thread: Some(thread),
        };
        Ok((Self(buffer), guard))
    }

    /// Adds a line, which must end with `\n`.
    pub fn write_line(&self, line: &[u8], importance: Importance) {
        let (reserve, dropped) = match importance {
            Importance::Warning => (0, &self.0.dropped_warnings),
            Importance::Information => (RESERVE, &self.0.dropped_information),
        };
        if !self.0.bytes.push_all(line, reserve) {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for LogWriterGuard {
    fn drop(&mut self) {
        self.buffer.bytes.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Lines that are missing in the output.
#[derive(Default)]
struct MissingLines {
    warnings: u64,
    information: u64,
    unwritten: u64,
}

impl MissingLines {
    fn is_empty(&self) -> bool {
        self.warnings + self.information + self.unwritten == 0
    }

    fn report(&self, batch: &mut VecDeque<u8>) {
        let time = clock::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let (warnings, information, unwritten) = (self.warnings, self.information, self.unwritten);
        let _ = writeln!(
            batch,
            r#"{{"timestamp":"{time}","level":"WARN","target":"security","event":"log.dropped","message":"log lines dropped","warnings":{warnings},"information":{information},"unwritten":{unwritten}}}"#
        );
    }
}

/// The output. It may fail for a time, for example while the disk is full.
struct Output<W> {
    output: W,
    /// Whether the last line was written in part: the next one begins on a new line.
    is_torn: bool,
    is_failing: bool,
}

impl<W: Write> Output<W> {
    /// Writes lines; returns those that were not written completely. The first failure is reported on stderr.
    fn write(&mut self, lines: &[u8]) -> u64 {
        let mut written = 0;
        match self.try_write(lines, &mut written) {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                self.is_failing = true;
                let _ = writeln!(std::io::stderr(), "portcullis: cannot write the log: {error}");
            }
            Err(_) => {}
        }
        if let Some(last) = written.checked_sub(1).and_then(|last| lines.get(last)) {
            self.is_torn = *last != b'\n';
        }
        let rest = lines.get(written..).unwrap_or_default();
        rest.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    fn try_write(&mut self, lines: &[u8], written: &mut usize) -> std::io::Result<()> {
        if self.is_torn {
            self.output.write_all(b"\n")?;
            self.is_torn = false;
        }
        while let Some(rest) = lines.get(*written..).filter(|rest| !rest.is_empty()) {
            match self.output.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => *written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output.flush()
    }
}

/// Writes until the buffer is closed. The service keeps running when its output fails or is closed.
fn write_batches(buffer: &Buffer, output: impl Write) {
    let mut output = Output {
        output,
        is_torn: false,
        is_failing: false,
    };
    let (mut batch, mut missing) = (VecDeque::new(), MissingLines::default());
    loop {
        let open = buffer.bytes.swap_batch(&mut batch, FLUSH_INTERVAL);
        missing.warnings += buffer.dropped_warnings.swap(0, Ordering::Relaxed);
        missing.information += buffer.dropped_information.swap(0, Ordering::Relaxed);
        let is_reported = !missing.is_empty();
        if is_reported {
            missing.report(&mut batch);
        }
        let unwritten = output.write(batch.make_contiguous());
        // The report is the last line: if any line was not written, neither was the report.
        if unwritten == 0 {
            missing = MissingLines::default();
        } else {
            missing.unwritten += unwritten - u64::from(is_reported);
        }
        batch.clear();
        if !open {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct BlockedOutput {
        begun: Sender<()>,
        release: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for BlockedOutput {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.begun.send(());
            let _ = self.release.recv();
            let _ = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A writer whose output blocks with the first line until the sender is dropped, and what is written afterwards.
    fn blocked() -> (LogWriter, LogWriterGuard, Sender<()>, Receiver<Vec<u8>>) {
        let ((begun, has_begun), (blocker, release), (written, output)) = (channel(), channel(), channel());
        let blocked = BlockedOutput {
            begun,
            release,
            written,
        };
        let (writer, guard) = LogWriter::start(blocked).unwrap();
        writer.write_line(b"first\n", Importance::Information);
        has_begun.recv().unwrap();
        (writer, guard, blocker, output)
    }

    #[test]
    fn a_blocked_reader_delays_no_caller_and_dropped_lines_are_counted() {
        let (writer, guard, blocker, output) = blocked();
        let line = [b'x'; 1023];
        for _ in 0..3000 {
            writer.write_line(&line, Importance::Information);
        }
        drop(blocker);
        drop(guard);
        let all: Vec<u8> = output.iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        assert!(text.contains("log lines dropped"), "{}", text.len());
        assert!(text.len() <= 2 * MAX_BUFFERED + 400);
    }

    #[test]
    fn a_flood_of_information_drops_no_warning() {
        let (writer, guard, blocker, output) = blocked();
        let line = [b'x'; 1023];
        for number in 0..3000 {
            writer.write_line(&line, Importance::Information);
            if number % 30 == 0 {
                writer.write_line(format!("warning {number}\n").as_bytes(), Importance::Warning);
            }
        }
        for _ in 0..(RESERVE / line.len() + 10) {
            writer.write_line(&line, Importance::Warning);
        }
        drop(blocker);
        drop(guard);
        let all: Vec<u8> = output.iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        let missing = (0..3000)
            .step_by(30)
            .find(|number| !text.contains(&format!("warning {number}\n")));
        assert_eq!(missing, None);
        let dropped: Vec<serde_json::Value> = text
            .lines()
            .filter_map(|line| {
                line.find("{\"timestamp")
                    .and_then(|at| serde_json::from_str(&line[at..]).ok())
            })
            .collect();
        let sum = |of: &str| dropped.iter().filter_map(|line| line[of].as_u64()).sum::<u64>();
        assert!(sum("information") > 900 && sum("warnings") > 0, "{dropped:?}");
    }

    /// A disk with this much space, which is freed once it has refused some writes.
    struct FullDisk {
        space: usize,
        refusals: u32,
        written: Sender<Vec<u8>>,
    }

    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.space == 0 && self.refusals > 0 {
                self.refusals -= 1;
                return Err(ErrorKind::StorageFull.into());
            }
            let count = if self.refusals > 0 {
                bytes.len().min(self.space)
            } else {
                bytes.len()
            };
            self.space = self.space.saturating_sub(count);
            let _ = self.written.send(bytes[..count].to_vec());
            Ok(count)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// J1: Lines that a full disk refuses are counted and reported, and the others stay whole.
    #[test]
    fn lines_that_a_full_disk_refused_are_counted_and_the_others_stay_whole() {
        let (written, output) = channel();
        let disk = FullDisk {
            space: 1500,
            refusals: 3,
            written,
        };
        let (writer, guard) = LogWriter::start(disk).unwrap();
        let line = format!("{{\"n\":\"{}\"}}\n", "x".repeat(90));
        let mut sent = 0;
        let mut text = String::new();
        // Until lines are written again, after the report.
        while !text.contains("log.dropped") {
            writer.write_line(line.as_bytes(), Importance::Information);
            sent += 1;
            std::thread::sleep(Duration::from_millis(2));
            text.extend(output.try_iter().map(|part| String::from_utf8(part).unwrap()));
        }
        drop(guard);
        text.extend(output.try_iter().map(|part| String::from_utf8(part).unwrap()));
        let lines: Vec<_> = text
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .collect();
        assert_eq!(text.lines().count(), lines.len() + 1, "one line is torn: {text}");
        let whole = lines.iter().filter(|line| line.get("n").is_some()).count() as u64;
        let unwritten: u64 = lines.iter().filter_map(|line| line["unwritten"].as_u64()).sum();
        assert!(unwritten > 0);
        assert_eq!(whole + unwritten, sent, "{text}");
    }

    #[test]
    fn buffered_lines_are_written_at_shutdown() {
        let (writer, guard, blocker, output) = blocked();
        drop(blocker);
        writer.write_line(b"one\n", Importance::Information);
        writer.write_line(b"two\n", Importance::Warning);
        drop(guard);
        assert_eq!(output.iter().flatten().collect::<Vec<u8>>(), b"first\none\ntwo\n");
    }
}
