@accounts @mailbox
Feature: Audit events
  Every security-relevant action on accounts and sessions is recorded in an append-only log: who, what, when and from
  where. Administrators can read it, no one can change it, and it contains no e-mail addresses.

  Rule: Security-relevant actions are recorded

    @J5 @asvs:v5.0.0-16.2.1 @asvs:v5.0.0-16.2.2 @asvs:v5.0.0-16.3.1 @CWE-778
    Scenario: The life cycle of an account is recorded without personal data or secrets
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I save the member "id" as "Ann.id"
      And Ann signs in with the password "none of Ann's words"
      And Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new password phrase", "current_password": "{Ann.password}"}
        """
      And Ann sends DELETE to "/auth/me"
      Then the response status is 204
      When Root reads all events with the subject "account:{Ann.id}" or the actor Ann
      Then the events include the actions
        | account.registered |
        | account.confirmed  |
        | session.begun      |
        | session.refused    |
        | password.changed   |
        | account.deleted    |
      And each event has a time, a client address, a request id, an action and a hash
      And no event contains "{Ann.email}"
      And no event contains "{Ann.password}"
      And no event contains "{Ann.access}"
      And no event contains "a new password phrase"

    @J5 @J3 @asvs:v5.0.0-16.2.1
    Scenario: An event contains the id of its request
      Given Root is signed in as admin
      And Ann has an account
      When I send POST to "/auth/login" with "X-Request-Id: review-of-ann" and the body
        """
        {"email": "{Ann.email}", "password": "{Ann.password}"}
        """
      And I save the header "X-Request-Id" as "the request"
      And Root gets "/admin/audit?action=session.begun&limit=100"
      Then one of the events has its own request id and the client's "{the request}"

  Rule: Audit events are immutable

    @J5 @asvs:v5.0.0-16.4.2 @owasp:API5:2023 @CWE-117 @CWE-693
    Scenario Outline: Administrators cannot modify audit events: <method>
      Given Root is signed in as admin
      When Root sends <method> to "/admin/audit"
      Then the response is a problem with status 405
      And the header "Allow" is "GET, HEAD, OPTIONS"

      Examples:
        | method |
        | POST   |
        | PUT    |
        | PATCH  |
        | DELETE |

    @J5 @asvs:v5.0.0-16.4.2 @CWE-354
    Scenario: Event ids have no gaps, and each event has its own hash in the chain
      Given Root is signed in as admin
      When Root reads the latest 250 events in pages of 100
      Then the event ids decrease without gaps
      And the events have distinct hashes

  Rule: Only administrators can read audit events

    @J5 @E19 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-862 @CWE-532
    Scenario Outline: Other roles are forbidden: <role>
      Given Ann is signed in as <role>
      When Ann gets "/admin/audit"
      Then the response is a problem with status 403

      Examples:
        | role     |
        | user     |
        | approver |
        | ingest   |

    @J5 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-1.2.4 @owasp:API8:2023 @CWE-20 @CWE-89
    Scenario Outline: A malformed query is rejected: <query>
      Given Root is signed in as admin
      When Root gets "/admin/audit?<query>"
      Then the response is a problem with status 400

      Examples:
        | query                        |
        | actor=abc                    |
        | actor=-1                     |
        | action=session.begun%27--    |
        | action=SESSION               |
        | subject=account:7%20OR%201=1 |
        | subject={a*200}              |
        | before=0                     |
        | before=99999999999999999999  |
        | limit=100000                 |
        | before=1&before=2            |
        | verbose=1                    |
