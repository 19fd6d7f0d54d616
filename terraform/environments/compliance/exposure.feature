@L4
Feature: What can be reached

  @mcsb:NS-2
  Scenario: The database has no public address
    Given I have azurerm_postgresql_flexible_server defined
    Then it must contain public_network_access_enabled
    And its value must be false

  @mcsb:NS-2
  Scenario: The vault has no public address
    Given I have azurerm_key_vault defined
    Then it must contain public_network_access_enabled
    And its value must be false

  @mcsb:NS-2
  Scenario: The environment of the apps is internal
    Given I have azurerm_container_app_environment defined
    Then it must contain internal_load_balancer_enabled
    And its value must be true

  @asvs:v5.0.0-12.2.1
  Scenario: The ingress refuses plain HTTP
    Given I have azurerm_container_app defined
    Then it must contain ingress
    And it must contain allow_insecure_connections
    And its value must be false
