//! ZAP's add-ons: they contain the rules, so the report lists them.

use std::path::PathBuf;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Writes the name and the SHA-256 of each installed add-on, as `sha256sum` would.
pub fn record(ctx: &ScanContext<'_>) -> Result<PathBuf, ScanError> {
    let mut lines = String::new();
    for file in ctx.run_state.program("zap")?.files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if name.ends_with(".zap") {
            lines += &format!("{}  {name}\n", file.digest);
        }
    }
    ctx.write_file("addons.sha256", &lines)
}
