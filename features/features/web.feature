Feature: Web pages
  Users manage their wishes in a browser, with server-rendered pages and forms and without scripts. User input stays
  private and is always rendered as text.

  @G1 @G2 @G4 @browser @mailbox @asvs:v5.0.0-3.4.3
  Scenario: A visitor signs up, manages a wish and signs out
    Given Ann has no account
    And Ann opens "/"
    Then Ann sees the page "Keep the things you wish for"
    When Ann follows "Start your list"
    Then Ann sees the page "Sign up"
    When Ann fills in
      | field          | text           |
      | Your name      | Ann Example    |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign up"
    Then Ann sees the page "Check your mail"
    When Ann follows the link in the mail to "/confirm"
    Then Ann sees the page "Confirm your address"
    When Ann fills in
      | field    | text           |
      | Password | {Ann.password} |
    And Ann presses "Yes, this is my address"
    Then Ann sees the page "Sign in"
    And Ann sees "Your address is confirmed"
    When Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees the page "My wishes"
    And Ann sees "Your list is empty"
    When Ann follows "Add a wish"
    Then Ann sees the page "Add a wish"
    When Ann fills in
      | field     | text                      |
      | Your wish | See the northern lights   |
      | Notes     | In November, from a sauna |
    And Ann presses "Add to my list"
    Then Ann sees "Your wish is on the list"
    And Ann sees "In November, from a sauna"
    When Ann follows "See the northern lights"
    Then Ann sees the page "Change a wish"
    When Ann fills in
      | field     | text                                |
      | Your wish | See the northern lights over Tromsø |
    And Ann presses "Save changes"
    Then Ann sees "See the northern lights over Tromsø"
    When Ann presses "Mark as done: See the northern lights over Tromsø"
    Then Ann sees "Your wish is fulfilled"
    And Ann sees "Done on"
    When Ann follows "See the northern lights over Tromsø"
    And Ann follows "Delete this wish"
    Then Ann sees the page "Delete this wish?"
    When Ann presses "Delete for good"
    Then Ann sees "Your wish is deleted"
    And Ann does not see "northern lights"
    When Ann presses "Sign out"
    Then Ann sees the page "You are signed out"
    When Ann opens "/my/wishes"
    Then Ann sees the page "Sign in"
    When Ann opens "/no-such-page"
    Then Ann sees the page "Page not found"
    And Ann's browser console shows no errors or warnings

  @E2 @E14 @G9 @browser @mailbox @axe
  Scenario: The page of a mailed link names its account, and reports a used link when it is opened
    Given Ann has an account
    And Ann opens "/forgot" on a narrow screen
    When Ann fills in
      | field          | text        |
      | E-mail address | {Ann.email} |
    And Ann presses "Send me a link"
    And Ann reads the mail with a link to "/reset"
    And Ann opens "/reset?token={Ann.link}"
    Then Ann sees the page "Set a new password"
    And Ann sees "{Ann.email}"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "reset-narrow"
    When Ann fills in
      | field        | text                         |
      | New password | an entirely different phrase |
    And Ann presses "Set this password"
    Then Ann sees the page "Sign in"
    And Ann sees "Your password is set"
    When Ann opens "/reset?token={Ann.link}"
    Then Ann sees the page "This link does not work"
    And Ann sees "Reset your password"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And Ann's browser console shows no errors or warnings

  @E14 @G2 @browser @mailbox @axe
  Scenario: A mailed link in the browser of another user says so, and leaves that user signed in
    Given Bob is signed in with a browser
    And Ann has an account
    When mails to Ann are requested from "/auth/forgot" 1 times
    And Ann reads the mail with a link to "/reset"
    And Bob opens "/reset?token={Ann.link}"
    Then Bob sees "you are signed in to another account, {Bob.email}"
    And axe-core finds no accessibility violations on Bob's page
    When Bob fills in
      | field        | text                         |
      | New password | an entirely different phrase |
    And Bob presses "Set this password"
    Then Bob sees the page "Sign out?"
    And Bob sees "Your password is set"
    And Bob sees "You are signed in as {Bob.email}"
    When Bob follows "Cancel"
    Then Bob sees the page "My wishes"

  @G4 @browser @mailbox
  Scenario: A long list is split into pages
    Given Ann is signed in
    And Ann has 45 wishes
    And Ann signs in with a browser on a desktop screen
    Then Ann sees "wish 45 of"
    And Ann sees "wish 26 of"
    And Ann does not see "wish 25 of"
    When Ann follows "Older wishes"
    Then Ann sees "wish 25 of"
    When Ann follows "Older wishes"
    Then Ann sees "wish 5 of"
    And Ann sees "wish 1 of"
    When Ann follows "First page"
    Then Ann sees "wish 45 of"

  @G2 @E9 @browser @mailbox @asvs:v5.0.0-6.2.3 @asvs:v5.0.0-7.4.3
  Scenario: A password change requires the current password
    Given Ann is signed in with a browser
    When Ann opens "/my/account/password"
    And Ann fills in
      | field            | text                         |
      | Current password | nothing like it              |
      | New password     | an entirely different phrase |
    And Ann presses "Change password"
    Then Ann sees "Current password is wrong"
    When Ann fills in
      | field            | text                         |
      | Current password | {Ann.password}               |
      | New password     | an entirely different phrase |
    And Ann presses "Change password"
    Then Ann sees "Your password is changed"
    When Ann presses "Sign out everywhere"
    Then Ann sees the page "You are signed out"

  @E18 @G1 @G9 @browser @mailbox @axe
  Scenario Outline: A second factor is set up and used in a browser: on a <screen> screen
    Given Ann is signed in with a browser on a <screen> screen
    When Ann opens "/my/account"
    And Ann follows "Set up a second factor"
    Then Ann sees the page "Set up a second factor"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    When Ann fills in
      | field            | text           |
      | Current password | {Ann.password} |
    And Ann presses "Continue"
    Then Ann sees "Enter this key in your authenticator app"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "second-factor-key-<screen>"
    When Ann enters the key on the page into the authenticator app
    And Ann reads the previous code of the authenticator app
    And Ann fills in
      | field | text       |
      | Code  | {Ann.code} |
    And Ann presses "Confirm"
    Then Ann sees the page "Your recovery codes"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "recovery-codes-<screen>"
    When Ann follows "I have stored them"
    Then Ann sees "signing in requires a code"
    When Ann presses "Sign out"
    Then Ann sees the page "You are signed out"
    When Ann opens "/sign-in"
    And Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees the page "One more step"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    When Ann reads the current code of the authenticator app
    And Ann fills in
      | field    | text           |
      | Password | {Ann.password} |
      | Code     | {Ann.code}     |
    And Ann presses "Sign in"
    Then Ann sees the page "My wishes"
    When Ann opens "/my/account/second-factor"
    Then Ann sees the page "My account"
    When Ann follows "Replace the recovery codes"
    Then Ann sees the page "Replace your recovery codes"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    When Ann fills in
      | field            | text           |
      | Current password | {Ann.password} |
      | Code             | {Ann.code}     |
    And Ann presses "Replace the codes"
    Then Ann sees "was used already"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And Ann's browser console shows no errors or warnings

    Examples:
      | screen  |
      | desktop |
      | narrow  |

  @E18 @G1 @G9 @browser @mailbox @axe
  Scenario: Recovery codes are replaced and a second factor is removed in a browser
    Given Ann is signed in
    And Ann has a second factor
    And Ann opens "/sign-in"
    When Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees the page "One more step"
    When Ann fills in
      | field    | text                  |
      | Password | {Ann.password}        |
      | Code     | {Ann.recovery code 1} |
    And Ann presses "Sign in"
    Then Ann sees the page "My wishes"
    When Ann opens "/my/account/second-factor/codes"
    And Ann fills in
      | field            | text                  |
      | Current password | {Ann.password}        |
      | Code             | {Ann.recovery code 2} |
    And Ann presses "Replace the codes"
    Then Ann sees the page "Your recovery codes"
    When Ann writes down the recovery codes on the page
    And Ann opens "/my/account"
    And Ann follows "Remove your second factor"
    Then Ann sees the page "Remove your second factor"
    And axe-core finds no accessibility violations on Ann's page
    When Ann fills in
      | field            | text                  |
      | Current password | {Ann.password}        |
      | Code             | {Ann.recovery code 1} |
    And Ann presses "Remove"
    Then Ann sees "Your second factor is removed"
    And Ann sees "Not set up"
    And Ann's browser console shows no errors or warnings

  @G3 @browser @mailbox @asvs:v5.0.0-3.3.1 @asvs:v5.0.0-3.3.4 @asvs:v5.0.0-7.4.1 @CWE-613
  Scenario: The session cookie is HttpOnly, SameSite and Secure, and is removed on sign-out
    Given Ann is signed in with a browser
    Then the cookie "__Host-session" in Ann's browser is HttpOnly, SameSite and Secure
    When Ann presses "Sign out"
    Then Ann sees the page "You are signed out"
    And Ann's browser has no cookie "__Host-session"

  @G7 @browser @mailbox @asvs:v5.0.0-3.5.1 @CWE-352
  Scenario: A cross-site form submission is rejected
    Given Ann is signed in with a browser
    When Ann submits a cross-site form to "/my/wishes/new" from a malicious page
    And Ann opens "/my/wishes"
    Then Ann sees "Your list is empty"

  @G10 @browser @mailbox
  Scenario: A double click adds a wish once
    Given Ann is signed in with a browser
    And Ann has a slow connection
    When Ann opens "/my/wishes/new"
    And Ann fills in
      | field     | text     |
      | Your wish | See Oslo |
    And Ann double-clicks "Add to my list"
    Then Ann sees the page "My wishes"
    And Ann sees "Your wish is on the list"
    And Ann sees "Mark as done: See Oslo" once

  @G11 @browser @mailbox
  Scenario: Signing in in two tabs leads to the wishes in both
    Given Ann has an account
    And Ann opens "/sign-in"
    When Ann opens "/sign-in" in another tab
    And Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees the page "My wishes"
    When Ann returns to the first tab
    And Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees the page "My wishes"

  @G11 @browser @mailbox
  Scenario: A form keeps its text when its user signs out and in in another tab
    Given Ann is signed in with a browser
    When Ann opens "/my/wishes/new"
    And Ann fills in
      | field     | text                  |
      | Your wish | See Oslo              |
      | Notes     | By train, from Bergen |
    And Ann opens "/my/wishes" in another tab
    And Ann presses "Sign out"
    Then Ann sees the page "You are signed out"
    When Ann follows "Sign in again"
    And Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees the page "My wishes"
    When Ann returns to the first tab
    And Ann presses "Add to my list"
    Then Ann sees "You signed in or out in another window"
    When Ann presses "Add to my list"
    Then Ann sees "Your wish is on the list"
    And Ann sees "By train, from Bergen"

  @G11 @browser @mailbox
  Scenario: A form keeps its text when its user signs out in another tab
    Given Ann is signed in with a browser
    When Ann opens "/my/wishes/new"
    And Ann fills in
      | field     | text     |
      | Your wish | See Oslo |
    And Ann opens "/my/wishes" in another tab
    And Ann presses "Sign out"
    Then Ann sees the page "You are signed out"
    When Ann returns to the first tab
    And Ann presses "Add to my list"
    Then Ann sees the page "Sign in"
    When Ann fills in
      | field          | text           |
      | E-mail address | {Ann.email}    |
      | Password       | {Ann.password} |
    And Ann presses "Sign in"
    Then Ann sees "You were signed out when you sent this form"
    When Ann presses "Add to my list"
    Then Ann sees "Your wish is on the list"
    And Ann sees "Mark as done: See Oslo" once

  @G6 @browser @mailbox @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639
  Scenario: Another user's wish is not found
    Given Ann is signed in with a browser
    And Ann has added the wish "A secret"
    And Bob is signed in with a browser
    When Ann follows "A secret"
    And Bob opens the page that Ann sees
    Then Bob sees the page "Page not found"

  @G8 @browser @mailbox @asvs:v5.0.0-3.2.2 @CWE-79
  Scenario Outline: User input is rendered as text: <title>
    Given Ann is signed in with a browser
    And Ann has added the wish '<title>'
    Then Ann sees '<title>'
    When Ann follows '<title>'
    Then Ann sees the page "Change a wish"
    And Ann's browser has not executed the input as a script
    And Ann's browser console shows no errors or warnings

    Examples:
      | title                                        |
      | <script>window.typed = 1</script>            |
      | "><img src=x onerror="window.typed = 1">     |
      | </textarea><script>window.typed = 1</script> |

  @G9 @browser @asvs:v5.0.0-2.2.1
  Scenario: A form error is described, and its message has the focus
    Given Ann has no account
    And Ann opens "/sign-up"
    When Ann fills in
      | field          | text        |
      | Your name      | Ann Example |
      | E-mail address | ann         |
      | Password       | short       |
    And Ann presses "Sign up"
    Then Ann sees "E-mail address must be an e-mail address"
    And the error message on Ann's page has the focus

  @G9 @browser @mailbox
  Scenario: Signing in and managing wishes work with the keyboard alone
    Given Ann has an account
    And Ann opens "/sign-in"
    When Ann moves the focus to "E-mail address" with the Tab key
    And Ann types "{Ann.email}"
    And Ann moves the focus to "Password" with the Tab key
    And Ann types "{Ann.password}"
    And Ann moves the focus to "Sign in" with the Tab key
    And Ann presses the Enter key
    Then Ann sees the page "My wishes"
    When Ann moves the focus to "Add a wish" with the Tab key
    And Ann presses the Enter key
    Then Ann sees the page "Add a wish"
    When Ann moves the focus to "Your wish" with the Tab key
    And Ann types "Learn the tango"
    And Ann moves the focus to "Add to my list" with the Tab key
    And Ann presses the Enter key
    Then Ann sees "Your wish is on the list"
    When Ann moves the focus to "Mark as done: Learn the tango" with the Tab key
    And Ann presses the Enter key
    Then Ann sees "Your wish is fulfilled"
    When Ann moves the focus to "Sign out" with the Tab key
    And Ann presses the Enter key
    Then Ann sees the page "You are signed out"

  @G9 @browser @axe
  Scenario: The accessibility checker detects a violation
    Given Ann opens "/sign-in"
    When the form labels are removed from Ann's page
    Then axe-core finds the accessibility violation "label" on Ann's page

  @G1 @G9 @browser @axe
  Scenario Outline: Public pages are accessible and responsive: <page> on a <screen> screen
    Given Ann opens "<path>" on a <screen> screen
    Then Ann sees the page "<title>"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And Ann's browser console shows no errors or warnings
    And a screenshot of Ann's page is saved as "<page>-<screen>"

    Examples:
      | page    | path          | title                        | screen  |
      | index   | /             | Keep the things you wish for | desktop |
      | index   | /             | Keep the things you wish for | dark    |
      | index   | /             | Keep the things you wish for | phone   |
      | index   | /             | Keep the things you wish for | narrow  |
      | sign-up | /sign-up      | Sign up                      | desktop |
      | sign-up | /sign-up      | Sign up                      | dark    |
      | sign-up | /sign-up      | Sign up                      | phone   |
      | sign-up | /sign-up      | Sign up                      | narrow  |
      | sign-in | /sign-in      | Sign in                      | desktop |
      | sign-in | /sign-in      | Sign in                      | dark    |
      | sign-in | /sign-in      | Sign in                      | phone   |
      | sign-in | /sign-in      | Sign in                      | narrow  |
      | error   | /no-such-page | Page not found               | desktop |
      | error   | /no-such-page | Page not found               | dark    |
      | error   | /no-such-page | Page not found               | phone   |
      | error   | /no-such-page | Page not found               | narrow  |
      | forgot  | /forgot       | Reset your password          | dark    |
      | sent    | /check-mail   | Check your mail              | desktop |

  @I4 @G9 @browser @mailbox @axe
  Scenario: The development mail page is accessible and responsive
    Given Ann has an account
    And Ann opens "/dev/mail" on a phone screen
    Then Ann sees the page "Mails"
    And Ann sees "{Ann.email}"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page

  @G1 @G9 @browser @mailbox @axe
  Scenario Outline: Signed-in pages are accessible and responsive: on a <screen> screen
    Given Ann is signed in with a browser on a <screen> screen
    Then axe-core finds no accessibility violations on Ann's page
    When Ann adds the wish "Donaudampfschifffahrtskapitänsmützenabzeichensammlungen besuchen"
    And Ann adds the wish "See the northern lights"
    And Ann presses "Mark as done: See the northern lights"
    Then Ann sees "Done on"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "my-wishes-<screen>"
    When Ann follows "Add a wish"
    Then Ann sees the page "Add a wish"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "add-wish-<screen>"
    When Ann presses "Add to my list"
    Then Ann sees "Your wish must be filled in"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "add-wish-refused-<screen>"
    When Ann opens "/my/wishes"
    And Ann follows "See the northern lights"
    Then Ann sees the page "Change a wish"
    And axe-core finds no accessibility violations on Ann's page
    When Ann follows "Delete this wish"
    Then Ann sees the page "Delete this wish?"
    And axe-core finds no accessibility violations on Ann's page
    When Ann opens "/my/account"
    Then Ann sees the page "My account"
    And Ann's page fits the screen without horizontal scrolling
    And axe-core finds no accessibility violations on Ann's page
    And a screenshot of Ann's page is saved as "my-account-<screen>"
    When Ann follows "Change your password"
    And Ann presses "Change password"
    Then Ann sees "Current password must be filled in"
    And axe-core finds no accessibility violations on Ann's page
    And Ann's browser console shows no errors or warnings

    Examples:
      | screen  |
      | desktop |
      | dark    |
      | phone   |
      | narrow  |
