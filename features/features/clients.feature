@accounts
Feature: Machine clients
  A program gets access tokens of its own: an administrator creates it with a list of scopes, and it authenticates with a secret. It never
  has a person's rights.

  Background:
    Given Root is signed in as admin
    When Root sends POST to "/clients"
      """
      {"name": "Nightly upload", "scopes": ["tokens:introspect", "rates:write"]}
      """
    Then the response status is 201
    And I save the member "id" as "Nightly.id"
    When Root sends POST to "/clients/{Nightly.id}/secrets"
    Then the response status is 201
    And I save the member "secret" as "Nightly.secret"
    And I save the member "id" as "the first secret"

  Rule: A client gets a token for its id and secret

    @F8
    Scenario: A client's token verifies with the published keys alone, and names no person
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      Then the response status is 200 with media type "application/json"
      And the header "Cache-Control" contains "no-store"
      And the member "token_type" is "Bearer"
      And the member "scope" is "rates:write tokens:introspect"
      And Nightly's access token verifies with a published key, and its header and claims are
        | part   | member    | value                         |
        | header | alg       | ES256                         |
        | header | typ       | at+jwt                        |
        | claim  | sub       | {Nightly.id}                  |
        | claim  | client_id | {Nightly.id}                  |
        | claim  | scope     | rates:write tokens:introspect |
        | claim  | jti       | …                             |
      And Nightly's access token is valid for at most 3600 seconds

    @F8
    Scenario: A requested scope narrows the token
      When the client Nightly requests a token with the form "grant_type=client_credentials&scope=rates:write"
      Then the response status is 200
      And the member "scope" is "rates:write"
      When Nightly sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token=x
        """
      Then the response is a problem with status 403
      And the header "WWW-Authenticate" contains "insufficient_scope"

    @F8 @CWE-20 @CWE-235
    Scenario Outline: A malformed request has the error of OAuth: <error> for <form>
      When the client Nightly requests a token with the form "<form>"
      Then the response status is 400 with media type "application/json"
      And the member "error" is "<error>"

      Examples:
        | form                                                         | error                  |
        | scope=rates:write                                            | invalid_request        |
        | grant_type=client_credentials&grant_type=client_credentials  | invalid_request        |
        | grant_type=client_credentials&client_secret=x                | invalid_request        |
        | grant_type=password&username=a&password=b                    | unsupported_grant_type |
        | grant_type=client_credentials&scope=users:write              | invalid_scope          |
        | grant_type=client_credentials&scope=profile                  | invalid_scope          |

    @F8 @asvs:v5.0.0-6.3.8 @asvs:v5.0.0-10.4.10 @owasp:API2:2023 @CWE-204 @CWE-287
    Scenario: A wrong secret and an unknown client get indistinguishable responses
      When I save "{Nightly.id}" as "Wrong.id"
      And I save "{Nightly.secret}x" as "Wrong.secret"
      And I save "67e55044-10b1-426f-9247-bb680e5fe0c8" as "Unknown.id"
      And I save "{Nightly.secret}" as "Unknown.secret"
      And the client Wrong requests a token with the form "grant_type=client_credentials"
      And the client Unknown requests a token with the form "grant_type=client_credentials"
      Then the response status is 401 with media type "application/json"
      And the member "error" is "invalid_client"
      And the header "WWW-Authenticate" contains "Basic"
      And the last two responses are indistinguishable

  Rule: A client never has a person's rights

    @F8 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-862 @CWE-863
    Scenario Outline: A client's token is refused by operations of people: <method> <path>
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      And Nightly sends <method> to "<path>"
      Then the response is a problem with status 403
      And the header "WWW-Authenticate" contains "insufficient_scope"

      Examples:
        | method | path             |
        | GET    | /auth/me         |
        | GET    | /auth/sessions   |
        | POST   | /auth/logout     |
        | GET    | /wishes          |
        | GET    | /users           |
        | GET    | /admin/audit     |
        | GET    | /clients         |
        | POST   | /validate        |

    @F8 @F4
    Scenario: A client with the scope introspects tokens
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      And Nightly sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Nightly.access}
        """
      Then the response status is 200
      And the member "active" is "true"
      And the member "client_id" is "{Nightly.id}"

  Rule: A secret is rotated without a refused request, and a revoked client is refused at once

    @F8 @asvs:v5.0.0-13.3.4 @CWE-324
    Scenario: Two secrets are valid during a rotation
      When Root sends POST to "/clients/{Nightly.id}/secrets"
      Then the response status is 201
      And I save the member "secret" as "Rotated.secret"
      When I save "{Nightly.id}" as "Rotated.id"
      And Root sends POST to "/clients/{Nightly.id}/secrets"
      Then the response is a problem with status 409
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      Then the response status is 200
      When the client Rotated requests a token with the form "grant_type=client_credentials"
      Then the response status is 200
      When Root sends DELETE to "/clients/{Nightly.id}/secrets/{the first secret}"
      Then the response status is 204
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      Then the response status is 401 with media type "application/json"
      When the client Rotated requests a token with the form "grant_type=client_credentials"
      Then the response status is 200

    @F8 @CWE-613
    Scenario: A revoked client's token is refused by the next request
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      And Root sends DELETE to "/clients/{Nightly.id}"
      Then the response status is 204
      When Nightly sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token=x
        """
      Then the response is a problem with status 401
      And the header "WWW-Authenticate" contains "invalid_token"
      When the client Nightly requests a token with the form "grant_type=client_credentials"
      Then the response status is 401 with media type "application/json"
