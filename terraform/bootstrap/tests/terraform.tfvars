# Invented values. terraform test reads this file by itself; a plan without an account: -var-file=tests/terraform.tfvars

subscription_id    = "00000000-0000-0000-0000-000000000002"
tenant_id          = "00000000-0000-0000-0000-000000000001"
owner              = "portcullis-maintainers"
unique_suffix      = "t3st"
resource_providers = []
github = {
  owner         = "example"
  owner_id      = 1001
  repository    = "portcullis"
  repository_id = 2002
}
