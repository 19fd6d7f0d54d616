@mailbox
Feature: Sessions
  Signing in starts a session. Users can list and revoke their sessions. Guessing is throttled, and reuse of a refresh
  token revokes its session.

  Rule: A session requires the right password, and a rejection reveals nothing

    @E5 @asvs:v5.0.0-7.2.2 @asvs:v5.0.0-14.3.2
    Scenario: The right password returns tokens
      Given Ann has an account
      When Ann signs in
      Then the response status is 200 with media type "application/json"
      And the response body has exactly the members
        | access_token | refresh_token | token_type | expires_in |
      And the member "token_type" is "Bearer"
      And the header "Cache-Control" contains "no-store"

    @E5 @asvs:v5.0.0-6.3.8 @asvs:v5.0.0-16.5.1 @owasp:API2:2023 @CWE-204
    Scenario: A wrong password and an unknown address get indistinguishable responses
      Given Ann has an account
      And Bob has no account
      When Ann signs in with the password "none of Ann's words"
      And Bob signs in with the password "none of Bob's words"
      Then the response is a problem with status 401
      And the header "WWW-Authenticate" contains "Bearer"
      And the last two responses are indistinguishable

    @E5 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-15.3.5 @owasp:API8:2023 @CWE-89 @CWE-943 @CWE-20
    Scenario Outline: Malformed credentials are rejected: <what>
      When I send POST to "/auth/login" with the body
        """
        <body>
        """
      Then the response is a problem with a 4xx status

      Examples:
        | what              | body                                                         |
        | an injection      | {"email": "' OR 1=1--@a.example", "password": "' OR '1'='1"} |
        | objects           | {"email": {"$ne": null}, "password": {"$gt": ""}}            |
        | booleans          | {"email": true, "password": true}                            |
        | nulls             | {"email": null, "password": null}                            |
        | arrays            | {"email": ["a@b.example"], "password": ["x"]}                |
        | a NUL character   | {"email": "a@b.example", "password": "x\\u0000"}             |
        | very long         | {"email": "a@b.example", "password": "{x*60000}"}            |
        | an unknown member | {"email": "a@b.example", "password": "x", "remember": true}  |
        | an empty object   | {}                                                           |

  Rule: Password guessing is throttled with increasing delays, without locking the owner out

    @E7 @asvs:v5.0.0-6.3.1 @asvs:v5.0.0-2.4.1 @owasp:API2:2023 @owasp:API4:2023 @CWE-307
    Scenario: Repeated failures are throttled with Retry-After, even for the right password
      Given Ann has an account
      When an attacker guesses Ann's password until an attempt is throttled
      Then the response is a problem with status 429 and a Retry-After between 1 and 60 seconds
      When Ann signs in
      Then the response is a problem with status 429

    @E7 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204 @CWE-307
    Scenario: Throttling does not reveal whether the account exists
      Given Bob has no account
      When an attacker guesses Bob's password until an attempt is throttled
      Then the response is a problem with status 429 and a Retry-After between 1 and 60 seconds

    @E7 @asvs:v5.0.0-6.3.1 @asvs:v5.0.0-15.3.4 @CWE-307 @CWE-348 @CWE-290
    Scenario: Forwarding headers from clients do not avoid throttling
      Given Ann has an account
      When an attacker guesses Ann's password, claiming a new client address each time, until an attempt is throttled
      Then the response is a problem with status 429 and a Retry-After between 1 and 60 seconds

    @E7 @asvs:v5.0.0-6.3.1 @CWE-645
    Scenario: An attack from one network does not lock the owner out in another
      Given Ann has an account
      And an attacker guesses Ann's password until an attempt is throttled
      When all further requests come from another network
      And Ann signs in
      Then the response status is 200

    @E7 @CWE-645
    Scenario: Sign-in succeeds after the Retry-After time
      Given Ann has an account
      And an attacker guesses Ann's password until an attempt is throttled
      When the Retry-After time of the response has passed
      And Ann signs in
      Then the response status is 200

  Rule: Refresh tokens rotate, and reuse of an old one revokes the session

    @E12 @asvs:v5.0.0-10.4.5
    Scenario: Each refresh returns new tokens
      Given Ann is signed in
      When I save "{Ann.access}" as "the first access token"
      And I save "{Ann.refresh}" as "the first refresh token"
      And Ann refreshes the tokens
      Then the response status is 200
      And the member "access_token" is not "{the first access token}"
      And the member "refresh_token" is not "{the first refresh token}"
      When Ann gets "/auth/me"
      Then the response status is 200

    @E12
    Scenario: Twenty concurrent refreshes with the same token all succeed
      Given Ann is signed in
      When Ann sends the same refresh token 20 times concurrently
      Then each of the last 20 responses contains valid tokens

    @E12 @asvs:v5.0.0-10.4.5 @asvs:v5.0.0-7.4.1 @owasp:API2:2023 @CWE-294 @CWE-384
    Scenario: Reuse of a refresh token after the grace period revokes the session
      Given Ann is signed in
      When I save "{Ann.refresh}" as "the stolen refresh token"
      And Ann refreshes the tokens
      And 11 seconds pass
      And Mallory sends the refresh token "{the stolen refresh token}"
      Then the response is a problem with status 401
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann refreshes the tokens
      Then the response is a problem with status 401

    @E12 @asvs:v5.0.0-9.2.2 @owasp:API2:2023
    Scenario Outline: An invalid refresh token is rejected and leaves the session intact: <what>
      Given Ann is signed in
      When Mallory sends the refresh token "<token>"
      Then the response is a problem with a 4xx status
      When Ann gets "/auth/me"
      Then the response status is 200

      Examples:
        | what            | token                                       |
        | an access token | {Ann.access}                                |
        | a guess         | rTx1W4o0c9Yb7sQn3vKpL2mZ8aEfGdJhUiOqXwCyB6k |
        | half of one     | rTx1W4o0c9Yb7sQn3                           |
        | empty           |                                             |
        | an injection    | ' OR 1=1--                                  |
        | the address     | {Ann.email}                                 |

  Rule: Revocation takes effect immediately

    @E13 @asvs:v5.0.0-7.4.1 @owasp:API2:2023 @CWE-613
    Scenario: Signing out revokes the access and the refresh token
      Given Ann is signed in
      When Ann sends POST to "/auth/logout"
      Then the response status is 204
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann sends POST to "/validate"
      Then the response is a problem with status 401
      When Ann refreshes the tokens
      Then the response is a problem with status 401

    @E13 @asvs:v5.0.0-7.4.1 @asvs:v5.0.0-7.5.2
    Scenario: Signing out everywhere revokes every session
      Given Ann is signed in
      When I save "{Ann.access}" as "the other access token"
      And I save "{Ann.refresh}" as "the other refresh token"
      And Ann signs in
      And Ann sends POST to "/auth/logout-all"
      Then the response status is 204
      When I get "/auth/me" with "Authorization: Bearer {the other access token}"
      Then the response is a problem with status 401
      When Mallory sends the refresh token "{the other refresh token}"
      Then the response is a problem with status 401
      When Ann gets "/auth/me"
      Then the response is a problem with status 401

    @E13 @asvs:v5.0.0-7.5.2 @CWE-613
    Scenario: Users can list their sessions and revoke one
      Given Ann is signed in
      When I save "{Ann.access}" as "the other access token"
      And Ann signs in
      Then Ann has 2 sessions, one of them current
      And the response does not contain "{Ann.refresh}"
      And the response does not contain "{Ann.access}"
      When Ann sends DELETE to "/auth/sessions/{the other session}"
      Then the response status is 204
      When I get "/auth/me" with "Authorization: Bearer {the other access token}"
      Then the response is a problem with status 401
      When Ann gets "/auth/me"
      Then the response status is 200
      And Ann has 1 session, one of them current

    @E13 @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639
    Scenario: Sessions of other users cannot be listed or revoked
      Given Ann is signed in
      And Mallory is signed in
      When Ann signs in
      Then Ann has 2 sessions, one of them current
      When Mallory sends DELETE to "/auth/sessions/{the other session}"
      Then the response is a problem with status 404
      When Mallory gets "/auth/sessions"
      Then the response does not contain "{the other session}"
      And Ann has 2 sessions, one of them current
