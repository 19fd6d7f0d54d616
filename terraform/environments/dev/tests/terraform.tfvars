# Invented values. terraform test reads this file by itself; a plan without an account: -var-file=tests/terraform.tfvars

platform = {
  tenant_id             = "00000000-0000-0000-0000-000000000001"
  subscription_id       = "00000000-0000-0000-0000-000000000002"
  location              = "westeurope"
  resource_group_name   = "rg-portcullis-dev"
  unique_suffix         = "t3st"
  deployer_object_id    = "00000000-0000-0000-0000-000000000003"
  planner_object_id     = "00000000-0000-0000-0000-000000000004"
  registry_id           = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-portcullis-shared/providers/Microsoft.ContainerRegistry/registries/crportcullist3st"
  registry_login_server = "crportcullist3st.azurecr.io"
  pull_identity_id      = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-portcullis-dev/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pull-dev"
}

service = {
  owner        = "portcullis-maintainers"
  alert_emails = ["operations@example.org"]
  mail = {
    from = "Portcullis <no-reply@example.org>"
    host = "smtp.example.org"
    user = "portcullis"
  }
}

app_image       = "crportcullist3st.azurecr.io/portcullis@sha256:1111111111111111111111111111111111111111111111111111111111111111"
job_image       = "crportcullist3st.azurecr.io/portcullis@sha256:1111111111111111111111111111111111111111111111111111111111111111"
revision_suffix = "r65c1055-1"

secrets = {
  data-key      = "canary-data-key-5f1c2e7a"
  token-keys    = "canary-token-keys-9b3d4a60"
  smtp-password = "canary-smtp-password-07c8e1d2"
}
secrets_version   = 1
secrets_expire_on = "2027-06-01T00:00:00Z"
