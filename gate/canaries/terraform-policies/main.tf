resource "terraform_data" "planted" {
  input = { encrypted = false }
}
