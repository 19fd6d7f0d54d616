Feature: Health and metrics
  Probes report the health of the service to the platform. Operational details are available only on the internal listener.

  @A5 @smoke
  Scenario Outline: The probe "<probe>" of a healthy service succeeds
    When I get "/health/<probe>"
    Then the response status is 200 with media type "application/json"
    And the body is exactly '{"status":"ok"}'
    And the header "Cache-Control" contains "no-store"

    Examples:
      | probe   |
      | live    |
      | ready   |
      | startup |

  @A5 @smoke @asvs:v5.0.0-15.3.7
  Scenario: A probe rejects query parameters
    When I get "/health/live?verbose=1"
    Then the response is a problem with status 400
    And the problem reports exactly the field "verbose"

  @A7 @smoke @asvs:v5.0.0-13.4.5 @owasp:API8:2023 @CWE-497
  Scenario Outline: Operational endpoints are not public: <path>
    When I get "<path>"
    Then the response is a problem with status 404

    Examples:
      | path           |
      | /metrics       |
      | /metrics/      |
      | /debug         |
      | /debug/pprof   |
      | /env           |
      | /config        |
      | /.git/config   |
      | /.env          |
      | /admin         |
      | /server-status |

  @A7 @internal
  Scenario: The internal listener serves the metrics
    When an operator gets "/metrics" from the internal listener
    Then the response status is 200 with media type "text/plain"
    And the response is Prometheus text with request counts
