//! Defects to plant into a copy of the repository, and the gates that must fail for each.

use super::checkout::Checkout;

/// The gates that must fail, and how to plant the defect.
pub type Defect = (&'static [&'static str], fn(&Checkout));

/// Gates without tools other than the compiler's.
pub const OURS: &[&str] = &["fmt", "tidy", "waivers", "commits"];

/// Gates that scan images and workflows.
pub const BUILDS: &[&str] = &["hadolint", "zizmor", "actionlint", "trivy-config", "checkov"];

/// Gates that search for secrets.
pub const SECRETS: &[&str] = &["gitleaks", "trivy-secrets"];

/// Gates that check what an operator applies.
pub const OPERATIONS: &[&str] = &["squawk", "kubernetes", "alert-rules"];

/// Gates that check Terraform modules.
pub const MODULES: &[&str] = &[
    "tflint",
    "terraform-fmt",
    "terraform-validate",
    "terraform-test",
    "terraform-compliance",
];

/// Gates that judge plans.
pub const PLANNERS: &[&str] = &["terraform-plan", "terraform-policies"];

/// Gates of dependencies and code that use cargo.
pub const DEPENDENCIES: &[&str] = &["clippy", "audit", "deny", "auditable", "sbom"];

/// Gates that attack the running service.
pub const ATTACKERS: &[&str] = &["headers", "schemathesis", "wapiti"];

/// Gates that use a generated client.
pub const CLIENTS: &[&str] = &["client-python", "client-typescript", "client-go"];

/// Gates that run every test.
pub const TESTERS: &[&str] = &["test", "bdd"];

/// Gates that destroy and restore a database.
pub const RESTORERS: &[&str] = &["restore"];

pub const COVERAGE: &[&str] = &["coverage"];

pub const DEFECTS_FOR_OURS: &[Defect] = &[
    (&["fmt"], |tree| {
        tree.append("harness/src/exit.rs", "\nconst  BADLY:u8=1 ;\n");
    }),
    (&["tidy"], |tree| {
        tree.write("harness/src/utils.rs", "//! A name without meaning.\n");
    }),
    (&["waivers"], |tree| {
        tree.write(".gitleaksignore", "0123456789:a.rs:generic-api-key:1\n");
    }),
    (&["commits"], |tree| tree.commit("some text")),
];

/// A valid image without its last instructions.
const IMAGE: &str = "FROM debian:12.9-slim\nUSER 65532\nHEALTHCHECK CMD [\"/bin/true\"]\n";

/// A valid workflow without its steps.
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

/// A valid Terraform module.
const MODULE: &str = "terraform {
  required_version = \">= 1.11\"
}

resource \"terraform_data\" \"planted\" {
  input = { encrypted = false }
}
";

pub const DEFECTS_FOR_BUILDS: &[Defect] = &[
    (&["hadolint"], |tree| image(tree, "CMD /bin/true\n")),
    // Both recognize the name of a secret.
    (&["hadolint", "trivy-config"], |tree| {
        image(tree, "ENV PLANTED_PASSWORD=planted\nCMD [\"/bin/true\"]\n");
    }),
    (&["checkov"], |tree| {
        image(
            tree,
            "RUN curl --insecure https://example.org\nCMD [\"/bin/true\"]\n",
        );
    }),
    // The checkout retains its token.
    (&["zizmor"], |tree| workflow(tree, CHECKOUT)),
    (&["actionlint"], |tree| {
        workflow(tree, "      - name: Split\n        run: test -d $HOME\n");
    }),
];

pub const DEFECTS_FOR_SECRETS: &[Defect] = &[
    (&["gitleaks", "trivy-secrets"], |tree| {
        tree.write("token.txt", &format!("token = {}\n", token()));
    }),
    // The history still contains it.
    (&["gitleaks"], |tree| {
        tree.write("token.txt", &format!("token = {}\n", token()));
        tree.sh("git add .");
        tree.commit("feat: add a token");
        tree.sh("git rm --quiet token.txt");
        tree.commit("fix: remove the token");
    }),
];

pub const DEFECTS_FOR_OPERATIONS: &[Defect] = &[
    (&["squawk"], |tree| {
        let step = "migrations/steps/2999-01-01-000001_planted/up.sql";
        tree.write(step, "ALTER TABLE wishes.wishes DROP COLUMN note;\n");
    }),
    // The table is locked until the last row is changed.
    (&["squawk"], |tree| {
        let step = "migrations/steps/2999-01-01-000001_planted/up.sql";
        let text = "ALTER TABLE wishes.wishes ADD COLUMN rank bigint;\nUPDATE wishes.wishes SET rank = 0;\n";
        tree.write(step, text);
    }),
    // A step that ran.
    (&["squawk"], |tree| {
        let step = "migrations/steps/2026-11-21-000005_wishes/up.sql";
        tree.append(step, "COMMENT ON TABLE wishes.wishes IS 'planted';\n");
    }),
    // A field that the API does not know.
    (&["kubernetes"], |tree| {
        let file = "deploy/kubernetes/base/deployment.yaml";
        tree.replace(file, "  replicas: 2\n", "  replicas: 2\n  planted: true\n");
    }),
    (&["kubernetes"], |tree| {
        let file = "deploy/kubernetes/base/migrate.yaml";
        tree.replace(file, "            readOnlyRootFilesystem: true\n", "");
    }),
    // The alert comes an hour later than its test expects.
    (&["alert-rules"], |tree| {
        let file = "deploy/monitoring/alerts.rules.yml";
        tree.replace(file, "> 26 * 3600", "> 28 * 3600");
    }),
];

pub const DEFECTS_FOR_MODULES: &[Defect] = &[
    (&["tflint"], |tree| {
        let unused = "variable \"unused\" {\n  type        = string\n  description = \"Unused.\"\n}\n";
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

pub const DEFECTS_FOR_PLANNERS: &[Defect] = &[
    (&["terraform-plan"], |tree| {
        module(
            tree,
            "variable \"password\" {\n  type        = string\n  description = \"A secret.\"\n}\n",
            "resource \"terraform_data\" \"secret\" {\n  input = var.password\n}\n",
        );
        tree.write(
            "terraform/planted/tests/terraform.tfvars",
            "password = \"canary-planted\"\n",
        );
    }),
    // No value is planted for the secret, so nothing shows where it goes.
    (&["terraform-plan"], |tree| {
        module(
            tree,
            "variable \"token\" {\n  type        = string\n  description = \"A secret.\"\n  default     = \"none\"\n  ephemeral   = true\n}\n",
            "",
        );
    }),
    // The second plan changes it.
    (&["terraform-plan"], |tree| {
        module(
            tree,
            "",
            "resource \"terraform_data\" \"clock\" {\n  input = timestamp()\n}\n",
        );
    }),
    (&["terraform-policies"], |tree| {
        module(tree, "", "");
        tree.sh("cp -r gate/canaries/terraform-policies/policies terraform/planted");
    }),
];

pub const DEFECTS_FOR_DEPENDENCIES: &[Defect] = &[
    (&["clippy"], |tree| {
        tree.append("harness/src/exit.rs", "\nfn is_never_called() {}\n");
    }),
    (&["audit", "deny"], |tree| {
        tree.sh("cargo add --quiet --package tools time@=0.1.43");
    }),
    (&["audit", "deny", "auditable"], |tree| {
        tree.sh("cargo add --quiet --package portcullis time@=0.1.43");
    }),
    (&["deny"], |tree| tree.replace("deny.toml", "  \"MIT\",\n", "")),
    // A bill of materials in the tree claims to be the service's.
    (&["sbom"], |tree| {
        tree.sh("cp gate/canaries/sbom/broken.cdx.json service/planted.cdx.json");
    }),
];

pub const DEFECTS_FOR_ATTACKERS: &[Defect] = &[
    (&["headers"], |tree| {
        let file = "service/src/http/edge/security_headers.rs";
        tree.replace(
            file,
            "from_static(\"no-referrer\")",
            "from_static(\"unsafe-url\")",
        );
    }),
    // A response that differs from the OpenAPI document.
    (&["schemathesis"], |tree| {
        let (named, misnamed) = ("serde(rename = \"type\")", "serde(rename = \"planted\")");
        tree.replace("service/src/http/contract/problem.rs", named, misnamed);
    }),
    // Scripts can read the session cookie.
    (&["wapiti"], |tree| {
        tree.replace("service/src/http/web/cookies.rs", " HttpOnly;", "");
    }),
];

pub const DEFECTS_FOR_CLIENTS: &[Defect] = &[
    // A member of the response is not the document's.
    (CLIENTS, |tree| {
        let (documented, planted) = ("{\\\"rates\\\":[", "{\\\"planted\\\":[");
        tree.replace("service/src/http/rates/formats.rs", documented, planted);
    }),
    (&["client-python"], |tree| {
        tree.append("clients/python/main.py", "\nplanted: int = \"a text\"\n");
    }),
    (&["client-typescript"], |tree| {
        tree.append(
            "clients/typescript/main.ts",
            "\nexport const planted: number = \"a text\";\n",
        );
    }),
    (&["client-go"], |tree| {
        tree.append("clients/go/main.go", "\nvar planted int = \"a text\"\n");
    }),
];

pub const DEFECTS_FOR_TESTERS: &[Defect] = &[
    (&["test"], |tree| {
        let test = "\n#[cfg(test)]\nmod planted {\n    #[test]\n    fn fails() {\n        assert_eq!(1, 2);\n    }\n}\n";
        tree.append("harness/src/exit.rs", test);
    }),
    (&["bdd"], |tree| {
        let scenario = "\n  Scenario: A wrong expectation\n    When I get \"/health/live\"\n    Then the response status is 418\n";
        tree.append("features/features/health.feature", scenario);
    }),
];

pub const DEFECTS_FOR_RESTORERS: &[Defect] = &[(&["restore"], |tree| {
    tree.replace(
        "deploy/backup/restore.sh",
        "--invert-match --extended-regexp \"",
        "--invert-match --extended-regexp \" TABLE DATA wishes |",
    );
})];

pub const DEFECTS_FOR_COVERAGE: &[Defect] = &[(&["coverage"], |tree| {
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
    format!("output \"planted\" {{\n  description = \"An output.\"\n  {value}\n}}\n")
}

/// Looks like a GitHub token. Put together here, because no file of a repository may contain one.
fn token() -> String {
    let characters = "Qx7Lr2Vn9Tb4Kd8Wm3Zc6Yf1Hg5Js0Pu".to_owned() + "Ae7Ri";
    format!("gh{}_{}", "p", &characters[..36])
}
