# Front Door: TLS, a web application firewall, and a private link to the environment, which has no public address. The link
# must be approved once (terraform/README.md).

resource "azurerm_cdn_frontdoor_profile" "main" {
  name                     = "afd-${var.name}"
  resource_group_name      = var.resource_group_name
  sku_name                 = "Premium_AzureFrontDoor" # the only one with private links and managed rules
  response_timeout_seconds = 60
  tags                     = var.tags

  # Links in mails carry tokens in their query strings.
  log_scrubbing_rule {
    match_variable = "QueryStringArgNames"
  }
}

resource "azurerm_cdn_frontdoor_endpoint" "main" {
  name                     = var.name
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.main.id
  tags                     = var.tags
}

resource "azurerm_cdn_frontdoor_origin_group" "main" {
  name                     = "portcullis"
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.main.id
  session_affinity_enabled = false

  load_balancing {}

  health_probe {
    protocol            = "Https"
    interval_in_seconds = 30
    request_type        = "GET"
    path                = "/health/ready"
  }
}

resource "azurerm_cdn_frontdoor_origin" "main" {
  name                           = "portcullis"
  cdn_frontdoor_origin_group_id  = azurerm_cdn_frontdoor_origin_group.main.id
  host_name                      = var.origin_host
  origin_host_header             = var.origin_host
  certificate_name_check_enabled = true

  private_link {
    target_type            = "managedEnvironments"
    location               = var.location
    private_link_target_id = var.environment_id
    request_message        = "Front Door of ${var.name}"
  }
}

resource "azurerm_cdn_frontdoor_custom_domain" "main" {
  name                     = replace(var.public_host, ".", "-")
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.main.id
  host_name                = var.public_host

  tls {
    certificate_type = "ManagedCertificate"
    minimum_version  = "TLS12"
  }
}

resource "azurerm_cdn_frontdoor_route" "main" {
  name                            = "portcullis"
  cdn_frontdoor_endpoint_id       = azurerm_cdn_frontdoor_endpoint.main.id
  cdn_frontdoor_origin_group_id   = azurerm_cdn_frontdoor_origin_group.main.id
  cdn_frontdoor_origin_ids        = [azurerm_cdn_frontdoor_origin.main.id]
  cdn_frontdoor_custom_domain_ids = [azurerm_cdn_frontdoor_custom_domain.main.id]
  link_to_default_domain          = false # the service refuses other hosts than its own
  patterns_to_match               = ["/*"]
  supported_protocols             = ["Http", "Https"] # both, or nothing is redirected
  https_redirect_enabled          = true
  forwarding_protocol             = "HttpsOnly"
}

resource "azurerm_cdn_frontdoor_firewall_policy" "main" {
  name                = replace("waf${var.name}", "-", "")
  resource_group_name = var.resource_group_name
  sku_name            = azurerm_cdn_frontdoor_profile.main.sku_name
  mode                = "Prevention"
  enabled             = true
  tags                = var.tags

  # Its log would quote what a rule matched: tokens in query strings, passwords in bodies, session cookies.
  log_scrubbing {
    enabled = true

    dynamic "scrubbing_rule" {
      for_each = ["QueryStringArgNames", "RequestBodyJsonArgNames", "RequestBodyPostArgNames", "RequestCookieNames", "RequestHeaderNames", "RequestUri"]

      content {
        enabled        = true
        match_variable = scrubbing_rule.value
        operator       = "EqualsAny"
      }
    }
  }

  custom_rule {
    name                           = "RateLimit"
    type                           = "RateLimitRule"
    action                         = "Block"
    priority                       = 100
    rate_limit_duration_in_minutes = 1
    rate_limit_threshold           = var.requests_per_minute

    match_condition {
      match_variable = "RemoteAddr"
      operator       = "IPMatch"
      match_values   = ["0.0.0.0/0", "::/0"]
    }
  }

  managed_rule {
    type    = "Microsoft_DefaultRuleSet"
    version = "2.1"
    action  = "Block"
  }

  managed_rule {
    type    = "Microsoft_BotManagerRuleSet"
    version = "1.1"
    action  = "Block"
  }
}

resource "azurerm_cdn_frontdoor_security_policy" "main" {
  name                     = "firewall"
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.main.id

  security_policies {
    firewall {
      cdn_frontdoor_firewall_policy_id = azurerm_cdn_frontdoor_firewall_policy.main.id

      association {
        patterns_to_match = ["/*"]

        domain {
          cdn_frontdoor_domain_id = azurerm_cdn_frontdoor_custom_domain.main.id
        }

        domain {
          cdn_frontdoor_domain_id = azurerm_cdn_frontdoor_endpoint.main.id
        }
      }
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "main" {
  name                       = "logs"
  target_resource_id         = azurerm_cdn_frontdoor_profile.main.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "FrontDoorWebApplicationFirewallLog"
  }

  enabled_log {
    category = "FrontDoorHealthProbeLog"
  }
}
