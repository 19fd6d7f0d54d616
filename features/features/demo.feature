@accounts
Feature: Demo operations
  In demo mode, any signed-in user can add and delete rows of a demo table. Production does not offer these operations.

  @H1 @H2
  Scenario: Demo rows are added and deleted
    Given Ann is signed in as user
    When Ann sends POST to "/populate"
    Then the response status is 201
    And the member "message" is "Data added successfully"
    And the member "data" is ten alphanumeric characters
    When Ann sends DELETE to "/delete"
    Then the response status is 200
    And the member "message" reports at least one deleted row

  @H3 @asvs:v5.0.0-8.2.1 @owasp:API2:2023 @CWE-306
  Scenario Outline: Demo operations require a token: <method> <target>
    When I send <method> to "<target>"
    Then the response is a problem with status 401
    And the header "WWW-Authenticate" contains "Bearer"

    Examples:
      | method | target    |
      | POST   | /populate |
      | DELETE | /delete   |
