//! The secret variables of a root module, and the values that its tests plant for them. Reads formatted code (gate `terraform-fmt`):
//! no Terraform command says which variables are ephemeral.

use std::fs;

use crate::gates::terraform::Module;
use crate::gates::terraform::root_module;
use crate::scan_result::ScanError;

/// Values of variables that begin so are secrets: they may be neither in a plan nor in a state.
pub const MARK: &str = "canary-";

/// What a module does with secrets.
#[derive(Debug, PartialEq, Eq)]
pub struct SecretVariables {
    /// The values that were planted.
    pub planted: Vec<String>,
    /// The names of secret variables without such a value.
    pub unplanted: Vec<String>,
}

/// Reads the code of a root module and the values of its variables.
pub fn read(module: &Module) -> Result<SecretVariables, ScanError> {
    let values = match root_module::variables_file(module) {
        Some(file) => fs::read_to_string(file)?,
        None => String::new(),
    };
    let mut code = Vec::new();
    for entry in fs::read_dir(&module.copy)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            code.push(fs::read_to_string(path)?);
        }
    }
    let mut unplanted: Vec<String> = code.iter().flat_map(|text| declared(text)).collect();
    unplanted.retain(|name| planted(&value(&values, name)).is_empty());
    unplanted.sort_unstable();
    Ok(SecretVariables {
        planted: planted(&values),
        unplanted,
    })
}

/// The strings that begin with the mark.
fn planted(values: &str) -> Vec<String> {
    let quoted = values.split('"').skip(1).step_by(2);
    let marked = quoted.filter(|text| text.starts_with(MARK));
    marked.map(str::to_owned).collect()
}

/// The lines of the value of a variable: up to the next line that is not indented, or its closing bracket.
fn value(values: &str, name: &str) -> String {
    let is_start = |line: &str| {
        line.split_once('=')
            .is_some_and(|(own, _)| own.trim_end() == name)
    };
    let mut lines = values.lines().skip_while(|line| !is_start(line));
    let first = lines.next().unwrap_or_default();
    let rest = lines.take_while(|line| line.starts_with([' ', '\t', '}', ']']));
    let lines: Vec<&str> = std::iter::once(first).chain(rest).collect();
    lines.join("\n")
}

/// The variables that the code declares as sensitive or ephemeral.
fn declared(code: &str) -> Vec<String> {
    let code = format!("\n{code}");
    let blocks = code.split("\nvariable \"").skip(1);
    let secret = blocks.filter_map(|block| {
        let (name, block) = block.split_once('"')?;
        let first = block.lines().next()?;
        let is_one_line = first.trim_end().ends_with('}');
        let block = if is_one_line {
            first
        } else {
            block.split("\n}").next()?
        };
        is_secret(block).then(|| name.to_owned())
    });
    secret.collect()
}

fn is_secret(block: &str) -> bool {
    block.lines().any(|line| {
        let argument = line.trim_matches([' ', '\t', '{', '}']);
        let argument = argument.split('#').next().unwrap_or_default();
        let names = |name: &str| ["sensitive", "ephemeral"].contains(&name.trim());
        argument
            .split_once('=')
            .is_some_and(|(name, value)| names(name) && value.trim() == "true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = r#"variable "password" {
  type      = string
  sensitive = true # never shown
}

variable "region" {
  type = object({ sensitive = bool })
}

variable "keys" {
  type      = map(string)
  ephemeral = true
}

variable "one_line" { sensitive = true }

variable "shown" {
  type      = string
  sensitive = false
}

resource "a" "b" {
  sensitive = true
}
"#;

    fn module(values: Option<&str>) -> (tempfile::TempDir, Module) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("variables.tf"), CODE).unwrap();
        if let Some(values) = values {
            fs::create_dir(folder.path().join("tests")).unwrap();
            fs::write(folder.path().join("tests/terraform.tfvars"), values).unwrap();
        }
        let module = Module {
            folder: "a".to_owned(),
            copy: folder.path().to_owned(),
            label: "a".to_owned(),
        };
        (folder, module)
    }

    fn of(values: Option<&str>) -> SecretVariables {
        let (_folder, module) = module(values);
        read(&module).unwrap()
    }

    #[test]
    fn secrets_are_values_that_begin_with_the_mark() {
        let secrets = of(Some(
            "password = \"canary-1\"\nregion = \"not-canary-2\"\nkeys = {\n  \"key\" = \"canary-3\"\n}\none_line = \"canary-4\"\n",
        ));
        assert_eq!(secrets.planted, ["canary-1", "canary-3", "canary-4"]);
        assert_eq!(secrets.unplanted, [""; 0]);
    }

    #[test]
    fn a_secret_variable_without_a_planted_value_is_named() {
        assert_eq!(of(None).unplanted, ["keys", "one_line", "password"]);
        // The value of another variable is not that of the one before it.
        let secrets = of(Some(
            "one_line = \"canary-1\"\nkeys = {\n  key = \"x\"\n}\nregion = \"canary-2\"\npassword_hint = \"canary-3\"\n",
        ));
        assert_eq!(secrets.planted.len(), 3);
        assert_eq!(secrets.unplanted, ["keys", "password"]);
    }
}
