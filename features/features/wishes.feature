@mailbox
Feature: Wishes
  Everybody keeps a list of wishes that is theirs alone: add, change, mark as done, delete, from a program as from a page.

  Rule: One's own wishes are kept

    @G4
    Scenario: From wish to deed to nothing
      Given Ann is signed in
      When Ann sends POST to "/wishes"
        """
        {"title": "See the northern lights", "note": "From Tromsø,\nin February."}
        """
      Then the answer is 201
      And I note the member "id" as "the wish"
      And I note the header "ETag" as "the version"
      And the header "Location" holds "/wishes/{the wish}"
      When Ann gets "/wishes"
      Then the member "/wishes/0/title" is "See the northern lights"
      And the member "/wishes/0/done" is "false"
      When Ann sends PUT to "/wishes/{the wish}" with "If-Match: {the version}"
        """
        {"title": "See the northern lights", "note": "Seen.", "done": true}
        """
      Then the answer is 200
      And the member "done" is "true"
      When Ann gets "/wishes?done=true"
      Then the member "/wishes/0/note" is "Seen."
      When Ann gets "/wishes?done=false"
      Then the member "wishes" is "[]"
      When Ann sends DELETE to "/wishes/{the wish}"
      Then the answer is 204
      When Ann gets "/wishes/{the wish}"
      Then the answer is a problem with status 404

    @G4
    Scenario: Page by page, the newest first
      Given Ann is signed in
      And Ann has 7 wishes
      When Ann reads all pages of "/wishes?limit=3"
      Then the numbers of the "wishes" fall from page to page, none twice, at most 3 a page

    @G4 @CWE-362
    Scenario: Of two changes to one version, the second is refused
      Given Ann is signed in
      And Ann has 1 wish
      When Ann gets "/wishes/{Ann's wish}"
      And I note the header "ETag" as "the version"
      And Ann sends PUT to "/wishes/{Ann's wish}"
        """
        {"title": "Without a version", "note": "", "done": false}
        """
      Then the answer is a problem with status 428
      When Ann sends PUT to "/wishes/{Ann's wish}" with "If-Match: {the version}"
        """
        {"title": "First", "note": "", "done": false}
        """
      Then the answer is 200
      When Ann sends PUT to "/wishes/{Ann's wish}" with "If-Match: {the version}"
        """
        {"title": "Second", "note": "", "done": false}
        """
      Then the answer is a problem with status 412
      When Ann gets "/wishes/{Ann's wish}"
      Then the member "title" is "First"

  Rule: Another's wishes are not there

    @G6 @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639 @CWE-566
    Scenario: Nobody sees, changes or deletes another's wish, or learns that there is one
      Given Ann is signed in
      And Ann has 1 wish
      And Mallory is signed in
      When Mallory gets "/wishes/9223372036854775807"
      And Mallory gets "/wishes/{Ann's wish}"
      Then the answer is a problem with status 404
      And the two latest answers cannot be told apart
      When Mallory sends PUT to "/wishes/{Ann's wish}" with "If-Match: *"
        """
        {"title": "Mine", "note": "", "done": true}
        """
      Then the answer is a problem with status 404
      When Mallory sends DELETE to "/wishes/{Ann's wish}"
      Then the answer is a problem with status 404
      When Mallory gets "/wishes"
      Then the member "wishes" is "[]"
      When Ann gets "/wishes/{Ann's wish}"
      Then the answer is 200
      And the member "done" is "false"

    @G6 @accounts @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639
    Scenario: Not even an administrator
      Given Ann is signed in
      And Ann has 1 wish
      And Root is signed in as admin
      When Root gets "/wishes/{Ann's wish}"
      Then the answer is a problem with status 404

    @G6 @asvs:v5.0.0-8.3.1 @asvs:v5.0.0-15.3.3 @owasp:API3:2023 @CWE-915 @CWE-639
    Scenario Outline: Nobody makes a wish for another: <member>
      Given Ann is signed in
      And Mallory is signed in
      When Ann gets "/auth/me"
      And I note the member "id" as "Ann.id"
      And Mallory sends POST to "/wishes"
        """
        {"title": "Mine or yours", <member>}
        """
      Then the answer is a problem with status 400

      Examples:
        | member                  |
        | "account_id": {Ann.id}  |
        | "owner": {Ann.id}       |
        | "id": 1                 |
        | "version": 7            |

    @G4 @asvs:v5.0.0-8.2.1 @owasp:API2:2023 @CWE-306
    Scenario Outline: Nobody without a token: <method> <target>
      When I send <method> to "<target>"
      Then the answer is a problem with status 401

      Examples:
        | method | target    |
        | GET    | /wishes   |
        | POST   | /wishes   |
        | GET    | /wishes/1 |
        | PUT    | /wishes/1 |
        | DELETE | /wishes/1 |

  Rule: What is written comes back as it was written

    @G8 @asvs:v5.0.0-1.2.1 @asvs:v5.0.0-3.2.1 @CWE-79
    Scenario Outline: As text, never as anything else: <what>
      Given Ann is signed in
      When Ann sends POST to "/wishes"
        """
        {"title": "<title>"}
        """
      Then the answer is 201 as "application/json"
      And the header "X-Content-Type-Options" is "nosniff"
      When Ann gets "/wishes"
      Then the member "/wishes/0/title" is "<title>"

      Examples:
        | what             | title                                  |
        | a script         | <script>alert(1)</script>              |
        | an attribute     | x' onmouseover='alert(1)               |
        | a template       | {{7+7}} ${7+7} #{7+7}                  |
        | an injection     | '); DROP TABLE wishes.wishes;--        |
        | an entity        | &lt;b&gt; &amp;                        |
        | another script   | 北極光を見る                           |
        | from right       | לראות את הזוהר הצפוני                  |

    @G4 @asvs:v5.0.0-2.2.1 @CWE-20
    Scenario Outline: What is no wish is refused: <what>
      Given Ann is signed in
      When Ann sends POST to "/wishes"
        """
        <body>
        """
      Then the answer is a problem with status 400

      Examples:
        | what               | body                                  |
        | no title           | {"note": "x"}                         |
        | an empty title     | {"title": ""}                         |
        | spaces for a title | {"title": "   "}                      |
        | 201 characters     | {"title": "{x*201}"}                  |
        | a note of 2001     | {"title": "x", "note": "{x*2001}"}    |
        | a zero byte        | {"title": "x\\u0000"}                 |
        | a number           | {"title": 7}                          |
