@accounts
Feature: The demo's two operations
  Where the demo is on, whoever is signed in fills and empties a table of its own. Production has neither.

  @H1 @H2
  Scenario: Added, then deleted
    Given Ann is signed in as user
    When Ann sends POST to "/populate"
    Then the answer is 201
    And the member "message" is "Data added successfully"
    And the member "data" is ten letters or digits
    When Ann sends DELETE to "/delete"
    Then the answer is 200
    And the member "message" tells how many rows were deleted, at least one

  @H3 @asvs:v5.0.0-8.2.1 @owasp:API2:2023 @CWE-306
  Scenario Outline: Not without a token: <method> <target>
    When I send <method> to "<target>"
    Then the answer is a problem with status 401
    And the header "WWW-Authenticate" holds "Bearer"

    Examples:
      | method | target    |
      | POST   | /populate |
      | DELETE | /delete   |
