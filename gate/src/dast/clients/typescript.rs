//! Gate `client-typescript`: openapi-typescript and openapi-fetch, compiled by TypeScript and run by Node.

use std::os::unix::fs::symlink;
use std::path::Path;

use harness::process::command::Command;

use crate::dast::clients::{self, BASE, BuildError, DOCUMENT, Language, on_path, step};
use crate::definition::Gate;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

pub const GATE: Gate = Gate {
    id: "client-typescript",
    title: "A generated TypeScript client compiles and works",
    tools: &[TYPESCRIPT.generator],
    scan: |ctx| clients::scan(ctx, &TYPESCRIPT),
    expects: &["typescript-check", "typescript-run"],
    ..BASE
};

const TYPESCRIPT: Language = Language {
    name: "typescript",
    main: "main.ts",
    generator: "openapi-typescript",
    needs: "node",
    build,
};

fn build<'a>(ctx: &ScanContext<'a>, folder: &Path) -> Result<Command<'a>, BuildError> {
    let generate = ctx.tool(TYPESCRIPT.generator)?.current_dir(folder);
    step(
        ctx,
        &generate.args([DOCUMENT, "--output", "api.d.ts"]),
        "generate",
    )?;
    // The tool's installation has the compiler and the client's library.
    let program = ctx.run_state.program(TYPESCRIPT.generator)?.file;
    let missing = || ScanError::ToolMissing(format!("{} has no folder", program.display()));
    let modules = program.parent().and_then(Path::parent).ok_or_else(missing)?;
    let modules = modules.join("lib").join("node_modules");
    let _same_in_each_scan = symlink(&modules, folder.join("node_modules"));
    let check = ctx.program(modules.join(".bin").join("tsc")).current_dir(folder);
    step(ctx, &check.args(["--project", "tsconfig.json"]), "check")?;
    Ok(ctx.program(on_path(ctx, "node")?).args(["main.js"]))
}
