@accounts @mailbox
Feature: Users
  Administrators invite people, see and change who is there, delete and restore. Nobody else does, whatever they send.

  Rule: A user begins with an invitation

    @D1 @D9 @asvs:v5.0.0-6.4.1 @asvs:v5.0.0-6.4.6 @CWE-640
    Scenario: Invited by mail, active with a password that only its owner knows
      Given Root is signed in as admin
      And Bob is new here
      When Root sends POST to "/user"
        """
        {"email": "{Bob.email}"}
        """
      Then the answer is 201
      And the member "email" is "{Bob.email}"
      And the member "state" is "invited"
      And I note the member "id" as "Bob.id"
      And the header "Location" holds "id={Bob.id}"
      And Bob gets a mail with a link to "/invitation"
      When Bob signs in
      Then the answer is a problem with status 401
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Bob.link}", "name": "Bob", "password": "{Bob.password}"}
        """
      Then the answer is 200
      When Bob signs in
      Then the answer is 200
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Bob.link}", "name": "Mallory", "password": "words of a stranger"}
        """
      Then the answer is a problem with status 404

    @D9 @asvs:v5.0.0-6.6.2
    Scenario: Invited again, the older link is void
      Given Root is signed in as admin
      And Bob is new here
      When Root sends POST to "/user"
        """
        {"email": "{Bob.email}", "role": "approver"}
        """
      Then the answer is 201
      And I note the member "id" as "Bob.id"
      When Bob reads the mail with the link to "/invitation"
      And I note "{Bob.link}" as "the older link"
      And Root sends POST to "/user/invite?id={Bob.id}"
      Then the answer is 200
      When Bob reads the mail with the link to "/invitation"
      And I send POST to "/auth/invitation" with the body
        """
        {"token": "{the older link}", "name": "Bob", "password": "{Bob.password}"}
        """
      Then the answer is a problem with status 404
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Bob.link}", "name": "Bob", "password": "{Bob.password}"}
        """
      Then the answer is 200
      When Bob signs in
      And Bob gets "/auth/me"
      Then the member "role" is "approver"

    @D6
    Scenario: One account an address, whatever the letters' case
      Given Root is signed in as admin
      And Ann has an account
      When Root sends POST to "/user"
        """
        {"email": "{Ann.EMAIL}"}
        """
      Then the answer is a problem with status 409

    @D6 @asvs:v5.0.0-15.4.2 @CWE-362 @CWE-367
    Scenario: Of twenty who make the same user at once, one succeeds
      Given Root is signed in as admin
      And Bob is new here
      When Root sends POST to "/user" with "X-Request-Id: at-once" 20 times at once
        """
        {"email": "{Bob.email}"}
        """
      Then exactly one of the 20 latest answers is 201, and the others are 409
      And Bob gets at most 1 mail

  Rule: Only administrators, and only with a good token

    @D1 @D10 @E11 @E19 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-8.3.1 @owasp:API2:2023 @owasp:API5:2023 @CWE-306 @CWE-862
    Scenario Outline: Without a token nothing is had: <method> <target>
      When I send <method> to "<target>"
      Then the answer is a problem with status 401
      And the header "WWW-Authenticate" holds "Bearer"

      Examples:
        | method | target                |
        | POST   | /user                 |
        | GET    | /user?id=1            |
        | PUT    | /user?id=1            |
        | DELETE | /user?id=1            |
        | POST   | /user/restore?id=1    |
        | POST   | /user/invite?id=1     |
        | GET    | /users                |
        | GET    | /auth/admins          |
        | GET    | /admin/audit          |
        | GET    | /user?id=abc          |

    @D1 @D10 @E19 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @owasp:API5:2023 @CWE-285 @CWE-863 @CWE-269
    Scenario Outline: No other role will do: <role>
      Given Ann is signed in as <role>
      When Ann gets "/users"
      Then the answer is a problem with status 403
      And the header "WWW-Authenticate" holds "insufficient_scope"
      When Ann gets "/user?id=1"
      Then the answer is a problem with status 403
      When Ann gets "/auth/admins"
      Then the answer is a problem with status 403
      When Ann gets "/admin/audit"
      Then the answer is a problem with status 403
      When Ann sends POST to "/user"
        """
        {"email": "eve@evil.example", "role": "admin"}
        """
      Then the answer is a problem with status 403
      When Ann sends PUT to "/user?id=1" with "If-Match: *"
        """
        {"email": "eve@evil.example", "role": "admin"}
        """
      Then the answer is a problem with status 403
      When Ann sends DELETE to "/user?id=1"
      Then the answer is a problem with status 403
      When Ann sends POST to "/user/restore?id=1"
      Then the answer is a problem with status 403

      Examples:
        | role     |
        | user     |
        | approver |
        | ingest   |

    @D10 @asvs:v5.0.0-8.3.2 @asvs:v5.0.0-7.4.2 @owasp:API5:2023 @CWE-613 @CWE-269
    Scenario: Another role counts at once
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I note the member "id" as "Ann.id"
      And Root gets "/user?id={Ann.id}"
      And I note the header "ETag" as "the version"
      And Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}"
        """
        {"email": "{Ann.email}", "role": "approver"}
        """
      Then the answer is 200
      And the member "role" is "approver"
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann signs in
      And Ann gets "/auth/me"
      Then the member "role" is "approver"

  Rule: What is asked for is looked at closely

    @D2 @D8 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-1.4.2 @owasp:API8:2023 @CWE-20 @CWE-190
    Scenario Outline: A number that is none: <query>
      Given Root is signed in as admin
      When Root gets "/user<query>"
      Then the answer is a problem with status 400
      And the problem names exactly the field "<field>"

      Examples:
        | query                    | field   |
        |                          | id      |
        | ?id=                     | id      |
        | ?id=abc                  | id      |
        | ?id=-1                   | id      |
        | ?id=0                    | id      |
        | ?id=1.0                  | id      |
        | ?id=9223372036854775808  | id      |
        | ?id=1%00                 | id      |
        | ?id=1&id=1               | id      |
        | ?id=1&verbose=1          | verbose |

    @D2
    Scenario: A number that nobody has
      Given Root is signed in as admin
      When Root gets "/user?id=9223372036854775807"
      Then the answer is a problem with status 404

    @D8 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-15.3.3 @owasp:API3:2023 @CWE-20 @CWE-915
    Scenario Outline: A body that is not whole and plain is refused: <what>
      Given Root is signed in as admin
      And Bob is new here
      When Root sends POST to "/user"
        """
        <body>
        """
      Then the answer is a problem with status 400
      And Bob gets no further mail

      Examples:
        | what                | body                                                        |
        | no address          | {"name": "Bob"}                                             |
        | no address at all   | {"email": "bob"}                                            |
        | an unknown member   | {"email": "{Bob.email}", "state": "active"}                 |
        | a password          | {"email": "{Bob.email}", "password": "chosen by the admin"} |
        | an unknown role     | {"email": "{Bob.email}", "role": "superuser"}               |
        | a member twice      | {"email": "{Bob.email}", "email": "{Bob.email}"}            |
        | 255 characters      | {"email": "{Bob.email}.{a*60}.{b*60}.{c*60}.{d*60}.example"} |

  Rule: Two who change the same user do not overwrite each other

    @D7 @D3 @CWE-362
    Scenario: A change needs the version that it is meant for
      Given Root is signed in as admin
      And Ann has an account
      When Root gets "/users?q={Ann.email}"
      And I note the member "/users/0/id" as "Ann.id"
      And Root gets "/user?id={Ann.id}"
      And I note the header "ETag" as "the version"
      And Root sends PUT to "/user?id={Ann.id}"
        """
        {"email": "{Ann.email}", "name": "First"}
        """
      Then the answer is a problem with status 428
      When Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}"
        """
        {"email": "{Ann.email}", "name": "First"}
        """
      Then the answer is 200
      When Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}"
        """
        {"email": "{Ann.email}", "name": "Second"}
        """
      Then the answer is a problem with status 412
      When Root gets "/user?id={Ann.id}"
      Then the member "name" is "First"

    @D7 @asvs:v5.0.0-15.4.2 @CWE-362 @CWE-367
    Scenario: Of ten changes to one version at once, one succeeds
      Given Root is signed in as admin
      And Ann has an account
      When Root gets "/users?q={Ann.email}"
      And I note the member "/users/0/id" as "Ann.id"
      And Root gets "/user?id={Ann.id}"
      And I note the header "ETag" as "the version"
      And Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}" 10 times at once
        """
        {"email": "{Ann.email}", "name": "Annette"}
        """
      Then exactly one of the 10 latest answers is 200, and the others are 412

    @D3
    Scenario: Another's address is refused
      Given Root is signed in as admin
      And Ann has an account
      And Bob has an account
      When Root gets "/users?q={Ann.email}"
      And I note the member "/users/0/id" as "Ann.id"
      And Root sends PUT to "/user?id={Ann.id}" with "If-Match: *"
        """
        {"email": "{Bob.email}"}
        """
      Then the answer is a problem with status 409

  Rule: A deleted user is gone, and can be brought back

    @D4 @asvs:v5.0.0-7.4.2 @owasp:API2:2023 @CWE-613
    Scenario: Deleted, signed out, restored
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I note the member "id" as "Ann.id"
      And Root sends DELETE to "/user?id={Ann.id}"
      Then the answer is 200
      And the member "email" is "{Ann.email}"
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann refreshes the tokens
      Then the answer is a problem with status 401
      When Ann signs in
      Then the answer is a problem with status 401
      When Root gets "/user?id={Ann.id}"
      Then the answer is a problem with status 404
      When Root sends DELETE to "/user?id={Ann.id}"
      Then the answer is a problem with status 404
      When Root sends POST to "/user/restore?id={Ann.id}"
      Then the answer is 200
      When Ann gets "/auth/me"
      Then the answer is a problem with status 401
      When Ann signs in
      Then the answer is 200

  Rule: Administrators find everybody, and never what proves who somebody is

    @D5 @E11 @asvs:v5.0.0-15.3.1 @owasp:API3:2023 @CWE-200 @CWE-522
    Scenario Outline: No list shows a secret: <target>
      Given Root is signed in as admin
      And Ann has an account
      When Root gets "<target>"
      Then the answer is 200
      And nowhere in the answer is "argon2"
      And nowhere in the answer is "password"
      And nowhere in the answer is "token"
      And nowhere in the answer is "{Root.password}"

      Examples:
        | target                |
        | /users?q={Ann.email}  |
        | /users?limit=100      |
        | /auth/admins          |

    @D5
    Scenario: The pages of a list hold everybody once, in order
      Given Root is signed in as admin
      And Ann has an account
      And Bob has an account
      When Root reads all pages of "/users?limit=3"
      Then the numbers of the "users" rise from page to page, none twice, at most 3 a page
      And Ann and Bob are among the "users"

    @D5 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-2.2.1 @owasp:API8:2023 @CWE-89
    Scenario Outline: A hostile list query is refused or finds nobody: <query>
      Given Root is signed in as admin
      When Root gets "/users?<query>"
      Then the answer is no failure of the service
      And nowhere in the answer is "admin@"

      Examples:
        | query                                    |
        | q=%27%20OR%201=1--                       |
        | q=%25                                    |
        | q=_%40demo                               |
        | q=%00                                    |
        | q={a*5000}                               |
        | sort=password_hash                       |
        | sort=id;DROP%20TABLE%20accounts.accounts |
        | after=AAAA                               |
        | after=../../etc/passwd                   |
        | limit=0                                  |
        | limit=-1                                 |
        | limit=1000000                            |
        | deleted=maybe                            |
