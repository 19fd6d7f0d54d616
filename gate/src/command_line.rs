//! A command of the repository, as `security/gate.toml` names it.

use harness::context::Context;
use harness::process::command::Command;
use serde::Deserialize;

/// A program and its arguments. `cargo` in the first place is the cargo that runs the gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct CommandLine(Vec<String>);

impl CommandLine {
    /// The command with its placeholders filled in; it runs in the repository's root.
    pub fn command<'a>(&self, context: &'a Context, values: &[(&str, &str)]) -> Command<'a> {
        let mut words = self.0.iter().map(|word| {
            let filled =
                |word: String, (name, value): &(&str, &str)| word.replace(&format!("{{{name}}}"), value);
            values.iter().fold(word.clone(), filled)
        });
        let command = match words.next().as_deref() {
            None | Some("cargo") => Command::cargo(context),
            Some(program) => Command::new(context, program),
        };
        command.args(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in() {
        let context = Context {
            settings: harness::settings::Settings::read(),
            stop: harness::process::shutdown::Stop::default(),
        };
        let line = CommandLine(["x", "--root", "{tree}/*"].map(str::to_owned).to_vec());
        assert_eq!(
            line.command(&context, &[("tree", "/t")]).to_string(),
            "x --root /t/*"
        );
    }
}
