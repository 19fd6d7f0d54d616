Feature: Regions
  Regions hold ports and other regions. Each can be looked up with what it lies in and what lies in it.

  @B13
  Scenario: A region in the middle of the tree
    When I get "/regions/baltic"
    Then the answer is 200 as "application/json"
    And it lies in "northern_europe, europe", from the nearest to the top
    And directly in it lie the regions "baltic_main, finland_main, poland_main" and the ports "PLSZZ"

  @B13
  Scenario: A region at the top
    When I get "/regions/europe"
    Then the answer is 200 as "application/json"
    And it lies in "", from the nearest to the top
    And directly in it lie the regions "mediterranean, northern_europe" and the ports ""

  @B13
  Scenario: A region at the bottom
    When I get "/regions/uk_sub"
    Then the answer is 200 as "application/json"
    And it lies in "north_europe_sub, northern_europe, europe", from the nearest to the top
    And directly in it lie the regions "" and the ports "GBGRG, GBIMM, GBLIV, GBTEE"

  @B8 @B13 @B10 @CWE-20
  Scenario Outline: A region that cannot exist does not: <slug>
    When I get "/regions/<slug>"
    Then the answer is a problem with status 404

    Examples:
      | slug                   |
      | atlantis               |
      | Baltic                 |
      | baltic%00              |
      | baltic%20              |
      | %27%20OR%201=1--       |
      | {a*65}                 |
      | {a*10000}              |

  @B13 @owasp:API4:2023 @CWE-770
  Scenario: The list comes in pages
    When I read all pages of "/regions?limit=7" from the first to the last
    Then the regions come in order of their slug, none twice, 30 in all, at most 7 a page

  @B13 @B7 @owasp:API4:2023 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-15.3.7
  Scenario Outline: A list with bad parameters is refused, and each is named: <query>
    When I get "/regions?<query>"
    Then the answer is a problem with status 400
    And the problem names exactly the fields "<fields>"

    Examples:
      | query               | fields      |
      | limit=0             | limit       |
      | limit=1001          | limit       |
      | after=CNGGZ         | after       |
      | after=a&after=b     | after       |
      | q=baltic            | q           |
      | limit=x&after=%00   | limit,after |
