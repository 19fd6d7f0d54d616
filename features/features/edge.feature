Feature: The edge, whatever is asked
  Every answer, good or bad, is one that a careful reviewer would let through.

  In bytes that are sent as they are, ↵ is a line's end (CR LF), ␍ a bare CR, ␀ a zero byte, and · a space that begins
  a line; {a*9} is nine times the letter a.

  Rule: Every error is the same kind of problem, and every answer carries the security headers

    @O1 @O6 @asvs:v5.0.0-3.4.1 @asvs:v5.0.0-3.4.3 @asvs:v5.0.0-3.4.4 @asvs:v5.0.0-3.4.5 @asvs:v5.0.0-3.4.6 @asvs:v5.0.0-14.3.2
    @asvs:v5.0.0-16.5.1 @owasp:API8:2023 @CWE-209 @CWE-693 @CWE-1021
    Scenario: Answers of every status that can be provoked from outside
      When I provoke each of these answers
        | status | method  | target                                                                         | header fields                  |
        | 200    | GET     | /                                                                              |                                |
        | 200    | HEAD    | /                                                                              |                                |
        | 200    | GET     | /rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL |                                |
        | 204    | OPTIONS | /rates                                                                         |                                |
        | 400    | GET     | /rates                                                                         |                                |
        | 400    | HEAD    | /rates                                                                         |                                |
        | 404    | GET     | /nowhere                                                                       |                                |
        | 404    | POST    | /nowhere                                                                       |                                |
        | 404    | GET     | /ports/XXXXX                                                                   |                                |
        | 405    | DELETE  | /rates                                                                         |                                |
        | 406    | GET     | /rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL | Accept: image/png              |
        | 413    | GET     | /                                                                              | Content-Length: 31457280       |
        | 414    | GET     | /ports?q={a*17000}                                                             |                                |
        | 421    | GET     | /                                                                              | Host: evil.example             |
        | 431    | GET     | /                                                                              | X-Large: {a*17000}             |
      Then each of them is a problem that shows nothing internal
      And every one of them carries
        | header                            | value                                        |
        | Strict-Transport-Security         | max-age=63072000; includeSubDomains          |
        | X-Content-Type-Options            | nosniff                                      |
        | X-Frame-Options                   | deny                                         |
        | Referrer-Policy                   | no-referrer                                  |
        | Cross-Origin-Opener-Policy        | same-origin                                  |
        | Cross-Origin-Embedder-Policy      | require-corp                                 |
        | Cross-Origin-Resource-Policy      | same-origin                                  |
        | X-Permitted-Cross-Domain-Policies | none                                         |
        | X-DNS-Prefetch-Control            | off                                          |
        | Cache-Control                     | no-store, max-age=0                          |
        | Content-Security-Policy           | default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none' |
      And not one of them carries
        | header              |
        | Server              |
        | X-Powered-By        |
        | Set-Cookie          |
        | Access-Control-Allow-Origin |
        | X-AspNet-Version    |
        | SourceMap           |

    @O1 @B10 @CWE-22 @CWE-113
    Scenario Outline: A strange path is nowhere: <path>
      When I get "<path>"
      Then the answer is a problem with status 404

      Examples:
        | path                              |
        | /rates/                           |
        | /RATES                            |
        | //rates                           |
        | /rates%2f                         |
        | /%2e%2e/%2e%2e/etc/passwd         |
        | /ports/..%2f..%2fetc%2fpasswd     |
        | /%00                              |
        | /%ff                              |
        | /%0d%0aSet-Cookie:%20a=b          |
        | /apidocs/..%2fopenapi.json        |
        | /openapi.yaml                     |
        | /.well-known/security.txt/x       |

  Rule: Only requests that mean one thing are served

    @O7 @asvs:v5.0.0-4.2.1 @CWE-444 @CWE-644
    Scenario Outline: <what>
      When I send these bytes
        """
        <bytes>
        """
      Then the bytes are answered with <status> and nothing else

      Examples:
        | what                                  | status | bytes |
        | A request without Host                | 400 | GET / HTTP/1.1↵Connection: close↵↵ |
        | Two Hosts                             | 400 | GET / HTTP/1.1↵Host: localhost↵Host: localhost↵Connection: close↵↵ |
        | A Host that is no name                | 400 | GET / HTTP/1.1↵Host: a@localhost↵Connection: close↵↵ |
        | A Host beside another in the target   | 400 | GET http://evil.example/ HTTP/1.1↵Host: localhost↵Connection: close↵↵ |
        | Somebody else's Host                  | 421 | GET / HTTP/1.1↵Host: evil.example↵Connection: close↵↵ |
        | Two different lengths                 | 400 | GET / HTTP/1.1↵Host: localhost↵Content-Length: 0↵Content-Length: 35↵↵GET /metrics HTTP/1.1↵Host: localhost↵↵ |
        | A length that is no number            | 400 | GET / HTTP/1.1↵Host: localhost↵Content-Length: +5↵↵hello |
        | An unknown transfer coding            | 400 | GET / HTTP/1.1↵Host: localhost↵Transfer-Encoding: xchunked↵↵0↵↵ |
        | A space before the colon              | 400 | GET / HTTP/1.1↵Host: localhost↵Content-Length : 5↵↵hello |
        | A header field over two lines         | 400 | GET / HTTP/1.1↵Host: localhost↵X-A: a↵··b↵↵ |
        | A zero byte in a header field         | 400 | GET / HTTP/1.1↵Host: localhost↵X-A: a␀b↵↵ |
        | A bare carriage return in a field     | 400 | GET / HTTP/1.1↵Host: localhost↵X-A: a␍X-B: b↵↵ |
        | Something that is not HTTP            | 400 | HELLO↵↵ |

    @O7 @asvs:v5.0.0-4.2.1 @CWE-444
    Scenario: A length beside a transfer coding ends the connection, whatever is behind it
      When I send these bytes
        """
        GET / HTTP/1.1↵Host: localhost↵Content-Length: 4↵Transfer-Encoding: chunked↵↵
        0↵↵GET /version HTTP/1.1↵Host: localhost↵↵
        """
      Then the connection is closed within 10 seconds
      And no second request was read from them

  Rule: Nobody can hold the service up

    @O4 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-400 @CWE-770
    Scenario: A client that says nothing is shown the door
      When I connect and say nothing
      Then the connection is closed within 10 seconds

    @O4 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-400
    Scenario Outline: A client that stops half-way is shown the door: <what>
      When I send these bytes
        """
        <bytes>
        """
      Then the connection is closed within 10 seconds

      Examples:
        | what                 | bytes |
        | half a request line  | GET /por |
        | half a head          | GET / HTTP/1.1↵Host: localhost↵X-Slow: |
        | half a body          | GET / HTTP/1.1↵Host: localhost↵Content-Length: 100↵↵half |
        | half a chunked body  | GET / HTTP/1.1↵Host: localhost↵Transfer-Encoding: chunked↵↵64↵half |
        | nothing after one    | GET / HTTP/1.1↵Host: localhost↵↵ |

    @O3 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-770
    Scenario: A body that announces itself too large is refused before it is sent
      When I send these bytes
        """
        GET / HTTP/1.1↵Host: localhost↵Content-Length: 31457280↵↵
        """
      Then the bytes are answered with 413 and nothing else
      And the connection is closed within 2 seconds

    @O8 @owasp:API4:2023 @asvs:v5.0.0-2.4.1
    Scenario: Everybody is told how much they may still ask
      When I get "/"
      Then the fields RateLimit and RateLimit-Policy are structured fields that agree with each other

    @O8 @asvs:v5.0.0-4.1.3 @asvs:v5.0.0-15.3.4 @CWE-348
    Scenario: Another address is not had by claiming it
      When I get "/"
      And I get "/" with "X-Forwarded-For: 192.0.2.7 | X-Real-IP: 192.0.2.7 | Forwarded: for=192.0.2.7"
      Then the second answer counts on the same quota as the first

  Rule: Pages of strangers read nothing here

    @O9 @asvs:v5.0.0-3.4.2 @owasp:API8:2023 @CWE-942
    Scenario Outline: No stranger's page may read an answer: <origin>
      When I get "/" with "Origin: <origin>"
      Then the answer is 200
      And there is no header "Access-Control-Allow-Origin"
      And there is no header "Access-Control-Allow-Credentials"
      When I send OPTIONS to "/rates" with "Origin: <origin> | Access-Control-Request-Method: GET"
      Then the answer is 204
      And there is no header "Access-Control-Allow-Origin"
      And there is no header "Access-Control-Allow-Methods"

      Examples:
        | origin                |
        | https://evil.example  |
        | null                  |
        | http://localhost.evil.example |

  Rule: Every request can be found again

    @J3 @asvs:v5.0.0-16.2.1
    Scenario: A trace goes on
      When I get "/" with "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
      Then the header "traceparent" holds "00-4bf92f3577b34da6a3ce929d0e0e4736-"

    @J3 @CWE-20
    Scenario Outline: A malformed trace is not taken up: <traceparent>
      When I get "/" with "traceparent: <traceparent>"
      Then the answer begins a trace of its own

      Examples:
        | traceparent                                                |
        | 00-00000000000000000000000000000000-00f067aa0ba902b7-01    |
        | 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01    |
        | 00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01    |
        | ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01    |
        | 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7       |
        | 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-xx |
        | {a*5000}                                                   |

    @J3 @asvs:v5.0.0-16.2.1
    Scenario: A request id is kept, in problems too
      When I get "/nowhere" with "X-Request-Id: review-2026.11"
      Then the answer is a problem with status 404
      And the header "X-Request-Id" is "review-2026.11"

    @J3 @asvs:v5.0.0-16.4.1 @CWE-117 @CWE-113
    Scenario Outline: A request id that could forge a log line is replaced: <id>
      When I get "/nowhere" with "X-Request-Id: <id>"
      Then the answer is a problem with status 404
      And the request id is one of the service's own

      Examples:
        | id                            |
        | a b                           |
        | a;b                           |
        | <script>alert(1)</script>     |
        | a%0ab                         |
        | {a*129}                       |

  Rule: The second version of HTTP is spoken as well

    @O13 @asvs:v5.0.0-4.2.3
    Scenario: A client that knows it may begin with it
      When I get "/" over the second version of HTTP
      Then the answer is 200 as "application/json"
      And the header "X-Content-Type-Options" is "nosniff"
