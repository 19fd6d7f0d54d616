output "endpoint_host" {
  description = "Host name of Front Door: the target of the CNAME of public_host."
  value       = azurerm_cdn_frontdoor_endpoint.main.host_name
}

output "validation_token" {
  description = "Value of the TXT record _dnsauth.PUBLIC_HOST, which proves that the domain is yours."
  value       = azurerm_cdn_frontdoor_custom_domain.main.validation_token
}
