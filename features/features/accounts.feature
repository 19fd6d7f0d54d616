@mailbox
Feature: Accounts
  Users register, confirm their e-mail address, change or reset their password, and delete their account. The service
  reveals whether an address has an account only to the owner of that mailbox.

  Rule: Registration does not reveal which accounts exist

    @E1 @I1 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: A new and a registered address get the same response but different mails
      Given Ann has an account
      And Bob has no account
      When Bob registers
      And Ann registers
      Then the response status is 202
      And the last two responses are indistinguishable
      And Bob receives a mail with a link to "/confirm"
      And the latest mail has a plain-text part and an HTML part with the same link to "/confirm"
      And Ann receives a mail with the subject "You already have an account"
      And the latest mail does not contain "?token="

    @E1 @CWE-640 @CWE-287
    Scenario: Registering an existing address again does not change its account
      Given Ann has an account
      When Ann registers with the password "an attacker's password phrase"
      Then the response status is 202
      When Ann signs in with the password "an attacker's password phrase"
      Then the response is a problem with status 401
      When Ann signs in
      Then the response status is 200

    @D6 @D8 @asvs:v5.0.0-1.5.3 @CWE-178
    Scenario: E-mail addresses are case-insensitive
      Given Ann has an account
      When I send POST to "/auth/register" with the body
        """
        {"name": "Ann", "email": "{Ann.EMAIL}", "password": "{Ann.password}"}
        """
      Then the response status is 202
      And Ann receives a mail with the subject "You already have an account"
      When I send POST to "/auth/login" with the body
        """
        {"email": "{Ann.EMAIL}", "password": "{Ann.password}"}
        """
      Then the response status is 200

  Rule: An account is usable only after its address is confirmed

    @E2 @E5 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: Before confirmation, the right password is rejected like a wrong one
      Given Ann has registered but not confirmed the address
      And Bob has an account
      When Bob signs in with the password "none of Bob's words"
      And Ann signs in
      Then the response is a problem with status 401
      And the last two responses are indistinguishable

    @E2 @asvs:v5.0.0-6.4.1 @asvs:v5.0.0-6.5.1 @CWE-294
    Scenario: A confirmation link is single-use
      Given Ann has registered but not confirmed the address
      When Ann reads the mail with a link to "/confirm"
      And Ann submits the token of the link to "/auth/confirm"
      Then the response status is 200
      When Ann signs in
      Then the response status is 200
      When Ann submits the token of the link to "/auth/confirm"
      Then the response is a problem with status 404

    @E2 @owasp:API2:2023 @CWE-330 @CWE-640
    Scenario Outline: An invalid confirmation token is rejected: <what>
      Given Ann has registered but not confirmed the address
      When I send POST to "/auth/confirm" with the body
        """
        {"token": "<token>", "password": "{Ann.password}"}
        """
      Then the response is a problem with status 404
      When Ann signs in
      Then the response is a problem with status 401

      Examples:
        | what         | token                                       |
        | a guess      | rTx1W4o0c9Yb7sQn3vKpL2mZ8aEfGdJhUiOqXwCyB6k |
        | the address  | {Ann.email}                                 |
        | empty        |                                             |
        | the digit 0  | 0                                           |
        | a path       | ../../etc/passwd                            |
        | an injection | ' OR 1=1--                                  |

    @E2 @E20 @owasp:API2:2023 @CWE-287
    Scenario: Confirming requires the password that was chosen, because another client may have registered the address
      Given Ann has registered but not confirmed the address
      When Ann reads the mail with a link to "/confirm"
      And I send POST to "/auth/confirm" with the body
        """
        {"token": "{Ann.link}", "password": "a password of the address's owner"}
        """
      Then the response is a problem with status 403
      When Ann signs in
      Then the response is a problem with status 401
      When Ann submits the token of the link to "/auth/confirm"
      Then the response status is 200

    @E2 @asvs:v5.0.0-6.6.2 @CWE-640
    Scenario: A link is valid for its own purpose only
      Given Ann has registered but not confirmed the address
      When Ann reads the mail with a link to "/confirm"
      And I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "an attacker's password phrase"}
        """
      Then the response is a problem with status 404
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Ann.link}", "name": "Mallory", "password": "an attacker's password phrase"}
        """
      Then the response is a problem with status 404
      When Ann submits the token of the link to "/auth/change-email"
      Then the response is a problem with status 404
      When Ann submits the token of the link to "/auth/confirm"
      Then the response status is 200

    @E4 @asvs:v5.0.0-6.3.8 @asvs:v5.0.0-6.6.2 @owasp:API2:2023 @CWE-204
    Scenario: Requesting the confirmation mail again invalidates the earlier link
      Given Ann has registered but not confirmed the address
      And Bob has no account
      When Ann reads the mail with a link to "/confirm"
      And I save "{Ann.link}" as "the earlier link"
      And I send POST to "/auth/resend" with the body
        """
        {"email": "{Bob.email}"}
        """
      And I send POST to "/auth/resend" with the body
        """
        {"email": "{Ann.email}"}
        """
      Then the response status is 202
      And the last two responses are indistinguishable
      And Bob receives no further mail
      When Ann reads the mail with a link to "/confirm"
      And I send POST to "/auth/confirm" with the body
        """
        {"token": "{the earlier link}", "password": "{Ann.password}"}
        """
      Then the response is a problem with status 404
      When Ann submits the token of the link to "/auth/confirm"
      Then the response status is 200

    @E4 @asvs:v5.0.0-2.4.1 @asvs:v5.0.0-6.3.1 @owasp:API4:2023 @owasp:API6:2023 @CWE-799 @CWE-770
    Scenario: Confirmation mails to one address are rate-limited, whether or not it has an account
      Given Ann has registered but not confirmed the address
      And Bob has no account
      When mails to Ann are requested from "/auth/resend" until a request is rate-limited
      Then the response is a problem with status 429 and a Retry-After between 1 and 3600 seconds
      And Ann receives at most 5 mails
      When mails to Bob are requested from "/auth/resend" until a request is rate-limited
      Then the response is a problem with status 429 and a Retry-After between 1 and 3600 seconds

    @E14 @asvs:v5.0.0-2.4.1 @asvs:v5.0.0-6.3.1 @owasp:API6:2023 @CWE-799
    Scenario: Password-reset mails are limited without revealing the limit
      Given Ann has an account
      When mails to Ann are requested from "/auth/forgot" 8 times
      Then the response status is 202
      And the last two responses are indistinguishable
      And Ann receives at most 5 mails

    @E3 @asvs:v5.0.0-3.5.3 @CWE-352 @CWE-650
    Scenario: Opening the link with GET changes nothing, because mail scanners open links
      Given Ann has registered but not confirmed the address
      When Ann reads the mail with a link to "/confirm"
      And I get "/confirm?token={Ann.link}" with "Accept: text/html"
      And I get "/confirm?token={Ann.link}" with "Accept: text/html"
      And I get "/confirm?token={Ann.link}" with "Accept: text/html"
      Then the response status is 200 with media type "text/html"
      And the header "Referrer-Policy" is "no-referrer"
      And the header "Cache-Control" contains "no-store"
      When Ann signs in
      Then the response is a problem with status 401
      When Ann submits the token of the link to "/auth/confirm"
      Then the response status is 200

  Rule: Passwords have a minimum length and are checked against common and personal words, without composition rules

    @E15 @asvs:v5.0.0-6.2.1 @asvs:v5.0.0-6.2.4 @asvs:v5.0.0-6.2.11 @owasp:API2:2023 @CWE-521
    Scenario Outline: A weak password is rejected: <what>
      Given Annabelle has no account
      When Annabelle registers with the password "<password>"
      Then the response is a problem with status 400
      And the problem reports exactly the field "password"
      And Annabelle receives no further mail

      Examples:
        | what                     | password               |
        | fourteen characters      | kX9#q2zkX9#q2z         |
        | 14 Chinese characters    | 密码密码密码密码密码密码密码 |
        | empty                    |                        |
        | the most common one      | password               |
        | common, with capitals    | 1Q2W3E4R5T6Y7U8I       |
        | a keyboard pattern       | 1qaz2wsx3edc4rfv       |
        | a digit sequence         | 123456789012345        |
        | contains the user name   | my annabelle in spring |
        | the e-mail address       | {Annabelle.email}      |
        | contains the service     | long live portcullis   |
        | 129 characters           | {ab*64}c               |

    @E15 @asvs:v5.0.0-6.2.1 @asvs:v5.0.0-6.2.5 @asvs:v5.0.0-6.2.8 @asvs:v5.0.0-6.2.9
    Scenario Outline: Any other composition is accepted: <what>
      Given Ann has no account
      When Ann registers with the password "<password>"
      Then the response status is 202
      When Ann reads the mail with a link to "/confirm"
      And Ann submits the token of the link to "/auth/confirm"
      And Ann signs in with the password "<password>"
      Then the response status is 200

      Examples:
        | what               | password               |
        | lower case only    | vbnqzrfmtkwpljg        |
        | words and spaces   | four small words here  |
        | Cyrillic           | пароль из восьми слов  |
        | emoji              | 🚢⚓🌊🧭🐋🦑🐚🪸🚢⚓🌊🧭🐋🦑🐚 |
        | a part of a word   | the canny channel annuls |
        | 128 characters     | {qz*64}                |
        | surrounding spaces | ␣␣between two spaces␣␣ |

    @E15 @asvs:v5.0.0-6.2.8 @CWE-287
    Scenario Outline: A password is neither truncated nor folded: <what>
      Given Ann has no account
      When Ann registers with the password "{qz*50}Ab, the end"
      And Ann reads the mail with a link to "/confirm"
      And Ann submits the token of the link to "/auth/confirm"
      And Ann signs in with the password "<other>"
      Then the response is a problem with status 401
      When Ann signs in with the password "{qz*50}Ab, the end"
      Then the response status is 200

      Examples:
        | what                  | other               |
        | its first 72 bytes    | {qz*36}             |
        | one character short   | {qz*50}Ab, the en   |
        | in lower case         | {qz*50}ab, the end  |
        | with a trailing space | {qz*50}Ab, the end␣ |

  Rule: Users can view and change their own account

    @E8 @asvs:v5.0.0-15.3.1 @asvs:v5.0.0-8.2.3 @owasp:API3:2023 @CWE-200 @CWE-522
    Scenario: The account view contains no credentials
      Given Ann is signed in
      When Ann gets "/auth/me"
      Then the response status is 200
      And the member "email" is "{Ann.email}"
      And the member "name" is "Ann"
      And the member "role" is "user"
      And the response does not contain "argon2"
      And the response does not contain "{Ann.password}"
      And the response does not contain "{Ann.access}"

    @E9 @asvs:v5.0.0-6.2.2 @asvs:v5.0.0-6.2.3 @asvs:v5.0.0-6.3.7 @asvs:v5.0.0-7.4.3 @asvs:v5.0.0-7.5.1 @CWE-620 @CWE-613
    Scenario: A password change requires the current password, revokes other sessions and is confirmed by mail
      Given Ann is signed in
      When I save "{Ann.access}" as "the other session"
      And Ann signs in
      And Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new password phrase"}
        """
      Then the response is a problem with a 4xx status
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new password phrase", "current_password": "not the current one"}
        """
      Then the response is a problem with status 403
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new password phrase", "current_password": "{Ann.password}"}
        """
      Then the response status is 200
      And Ann receives a mail with the subject "Your password was changed"
      When I get "/auth/me" with "Authorization: Bearer {the other session}"
      Then the response is a problem with status 401
      When Ann gets "/auth/me"
      Then the response status is 200
      When Ann signs in with the password "{Ann.password}"
      Then the response is a problem with status 401
      When Ann signs in with the password "a new password phrase"
      Then the response status is 200

    @E9 @asvs:v5.0.0-6.3.7 @asvs:v5.0.0-7.5.1 @owasp:API2:2023 @CWE-640
    Scenario: An address change takes effect when confirmed, and the old address is notified
      Given Ann is signed in
      And Anna has no account
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Anna.email}", "current_password": "{Ann.password}"}
        """
      Then the response status is 200
      And the member "email" is "{Ann.email}"
      And the member "pending_email" is "{Anna.email}"
      And Ann receives a mail with the subject "Your address is about to change"
      And Anna receives a mail with a link to "/change-email"
      When Ann signs in
      Then the response status is 200
      When Anna submits the token of the link to "/auth/change-email"
      Then the response status is 200
      When Ann gets "/auth/me"
      Then the member "email" is "{Anna.email}"
      When Anna submits the token of the link to "/auth/change-email"
      Then the response is a problem with status 404

    @E9 @asvs:v5.0.0-6.3.7 @owasp:API2:2023 @CWE-640
    Scenario: The former address takes a confirmed change back
      Given Ann is signed in
      And Mallory has no account
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Mallory.email}", "current_password": "{Ann.password}"}
        """
      Then the response status is 200
      And Mallory receives a mail with a link to "/change-email"
      When Mallory submits the token of the link to "/auth/change-email"
      Then the response status is 200
      And Ann receives a mail with the subject "Your address was changed"
      And Ann receives a mail with a link to "/undo-email"
      When Ann submits the token of the link to "/auth/undo-email"
      Then the response status is 200
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann signs in
      Then the response status is 200

    @E9 @asvs:v5.0.0-7.5.1 @CWE-620
    Scenario: An address change requires the current password
      Given Ann is signed in
      And Anna has no account
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Anna.email}"}
        """
      Then the response is a problem with a 4xx status
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Anna.email}", "current_password": "not the password"}
        """
      Then the response is a problem with status 403
      And Anna receives no further mail

    @E9 @asvs:v5.0.0-15.3.3 @asvs:v5.0.0-8.2.3 @owasp:API3:2023 @CWE-915
    Scenario Outline: Users cannot raise their own privileges: <member>
      Given Ann is signed in
      When Ann sends PUT to "/auth/me"
        """
        {"name": "Ann", <member>}
        """
      Then the response is a problem with status 400
      When Ann gets "/auth/me"
      Then the member "role" is "user"

      Examples:
        | member                       |
        | "role": "admin"              |
        | "admin": true                |
        | "scopes": ["users:write"]    |
        | "state": "active"            |
        | "id": 1                      |
        | "confirmed_at": "2026-01-01" |

    @E10 @asvs:v5.0.0-7.4.2 @owasp:API2:2023 @CWE-613
    Scenario: Account deletion takes effect immediately and frees the address
      Given Ann is signed in
      When Ann sends DELETE to "/auth/me"
      Then the response status is 204
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann signs in
      Then the response is a problem with status 401
      When Ann registers
      Then Ann receives a mail with a link to "/confirm"

  Rule: A forgotten password is reset by a mailed link

    @E14 @asvs:v5.0.0-6.4.3 @asvs:v5.0.0-6.3.7 @asvs:v5.0.0-7.4.3 @owasp:API2:2023 @CWE-640 @CWE-613
    Scenario: A reset link is single-use, revokes every session, and the change is confirmed by mail
      Given Ann is signed in
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      Then the response status is 202
      And Ann receives a mail with a link to "/reset"
      When Ann gets "/auth/me"
      Then the response status is 200
      When I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "another password phrase"}
        """
      Then the response status is 200
      And Ann receives a mail with the subject "Your password was changed"
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann signs in with the password "{Ann.password}"
      Then the response is a problem with status 401
      When Ann signs in with the password "another password phrase"
      Then the response status is 200
      When I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "yet another password phrase"}
        """
      Then the response is a problem with status 404

    @E14 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: A reset request does not reveal whether the account exists
      Given Ann has an account
      And Bob has no account
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Bob.email}"}
        """
      And I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      Then the response status is 202
      And the last two responses are indistinguishable
      And Ann receives a mail with a link to "/reset"
      And Bob receives no further mail

    @E14 @E15 @asvs:v5.0.0-6.2.4 @CWE-521
    Scenario: A rejected password does not consume the reset link
      Given Ann has an account
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      And Ann reads the mail with a link to "/reset"
      And I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "password"}
        """
      Then the response is a problem with status 400
      When I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "another password phrase"}
        """
      Then the response status is 200

  Rule: Ambiguous or malformed input is rejected

    @D8 @I1 @O5 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-1.3.11 @asvs:v5.0.0-15.3.5 @CWE-20 @CWE-93
    Scenario Outline: A malformed registration is rejected: <what>
      Given Ann has no account
      When I send POST to "/auth/register" with the body
        """
        <body>
        """
      Then the response is a problem with status 400
      And Ann receives no further mail

      Examples:
        | what                        | body |
        | an empty object             | {} |
        | not JSON                    | name=Ann |
        | an array                    | [{"name": "Ann", "email": "{Ann.email}", "password": "{Ann.password}"}] |
        | an unknown member           | {"name": "Ann", "email": "{Ann.email}", "password": "{Ann.password}", "role": "admin"} |
        | a duplicate member          | {"name": "Ann", "email": "{Ann.email}", "email": "{Ann.email}", "password": "{Ann.password}"} |
        | trailing data               | {"name": "Ann", "email": "{Ann.email}", "password": "{Ann.password}"} {} |
        | a number as the name        | {"name": 7, "email": "{Ann.email}", "password": "{Ann.password}"} |
        | CR LF in the name           | {"name": "Ann\\u000d\\u000aBcc: eve@evil.example", "email": "{Ann.email}", "password": "{Ann.password}"} |
        | CR LF in the address        | {"name": "Ann", "email": "{Ann.email}\\u000d\\u000aBcc: eve@evil.example", "password": "{Ann.password}"} |
        | two addresses               | {"name": "Ann", "email": "{Ann.email},eve@evil.example", "password": "{Ann.password}"} |
        | a NUL in the name           | {"name": "A\\u0000nn", "email": "{Ann.email}", "password": "{Ann.password}"} |
        | a lone surrogate in it      | {"name": "A\\ud800nn", "email": "{Ann.email}", "password": "{Ann.password}"} |
        | a name of 101 characters    | {"name": "{n*101}", "email": "{Ann.email}", "password": "{Ann.password}"} |
        | an address that is too long | {"name": "Ann", "email": "{Ann.email}.{a*60}.{b*60}.{c*60}.{d*60}.example", "password": "{Ann.password}"} |

    @O3 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-770
    Scenario: An oversized Content-Length is rejected before the body is sent
      When I send these raw bytes
        """
        POST /auth/login HTTP/1.1↵Host: localhost↵Content-Type: application/json↵Content-Length: 31457280↵↵
        """
      Then the only response on the connection has status 413
      And the server closes the connection within 2 seconds
