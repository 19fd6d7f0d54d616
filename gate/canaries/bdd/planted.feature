Feature: Planted
  Wrong on purpose: these scenarios must be seen to fail.

  @asvs:v5.0.0-1.1.1
  Scenario: somebody answers where nobody serves
    When I get "/health/live"
    Then the response status is 200 with media type "application/json"

  Scenario: a step that nobody defined
    When nobody knows what to do
