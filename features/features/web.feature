Feature: The pages
  Wishes are kept with nothing but a browser: pages from the server, forms, no script. What people write stays theirs, and
  stays text.

  @G1 @G2 @G4 @browser @mailbox @asvs:v5.0.0-3.4.3
  Scenario: From the first visit to a wish that came true
    Given Ann is new here
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
    When Ann presses "Yes, this is my address"
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
      | field     | text                     |
      | Your wish | See the northern lights  |
      | Notes     | In November, from a sauna |
    And Ann presses "Add to my list"
    Then Ann sees "Your wish is on the list"
    And Ann sees "In November, from a sauna"
    When Ann follows "See the northern lights"
    Then Ann sees the page "Change a wish"
    When Ann fills in
      | field     | text                                 |
      | Your wish | See the northern lights over Tromsø |
    And Ann presses "Save changes"
    Then Ann sees "See the northern lights over Tromsø"
    When Ann presses "Mark as done: See the northern lights over Tromsø"
    Then Ann sees "Your wish has come true"
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
    Then Ann sees the page "There is nothing here"
    And Ann's browser has complained about nothing

  @G4 @browser @mailbox
  Scenario: A long list is read page by page
    Given Ann is signed in
    And Ann has 45 wishes
    And Ann signs in with a browser on a desk screen
    Then Ann sees "wish 45 of"
    And Ann sees "wish 26 of"
    And Ann does not see "wish 25 of"
    When Ann follows "Older wishes"
    Then Ann sees "wish 25 of"
    When Ann follows "Older wishes"
    Then Ann sees "wish 5 of"
    And Ann sees "wish 1 of"
    When Ann follows "To the first page"
    Then Ann sees "wish 45 of"

  @G2 @E9 @browser @mailbox @asvs:v5.0.0-6.2.3 @asvs:v5.0.0-7.4.3
  Scenario: A password is changed by who knows it, and signs every other browser out
    Given Ann is signed in with a browser
    When Ann opens "/my/account/password"
    And Ann fills in
      | field            | text                         |
      | Current password | nothing like it              |
      | New password     | an entirely different phrase |
    And Ann presses "Change it"
    Then Ann sees "Current password is not right"
    When Ann fills in
      | field            | text                         |
      | Current password | {Ann.password}               |
      | New password     | an entirely different phrase |
    And Ann presses "Change it"
    Then Ann sees "Your password is changed"
    When Ann presses "Sign out everywhere"
    Then Ann sees the page "You are signed out"

  @G3 @browser @mailbox @asvs:v5.0.0-3.3.1 @asvs:v5.0.0-3.3.4 @asvs:v5.0.0-7.4.1 @CWE-613
  Scenario: The session's cookie is kept well, and ends with the session
    Given Ann is signed in with a browser
    Then Ann's browser keeps the cookie "__Host-session" from scripts, from strangers and from open lines
    When Ann presses "Sign out"
    Then Ann sees the page "You are signed out"
    And Ann's browser has no cookie "__Host-session"

  @G7 @browser @mailbox @asvs:v5.0.0-3.5.1 @CWE-352
  Scenario: A stranger's page cannot act for somebody who is signed in
    Given Ann is signed in with a browser
    When Ann is lured to a stranger's page with a form for "/my/wishes/new" and presses its button
    And Ann opens "/my/wishes"
    Then Ann sees "Your list is empty"

  @G6 @browser @mailbox @asvs:v5.0.0-8.2.2 @owasp:API1:2023 @CWE-639
  Scenario: Nobody sees another's wish
    Given Ann is signed in with a browser
    And Ann has added the wish "A secret"
    And Bob is signed in with a browser
    When Ann follows "A secret"
    And Bob opens the page that Ann sees
    Then Bob sees the page "There is nothing here"

  @G8 @browser @mailbox @asvs:v5.0.0-3.2.2 @CWE-79
  Scenario Outline: What people write stays text
    Given Ann is signed in with a browser
    And Ann has added the wish '<title>'
    Then Ann sees '<title>'
    When Ann follows '<title>'
    Then Ann sees the page "Change a wish"
    And Ann's browser has run nothing that was typed
    And Ann's browser has complained about nothing

    Examples:
      | title                                          |
      | <script>window.typed = 1</script>              |
      | "><img src=x onerror="window.typed = 1">       |
      | </textarea><script>window.typed = 1</script>   |

  @G9 @browser @asvs:v5.0.0-2.2.1
  Scenario: Who makes a mistake is told what it is, and where
    Given Ann is new here
    And Ann opens "/sign-up"
    When Ann fills in
      | field          | text        |
      | Your name      | Ann Example |
      | E-mail address | ann         |
      | Password       | short       |
    And Ann presses "Sign up"
    Then Ann sees "E-mail address must be an e-mail address"
    And the focus of Ann's browser is on what is wrong

  @G9 @browser @mailbox
  Scenario: A keyboard is enough
    Given Ann has an account
    And Ann opens "/sign-in"
    When Ann moves to "E-mail address" with the keyboard
    And Ann types "{Ann.email}"
    And Ann moves to "Password" with the keyboard
    And Ann types "{Ann.password}"
    And Ann moves to "Sign in" with the keyboard
    And Ann hits the enter key
    Then Ann sees the page "My wishes"
    When Ann moves to "Add a wish" with the keyboard
    And Ann hits the enter key
    Then Ann sees the page "Add a wish"
    When Ann moves to "Your wish" with the keyboard
    And Ann types "Learn the tango"
    And Ann moves to "Add to my list" with the keyboard
    And Ann hits the enter key
    Then Ann sees "Your wish is on the list"
    When Ann moves to "Mark as done: Learn the tango" with the keyboard
    And Ann hits the enter key
    Then Ann sees "Your wish has come true"
    When Ann moves to "Sign out" with the keyboard
    And Ann hits the enter key
    Then Ann sees the page "You are signed out"

  @G9 @browser @axe
  Scenario: The accessibility checker finds what is wrong
    Given Ann opens "/sign-in"
    When the labels of what Ann sees are taken away
    Then an accessibility checker finds "label" wrong with what Ann sees

  @G1 @G9 @browser @axe
  Scenario Outline: The pages for everybody are clear on every screen: <page> on a <screen> screen
    Given Ann opens "<path>" on a <screen> screen
    Then Ann sees the page "<title>"
    And nothing that Ann sees is cut off or must be moved sideways
    And an accessibility checker finds nothing wrong with what Ann sees
    And Ann's browser has complained about nothing
    And Ann sees a picture that is kept as "<page>-<screen>"

    Examples:
      | page    | path          | title                        | screen |
      | index   | /             | Keep the things you wish for | desk   |
      | index   | /             | Keep the things you wish for | dark   |
      | index   | /             | Keep the things you wish for | phone  |
      | index   | /             | Keep the things you wish for | narrow |
      | sign-up | /sign-up      | Sign up                      | desk   |
      | sign-up | /sign-up      | Sign up                      | dark   |
      | sign-up | /sign-up      | Sign up                      | phone  |
      | sign-up | /sign-up      | Sign up                      | narrow |
      | sign-in | /sign-in      | Sign in                      | desk   |
      | sign-in | /sign-in      | Sign in                      | dark   |
      | sign-in | /sign-in      | Sign in                      | phone  |
      | sign-in | /sign-in      | Sign in                      | narrow |
      | error   | /no-such-page | There is nothing here        | desk   |
      | error   | /no-such-page | There is nothing here        | dark   |
      | error   | /no-such-page | There is nothing here        | phone  |
      | error   | /no-such-page | There is nothing here        | narrow |
      | forgot  | /forgot       | Set a new password           | dark   |
      | sent    | /check-mail   | Check your mail              | desk   |

  @I4 @G9 @browser @mailbox @axe
  Scenario: The mails that developers read are clear too
    Given Ann has an account
    And Ann opens "/dev/mail" on a phone screen
    Then Ann sees the page "Mails"
    And Ann sees "{Ann.email}"
    And nothing that Ann sees is cut off or must be moved sideways
    And an accessibility checker finds nothing wrong with what Ann sees

  @G1 @G9 @browser @mailbox @axe
  Scenario Outline: The pages for members are clear on every screen: on a <screen> screen
    Given Ann is signed in with a browser on a <screen> screen
    Then an accessibility checker finds nothing wrong with what Ann sees
    When Ann adds the wish "Donaudampfschifffahrtskapitänsmützenabzeichensammlungen besuchen"
    And Ann adds the wish "See the northern lights"
    And Ann presses "Mark as done: See the northern lights"
    Then Ann sees "Done on"
    And nothing that Ann sees is cut off or must be moved sideways
    And an accessibility checker finds nothing wrong with what Ann sees
    And Ann sees a picture that is kept as "my-wishes-<screen>"
    When Ann follows "Add a wish"
    Then Ann sees the page "Add a wish"
    And nothing that Ann sees is cut off or must be moved sideways
    And an accessibility checker finds nothing wrong with what Ann sees
    And Ann sees a picture that is kept as "add-wish-<screen>"
    When Ann presses "Add to my list"
    Then Ann sees "Your wish must be filled in"
    And nothing that Ann sees is cut off or must be moved sideways
    And an accessibility checker finds nothing wrong with what Ann sees
    And Ann sees a picture that is kept as "add-wish-refused-<screen>"
    When Ann opens "/my/wishes"
    And Ann follows "See the northern lights"
    Then Ann sees the page "Change a wish"
    And an accessibility checker finds nothing wrong with what Ann sees
    When Ann follows "Delete this wish"
    Then Ann sees the page "Delete this wish?"
    And an accessibility checker finds nothing wrong with what Ann sees
    When Ann opens "/my/account"
    Then Ann sees the page "My account"
    And nothing that Ann sees is cut off or must be moved sideways
    And an accessibility checker finds nothing wrong with what Ann sees
    And Ann sees a picture that is kept as "my-account-<screen>"
    When Ann follows "Change your password"
    And Ann presses "Change it"
    Then Ann sees "Current password must be filled in"
    And an accessibility checker finds nothing wrong with what Ann sees
    And Ann's browser has complained about nothing

    Examples:
      | screen |
      | desk   |
      | dark   |
      | phone  |
      | narrow |
