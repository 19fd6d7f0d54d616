Feature: Health and metrics
  The platform learns whether to restart the service or to leave it alone; strangers learn no more than that.

  @A5
  Scenario Outline: The probe "<probe>" of a healthy service is content
    When I get "/health/<probe>"
    Then the answer is 200 as "application/json"
    And the body is exactly '{"status":"ok"}'
    And the header "Cache-Control" holds "no-store"

    Examples:
      | probe   |
      | live    |
      | ready   |
      | startup |

  @A5 @asvs:v5.0.0-15.3.7
  Scenario: A probe takes no parameters
    When I get "/health/live?verbose=1"
    Then the answer is a problem with status 400
    And the problem names exactly the field "verbose"

  @A7 @asvs:v5.0.0-13.4.5 @owasp:API8:2023 @CWE-497
  Scenario Outline: What is meant for operators is not to be had in public: <path>
    When I get "<path>"
    Then the answer is a problem with status 404

    Examples:
      | path          |
      | /metrics      |
      | /metrics/     |
      | /debug        |
      | /debug/pprof  |
      | /env          |
      | /config       |
      | /.git/config  |
      | /.env         |
      | /admin        |
      | /server-status |

  @A7 @internal
  Scenario: The operators' listener has the metrics
    When an operator gets "/metrics" from the internal listener
    Then the answer is 200 as "text/plain"
    And it is Prometheus text that counts requests
