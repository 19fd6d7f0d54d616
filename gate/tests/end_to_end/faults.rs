//! The faults, and the gates that must fail for each.

use super::checkout::Checkout;

/// A fault and the gates that must fail for it.
pub type Fault = (&'static [&'static str], fn(&Checkout));

/// Gates that need no tool but the compiler's own.
pub const OURS: &[&str] = &["fmt", "tidy", "waivers", "commits"];

/// Gates of other people's tools that read files.
pub const SCANNERS: &[&str] = &[
    "hadolint",
    "zizmor",
    "actionlint",
    "gitleaks",
    "trivy-secrets",
    "trivy-config",
    "checkov",
    "tflint",
    "terraform-fmt",
    "terraform-validate",
    "terraform-test",
    "terraform-compliance",
];

/// Gates that read what cargo knows. They see one dependency from several sides.
pub const DEPENDENCIES: &[&str] = &["clippy", "audit", "deny", "auditable", "sbom"];

/// Gates that attack the running service.
pub const ATTACKERS: &[&str] = &["headers", "schemathesis", "wapiti"];

/// Gates that run every test.
pub const TESTERS: &[&str] = &["test", "bdd"];

/// The gate that measures which lines ran.
pub const COVERAGE: &[&str] = &["coverage"];

pub const FAULTS_FOR_OURS: &[Fault] = &[
    (&["fmt"], |tree| {
        tree.append("harness/src/exit.rs", "\nconst  BADLY:u8=1 ;\n");
    }),
    (&["tidy"], |tree| {
        tree.write("harness/src/utils.rs", "//! A name that says nothing.\n");
    }),
    (&["waivers"], |tree| {
        tree.write(".gitleaksignore", "0123456789:a.rs:generic-api-key:1\n");
    }),
    (&["commits"], |tree| tree.commit("some words")),
];

/// A good image but for one instruction.
const IMAGE: &str = "FROM debian:12.9-slim\nUSER 65532\nHEALTHCHECK CMD [\"/bin/true\"]\n";

/// A good workflow up to its steps.
const WORKFLOW: &str = "name: planted
on: push
permissions: {}
concurrency:
  group: planted
  cancel-in-progress: true
jobs:
  planted:
    name: planted
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
";
const CHECKOUT: &str = "      - name: Check out
        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
";

/// A module that nobody has anything against.
const MODULE: &str = "terraform {
  required_version = \">= 1.11\"
}

resource \"terraform_data\" \"planted\" {
  input = { encrypted = false }
}
";

pub const FAULTS_FOR_SCANNERS: &[Fault] = &[
    (&["hadolint"], |tree| image(tree, "CMD /bin/true\n")),
    // Both know what is called a secret.
    (&["hadolint", "trivy-config"], |tree| {
        image(tree, "ENV PLANTED_PASSWORD=planted\nCMD [\"/bin/true\"]\n");
    }),
    (&["checkov"], |tree| {
        image(
            tree,
            "RUN curl --insecure https://example.org\nCMD [\"/bin/true\"]\n",
        );
    }),
    // The token stays in the checkout.
    (&["zizmor"], |tree| workflow(tree, CHECKOUT)),
    (&["actionlint"], |tree| {
        workflow(tree, "      - name: Split\n        run: test -d $HOME\n");
    }),
    (&["gitleaks", "trivy-secrets"], |tree| {
        tree.write("token.txt", &format!("token = {}\n", token()));
    }),
    // It is in the history still.
    (&["gitleaks"], |tree| {
        tree.write("token.txt", &format!("token = {}\n", token()));
        tree.sh("git add .");
        tree.commit("feat: add a token");
        tree.sh("git rm --quiet token.txt");
        tree.commit("fix: remove the token");
    }),
    (&["tflint"], |tree| {
        let unused = "variable \"unused\" {\n  type        = string\n  description = \"Nobody asks.\"\n}\n";
        module(tree, unused, "");
    }),
    (&["terraform-fmt"], |tree| {
        module(tree, "", &output("value   =   terraform_data.planted.id"));
    }),
    (&["terraform-validate"], |tree| {
        module(
            tree,
            "",
            &output("value       = terraform_data.planted.no_such_thing"),
        );
    }),
    (&["terraform-test"], |tree| {
        module(tree, "", "");
        let test = "run \"planted\" {
  command = plan

  assert {
    condition     = terraform_data.planted.input.encrypted
    error_message = \"planted: not encrypted\"
  }
}
";
        tree.write("terraform/planted/planted.tftest.hcl", test);
    }),
    (&["terraform-compliance"], |tree| {
        module(tree, "", "");
        let feature = "Feature: what is stored is encrypted

  Scenario: the planted resource is encrypted
    Given I have terraform_data defined
    Then it must have input
    And it must have encrypted
    And its value must be true
";
        tree.write("terraform/planted/compliance/planted.feature", feature);
    }),
];

pub const FAULTS_FOR_DEPENDENCIES: &[Fault] = &[
    (&["clippy"], |tree| {
        tree.append("harness/src/exit.rs", "\nfn nobody_calls_this() {}\n");
    }),
    (&["audit", "deny"], |tree| {
        tree.sh("cargo add --quiet --package tools time@=0.1.43");
    }),
    (&["audit", "deny", "auditable"], |tree| {
        tree.sh("cargo add --quiet --package portcullis time@=0.1.43");
    }),
    (&["deny"], |tree| tree.replace("deny.toml", "  \"MIT\",\n", "")),
    // A bill that stands in the tree claims to be the service's.
    (&["sbom"], |tree| {
        tree.sh("cp gate/canaries/sbom/broken.cdx.json service/planted.cdx.json");
    }),
];

pub const FAULTS_FOR_ATTACKERS: &[Fault] = &[
    (&["headers"], |tree| {
        let file = "service/src/http/edge/security_headers.rs";
        tree.replace(
            file,
            "from_static(\"no-referrer\")",
            "from_static(\"unsafe-url\")",
        );
    }),
    // What is sent is not what the document promises.
    (&["schemathesis"], |tree| {
        let (named, misnamed) = ("serde(rename = \"type\")", "serde(rename = \"planted\")");
        tree.replace("service/src/http/contract/problem.rs", named, misnamed);
    }),
    // Scripts may read the session.
    (&["wapiti"], |tree| {
        tree.replace("service/src/http/web/cookies.rs", " HttpOnly;", "");
    }),
];

pub const FAULTS_FOR_TESTERS: &[Fault] = &[
    (&["test"], |tree| {
        let test = "\n#[cfg(test)]\nmod planted {\n    #[test]\n    fn fails() {\n        assert_eq!(1, 2);\n    }\n}\n";
        tree.append("harness/src/exit.rs", test);
    }),
    (&["bdd"], |tree| {
        let scenario = "\n  Scenario: What nobody promised\n    When I get \"/health/live\"\n    Then the response status is 418\n";
        tree.append("features/features/health.feature", scenario);
    }),
];

pub const FAULTS_FOR_COVERAGE: &[Fault] = &[(&["coverage"], |tree| {
    tree.sh("cp gate/canaries/coverage/src/forgotten.rs service/src/forgotten.rs");
    tree.append("service/src/lib.rs", "\n/// Planted.\npub mod forgotten;\n");
})];

fn image(tree: &Checkout, instructions: &str) {
    tree.write("Dockerfile", &format!("{IMAGE}{instructions}"));
}

fn workflow(tree: &Checkout, steps: &str) {
    tree.write(".github/workflows/planted.yml", &format!("{WORKFLOW}{steps}"));
}

fn module(tree: &Checkout, variables: &str, outputs: &str) {
    for (name, text) in [("main", MODULE), ("variables", variables), ("outputs", outputs)] {
        tree.write(&format!("terraform/planted/{name}.tf"), text);
    }
}

fn output(value: &str) -> String {
    format!("output \"planted\" {{\n  description = \"What was made.\"\n  {value}\n}}\n")
}

/// In the form of GitHub's: put together here, because no file of a repository may hold one.
fn token() -> String {
    let letters = "Qx7Lr2Vn9Tb4Kd8Wm3Zc6Yf1Hg5Js0Pu".to_owned() + "Ae7Ri";
    format!("gh{}_{}", "p", &letters[..36])
}
