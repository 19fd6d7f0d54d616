//! Whether every dump in a file is complete: the lines by which pg_dump marks its start and its end.

use super::token::Marker;
use crate::domain::batches::row::RowError;

/// The open dumps of a file.
#[derive(Debug, Default)]
pub struct Completeness {
    /// The line where the current dump starts.
    open: Option<u64>,
    /// The line where pg_dumpall's output starts.
    open_cluster: Option<u64>,
    /// Whether any dump was complete.
    has_complete: bool,
    /// Whether there was a marker.
    has_marker: bool,
    /// Whether there was an empty COPY block.
    has_empty_block: bool,
}

impl Completeness {
    /// Records a marker.
    pub fn mark(&mut self, line: u64, marker: Marker) -> Result<(), RowError> {
        self.has_marker = true;
        let (open, start) = match marker {
            Marker::Start => (&mut self.open, true),
            Marker::Complete => {
                self.has_complete = true;
                (&mut self.open, false)
            }
            Marker::ClusterStart => (&mut self.open_cluster, true),
            Marker::ClusterComplete => (&mut self.open_cluster, false),
        };
        if let (Some(first), true) = (&*open, start) {
            let reason =
                format!("a dump starts, but the one of line {first} has no closing line: it is truncated");
            return Err(RowError::new(line, "", reason));
        }
        *open = start.then_some(line);
        Ok(())
    }

    /// Records a COPY block, which needs a closing line after it.
    pub fn open_block(&mut self, line: u64) {
        self.open.get_or_insert(line);
    }

    /// Records a COPY block without rows.
    pub fn add_empty_block(&mut self) {
        self.has_empty_block = true;
    }

    /// Whether there was an empty COPY block.
    pub fn has_empty_block(&self) -> bool {
        self.has_empty_block
    }

    /// Whether the file has a line that only pg_dump writes.
    pub fn has_marker(&self) -> bool {
        self.has_marker
    }

    /// Whether every dump has its closing line, and there is one.
    pub fn is_complete(&self) -> bool {
        self.has_complete && self.open.is_none() && self.open_cluster.is_none()
    }
}
