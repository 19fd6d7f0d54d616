Feature: What an environment is built on

  @L4 @mcsb:IM-1
  Scenario: States are reached with identities only
    Given I have azurerm_storage_account defined
    Then it must contain shared_access_key_enabled
    And its value must be false

  @L4 @mcsb:NS-2
  Scenario: The registry has no public address
    Given I have azurerm_container_registry defined
    Then it must contain public_network_access_enabled
    And its value must be false

  @L5 @mcsb:IM-3
  Scenario: Workflows are known by an immutable subject
    Given I have azurerm_federated_identity_credential defined
    Then it must contain subject
    And its value must match the "^repo:[^@]+@[0-9]+/[^@]+@[0-9]+:environment:" regex
