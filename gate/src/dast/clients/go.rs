//! Gate `client-go`: oapi-codegen, compiled by Go with the checksums of the module's `go.sum`.

use std::path::Path;

use harness::process::command::Command;

use crate::dast::clients::{self, BASE, BuildError, DOCUMENT, Language, on_path, step};
use crate::definition::Gate;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

pub const GATE: Gate = Gate {
    id: "client-go",
    title: "A generated Go client compiles and works",
    tools: &[GO.generator],
    scan: |ctx| clients::scan(ctx, &GO),
    expects: &["go-check", "go-run"],
    ..BASE
};

const GO: Language = Language {
    name: "go",
    main: "main.go",
    generator: "oapi-codegen",
    needs: "go",
    build,
};

fn build<'a>(ctx: &ScanContext<'a>, folder: &Path) -> Result<Command<'a>, BuildError> {
    std::fs::create_dir_all(folder.join("api"))?;
    let generate = ctx
        .tool(GO.generator)?
        .current_dir(folder)
        .args(["-generate", "client,models", "-package", "api"])
        .args(["-o", "api/api.gen.go", DOCUMENT]);
    step(ctx, &generate, "generate")?;
    let proxy: &[(&str, &str)] = if ctx.run_state.options.offline {
        &[("GOPROXY", "off")]
    } else {
        &[]
    };
    let go = ctx
        .program(on_path(ctx, "go")?)
        .current_dir(folder)
        .envs([("GOFLAGS", "-mod=readonly"), ("GOWORK", "off")])
        .envs(proxy.iter().copied());
    // Libraries that cannot be fetched are no fault of the client.
    let fetched = ctx.run(&go.clone().args(["mod", "download"]), "download")?;
    if fetched.code != 0 {
        let failed = fetched.failed("`go mod download`").to_string();
        return Err(ScanError::DataUnavailable(failed).into());
    }
    step(ctx, &go.args(["build", "-o", "client", "."]), "check")?;
    Ok(ctx.program(folder.join("client")))
}
