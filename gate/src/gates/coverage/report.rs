//! llvm-cov's JSON summary, added up by module.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

/// Lines that hold code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Lines {
    pub count: u64,
    pub covered: u64,
}

impl Lines {
    #[expect(
        clippy::cast_precision_loss,
        reason = "lines of a program are fewer than 2^52"
    )]
    pub fn percent(self) -> f64 {
        match self.count {
            0 => 100.0,
            count => self.covered as f64 * 100.0 / count as f64,
        }
    }
}

/// Lines by module: `http` and the modules directly below it, such as `http/wishes`, be they files or folders.
pub fn modules(json: &str, source: &Path, never_run: &[String]) -> Result<BTreeMap<String, Lines>, String> {
    let export: Export = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut modules: BTreeMap<String, Lines> = BTreeMap::new();
    for file in export.data.into_iter().flat_map(|data| data.files) {
        let Ok(path) = Path::new(&file.filename).strip_prefix(source) else {
            continue;
        };
        let path = path.with_extension("").display().to_string();
        if file.summary.lines.count == 0 || never_run.contains(&path) {
            continue;
        }
        let path = path.strip_suffix("/mod").unwrap_or(&path);
        let mut ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        for end in [ends.next(), ends.next()].into_iter().flatten() {
            let lines = modules.entry(path[..end].to_owned()).or_default();
            lines.count += file.summary.lines.count;
            lines.covered += file.summary.lines.covered;
        }
    }
    if modules.is_empty() {
        return Err(format!("no file of {} was measured", source.display()));
    }
    Ok(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// llvm-cov 22, shortened.
    const REPORT: &str = r#"{"data":[{"files":[
        {"filename":"/r/app/src/http/wishes/list.rs","summary":{"branches":{"count":0,"covered":0,"notcovered":0,"percent":0},"functions":{"count":1,"covered":1,"percent":100},"lines":{"count":10,"covered":4,"percent":40}}},
        {"filename":"/r/app/src/http/wishes/mod.rs","summary":{"lines":{"count":10,"covered":10,"percent":100}}},
        {"filename":"/r/app/src/http/mod.rs","summary":{"lines":{"count":5,"covered":5,"percent":100}}},
        {"filename":"/r/app/src/db/schema.rs","summary":{"lines":{"count":100,"covered":0,"percent":0}}},
        {"filename":"/r/other/src/main.rs","summary":{"lines":{"count":9,"covered":0,"percent":0}}}
        ],"totals":{}}],"type":"llvm.coverage.json.export","version":"3.1.0"}"#;

    #[test]
    fn lines_are_added_up_by_module_and_submodule_without_what_never_runs() {
        let modules = modules(REPORT, Path::new("/r/app/src"), &["db/schema".to_owned()]).unwrap();
        let counts = modules
            .iter()
            .map(|(name, lines)| (name.as_str(), lines.covered, lines.count));
        let counts: Vec<(&str, u64, u64)> = counts.collect();
        assert_eq!(counts, [("http", 19, 25), ("http/wishes", 14, 20)]);
        assert!((modules["http/wishes"].percent() - 70.0).abs() < 1e-9);
    }

    #[test]
    fn a_report_without_our_files_is_an_error() {
        assert!(modules(REPORT, Path::new("/elsewhere"), &[]).is_err());
        assert!(modules("{}", Path::new("/r"), &[]).is_err());
    }
}
