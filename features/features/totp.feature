@mailbox
Feature: Second factor
  Users can require a code of an authenticator app (TOTP) in addition to the password. Each code is single-use; recovery
  codes replace a lost app.

  Rule: With a second factor, the password alone is not enough

    @E18 @asvs:v5.0.0-6.5.1 @asvs:v5.0.0-7.5.1 @owasp:API2:2023 @CWE-294 @CWE-308
    Scenario: A TOTP code is single-use
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in
      Then the response is a problem with status 401
      And the problem type is "second-factor-required"
      When Ann reads the current code of the authenticator app
      And Ann signs in with the code "{Ann.code}"
      Then the response status is 200
      When Ann signs in with the code "{Ann.code}"
      Then the response is a problem with status 401
      And the problem type is "code-used"

    @E18 @asvs:v5.0.0-6.5.1 @CWE-294
    Scenario: A recovery code is single-use
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in with the code "{Ann.recovery code 1}"
      Then the response status is 200
      When Ann signs in with the code "{Ann.recovery code 1}"
      Then the response is a problem with status 401
      When Ann signs in with the code "{Ann.recovery code 2}"
      Then the response status is 200

    @E18 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario Outline: A wrong code is rejected like a wrong password: <what>
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in with the password "none of Ann's words"
      And Ann signs in with the code "<code>"
      Then the response is a problem with status 401
      And the last two responses are indistinguishable

      Examples:
        | what              | code                |
        | a guess           | 000000              |
        | full-width digits | １２３４５６        |
        | an unknown code   | AAAA-AAAA-AAAA-AAAA |

    @E18
    Scenario Outline: A text that cannot be a code is an invalid field: <what>
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in with the code "<code>"
      Then the response is a problem with status 400

      Examples:
        | what         | code       |
        | five digits  | 12345      |
        | not digits   | abcdef     |
        | an injection | ' OR 1=1-- |

    @E18 @asvs:v5.0.0-6.3.8 @CWE-204
    Scenario: The second factor is revealed only after the right password
      Given Ann is signed in
      And Ann has a second factor
      And Bob has an account
      When Bob signs in with the password "none of these words"
      And Ann signs in with the password "none of these words"
      Then the response is a problem with status 401
      And the last two responses are indistinguishable

    @E18 @F1 @asvs:v5.0.0-6.3.4 @owasp:API2:2023 @CWE-287 @CWE-288
    Scenario: Basic authentication cannot bypass the second factor
      Given Ann is signed in
      And Ann has a second factor
      When Ann requests an access token with Basic authentication
      Then the response is a problem with status 401

    @E18 @E14 @asvs:v5.0.0-6.4.3 @CWE-640
    Scenario: A password reset does not disable the second factor
      Given Ann is signed in
      And Ann has a second factor
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      And Ann reads the mail with a link to "/reset"
      And I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "another password phrase"}
        """
      Then the response status is 200
      When Ann signs in with the password "another password phrase"
      Then the response is a problem with status 401
      And the problem type is "second-factor-required"

  Rule: Changes to the second factor require re-authentication

    @E18 @asvs:v5.0.0-7.5.1 @asvs:v5.0.0-6.5.6 @CWE-306 @CWE-620
    Scenario: Disabling the second factor requires the password and a code
      Given Ann is signed in
      And Ann has a second factor
      When Ann sends POST to "/auth/totp/disable"
        """
        {"password": "{Ann.password}", "code": "000000"}
        """
      Then the response is a problem with status 403
      When Ann sends POST to "/auth/totp/disable"
        """
        {"password": "not the password", "code": "{Ann.recovery code 1}"}
        """
      Then the response is a problem with status 403
      When Ann sends POST to "/auth/totp/disable"
        """
        {"password": "{Ann.password}", "code": "{Ann.recovery code 1}"}
        """
      Then the response status is 204
      When Ann signs in
      Then the response status is 200

    @E18 @E9 @asvs:v5.0.0-7.5.1 @CWE-306 @CWE-620
    Scenario: A change of password or address requires a code as well
      Given Ann is signed in
      And Ann has a second factor
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new password phrase", "current_password": "{Ann.password}"}
        """
      Then the response is a problem with status 403
      And the problem type is "second-factor-required"
      When Ann sends PUT to "/auth/me"
        """
        {"email": "elsewhere@portcullis.example", "current_password": "{Ann.password}", "code": "000000"}
        """
      Then the response is a problem with status 403
      And the problem type is "wrong-password"
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new password phrase", "current_password": "{Ann.password}", "code": "{Ann.recovery code 1}"}
        """
      Then the response status is 200
      And Ann receives a mail with the subject "Your password was changed"

    @E18 @asvs:v5.0.0-7.5.1 @CWE-306
    Scenario: Enabling the second factor requires the password and a right code
      Given Ann is signed in
      When Ann sends POST to "/auth/totp/start"
        """
        {"password": "not the password"}
        """
      Then the response is a problem with status 403
      When Ann sets up a second factor
      Then the response status is 200
      When Ann sends POST to "/auth/totp/confirm"
        """
        {"code": "000000"}
        """
      Then the response is a problem with status 403
      When Ann gets "/auth/totp"
      Then the member "enabled" is "false"
      When Ann signs in
      Then the response status is 200

    @E18 @asvs:v5.0.0-6.5.6
    Scenario: New recovery codes invalidate the old ones
      Given Ann is signed in
      And Ann has a second factor
      When Ann sends POST to "/auth/totp/recovery-codes"
        """
        {"password": "{Ann.password}", "code": "{Ann.recovery code 1}"}
        """
      Then the response status is 200
      And I save the member "/recovery_codes/0" as "the new code"
      When Ann signs in with the code "{Ann.recovery code 2}"
      Then the response is a problem with status 401
      When Ann signs in with the code "{the new code}"
      Then the response status is 200

    @E18 @asvs:v5.0.0-15.3.1 @owasp:API3:2023 @CWE-522
    Scenario: The TOTP secret is not shown again after setup
      Given Ann is signed in
      And Ann has a second factor
      When Ann gets "/auth/totp"
      Then the member "enabled" is "true"
      And the response does not contain "{Ann.secret}"
      When Ann gets "/auth/me"
      Then the response does not contain "{Ann.secret}"
