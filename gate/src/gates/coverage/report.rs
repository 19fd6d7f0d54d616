//! What llvm-cov says in its JSON summary, added up by module; runs nothing.

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
    /// How many.
    pub count: u64,
    /// How many of them ran.
    pub covered: u64,
}

impl Lines {
    /// The share that ran, in percent.
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

/// Lines by module: `http`, and `http/wishes` below it, be it a file or a folder.
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
        let parts: Vec<&str> = path.splitn(3, '/').collect();
        let names = [
            Some(parts[0].to_owned()),
            parts.get(1).map(|part| format!("{}/{part}", parts[0])),
        ];
        for name in names.into_iter().flatten() {
            let lines = modules.entry(name).or_default();
            lines.count += file.summary.lines.count;
            lines.covered += file.summary.lines.covered;
        }
    }
    match modules.is_empty() {
        true => Err(format!("no file of {} was measured", source.display())),
        false => Ok(modules),
    }
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
        let told: Vec<(&str, u64, u64)> = modules
            .iter()
            .map(|(name, lines)| (name.as_str(), lines.covered, lines.count))
            .collect();
        assert_eq!(told, [("http", 19, 25), ("http/wishes", 14, 20)]);
        assert!((modules["http/wishes"].percent() - 70.0).abs() < 1e-9);
    }

    #[test]
    fn a_report_without_our_files_is_no_silence() {
        assert!(modules(REPORT, Path::new("/elsewhere"), &[]).is_err());
        assert!(modules("{}", Path::new("/r"), &[]).is_err());
    }
}
