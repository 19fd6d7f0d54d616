# The root module of the tests: what an environment's module has in common with the deploy. The simulator creates a revision when the
# state that Terraform stores has another image or suffix.
terraform {
  backend "http" {}
}

variable "app_image" {
  type = string
}

variable "job_image" {
  type = string
}

variable "revision_suffix" {
  type = string
}

# A saved plan does not carry it.
variable "database_password" {
  type      = string
  ephemeral = true
}

variable "group" {
  type = string
}

variable "size" {
  type    = number
  default = 1
}

resource "terraform_data" "job" {
  input = {
    image = var.job_image
  }
}

resource "terraform_data" "app" {
  input = {
    image  = var.app_image
    suffix = var.revision_suffix
    size   = var.size
  }
}

output "resource_group_name" {
  value = var.group
}

output "app_name" {
  value = "app"
}

output "job_name" {
  value = "migrate"
}

output "app_fqdn" {
  value = "app.sim.test"
}
