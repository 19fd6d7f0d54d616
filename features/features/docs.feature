Feature: API documentation
  The service serves its own API documentation. The page loads no third-party assets, so no third party can change it
  or track its readers.

  @A4 @asvs:v5.0.0-3.4.3 @asvs:v5.0.0-3.6.1 @CWE-829
  Scenario: The documentation page loads first-party assets only
    When I get "/apidocs"
    Then the response status is 200 with media type "text/html"
    And the header "Content-Security-Policy" contains "default-src 'none'"
    And the header "Content-Security-Policy" contains "script-src 'self';"
    And the page has no inline scripts or styles
    And the service itself serves every asset of the page

  @A4 @smoke @O11 @owasp:API9:2023
  Scenario: The OpenAPI document describes every operation
    When I get "/openapi.json"
    Then the response status is 200 with media type "application/json"
    And every operation of the document has a unique id, a summary and documented responses

  @E19 @D10 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-8.3.1 @owasp:API2:2023 @owasp:API5:2023 @owasp:API9:2023 @CWE-306
  Scenario: Exactly the listed operations are public
    Then exactly these operations are public, and every other operation requires a token
      | method | path                   |
      | GET    | /                      |
      | GET    | /version               |
      | GET    | /health/live           |
      | GET    | /health/ready          |
      | GET    | /health/startup        |
      | GET    | /rates                 |
      | GET    | /rates.csv             |
      | POST   | /rates/query           |
      | GET    | /rates/export          |
      | GET    | /ports                 |
      | GET    | /ports/{code}          |
      | GET    | /regions               |
      | GET    | /regions/{slug}        |
      | GET    | /.well-known/jwks.json |
      | POST   | /auth/register         |
      | POST   | /auth/confirm          |
      | POST   | /auth/resend           |
      | POST   | /auth/forgot           |
      | POST   | /auth/reset            |
      | POST   | /auth/invitation       |
      | POST   | /auth/change-email     |
      | POST   | /auth/undo-email       |
      | POST   | /auth/login            |
      | POST   | /auth/refresh          |

  @E19 @D10 @accounts @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-10.3.2 @owasp:API5:2023 @CWE-285 @CWE-862 @CWE-863
  Scenario Outline: Operations outside the scopes of a role are forbidden: <role>
    Given Ann is signed in as <role>
    Then every operation outside Ann's scopes is forbidden, and every list within them is readable

    Examples:
      | role     |
      | user     |
      | approver |
      | ingest   |
      | admin    |

  @O2 @asvs:v5.0.0-4.1.4
  Scenario: Every documented path lists its methods and handles HEAD like GET
    When I request every path of the OpenAPI document, with these targets for paths that need parameters
      | path                           | target |
      | /rates                         | /rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL |
      | /rates.csv                     | /rates.csv?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL |
      | /rates/export                  | /rates/export |
      | /rates/batches/{id}            | /rates/batches/1 |
      | /clients/{id}                  | /clients/1 |
      | /clients/{id}/secrets          | /clients/1/secrets |
      | /clients/{id}/secrets/{secret_id} | /clients/1/secrets/1 |
      | /clients/{id}/keys             | /clients/1/keys |
      | /clients/{id}/keys/{key_id}    | /clients/1/keys/1 |
      | /ports/{code}                  | /ports/CNGGZ |
      | /regions/{slug}                | /regions/baltic |
      | /wishes/{id}                   | /wishes/1 |
      | /auth/sessions/{id}            | /auth/sessions/67e55044-10b1-426f-9247-bb680e5fe0c8 |
      | /access/logins/{name}          | /access/logins/v-unknown |
      | /access/requests/{id}          | /access/requests/1 |
      | /access/requests/{id}/approve  | /access/requests/1/approve |
      | /access/requests/{id}/deny     | /access/requests/1/deny |
      | /access/requests/{id}/withdraw | /access/requests/1/withdraw |
      | /access/requests/{id}/login    | /access/requests/1/login |
      | /access/requests/{id}/revoke   | /access/requests/1/revoke |
    Then each HEAD response has the headers of its GET response and no body

  @O2 @A3 @asvs:v5.0.0-4.1.4 @asvs:v5.0.0-13.4.4 @CWE-693
  Scenario: Read-only paths reject all other methods
    Then each of these paths rejects every method that it does not list
      | target        |
      | /             |
      | /health/live  |
      | /rates        |
      | /ports/CNGGZ  |
      | /regions      |
      | /apidocs      |
      | /openapi.json |
