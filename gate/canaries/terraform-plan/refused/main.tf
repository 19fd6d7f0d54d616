resource "terraform_data" "planted" {
  lifecycle {
    precondition {
      condition     = timestamp() == ""
      error_message = "planted: never true"
    }
  }
}
