@mailbox
Feature: Wishes
  Every user has a private list of wishes. Wishes are created, changed, marked as done and deleted over the API.

  Rule: Users manage their own wishes

    @G4
    Scenario: A wish is created, changed, marked as done and deleted
      Given Ann is signed in
      When Ann sends POST to "/wishes"
        """
        {"title": "See the northern lights", "note": "From Tromsø,\nin February."}
        """
      Then the response status is 201
      And I save the member "id" as "the wish"
      And I save the header "ETag" as "the version"
      And the header "Location" contains "/wishes/{the wish}"
      When Ann gets "/wishes"
      Then the member "/wishes/0/title" is "See the northern lights"
      And the member "/wishes/0/done" is "false"
      When Ann sends PUT to "/wishes/{the wish}" with "If-Match: {the version}"
        """
        {"title": "See the northern lights", "note": "It was green.", "done": true}
        """
      Then the response status is 200
      And the member "done" is "true"
      When Ann gets "/wishes?done=true"
      Then the member "/wishes/0/note" is "It was green."
      When Ann gets "/wishes?done=false"
      Then the member "wishes" is "[]"
      When Ann sends DELETE to "/wishes/{the wish}"
      Then the response status is 204
      When Ann gets "/wishes/{the wish}"
      Then the response is a problem with status 404

    @G4
    Scenario: Wishes are listed page by page, newest first
      Given Ann is signed in
      And Ann has 7 wishes
      When Ann reads all pages of "/wishes?limit=3"
      Then the ids of the "wishes" strictly decrease across the pages, with at most 3 per page

    @G4 @CWE-362
    Scenario: Of two updates to the same version, the second is rejected
      Given Ann is signed in
      And Ann has 1 wish
      When Ann gets "/wishes/{Ann's wish}"
      And I save the header "ETag" as "the version"
      And Ann sends PUT to "/wishes/{Ann's wish}"
        """
        {"title": "Without a version", "note": "", "done": false}
        """
      Then the response is a problem with status 428
      When Ann sends PUT to "/wishes/{Ann's wish}" with "If-Match: {the version}"
        """
        {"title": "First", "note": "", "done": false}
        """
      Then the response status is 200
      When Ann sends PUT to "/wishes/{Ann's wish}" with "If-Match: {the version}"
        """
        {"title": "Second", "note": "", "done": false}
        """
      Then the response is a problem with status 412
      When Ann gets "/wishes/{Ann's wish}"
      Then the member "title" is "First"

  Rule: Wishes of other users are inaccessible

    @G6 @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639 @CWE-566
    Scenario: Another user's wish behaves like a wish that does not exist
      Given Ann is signed in
      And Ann has 1 wish
      And Mallory is signed in
      When Mallory gets "/wishes/9223372036854775807"
      And Mallory gets "/wishes/{Ann's wish}"
      Then the response is a problem with status 404
      And the last two responses are indistinguishable
      When Mallory sends PUT to "/wishes/{Ann's wish}" with "If-Match: *"
        """
        {"title": "Mine", "note": "", "done": true}
        """
      Then the response is a problem with status 404
      When Mallory sends DELETE to "/wishes/{Ann's wish}"
      Then the response is a problem with status 404
      When Mallory gets "/wishes"
      Then the member "wishes" is "[]"
      When Ann gets "/wishes/{Ann's wish}"
      Then the response status is 200
      And the member "done" is "false"

    @G6 @accounts @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639
    Scenario: Administrators cannot read the wishes of other users
      Given Ann is signed in
      And Ann has 1 wish
      And Root is signed in as admin
      When Root gets "/wishes/{Ann's wish}"
      Then the response is a problem with status 404

    @G6 @asvs:v5.0.0-8.3.1 @asvs:v5.0.0-15.3.3 @owasp:API3:2023 @CWE-915 @CWE-639
    Scenario Outline: The owner and other internal fields of a wish cannot be set: <member>
      Given Ann is signed in
      And Mallory is signed in
      When Ann gets "/auth/me"
      And I save the member "id" as "Ann.id"
      And Mallory sends POST to "/wishes"
        """
        {"title": "Mine or yours", <member>}
        """
      Then the response is a problem with status 400

      Examples:
        | member                 |
        | "account_id": {Ann.id} |
        | "owner": {Ann.id}      |
        | "id": 1                |
        | "version": 7           |

    @G4 @asvs:v5.0.0-8.2.1 @owasp:API2:2023 @CWE-306
    Scenario Outline: Wishes require a token: <method> <target>
      When I send <method> to "<target>"
      Then the response is a problem with status 401

      Examples:
        | method | target    |
        | GET    | /wishes   |
        | POST   | /wishes   |
        | GET    | /wishes/1 |
        | PUT    | /wishes/1 |
        | DELETE | /wishes/1 |

  Rule: Wishes are stored and returned verbatim

    @G8 @B10 @asvs:v5.0.0-1.2.1 @asvs:v5.0.0-3.2.1 @CWE-79
    Scenario Outline: Text is returned unchanged and never interpreted: <what>
      Given Ann is signed in
      When Ann sends POST to "/wishes"
        """
        {"title": "<title>"}
        """
      Then the response status is 201 with media type "application/json"
      And the header "X-Content-Type-Options" is "nosniff"
      When Ann gets "/wishes"
      Then the member "/wishes/0/title" is "<title>"

      Examples:
        | what          | title                           |
        | a script      | <script>alert(1)</script>       |
        | an attribute  | x' onmouseover='alert(1)        |
        | a template    | {{7+7}} ${7+7} #{7+7}           |
        | an injection  | '); DROP TABLE wishes.wishes;-- |
        | an entity     | &lt;b&gt; &amp;                 |
        | Chinese       | 北極光を見る                    |
        | right-to-left | לראות את הזוהר הצפוני           |

    @G4 @asvs:v5.0.0-2.2.1 @CWE-20
    Scenario Outline: An invalid wish is rejected: <what>
      Given Ann is signed in
      When Ann sends POST to "/wishes"
        """
        <body>
        """
      Then the response is a problem with status 400

      Examples:
        | what              | body                               |
        | no title          | {"note": "x"}                      |
        | an empty title    | {"title": ""}                      |
        | a blank title     | {"title": "   "}                   |
        | a title of 201    | {"title": "{x*201}"}               |
        | a note of 2001    | {"title": "x", "note": "{x*2001}"} |
        | a NUL character   | {"title": "x\\u0000"}              |
        | a number as title | {"title": 7}                       |
