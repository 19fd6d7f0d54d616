//! The policies of a folder: each package defines a set `deny` of objects with rule, address, message and control.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

/// One thing in a plan that a policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// The name of the rule.
    pub rule: String,
    /// Of the resource.
    pub address: String,
    /// What is wrong.
    pub message: String,
    /// The requirement that the rule implements, such as `asvs:v5.0.0-12.2.1`.
    pub control: String,
}

/// The policies of one folder.
pub struct Policies {
    engine: Engine,
    packages: Vec<String>,
    /// The rules that the files name.
    rules: BTreeSet<String>,
}

impl Policies {
    /// Reads every `*.rego` file of a folder.
    ///
    /// # Errors
    ///
    /// If there is none, one is no valid policy, or one reports a rule that no file defines.
    pub fn read(folder: &Path) -> Result<Policies> {
        let mut engine = Engine::new();
        // A builtin that fails must not turn a violation into "undefined".
        engine.set_strict_builtin_errors(true);
        let (mut packages, mut rules, mut reported) = (Vec::new(), BTreeSet::new(), Vec::new());
        for file in files(folder, "rego")? {
            let text = fs::read_to_string(&file)?;
            rules.extend(quoted_after(&text, "\"rule\":"));
            reported.extend(quoted_after(&text, "finding(").map(|rule| (file.clone(), rule)));
            let package = engine.add_policy(file.display().to_string(), text)?;
            packages.push(package);
        }
        packages.sort_unstable();
        packages.dedup();
        ensure!(!packages.is_empty(), "no policy in {}", folder.display());
        // The finding of such a rule would be undefined for its lack of a control: the rule would never deny anything.
        for (file, rule) in reported {
            ensure!(
                rules.contains(&rule),
                "{}: the rule {rule} is not in the list of rules",
                file.display()
            );
        }
        Ok(Policies {
            engine,
            packages,
            rules,
        })
    }

    /// The rules that the files name.
    pub fn rules(&self) -> &BTreeSet<String> {
        &self.rules
    }

    /// What the policies deny in a plan (`terraform show -json`).
    ///
    /// # Errors
    ///
    /// If it cannot be evaluated, or a policy denies something in another form.
    pub fn denials(&mut self, plan: &serde_json::Value) -> Result<BTreeSet<Denial>> {
        self.engine.set_input_json(&plan.to_string())?;
        let mut denials = BTreeSet::new();
        for package in &self.packages {
            let results = self.engine.eval_query(format!("{package}.deny"), false)?;
            let values = results.result.into_iter().flat_map(|result| result.expressions);
            for value in values.map(|expression| expression.value) {
                // A package of functions denies nothing.
                if value != Value::Undefined {
                    let set: BTreeSet<Denial> = serde_json::from_str(&value.to_json_str()?)
                        .with_context(|| format!("{package}.deny"))?;
                    denials.extend(set);
                }
            }
        }
        Ok(denials)
    }
}

/// The files of a folder with an extension, sorted.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|own| own == extension) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The strings that directly follow this text in a policy.
fn quoted_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = String> + 'a {
    let after = text.split(before).skip(1);
    after.filter_map(|after| {
        after
            .trim_start()
            .strip_prefix('"')?
            .split('"')
            .next()
            .map(str::to_owned)
    })
}
