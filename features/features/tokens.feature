@accounts
Feature: Access tokens
  An access token identifies a user and grants scopes. Other services verify it with the published keys. Forged and
  modified tokens are rejected.

  Rule: A token is issued for an e-mail address and password, and identifies its owner

    @F1 @F2 @asvs:v5.0.0-7.2.2
    Scenario: An administrator's token verifies with the published keys alone
      Given Root is signed in as admin
      When Root requests an access token with Basic authentication
      Then the response status is 200 with media type "text/plain"
      And Root's access token verifies with a published key, and its header and claims are
        | part   | member   | value |
        | header | alg      | ES256 |
        | header | typ      | at+jwt |
        | header | kid      | … |
        | claim  | username | {Root.email} |
        | claim  | admin    | true |
        | claim  | iss      | … |
        | claim  | aud      | … |
        | claim  | sub      | … |
        | claim  | jti      | … |
        | claim  | iat      | … |
        | claim  | exp      | … |
        | claim  | scope    | profile wishes users:read users:write audit:read tokens:introspect clients:manage |
      And Root's access token is valid for at most 3600 seconds

    @F2 @E19 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-10.3.2 @owasp:API5:2023
    Scenario Outline: A token has exactly the scopes of its owner's role: <role>
      Given Ann is signed in as <role>
      Then Ann's access token verifies with a published key, and its header and claims are
        | part  | member   | value       |
        | claim | username | {Ann.email} |
        | claim | admin    | <admin>     |
        | claim | scope    | <scope>     |

      Examples:
        | role     | admin | scope                         |
        | user     | false | profile wishes                |
        | approver | false | profile wishes access:approve |
        | ingest   | false | profile wishes rates:write    |

    @F1 @asvs:v5.0.0-6.3.8 @asvs:v5.0.0-16.5.1 @owasp:API2:2023 @CWE-20 @CWE-204
    Scenario Outline: Missing or malformed credentials are rejected: <what>
      Given Ann has no account
      When I send POST to "/login" with "<field>"
      Then the response is a problem with status 401
      And the member "detail" is "<detail>"
      And the header "WWW-Authenticate" contains "Basic"

      Examples:
        | what           | field                                                  | detail              |
        | no field       |                                                        | Missing credentials |
        | another scheme | Authorization: Digest username=ann                     | Missing credentials |
        | no credentials | Authorization: Basic                                   | Invalid credentials |
        | not Base64     | Authorization: Basic %%%%                              | Invalid credentials |
        | base64url      | Authorization: Basic _-_-                              | Invalid credentials |
        | no colon       | Authorization: Basic YW5u                              | Invalid credentials |
        | not UTF-8      | Authorization: Basic //79/A==                          | Invalid credentials |
        | no address     | Authorization: Basic OnNlY3JldA==                      | Invalid credentials |
        | a NUL byte     | Authorization: Basic YUBiLmV4YW1wbGU6AAA=              | Invalid credentials |
        | very long      | Authorization: Basic {YWFh*3000}                       | Invalid credentials |
        | two fields     | Authorization: Basic YTpi \| Authorization: Basic YTpi | Invalid credentials |

    @F1 @E5 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: A wrong password and an unknown address get indistinguishable responses
      Given Ann has no account
      And Eve is signed in as user
      When I request an access token with the Basic credentials "{Eve.email}:not the password"
      And I request an access token with the Basic credentials "{Ann.email}:not the password"
      Then the response is a problem with status 401
      And the last two responses are indistinguishable

  Rule: Valid tokens can be validated and introspected

    @F3 @F4 @asvs:v5.0.0-7.2.1
    Scenario: The owner validates a token, and an administrator introspects it
      Given Ann is signed in as user
      And Root is signed in as admin
      When Ann sends POST to "/validate"
      Then the response status is 200
      And the member "username" is "{Ann.email}"
      And the member "admin" is "false"
      When Root sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Ann.access}&token_type_hint=access_token
        """
      Then the response status is 200
      And the member "active" is "true"
      And the member "username" is "{Ann.email}"
      And the member "scope" is "profile wishes"

    @F4 @asvs:v5.0.0-9.2.2
    Scenario: A refresh token is not accepted as an access token
      Given Ann is signed in as user
      And Root is signed in as admin
      When I send POST to "/validate" with "Authorization: Bearer {Ann.refresh}"
      Then the response is a problem with status 401
      When Root sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Ann.refresh}&token_type_hint=refresh_token
        """
      Then the response status is 200
      And the body is exactly '{"active":false}'

    @F4 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-862 @CWE-863
    Scenario Outline: Other roles than administrators cannot introspect tokens: <role>
      Given Ann is signed in as <role>
      When Ann sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Ann.access}
        """
      Then the response is a problem with status 403
      And the header "WWW-Authenticate" contains "insufficient_scope"

      Examples:
        | role     |
        | user     |
        | approver |
        | ingest   |

    @F3 @asvs:v5.0.0-14.2.1 @CWE-598
    Scenario: A token in the query string is not accepted
      Given Ann is signed in as user
      When I send POST to "/validate?access_token={Ann.access}"
      Then the response is a problem with status 400
      When I get "/wishes?access_token={Ann.access}"
      Then the response is a problem with status 401

    @F3 @asvs:v5.0.0-15.3.7 @CWE-235
    Scenario: A request with two tokens is rejected
      Given Ann is signed in as user
      When I send POST to "/validate" with "Authorization: Bearer {Ann.access} | Authorization: Bearer {Ann.access}"
      Then the response is a problem with status 401

  Rule: Forged tokens are rejected

    @F5 @F3 @F4 @asvs:v5.0.0-9.1.1 @asvs:v5.0.0-9.1.2 @asvs:v5.0.0-9.1.3 @owasp:API2:2023 @CWE-345 @CWE-347 @CWE-287
    Scenario Outline: A forged token is rejected: <technique>
      Given Mallory is signed in as user
      And Root is signed in as admin
      When an attacker forges Mallory's access token by <technique>
      Then every forged token is rejected
      And introspection by Root reports every forged token as inactive

      Examples:
        | technique                            |
        | changing its claims                  |
        | signing with another key             |
        | sending an empty or zero signature   |
        | setting alg to none                  |
        | naming another algorithm             |
        | signing with HMAC and the public key |
        | embedding its own key (jwk)          |
        | setting a malicious key id (kid)     |
        | breaking its structure               |

    @F5 @asvs:v5.0.0-9.1.3 @asvs:v5.0.0-1.3.6 @owasp:API2:2023 @owasp:API7:2023 @CWE-347 @CWE-918
    Scenario: A token cannot make the service fetch a key from elsewhere
      Given Mallory is signed in as user
      And an attacker's key server listens for requests
      When an attacker forges Mallory's access token by linking to its own key (jku, x5u)
      Then every forged token is rejected
      When an attacker forges Mallory's access token by setting a malicious key id (kid)
      Then every forged token is rejected
      And the attacker's key server receives no request

  Rule: Only public key parameters are published

    @F6 @CWE-321
    Scenario: The published JWK set contains public P-256 keys only
      When I get "/.well-known/jwks.json"
      Then the response status is 200 with media type "application/jwk-set+json"
      And the member "/keys/0/kty" is "EC"
      And the member "/keys/0/crv" is "P-256"
      And the member "/keys/0/alg" is "ES256"
      And the member "/keys/0/use" is "sig"
      And no key of the set has private parameters

  Rule: Signing keys are replaced without refusing a valid token

    @V6 @F6 @keys-in-vault @asvs:v5.0.0-13.3.1 @asvs:v5.0.0-13.3.4 @CWE-324
    Scenario: Signing keys are rotated in Vault while their tokens are in use
      Given Ann is signed in
      And I save the published keys
      When an operator rotates the signing keys in Vault, and the new key signs after 3 seconds
      Then within 60 seconds a new key is published beside the former ones
      When Ann sends POST to "/validate"
      Then the response status is 200
      And within 60 seconds an access token that Ann requests is signed with the new key
      When Ann sends POST to "/validate"
      Then the response status is 200
      When I get "/.well-known/jwks.json"
      Then no key of the set has private parameters
