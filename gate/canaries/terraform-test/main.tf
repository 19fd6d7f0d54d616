variable "encrypted" {
  type    = bool
  default = false
}

resource "terraform_data" "planted" {
  input = { encrypted = var.encrypted }
}
