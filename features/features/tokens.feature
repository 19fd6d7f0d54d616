@accounts
Feature: Access tokens
  A token says who somebody is and what they may do. Other services verify it with published keys. Nobody can make one,
  change one, or turn what is published into one.

  Rule: A token is had for address and password, and says whose it is

    @F1 @F2 @asvs:v5.0.0-7.2.2
    Scenario: An administrator's token, verified by somebody who only has the published keys
      Given Root is signed in as admin
      When Root asks for a bare token with address and password
      Then the answer is 200 as "text/plain"
      And a published key verifies Root's access token, and its header and claims are
        | part   | member   | value        |
        | header | alg      | ES256        |
        | header | typ      | at+jwt       |
        | header | kid      | …            |
        | claim  | username | {Root.email} |
        | claim  | admin    | true         |
        | claim  | iss      | …            |
        | claim  | aud      | …            |
        | claim  | sub      | …            |
        | claim  | jti      | …            |
        | claim  | iat      | …            |
        | claim  | exp      | …            |
        | claim  | scope    | profile wishes users:read users:write audit:read tokens:introspect |
      And Root's access token ends within 3600 seconds of its beginning

    @F2 @E19 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-10.3.2 @owasp:API5:2023
    Scenario Outline: A token carries the rights of its owner's role and no others: <role>
      Given Ann is signed in as <role>
      Then a published key verifies Ann's access token, and its header and claims are
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
    Scenario Outline: Without good credentials there is no token: <what>
      Given Ann is new here
      When I send POST to "/login" with "<field>"
      Then the answer is a problem with status 401
      And the member "detail" is "<detail>"
      And the header "WWW-Authenticate" holds "Basic"

      Examples:
        | what                       | field                                      | detail              |
        | nothing                    |                                            | Missing credentials |
        | another scheme             | Authorization: Digest username=ann         | Missing credentials |
        | no credentials             | Authorization: Basic                       | Invalid credentials |
        | no base64                  | Authorization: Basic %%%%                  | Invalid credentials |
        | base64 of the other kind   | Authorization: Basic _-_-                  | Invalid credentials |
        | no colon                   | Authorization: Basic YW5u                  | Invalid credentials |
        | no UTF-8                   | Authorization: Basic //79/A==              | Invalid credentials |
        | no address                 | Authorization: Basic OnNlY3JldA==          | Invalid credentials |
        | a zero byte                | Authorization: Basic YUBiLmV4YW1wbGU6AAA=  | Invalid credentials |
        | very much of it            | Authorization: Basic {YWFh*3000}           | Invalid credentials |
        | two of them                | Authorization: Basic YTpi \| Authorization: Basic YTpi | Invalid credentials |

    @F1 @E5 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: A wrong password and an unknown address are refused alike
      Given Ann is new here
      And Eve is signed in as user
      When I ask for a bare token with the credentials "{Eve.email}:not the password"
      And I ask for a bare token with the credentials "{Ann.email}:not the password"
      Then the answer is a problem with status 401
      And the two latest answers cannot be told apart

  Rule: A good token is told as one, whoever shows it

    @F3 @F4 @asvs:v5.0.0-7.2.1
    Scenario: The owner validates it, an administrator asks about it
      Given Ann is signed in as user
      And Root is signed in as admin
      When Ann sends POST to "/validate"
      Then the answer is 200
      And the member "username" is "{Ann.email}"
      And the member "admin" is "false"
      When Root sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Ann.access}&token_type_hint=access_token
        """
      Then the answer is 200
      And the member "active" is "true"
      And the member "username" is "{Ann.email}"
      And the member "scope" is "profile wishes"

    @F4 @asvs:v5.0.0-9.2.2
    Scenario: A refresh token is no access token
      Given Ann is signed in as user
      And Root is signed in as admin
      When I send POST to "/validate" with "Authorization: Bearer {Ann.refresh}"
      Then the answer is a problem with status 401
      When Root sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Ann.refresh}&token_type_hint=refresh_token
        """
      Then the answer is 200
      And the body is exactly '{"active":false}'

    @F4 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-862 @CWE-863
    Scenario Outline: Only administrators may ask about tokens: not <who>
      Given Ann is signed in as <who>
      When Ann sends POST to "/introspect" with "Content-Type: application/x-www-form-urlencoded"
        """
        token={Ann.access}
        """
      Then the answer is a problem with status 403
      And the header "WWW-Authenticate" holds "insufficient_scope"

      Examples:
        | who      |
        | user     |
        | approver |
        | ingest   |

    @F3 @asvs:v5.0.0-14.2.1 @CWE-598
    Scenario: A token in the address line is not looked at
      Given Ann is signed in as user
      When I send POST to "/validate?access_token={Ann.access}"
      Then the answer is a problem with status 400
      When I get "/wishes?access_token={Ann.access}"
      Then the answer is a problem with status 401

    @F3 @asvs:v5.0.0-15.3.7 @CWE-235
    Scenario: Of two tokens, none is taken
      Given Ann is signed in as user
      When I send POST to "/validate" with "Authorization: Bearer {Ann.access} | Authorization: Bearer {Ann.access}"
      Then the answer is a problem with status 401

  Rule: Nobody can forge one

    @F5 @F3 @F4 @asvs:v5.0.0-9.1.1 @asvs:v5.0.0-9.1.2 @asvs:v5.0.0-9.1.3 @owasp:API2:2023 @CWE-345 @CWE-347 @CWE-287
    Scenario Outline: A forged token opens nothing: <trick>
      Given Mallory is signed in as user
      And Root is signed in as admin
      When somebody forges Mallory's access token by <trick>
      Then none of the forged tokens opens anything
      And Root is told of none of the forged tokens but that it is not active

      Examples:
        | trick                                        |
        | changing what it says                        |
        | signing with another key                     |
        | leaving the signature blank                  |
        | naming no algorithm                          |
        | naming another algorithm                     |
        | signing by HMAC with the public key          |
        | bringing its own key (jwk)                   |
        | a name of a key that leads elsewhere (kid)   |
        | breaking its form                            |

    @F5 @asvs:v5.0.0-9.1.3 @asvs:v5.0.0-1.3.6 @owasp:API2:2023 @owasp:API7:2023 @CWE-347 @CWE-918
    Scenario: A token cannot send the service elsewhere for its key
      Given Mallory is signed in as user
      And somebody listens elsewhere for whoever asks for keys
      When somebody forges Mallory's access token by pointing to its own key (jku, x5u)
      Then none of the forged tokens opens anything
      When somebody forges Mallory's access token by a name of a key that leads elsewhere (kid)
      Then none of the forged tokens opens anything
      And nobody was asked for a key

  Rule: The keys that verify are published, and nothing more of them

    @F6 @CWE-321
    Scenario: The published set holds public keys of one kind
      When I get "/.well-known/jwks.json"
      Then the answer is 200 as "application/jwk-set+json"
      And the member "/keys/0/kty" is "EC"
      And the member "/keys/0/crv" is "P-256"
      And the member "/keys/0/alg" is "ES256"
      And the member "/keys/0/use" is "sig"
      And every key of the set has nothing private
