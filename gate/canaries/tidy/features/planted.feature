Feature: There is no such module

  @Z9
  Scenario: There is no such behaviour
