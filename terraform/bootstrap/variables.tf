variable "subscription_id" {
  type        = string
  description = "Subscription that everything is created in."
}

variable "tenant_id" {
  type        = string
  description = "Entra tenant of the subscription."
}

variable "location" {
  type        = string
  description = "Azure region."
  default     = "westeurope"
}

variable "owner" {
  type        = string
  description = "Who is responsible: a tag of all resources."
}

variable "unique_suffix" {
  type        = string
  description = "End of names that must be unique in all of Azure: 3 or 4 lower case letters and digits."

  validation {
    condition     = can(regex("^[a-z0-9]{3,4}$", var.unique_suffix))
    error_message = "unique_suffix must have 3 or 4 lower case letters and digits."
  }
}

variable "github" {
  type = object({
    owner         = string
    owner_id      = number
    repository    = string
    repository_id = number
  })
  description = "Repository whose workflows deploy, with the ids that its OIDC subject contains: gh api repos/OWNER/REPOSITORY/actions/oidc/customization/sub"

  validation {
    condition     = var.github.owner_id > 0 && var.github.repository_id > 0
    error_message = "owner_id and repository_id must be the numbers that GitHub assigned."
  }
}

# Terraform registers them while the provider is configured: a plan without an account must pass an empty list, or it hangs.
variable "resource_providers" {
  type        = set(string)
  description = "Resource providers to register in the subscription."
  default = [
    "Microsoft.App",
    "Microsoft.Cdn",
    "Microsoft.ContainerRegistry",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
  ]
}
