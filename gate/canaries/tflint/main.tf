variable "planted" {}

output "planted" {
  value = "${terraform_data.planted.id}"
}

resource "terraform_data" "planted" {}
