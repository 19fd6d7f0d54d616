Feature: The front door
  Whoever arrives without knowing the service learns what it is, and nothing about what it is made of.

  @A1
  Scenario: A program is greeted
    When I get "/"
    Then the answer is 200 as "application/json"
    And the body is exactly '{"message":"Hello world!"}'

  @A2 @asvs:v5.0.0-4.1.1 @asvs:v5.0.0-3.4.3
  Scenario: A browser gets the index page
    When I get "/" with "Accept: text/html"
    Then the answer is 200 as "text/html"
    And the header "Content-Type" holds "charset=utf-8"
    And the header "Vary" holds "Accept"
    And the header "Content-Security-Policy" holds "default-src 'none'; style-src 'self'"
    And nothing in the page is inline
    And everything that the page loads comes from this service

  @A1 @A2
  Scenario Outline: What is sent depends on what is preferred
    When I get "/" with "Accept: <accept>"
    Then the answer is 200 as "<media type>"

    Examples:
      | accept                                                          | media type       |
      | */*                                                             | application/json |
      | text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8 | text/html        |
      | text/html;q=0.1,application/json                                | application/json |
      | image/png                                                       | application/json |

  @A3 @O1 @asvs:v5.0.0-4.1.4 @CWE-650
  Scenario: A method that is not taken is refused, and the ones that are taken are told
    When I send POST to "/"
    Then the answer is a problem with status 405
    And the header "Allow" is "GET, HEAD, OPTIONS"

  @A6
  Scenario: It can be told which build is running
    When I get "/version"
    Then the answer is 200 as "application/json"
    And it tells a semantic version, a commit, a build date and the compiler
