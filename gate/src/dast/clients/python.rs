//! Gate `client-python`: openapi-python-client, compiled and type-checked by mypy.

use std::path::Path;

use harness::process::command::Command;

use crate::dast::clients::{self, BASE, BuildError, DOCUMENT, Language, step};
use crate::definition::Gate;
use crate::scan_context::ScanContext;

pub const GATE: Gate = Gate {
    id: "client-python",
    title: "A generated Python client compiles and works",
    tools: &[PYTHON.generator],
    scan: |ctx| clients::scan(ctx, &PYTHON),
    expects: &["python-check", "python-run"],
    ..BASE
};

const PYTHON: Language = Language {
    name: "python",
    main: "main.py",
    generator: "openapi-python-client",
    needs: "python3",
    build,
};

/// Without the formatter that the generator runs by default.
const SETTINGS: &str = "post_hooks: []\n";

fn build<'a>(ctx: &ScanContext<'a>, folder: &Path) -> Result<Command<'a>, BuildError> {
    std::fs::write(folder.join("generator.yaml"), SETTINGS)?;
    let generate = ctx
        .tool(PYTHON.generator)?
        .current_dir(folder)
        .args(["generate", "--path", DOCUMENT, "--output-path", "api"])
        .args(["--meta", "none", "--config", "generator.yaml"])
        // An operation that it cannot generate is a warning.
        .args(["--fail-on-warning"]);
    step(ctx, &generate, "generate")?;
    // The tool's environment has the libraries that a client needs.
    let program = ctx.run_state.program(PYTHON.generator)?.file;
    let python = ctx
        .program(program.with_file_name("python"))
        .current_dir(folder)
        // Files that appear in the cache look like changed ones.
        .envs([("PYTHONDONTWRITEBYTECODE", "1")]);
    let check = python
        .clone()
        .args(["-m", "mypy", "--strict", "--no-incremental"]);
    step(ctx, &check.args([PYTHON.main, "api"]), "check")?;
    Ok(python.args([PYTHON.main]))
}
