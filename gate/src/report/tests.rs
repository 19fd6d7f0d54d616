//! Tests of complete reports on disk: what their files contain, and what they never contain.

use std::fs;

use harness::checksum;
use serde_json::Value;

use super::*;
use crate::redaction::Redactor;
use crate::test_tree::TestTree;

fn settings(tree: &TestTree) -> Settings {
    Settings {
        root: tree.folder.join("checkout"),
        target: tree.folder.join("checkout/target"),
        home: Some(tree.folder.join("ann")),
        step_summary: None,
        ..tree.context.settings.clone()
    }
}

fn publish(tree: &TestTree, report: Report, secret: &str) -> Result<PathBuf> {
    let writer = ReportWriter {
        settings: &settings(tree),
        config: &Config::default(),
        redactor: Redactor::of([secret.to_owned()]),
        scratch: Some(&tree.folder.join("scratch")),
        files: tree.folder.clone(),
    };
    writer.publish(report)
}

const SECRET: &str = "s3cret/of+the run&1";

/// Path and bytes of each file of a report.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.push((name, fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Appends this to every text of the run that a tool or a person can choose.
fn with_every_text(report: Report, text: &str) -> Report {
    const CHOSEN: [&str; 14] = [
        "title", "reason", "name", "version", "source", "of", "message", "rule", "package", "unit", "owner",
        "link", "path", "revision",
    ];
    fn change(value: &mut Value, text: &str) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(old) if CHOSEN.contains(&name.as_str()) => old.push_str(text),
                        Value::Array(values)
                            if values.first().is_some_and(Value::is_string) && name != "tools" =>
                        {
                            values.push(text.into());
                        }
                        value => change(value, text),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| change(value, text)),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).unwrap();
    change(&mut value, text);
    serde_json::from_value(value).unwrap()
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(JSON_SCHEMA).unwrap()).unwrap()
}

#[test]
fn a_report_is_complete_listed_and_valid() {
    let tree = TestTree::new("report-whole");
    fs::write(tree.folder.join("sbom.cdx.json"), "{}").unwrap();
    let mut report = sample::every_verdict();
    report.gates[8].files.push("sbom.cdx.json".to_owned());
    let folder = publish(&tree, report, SECRET).unwrap();
    let files = files(&folder);
    let list = text(&folder, "MANIFEST.sha256");
    for (name, bytes) in files.iter().filter(|(name, _)| name != "MANIFEST.sha256") {
        let line = format!("{}  {name}", checksum::of(bytes));
        assert!(list.lines().any(|listed| listed == line), "{name}");
    }
    assert_eq!(list.lines().count() + 1, files.len());
    for name in [
        "index.html",
        "report.json",
        "report.schema.json",
        "merged.sarif",
        "sarif/zizmor.sarif",
        "junit.xml",
        "summary.md",
        "files/sbom/sbom.cdx.json",
    ] {
        assert!(files.iter().any(|(path, _)| path == name), "{name}");
    }
    let mut json: Value = serde_json::from_str(&text(&folder, "report.json")).unwrap();
    let validator = validator();
    let errors: Vec<String> = validator
        .iter_errors(&json)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    json["gates"][0]["verdict"] = "ok".into();
    assert!(
        !validator.is_valid(&json),
        "a verdict that the schema does not list"
    );
}

#[test]
fn the_page_shows_everything_without_script_or_network() {
    let tree = TestTree::new("report-page");
    let folder = publish(&tree, sample::every_verdict(), SECRET).unwrap();
    let page = text(&folder, "index.html");
    for text in [
        "4 of 17 gates fail the run",
        "9f2cdd85d",
        "2 files differ",
        "pipeline",
        "2026-11-21 07:21 UTC",
        "21 min 51 s",
        "RustSec advisory database</strong> of 2026-08-20, <span class=\"old\">93 days old",
        "missed the planted defect",
        "none planted",
        "unchanged since <time datetime=\"2026-11-21T06:02:11+00:00\">06:02 UTC<",
        "<code>tflint</code>",
        "55</b> <span>days left",
        "expired: it covers nothing",
        "unused: it can be removed",
        "v5.0.0-6.2.11",
        "not covered: impostor-commit",
        "88.7 %",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for verdict in ["pass", "fail", "waived", "not run", "untrusted"] {
        assert!(page.contains(&format!("</svg>{verdict}</span>")), "{verdict}");
    }
    // Links lead into the page, to files of the report, or come from the ledger.
    for attribute in [" src=", "@import", "url("] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    let links = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    for link in links {
        let own = link.starts_with('#') || folder.join(link).exists();
        assert!(own || link.starts_with("https://example.org/issues/"), "{link}");
    }
}

#[test]
fn a_tools_text_is_escaped_in_every_file() {
    let tree = TestTree::new("report-evil");
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\u{1b}[31m]]>\u{0} javascript:x";
    let folder = publish(&tree, with_every_text(sample::every_verdict(), evil), SECRET).unwrap();
    let page = text(&folder, "index.html");
    assert!(page.contains("&#60;script&#62;alert(1)"), "the escaped text");
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    assert!(!page.contains("<img") && !page.contains("href=\"javascript:"));
    for name in ["junit.xml", "summary.md"] {
        let text = text(&folder, name);
        assert!(!text.contains("<script") && !text.contains("<img"), "{name}");
    }
    for (name, bytes) in files(&folder) {
        assert!(!bytes.contains(&0x1b) && !bytes.contains(&0), "{name}");
        if name.ends_with(".sarif") || name.ends_with(".json") {
            serde_json::from_slice::<Value>(&bytes).unwrap();
        }
    }
}

#[test]
fn no_file_contains_a_secret_or_a_folder_of_this_machine() {
    let tree = TestTree::new("report-machine");
    let here = tree.folder.display().to_string();
    let text = format!(
        " {SECRET} {here}/checkout/src/a.rs {here}/ann/.cargo/x {here}/scratch/tree/b.rs {here}/checkout/target/c"
    );
    let mut report = with_every_text(sample::every_verdict(), &text);
    let file = tree.folder.join("out.txt");
    fs::write(&file, format!("token={SECRET} in {here}/checkout/x.rs")).unwrap();
    report.gates[0].files = vec![file.display().to_string()];
    let folder = publish(&tree, report, SECRET).unwrap();
    for (name, bytes) in files(&folder) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(SECRET) && !text.contains("s3cret"), "{name}");
        assert!(!text.contains(&here), "{name}");
    }
    let out = fs::read_to_string(folder.join("files/fmt/out.txt")).unwrap();
    assert_eq!(out, "token=[redacted] in x.rs");
}

#[test]
fn an_encoded_secret_fails_the_run_and_removes_the_report() {
    let tree = TestTree::new("report-leak");
    let first = publish(&tree, sample::every_verdict(), SECRET).unwrap();
    assert!(first.join("index.html").exists());
    let mut report = sample::every_verdict();
    report.gates[0].reason = "?token=s3cret%2Fof%2Bthe%20run%261".to_owned();
    let error = publish(&tree, report, SECRET).unwrap_err().to_string();
    assert!(
        error.starts_with("the report contains a secret of this run") && !error.contains("s3cret"),
        "{error}"
    );
    assert!(!first.exists(), "the earlier one is removed too");
    assert!(!first.with_extension("new").exists());
}

#[test]
fn an_unwritable_report_is_one_line_of_error_and_leaves_no_report() {
    let tree = TestTree::new("report-closed");
    // A file in the place of a folder cannot be written to, even by root.
    fs::create_dir_all(tree.folder.join("checkout")).unwrap();
    fs::write(tree.folder.join("checkout/target"), "").unwrap();
    let error = publish(&tree, sample::every_verdict(), SECRET).unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.starts_with("cannot write report below ") && error.lines().count() == 1,
        "{error}"
    );
}

#[test]
fn the_summary_is_appended_to_the_workflows_summary() {
    let tree = TestTree::new("report-steps");
    let steps = tree.folder.join("steps.md");
    fs::write(&steps, "## Build\n").unwrap();
    let settings = Settings {
        step_summary: Some(steps.clone()),
        ..settings(&tree)
    };
    let writer = ReportWriter {
        settings: &settings,
        config: &Config::default(),
        redactor: Redactor::default(),
        scratch: None,
        files: tree.folder.clone(),
    };
    let folder = writer.publish(sample::every_verdict()).unwrap();
    let summary = text(&folder, "summary.md");
    assert_eq!(
        fs::read_to_string(&steps).unwrap(),
        format!("## Build\n{summary}")
    );
    assert!(summary.contains("| ❔ untrusted (fails the run) | trivy-config | missed: DS-0002, DS-0029 |"));
}

#[test]
fn first_seen_is_retained_between_runs() {
    let tree = TestTree::new("report-since");
    publish(&tree, sample::every_verdict(), SECRET).unwrap();
    let mut later = sample::every_verdict();
    later.began = "2026-12-01T08:00:00+00:00".to_owned();
    let folder = publish(&tree, later, SECRET).unwrap();
    let json: Value = serde_json::from_str(&text(&folder, "report.json")).unwrap();
    for defect in json["findings"].as_array().unwrap() {
        assert!(defect["first_seen"].as_str().unwrap().starts_with("2026-11-21"));
    }
}
