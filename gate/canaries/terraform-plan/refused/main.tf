variable "allowed" {
  type    = bool
  default = false
}

resource "terraform_data" "planted" {
  lifecycle {
    precondition {
      condition     = var.allowed
      error_message = "planted: never allowed"
    }
  }
}
