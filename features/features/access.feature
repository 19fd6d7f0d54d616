@accounts @mailbox @access
Feature: Access to the database
  A person who needs the database requests access for a purpose and a period. Another person decides. Nothing is granted by
  default, and everything is recorded.

  Rule: Another person decides

    @N4 @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-13.4.7 @owasp:API5:2023 @CWE-863
    Scenario: An approver cannot approve an own request
      Given Ada is signed in as approver
      When Ada sends POST to "/access/requests"
        """
        {"level": "rates-read", "reason": "Prices of January look wrong", "hours": 2}
        """
      Then the response status is 201
      And the member "state" is "requested"
      And I save the member "id" as "the request"
      And the header "Location" contains "/access/requests/{the request}"
      When Ada sends POST to "/access/requests/{the request}/approve"
        """
        {"reason": "I need it"}
        """
      Then the response is a problem with status 403
      When Ada gets "/access/requests/{the request}"
      Then the member "state" is "requested"
      When Ada sends POST to "/access/requests/{the request}/withdraw"
      Then the response status is 200
      And the member "state" is "withdrawn"

    @N4 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-863
    Scenario: A user without the permission decides nothing
      Given Ann is signed in
      And Mallory is signed in
      When Ann sends POST to "/access/requests"
        """
        {"level": "rates-read", "reason": "Prices of January look wrong", "hours": 2}
        """
      Then the response status is 201
      And I save the member "id" as "the request"
      When Ann sends POST to "/access/requests/{the request}/approve"
        """
        {"reason": "I need it"}
        """
      Then the response is a problem with status 403
      When Mallory sends POST to "/access/requests/{the request}/deny"
        """
        {"reason": "No"}
        """
      Then the response is a problem with status 403
      When Mallory gets "/access/requests/{the request}"
      Then the response is a problem with status 404

    @N4 @J5 @asvs:v5.0.0-16.2.1 @asvs:v5.0.0-16.3.2
    Scenario: A request that another person denies stays denied, and both steps are recorded
      Given Root is signed in as admin
      And Ada is signed in as approver
      And Ann is signed in
      When Ann sends POST to "/access/requests"
        """
        {"level": "accounts-audit", "reason": "Review of the audit events", "hours": 8}
        """
      Then the response status is 201
      And I save the member "id" as "the request"
      And I save the member "requester_id" as "Ann.id"
      When Ada sends POST to "/access/requests/{the request}/deny"
        """
        {"reason": "Read them over the API"}
        """
      Then the response status is 200
      And the member "state" is "denied"
      When Ada sends POST to "/access/requests/{the request}/approve"
        """
        {"reason": "After all"}
        """
      Then the response is a problem with status 409
      When Ann gets "/access/requests/{the request}"
      Then the member "state" is "denied"
      And the member "decision_reason" is "Read them over the API"
      When Root reads all events with the subject "access_request:{the request}" or the actor Ann
      Then the events include the actions
        | access.requested |
        | access.denied    |

  Rule: A request has a purpose and an end

    @N4 @asvs:v5.0.0-2.2.1 @CWE-20
    Scenario Outline: A request needs a known level, a reason and a period: <what>
      Given Ann is signed in
      When Ann sends POST to "/access/requests"
        """
        {"level": "<level>", "reason": "<reason>", "hours": <hours>}
        """
      Then the response is a problem with status 400
      And the problem reports exactly the field "<field>"

      Examples:
        | what               | level      | reason  | hours | field  |
        | unknown level      | superuser  | Because | 1     | level  |
        | empty reason       | rates-read |         | 1     | reason |
        | no time            | rates-read | Because | 0     | hours  |
        | more than 365 days | rates-read | Because | 8761  | hours  |

    @N4 @asvs:v5.0.0-8.3.1 @owasp:API2:2023 @CWE-306
    Scenario: Without a login nothing is requested
      When I send POST to "/access/requests" with the body
        """
        {"level": "rates-read", "reason": "Because", "hours": 1}
        """
      Then the response is a problem with status 401

  Rule: An approved person gets a login of their own, once, until the access is revoked

    @N4 @N5 @J5 @access-logins @asvs:v5.0.0-8.2.1 @asvs:v5.0.0-7.4.2 @asvs:v5.0.0-16.2.1 @owasp:API5:2023 @CWE-613 @CWE-522
    Scenario: Another person approves, the login is handed over once, and revoking drops it
      Given Root is signed in as admin
      And Ada is signed in as approver
      And Ann is signed in
      When Ann sends POST to "/access/requests"
        """
        {"level": "rates-read", "reason": "Prices of January look wrong", "hours": 8}
        """
      Then the response status is 201
      And I save the member "id" as "the request"
      And I save the member "requester_id" as "Ann.id"
      When Ann sends POST to "/access/requests/{the request}/login"
      Then the response is a problem with status 409
      When Ada sends POST to "/access/requests/{the request}/approve"
        """
        {"reason": "Discussed with the owner of the data"}
        """
      Then the response status is 200
      And the member "state" is "approved"
      When Ann collects the login of "{the request}" as soon as it is issued
      Then the response status is 200
      And the header "Cache-Control" contains "no-store"
      And the response body has exactly the members
        | username   |
        | password   |
        | expires_at |
      And I save the member "username" as "the login"
      And Ann receives a mail with the subject "Your database login is ready"
      And the latest mail does not contain "{Ann.secret}"
      When Ann sends POST to "/access/requests/{the request}/login"
      Then the response is a problem with status 409
      And the problem type is "access-login-collected"
      And the response does not contain "{Ann.secret}"
      When Ada sends POST to "/access/requests/{the request}/login"
      Then the response is a problem with status 404
      When Ada gets "/access/logins/{the login}"
      Then the response is a problem with status 403
      When Root gets "/access/logins/{the login}"
      Then the member "/request/id" is "{the request}"
      And the member "/request/requester_email" is "{Ann.email}"
      And the response does not contain "{Ann.secret}"
      When Ada sends POST to "/access/requests/{the request}/revoke"
      Then the response status is 200
      And the member "state" is "ended"
      And the member "end_reason" is "revoked"
      And Root sees within 5 seconds that the login "{the login}" was dropped
      When Ann sends POST to "/access/requests/{the request}/login"
      Then the response is a problem with status 409
      When Root reads all events with the subject "access_request:{the request}" or the actor Ann
      Then the events include the actions
        | access.requested       |
        | access.approved        |
        | access_login.collected |
        | access.revoked         |
      And no event contains "{Ann.secret}"

  Rule: Access ends with what its approval was based on

    @N5 @J5 @asvs:v5.0.0-7.4.2 @asvs:v5.0.0-8.3.2 @CWE-613 @CWE-269
    Scenario: Ending all sessions of a person ends the access, and the request names the reason
      Given Ada is signed in as approver
      And Ann is signed in
      When Ann sends POST to "/access/requests"
        """
        {"level": "rates-read", "reason": "Prices of January look wrong", "hours": 8}
        """
      Then the response status is 201
      And I save the member "id" as "the request"
      When Ada sends POST to "/access/requests/{the request}/approve"
        """
        {"reason": "Discussed with the owner of the data"}
        """
      Then the response status is 200
      When Ann sends POST to "/auth/logout-all"
      Then the response status is 204
      When Ada gets "/access/requests/{the request}"
      Then the member "state" is "ended"
      And the member "end_reason" is "sessions-ended"
