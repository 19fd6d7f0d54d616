run "planted" {
  command = plan

  assert {
    condition     = terraform_data.planted.input.encrypted
    error_message = "planted: not encrypted"
  }
}
