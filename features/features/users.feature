@accounts @mailbox
Feature: Users
  Administrators invite, list, change, delete and restore users. All other roles are forbidden to do so.

  Rule: Administrators create users by invitation

    @D1 @D9 @asvs:v5.0.0-6.4.1 @asvs:v5.0.0-6.4.6 @CWE-640
    Scenario: An invited user becomes active by setting a password through the mailed link
      Given Root is signed in as admin
      And Bob has no account
      When Root sends POST to "/user"
        """
        {"email": "{Bob.email}"}
        """
      Then the response status is 201
      And the member "email" is "{Bob.email}"
      And the member "state" is "invited"
      And I save the member "id" as "Bob.id"
      And the header "Location" contains "id={Bob.id}"
      And Bob receives a mail with a link to "/invitation"
      When Bob signs in
      Then the response is a problem with status 401
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Bob.link}", "name": "Bob", "password": "{Bob.password}"}
        """
      Then the response status is 200
      When Bob signs in
      Then the response status is 200
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Bob.link}", "name": "Mallory", "password": "an attacker's password phrase"}
        """
      Then the response is a problem with status 404

    @D9 @asvs:v5.0.0-6.6.2
    Scenario: A repeated invitation invalidates the earlier link
      Given Root is signed in as admin
      And Bob has no account
      When Root sends POST to "/user"
        """
        {"email": "{Bob.email}", "role": "approver"}
        """
      Then the response status is 201
      And I save the member "id" as "Bob.id"
      When Bob reads the mail with a link to "/invitation"
      And I save "{Bob.link}" as "the earlier link"
      And Root sends POST to "/user/invite?id={Bob.id}"
      Then the response status is 200
      When Bob reads the mail with a link to "/invitation"
      And I send POST to "/auth/invitation" with the body
        """
        {"token": "{the earlier link}", "name": "Bob", "password": "{Bob.password}"}
        """
      Then the response is a problem with status 404
      When I send POST to "/auth/invitation" with the body
        """
        {"token": "{Bob.link}", "name": "Bob", "password": "{Bob.password}"}
        """
      Then the response status is 200
      When Bob signs in
      And Bob gets "/auth/me"
      Then the member "role" is "approver"

    @D6
    Scenario: An address has at most one account, ignoring case
      Given Root is signed in as admin
      And Ann has an account
      When Root sends POST to "/user"
        """
        {"email": "{Ann.EMAIL}"}
        """
      Then the response is a problem with status 409

    @D6 @asvs:v5.0.0-15.4.2 @CWE-362 @CWE-367
    Scenario: Of twenty concurrent invitations of the same address, exactly one succeeds
      Given Root is signed in as admin
      And Bob has no account
      When Root sends POST to "/user" with "X-Request-Id: at-once" 20 times concurrently
        """
        {"email": "{Bob.email}"}
        """
      Then exactly one of the last 20 responses has status 201, and the others are problems with status 409
      And Bob receives at most 1 mail

  Rule: User administration requires a valid token of an administrator

    @D1 @D10 @E11 @E19 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-8.3.1 @owasp:API2:2023 @owasp:API5:2023 @CWE-306 @CWE-862
    Scenario Outline: User administration requires a token: <method> <target>
      When I send <method> to "<target>"
      Then the response is a problem with status 401
      And the header "WWW-Authenticate" contains "Bearer"

      Examples:
        | method | target             |
        | POST   | /user              |
        | GET    | /user?id=1         |
        | PUT    | /user?id=1         |
        | DELETE | /user?id=1         |
        | POST   | /user/restore?id=1 |
        | POST   | /user/invite?id=1  |
        | GET    | /users             |
        | GET    | /auth/admins       |
        | GET    | /admin/audit       |
        | GET    | /user?id=abc       |

    @D1 @D10 @E19 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @owasp:API5:2023 @CWE-285 @CWE-863 @CWE-269
    Scenario Outline: Other roles are forbidden: <role>
      Given Ann is signed in as <role>
      When Ann gets "/users"
      Then the response is a problem with status 403
      And the header "WWW-Authenticate" contains "insufficient_scope"
      When Ann gets "/user?id=1"
      Then the response is a problem with status 403
      When Ann gets "/auth/admins"
      Then the response is a problem with status 403
      When Ann gets "/admin/audit"
      Then the response is a problem with status 403
      When Ann sends POST to "/user"
        """
        {"email": "eve@evil.example", "role": "admin"}
        """
      Then the response is a problem with status 403
      When Ann sends PUT to "/user?id=1" with "If-Match: *"
        """
        {"email": "eve@evil.example", "role": "admin"}
        """
      Then the response is a problem with status 403
      When Ann sends DELETE to "/user?id=1"
      Then the response is a problem with status 403
      When Ann sends POST to "/user/restore?id=1"
      Then the response is a problem with status 403

      Examples:
        | role     |
        | user     |
        | approver |
        | ingest   |

    @D10 @asvs:v5.0.0-8.3.2 @asvs:v5.0.0-7.4.2 @owasp:API5:2023 @CWE-613 @CWE-269
    Scenario: A role change takes effect immediately
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I save the member "id" as "Ann.id"
      And Root gets "/user?id={Ann.id}"
      And I save the header "ETag" as "the version"
      And Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}"
        """
        {"email": "{Ann.email}", "role": "approver"}
        """
      Then the response status is 200
      And the member "role" is "approver"
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann signs in
      And Ann gets "/auth/me"
      Then the member "role" is "approver"

  Rule: Administrators help users who lost a device or a second factor

    @E18 @E19 @asvs:v5.0.0-6.4.4 @asvs:v5.0.0-6.3.7
    Scenario: An administrator removes a lost second factor, and the owner is notified
      Given Root is signed in as admin
      And Ann is signed in
      And Ann has a second factor
      When Ann gets "/auth/me"
      And I save the member "id" as "Ann.id"
      And Root sends DELETE to "/user/second-factor?id={Ann.id}"
      Then the response status is 204
      And Ann receives a mail with the subject "Your second factor was removed"
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann signs in
      Then the response status is 200

    @E13 @asvs:v5.0.0-7.4.5 @CWE-613
    Scenario: An administrator signs a user out everywhere
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I save the member "id" as "Ann.id"
      And Root sends DELETE to "/user/sessions?id={Ann.id}"
      Then the response status is 204
      And Ann receives a mail with the subject "You were signed out everywhere"
      When Ann gets "/auth/me"
      Then the response is a problem with status 401

  Rule: Requests are validated

    @D2 @D8 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-1.4.2 @owasp:API8:2023 @CWE-20 @CWE-190
    Scenario Outline: An invalid user id is rejected: <query>
      Given Root is signed in as admin
      When Root gets "/user<query>"
      Then the response is a problem with status 400
      And the problem reports exactly the field "<field>"

      Examples:
        | query                   | field   |
        |                         | id      |
        | ?id=                    | id      |
        | ?id=abc                 | id      |
        | ?id=-1                  | id      |
        | ?id=0                   | id      |
        | ?id=1.0                 | id      |
        | ?id=9223372036854775808 | id      |
        | ?id=1%00                | id      |
        | ?id=1&id=1              | id      |
        | ?id=1&verbose=1         | verbose |

    @D2
    Scenario: An unknown user id is not found
      Given Root is signed in as admin
      When Root gets "/user?id=9223372036854775807"
      Then the response is a problem with status 404

    @D8 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-15.3.3 @owasp:API3:2023 @CWE-20 @CWE-915
    Scenario Outline: An invalid body is rejected: <what>
      Given Root is signed in as admin
      And Bob has no account
      When Root sends POST to "/user"
        """
        <body>
        """
      Then the response is a problem with status 400
      And Bob receives no further mail

      Examples:
        | what                | body                                                         |
        | no address          | {"name": "Bob"}                                              |
        | an invalid address  | {"email": "bob"}                                             |
        | an unknown member   | {"email": "{Bob.email}", "state": "active"}                  |
        | a password          | {"email": "{Bob.email}", "password": "chosen by the admin"}  |
        | an unknown role     | {"email": "{Bob.email}", "role": "superuser"}                |
        | a duplicate member  | {"email": "{Bob.email}", "email": "{Bob.email}"}             |
        | too long an address | {"email": "{Bob.email}.{a*60}.{b*60}.{c*60}.{d*60}.example"} |

  Rule: Concurrent changes do not overwrite each other

    @D7 @D3 @CWE-362
    Scenario: An update requires the current version
      Given Root is signed in as admin
      And Ann has an account
      When Root gets "/users?q={Ann.email}"
      And I save the member "/users/0/id" as "Ann.id"
      And Root gets "/user?id={Ann.id}"
      And I save the header "ETag" as "the version"
      And Root sends PUT to "/user?id={Ann.id}"
        """
        {"email": "{Ann.email}", "name": "First"}
        """
      Then the response is a problem with status 428
      When Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}"
        """
        {"email": "{Ann.email}", "name": "First"}
        """
      Then the response status is 200
      When Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}"
        """
        {"email": "{Ann.email}", "name": "Second"}
        """
      Then the response is a problem with status 412
      When Root gets "/user?id={Ann.id}"
      Then the member "name" is "First"

    @D7 @asvs:v5.0.0-15.4.2 @CWE-362 @CWE-367
    Scenario: Of ten concurrent updates to one version, exactly one succeeds
      Given Root is signed in as admin
      And Ann has an account
      When Root gets "/users?q={Ann.email}"
      And I save the member "/users/0/id" as "Ann.id"
      And Root gets "/user?id={Ann.id}"
      And I save the header "ETag" as "the version"
      And Root sends PUT to "/user?id={Ann.id}" with "If-Match: {the version}" 10 times concurrently
        """
        {"email": "{Ann.email}", "name": "Annette"}
        """
      Then exactly one of the last 10 responses has status 200, and the others are problems with status 412

    @D3
    Scenario: An address of another account is rejected
      Given Root is signed in as admin
      And Ann has an account
      And Bob has an account
      When Root gets "/users?q={Ann.email}"
      And I save the member "/users/0/id" as "Ann.id"
      And Root sends PUT to "/user?id={Ann.id}" with "If-Match: *"
        """
        {"email": "{Bob.email}"}
        """
      Then the response is a problem with status 409

  Rule: Deleted users are inaccessible and can be restored

    @D4 @asvs:v5.0.0-7.4.2 @owasp:API2:2023 @CWE-613
    Scenario: Deletion revokes the sessions of a user, and restoring enables sign-in again
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I save the member "id" as "Ann.id"
      And Root sends DELETE to "/user?id={Ann.id}"
      Then the response status is 200
      And the member "email" is "{Ann.email}"
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann refreshes the tokens
      Then the response is a problem with status 401
      When Ann signs in
      Then the response is a problem with status 401
      When Root gets "/user?id={Ann.id}"
      Then the response is a problem with status 404
      When Root sends DELETE to "/user?id={Ann.id}"
      Then the response is a problem with status 404
      When Root sends POST to "/user/restore?id={Ann.id}"
      Then the response status is 200
      When Ann gets "/auth/me"
      Then the response is a problem with status 401
      When Ann signs in
      Then the response status is 200

  Rule: Administrators can list all users, without their credentials

    @D5 @E11 @asvs:v5.0.0-15.3.1 @owasp:API3:2023 @CWE-200 @CWE-522
    Scenario Outline: Lists contain no credentials: <target>
      Given Root is signed in as admin
      And Ann has an account
      When Root gets "<target>"
      Then the response status is 200
      And the response does not contain "argon2"
      And the response does not contain "password"
      And the response does not contain "token"
      And the response does not contain "{Root.password}"

      Examples:
        | target               |
        | /users?q={Ann.email} |
        | /users?limit=100     |
        | /auth/admins         |

    @D5
    Scenario: The pages list every user once, in order
      Given Root is signed in as admin
      And Ann has an account
      And Bob has an account
      When Root reads all pages of "/users?limit=3"
      Then the ids of the "users" strictly increase across the pages, with at most 3 per page
      And Ann and Bob are each listed once among the "users"

    @D5 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-2.2.1 @owasp:API8:2023 @CWE-89
    Scenario Outline: A malicious list query is rejected or finds no users: <query>
      Given Root is signed in as admin
      When Root gets "/users?<query>"
      Then the response is not a server error
      And the response does not contain "admin@"

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
