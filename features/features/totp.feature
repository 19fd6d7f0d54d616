@mailbox
Feature: A second factor
  Whoever wants signs in with a code of an authenticator app beside the password. Each code works once; recovery codes are
  for who has lost the app.

  Rule: Set up, a password alone is not enough

    @E18 @asvs:v5.0.0-6.5.1 @asvs:v5.0.0-7.5.1 @owasp:API2:2023 @CWE-294 @CWE-308
    Scenario: A code of the app works once
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in
      Then the answer is a problem with status 401
      And the problem is of the kind "second-factor-required"
      When Ann looks at the app
      And Ann signs in with the code "{Ann.code}"
      Then the answer is 200
      When Ann signs in with the code "{Ann.code}"
      Then the answer is a problem with status 401
      And the problem is of the kind "invalid-credentials"

    @E18 @asvs:v5.0.0-6.5.1 @CWE-294
    Scenario: A recovery code works once
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in with the code "{Ann.recovery code 1}"
      Then the answer is 200
      When Ann signs in with the code "{Ann.recovery code 1}"
      Then the answer is a problem with status 401
      When Ann signs in with the code "{Ann.recovery code 2}"
      Then the answer is 200

    @E18 @asvs:v5.0.0-6.3.8 @owasp:API2:2023 @CWE-204
    Scenario Outline: A wrong code is refused like a wrong password: <what>
      Given Ann is signed in
      And Ann has a second factor
      When Ann signs in with the password "none of Ann's words"
      And Ann signs in with the code "<code>"
      Then the answer is a problem with status 401
      And the two latest answers cannot be told apart

      Examples:
        | what                | code                    |
        | a guess             | 000000                  |
        | five digits         | 12345                   |
        | letters             | abcdef                  |
        | digits of elsewhere | １２３４５６            |
        | another's secret    | AAAA-AAAA-AAAA-AAAA     |
        | an injection        | ' OR 1=1--              |

    @E18 @asvs:v5.0.0-6.3.8 @CWE-204
    Scenario: Whether there is a second factor is told after the right password only
      Given Ann is signed in
      And Ann has a second factor
      And Bob has an account
      When Bob signs in with the password "none of these words"
      And Ann signs in with the password "none of these words"
      Then the answer is a problem with status 401
      And the two latest answers cannot be told apart

    @E18 @F1 @asvs:v5.0.0-6.3.4 @owasp:API2:2023 @CWE-287 @CWE-288
    Scenario: No other way in goes without the code
      Given Ann is signed in
      And Ann has a second factor
      When Ann asks for a bare token with address and password
      Then the answer is a problem with status 401

    @E18 @E14 @asvs:v5.0.0-6.4.3 @CWE-640
    Scenario: A new password by mail does not take the second factor away
      Given Ann is signed in
      And Ann has a second factor
      When I send POST to "/auth/forgot" with the body
        """
        {"email": "{Ann.email}"}
        """
      And Ann reads the mail with the link to "/reset"
      And I send POST to "/auth/reset" with the body
        """
        {"token": "{Ann.link}", "password": "another set of words"}
        """
      Then the answer is 200
      When Ann signs in with the password "another set of words"
      Then the answer is a problem with status 401
      And the problem is of the kind "second-factor-required"

  Rule: Nobody sets it up or takes it away without proof

    @E18 @asvs:v5.0.0-7.5.1 @asvs:v5.0.0-6.5.6 @CWE-306 @CWE-620
    Scenario: Taking it away needs the password and a code
      Given Ann is signed in
      And Ann has a second factor
      When Ann sends POST to "/auth/totp/disable"
        """
        {"password": "{Ann.password}", "code": "000000"}
        """
      Then the answer is a problem with status 403
      When Ann sends POST to "/auth/totp/disable"
        """
        {"password": "not the password", "code": "{Ann.recovery code 1}"}
        """
      Then the answer is a problem with status 403
      When Ann sends POST to "/auth/totp/disable"
        """
        {"password": "{Ann.password}", "code": "{Ann.recovery code 1}"}
        """
      Then the answer is 204
      When Ann signs in
      Then the answer is 200

    @E18 @E9 @asvs:v5.0.0-7.5.1 @CWE-306 @CWE-620
    Scenario: A new password needs a code as well, and so does a new address
      Given Ann is signed in
      And Ann has a second factor
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new set of words", "current_password": "{Ann.password}"}
        """
      Then the answer is a problem with status 403
      And the problem is of the kind "second-factor-required"
      When Ann sends PUT to "/auth/me"
        """
        {"email": "elsewhere@portcullis.example", "current_password": "{Ann.password}", "code": "000000"}
        """
      Then the answer is a problem with status 403
      And the problem is of the kind "wrong-password"
      When Ann sends PUT to "/auth/me"
        """
        {"new_password": "a new set of words", "current_password": "{Ann.password}", "code": "{Ann.recovery code 1}"}
        """
      Then the answer is 200
      And Ann gets a mail with the subject "Your password was changed"

    @E18 @asvs:v5.0.0-7.5.1 @CWE-306
    Scenario: Setting it up needs the password, and counts with the first right code only
      Given Ann is signed in
      When Ann sends POST to "/auth/totp/start"
        """
        {"password": "not the password"}
        """
      Then the answer is a problem with status 403
      When Ann sets up a second factor
      Then the answer is 200
      When Ann sends POST to "/auth/totp/confirm"
        """
        {"code": "000000"}
        """
      Then the answer is a problem with status 403
      When Ann gets "/auth/totp"
      Then the member "enabled" is "false"
      When Ann signs in
      Then the answer is 200

    @E18 @asvs:v5.0.0-6.5.6
    Scenario: New recovery codes make the old ones void
      Given Ann is signed in
      And Ann has a second factor
      When Ann sends POST to "/auth/totp/recovery-codes"
        """
        {"password": "{Ann.password}", "code": "{Ann.recovery code 1}"}
        """
      Then the answer is 200
      And I note the member "/recovery_codes/0" as "the new code"
      When Ann signs in with the code "{Ann.recovery code 2}"
      Then the answer is a problem with status 401
      When Ann signs in with the code "{the new code}"
      Then the answer is 200

    @E18 @asvs:v5.0.0-15.3.1 @owasp:API3:2023 @CWE-522
    Scenario: The secret is shown once
      Given Ann is signed in
      And Ann has a second factor
      When Ann gets "/auth/totp"
      Then the member "enabled" is "true"
      And nowhere in the answer is "{Ann.secret}"
      When Ann gets "/auth/me"
      Then nowhere in the answer is "{Ann.secret}"
