Feature: Regions
  Regions contain ports and other regions. Each region is returned with its ancestors and its direct children.

  @B13
  Scenario: A region in the middle of the tree
    When I get "/regions/baltic"
    Then the response status is 200 with media type "application/json"
    And its ancestors, nearest first, are "northern_europe, europe"
    And its direct children are the regions "baltic_main, finland_main, poland_main" and the ports "PLSZZ"

  @B13
  Scenario: A top-level region
    When I get "/regions/europe"
    Then the response status is 200 with media type "application/json"
    And its ancestors, nearest first, are ""
    And its direct children are the regions "mediterranean, northern_europe" and the ports ""

  @B13
  Scenario: A region without subregions
    When I get "/regions/uk_sub"
    Then the response status is 200 with media type "application/json"
    And its ancestors, nearest first, are "north_europe_sub, northern_europe, europe"
    And its direct children are the regions "" and the ports "GBGRG, GBIMM, GBLIV, GBTEE"

  @B8
  Scenario: The problem document names what was not found
    When I get "/regions/atlantis"
    Then the response is a problem with status 404
    And the member "detail" is "the region does not exist"

  @B8 @B13 @B10 @CWE-20
  Scenario Outline: An unknown or malformed region slug is not found: <slug>
    When I get "/regions/<slug>"
    Then the response is a problem with status 404

    Examples:
      | slug             |
      | atlantis         |
      | Baltic           |
      | baltic%00        |
      | baltic%20        |
      | %27%20OR%201=1-- |
      | {a*65}           |
      | {a*10000}        |

  @B13 @owasp:API4:2023 @CWE-770
  Scenario: The list is paginated
    When I read all pages of "/regions?limit=7"
    Then the regions are sorted by slug without duplicates, 30 in total, at most 7 per page

  @B13 @B7 @owasp:API4:2023 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-15.3.7
  Scenario Outline: Every invalid list parameter is reported: <query>
    When I get "/regions?<query>"
    Then the response is a problem with status 400
    And the problem reports exactly the fields "<fields>"

    Examples:
      | query             | fields      |
      | limit=0           | limit       |
      | limit=1001        | limit       |
      | after=CNGGZ       | after       |
      | after=a&after=b   | after       |
      | q=baltic          | q           |
      | limit=x&after=%00 | limit,after |
