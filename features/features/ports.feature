Feature: Ports
  Ports are looked up by code or searched by name. Lists are paginated with a maximum page size.

  @B13
  Scenario: A port is looked up by its code
    When I get "/ports/CNGGZ"
    Then the response status is 200 with media type "application/json"
    And the body is exactly '{"code":"CNGGZ","name":"Guangzhou","parent_slug":"china_south_main"}'

  @B8
  Scenario: The problem document names what was not found
    When I get "/ports/XXXXX"
    Then the response is a problem with status 404
    And the member "detail" is "the port does not exist"

  @B8 @B13 @B10 @owasp:API4:2023 @CWE-20
  Scenario Outline: An unknown or malformed port code is not found: <code>
    When I get "/ports/<code>"
    Then the response is a problem with status 404

    Examples:
      | code           |
      | XXXXX          |
      | cnggz          |
      | CNGGZ%20       |
      | CNGGZ%00       |
      | '%20OR%201=1-- |
      | ..%2fregions   |
      | %252e%252e     |
      | {A*10000}      |
      | %F0%9F%9A%A2   |

  @B13
  Scenario Outline: The search matches any part of a code or name, ignoring case: <q>
    When I get "/ports?q=<q>"
    Then the response status is 200 with media type "application/json"
    And exactly the ports "<codes>" are found

    Examples:
      | q         | codes |
      | guangzhou | CNGGZ |
      | GGZ       | CNGGZ |
      | ggz       | CNGGZ |
      | atlantis  |       |

  @B13 @asvs:v5.0.0-1.2.4 @CWE-89
  Scenario Outline: SQL wildcards and quotes are matched literally: <q>
    When I get "/ports?q=<q>"
    Then the response status is 200 with media type "application/json"
    And exactly the ports "" are found

    Examples:
      | q                                  |
      | %25                                |
      | _____                              |
      | %5C                                |
      | %27                                |
      | %27%20OR%20%271%27%3D%271          |
      | %27%3B%20SELECT%20pg_sleep(9)%3B-- |

  @B13 @owasp:API4:2023 @CWE-770
  Scenario: The list is paginated
    When I read all pages of "/ports?limit=10"
    Then the ports are sorted by code without duplicates, 78 in total, at most 10 per page

  @B13
  Scenario: Pagination keeps the search term
    When I read all pages of "/ports?q=CN&limit=2"
    Then the ports are sorted by code without duplicates, 10 in total, at most 2 per page

  @B13 @B7 @owasp:API4:2023 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-15.3.7
  Scenario Outline: Every invalid list parameter is reported: <query>
    When I get "/ports?<query>"
    Then the response is a problem with status 400
    And the problem reports exactly the fields "<fields>"

    Examples:
      | query                        | fields             |
      | limit=0                      | limit              |
      | limit=1001                   | limit              |
      | limit=-1                     | limit              |
      | limit=1e1                    | limit              |
      | limit=99999999999999999999   | limit              |
      | limit=                       | limit              |
      | limit=1&limit=2              | limit              |
      | after=nowhere                | after              |
      | q=                           | q                  |
      | q={a*65}                     | q                  |
      | q=%00                        | q                  |
      | q=a%0ab                      | q                  |
      | page=2                       | page               |
      | limit=x&after=y&q=&sort=code | limit,after,q,sort |

  @B10 @owasp:API8:2023 @asvs:v5.0.0-1.1.1 @CWE-172 @CWE-176
  Scenario Outline: Invalid UTF-8 is rejected: <path>
    When I get "<path>"
    Then the response is a problem with a 4xx status

    Examples:
      | path             |
      | /ports/%ff%fe    |
      | /ports/%c0%ae    |
      | /ports?q=%ff     |
      | /ports?%ff=1     |
      | /regions/%ff     |
      | /ports/%ed%a0%80 |
