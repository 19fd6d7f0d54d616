@mailbox
Feature: Mails
  The service sends plain-text and HTML mails with a link to the next step. User input cannot inject content into mails
  to other people. In development, a page shows every mail.

  @I1 @asvs:v5.0.0-6.4.1
  Scenario: A mail has a plain-text and an HTML part and is marked as auto-generated
    Given Ann has registered but not confirmed the address
    When Ann reads the mail with a link to "/confirm"
    Then the latest mail has a plain-text part and an HTML part with the same link to "/confirm"
    And the latest mail has exactly one "Subject" header, with the value "Confirm your address"
    And the latest mail has exactly one "Auto-Submitted" header, with the value "auto-generated"
    And the latest mail does not contain "{Ann.password}"

  @I1 @asvs:v5.0.0-1.3.11 @asvs:v5.0.0-1.2.1 @owasp:API6:2023 @CWE-93 @CWE-79 @CWE-451
  Scenario Outline: A user name cannot inject content into a mail: <what>
    Given Ann has no account
    When I send POST to "/auth/register" with the body
      """
      {"name": "<name>", "email": "{Ann.email}", "password": "{Ann.password}"}
      """
    Then the response status is 202
    And Ann receives a mail with a link to "/confirm"
    And the latest mail does not contain "evil.example"
    And the latest mail does not contain "//evil"

    Examples:
      | what            | name                                              |
      | a link          | Win now: https://evil.example/prize               |
      | a bare host     | evil.example                                      |
      | HTML            | <b>Ann</b> <a href='//evil.example'>x</a>         |
      | another address | Ann <eve@evil.example>                            |
      | a long message  | You owe us money, call evil.example, {and *10}now |

  @I3
  Scenario: Registration does not wait for mail delivery
    Given Ann has no account
    When Ann registers
    Then the response status is 202
    And the fastest response took less than 5000 milliseconds
    And Ann receives a mail with a link to "/confirm"

  @I4 @asvs:v5.0.0-3.4.3
  Scenario: The development mail page lists the mails
    Given Ann has registered but not confirmed the address
    When Ann reads the mail with a link to "/confirm"
    And I get "/dev/mail" with "Accept: text/html"
    Then the response status is 200 with media type "text/html"
    And the page shows "{Ann.email}"
    And the page has no inline scripts or styles
    And the header "Cache-Control" contains "no-store"

  @I4 @CWE-22
  Scenario Outline: The development mail page serves nothing but mails: <path>
    When I get "/dev/mail/<path>" with "Accept: text/html"
    Then the response status is 404

    Examples:
      | path                                 |
      | 67e55044-10b1-426f-9247-bb680e5fe0c8 |
      | ..%2f..%2fetc%2fpasswd               |
      | ../secrets/data-key                  |
      | %00                                  |
      | {a*3000}                             |
