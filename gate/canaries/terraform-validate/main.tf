variable "planted" {
  type = string
}

resource "terraform_data" "planted" {
  input   = var.planted
  nothing = true
}
