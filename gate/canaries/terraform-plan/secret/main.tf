variable "password" {
  type      = string
  sensitive = true
}

resource "terraform_data" "planted" {
  input = var.password
}

resource "terraform_data" "always_changed" {
  input = timestamp()
}
