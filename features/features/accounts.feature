@mailbox
Feature: Accounts
  People make accounts for themselves, prove their address, choose and change their password, and leave again. Nobody
  learns from the service who has an account but the reader of that account's mails.

  Rule: Registering tells nothing about who is there already

    @E1 @I1 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: A new address and a taken one get the same answer, and different mails
      Given Ann has an account
      And Bob is new here
      When Bob registers
      And Ann registers
      Then the answer is 202
      And the two latest answers cannot be told apart
      And Bob gets a mail with a link to "/confirm"
      And the latest mail has a plain part and an HTML part with the same link to "/confirm"
      And Ann gets a mail with the subject "You have an account already"
      And nowhere in the latest mail is "?token="

    @E1 @CWE-640 @CWE-287
    Scenario: Registering somebody's address again changes nothing about their account
      Given Ann has an account
      When Ann registers with the password "a stranger's own words"
      Then the answer is 202
      When Ann signs in with the password "a stranger's own words"
      Then the answer is a problem with status 401
      When Ann signs in
      Then the answer is 200

    @D6 @D8 @asvs:v5.0.0-1.5.3 @CWE-178
    Scenario: Small and large letters make no other address
      Given Ann has an account
      When I send POST to "/auth/register" with the body
        """
        {"name": "Ann", "email": "{Ann.EMAIL}", "password": "{Ann.password}"}
        """
      Then the answer is 202
      And Ann gets a mail with the subject "You have an account already"
      When I send POST to "/auth/login" with the body
        """
        {"email": "{Ann.EMAIL}", "password": "{Ann.password}"}
        """
      Then the answer is 200

  Rule: An account opens when its address is proven

    @E2 @E5 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: Before that, the right password is refused like a wrong one
      Given Ann has registered and not confirmed the address
      And Bob has an account
      When Bob signs in with the password "none of Bob's words"
      And Ann signs in
      Then the answer is a problem with status 401
      And the two latest answers cannot be told apart

    @E2 @asvs:v5.0.0-6.4.1 @asvs:v5.0.0-6.5.1 @CWE-294
    Scenario: The link works once
      Given Ann has registered and not confirmed the address
      When Ann reads the mail with the link to "/confirm"
      And Ann uses the link at "/auth/confirm"
      Then the answer is 200
      When Ann signs in
      Then the answer is 200
      When Ann uses the link at "/auth/confirm"
      Then the answer is a problem with status 404

    @E2 @owasp:API2:2023 @CWE-330 @CWE-640
    Scenario Outline: A link that was not mailed for this opens nothing: <what>
      Given Ann has registered and not confirmed the address
      When I send POST to "/auth/confirm" with the body
        """
        {"token": "<token>"}
        """
      Then the answer is a problem with status 404
      When Ann signs in
      Then the answer is a problem with status 401

      Examples:
        | what          | token                                       |
        | guessed       | rTx1W4o0c9Yb7sQn3vKpL2mZ8aEfGdJhUiOqXwCyB6k |
        | the address   | {Ann.email}                                 |
        | empty         |                                             |
        | a zero        | 0                                           |
        | a path        | ../../etc/passwd                            |
        | an injection  | ' OR 1=1--                                  |

    @E2 @asvs:v5.0.0-6.6.2 @CWE-640
    Scenario: A link for one thing does not do another
      Given Ann has registered and not confirmed the address
      When Ann reads the mail with the link to "/confirm"
      And I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "words of a stranger"}
        """
      Then the answer is a problem with status 404
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Ann.link}", "name": "Mallory", "password": "words of a stranger"}
        """
      Then the answer is a problem with status 404
      When Ann uses the link at "/auth/change-email"
      Then the answer is a problem with status 404
      When Ann uses the link at "/auth/confirm"
      Then the answer is 200

    @E4 @asvs:v5.0.0-6.3.8 @asvs:v5.0.0-6.6.2 @owasp:API2:2023 @CWE-204
    Scenario: The mail can be asked for again, and the older link is void
      Given Ann has registered and not confirmed the address
      And Bob is new here
      When Ann reads the mail with the link to "/confirm"
      And I note "{Ann.link}" as "the older link"
      And I send POST to "/auth/resend" with the body
        """
        {"email": "{Bob.email}"}
        """
      And I send POST to "/auth/resend" with the body
        """
        {"email": "{Ann.email}"}
        """
      Then the answer is 202
      And the two latest answers cannot be told apart
      And Bob gets no further mail
      When Ann reads the mail with the link to "/confirm"
      And I send POST to "/auth/confirm" with the body
        """
        {"token": "{the older link}"}
        """
      Then the answer is a problem with status 404
      When Ann uses the link at "/auth/confirm"
      Then the answer is 200

    @E4 @asvs:v5.0.0-2.4.1 @asvs:v5.0.0-6.3.1 @owasp:API4:2023 @owasp:API6:2023 @CWE-799 @CWE-770
    Scenario: Nobody is buried in mails, whoever asks for them
      Given Ann has registered and not confirmed the address
      And Bob is new here
      When somebody asks at "/auth/resend" for mails to Ann until they have to wait
      Then the answer tells to wait between 1 and 3600 seconds
      And Ann gets at most 5 mails
      When somebody asks at "/auth/resend" for mails to Bob until they have to wait
      Then the answer tells to wait between 1 and 3600 seconds

    @E14 @asvs:v5.0.0-2.4.1 @asvs:v5.0.0-6.3.1 @owasp:API6:2023 @CWE-799
    Scenario: Nor in mails for a new password, and who asks is not told when it is enough
      Given Ann has an account
      When somebody asks 8 times at "/auth/forgot" for mails to Ann
      Then the answer is 202
      And the two latest answers cannot be told apart
      And Ann gets at most 5 mails

    @E3 @asvs:v5.0.0-3.5.3 @CWE-352 @CWE-650
    Scenario: Following the link changes nothing: mail scanners do that too
      Given Ann has registered and not confirmed the address
      When Ann reads the mail with the link to "/confirm"
      And I get "/confirm?token={Ann.link}" with "Accept: text/html"
      And I get "/confirm?token={Ann.link}" with "Accept: text/html"
      And I get "/confirm?token={Ann.link}" with "Accept: text/html"
      Then the answer is 200 as "text/html"
      And the header "Referrer-Policy" is "no-referrer"
      And the header "Cache-Control" holds "no-store"
      When Ann signs in
      Then the answer is a problem with status 401
      When Ann uses the link at "/auth/confirm"
      Then the answer is 200

  Rule: A password is long enough, not common, not one's own name, and otherwise anything

    @E15 @asvs:v5.0.0-6.2.1 @asvs:v5.0.0-6.2.4 @asvs:v5.0.0-6.2.11 @owasp:API2:2023 @CWE-521
    Scenario Outline: A password that is easy to guess is refused: <what>
      Given Annabelle is new here
      When Annabelle registers with the password "<password>"
      Then the answer is a problem with status 400
      And the problem names exactly the field "password"
      And Annabelle gets no further mail

      Examples:
        | what                    | password                 |
        | seven characters        | kX9#q2z                  |
        | seven of another script | 密码密码密码密           |
        | nothing                 |                          |
        | the most common         | password                 |
        | common, with a capital  | Password1                |
        | common, on a keyboard   | qwertyuiop               |
        | common, of digits       | 1234567890               |
        | the owner's name        | my annabelle in spring   |
        | the owner's address     | {Annabelle.email}        |
        | the service's name      | long live portcullis     |
        | 129 characters          | {ab*64}c                 |

    @E15 @asvs:v5.0.0-6.2.1 @asvs:v5.0.0-6.2.5 @asvs:v5.0.0-6.2.8 @asvs:v5.0.0-6.2.9
    Scenario Outline: Any other composition is a good password: <what>
      Given Ann is new here
      When Ann registers with the password "<password>"
      Then the answer is 202
      When Ann reads the mail with the link to "/confirm"
      And Ann uses the link at "/auth/confirm"
      And Ann signs in with the password "<password>"
      Then the answer is 200

      Examples:
        | what                    | password                       |
        | eight small letters     | vbnqzrfm                       |
        | words and spaces        | four small words here          |
        | another script          | пароль из восьми слов          |
        | emoji                   | 🚢⚓🌊🧭🐋🦑🐚🪸               |
        | 128 characters          | {qz*64}                        |
        | spaces at both ends     | ␣␣between two spaces␣␣         |

    @E15 @asvs:v5.0.0-6.2.8 @CWE-287
    Scenario Outline: A password is taken as it is, whole: <what>
      Given Ann is new here
      When Ann registers with the password "{qz*50}Ab, the end"
      And Ann reads the mail with the link to "/confirm"
      And Ann uses the link at "/auth/confirm"
      And Ann signs in with the password "<other>"
      Then the answer is a problem with status 401
      When Ann signs in with the password "{qz*50}Ab, the end"
      Then the answer is 200

      Examples:
        | what                     | other                  |
        | its first 72 bytes       | {qz*36}                |
        | without its last letter  | {qz*50}Ab, the en      |
        | in small letters         | {qz*50}ab, the end     |
        | with a space behind it   | {qz*50}Ab, the end␣    |

  Rule: One's own account is one's own to see and to change

    @E8 @asvs:v5.0.0-15.3.1 @asvs:v5.0.0-8.2.3 @owasp:API3:2023 @CWE-200 @CWE-522
    Scenario: One sees all of it but what proves who one is
      Given Ann is signed in
      When Ann gets "/auth/me"
      Then the answer is 200
      And the member "email" is "{Ann.email}"
      And the member "name" is "Ann"
      And the member "role" is "user"
      And nowhere in the answer is "argon2"
      And nowhere in the answer is "{Ann.password}"
      And nowhere in the answer is "{Ann.access}"

    @E9 @asvs:v5.0.0-6.2.2 @asvs:v5.0.0-6.2.3 @asvs:v5.0.0-6.3.7 @asvs:v5.0.0-7.4.3 @asvs:v5.0.0-7.5.1 @CWE-620 @CWE-613
    Scenario: A new password needs the old one, ends the other sessions, and is told by mail
      Given Ann is signed in
      When I note "{Ann.access}" as "the other session"
      And Ann signs in
      And Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new set of words"}
        """
      Then the answer is a refusal, never a failure of the service
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new set of words", "current_password": "not the old one"}
        """
      Then the answer is a problem with status 403
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new set of words", "current_password": "{Ann.password}"}
        """
      Then the answer is 200
      And Ann gets a mail with the subject "Your password was changed"
      When I get "/auth/me" with "Authorization: Bearer {the other session}"
      Then the answer is a problem with status 401
      When Ann gets "/auth/me"
      Then the answer is 200
      When Ann signs in with the password "{Ann.password}"
      Then the answer is a problem with status 401
      When Ann signs in with the password "a new set of words"
      Then the answer is 200

    @E9 @asvs:v5.0.0-6.3.7 @asvs:v5.0.0-7.5.1 @owasp:API2:2023 @CWE-640
    Scenario: A new address waits until it is proven, and the old one is told
      Given Ann is signed in
      And Anna is new here
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Anna.email}", "current_password": "{Ann.password}"}
        """
      Then the answer is 200
      And the member "email" is "{Ann.email}"
      And the member "pending_email" is "{Anna.email}"
      And Ann gets a mail with the subject "Your address is about to change"
      And nowhere in the latest mail is "?token="
      And Anna gets a mail with a link to "/change-email"
      When Ann signs in
      Then the answer is 200
      When Anna uses the link at "/auth/change-email"
      Then the answer is 200
      When Ann gets "/auth/me"
      Then the member "email" is "{Anna.email}"
      When Anna uses the link at "/auth/change-email"
      Then the answer is a problem with status 404

    @E9 @asvs:v5.0.0-7.5.1 @CWE-620
    Scenario: A new address needs the password
      Given Ann is signed in
      And Anna is new here
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Anna.email}"}
        """
      Then the answer is a refusal, never a failure of the service
      When Ann sends PUT to "/auth/me"
        """
        {"email": "{Anna.email}", "current_password": "not the password"}
        """
      Then the answer is a problem with status 403
      And Anna gets no further mail

    @E9 @asvs:v5.0.0-15.3.3 @asvs:v5.0.0-8.2.3 @owasp:API3:2023 @CWE-915
    Scenario Outline: Nobody gives themselves more than they have: <member>
      Given Ann is signed in
      When Ann sends PUT to "/auth/me"
        """
        {"name": "Ann", <member>}
        """
      Then the answer is a problem with status 400
      When Ann gets "/auth/me"
      Then the member "role" is "user"

      Examples:
        | member                         |
        | "role": "admin"                |
        | "admin": true                  |
        | "scopes": ["users:write"]      |
        | "state": "active"              |
        | "id": 1                        |
        | "confirmed_at": "2026-01-01"   |

    @E10 @asvs:v5.0.0-7.4.2 @owasp:API2:2023 @CWE-613
    Scenario: Who leaves is gone at once, and the address is free again
      Given Ann is signed in
      When Ann sends DELETE to "/auth/me"
      Then the answer is 204
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann signs in
      Then the answer is a problem with status 401
      When Ann registers
      Then Ann gets a mail with a link to "/confirm"

  Rule: A forgotten password is replaced by whoever reads the account's mails

    @E14 @asvs:v5.0.0-6.4.3 @asvs:v5.0.0-6.3.7 @asvs:v5.0.0-7.4.3 @owasp:API2:2023 @CWE-640 @CWE-613
    Scenario: The link sets a password once, ends every session, and a mail tells of it
      Given Ann is signed in
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      Then the answer is 202
      And Ann gets a mail with a link to "/reset"
      When Ann gets "/auth/me"
      Then the answer is 200
      When I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "another set of words"}
        """
      Then the answer is 200
      And Ann gets a mail with the subject "Your password was changed"
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann signs in with the password "{Ann.password}"
      Then the answer is a problem with status 401
      When Ann signs in with the password "another set of words"
      Then the answer is 200
      When I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "yet another set of words"}
        """
      Then the answer is a problem with status 404

    @E14 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario: Who asks learns not whether there is such an account
      Given Ann has an account
      And Bob is new here
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Bob.email}"}
        """
      And I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      Then the answer is 202
      And the two latest answers cannot be told apart
      And Ann gets a mail with a link to "/reset"
      And Bob gets no further mail

    @E14 @E15 @asvs:v5.0.0-6.2.4 @CWE-521
    Scenario: A refused password does not use up the link
      Given Ann has an account
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      And Ann reads the mail with the link to "/reset"
      And I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "password"}
        """
      Then the answer is a problem with status 400
      When I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "another set of words"}
        """
      Then the answer is 200

  Rule: What is sent means one thing, or is refused

    @D8 @I1 @O5 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-1.3.11 @asvs:v5.0.0-15.3.5 @CWE-20 @CWE-93
    Scenario Outline: A registration that is not whole and plain is refused: <what>
      Given Ann is new here
      When I send POST to "/auth/register" with the body
        """
        <body>
        """
      Then the answer is a problem with status 400
      And Ann gets no further mail

      Examples:
        | what                       | body                                                                                              |
        | no body to speak of        | {}                                                                                                |
        | no JSON                    | name=Ann                                                                                          |
        | a list                     | [{"name": "Ann", "email": "{Ann.email}", "password": "{Ann.password}"}]                           |
        | a member that is not known | {"name": "Ann", "email": "{Ann.email}", "password": "{Ann.password}", "role": "admin"}            |
        | a member twice             | {"name": "Ann", "email": "{Ann.email}", "email": "{Ann.email}", "password": "{Ann.password}"}     |
        | something behind it        | {"name": "Ann", "email": "{Ann.email}", "password": "{Ann.password}"} {}                          |
        | a number for a name        | {"name": 7, "email": "{Ann.email}", "password": "{Ann.password}"}                                 |
        | a line end in the name     | {"name": "Ann\\u000d\\u000aBcc: eve@evil.example", "email": "{Ann.email}", "password": "{Ann.password}"}    |
        | a line end in the address  | {"name": "Ann", "email": "{Ann.email}\\u000d\\u000aBcc: eve@evil.example", "password": "{Ann.password}"}    |
        | two addresses              | {"name": "Ann", "email": "{Ann.email},eve@evil.example", "password": "{Ann.password}"}            |
        | a zero byte in the name    | {"name": "A\\u0000nn", "email": "{Ann.email}", "password": "{Ann.password}"}                       |
        | half a letter in the name  | {"name": "A\\ud800nn", "email": "{Ann.email}", "password": "{Ann.password}"}                       |
        | a name of 101 letters      | {"name": "{n*101}", "email": "{Ann.email}", "password": "{Ann.password}"}                         |
        | an address of 255          | {"name": "Ann", "email": "{Ann.email}.{a*60}.{b*60}.{c*60}.{d*60}.example", "password": "{Ann.password}"} |

    @O3 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-770
    Scenario: A body that announces itself too large is refused before it is sent
      When I send these bytes
        """
        POST /auth/login HTTP/1.1↵Host: localhost↵Content-Type: application/json↵Content-Length: 31457280↵↵
        """
      Then the bytes are answered with 413 and nothing else
      And the connection is closed within 2 seconds
