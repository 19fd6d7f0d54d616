variable "token" {
  type      = string
  default   = "none"
  ephemeral = true
}
