//! The table of external commands: Terraform, `az` and the smoke test, with their exact arguments, time limits and attempts.

use std::path::Path;
use std::time::Duration;

use crate::journal::Target;

const MINUTE: Duration = Duration::from_secs(60);
/// `az` has no time limit of its own for a request.
const READ_TIMEOUT: Duration = Duration::from_secs(2 * 60);
/// `az` waits for the end of the operation.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// A reader or an idempotent change is repeated.
const ATTEMPTS: u32 = 4;

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Terraform.
    Terraform,
    /// The Azure CLI.
    Az,
    /// The smoke test, whose program is the first argument.
    Smoke,
}

/// A command that is ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// After it the command is stopped and has failed.
    pub timeout: Duration,
    /// How often it is tried: once unless it is idempotent.
    pub attempts: u32,
    /// Whether its output is logged. A plan holds values that no log may hold.
    pub is_logged: bool,
    /// Whether a stop signal waits for its end: a stopped Terraform may leave its state locked and incomplete.
    pub finishes: bool,
}

/// What a command of Terraform is about.
#[derive(Debug, Clone, Copy)]
pub struct Module<'a> {
    /// The root module.
    pub root: &'a Path,
    /// `-var-file` arguments.
    pub var_files: &'a [String],
    /// `-backend-config` arguments.
    pub backend_configs: &'a [String],
}

/// The variables that a deploy decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// The image of the app.
    pub app_image: String,
    /// The image of the job.
    pub job_image: String,
    /// The suffix of the app's revision.
    pub suffix: String,
}

impl Module<'_> {
    fn terraform(&self, args: &[&str]) -> Invocation {
        let root = format!("-chdir={}", self.root.display());
        Invocation {
            program: Program::Terraform,
            args: std::iter::once(root)
                .chain(args.iter().map(ToString::to_string))
                .collect(),
            timeout: 10 * MINUTE,
            attempts: ATTEMPTS,
            is_logged: false,
            finishes: false,
        }
    }

    /// The last value of a variable counts: no file changes what the deploy decides.
    fn with_variables(&self, mut invocation: Invocation, variables: &Variables) -> Invocation {
        let files = self.var_files.iter().map(|file| format!("-var-file={file}"));
        invocation.args.extend(files);
        let decided = [
            ("app_image", &variables.app_image),
            ("job_image", &variables.job_image),
            ("revision_suffix", &variables.suffix),
        ];
        let decided = decided.map(|(name, value)| format!("-var={name}={value}"));
        invocation.args.extend(decided);
        invocation
    }

    /// Installs providers as the lock file pins them, and configures the backend.
    pub fn init(&self) -> Invocation {
        let mut init = self.terraform(&["init", "-input=false", "-no-color", "-lockfile=readonly"]);
        let backend = self.backend_configs.iter();
        init.args
            .extend(backend.map(|file| format!("-backend-config={file}")));
        init
    }

    /// Exit code 0: no changes, 2: changes.
    pub fn plan(&self, variables: &Variables, out: &Path, target: Option<&str>) -> Invocation {
        let mut plan = self.terraform(&[
            "plan",
            "-input=false",
            "-no-color",
            "-detailed-exitcode",
            "-lock-timeout=300s",
        ]);
        plan.args.push(format!("-out={}", out.display()));
        let mut plan = self.with_variables(plan, variables);
        plan.args
            .extend(target.map(|address| format!("-target={address}")));
        plan
    }

    /// A saved plan as JSON.
    pub fn show(&self, plan: &Path) -> Invocation {
        let mut show = self.terraform(&["show", "-json", "-no-color"]);
        show.args.push(plan.display().to_string());
        show
    }

    /// Applies a saved plan. It does not carry ephemeral variables, so their files are given again; other variables must have the
    /// values of the plan.
    pub fn apply(&self, plan: &Path, variables: &Variables) -> Invocation {
        let apply = self.terraform(&["apply", "-input=false", "-no-color", "-lock-timeout=300s"]);
        let mut apply = self.with_variables(apply, variables);
        apply.args.push(plan.display().to_string());
        Invocation {
            timeout: 60 * MINUTE,
            attempts: 1,
            finishes: true,
            ..apply
        }
    }

    /// The outputs of the state.
    pub fn outputs(&self) -> Invocation {
        self.terraform(&["output", "-json", "-no-color"])
    }
}

impl Target {
    fn az(&self, words: &str, name: &str) -> Invocation {
        let args = ["--name", name, "--resource-group", &self.resource_group];
        Invocation {
            program: Program::Az,
            args: words
                .split(' ')
                .chain(args)
                .chain(["--output", "json", "--only-show-errors"])
                .map(str::to_owned)
                .collect(),
            timeout: READ_TIMEOUT,
            attempts: ATTEMPTS,
            is_logged: true,
            finishes: false,
        }
    }

    /// The app with its traffic rules.
    pub fn show_app(&self) -> Invocation {
        self.az("containerapp show", &self.app)
    }

    /// Shares of the traffic by revision, together 100.
    pub fn set_traffic(&self, shares: &[(&str, u8)]) -> Invocation {
        let mut set = self.az("containerapp ingress traffic set", &self.app);
        set.timeout = CHANGE_TIMEOUT;
        set.args.push("--revision-weight".to_owned());
        let shares = shares.iter().filter(|(_, share)| *share > 0);
        set.args
            .extend(shares.map(|(revision, share)| format!("{revision}={share}")));
        set
    }

    /// All revisions, inactive ones too.
    pub fn list_revisions(&self) -> Invocation {
        let mut list = self.az("containerapp revision list", &self.app);
        list.args.push("--all".to_owned());
        list
    }

    /// One revision.
    pub fn show_revision(&self, revision: &str) -> Invocation {
        let mut show = self.az("containerapp revision show", &self.app);
        show.args.extend(["--revision".to_owned(), revision.to_owned()]);
        show
    }

    /// Stops a revision's replicas.
    pub fn deactivate(&self, revision: &str) -> Invocation {
        let mut deactivate = self.az("containerapp revision deactivate", &self.app);
        deactivate
            .args
            .extend(["--revision".to_owned(), revision.to_owned()]);
        deactivate
    }

    /// Starts an inactive revision's replicas.
    pub fn activate(&self, revision: &str) -> Invocation {
        let mut activate = self.az("containerapp revision activate", &self.app);
        activate
            .args
            .extend(["--revision".to_owned(), revision.to_owned()]);
        activate
    }

    /// The job with its image.
    pub fn show_job(&self) -> Invocation {
        self.az("containerapp job show", &self.job)
    }

    /// The job's executions.
    pub fn list_executions(&self) -> Invocation {
        self.az("containerapp job execution list", &self.job)
    }

    /// Starts the job. Not idempotent: [`crate::machine::State::Starting`] covers a lost answer.
    pub fn start_job(&self) -> Invocation {
        Invocation {
            attempts: 1,
            ..self.az("containerapp job start", &self.job)
        }
    }

    /// One execution of the job.
    pub fn show_execution(&self, execution: &str) -> Invocation {
        let mut show = self.az("containerapp job execution show", &self.job);
        show.args
            .extend(["--job-execution-name".to_owned(), execution.to_owned()]);
        show
    }
}

/// The smoke test against an address.
pub fn smoke(command: &[String], url: &str) -> Invocation {
    Invocation {
        program: Program::Smoke,
        args: command.iter().map(|word| word.replace("{url}", url)).collect(),
        timeout: 15 * MINUTE,
        attempts: 1,
        is_logged: true,
        finishes: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: fn() -> Target = || Target {
        resource_group: "rg".to_owned(),
        app: "app".to_owned(),
        job: "job".to_owned(),
    };

    const TAIL: &str = "--resource-group rg --output json --only-show-errors";

    #[test]
    fn every_command_of_az_is_exactly_this() {
        let target = TARGET();
        for (invocation, head, tail) in [
            (target.show_app(), "containerapp show --name app", ""),
            (
                target.set_traffic(&[("app--a", 90), ("app--b", 10)]),
                "containerapp ingress traffic set --name app",
                " --revision-weight app--a=90 app--b=10",
            ),
            (
                target.set_traffic(&[("app--a", 0), ("app--b", 100)]),
                "containerapp ingress traffic set --name app",
                " --revision-weight app--b=100",
            ),
            (
                target.list_revisions(),
                "containerapp revision list --name app",
                " --all",
            ),
            (
                target.show_revision("app--b"),
                "containerapp revision show --name app",
                " --revision app--b",
            ),
            (
                target.deactivate("app--b"),
                "containerapp revision deactivate --name app",
                " --revision app--b",
            ),
            (
                target.activate("app--b"),
                "containerapp revision activate --name app",
                " --revision app--b",
            ),
            (target.show_job(), "containerapp job show --name job", ""),
            (
                target.list_executions(),
                "containerapp job execution list --name job",
                "",
            ),
            (target.start_job(), "containerapp job start --name job", ""),
            (
                target.show_execution("job-1"),
                "containerapp job execution show --name job",
                " --job-execution-name job-1",
            ),
        ] {
            assert_eq!(invocation.args.join(" "), format!("{head} {TAIL}{tail}"));
        }
    }

    #[test]
    fn every_command_of_terraform_is_exactly_this() {
        let files = ["secret.tfvars".to_owned()];
        let module = Module {
            root: Path::new("/r"),
            var_files: &files,
            backend_configs: &files,
        };
        let variables = Variables {
            app_image: "a".to_owned(),
            job_image: "j".to_owned(),
            suffix: "s".to_owned(),
        };
        let variables_of = "-var-file=secret.tfvars -var=app_image=a -var=job_image=j -var=revision_suffix=s";
        let plan = format!(
            "-chdir=/r plan -input=false -no-color -detailed-exitcode -lock-timeout=300s -out=/p {variables_of}"
        );
        for (invocation, expected) in [
            (
                module.init(),
                "-chdir=/r init -input=false -no-color -lockfile=readonly -backend-config=secret.tfvars"
                    .to_owned(),
            ),
            (
                module.plan(&variables, Path::new("/p"), Some("module.job")),
                format!("{plan} -target=module.job"),
            ),
            (module.plan(&variables, Path::new("/p"), None), plan),
            (
                module.show(Path::new("/p")),
                "-chdir=/r show -json -no-color /p".to_owned(),
            ),
            (
                module.apply(Path::new("/p"), &variables),
                format!("-chdir=/r apply -input=false -no-color -lock-timeout=300s {variables_of} /p"),
            ),
            (module.outputs(), "-chdir=/r output -json -no-color".to_owned()),
        ] {
            assert_eq!(invocation.args.join(" "), expected);
            assert!(!invocation.is_logged, "a plan or state may hold secrets");
        }
    }

    #[test]
    fn only_idempotent_commands_are_repeated() {
        let module = Module {
            root: Path::new("/r"),
            var_files: &[],
            backend_configs: &[],
        };
        let variables = Variables {
            app_image: "a".to_owned(),
            job_image: "j".to_owned(),
            suffix: "s".to_owned(),
        };
        let smoke = smoke(&["bdd".to_owned(), "{url}".to_owned()], "https://a");
        assert_eq!(smoke.args, ["bdd", "https://a"]);
        for once in [
            TARGET().start_job(),
            module.apply(Path::new("/p"), &variables),
            smoke,
        ] {
            assert_eq!(once.attempts, 1);
        }
        assert!(module.apply(Path::new("/p"), &variables).finishes);
    }
}
