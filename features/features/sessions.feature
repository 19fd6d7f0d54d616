@mailbox
Feature: Sessions
  Who signs in begins a session, which can be seen and ended, and which nobody can steal, keep alive or guess a way into.

  Rule: A session begins with the right password, and a refusal tells nothing

    @E5 @asvs:v5.0.0-7.2.2 @asvs:v5.0.0-14.3.2
    Scenario: The right password gives tokens
      Given Ann has an account
      When Ann signs in
      Then the answer is 200 as "application/json"
      And these are its members, and no others
        | access_token | refresh_token | token_type | expires_in |
      And the member "token_type" is "Bearer"
      And the header "Cache-Control" holds "no-store"

    @E5 @asvs:v5.0.0-6.3.8 @asvs:v5.0.0-16.5.1 @owasp:API2:2023 @CWE-204
    Scenario: A wrong password and an unknown address are refused alike
      Given Ann has an account
      And Bob is new here
      When Ann signs in with the password "none of Ann's words"
      And Bob signs in with the password "none of Bob's words"
      Then the answer is a problem with status 401
      And the header "WWW-Authenticate" holds "Bearer"
      And the two latest answers cannot be told apart

    @E5 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-15.3.5 @owasp:API8:2023 @CWE-89 @CWE-943 @CWE-20
    Scenario Outline: What is no address and no password signs nobody in: <what>
      When I send POST to "/auth/login" with the body
        """
        <body>
        """
      Then the answer is a refusal, never a failure of the service

      Examples:
        | what              | body                                                                |
        | an injection      | {"email": "' OR 1=1--@a.example", "password": "' OR '1'='1"}        |
        | objects           | {"email": {"$ne": null}, "password": {"$gt": ""}}                   |
        | true              | {"email": true, "password": true}                                   |
        | null              | {"email": null, "password": null}                                   |
        | lists             | {"email": ["a@b.example"], "password": ["x"]}                       |
        | a zero byte       | {"email": "a@b.example", "password": "x\\u0000"}                    |
        | very long         | {"email": "a@b.example", "password": "{x*60000}"}                   |
        | a member too many | {"email": "a@b.example", "password": "x", "remember": true}         |
        | nothing           | {}                                                                  |

  Rule: Guessing takes longer and longer, for guessers only

    @E7 @asvs:v5.0.0-6.3.1 @asvs:v5.0.0-2.4.1 @owasp:API2:2023 @owasp:API4:2023 @CWE-307
    Scenario: Who guesses has to wait, and is told how long
      Given Ann has an account
      When somebody guesses at Ann's password until they have to wait
      Then the answer tells to wait between 1 and 60 seconds
      When Ann signs in
      Then the answer is a problem with status 429

    @E7 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204 @CWE-307
    Scenario: The wait tells nothing about who is there
      Given Bob is new here
      When somebody guesses at Bob's password until they have to wait
      Then the answer tells to wait between 1 and 60 seconds

    @E7 @asvs:v5.0.0-6.3.1 @asvs:v5.0.0-15.3.4 @CWE-307 @CWE-348 @CWE-290
    Scenario: Claiming to come from elsewhere changes nothing
      Given Ann has an account
      When somebody guesses at Ann's password, each time under another claimed address, until they have to wait
      Then the answer tells to wait between 1 and 60 seconds

    @E7 @asvs:v5.0.0-6.3.1 @CWE-645
    Scenario: The owner is not locked out by strangers elsewhere
      Given Ann has an account
      And somebody guesses at Ann's password until they have to wait
      When everything after this comes from another network
      And Ann signs in
      Then the answer is 200

    @E7 @CWE-645
    Scenario: The wait has an end
      Given Ann has an account
      And somebody guesses at Ann's password until they have to wait
      When as much time goes by as the answer tells to wait
      And Ann signs in
      Then the answer is 200

  Rule: A session is renewed by its owner, and ends when a thief renews it too

    @E12 @asvs:v5.0.0-10.4.5
    Scenario: Each renewal gives other tokens
      Given Ann is signed in
      When I note "{Ann.access}" as "the first access token"
      And I note "{Ann.refresh}" as "the first refresh token"
      And Ann refreshes the tokens
      Then the answer is 200
      And the member "access_token" is not "{the first access token}"
      And the member "refresh_token" is not "{the first refresh token}"
      When Ann gets "/auth/me"
      Then the answer is 200

    @E12
    Scenario: Twenty tabs that renew at once all stay signed in
      Given Ann is signed in
      When Ann sends the same refresh token 20 times at once
      Then each of the 20 answers gives tokens that work

    @E12 @asvs:v5.0.0-10.4.5 @asvs:v5.0.0-7.4.1 @owasp:API2:2023 @CWE-294 @CWE-384
    Scenario: A refresh token that comes back later ends the whole session
      Given Ann is signed in
      When I note "{Ann.refresh}" as "the stolen refresh token"
      And Ann refreshes the tokens
      And 11 seconds go by
      And Mallory sends the refresh token "{the stolen refresh token}"
      Then the answer is a problem with status 401
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann refreshes the tokens
      Then the answer is a problem with status 401

    @E12 @asvs:v5.0.0-9.2.2 @owasp:API2:2023
    Scenario Outline: What is no refresh token renews nothing: <what>
      Given Ann is signed in
      When Mallory sends the refresh token "<token>"
      Then the answer is a refusal, never a failure of the service
      When Ann gets "/auth/me"
      Then the answer is 200

      Examples:
        | what            | token                                       |
        | an access token | {Ann.access}                                |
        | a guess         | rTx1W4o0c9Yb7sQn3vKpL2mZ8aEfGdJhUiOqXwCyB6k |
        | half of one     | rTx1W4o0c9Yb7sQn3                           |
        | nothing         |                                             |
        | an injection    | ' OR 1=1--                                  |
        | the address     | {Ann.email}                                 |

  Rule: A session that was ended is ended everywhere, at once

    @E13 @asvs:v5.0.0-7.4.1 @owasp:API2:2023 @CWE-613
    Scenario: Signing out ends both tokens
      Given Ann is signed in
      When Ann sends POST to "/auth/logout"
      Then the answer is 204
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann sends POST to "/validate"
      Then the answer is a problem with status 401
      When Ann refreshes the tokens
      Then the answer is a problem with status 401

    @E13 @asvs:v5.0.0-7.4.1 @asvs:v5.0.0-7.5.2
    Scenario: Signing out everywhere ends every session
      Given Ann is signed in
      When I note "{Ann.access}" as "the other access token"
      And I note "{Ann.refresh}" as "the other refresh token"
      And Ann signs in
      And Ann sends POST to "/auth/logout-all"
      Then the answer is 204
      When I get "/auth/me" with "Authorization: Bearer {the other access token}"
      Then the answer is a problem with status 401
      When Mallory sends the refresh token "{the other refresh token}"
      Then the answer is a problem with status 401
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401

    @E13 @asvs:v5.0.0-7.5.2 @CWE-613
    Scenario: One sees where one is signed in, and ends one of them
      Given Ann is signed in
      When I note "{Ann.access}" as "the other access token"
      And Ann signs in
      Then Ann is signed in at 2 places, one of them this
      And nowhere in the answer is "{Ann.refresh}"
      And nowhere in the answer is "{Ann.access}"
      When Ann sends DELETE to "/auth/sessions/{the other session}"
      Then the answer is 204
      When I get "/auth/me" with "Authorization: Bearer {the other access token}"
      Then the answer is a problem with status 401
      When Ann gets "/auth/me"
      Then the answer is 200
      And Ann is signed in at 1 place, one of them this

    @E13 @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639
    Scenario: Nobody ends, or sees, another's session
      Given Ann is signed in
      And Mallory is signed in
      When Ann signs in
      Then Ann is signed in at 2 places, one of them this
      When Mallory sends DELETE to "/auth/sessions/{the other session}"
      Then the answer is a problem with status 404
      When Mallory gets "/auth/sessions"
      Then nowhere in the answer is "{the other session}"
      And Ann is signed in at 2 places, one of them this
