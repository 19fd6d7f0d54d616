mock_provider "azurerm" {}

variables {
  name                = "portcullis-prd"
  resource_group_name = "rg-portcullis-production"
  location            = "westeurope"
  tags                = { environment = "production" }
  public_host         = "rates.example.org"
  origin_host         = "ca-portcullis-prd.calm-sea-1234.westeurope.azurecontainerapps.io"
  environment_id      = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.App/managedEnvironments/cae"
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
}

run "the_firewall_blocks" {
  command = plan

  assert {
    condition     = azurerm_cdn_frontdoor_firewall_policy.main.mode == "Prevention" && azurerm_cdn_frontdoor_firewall_policy.main.managed_rule[0].type == "Microsoft_DefaultRuleSet"
    error_message = "@mcsb:NS-6 the firewall must block"
  }

  assert {
    condition     = azurerm_cdn_frontdoor_firewall_policy.main.sku_name == azurerm_cdn_frontdoor_profile.main.sku_name && azurerm_cdn_frontdoor_profile.main.sku_name == "Premium_AzureFrontDoor"
    error_message = "managed rules and private links need Premium"
  }
}

run "the_log_of_the_firewall_quotes_no_secret" {
  command = plan

  assert {
    condition     = length(setsubtract(["QueryStringArgNames", "RequestBodyPostArgNames", "RequestUri"], azurerm_cdn_frontdoor_firewall_policy.main.log_scrubbing[0].scrubbing_rule[*].match_variable)) == 0
    error_message = "@asvs:v5.0.0-16.2.5 tokens and passwords must not be logged"
  }
}

run "the_way_to_the_app_is_private_and_encrypted" {
  command = plan

  assert {
    condition     = azurerm_cdn_frontdoor_origin.main.private_link[0].target_type == "managedEnvironments" && azurerm_cdn_frontdoor_origin.main.certificate_name_check_enabled
    error_message = "@mcsb:NS-2 the app must be reached by a private link"
  }

  assert {
    condition     = azurerm_cdn_frontdoor_route.main.https_redirect_enabled && azurerm_cdn_frontdoor_route.main.forwarding_protocol == "HttpsOnly" && azurerm_cdn_frontdoor_route.main.supported_protocols == toset(["Http", "Https"])
    error_message = "@asvs:v5.0.0-12.2.1 plain HTTP must be redirected, and never forwarded"
  }

  assert {
    condition     = azurerm_cdn_frontdoor_custom_domain.main.tls[0].minimum_version == "TLS12"
    error_message = "@asvs:v5.0.0-12.1.1 clients must use TLS 1.2 or above"
  }
}

run "a_low_limit_is_refused" {
  command = plan

  variables {
    requests_per_minute = 10
  }

  expect_failures = [var.requests_per_minute]
}
