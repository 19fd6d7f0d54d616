# The values are those of terraform.tfvars beside this file.
mock_provider "azurerm" {}

run "a_deployment_finds_its_parts" {
  command = plan

  assert {
    condition     = [output.resource_group_name, output.app_name, output.job_name] == ["rg-portcullis-staging", "ca-portcullis-stg", "caj-migrate-portcullis-stg"]
    error_message = "the command deploy reads these outputs"
  }

  assert {
    condition     = output.prepare_job_name == "caj-prepare-portcullis-stg" && length(output.edge) == 2
    error_message = "staging must be behind Front Door, and have a job that prepares the database"
  }
}
