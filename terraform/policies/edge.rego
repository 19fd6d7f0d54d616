# Front Door and its firewall.
package portcullis.edge

import rego.v1

profiles := data.plan.of_type("azurerm_cdn_frontdoor_profile")

firewalls := data.plan.of_type("azurerm_cdn_frontdoor_firewall_policy")

premium := "Premium_AzureFrontDoor"

deny contains data.plan.finding("FD-01", resource.address, "only Premium has private links and managed rules") if {
	some resource in array.concat(profiles, firewalls)
	object.get(resource.after, "sku_name", "unknown") != premium
}

deny contains data.plan.finding("FD-01", firewall.address, "the firewall does not block") if {
	some firewall in firewalls
	not blocks(firewall)
}

blocks(firewall) if {
	firewall.after.mode == "Prevention"
	firewall.after.enabled == true
	"Microsoft_DefaultRuleSet" in {rule.type | some rule in firewall.after.managed_rule; rule.action == "Block"}
}

# The log quotes what a rule matched: a token of a mailed link, a password, a cookie.
secret_parts := {"QueryStringArgNames", "RequestBodyJsonArgNames", "RequestBodyPostArgNames", "RequestCookieNames", "RequestHeaderNames", "RequestUri"}

deny contains data.plan.finding("FD-01", firewall.address, sprintf("its log contains %s", [concat(", ", unscrubbed)])) if {
	some firewall in firewalls
	unscrubbed := secret_parts - scrubbed(firewall)
	count(unscrubbed) > 0
}

scrubbed(firewall) := {rule.match_variable |
	some scrubbing in object.get(firewall.after, "log_scrubbing", [])
	scrubbing.enabled == true
	some rule in scrubbing.scrubbing_rule
	rule.enabled == true
	rule.operator == "EqualsAny"
}

deny contains data.plan.finding("FD-01", profile.address, "no firewall is in front of it") if {
	some profile in profiles
	protected := {address |
		some policy in data.plan.of_type("azurerm_cdn_frontdoor_security_policy")
		has_firewall(policy)
		some address in data.plan.references(policy, policy.expressions.cdn_frontdoor_profile_id)
	}
	not data.plan.without_index(profile.address) in protected
}

# A policy protects the domains that it names, and no other of its profile.
deny contains data.plan.finding("FD-01", domain.address, "no firewall is in front of it") if {
	some type in ["azurerm_cdn_frontdoor_custom_domain", "azurerm_cdn_frontdoor_endpoint"]
	some domain in data.plan.of_type(type)
	not data.plan.without_index(domain.address) in protected_domains
}

protected_domains := {address |
	some policy in data.plan.of_type("azurerm_cdn_frontdoor_security_policy")
	has_firewall(policy)
	some index, association in policy.expressions.security_policies[0].firewall[0].association
	policy.after.security_policies[0].firewall[0].association[index].patterns_to_match == ["/*"]
	some domain in association.domain
	some address in data.plan.references(policy, domain.cdn_frontdoor_domain_id)
}

# Of this plan, so that the rules above have judged it.
has_firewall(policy) if {
	some firewall in firewalls
	expression := policy.expressions.security_policies[0].firewall[0].cdn_frontdoor_firewall_policy_id
	data.plan.without_index(firewall.address) in data.plan.references(policy, expression)
}

deny contains data.plan.finding("FD-01", route.address, "plain HTTP is not redirected: that needs https_redirect_enabled and both protocols") if {
	some route in data.plan.of_type("azurerm_cdn_frontdoor_route")
	not redirects(route)
}

redirects(route) if {
	route.after.https_redirect_enabled == true
	{protocol | some protocol in route.after.supported_protocols} == {"Http", "Https"}
}

deny contains data.plan.finding("FD-01", route.address, "it forwards requests unencrypted") if {
	some route in data.plan.of_type("azurerm_cdn_frontdoor_route")
	object.get(route.after, "forwarding_protocol", "unknown") != "HttpsOnly"
}

deny contains data.plan.finding("FD-01", origin.address, "it is not reached by a private link with a checked certificate") if {
	some origin in data.plan.of_type("azurerm_cdn_frontdoor_origin")
	not is_private(origin)
}

is_private(origin) if {
	origin.after.certificate_name_check_enabled == true
	count(origin.after.private_link) == 1
}
