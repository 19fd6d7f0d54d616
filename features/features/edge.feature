Feature: HTTP edge
  Cross-cutting rules for every request and response: error format, security headers, request parsing, limits, CORS,
  tracing and HTTP/2.

  In raw bytes, ↵ is a line ending (CR LF), ␍ a bare CR, ␀ a NUL byte and · a leading space of a line; {a*9} is
  `a` repeated nine times.

  Rule: Errors are RFC 9457 problems, and every response has the security headers

    @O1 @O6 @asvs:v5.0.0-3.4.1 @asvs:v5.0.0-3.4.3 @asvs:v5.0.0-3.4.4 @asvs:v5.0.0-3.4.5 @asvs:v5.0.0-3.4.6 @asvs:v5.0.0-14.3.2
    @asvs:v5.0.0-16.5.1 @owasp:API8:2023 @CWE-209 @CWE-693 @CWE-1021
    Scenario: Responses of every status that a client can provoke
      When I send these requests, and each returns the listed status
        | status | method  | target                                                                         | header fields            |
        | 200    | GET     | /                                                                              |                          |
        | 200    | HEAD    | /                                                                              |                          |
        | 200    | GET     | /version                                                                       |                          |
        | 204    | OPTIONS | /rates                                                                         |                          |
        | 400    | GET     | /rates                                                                         |                          |
        | 400    | HEAD    | /rates                                                                         |                          |
        | 404    | GET     | /nowhere                                                                       |                          |
        | 404    | POST    | /nowhere                                                                       |                          |
        | 404    | GET     | /ports/XXXXX                                                                   |                          |
        | 405    | DELETE  | /rates                                                                         |                          |
        | 406    | GET     | /rates?date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL | Accept: image/png        |
        | 413    | GET     | /                                                                              | Content-Length: 31457280 |
        | 414    | GET     | /ports?q={a*17000}                                                             |                          |
        | 421    | GET     | /                                                                              | Host: evil.example       |
        | 431    | GET     | /                                                                              | X-Large: {a*17000}       |
      Then each error response is a problem without internal details
      And every response has the headers
        | header                            | value |
        | Strict-Transport-Security         | max-age=63072000; includeSubDomains |
        | X-Content-Type-Options            | nosniff |
        | X-Frame-Options                   | deny |
        | Referrer-Policy                   | no-referrer |
        | Cross-Origin-Opener-Policy        | same-origin |
        | Cross-Origin-Embedder-Policy      | require-corp |
        | Cross-Origin-Resource-Policy      | same-origin |
        | X-Permitted-Cross-Domain-Policies | none |
        | X-DNS-Prefetch-Control            | off |
        | Cache-Control                     | no-store, max-age=0 |
        | Content-Security-Policy           | default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none' |
      And no response has any of the headers
        | header                      |
        | Server                      |
        | X-Powered-By                |
        | Set-Cookie                  |
        | Access-Control-Allow-Origin |
        | X-AspNet-Version            |
        | SourceMap                   |

    @O1 @B10 @CWE-22 @CWE-113
    Scenario Outline: A malformed or unknown path is not found: <path>
      When I get "<path>"
      Then the response is a problem with status 404

      Examples:
        | path                          |
        | /rates/                       |
        | /RATES                        |
        | //rates                       |
        | /rates%2f                     |
        | /%2e%2e/%2e%2e/etc/passwd     |
        | /ports/..%2f..%2fetc%2fpasswd |
        | /%00                          |
        | /%ff                          |
        | /%0d%0aSet-Cookie:%20a=b      |
        | /apidocs/..%2fopenapi.json    |
        | /openapi.yaml                 |
        | /.well-known/security.txt/x   |

  Rule: Ambiguous requests are rejected

    @O7 @asvs:v5.0.0-4.2.1 @CWE-444 @CWE-644
    Scenario Outline: An ambiguous or malformed request is rejected: <what>
      When I send these raw bytes
        """
        <bytes>
        """
      Then the only response on the connection has status <status>

      Examples:
        | what                           | status | bytes |
        | no Host                        | 400    | GET / HTTP/1.1↵Connection: close↵↵ |
        | two Hosts                      | 400    | GET / HTTP/1.1↵Host: localhost↵Host: localhost↵Connection: close↵↵ |
        | an invalid Host                | 400    | GET / HTTP/1.1↵Host: a@localhost↵Connection: close↵↵ |
        | a Host other than the target's | 421    | GET http://evil.example/ HTTP/1.1↵Host: localhost↵Connection: close↵↵ |
        | an unknown Host                | 421    | GET / HTTP/1.1↵Host: evil.example↵Connection: close↵↵ |
        | conflicting Content-Lengths    | 400    | GET / HTTP/1.1↵Host: localhost↵Content-Length: 0↵Content-Length: 35↵↵GET /metrics HTTP/1.1↵Host: localhost↵↵ |
        | a signed Content-Length        | 400    | GET / HTTP/1.1↵Host: localhost↵Content-Length: +5↵↵hello |
        | an unknown transfer coding     | 400    | GET / HTTP/1.1↵Host: localhost↵Transfer-Encoding: xchunked↵↵0↵↵ |
        | a space before the colon       | 400    | GET / HTTP/1.1↵Host: localhost↵Content-Length : 5↵↵hello |
        | a folded header field          | 400    | GET / HTTP/1.1↵Host: localhost↵X-A: a↵··b↵↵ |
        | a NUL byte in a header field   | 400    | GET / HTTP/1.1↵Host: localhost↵X-A: a␀b↵↵ |
        | a bare CR in a header field    | 400    | GET / HTTP/1.1↵Host: localhost↵X-A: a␍X-B: b↵↵ |
        | not HTTP                       | 400    | HELLO↵↵ |

    @O7 @asvs:v5.0.0-4.2.1 @CWE-444
    Scenario: Content-Length with Transfer-Encoding closes the connection without reading a second request
      When I send these raw bytes
        """
        GET / HTTP/1.1↵Host: localhost↵Content-Length: 4↵Transfer-Encoding: chunked↵↵
        0↵↵GET /version HTTP/1.1↵Host: localhost↵↵
        """
      Then the server closes the connection within 10 seconds
      And no second request is processed

  Rule: Slow and oversized requests do not tie up resources

    @O4 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-400 @CWE-770
    Scenario: A silent connection is closed
      When I connect and send nothing
      Then the server closes the connection within 10 seconds

    @O4 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-400
    Scenario Outline: A connection with an incomplete request is closed: <what>
      When I send these raw bytes
        """
        <bytes>
        """
      Then the server closes the connection within 10 seconds

      Examples:
        | what                | bytes |
        | half a request line | GET /por |
        | half a header       | GET / HTTP/1.1↵Host: localhost↵X-Slow: |
        | half a body         | GET / HTTP/1.1↵Host: localhost↵Content-Length: 100↵↵half |
        | half a chunked body | GET / HTTP/1.1↵Host: localhost↵Transfer-Encoding: chunked↵↵64↵half |

    @O3 @owasp:API4:2023 @asvs:v5.0.0-15.2.2 @CWE-770
    Scenario: An oversized Content-Length is rejected before the body is sent
      When I send these raw bytes
        """
        GET / HTTP/1.1↵Host: localhost↵Content-Length: 31457280↵↵
        """
      Then the only response on the connection has status 413
      And the server closes the connection within 2 seconds

    @O8 @owasp:API4:2023 @asvs:v5.0.0-2.4.1
    Scenario: Responses report the remaining request quota
      When I get "/"
      Then the RateLimit and RateLimit-Policy headers are consistent structured fields

    @O8 @asvs:v5.0.0-4.1.3 @asvs:v5.0.0-15.3.4 @CWE-348
    Scenario: Forwarding headers from clients do not change the client address
      When I get "/"
      And I get "/" with "X-Forwarded-For: 192.0.2.7 | X-Real-IP: 192.0.2.7 | Forwarded: for=192.0.2.7"
      Then both responses count against the same quota

  Rule: Other origins cannot read responses

    @O9 @asvs:v5.0.0-3.4.2 @owasp:API8:2023 @CWE-942
    Scenario Outline: Unknown origins get no CORS headers: <origin>
      When I get "/" with "Origin: <origin>"
      Then the response status is 200
      And the response has no header "Access-Control-Allow-Origin"
      And the response has no header "Access-Control-Allow-Credentials"
      When I send OPTIONS to "/rates" with "Origin: <origin> | Access-Control-Request-Method: GET"
      Then the response status is 204
      And the response has no header "Access-Control-Allow-Origin"
      And the response has no header "Access-Control-Allow-Methods"

      Examples:
        | origin                        |
        | https://evil.example          |
        | null                          |
        | http://localhost.evil.example |

  Rule: Requests can be correlated

    @J3 @asvs:v5.0.0-16.2.1
    Scenario: A valid trace context is continued
      When I get "/" with "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
      Then the header "traceparent" contains "00-4bf92f3577b34da6a3ce929d0e0e4736-"

    @J3 @CWE-20
    Scenario Outline: A malformed trace context is replaced: <traceparent>
      When I get "/" with "traceparent: <traceparent>"
      Then the response starts a new trace

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
    Scenario: A valid request id is returned, also in error responses
      When I get "/nowhere" with "X-Request-Id: review-2026.11"
      Then the response is a problem with status 404
      And the header "X-Request-Id" is "review-2026.11"

    @J3 @asvs:v5.0.0-16.4.1 @CWE-117 @CWE-113
    Scenario Outline: A request id that could forge a log line is replaced: <id>
      When I get "/nowhere" with "X-Request-Id: <id>"
      Then the response is a problem with status 404
      And the request id is generated by the service

      Examples:
        | id                        |
        | a b                       |
        | a;b                       |
        | <script>alert(1)</script> |
        | a%0ab                     |
        | {a*129}                   |

  Rule: HTTP/2 is supported

    @O13 @asvs:v5.0.0-4.2.3
    Scenario: A client may connect with HTTP/2 prior knowledge
      When I get "/" over HTTP/2
      Then the response status is 200 with media type "application/json"
      And the header "X-Content-Type-Options" is "nosniff"
