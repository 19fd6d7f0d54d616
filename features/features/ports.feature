Feature: Ports
  Ports can be looked up by code or found by name, page by page, without the service ever handing out everything at once.

  @B13
  Scenario: One port
    When I get "/ports/CNGGZ"
    Then the answer is 200 as "application/json"
    And the body is exactly '{"code":"CNGGZ","name":"Guangzhou","parent_slug":"china_south_main"}'

  @B8 @B13 @B10 @owasp:API4:2023 @CWE-20
  Scenario Outline: A port that cannot exist does not: <code>
    When I get "/ports/<code>"
    Then the answer is a problem with status 404

    Examples:
      | code                 |
      | XXXXX                |
      | cnggz                |
      | CNGGZ%20             |
      | CNGGZ%00             |
      | '%20OR%201=1--       |
      | ..%2fregions         |
      | %252e%252e           |
      | {A*10000}            |
      | %F0%9F%9A%A2         |

  @B13
  Scenario Outline: Ports are found by any part of their code or name, in any case: <q>
    When I get "/ports?q=<q>"
    Then the answer is 200 as "application/json"
    And exactly the ports "<codes>" are found

    Examples:
      | q         | codes |
      | guangzhou | CNGGZ |
      | GGZ       | CNGGZ |
      | ggz       | CNGGZ |
      | atlantis  |       |

  @B13 @asvs:v5.0.0-1.2.4 @CWE-89
  Scenario Outline: Characters that mean something to the database mean nothing here: <q>
    When I get "/ports?q=<q>"
    Then the answer is 200 as "application/json"
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
  Scenario: The list comes in pages
    When I read all pages of "/ports?limit=10" from the first to the last
    Then the ports come in order of their code, none twice, 78 in all, at most 10 a page

  @B13
  Scenario: A page further on keeps what was searched for
    When I read all pages of "/ports?q=CN&limit=2" from the first to the last
    Then the ports come in order of their code, none twice, 10 in all, at most 2 a page

  @B13 @B7 @owasp:API4:2023 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-15.3.7
  Scenario Outline: A list with bad parameters is refused, and each is named: <query>
    When I get "/ports?<query>"
    Then the answer is a problem with status 400
    And the problem names exactly the fields "<fields>"

    Examples:
      | query                          | fields             |
      | limit=0                        | limit              |
      | limit=1001                     | limit              |
      | limit=-1                       | limit              |
      | limit=1e1                      | limit              |
      | limit=99999999999999999999     | limit              |
      | limit=                         | limit              |
      | limit=1&limit=2                | limit              |
      | after=nowhere                  | after              |
      | q=                             | q                  |
      | q={a*65}                       | q                  |
      | q=%00                          | q                  |
      | q=a%0ab                        | q                  |
      | page=2                         | page               |
      | limit=x&after=y&q=&sort=code   | limit,after,q,sort |

  @B10 @owasp:API8:2023 @asvs:v5.0.0-1.1.1 @CWE-172 @CWE-176
  Scenario Outline: Bytes that are no text are refused: <path>
    When I get "<path>"
    Then the answer is a refusal, never a failure of the service

    Examples:
      | path              |
      | /ports/%ff%fe     |
      | /ports/%c0%ae     |
      | /ports?q=%ff      |
      | /ports?%ff=1      |
      | /regions/%ff      |
      | /ports/%ed%a0%80  |
