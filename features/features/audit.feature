@accounts @mailbox
Feature: Audit events
  What people do to accounts and sessions is written down for good: who, what, when, from where. Administrators read it;
  nobody changes it, and it names nobody by their address.

  Rule: Everything that matters is written down

    @J5 @asvs:v5.0.0-16.2.1 @asvs:v5.0.0-16.2.2 @asvs:v5.0.0-16.3.1 @CWE-778
    Scenario: The life of an account leaves a trace
      Given Root is signed in as admin
      And Ann is signed in
      When Ann gets "/auth/me"
      And I note the member "id" as "Ann.id"
      And Ann signs in with the password "none of Ann's words"
      And Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new set of words", "current_password": "{Ann.password}"}
        """
      And Ann sends DELETE to "/auth/me"
      Then the answer is 204
      When Root reads all events about "account:{Ann.id}" and those that Ann caused
      Then these actions are among them
        | account.registered |
        | account.confirmed  |
        | session.begun      |
        | session.refused    |
        | password.changed   |
        | account.deleted    |
      And each of them tells when, from where and in which request
      And nowhere in them is "{Ann.email}"
      And nowhere in them is "{Ann.password}"
      And nowhere in them is "{Ann.access}"
      And nowhere in them is "a new set of words"

    @J5 @J3 @asvs:v5.0.0-16.2.1
    Scenario: An event is found by the request that it belongs to
      Given Root is signed in as admin
      And Ann has an account
      When I send POST to "/auth/login" with "X-Request-Id: review-{Ann.email}" and the body
        """
        {"email": "{Ann.email}", "password": "{Ann.password}"}
        """
      And I note the header "X-Request-Id" as "the request"
      And Root gets "/admin/audit?action=session.begun&limit=100"
      Then one of the events is of the request "{the request}"

  Rule: Nobody changes what is written down

    @J5 @asvs:v5.0.0-16.4.2 @owasp:API5:2023 @CWE-117 @CWE-693
    Scenario Outline: Not even an administrator: <method>
      Given Root is signed in as admin
      When Root sends <method> to "/admin/audit"
      Then the answer is a problem with status 405
      And the header "Allow" is "GET, HEAD, OPTIONS"

      Examples:
        | method |
        | POST   |
        | PUT    |
        | PATCH  |
        | DELETE |

    @J5 @asvs:v5.0.0-16.4.2 @CWE-354
    Scenario: The events come in order without a gap, each with its place in the chain
      Given Root is signed in as admin
      When Root reads the latest 250 events, 100 a page
      Then their numbers fall by one each
      And each has a hash of its own

  Rule: Only administrators read it

    @J5 @E19 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-862 @CWE-532
    Scenario Outline: No other role does: <role>
      Given Ann is signed in as <role>
      When Ann gets "/admin/audit"
      Then the answer is a problem with status 403

      Examples:
        | role     |
        | user     |
        | approver |
        | ingest   |

    @J5 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-1.2.4 @owasp:API8:2023 @CWE-20 @CWE-89
    Scenario Outline: A hostile query is refused: <query>
      Given Root is signed in as admin
      When Root gets "/admin/audit?<query>"
      Then the answer is a problem with status 400

      Examples:
        | query                           |
        | actor=abc                       |
        | actor=-1                        |
        | action=session.begun%27--       |
        | action=SESSION                  |
        | subject=account:7%20OR%201=1    |
        | subject={a*200}                 |
        | before=0                        |
        | before=99999999999999999999     |
        | limit=100000                    |
        | before=1&before=2               |
        | verbose=1                       |
