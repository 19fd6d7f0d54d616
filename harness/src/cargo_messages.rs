//! What cargo prints with `--message-format json`.

use std::path::PathBuf;

use serde::Deserialize;

/// The program that a line reports as built, wherever cargo's configuration puts the target directory.
pub fn executable(line: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    serde_json::from_str::<Message>(line).ok()?.executable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program_in_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","executable":"/t/debug/portcullis","fresh":true}"#;
        assert_eq!(executable(line), Some("/t/debug/portcullis".into()));
        assert_eq!(
            executable(r#"{"reason":"compiler-artifact","executable":null}"#),
            None
        );
        assert_eq!(executable("warning: text"), None);
    }
}
