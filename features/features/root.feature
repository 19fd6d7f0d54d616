Feature: Root
  The root path greets API clients with JSON and browsers with the index page. Responses do not reveal the technology
  behind the service.

  @A1 @smoke
  Scenario: An API client gets the JSON greeting
    When I get "/"
    Then the response status is 200 with media type "application/json"
    And the body is exactly '{"message":"Hello world!"}'

  @A2 @asvs:v5.0.0-4.1.1 @asvs:v5.0.0-3.4.3
  Scenario: A browser gets the index page
    When I get "/" with "Accept: text/html"
    Then the response status is 200 with media type "text/html"
    And the header "Content-Type" contains "charset=utf-8"
    And the header "Vary" contains "Accept"
    And the header "Content-Security-Policy" contains "default-src 'none'; style-src 'self'"
    And the page has no inline scripts or styles
    And the service itself serves every asset of the page

  @A1 @A2
  Scenario Outline: Content negotiation selects JSON or HTML: <accept>
    When I get "/" with "Accept: <accept>"
    Then the response status is 200 with media type "<media type>"

    Examples:
      | accept                                                          | media type       |
      | */*                                                             | application/json |
      | text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8 | text/html        |
      | text/html;q=0.1,application/json                                | application/json |
      | image/png                                                       | application/json |

  @A3 @O1 @asvs:v5.0.0-4.1.4 @CWE-650
  Scenario: An unsupported method is rejected with an Allow header
    When I send POST to "/"
    Then the response is a problem with status 405
    And the header "Allow" is "GET, HEAD, OPTIONS"

  @A6 @smoke
  Scenario: The running build is identified
    When I get "/version"
    Then the response status is 200 with media type "application/json"
    And the response contains a semantic version, a commit, a build date and the compiler version
