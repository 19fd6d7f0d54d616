Feature: Planted
  Wrong on purpose: these scenarios must fail.

  @asvs:v5.0.0-1.1.1
  Scenario: a response where no service listens
    When I get "/health/live"
    Then the response status is 200 with media type "application/json"

  Scenario: an undefined step
    When no step has this text
