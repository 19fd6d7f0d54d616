//! Gate `terraform-fmt`: every Terraform file is as Terraform writes it.

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::terraform;
use crate::profile::Profile;
use crate::scan_context::{Job, Said};
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "terraform-fmt",
    title: "Terraform files are formatted",
    tools: &["terraform"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(2),
    needed: Profile::Release,
    inputs: file_kinds::is_terraform,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "terraform-fmt",
        prepare: as_it_is,
        expects: &["terraform-fmt"],
    }),
};

fn look(job: &Job<'_>) -> Look {
    let files = job.files_where(file_kinds::is_terraform);
    if files.is_empty() {
        return Err(Trouble::NoFiles(terraform::NO_FILES.to_owned()));
    }
    let call = terraform::call(job, &job.subject)?.args(["fmt", "-check", "-list=true", "-no-color"]);
    read(&job.run(&call.args(&files), "fmt")?, files.len())
}

/// It exits with 0, with 3 for differences, with 2 for what it cannot parse or find.
fn read(said: &Said, files: usize) -> Look {
    let listed: Vec<&str> = said
        .stdout
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    match (said.code, listed.is_empty()) {
        (0, true) | (3, false) => {}
        _ => return Err(said.broke("terraform fmt could not look")),
    }
    let findings = listed.into_iter().map(|path| {
        Finding::new(
            "terraform",
            "terraform-fmt",
            "not formatted: run `terraform fmt -recursive`",
        )
        .rated(Severity::Low)
        .at(path, None)
    });
    let seen = Seen {
        findings: findings.collect(),
        ..Seen::default()
    };
    Ok(seen.looked_at(files as u64, "files", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_listed_and_what_cannot_be_parsed_is_no_silence() {
        let said = |code, stdout: &str| Said {
            code,
            stdout: stdout.to_owned(),
            stderr: "Error: Invalid".to_owned(),
        };
        assert_eq!(read(&said(3, "a/main.tf\n"), 2).unwrap().findings.len(), 1);
        assert!(read(&said(0, ""), 2).unwrap().findings.is_empty());
        for said in [said(2, ""), said(2, "main.tf\n"), said(3, ""), said(1, "")] {
            assert!(matches!(read(&said, 1), Err(Trouble::Broke(_))));
        }
    }
}
