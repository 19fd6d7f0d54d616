@accounts @uploads
Feature: Batches of prices
  A program uploads prices with an access token that has the scope rates:write. A batch is stored whole or not at all, a request can be
  repeated without storing anything twice, and a stored batch can be withdrawn.

  Background:
    Given Root is signed in as admin
    When Root sends POST to "/clients"
      """
      {"name": "Nightly upload", "scopes": ["rates:write"]}
      """
    Then the response status is 201
    And I save the member "id" as "Nightly.id"
    When Root sends POST to "/clients/{Nightly.id}/secrets"
    Then the response status is 201
    And I save the member "secret" as "Nightly.secret"
    When the client Nightly requests a token with the form "grant_type=client_credentials"
    Then the response status is 200

  Rule: A batch is stored whole or not at all

    @C1 @C4
    Scenario: An uploaded batch is a job, and its prices are in the answers when it is committed
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: upload"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-01,1000
        CNGGZ,EETLL,1995-03-01,1100
        CNGGZ,EETLL,1995-03-01,1201
        """
      Then the response status is 202 with media type "application/json"
      And I save the header "Location" as "the batch"
      When Nightly gets "{the batch}" until the batch has ended
      Then the response status is 200
      And the member "state" is "committed"
      And the member "rows_done" is "3"
      And the member "/upload/subject" is "client:{Nightly.id}"
      When I request the rates from CNGGZ to EETLL between 1995-03-01 and 1995-03-01
      Then the response contains these entries verbatim
        | entry                                                     |
        | {"count":3,"day":"1995-03-01","price":1100.3333333333333} |
      When Nightly sends DELETE to "{the batch}"
      Then the response status is 200

    @C1
    Scenario: The same prices as NDJSON and JSON are the batch that is stored
      When Nightly sends POST to "/rates/batches" with "Content-Type: application/x-ndjson | Idempotency-Key: lines | Prefer: wait=10"
        """
        {"orig_code":"CNGGZ","dest_code":"EETLL","day":"1995-03-02","price":7}
        {"orig_code":"CNGGZ","dest_code":"EETLL","day":"1995-03-02","price":9}
        """
      Then the response status is 200
      And the member "state" is "committed"
      And I save the member "id" as "the batch"
      When Nightly sends POST to "/rates/batches" with "Content-Type: application/json | Idempotency-Key: array | Prefer: wait=10"
        """
        [{"price":9,"day":"1995-03-02","dest_code":"EETLL","orig_code":"CNGGZ"},
         {"orig_code":"CNGGZ","dest_code":"EETLL","day":"1995-03-02","price":7}]
        """
      Then the response status is 200
      And the member "stored_as" is "{the batch}"
      When Nightly sends DELETE to "/rates/batches/{the batch}"
      Then the response status is 200

    @C1 @CWE-20
    Scenario: One invalid row stores nothing, and is named by line, field and reason
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: invalid | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-03,1
        CNGGZ,EETLL,1995-03-03,2
        CNGGZ,EETLL,1995-02-29,3
        """
      Then the response is a problem with status 422
      And the problem type is "invalid-batch"
      And the member "/errors/0/line" is "4"
      And the member "/errors/0/field" is "day"
      When I request the rates from CNGGZ to EETLL between 1995-03-03 and 1995-03-03
      Then no day has a price or a count

    @C5
    Scenario: A dry run checks a batch and stores nothing
      When Nightly sends POST to "/rates/batches?dry_run=true" with "Content-Type: text/csv | Idempotency-Key: dry | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-04,1
        CNGGZ,EETLL,1995-03-04,2
        CNGGZ,EETLL,1995-03-04,3
        """
      Then the response status is 200
      And the member "state" is "checked"
      And the member "rows_total" is "3"
      When I request the rates from CNGGZ to EETLL between 1995-03-04 and 1995-03-04
      Then no day has a price or a count

    @C1
    Scenario Outline: A body of another format is rejected: <media type> with <coding>
      When Nightly sends POST to "/rates/batches" with "Content-Type: <media type> | Content-Encoding: <coding> | Idempotency-Key: format"
        """
        orig_code,dest_code,day,price
        """
      Then the response is a problem with status 415

      Examples:
        | media type                  | coding   |
        | application/xml             | identity |
        | text/csv; charset=utf-16    | identity |
        | text/csv                    | br       |
        | text/csv                    | gzip, br |

  Rule: A request can be repeated

    @C3
    Scenario: The same request has the same batch, and another one with its key is rejected
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: repeated | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-05,1
        CNGGZ,EETLL,1995-03-05,2
        CNGGZ,EETLL,1995-03-05,3
        """
      Then the response status is 200
      And I save the header "Location" as "the batch"
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: repeated | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-05,1
        CNGGZ,EETLL,1995-03-05,2
        CNGGZ,EETLL,1995-03-05,3
        """
      Then the response status is 200
      And the header "Location" is "{the batch}"
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: repeated | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-05,4
        """
      Then the response is a problem with status 422
      And the problem type is "idempotency-key-reused"
      When I request the rates from CNGGZ to EETLL between 1995-03-05 and 1995-03-05
      Then the response contains these entries verbatim
        | entry                                       |
        | {"count":3,"day":"1995-03-05","price":2.0} |
      When Nightly sends DELETE to "{the batch}"
      Then the response status is 200

    @C3 @CWE-20
    Scenario: A request without a key is rejected
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv"
        """
        orig_code,dest_code,day,price
        """
      Then the response is a problem with status 400
      And the problem reports exactly the field "Idempotency-Key"

  Rule: A stored batch can be withdrawn

    @C14 @J5
    Scenario: After a withdrawal the answers are as if the batch had never come, and its content can be uploaded again
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: first | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-06,5
        CNGGZ,EETLL,1995-03-06,5
        CNGGZ,EETLL,1995-03-06,5
        """
      Then the response status is 200
      And I save the header "Location" as "the batch"
      When Nightly sends DELETE to "{the batch}"
      Then the response status is 200
      And the member "state" is "withdrawn"
      When I request the rates from CNGGZ to EETLL between 1995-03-06 and 1995-03-06
      Then no day has a price or a count
      When Nightly sends DELETE to "{the batch}"
      Then the response is a problem with status 409
      And the problem type is "batch-withdrawn"
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: first | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-06,5
        CNGGZ,EETLL,1995-03-06,5
        CNGGZ,EETLL,1995-03-06,5
        """
      Then the response status is 200
      And the member "state" is "withdrawn"
      When Nightly sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: again | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-06,5
        CNGGZ,EETLL,1995-03-06,5
        CNGGZ,EETLL,1995-03-06,5
        """
      Then the response status is 200
      And the member "state" is "committed"
      And I save the header "Location" as "the batch"
      When Nightly sends DELETE to "{the batch}"
      Then the response status is 200

  Rule: Uploads need the scope

    @C12 @asvs:v5.0.0-8.2.1 @owasp:API5:2023 @CWE-862 @CWE-863
    Scenario: Without the scope rates:write every operation on batches is forbidden
      When I send POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: none" and the body
        """
        orig_code,dest_code,day,price
        """
      Then the response is a problem with status 401
      When Root sends POST to "/rates/batches" with "Content-Type: text/csv | Idempotency-Key: none"
        """
        orig_code,dest_code,day,price
        """
      Then the response is a problem with status 403
      And the header "WWW-Authenticate" contains "insufficient_scope"
      When Root gets "/rates/batches"
      Then the response is a problem with status 403
      When Root sends DELETE to "/rates/batches/1"
      Then the response is a problem with status 403

    @C12
    Scenario: A person with the role ingest uploads
      Given Iris is signed in as ingest
      When Iris sends POST to "/rates/batches?dry_run=true" with "Content-Type: text/csv | Idempotency-Key: {Nightly.id} | Prefer: wait=10"
        """
        orig_code,dest_code,day,price
        CNGGZ,EETLL,1995-03-07,1
        """
      Then the response status is 200
      And the member "state" is "checked"
      When Iris gets "/rates/batches?limit=1"
      Then the response status is 200
