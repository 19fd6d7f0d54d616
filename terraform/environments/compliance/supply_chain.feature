@L4
Feature: What runs

  @asvs:v5.0.0-15.2.4
  Scenario: The app runs an image by its digest
    Given I have azurerm_container_app defined
    Then it must contain template
    And it must contain container
    And it must contain image
    And its value must match the "^[^@:]+@sha256:[0-9a-f]{64}$" regex

  @asvs:v5.0.0-15.2.4
  Scenario: The jobs run an image by its digest
    Given I have azurerm_container_app_job defined
    Then it must contain template
    And it must contain container
    And it must contain image
    And its value must match the "^[^@:]+@sha256:[0-9a-f]{64}$" regex

  @mcsb:DP-6
  Scenario: Secrets expire
    Given I have azurerm_key_vault_secret defined
    Then it must contain expiration_date
