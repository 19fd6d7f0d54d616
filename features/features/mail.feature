@mailbox
Feature: Mails
  The service writes to people in plain words and leads them back with a link. Nobody can make it write their words to a
  stranger, and on a developer's machine every mail can be read on a page.

  @I1 @asvs:v5.0.0-6.4.1
  Scenario: A mail can be read with and without HTML, and says that a machine wrote it
    Given Ann has registered and not confirmed the address
    When Ann reads the mail with the link to "/confirm"
    Then the latest mail has a plain part and an HTML part with the same link to "/confirm"
    And the latest mail has one header field "Subject", "Confirm your address"
    And the latest mail has one header field "Auto-Submitted", "auto-generated"
    And nowhere in the latest mail is "{Ann.password}"

  @I1 @asvs:v5.0.0-1.3.11 @asvs:v5.0.0-1.2.1 @owasp:API6:2023 @CWE-93 @CWE-79 @CWE-451
  Scenario Outline: A name carries no message of its own into a stranger's mail: <what>
    Given Ann is new here
    When I send POST to "/auth/register" with the body
      """
      {"name": "<name>", "email": "{Ann.email}", "password": "{Ann.password}"}
      """
    Then the answer is 202
    And Ann gets a mail with a link to "/confirm"
    And nowhere in the latest mail is "evil.example"
    And nowhere in the latest mail is "//evil"

    Examples:
      | what            | name                                              |
      | a link          | Win now: https://evil.example/prize               |
      | a bare host     | evil.example                                      |
      | HTML            | <b>Ann</b> <a href='//evil.example'>x</a>         |
      | another address | Ann <eve@evil.example>                            |
      | a long message  | You owe us money, call evil.example, {and *10}now |

  @I3
  Scenario: Who registers does not wait for the mail
    Given Ann is new here
    When Ann registers
    Then the answer is 202
    And the quickest answer came within 5000 milliseconds
    And Ann gets a mail with a link to "/confirm"

  @I4 @asvs:v5.0.0-3.4.3
  Scenario: On a developer's machine the mails are on a page
    Given Ann has registered and not confirmed the address
    When Ann reads the mail with the link to "/confirm"
    And I get "/dev/mail" with "Accept: text/html"
    Then the answer is 200 as "text/html"
    And the page shows "{Ann.email}"
    And nothing in the page is inline
    And the header "Cache-Control" holds "no-store"

  @I4 @CWE-22
  Scenario Outline: Nothing but mails is had there: <path>
    When I get "/dev/mail/<path>" with "Accept: text/html"
    Then the answer is 404

    Examples:
      | path                                 |
      | 67e55044-10b1-426f-9247-bb680e5fe0c8 |
      | ..%2f..%2fetc%2fpasswd               |
      | ../secrets/data-key                  |
      | %00                                  |
      | {a*3000}                             |
