@L4
Feature: Who can log in

  @mcsb:IM-1
  Scenario: The database accepts no password
    Given I have azurerm_postgresql_flexible_server defined
    Then it must contain authentication
    And it must contain password_auth_enabled
    And its value must be false

  @mcsb:IM-3
  Scenario: The app has user-assigned identities only
    Given I have azurerm_container_app defined
    Then it must contain identity
    And it must contain type
    And its value must match the "^UserAssigned$" regex

  @mcsb:IM-3
  Scenario: The jobs have user-assigned identities only
    Given I have azurerm_container_app_job defined
    Then it must contain identity
    And it must contain type
    And its value must match the "^UserAssigned$" regex

  @mcsb:PA-7
  Scenario: No one may assign every role
    Given I have azurerm_role_assignment defined
    Then it must contain role_definition_name
    And its value must not match the "^(Owner|User Access Administrator)$" regex
