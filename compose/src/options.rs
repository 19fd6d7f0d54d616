//! The options of `up --compose` and `down --compose`.

use std::path::PathBuf;

/// What both commands need.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// In containers: the stack of compose/
    #[arg(long)]
    compose: bool,
    /// Directory for secrets and certificates [default: .portcullis-compose in the repository]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// The name of the project, for a second stack on the same machine
    #[arg(long, value_name = "NAME", default_value = "portcullis")]
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
