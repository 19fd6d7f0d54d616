Feature: what is stored is encrypted

  Scenario: the planted resource is encrypted
    Given I have terraform_data defined
    Then it must have input
    And it must have encrypted
    And its value must be true
