Feature: The documentation
  The API is documented by the service itself. The page loads nothing from strangers, so no stranger can change it,
  and nobody else learns who reads it.

  @A4 @asvs:v5.0.0-3.4.3 @asvs:v5.0.0-3.6.1 @CWE-829
  Scenario: The page is whole, and wholly our own
    When I get "/apidocs"
    Then the answer is 200 as "text/html"
    And the header "Content-Security-Policy" holds "default-src 'none'"
    And the header "Content-Security-Policy" holds "script-src 'self';"
    And nothing in the page is inline
    And everything that the page loads comes from this service

  @A4 @O11 @owasp:API9:2023
  Scenario: The document describes every operation
    When I get "/openapi.json"
    Then the answer is 200 as "application/json"
    And every operation of the document has a name of its own, a summary and its answers

  @E19 @D10 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-8.3.1 @owasp:API2:2023 @owasp:API5:2023 @owasp:API9:2023 @CWE-306
  Scenario: What is open is open on purpose
    Then these operations are open to everybody, and every other one refuses who has no token
      | method | path                   |
      | GET    | /                      |
      | GET    | /version               |
      | GET    | /health/live           |
      | GET    | /health/ready          |
      | GET    | /health/startup        |
      | GET    | /rates                 |
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
      | POST   | /auth/login            |
      | POST   | /auth/refresh          |

  @E19 @D10 @accounts @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-10.3.2 @owasp:API5:2023 @CWE-285 @CWE-862 @CWE-863
  Scenario Outline: Nobody does what their role may not: <role>
    Given Ann is signed in as <role>
    Then every operation beyond Ann's rights refuses, and every list within them answers

    Examples:
      | role     |
      | user     |
      | approver |
      | ingest   |
      | admin    |

  @O2 @asvs:v5.0.0-4.1.4
  Scenario: Every path of the document tells its methods, and answers HEAD as it answers GET
    When I look at every path of the OpenAPI document, where it needs more asked for as
      | path                | target                                                                         |
      | /rates              | /rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL |
      | /ports/{code}       | /ports/CNGGZ                                                                   |
      | /regions/{slug}     | /regions/baltic                                                                |
      | /wishes/{id}        | /wishes/1                                                                      |
      | /auth/sessions/{id} | /auth/sessions/67e55044-10b1-426f-9247-bb680e5fe0c8                            |
    Then each HEAD has the headers of its GET and no body

  @O2 @A3 @asvs:v5.0.0-4.1.4 @asvs:v5.0.0-13.4.4 @CWE-693
  Scenario: Nothing can be changed, traced or brewed where only reading is offered
    Then none of these paths takes a method that it does not list
      | target         |
      | /              |
      | /health/live   |
      | /rates         |
      | /ports/CNGGZ   |
      | /regions       |
      | /apidocs       |
      | /openapi.json  |
