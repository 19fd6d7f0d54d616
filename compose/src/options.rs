//! The options of `up --compose` and `down --compose`.

use std::path::PathBuf;

/// What both commands need.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Use the stack of compose/, in containers
    #[arg(long)]
    compose: bool,
    /// Directory for secrets and certificates [default: .portcullis-compose/NAME in the repository, NAME being the project's]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// The name of the project, for a second stack on the same machine
    #[arg(long, value_name = "NAME", default_value = "portcullis", value_parser = parse_project)]
    pub(crate) project: String,
    /// The first three numbers of the addresses of replicas and nginx
    #[arg(long, value_name = "A.B.C", default_value = "10.188.16")]
    pub(crate) network: String,
}

impl Options {
    /// The stack with this name and network, and its files in a folder.
    pub fn of(project: &str, network: &str, state: PathBuf) -> Options {
        Options {
            compose: true,
            state: Some(state),
            project: project.to_owned(),
            network: network.to_owned(),
        }
    }
}

/// Compose's rule for names. The name is also that of a folder.
fn parse_project(name: &str) -> Result<String, String> {
    let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let begins = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && name.bytes().all(is_valid) {
        Ok(name.to_owned())
    } else {
        Err("a project's name has lower-case letters, digits, `-` and `_`, and begins with a letter or a digit".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_project_is_no_path() {
        for name in ["portcullis", "portcullis-2", "2_x"] {
            assert_eq!(parse_project(name).as_deref(), Ok(name));
        }
        for name in ["", ".", "..", "a/b", "-x", "A", "a b"] {
            assert!(parse_project(name).is_err(), "{name}");
        }
    }
}
