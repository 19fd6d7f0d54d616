terraform {
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # The rest comes from the bootstrap: terraform init -backend-config=FILE
  backend "azurerm" {
    key              = "portcullis.tfstate"
    use_oidc         = true
    use_azuread_auth = true
  }
}
